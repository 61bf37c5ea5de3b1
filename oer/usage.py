"""How often resources are seen and taken, after the rules of COUNTER: numbers by day, and nothing about anybody.

What reaches the database of a visitor is a hash of address, program and what they looked at, made with a salt that is
destroyed after its day, and kept for as long as a double click may follow. ``docs/decisions/0015-usage.md`` has the
reasons.
"""

import hashlib
import hmac
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine
from sqlmodel import Session, col

from oer import exposure, queries
from oer.db import is_sqlite, transaction
from oer.models import InstitutionUsage, Projection, UsageDay, UsageMark, UsageSalt, UsageTotal
from oer.queries.usage import Day

Kind = Literal["views", "downloads"]

DOUBLE = timedelta(seconds=30)
"""Within which the same visitor asks for the same thing by mistake (COUNTER R5.1, section 7.2)."""
YEAR = timedelta(days=365)
"""What the most used resources are ranked by."""
SMALLEST = 5
"""The smallest number that is told of a day or a month: a smaller one might tell of somebody."""
RANKING = "usage.rank"

_BATCH = 500
_LATE = timedelta(minutes=5)  # that a process may be behind with its counts


@dataclass(frozen=True, slots=True)
class Use:
    """Something seen or taken. ``thing`` is the key of a file; ``visitor`` is None for who asks not to be followed, of
    whom every use counts.
    """

    kind: Kind
    resource_id: int
    thing: str
    visitor: str | None = field(repr=False)
    at: datetime


def count(session: Session, uses: Iterable[Use], *, now: datetime) -> int:
    """Add these to the numbers, but for double clicks; how many were added.

    Many processes do so at a time, one after the other: the salt's row is held until the commit.
    """
    salt = _salt(session, now.date())
    told = sorted(uses, key=lambda use: use.at)
    marks = {use: _mark(salt, use) for use in told if use.visitor is not None}
    seen = queries.usage.marks(session, marks=set(marks.values()))
    counted, new = [], {}
    for use in told:
        mark = marks.get(use)
        if mark is not None:
            before = seen.get(mark)
            if before is not None and abs(use.at - before) < DOUBLE:
                continue
            seen[mark] = new[mark] = use.at
        counted.append(use)
    _upsert(session, UsageMark, [{"mark": mark, "at": at} for mark, at in sorted(new.items())], add=False)
    _add(session, counted)
    _sweep(session, now=now)
    return len(counted)


def _salt(session: Session, day: date) -> bytes:
    """The day's, the same for all processes: the first one makes it."""
    insert = (sqlite if is_sqlite(session) else postgresql).insert
    while (salt := queries.usage.salt_locked(session, day=day)) is None:
        made = insert(UsageSalt).values(day=day, salt=secrets.token_bytes(32))
        session.connection().execute(made.on_conflict_do_nothing(index_elements=["day"]))
    return salt


def _mark(salt: bytes, use: Use) -> bytes:
    meant = "\0".join([use.visitor or "", use.kind, str(use.resource_id), use.thing])
    return hmac.new(salt, meant.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()


def _add(session: Session, uses: Sequence[Use]) -> None:
    """Sorted, as everything that several processes write at once."""
    owners = queries.usage.owners(session, resource_ids={use.resource_id for use in uses})
    known = [use for use in uses if use.resource_id in owners]
    by_day = Counter((use.resource_id, use.at.date(), use.kind) for use in known)
    by_place = Counter((owners[use.resource_id], use.at.date(), use.kind) for use in known)
    totals = Counter((use.resource_id, use.kind) for use in known)
    _upsert(session, UsageDay, [_row(by_day, resource_id=at, day=day) for at, day in _keys(by_day)])
    _upsert(session, InstitutionUsage, [_row(by_place, institution_id=at, day=day) for at, day in _keys(by_place)])
    rows = [_row(totals, resource_id=at) | {"used": 0, "ranked": 0} for (at,) in _keys(totals)]
    _upsert(session, UsageTotal, rows)


def _keys(counts: Mapping[Any, int]) -> list[Any]:
    return sorted({key[:-1] for key in counts})


def _row(counts: Mapping[Any, int], **key: Any) -> dict[str, Any]:
    return key | {kind: counts.get((*key.values(), kind), 0) for kind in ("views", "downloads")}


def _upsert(session: Session, table: type[Any], rows: Sequence[dict[str, Any]], *, add: bool = True) -> None:
    """Insert rows; of those that are there ``add`` to the numbers, or replace what is said."""
    if not rows:
        return
    statement = (sqlite if is_sqlite(session) else postgresql).insert(table)
    keys = [column.name for column in table.__table__.primary_key]
    news = {
        name: getattr(table, name) + statement.excluded[name] if add else statement.excluded[name]
        for name in rows[0]
        if name not in keys
    }
    session.connection().execute(statement.on_conflict_do_update(index_elements=keys, set_=news), list(rows))


def forget(session: Session, *, now: datetime) -> None:
    """Destroy the salts of other days, and what can be no double click's first any more."""
    _sweep(session, now=now)


def _sweep(session: Session, *, now: datetime) -> None:
    """A salt of tomorrow stays: another process may be ahead by a little."""
    connection, today = session.connection(), now.date()
    old = sa.or_(col(UsageSalt.day) < today, col(UsageSalt.day) > today + timedelta(days=1))
    over = sa.or_(col(UsageMark.at) < now - DOUBLE - _LATE, col(UsageMark.at) > now + DOUBLE + _LATE)
    if is_sqlite(session):
        connection.exec_driver_sql("PRAGMA secure_delete=ON")  # else the bytes stay in the file until others need room
    connection.execute(sa.delete(UsageSalt).where(old))
    connection.execute(sa.delete(UsageMark).where(over))
    if is_sqlite(session):
        connection.exec_driver_sql("PRAGMA secure_delete=OFF")


def rank(engine: Engine, *, now: datetime) -> int:
    """Bring the numbers of the last year up to date, and have the search look again at resources of which that has
    changed enough; how many. Killed anywhere it does the same again.
    """
    today = now.date()
    with transaction(engine) as session:
        found = session.get(Projection, RANKING)
        last = min(date.fromordinal(found.change), today) if found else None
    left = (last - YEAR, today - YEAR) if last else (date.min, date.min)
    after = moved = 0
    while True:
        with transaction(engine) as session:
            ids = queries.usage.to_rank(session, after=after, changed=last or date.min, left=left, limit=_BATCH)
            moved += _rank(session, ids, since=today - YEAR)
        if len(ids) < _BATCH:
            break
        after = ids[-1]
    with transaction(engine) as session:
        session.merge(Projection(name=RANKING, change=today.toordinal()))
    return moved


def _rank(session: Session, resource_ids: Sequence[int], *, since: date) -> int:
    rows = queries.usage.totals_locked(session, resource_ids=resource_ids)
    used = queries.usage.used_since(session, resource_ids=resource_ids, since=since)
    moved = []
    for row in rows:
        row.used = used.get(row.resource_id, 0)
        if _is_worth(row.ranked, row.used):
            row.ranked = row.used
            moved.append(row.resource_id)
        session.add(row)
    session.flush()
    exposure.index_again(session, moved)
    return len(moved)


def _is_worth(before: int, now: int) -> bool:
    """Whether a number has changed enough for the index: every one of the small, a twentieth of the large."""
    return abs(now - before) > before // 20


@dataclass(frozen=True, slots=True)
class Told:
    """What may be told of a day, or of a month by its first day; None: fewer than :data:`SMALLEST`, perhaps none."""

    day: date
    views: int | None
    downloads: int | None


@dataclass(frozen=True, slots=True)
class Course:
    """By month, all of them, and by day, in a period."""

    months: Sequence[Told]
    days: Sequence[Told]


def of_resource(session: Session, *, resource_id: int, since: date, until: date) -> Course:
    days = queries.usage.days(session, resource_id=resource_id, since=since, until=until)
    return Course(_told(queries.usage.months(session, resource_id=resource_id)), _told(days))


def of_branch(session: Session, *, path: str, since: date, until: date) -> Course:
    """Of an institution and all below it, as the tree stands now."""
    days = queries.usage.branch_days(session, path=path, since=since, until=until)
    return Course(_told(queries.usage.branch_months(session, path=path)), _told(days))


def _told(rows: Iterable[Day]) -> list[Told]:
    """Days of which nothing may be told are left out: nobody learns whether there was anything."""
    return [
        Told(row.day, _large(row.views), _large(row.downloads))
        for row in rows
        if max(row.views, row.downloads) >= SMALLEST
    ]


def _large(number: int) -> int | None:
    return number if number >= SMALLEST else None
