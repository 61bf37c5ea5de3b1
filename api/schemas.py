"""Bodies that the API sends, and nothing that it takes. Members are always there; what is unknown is null."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from metadata.record import Record


class Body(BaseModel):
    """No body has defaults of its own: ``content`` leaves out what a record does not say, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def content(self) -> bytes:
        """The JSON that is sent, the same bytes for the same values."""
        return self.model_dump_json(exclude_defaults=True).encode()


class InstitutionOut(Body):
    slug: str
    names: dict[str, str] = Field(description="Names by language: ar, fr, en")


class VersionOut(Body):
    number: int = Field(description="From 1, without gaps")
    published: datetime
    digest: str = Field(description="SHA-256 of the canonical record and the digests of its files")
    note: str = Field(description="What changed and why, in the depositor's words")


class VersionLink(VersionOut):
    url: str = Field(description="The whole of this version")


class FileOut(Body):
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

    id: str
    oai_identifier: str
    url: str = Field(description="The page for people")
    state: Literal["published", "hidden", "withdrawn"]
    institution: InstitutionOut
    version: VersionOut
    record: Record
    files: list[FileOut]
    access: AccessOut
    created: datetime
    published: datetime | None = Field(description="When the first version was published")
    changed: datetime


class ResourceList(Body):
    items: list[ResourceOut]
    next: str | None = Field(description="Address of the next page, also in the Link header")


class VersionList(Body):
    items: list[VersionLink] = Field(description="The newest first")


class FaultOut(Body):
    """One thing that is wrong, with the field it is about."""

    field: str
    code: str
    severity: Literal["error", "warning"]
    message: str


class TombstoneOut(Body):
    """What stays visible of a resource that is no longer shown."""

    id: str
    oai_identifier: str
    state: Literal["hidden", "withdrawn"]
    reason: str
    note: str | None = Field(description="Words for the public, by whoever withdrew or hid it")
    since: datetime


class ProblemOut(Body):
    """Every error (RFC 9457), in the language of Accept-Language. Programs look at ``code``."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FaultOut]
    tombstone: TombstoneOut | None = Field(None, description="Only with 410")


class ProblemMeaning(Body):
    """What a code of a problem document means."""

    code: str
    status: int
    title: str
    detail: str
