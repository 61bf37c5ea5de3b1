"""Resources and their versions, as everybody sees them."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from api.schemas import examples
from api.schemas.base import Body
from api.schemas.problems import TombstoneOut
from metadata.record import Record


class InstitutionOut(Body):
    slug: str
    names: dict[str, str] = Field(description="Names by language: ar, fr, en")


class VersionOut(Body):
    number: int = Field(description="From 1, without gaps")
    published: datetime
    digest: str = Field(description="SHA-256 of the canonical record and the digests of its files")
    note: str = Field(description="What changed and why, in the depositor's words")


class VersionLink(VersionOut):
    model_config = examples.shown(examples.VERSION_LINK)

    url: str = Field(description="The whole of this version")


class FileOut(Body):
    model_config = examples.shown(examples.FILE)

    name: str
    media_type: str
    size: int = Field(description="Bytes")
    sha256: str
    role: Literal["main", "extra", "caption", "light", "preview"]
    language: str | None
    url: str


class AccessOut(Body):
    kind: Literal["open", "embargoed", "institution", "metadata-only"]
    available: date | None = Field(description="First day on which the files are open to everybody")
    open: bool = Field(description="Whether everybody may have the files now")


class ResourceOut(Body):
    """A resource in one of its versions."""

    model_config = examples.shown(examples.RESOURCE)

    id: str
    oai_identifier: str
    url: str = Field(description="The page for people")
    state: Literal["published", "hidden", "withdrawn"]
    institution: InstitutionOut
    version: VersionOut
    record: Record
    files: list[FileOut]
    access: AccessOut
    tombstone: TombstoneOut | None = Field(description="What everybody else sees instead, where it is out of sight")
    created: datetime
    published: datetime | None = Field(description="When the first version was published")
    changed: datetime


class PartOut(Body):
    text: str
    hit: bool = Field(description="Whether this was asked for")


class PieceOut(Body):
    """A piece of a text, in parts to be put together as they are."""

    lang: str = Field(description="The language of the text (BCP 47)")
    parts: list[PartOut]
    cut_before: bool = Field(description="Whether the text begins earlier")
    cut_behind: bool = Field(description="Whether the text goes on")


class InsideOut(Body):
    """A file that says what was asked for."""

    name: str
    url: str
    text: PieceOut


class FoundOut(Body):
    """Where a hit says what was asked for."""

    id: str
    title: PieceOut | None
    text: PieceOut | None = Field(description="From the description")
    file: InsideOut | None = Field(description="From a file that everybody may download, where these do not say it all")


class MeantOut(Body):
    """Another question, which finds something."""

    text: str
    total: int = Field(description="Hits of it, with the same choices")


class FacetValueOut(Body):
    value: str = Field(description="What to choose it by: a URI, a slug, a word")
    label: str
    count: int = Field(description="Hits with this value, as if nothing were chosen in this facet")
    chosen: bool
    broader: str | None = Field(description="The value above it in the tree")


class FacetOut(Body):
    name: str
    values: list[FacetValueOut]
    more: int = Field(description="Values that are not told")


class ResourceList(Body):
    model_config = examples.shown(examples.RESOURCES)

    items: list[ResourceOut]
    next: str | None = Field(description="Address of the next page, also in the Link header")
    total: int | None = Field(description="All hits of a search")
    reachable: int | None = Field(description="Hits that can be paged to where that is not all of them")
    facets: list[FacetOut] = Field(description="Counts of a search, as asked for in `facets`")
    found: list[FoundOut] = Field(description="Where the hits say what was asked for")
    meant: MeantOut | None = Field(description="What was meant by words that find nothing: spelling, keyboard")


class VersionList(Body):
    model_config = examples.shown({"items": [examples.VERSION_LINK]})

    items: list[VersionLink] = Field(description="The newest first")
