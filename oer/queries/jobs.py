"""The job table."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from oer.models import Institution, Job, JobRow, Person
from oer.queries import reach
from oer.queries.reach import Reach

UNFINISHED = ("waiting", "running")


def next_due(session: Session, *, now: datetime, hold: bool = True) -> Job | None:
    """The oldest job that is due, or whose worker's lease has run out.

    With ``hold`` its row is kept until the commit, and rows that others hold are passed over.
    """
    due = sa.and_(col(Job.state) == "waiting", col(Job.due) <= now)
    abandoned = sa.and_(col(Job.state) == "running", col(Job.lease) < now)
    query = select(Job).where(sa.or_(due, abandoned)).order_by(col(Job.due), col(Job.id)).limit(1)
    return session.exec(query.with_for_update(skip_locked=True) if hold else query).first()


def counts(session: Session) -> dict[str, int]:
    return dict(session.exec(select(Job.state, sa.func.count()).group_by(Job.state)).all())


def broken(session: Session) -> int:
    """Failed jobs that somebody has to look at: the repository's own, and people's that failed by a defect of ours."""
    ours = sa.or_(col(Job.person_id).is_(None), col(Job.fault).is_(None))
    return session.exec(select(sa.func.count()).select_from(Job).where(Job.state == "failed", ours)).one()


def locked(session: Session, *, job_id: int) -> Job | None:
    query = select(Job).where(Job.id == job_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def unfinished_of(session: Session, *, person_id: int | None, kind: str) -> int:
    """How many jobs of this kind a person has waiting or running."""
    mine = col(Job.person_id).is_(None) if person_id is None else col(Job.person_id) == person_id
    query = select(sa.func.count()).select_from(Job).where(mine, Job.kind == kind, col(Job.state).in_(UNFINISHED))
    return session.exec(query).one()


def is_named(session: Session, *, name: str) -> bool:
    """Whether an unfinished job bears the name."""
    query = select(Job.id).where(Job.name == name, col(Job.state).in_(UNFINISHED))
    return session.exec(query.limit(1)).first() is not None


def listed(
    session: Session,
    *,
    seen_by: Reach,
    state: str | None = None,
    kind: str | None = None,
    within: str | None = None,
    before: int | None = None,
    limit: int,
) -> Sequence[tuple[Job, Institution | None, Person | None]]:
    """Jobs with their institution and person, the newest first, from behind the id ``before``.

    ``within`` is the path of an institution: its branch of the tree only.
    """
    query: Any = _told().order_by(col(Job.id).desc()).limit(limit)
    if not seen_by.everywhere:
        query = query.where(_seen(seen_by))
    for column, wanted in ((Job.state, state), (Job.kind, kind)):
        if wanted is not None:
            query = query.where(column == wanted)
    if within is not None:
        query = query.where(col(Institution.path).startswith(within, autoescape=True))
    if before is not None:
        query = query.where(col(Job.id) < before)
    return [tuple(row) for row in session.exec(query)]


def one(session: Session, *, job_id: int) -> tuple[Job, Institution | None, Person | None] | None:
    row = session.exec(_told().where(col(Job.id) == job_id)).one_or_none()
    return None if row is None else tuple(row)


def _told() -> Any:
    return (
        sa.select(Job, Institution, Person)
        .outerjoin(Institution, col(Institution.id) == Job.institution_id)
        .outerjoin(Person, col(Person.id) == Job.person_id)
    )


def _seen(seen_by: Reach) -> sa.ColumnElement[bool]:
    """A person's own jobs and those of the branches that they manage."""
    own = sa.false() if seen_by.person_id is None else col(Job.person_id) == seen_by.person_id
    return sa.or_(own, reach.managed(seen_by, path=col(Institution.path)))


def rows(session: Session, *, job_id: int, after: int, limit: int) -> Sequence[JobRow]:
    """What became of the rows of a job, in the order of its source."""
    query = select(JobRow).where(JobRow.job_id == job_id, JobRow.number > after)
    return session.exec(query.order_by(col(JobRow.number)).limit(limit)).all()


def row_numbers(session: Session, *, job_id: int) -> frozenset[int]:
    """The rows whose fate is known."""
    return frozenset(session.exec(select(JobRow.number).where(JobRow.job_id == job_id)))


def ended(session: Session, *, done_before: datetime, failed_before: datetime) -> Iterable[int]:
    """Jobs to forget: those done or cancelled before the one moment, and people's that failed before the other."""
    done = sa.and_(col(Job.state).in_(("done", "cancelled")), col(Job.finished) < done_before)
    failed = sa.and_(col(Job.state) == "failed", col(Job.person_id).is_not(None), col(Job.finished) < failed_before)
    return [found for found in session.exec(select(Job.id).where(sa.or_(done, failed))) if found is not None]
