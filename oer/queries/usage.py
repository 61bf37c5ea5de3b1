"""How often resources are seen and taken."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from oer.models import Institution, InstitutionUsage, Resource, UsageDay, UsageMark, UsageSalt, UsageTotal

_BATCH = 500  # values of one statement


class Count(NamedTuple):
    views: int
    downloads: int


class Day(NamedTuple):
    day: date
    views: int
    downloads: int


def salt_locked(session: Session, *, day: date) -> bytes | None:
    """The salt of a day, its row held until the commit."""
    return session.exec(select(UsageSalt.salt).where(UsageSalt.day == day).with_for_update()).one_or_none()


def marks(session: Session, *, marks: Iterable[bytes]) -> dict[bytes, datetime]:
    """Those of these that are kept, and when they were made."""
    wanted = list(marks)
    found: dict[bytes, datetime] = {}
    for start in range(0, len(wanted), _BATCH):
        query = select(UsageMark.mark, UsageMark.at).where(col(UsageMark.mark).in_(wanted[start : start + _BATCH]))
        found |= {bytes(mark): at for mark, at in session.exec(query)}
    return found


def owners(session: Session, *, resource_ids: Iterable[int]) -> dict[int, int]:
    """The institutions of those of these resources that are there."""
    wanted = list(resource_ids)
    found: dict[int, int] = {}
    for start in range(0, len(wanted), _BATCH):
        query = sa.select(Resource.id, Resource.institution_id)  # type: ignore[call-overload]
        rows = session.connection().execute(query.where(col(Resource.id).in_(wanted[start : start + _BATCH])))
        found |= {row[0]: row[1] for row in rows}
    return found


def total(session: Session, *, resource_id: int) -> Count:
    found = session.get(UsageTotal, resource_id)
    return Count(found.views, found.downloads) if found else Count(0, 0)


def used_count(session: Session, *, most: int) -> int:
    """How many resources the search knows to be used; it is not counted beyond ``most``."""
    used = select(UsageTotal.resource_id).where(UsageTotal.ranked > 0).limit(most).subquery()
    return session.exec(select(sa.func.count()).select_from(used)).one()


def days(session: Session, *, resource_id: int, since: date, until: date) -> Sequence[Day]:
    """Of days on which anything was counted, both ends included."""
    day = col(UsageDay.day)
    query = sa.select(day, col(UsageDay.views), col(UsageDay.downloads)).order_by(day)
    wanted = query.where(col(UsageDay.resource_id) == resource_id, day >= since, day <= until)
    return [Day._make(row) for row in session.connection().execute(wanted)]


def months(session: Session, *, resource_id: int) -> Sequence[Day]:
    """All of them, each by its first day."""
    return _months(session, UsageDay, sa.select().where(col(UsageDay.resource_id) == resource_id))


def branch_total(session: Session, *, path: str) -> Count:
    """Of an institution and all below it."""
    query = _within(sa.select(_sum(InstitutionUsage.views), _sum(InstitutionUsage.downloads)), path)
    return Count._make(session.connection().execute(query).one())


def branch_days(session: Session, *, path: str, since: date, until: date) -> Sequence[Day]:
    day = col(InstitutionUsage.day)
    query = sa.select(day, _sum(InstitutionUsage.views), _sum(InstitutionUsage.downloads)).where(
        day >= since, day <= until
    )
    rows = session.connection().execute(_within(query, path).group_by(day).order_by(day))
    return [Day._make(row) for row in rows]


def branch_months(session: Session, *, path: str) -> Sequence[Day]:
    return _months(session, InstitutionUsage, _within(sa.select(), path))


def _within(query: Any, path: str) -> Any:
    """The same of the institutions of a branch."""
    joined = query.select_from(InstitutionUsage).join(
        Institution, col(Institution.id) == col(InstitutionUsage.institution_id)
    )
    return joined.where(col(Institution.path).startswith(path, autoescape=True))


def _months(session: Session, table: type[UsageDay | InstitutionUsage], narrowed: Any) -> list[Day]:
    month = (sa.extract("year", col(table.day)), sa.extract("month", col(table.day)))
    query = narrowed.add_columns(*month, _sum(table.views), _sum(table.downloads)).group_by(*month).order_by(*month)
    rows = session.connection().execute(query)
    return [Day(date(int(year), int(number), 1), *counts) for year, number, *counts in rows]


def _sum(column: Any) -> sa.ColumnElement[int]:
    return sa.cast(sa.func.coalesce(sa.func.sum(column), 0), sa.BigInteger)  # PostgreSQL would make a decimal of it


def to_rank(session: Session, *, after: int, changed: date, left: tuple[date, date], limit: int) -> Sequence[int]:
    """Resources behind ``after`` of which something was counted since the day ``changed``, or on the days ``left``
    (the first one not among them), which count no more.
    """
    day = col(UsageDay.day)
    moved = sa.or_(day >= changed, sa.and_(day > left[0], day <= left[1]))
    query = select(UsageDay.resource_id).where(moved, UsageDay.resource_id > after).distinct()
    return session.exec(query.order_by(col(UsageDay.resource_id)).limit(limit)).all()


def totals_locked(session: Session, *, resource_ids: Sequence[int]) -> Sequence[UsageTotal]:
    """Their rows held until the commit, in one order for everybody."""
    query = select(UsageTotal).where(col(UsageTotal.resource_id).in_(resource_ids))
    query = query.order_by(col(UsageTotal.resource_id)).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).all()


def used_since(session: Session, *, resource_ids: Sequence[int], since: date) -> dict[int, int]:
    """Views and downloads together after the day ``since``; nothing of what was not used."""
    used = _sum(col(UsageDay.views) + col(UsageDay.downloads))
    query = sa.select(col(UsageDay.resource_id), used).group_by(col(UsageDay.resource_id))
    narrowed = query.where(col(UsageDay.resource_id).in_(resource_ids), col(UsageDay.day) > since)
    return {row[0]: row[1] for row in session.connection().execute(narrowed)}
