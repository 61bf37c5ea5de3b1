"""Whole lists packed once: a cache, rebuilt at any time, of what nearly every harvester asks for page by page.

A block is a hundred consecutive records of the list in one format. Its bytes go into a gzip answer as they are, and
unpacked into any other. Nobody keeps it up to date: a record that changes moves to the end of the list, so a block is
right exactly as long as all of its records are still between its ends, which whoever reads it counts
(``queries.blocks``). What is not packed, or no longer right, is read row by row.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine
from sqlmodel import Session, col

from metadata import oai_record
from metadata.crosswalks import FORMATS, Format
from oer import queries
from oer.db import is_sqlite, reading, transaction
from oer.exposure import renderings
from oer.exposure.renderings import Issuer
from oer.models import Block
from oer.queries.records import Part, Row

SIZE = 100
"""Records of a block: those of a page."""

_AT_ONCE = 10  # blocks of a format in one transaction
# Packed once and sent for years: 3 ms for 360 kB, three times what ISA-L's second level takes, make a third less of it
# on every line, and unpacking takes a third less too.
_LEVEL = 6


def catch_up(engine: Engine, issuer: Issuer, *, formats: Mapping[str, Format] = FORMATS) -> int:
    """Pack some of what has been rendered and is not packed yet; the number of blocks made, 0 when all is done.

    Formats that not every record has are not packed: their lists are shorter than the whole one.
    """
    made = 0
    for format_ in formats.values():
        if not format_.needs_files:
            made += _pack_behind(engine, issuer, format_, formats)
    return made


def _pack_behind(engine: Engine, issuer: Issuer, format_: Format, formats: Mapping[str, Format]) -> int:
    revision = renderings.revision(format_, issuer)
    blocks: list[Mapping[str, Any]] = []
    with reading(engine) as session:
        rendered = renderings.progress(session, issuer, formats=formats)
        old = sa.select(Block.id).where(col(Block.prefix) == format_.prefix, col(Block.revision) != revision).limit(1)  # type: ignore[call-overload]
        void = session.connection().execute(old).first() is not None
        after = 0 if void else queries.blocks.edge(session, prefix=format_.prefix)
        while len(blocks) < _AT_ONCE:
            rows = _rows(session, format_, revision, after=after, upto=rendered, limit=SIZE)
            if len(rows) < SIZE:
                break
            blocks.append(_block(session, format_, issuer, revision, rows))
            after = rows[-1].change
    if not blocks and not void:
        return 0
    with transaction(engine) as session:
        others = sa.and_(col(Block.prefix) == format_.prefix, col(Block.revision) != revision)
        session.connection().execute(sa.delete(Block).where(others))
        _write(session, blocks)
    return len(blocks)


def mend(engine: Engine, issuer: Issuer, *, formats: Mapping[str, Format] = FORMATS) -> int:
    """Pack anew some blocks that records have left, small ones together with the next; their number."""
    made = 0
    for format_ in formats.values():
        revision = renderings.revision(format_, issuer)
        with reading(engine) as session:
            broken = queries.blocks.broken(session, prefix=format_.prefix, revision=revision, limit=_AT_ONCE)
        for number, first, last in broken:
            _mend(engine, issuer, format_, revision, number, first, last)
        made += len(broken)
    return made


def _mend(engine: Engine, issuer: Issuer, format_: Format, revision: str, number: int, first: int, last: int) -> None:
    gone = [number]
    with reading(engine) as session:
        rows = _rows(session, format_, revision, after=first - 1, upto=last, limit=SIZE)
        following = queries.blocks.neighbour(session, prefix=format_.prefix, revision=revision, behind=last)
        if following is not None and len(rows) + following[2] <= SIZE:
            gone.append(following[0])
            rows = _rows(session, format_, revision, after=first - 1, upto=following[1], limit=SIZE)
        block = _block(session, format_, issuer, revision, rows) if rows else None
    with transaction(engine) as session:
        session.connection().execute(sa.delete(Block).where(col(Block.id).in_(gone)))
        _write(session, [block] if block else [])


def _rows(session: Session, format_: Format, revision: str, *, after: int, upto: int, limit: int) -> Sequence[Row]:
    part = Part(upto=upto)
    return queries.records.page(session, of=part, after=after, limit=limit, prefix=format_.prefix, revision=revision)


def _block(session: Session, format_: Format, issuer: Issuer, revision: str, rows: Sequence[Row]) -> dict[str, Any]:
    missing = [row.resource_id for row in rows if row.content is None and not row.deleted]
    made = renderings.render(session, format_, missing, issuer=issuer) if missing else {}
    plain = b"".join(
        oai_record.record(row.header, b"" if row.deleted else row.content or made[row.resource_id]) for row in rows
    )
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return {
        "prefix": format_.prefix,
        "first": rows[0].change,
        "last": rows[-1].change,
        "count": len(rows),
        "size": len(plain),
        "crc": zlib.crc32(plain),
        "revision": revision,
        "content": packer.compress(plain) + packer.flush(zlib.Z_FULL_FLUSH),
    }


def _write(session: Session, blocks: Sequence[Mapping[str, Any]]) -> None:
    """Of two workers who pack the same the first wins."""
    if blocks:
        insert = (sqlite if is_sqlite(session) else postgresql).insert
        session.connection().execute(insert(Block).on_conflict_do_nothing(), list(blocks))
