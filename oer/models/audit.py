"""Who did what to which thing, for ever."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When


class AuditEntry(SQLModel, table=True):
    """Written in the transaction of the deed. ``sequence`` and ``seal`` are added afterwards, in one chain.

    ``institution_id`` is no foreign key: what was done in an institution is remembered after it was removed.
    """

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=When, index=True)
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    by: str
    action: str
    object_kind: str
    object_id: str
    institution_id: int | None = Field(default=None, index=True)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    sequence: int | None = Field(default=None, unique=True)
    seal: str | None = None
