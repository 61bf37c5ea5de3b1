"""The job table."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from oer.models import Job


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
