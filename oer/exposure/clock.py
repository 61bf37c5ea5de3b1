"""The change clock: one row whose lock makes the order of changes the order of commits.

Harvesters walk by ``change > last seen``. Because a step is the last thing of a transaction and its row stays
locked until the commit, whatever is still in flight will be greater than everything visible. Taken earlier, or
without the lock, records are lost for ever.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pysqlite3.dbapi2 as sqlite
import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col

from oer.db import transaction, translated
from oer.models import Clock

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tick:
    """The first of the ``change`` and of the ``revision`` numbers taken; the datestamp (whole UTC seconds) of all."""

    first: int
    revision: int
    stamp: datetime


def step(session: Session, count: int = 1, *, now: datetime) -> Tick:
    """Take ``count`` numbers, holding the clock until the commit: call it last. Stamps never fall."""
    whole = now.astimezone(UTC).replace(microsecond=0)
    moved = (
        sa.update(Clock)
        .where(col(Clock.id) == 1)
        .values(
            change=Clock.change + count,
            revision=Clock.revision + count,
            stamp=sa.case((col(Clock.stamp) > whole, col(Clock.stamp)), else_=sa.literal(whole, Clock.stamp.type)),  # type: ignore[attr-defined]
        )
        .returning(col(Clock.change), col(Clock.revision), col(Clock.stamp))
    )
    change, revision, stamp = session.connection().execute(moved).one()
    return Tick(first=change - count + 1, revision=revision - count + 1, stamp=stamp)


def turn(session: Session, count: int) -> int:
    """Take ``count`` numbers of ``revision`` alone, which harvesters do not see; the first. Held as :func:`step` is."""
    moved = sa.update(Clock).where(col(Clock.id) == 1).values(revision=Clock.revision + count)
    last: int = session.connection().execute(moved.returning(col(Clock.revision))).scalar_one()
    return last - count + 1


def refresh(engine: Engine, *, now: datetime, seen: datetime) -> None:
    """Move the stamp to ``now`` where it lags behind, if the clock is free this instant.

    Readers call it before the first page of a list, so that ``responseDate`` stays fresh while nothing is
    published; they never queue for it. ``seen`` is the stamp they have read. Raises Unavailable or Full.
    """
    whole = now.astimezone(UTC).replace(microsecond=0)
    if whole - seen < timedelta(seconds=1):
        return
    if engine.dialect.name == "postgresql":
        with transaction(engine) as session:
            free = sa.select(col(Clock.id)).where(col(Clock.stamp) < whole).with_for_update(skip_locked=True)
            if session.connection().execute(free).first() is not None:
                session.connection().execute(sa.update(Clock).values(stamp=whole))
        return
    _refresh_sqlite(engine, whole)


def _refresh_sqlite(engine: Engine, whole: datetime) -> None:
    with translated():
        raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA busy_timeout=0")
        cursor.execute("PRAGMA query_only=OFF")  # a reader may have had this connection before
        try:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("UPDATE clock SET stamp = ?1 WHERE stamp < ?1", (f"{whole:%Y-%m-%d %H:%M:%S}.000000",))
            cursor.execute("COMMIT")
        except sqlite.DatabaseError as error:  # busy as a rule; what is damaged the reader meets next, and tells
            logger.debug("the clock does not move now", extra={"reason": str(error)})
        finally:
            cursor.execute("PRAGMA busy_timeout=20000")
            cursor.close()
    finally:
        raw.close()  # back to the pool, which rolls back what is open
