"""What is made of files to be shown beside them: pictures, posters, light variants, listings."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When, one_of

DERIVATIVES = ("cover", "page", "middle", "poster", "light", "audio", "listing")


class Previewed(SQLModel, table=True):
    """These bytes were looked into by ``revision`` of the makers; gone with the bytes.

    ``pages`` and ``duration`` (seconds) where they have such. ``nothing``: there is nothing to show of them.
    ``failed``: they could not be read, within the bounds or at all.
    """

    __table_args__ = (one_of("state", ("made", "nothing", "failed")),)

    key: str = Field(primary_key=True, foreign_key="blob.key", ondelete="CASCADE")
    revision: int
    state: str
    pages: int | None = None
    duration: float | None = None
    found: datetime = Field(sa_type=When)


class Derivative(SQLModel, table=True):
    """Bytes (``key``) made of those of a file (``source``), and gone with them. ``number`` is that of a page, else 1.

    ``width`` and ``height`` in pixels where it is a picture or a film, ``size`` in bytes.
    """

    __table_args__ = (one_of("kind", DERIVATIVES),)

    source: str = Field(primary_key=True, foreign_key="blob.key", ondelete="CASCADE")
    kind: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    key: str = Field(foreign_key="blob.key", index=True)
    media_type: str
    width: int | None = None
    height: int | None = None
    size: int = Field(sa_type=sa.BigInteger)
