"""What files say: of which it is not known yet, and what was found."""

import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from oer.models import FileText, OaiRecord, Resource, Version, VersionFile


class Unread(NamedTuple):
    """A file of a resource that everybody may download, as of the resource's ``change``."""

    change: int
    position: int
    key: str
    name: str
    media_type: str
    size: int


SAYING = ("main", "extra", "caption")
"""Roles of files that are searched; the others say what another says."""


def of_open(*columns: Any) -> Any:
    """Files in the current versions of published resources that are open to everybody."""
    return (
        sa.select(*columns)
        .select_from(OaiRecord)
        .join(Resource, sa.and_(col(Resource.id) == OaiRecord.resource_id, col(Resource.access) == "open"))
        .join(Version, sa.and_(col(Version.resource_id) == Resource.id, col(Version.number) == Resource.number))
        .join(VersionFile, col(VersionFile.version_id) == Version.id)
        .where(col(OaiRecord.deleted).is_(False))
    )


def _saying(*columns: Any) -> Any:
    return of_open(*columns).where(col(VersionFile.role).in_(SAYING))


Place = tuple[int, int]
"""A change, and the position of a file in the version."""


def unread(
    session: Session, *, after: Place, revision: int, kinds: Sequence[str], beginning: str, limit: int
) -> Sequence[Unread]:
    """Files that no reader of this revision has looked into, behind a place, in that order. ``kinds``: their media
    types, and ``beginning`` that of others.
    """
    known = sa.exists().where(col(FileText.key) == VersionFile.key, col(FileText.revision) >= revision)
    place = (OaiRecord.change, VersionFile.position)
    columns = (*place, VersionFile.key, VersionFile.name, VersionFile.media_type, VersionFile.size)
    readable = sa.or_(col(VersionFile.media_type).in_(kinds), col(VersionFile.media_type).startswith(beginning))
    query = _saying(*columns).where(sa.tuple_(*place) > sa.tuple_(*after), readable, ~known)
    rows = session.connection().execute(query.order_by(*place).limit(limit))
    return [Unread._make(row) for row in rows]


def resources_with(session: Session, *, key: str) -> Sequence[int]:
    """Numbers of the resources that are found by what these bytes say."""
    query = _saying(OaiRecord.resource_id).where(col(VersionFile.key) == key).distinct()
    return [number for (number,) in session.connection().execute(query)]


def is_known(session: Session, *, key: str, revision: int) -> bool:
    query = select(FileText.key).where(FileText.key == key, FileText.revision >= revision)
    return session.exec(query).first() is not None


def with_words(session: Session, *, keys: Sequence[str]) -> set[str]:
    """Those of these bytes that say something."""
    query = select(FileText.key).where(col(FileText.key).in_(keys), FileText.state == "text")
    return set(session.exec(query).all()) if keys else set()


def text(session: Session, *, key: str) -> str:
    """What these bytes say; nothing where they have no words, or nobody has looked yet."""
    packed = session.exec(select(FileText.text).where(FileText.key == key)).one_or_none()
    return zlib.decompress(packed).decode() if packed else ""
