"""Blocks of packed records, for whole lists."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from oer.db import translated
from oer.models import Block, OaiRecord


class Next(NamedTuple):
    """The clock's stamp as ``YYYY-MM-DD hh:mm:ss``, and the first block that ends behind a change.

    ``left`` records of the list lie behind the change and up to the block's end: where they are all of the block, and
    the block begins behind it, it is the next page as it stands, since what changes only ever moves to the end of the
    list. ``more`` lie behind the block.
    """

    stamp: str
    first: int
    last: int
    records: int
    size: int
    crc: int
    content: bytes
    left: int
    more: bool


# One statement, so one snapshot, past the session: a page of a hundred records must cost less than they take to send.
_NEXT = """
SELECT {stamp}, first, last, count, size, crc, content,
  (SELECT count(*) FROM oai_record WHERE change > ? AND change <= found.last),
  EXISTS (SELECT 1 FROM oai_record WHERE change > found.last)
FROM clock, (
  SELECT first, last, count, size, crc, content FROM oai_block
  WHERE prefix = ? AND last > ? AND revision = ? ORDER BY last, first LIMIT 1
) AS found
"""
_SQLITE = _NEXT.format(stamp="substr(clock.stamp, 1, 19)")
_POSTGRESQL = _NEXT.format(
    stamp="to_char(clock.stamp AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')",
).replace("?", "%s")


def following(engine: Engine, *, prefix: str, revision: str, after: int) -> Next | None:
    """The block that a page behind ``after`` may be; None where nothing is packed behind it."""
    wanted = (after, prefix, after, revision)
    with translated():
        raw = engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute(_SQLITE if engine.dialect.name == "sqlite" else _POSTGRESQL, wanted)
            row = cursor.fetchone()
            cursor.close()
        finally:
            raw.close()
    return None if row is None else Next._make(row)


def edge(session: Session, *, prefix: str) -> int:
    """The last change that is packed in this format."""
    return session.exec(select(sa.func.max(Block.last)).where(Block.prefix == prefix)).one() or 0


def next_edge(session: Session, *, prefix: str, behind: int) -> int:
    """The end of the first block that ends behind this change; 0 where there is none."""
    query = select(Block.last).where(Block.prefix == prefix, Block.last > behind).order_by(col(Block.last)).limit(1)
    return session.exec(query).first() or 0


def broken(session: Session, *, prefix: str, revision: str, limit: int) -> Sequence[tuple[int, int, int]]:
    """(id, first, last) of blocks that records have left since, the last first: each can join what is behind it."""
    there = sa.select(sa.func.count()).select_from(OaiRecord)
    there = there.where(col(OaiRecord.change) >= col(Block.first), col(OaiRecord.change) <= col(Block.last))
    query: Any = sa.select(Block.id, Block.first, Block.last)  # type: ignore[call-overload]
    kept = sa.and_(col(Block.prefix) == prefix, col(Block.revision) == revision)
    query = query.where(kept, there.scalar_subquery() != col(Block.count))
    rows = session.connection().execute(query.order_by(col(Block.last).desc()).limit(limit))
    return [(number, first, last) for number, first, last in rows]


def neighbour(session: Session, *, prefix: str, revision: str, behind: int) -> tuple[int, int, int] | None:
    """(id, last, count) of the block that begins behind this change."""
    query: Any = sa.select(Block.id, Block.last, Block.count)  # type: ignore[call-overload]
    kept = sa.and_(col(Block.prefix) == prefix, col(Block.revision) == revision)
    query = query.where(kept, col(Block.first) > behind).order_by(col(Block.last)).limit(1)
    row = session.connection().execute(query).first()
    return None if row is None else (row[0], row[1], row[2])
