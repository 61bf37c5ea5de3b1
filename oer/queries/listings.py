"""Resources with their files as lists of addresses show them, walked by ``change`` as harvesters walk records.

Within ``after < change <= upto`` such a walk only ever loses rows: what changes moves to the end of all. A part that
was small enough once stays so, and nobody who goes on behind its end misses anything.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from oer.models import Identity, OaiRecord, Resource, Version, VersionFile


class Listed(NamedTuple):
    """A resource that was ever published. ``deleted``: hidden or withdrawn; ``first``: when it was first published."""

    change: int
    stamp: datetime
    deleted: bool
    resource_id: int
    public_id: str
    number: int
    access: str
    first: datetime


class Edition(NamedTuple):
    """A version of a resource; ``record`` is its stored text."""

    resource_id: int
    number: int
    published: datetime
    record: str


class Named(NamedTuple):
    """A file of a version. ``key`` is the sha256 of its bytes, ``published`` when the version was."""

    resource_id: int
    number: int
    published: datetime
    name: str
    key: str
    media_type: str
    size: int


def weights(session: Session, *, after: int, upto: int | None = None, limit: int) -> Sequence[tuple[int, int]]:
    """(change, weight) of what follows ``after``, as far as ``upto``, in order.

    The weight is how many addresses the resource can have in a list at most: itself, and its files of all versions.
    """
    files = (
        sa.select(sa.func.count())
        .select_from(Version)
        .join(VersionFile, col(VersionFile.version_id) == Version.id)
        .where(col(Version.resource_id) == OaiRecord.resource_id)
        .scalar_subquery()
    )
    query = sa.select(OaiRecord.change, 1 + files).where(*_between(after, upto))  # type: ignore[call-overload]
    query = query.order_by(col(OaiRecord.change)).limit(limit)
    return session.connection().execute(query).all()


def walk(session: Session, *, after: int, upto: int | None = None, live: bool = False, limit: int) -> Sequence[Listed]:
    """The resources of this part in the order of their changes; ``live`` leaves out what is deleted."""
    query = (
        sa.select(  # type: ignore[call-overload]
            OaiRecord.change,
            OaiRecord.stamp,
            OaiRecord.deleted,
            OaiRecord.resource_id,
            Resource.public_id,
            Resource.number,
            Resource.access,
            Resource.published,
        )
        .join(Resource, col(Resource.id) == OaiRecord.resource_id)
        .where(*_between(after, upto))
        .order_by(col(OaiRecord.change))
        .limit(limit)
    )
    if live:
        query = query.where(col(OaiRecord.deleted).is_(False))
    return [Listed._make(row) for row in session.connection().execute(query)]


def _between(after: int, upto: int | None) -> list[Any]:
    change = col(OaiRecord.change)
    return [change > after] if upto is None else [change > after, change <= upto]


# Built once: an index asks for each of its hundreds of parts.
_LAST = sa.select(OaiRecord.stamp).order_by(col(OaiRecord.change).desc()).limit(1)  # type: ignore[call-overload]
_LAST_UPTO = _LAST.where(col(OaiRecord.change) <= sa.bindparam("upto"))
_LAST_WITHIN = _LAST_UPTO.where(col(OaiRecord.change) > sa.bindparam("after"))
_LAST_LIVE_WITHIN = _LAST_WITHIN.where(col(OaiRecord.deleted).is_(False))
_END = 2**63 - 1


def stamp_at(session: Session, *, change: int | None = None) -> datetime | None:
    """When the last thing happened that is still the last of its resource, up to ``change`` or at all."""
    found: datetime | None
    found = session.connection().execute(_LAST_UPTO, {"upto": _END if change is None else change}).scalar()
    return found


def last_within(session: Session, *, after: int, upto: int | None, live: bool) -> datetime | None:
    """When the last thing of this part happened; None where there is nothing in it, or nothing alive if ``live``."""
    wanted = {"after": after, "upto": _END if upto is None else upto}
    found: datetime | None
    found = session.connection().execute(_LAST_LIVE_WITHIN if live else _LAST_WITHIN, wanted).scalar()
    return found


def began(session: Session) -> datetime:
    """When this repository was made: nothing changed before."""
    return session.exec(select(Identity.created)).one()


def editions(session: Session, *, resource_ids: Iterable[int]) -> dict[int, list[Edition]]:
    """All versions of these resources, by resource and in order."""
    query = sa.select(Version.resource_id, Version.number, Version.published, Version.record)  # type: ignore[call-overload]
    query = query.where(col(Version.resource_id).in_(list(resource_ids)))
    found: dict[int, list[Edition]] = {}
    for row in session.connection().execute(query.order_by(col(Version.resource_id), col(Version.number))):
        found.setdefault(row[0], []).append(Edition._make(row))
    return found


def files(session: Session, *, resource_ids: Iterable[int], current: bool) -> dict[int, list[Named]]:
    """Files of all versions of these resources, or of the ``current`` ones only; by resource, in order."""
    query = (
        sa.select(  # type: ignore[call-overload]
            Version.resource_id,
            Version.number,
            Version.published,
            VersionFile.name,
            VersionFile.key,
            VersionFile.media_type,
            VersionFile.size,
        )
        .join(VersionFile, col(VersionFile.version_id) == Version.id)
        .where(col(Version.resource_id).in_(list(resource_ids)))
        .order_by(col(Version.resource_id), col(Version.number), col(VersionFile.position))
    )
    if current:
        live = sa.and_(col(Resource.id) == Version.resource_id, col(Resource.number) == Version.number)
        query = query.join(Resource, live)
    found: dict[int, list[Named]] = {}
    for row in session.connection().execute(query):
        found.setdefault(row[0], []).append(Named._make(row))
    return found
