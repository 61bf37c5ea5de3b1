"""What the world sees of resources: records with their headers, set memberships, and rendered formats."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When


class OaiRecord(SQLModel, table=True):
    """One per resource that was ever published. ``change`` is unique: walking by it meets every record.

    So is ``revision``, which moves as well where only the search sees a difference: what the files say was found.
    """

    __tablename__ = "oai_record"
    __table_args__ = (sa.Index("ix_oai_record_dated", "stamp", "change"),)

    resource_id: int = Field(foreign_key="resource.id", primary_key=True)
    change: int = Field(sa_type=sa.BigInteger, unique=True)
    revision: int = Field(sa_type=sa.BigInteger, unique=True)
    stamp: datetime = Field(sa_type=When)
    deleted: bool = False
    header: bytes = Field(sa_type=sa.LargeBinary)


class OaiSet(SQLModel, table=True):
    """A setSpec that something was ever in. One with a slash, which no setSpec can hold, is a format: see
    ``exposure.memberships``.
    """

    __tablename__ = "oai_set"

    id: int | None = Field(default=None, primary_key=True)
    spec: str = Field(unique=True)


class SetMember(SQLModel, table=True):
    """A record in an OAI set. ``present`` False: it has left, and harvesters of the set see it as deleted.

    ``change`` is always its record's, so the key is what a list of the set is walked by. A million records are in
    some twenty sets each: narrow rows, and no second copy of the key.
    """

    __tablename__ = "set_member"
    __table_args__ = {"sqlite_with_rowid": False}

    set_id: int = Field(foreign_key="oai_set.id", primary_key=True)
    change: int = Field(sa_type=sa.BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    resource_id: int = Field(foreign_key="resource.id", index=True)
    present: bool = True


class Rendering(SQLModel, table=True):
    """What follows a record's header in one format, ``<metadata>`` and ``<about>``, with the change and the crosswalk
    revision that it was made from.
    """

    resource_id: int = Field(foreign_key="resource.id", primary_key=True)
    prefix: str = Field(primary_key=True)
    change: int = Field(sa_type=sa.BigInteger)
    revision: str
    content: bytes = Field(sa_type=sa.LargeBinary)


class Block(SQLModel, table=True):
    """Consecutive records of the whole list in one format, ready to be sent: see ``exposure.blocks``.

    ``first`` and ``last`` are changes, ``count`` records lie between them, both included. ``content`` is their bytes as
    raw deflate (RFC 1951) that ends on a byte and is not the last of its stream; unpacked they have ``size`` bytes and
    the checksum ``crc`` (CRC-32 as in gzip).
    """

    __tablename__ = "oai_block"
    __table_args__ = (sa.UniqueConstraint("prefix", "last", "first"),)

    id: int | None = Field(default=None, primary_key=True)
    prefix: str
    first: int = Field(sa_type=sa.BigInteger)
    last: int = Field(sa_type=sa.BigInteger)
    count: int
    size: int
    crc: int = Field(sa_type=sa.BigInteger)
    revision: str
    content: bytes = Field(sa_type=sa.LargeBinary)
