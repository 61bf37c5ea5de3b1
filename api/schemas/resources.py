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


class ResourceList(Body):
    model_config = examples.page(examples.RESOURCE)

    items: list[ResourceOut]
    next: str | None = Field(description="Address of the next page, also in the Link header")


class VersionList(Body):
    model_config = examples.shown({"items": [examples.VERSION_LINK]})

    items: list[VersionLink] = Field(description="The newest first")
