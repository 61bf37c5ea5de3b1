"""Uploads that can be resumed: files of a draft that are not there yet."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When


class Upload(SQLModel, table=True):
    """``id`` is the store's. ``size`` is what the client has announced; ``key`` the file's bytes, once it is attached.

    ``name``, ``role`` and ``language`` are those of the file to be; ``replaces`` is the digest of the file of that
    name which it may replace, ``*`` for any, None for a new file; ``checksum`` the SHA-256 that it must have.
    ``told`` is what the client said of it in its own words, which are given back.
    ``draft_id`` is None after the draft has ended: SQLite gives the number of a draft that is gone to another.
    """

    id: str = Field(primary_key=True)
    draft_id: int | None = Field(default=None, foreign_key="draft.id", index=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    name: str
    size: int = Field(sa_type=sa.BigInteger)
    role: str = "main"
    language: str | None = None
    replaces: str | None = None
    checksum: str | None = None
    told: str = ""
    key: str | None = None
    created: datetime = Field(sa_type=When)
    expires: datetime = Field(sa_type=When, index=True)
