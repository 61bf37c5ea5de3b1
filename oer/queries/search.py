"""What the search index is made from, read by column: a million records pass here when it is built."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from oer.models import FileText, Institution, OaiRecord, Resource, UsageTotal, Version, VersionFile


class Indexable(NamedTuple):
    """A resource that was ever published, as of ``revision``. ``record`` is the stored text of its current version,
    ``used`` how often it was seen and taken in a year, about.
    """

    revision: int
    deleted: bool
    resource_id: int
    public_id: str
    access: str
    published: datetime
    institution_id: int
    version_id: int
    record: str
    used: int


class Kept(NamedTuple):
    """A file of a version, as far as results are counted by it. ``texts``: whether words were found in it."""

    key: str
    name: str
    media_type: str
    size: int
    role: str
    language: str | None
    texts: bool


class Place(NamedTuple):
    """An institution: the ids from the root down (``/1/7/``), and its names by language."""

    path: str
    names: dict[str, str]


def changed(session: Session, *, after: int, limit: int) -> Sequence[Indexable]:
    """What changed behind ``after``, in that order."""
    query = (
        sa.select(  # type: ignore[call-overload]
            OaiRecord.revision,
            OaiRecord.deleted,
            OaiRecord.resource_id,
            Resource.public_id,
            Resource.access,
            Resource.published,
            Resource.institution_id,
            Version.id,
            Version.record,
            sa.func.coalesce(col(UsageTotal.ranked), 0),
        )
        .join(Resource, col(Resource.id) == OaiRecord.resource_id)
        .join(Version, sa.and_(col(Version.resource_id) == Resource.id, col(Version.number) == Resource.number))
        .outerjoin(UsageTotal, col(UsageTotal.resource_id) == OaiRecord.resource_id)
        .where(col(OaiRecord.revision) > after)
        .order_by(col(OaiRecord.revision))
        .limit(limit)
    )
    return [Indexable._make(row) for row in session.connection().execute(query)]


def files(session: Session, *, version_ids: Iterable[int]) -> dict[int, list[Kept]]:
    """The files of these versions, by version."""
    texts = sa.and_(col(FileText.key) == VersionFile.key, col(FileText.state) == "text")
    query: Any = sa.select(  # type: ignore[call-overload]
        VersionFile.version_id,
        VersionFile.key,
        VersionFile.name,
        VersionFile.media_type,
        VersionFile.size,
        VersionFile.role,
        VersionFile.language,
        col(FileText.key).is_not(None),
    ).outerjoin(FileText, texts)
    wanted = query.where(col(VersionFile.version_id).in_(list(version_ids))).order_by(
        VersionFile.version_id, VersionFile.position
    )
    found: dict[int, list[Kept]] = {}
    for version_id, *told in session.connection().execute(wanted):
        found.setdefault(version_id, []).append(Kept._make(told))
    return found


def places(session: Session, *, institution_ids: Iterable[int]) -> dict[int, Place]:
    query = sa.select(Institution.id, Institution.path, Institution.names)  # type: ignore[call-overload]
    rows = session.connection().execute(query.where(col(Institution.id).in_(list(institution_ids))))
    return {institution_id: Place(path, names) for institution_id, path, names in rows}
