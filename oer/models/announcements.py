"""What institutions announce."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When, first_lock


class Announcement(SQLModel, table=True):
    """``titles`` and ``texts`` (Markdown, as written) map ar, fr, en to words.

    It is there for everybody from ``published`` on, and past from ``until`` on, if that is ever. ``lock`` counts
    writes, for ETags.
    """

    __table_args__ = (sa.Index("ix_announcement_listing", "institution_id", "pinned", "published", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    public_id: str = Field(unique=True)
    institution_id: int = Field(foreign_key="institution.id")
    titles: dict[str, str] = Field(sa_type=sa.JSON)
    texts: dict[str, str] = Field(sa_type=sa.JSON)
    published: datetime = Field(sa_type=When)
    until: datetime | None = Field(default=None, sa_type=When)
    pinned: bool = False
    lock: int = Field(default_factory=first_lock)
    created: datetime = Field(sa_type=When)
    changed: datetime = Field(sa_type=When)
