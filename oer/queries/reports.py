"""Reports of visitors on resources."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from oer.models import Institution, Report, Resource
from oer.queries import reach
from oer.queries.reach import Reach
from oer.workflow import ReportState

Row = tuple[Report, Resource, Institution]


def by_reference(session: Session, *, reference: str, hold: bool = False) -> Row | None:
    """With ``hold`` the report's own row is kept until the commit."""
    query = select(Report, Resource, Institution).where(Report.reference == reference)
    query = query.join(Resource, col(Resource.id) == Report.resource_id)
    query = query.join(Institution, col(Institution.id) == Resource.institution_id)
    if hold:
        query = query.with_for_update(of=Report).execution_options(populate_existing=True)
    return session.exec(query).one_or_none()


def listed(
    session: Session,
    *,
    seen_by: Reach,
    state: str | None = None,
    within: str | None = None,
    after: int | None = None,
    limit: int,
) -> Sequence[Row]:
    """Reports on resources that the person reviews, from behind the number ``after``.

    Those that wait (open or examining) the oldest first; those that are answered the newest first. ``within`` is the
    path of an institution.
    """
    query = select(Report, Resource, Institution).join(Resource, col(Resource.id) == Report.resource_id)
    query = query.join(Institution, col(Institution.id) == Resource.institution_id)
    # Of reports on what they have deposited themselves, people hear by its state alone.
    query = query.where(reach.condition(replace(seen_by, person_id=None), author=col(Resource.author_id)))
    number, answered = col(Report.id), state == ReportState.ANSWERED
    wanted = [state] if state is not None else [ReportState.OPEN, ReportState.EXAMINING]
    query = query.where(col(Report.state).in_(wanted))
    if within is not None:
        query = query.where(col(Institution.path).startswith(within, autoescape=True))
    if after is not None:
        query = query.where(number < after if answered else number > after)
    return session.exec(query.order_by(number.desc() if answered else number).limit(limit)).all()


def waiting(session: Session, *, seen_by: Reach) -> int:
    """How many reports wait for an answer of this person."""
    query = sa.select(sa.func.count()).select_from(Report).join(Resource, col(Resource.id) == col(Report.resource_id))
    query = query.join(Institution, col(Institution.id) == col(Resource.institution_id))
    query = query.where(reach.condition(replace(seen_by, person_id=None), author=col(Resource.author_id)))
    query = query.where(col(Report.state) != ReportState.ANSWERED)
    return int(session.connection().execute(query).scalar_one())


def hid_by_others(session: Session, *, resource_id: int, report_id: int, hid: datetime) -> bool:
    """Whether a report other than this one still keeps the resource out of sight since then."""
    query = select(Report.id).where(
        Report.resource_id == resource_id,
        Report.id != report_id,
        Report.state == ReportState.EXAMINING,
        Report.hid == hid,
    )
    return session.exec(query.limit(1)).first() is not None
