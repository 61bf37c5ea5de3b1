"""What the search index is made from, read by column: a million records pass here when it is built."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from oer.models import Institution, OaiRecord, Resource, Version, VersionFile


class Indexable(NamedTuple):
    """A resource that was ever published, at ``change``. ``record`` is the stored text of its current version."""

    change: int
    deleted: bool
    resource_id: int
    public_id: str
    access: str
    published: datetime
    institution_id: int
    version_id: int
    record: str


class Kept(NamedTuple):
    """A file of a version, as far as results are counted by it."""

    name: str
    media_type: str
    size: int


class Place(NamedTuple):
    """An institution: the ids from the root down (``/1/7/``), and its names by language."""

    path: str
    names: dict[str, str]


def changed(session: Session, *, after: int, limit: int) -> Sequence[Indexable]:
    """What changed behind ``after``, in that order."""
    query = (
        sa.select(  # type: ignore[call-overload]
            OaiRecord.change,
            OaiRecord.deleted,
            OaiRecord.resource_id,
            Resource.public_id,
            Resource.access,
            Resource.published,
            Resource.institution_id,
            Version.id,
            Version.record,
        )
        .join(Resource, col(Resource.id) == OaiRecord.resource_id)
        .join(Version, sa.and_(col(Version.resource_id) == Resource.id, col(Version.number) == Resource.number))
        .where(col(OaiRecord.change) > after)
        .order_by(col(OaiRecord.change))
        .limit(limit)
    )
    return [Indexable._make(row) for row in session.connection().execute(query)]


def files(session: Session, *, version_ids: Iterable[int]) -> dict[int, list[Kept]]:
    """The files of these versions, by version."""
    query = sa.select(VersionFile.version_id, VersionFile.name, VersionFile.media_type, VersionFile.size)  # type: ignore[call-overload]
    found: dict[int, list[Kept]] = {}
    rows = session.connection().execute(query.where(col(VersionFile.version_id).in_(list(version_ids))))
    for version_id, name, media_type, size in rows:
        found.setdefault(version_id, []).append(Kept(name, media_type, size))
    return found


def places(session: Session, *, institution_ids: Iterable[int]) -> dict[int, Place]:
    query = sa.select(Institution.id, Institution.path, Institution.names)  # type: ignore[call-overload]
    rows = session.connection().execute(query.where(col(Institution.id).in_(list(institution_ids))))
    return {institution_id: Place(path, names) for institution_id, path, names in rows}
