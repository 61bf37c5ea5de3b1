"""What visitors report: a resource that somebody says something is wrong with."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When, first_lock, one_of
from oer.workflow import OUTCOMES, REPORT_REASONS, ReportState


class Report(SQLModel, table=True):
    """``reference`` is what the reporter keeps to ask how it stands. ``language`` is theirs, ``email`` too, while it
    is kept.

    ``hid`` is when the resource went out of sight for this report: it comes back by its answer only where nobody has
    hidden it anew since. ``lock`` counts writes, for ETags.
    """

    __table_args__ = (
        one_of("reason", REPORT_REASONS),
        one_of("state", ReportState),
        sa.CheckConstraint(f"outcome IS NULL OR outcome IN ({', '.join(map(repr, OUTCOMES))})", name="outcome_known"),
        sa.Index("ix_report_queue", "state", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    reference: str = Field(unique=True)
    resource_id: int = Field(foreign_key="resource.id", index=True)
    reason: str
    words: str
    email: str | None = Field(default=None, index=True)
    language: str
    state: str = ReportState.OPEN
    outcome: str | None = None
    answer: str = ""
    hid: datetime | None = Field(default=None, sa_type=When)
    lock: int = Field(default_factory=first_lock)
    created: datetime = Field(sa_type=When)
    changed: datetime = Field(sa_type=When)
    answered: datetime | None = Field(default=None, sa_type=When)
