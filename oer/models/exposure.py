"""What the world sees of resources: records with their headers, set memberships, and rendered formats."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When


class OaiRecord(SQLModel, table=True):
    """One per resource that was ever published. ``change`` is unique: walking by it meets every record."""

    __tablename__ = "oai_record"
    __table_args__ = (sa.Index("ix_oai_record_dated", "stamp", "change"),)

    resource_id: int = Field(foreign_key="resource.id", primary_key=True)
    change: int = Field(sa_type=sa.BigInteger, unique=True)
    stamp: datetime = Field(sa_type=When)
    deleted: bool = False
    header: bytes = Field(sa_type=sa.LargeBinary)


class SetMember(SQLModel, table=True):
    """A record in an OAI set. ``present`` False: it has left, and harvesters of the set see it as deleted."""

    __tablename__ = "set_member"
    __table_args__ = (sa.Index("ix_set_member_walk", "spec", "change"),)

    resource_id: int = Field(foreign_key="resource.id", primary_key=True)
    spec: str = Field(primary_key=True)
    change: int = Field(sa_type=sa.BigInteger)
    present: bool = True


class Rendering(SQLModel, table=True):
    """A record's ``<metadata>`` content in one format, with the change and crosswalk revision it was made from."""

    resource_id: int = Field(foreign_key="resource.id", primary_key=True)
    prefix: str = Field(primary_key=True)
    change: int = Field(sa_type=sa.BigInteger)
    revision: str
    content: bytes = Field(sa_type=sa.LargeBinary)
