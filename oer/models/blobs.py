"""Which bytes the store holds for us."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When, one_of


class Blob(SQLModel, table=True):
    """``marked`` is set by the sweeper before it removes the bytes; nobody may refer to a marked blob.

    ``marked_modified`` is the store's own time of the bytes when they were marked: if it has moved when the
    sweeper comes to remove them, somebody has put the same bytes again.
    """

    key: str = Field(primary_key=True)
    size: int = Field(sa_type=sa.BigInteger)
    created: datetime = Field(sa_type=When)
    marked: datetime | None = Field(default=None, sa_type=When, index=True)
    marked_modified: datetime | None = Field(default=None, sa_type=When)


class FileText(SQLModel, table=True):
    """What is to be read in the bytes of a file, found by ``revision`` of the readers; gone with the bytes.

    ``text`` is UTF-8 packed with zlib (RFC 1950), None where there is none: the file has no words, or nobody could
    read it. ``title`` and ``language`` are what the file says of itself.
    """

    __tablename__ = "file_text"
    __table_args__ = (one_of("state", ("text", "nothing", "failed")),)

    key: str = Field(primary_key=True, foreign_key="blob.key", ondelete="CASCADE")
    revision: int
    state: str
    text: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    title: str = ""
    language: str = ""
    found: datetime = Field(sa_type=When)
