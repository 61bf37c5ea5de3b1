"""Institutions in a tree, and the roles that people have in them."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When, first_lock, one_of
from oer.workflow import Role

ROLE_WORDS = tuple(role.word for role in Role if role is not Role.NONE)


class Institution(SQLModel, table=True):
    """``path`` holds the ids from the root down, ``/1/7/``: a prefix of it finds a whole branch.

    ``names`` and ``descriptions`` map ar, fr, en to words. ``publish_role`` may publish without review. ``logo_type``
    is the media type found in the logo's bytes. ``lock`` counts writes, for ETags.
    """

    __table_args__ = (one_of("publish_role", ROLE_WORDS),)

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    parent_id: int | None = Field(default=None, foreign_key="institution.id", index=True)
    path: str = Field(default="", index=True)
    kind: str
    names: dict[str, str] = Field(sa_type=sa.JSON)
    descriptions: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON)
    country: str | None = None
    ror: str | None = None
    homepage: str | None = None
    colour: str | None = None
    logo: str | None = Field(default=None, foreign_key="blob.key")
    logo_type: str | None = None
    logo_changed: datetime | None = Field(default=None, sa_type=When)
    default_licence: str | None = None
    default_language: str | None = None
    publish_role: str = Role.REVIEWER.word
    lock: int = Field(default_factory=first_lock)
    created: datetime = Field(sa_type=When)

    @property
    def ancestors(self) -> list[int]:
        """Ids from the root down to the parent."""
        return [int(part) for part in self.path.split("/") if part][:-1]


class Membership(SQLModel, table=True):
    """A person's role in one institution. ``lock`` counts writes, for ETags."""

    __table_args__ = (one_of("role", ROLE_WORDS),)

    person_id: int = Field(foreign_key="person.id", primary_key=True)
    institution_id: int = Field(foreign_key="institution.id", primary_key=True, index=True)
    role: str
    lock: int = Field(default_factory=first_lock, sa_column_kwargs={"server_default": "1"})
    created: datetime = Field(sa_type=When)
