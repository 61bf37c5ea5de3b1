"""Bodies about what is made of files to be shown beside them."""

from typing import Literal

from pydantic import Field

from api.schemas import examples
from api.schemas.base import Body


class PreviewOut(Body):
    kind: Literal["cover", "page", "middle", "poster", "light", "audio", "listing"] = Field(
        description="`light` is the whole file for slow lines, `audio` the sound of a film, `listing` JSON"
    )
    position: int = Field(description="Of a page from 1; of everything else 1")
    url: str
    media_type: str
    width: int | None = Field(description="Width in pixels")
    height: int | None = Field(description="Height in pixels")
    size: int = Field(description="Bytes")


class ListedOut(Body):
    name: str
    size: int = Field(description="Bytes, unpacked, as the archive says")


class ListingOut(Body):
    """What lies in an archive: its first members, and how many there are."""

    total: int
    bytes: int
    entries: list[ListedOut]


class PreviewsOut(Body):
    """What is made of a file to be shown beside it; nothing of one that everybody reads as it is, such as a text."""

    model_config = examples.shown(examples.PREVIEWS)

    name: str
    state: Literal["made", "nothing", "failed"] | None = Field(description="Null: nobody has looked into the file yet")
    pages: int | None = Field(description="Of a document; the first twelve are shown")
    duration: float | None = Field(description="Seconds of sound or film")
    items: list[PreviewOut]
    listing: ListingOut | None
