"""What was made of files to be shown beside them, and of which files nothing is known yet."""

from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from oer.models import Derivative, OaiRecord, Previewed, VersionFile
from oer.queries import texts
from oer.queries.texts import Place, Unread

_BATCH = 500


def unseen(
    session: Session, *, after: Place, revision: int, kinds: Sequence[str], beginnings: Sequence[str], limit: int
) -> Sequence[Unread]:
    """Files that no maker of this revision has looked into, behind a place, in that order. ``kinds``: their media
    types, and ``beginnings`` those of others.
    """
    known = sa.exists().where(col(Previewed.key) == VersionFile.key, col(Previewed.revision) >= revision)
    place = (OaiRecord.change, VersionFile.position)
    columns = (*place, VersionFile.key, VersionFile.name, VersionFile.media_type, VersionFile.size)
    media_type = col(VersionFile.media_type)
    wanted = sa.or_(media_type.in_(kinds), *(media_type.startswith(one) for one in beginnings))
    query = texts.of_open(*columns).where(sa.tuple_(*place) > sa.tuple_(*after), wanted, ~known)
    rows = session.connection().execute(query.order_by(*place).limit(limit))
    return [Unread._make(row) for row in rows]


def batched(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many as one statement takes: PostgreSQL has 65,535 parameters."""
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))


def is_known(session: Session, *, key: str, revision: int) -> bool:
    query = select(Previewed.key).where(Previewed.key == key, Previewed.revision >= revision)
    return session.exec(query).first() is not None


def of(
    session: Session, *, keys: Sequence[str], kinds: Sequence[str] | None = None
) -> Mapping[str, Sequence[Derivative]]:
    """What was made of these bytes, or of these ``kinds`` of it, by their key: each kind together, pages in order."""
    found: dict[str, list[Derivative]] = {}
    for some in batched(sorted(set(keys))):
        query = select(Derivative).where(col(Derivative.source).in_(some))
        if kinds is not None:
            query = query.where(col(Derivative.kind).in_(kinds))
        for row in session.exec(query.order_by(col(Derivative.kind), col(Derivative.number))):
            found.setdefault(row.source, []).append(row)
    return found


def lights(session: Session, *, keys: Sequence[str]) -> Mapping[str, Derivative]:
    """Light variants of these bytes, by their key."""
    return {key: each[0] for key, each in of(session, keys=keys, kinds=["light"]).items()}


def told(session: Session, *, keys: Sequence[str]) -> Mapping[str, Previewed]:
    """Pages, duration and how it went, of those of these bytes that were looked into."""
    query = select(Previewed).where(col(Previewed.key).in_(keys))
    return {row.key: row for row in session.exec(query)} if keys else {}


def one(session: Session, *, source: str, kind: str, number: int) -> Derivative | None:
    return session.get(Derivative, (source, kind, number))
