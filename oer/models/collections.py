"""Collections: resources that belong together, in ordered units."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When, one_of

MEMBERSHIPS = ("open", "closed")
COLLECTION_STATES = ("draft", "published")


class Collection(SQLModel, table=True):
    """``membership``: into an open collection every depositor may put published resources, into a closed one only
    the reviewers of its institution. ``titles`` and ``descriptions`` map ar, fr, en to words. ``lock`` counts writes.
    """

    __table_args__ = (one_of("membership", MEMBERSHIPS), one_of("state", COLLECTION_STATES))

    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(unique=True)
    institution_id: int = Field(foreign_key="institution.id", index=True)
    author_id: int | None = Field(default=None, foreign_key="person.id")
    titles: dict[str, str] = Field(sa_type=sa.JSON)
    descriptions: dict[str, str] = Field(default_factory=dict, sa_type=sa.JSON)
    membership: str = "closed"
    state: str = "draft"
    lock: int = 1
    created: datetime = Field(sa_type=When)
    changed: datetime = Field(sa_type=When)


class CollectionUnit(SQLModel, table=True):
    """One part of a collection, with words of its own or none; ``position`` orders the units, from 1."""

    __tablename__ = "collection_unit"

    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(unique=True)
    collection_id: int = Field(foreign_key="collection.id", index=True)
    position: int
    titles: dict[str, str] = Field(sa_type=sa.JSON)


class CollectionItem(SQLModel, table=True):
    """A resource in a unit. It is in a collection once, wherever that is."""

    __tablename__ = "collection_item"
    __table_args__ = (sa.UniqueConstraint("collection_id", "resource_id"),)

    id: int | None = Field(default=None, primary_key=True)
    collection_id: int = Field(foreign_key="collection.id", index=True)
    unit_id: int = Field(foreign_key="collection_unit.id", index=True)
    resource_id: int = Field(foreign_key="resource.id", index=True)
    position: int
    note: str = ""
    added_by: int | None = Field(default=None, foreign_key="person.id")
    added: datetime = Field(sa_type=When)
