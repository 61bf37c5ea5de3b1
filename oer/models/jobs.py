"""Work for later, in the same database as the work it belongs to."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When, one_of

JOB_STATES = ("waiting", "running", "done", "failed", "cancelled")


class Job(SQLModel, table=True):
    """``lease`` is until when the worker that runs it is believed alive; ``name`` unique among the unfinished.

    ``attempts`` only ever grows, which tells one holder from the next; of them ``forgiven`` do not count towards the
    last one. ``person_id`` and ``institution_id`` say whose work it is, None for the repository's own. ``done`` of
    ``total`` is how far it has come, ``input`` the bytes it reads, ``report`` those that tell each row's fate,
    ``result`` what it came to. ``error`` is for administrators, ``fault`` (code and params) for everybody else.
    ``institution_id`` is no foreign key: an institution may be removed before its jobs are forgotten.
    """

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
    forgiven: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    due: datetime = Field(sa_type=When)
    lease: datetime | None = Field(default=None, sa_type=When)
    error: str | None = Field(default=None, sa_type=sa.Text)
    fault: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    institution_id: int | None = Field(default=None, index=True)
    done: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    total: int | None = None
    input: str | None = Field(default=None, foreign_key="blob.key", index=True)
    report: str | None = Field(default=None, foreign_key="blob.key", index=True)
    result: dict[str, Any] | None = Field(default=None, sa_type=sa.JSON(none_as_null=True))
    created: datetime = Field(sa_type=When)
    finished: datetime | None = Field(default=None, sa_type=When)


class JobRow(SQLModel, table=True):
    """What became of one row of a job, written in the transaction of the deed itself; gone once the report is kept.

    ``number`` is that of the row in its source. ``job_id`` is no foreign key: SQLite could not change the table of
    jobs any more.
    """

    __tablename__ = "job_row"

    job_id: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    content: str = Field(sa_type=sa.Text)
