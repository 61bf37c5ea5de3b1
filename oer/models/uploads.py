"""Uploads that can be resumed: files of a draft that are not there yet."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When


class Upload(SQLModel, table=True):
    """``id`` is the store's. ``size`` is what the client has announced; ``key`` the bytes, once they are whole.

    ``name``, ``role`` and ``language`` are those of the file to be; ``replace`` the digest of the file of that name
    which it may replace, None for a new one.
    """

    id: str = Field(primary_key=True)
    draft_id: int = Field(index=True)  # no foreign key: an upload outlives a draft that was published meanwhile
    resource_id: int = Field(foreign_key="resource.id", index=True)
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    institution_id: int = Field(foreign_key="institution.id", index=True)
    name: str
    size: int = Field(sa_type=sa.BigInteger)
    role: str = "main"
    language: str | None = None
    replace: str | None = None
    checksum: str | None = None
    key: str | None = None
    created: datetime = Field(sa_type=When)
    expires: datetime = Field(sa_type=When, index=True)
