"""Resources, their immutable versions, and the drafts that become versions.

Records are kept as the canonical JSON text of ``metadata.versions``: what is signed by a digest is stored as
the bytes that were signed, and no engine's JSON type can reorder it.
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from metadata.record import Record
from oer.models.base import When, one_of
from oer.workflow import REASONS, DraftState, ResourceState

FILE_ROLES = ("main", "extra", "caption", "light", "preview")
STORED_DRAFT_STATES = tuple(state for state in DraftState if state not in {DraftState.PUBLISHED, DraftState.DISCARDED})


class Resource(SQLModel, table=True):
    """The stable thing behind a public id. ``number`` is the current version's, 0 before the first.

    ``access`` and ``available`` (first day of open files under embargo) mirror the current record, for queries.
    ``lock`` counts writes, for ETags.
    """

    __table_args__ = (
        one_of("state", ResourceState),
        sa.CheckConstraint(f"reason IS NULL OR reason IN ({', '.join(repr(r) for r in REASONS)})", name="reason_known"),
        sa.Index("ix_resource_listing", "state", "published", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(unique=True)
    institution_id: int = Field(foreign_key="institution.id", index=True)
    author_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    state: str = ResourceState.UNPUBLISHED
    number: int = 0
    access: str = "open"
    available: date | None = None
    reason: str | None = None
    reason_note: str | None = None
    lock: int = 1
    created: datetime = Field(sa_type=When)
    published: datetime | None = Field(default=None, sa_type=When)
    changed: datetime = Field(sa_type=When)


class Version(SQLModel, table=True):
    """Never updated. ``digest`` is ``metadata.versions.digest`` of record and files."""

    __table_args__ = (sa.UniqueConstraint("resource_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    resource_id: int = Field(foreign_key="resource.id")
    number: int
    record: str = Field(sa_type=sa.Text)
    digest: str
    author_id: int | None = Field(default=None, foreign_key="person.id")
    note: str = ""
    published: datetime = Field(sa_type=When)

    def description(self) -> Record:
        """The record as an object; the text was validated before it was stored."""
        return Record.model_validate_json(self.record)


class AttachedFile(SQLModel):
    """What a file is within a draft or a version: a name and a place for bytes that the store holds once."""

    key: str = Field(foreign_key="blob.key", index=True)
    name: str
    media_type: str
    size: int = Field(sa_type=sa.BigInteger)
    role: str = "main"
    language: str | None = None

    @property
    def told(self) -> tuple[str, str, str, str]:
        """What the version's digest says of the file."""
        return self.name, self.key, self.role, self.language or ""


class VersionFile(AttachedFile, table=True):
    __tablename__ = "version_file"
    __table_args__ = (sa.UniqueConstraint("version_id", "name"), one_of("role", FILE_ROLES))

    version_id: int = Field(foreign_key="version.id", primary_key=True)
    position: int = Field(primary_key=True)


class Draft(SQLModel, table=True):
    """The one open draft of a resource. ``lock`` counts writes, for ETags and lost-update checks."""

    __table_args__ = (one_of("state", STORED_DRAFT_STATES),)

    id: int | None = Field(default=None, primary_key=True)
    resource_id: int = Field(foreign_key="resource.id", unique=True)
    author_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    state: str = DraftState.EDITING
    record: str = Field(sa_type=sa.Text)
    note: str = ""
    based_on: int = 0
    lock: int = 1
    created: datetime = Field(sa_type=When)
    changed: datetime = Field(sa_type=When)

    def description(self) -> Record:
        return Record.model_validate_json(self.record)


class DraftFile(AttachedFile, table=True):
    __tablename__ = "draft_file"
    __table_args__ = (sa.UniqueConstraint("draft_id", "name"), one_of("role", FILE_ROLES))

    id: int | None = Field(default=None, primary_key=True)
    draft_id: int = Field(foreign_key="draft.id", index=True)
    position: int


class Review(SQLModel, table=True):
    """A reviewer's word on a submitted draft; stays with the resource when the draft has ended."""

    __table_args__ = (one_of("decision", ("request-changes", "reject", "publish")),)

    id: int | None = Field(default=None, primary_key=True)
    resource_id: int = Field(foreign_key="resource.id", index=True)
    reviewer_id: int | None = Field(default=None, foreign_key="person.id")
    decision: str
    comment: str = ""
    created: datetime = Field(sa_type=When)
