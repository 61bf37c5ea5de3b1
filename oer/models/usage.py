"""How often resources are seen and taken: numbers by day, and what tells a double click while it may still come."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When


class UsageDay(SQLModel, table=True):
    """What was counted of a resource on a day (UTC); no row where nothing was."""

    __tablename__ = "usage_day"
    __table_args__ = {"sqlite_with_rowid": False}

    resource_id: int = Field(foreign_key="resource.id", primary_key=True)
    day: date = Field(primary_key=True, index=True)
    views: int = 0
    downloads: int = 0


class InstitutionUsage(SQLModel, table=True):
    """The same of all resources that an institution had that day, without those of institutions below it."""

    __tablename__ = "usage_institution"
    __table_args__ = {"sqlite_with_rowid": False}

    institution_id: int = Field(foreign_key="institution.id", primary_key=True)
    day: date = Field(primary_key=True)
    views: int = 0
    downloads: int = 0


class UsageTotal(SQLModel, table=True):
    """All that was ever counted of a resource.

    ``used`` is views and downloads of the last year, as of the last look; ``ranked`` is what the search sorts by: it
    follows ``used`` where that has changed enough.
    """

    __tablename__ = "usage_total"

    resource_id: int = Field(foreign_key="resource.id", primary_key=True)
    views: int = 0
    downloads: int = 0
    used: int = 0
    ranked: int = 0


class UsageSalt(SQLModel, table=True):
    """What visitors of one day are hashed with; gone soon after it (``oer.usage.forget``)."""

    __tablename__ = "usage_salt"

    day: date = Field(primary_key=True)
    salt: bytes = Field(sa_type=sa.LargeBinary)


class UsageMark(SQLModel, table=True):
    """That somebody has just seen or taken something: a hash of both together, kept for as long as a double click may
    follow.
    """

    __tablename__ = "usage_mark"

    mark: bytes = Field(sa_type=sa.LargeBinary, primary_key=True)
    at: datetime = Field(sa_type=When, index=True)
