"""Work for later, in the same database as the work it belongs to."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When, one_of

JOB_STATES = ("waiting", "running", "done", "failed")


class Job(SQLModel, table=True):
    """``lease`` is until when the worker that runs it is believed alive; ``name`` unique among the unfinished."""

    __table_args__ = (
        one_of("state", JOB_STATES),
        sa.Index("ix_job_queue", "state", "due", "id"),
        sa.Index(
            "uq_job_unfinished",
            "name",
            unique=True,
            sqlite_where=sa.text("state IN ('waiting', 'running')"),
            postgresql_where=sa.text("state IN ('waiting', 'running')"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    name: str | None = None
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=sa.JSON)
    state: str = "waiting"
    attempts: int = 0
    due: datetime = Field(sa_type=When)
    lease: datetime | None = Field(default=None, sa_type=When)
    error: str | None = Field(default=None, sa_type=sa.Text)
    created: datetime = Field(sa_type=When)
    finished: datetime | None = Field(default=None, sa_type=When)
