"""What goes out in bulk: current versions, drafts and tombstones, walked by keys that never come back."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from oer.models import Draft, DraftFile, Institution, OaiRecord, Resource, Version
from oer.queries import reach
from oer.queries.reach import Reach


class Current(NamedTuple):
    """A resource in its current version."""

    resource: Resource
    version: Version
    institution: Institution


class Drafted(NamedTuple):
    """A resource with its open draft."""

    resource: Resource
    draft: Draft
    institution: Institution


class Changed(NamedTuple):
    """A resource that the world has seen change."""

    change: int
    resource: Resource
    version: Version
    institution: Institution


_CURRENT = sa.and_(col(Version.resource_id) == Resource.id, col(Version.number) == Resource.number)


def current(
    session: Session, *, state: str, seen_by: Reach | None, within: str | None, after: int, limit: int
) -> Sequence[Current]:
    """Resources in this state, from behind the id ``after``: all, or what is within somebody's reach.

    ``within`` is the path of an institution: its branch of the tree only.
    """
    query: Any = (
        sa.select(Resource, Version, Institution)
        .join(Version, _CURRENT)
        .join(Institution, col(Institution.id) == Resource.institution_id)
        .where(col(Resource.state) == state)
    )
    return [Current._make(row) for row in session.exec(_page(query, seen_by, Resource.author_id, within, after, limit))]


def drafted(session: Session, *, seen_by: Reach, within: str | None, after: int, limit: int) -> Sequence[Drafted]:
    """Open drafts within somebody's reach, from behind the id of their resource."""
    query: Any = (
        sa.select(Resource, Draft, Institution)
        .join(Draft, col(Draft.resource_id) == Resource.id)
        .join(Institution, col(Institution.id) == Resource.institution_id)
    )
    return [Drafted._make(row) for row in session.exec(_page(query, seen_by, Draft.author_id, within, after, limit))]


def files_of_drafts(session: Session, *, draft_ids: Iterable[int]) -> dict[int, list[DraftFile]]:
    """Files by draft id, each list in order; one query for a whole page."""
    query = (
        select(DraftFile)
        .where(col(DraftFile.draft_id).in_(list(draft_ids)))
        .order_by(col(DraftFile.draft_id), col(DraftFile.position), col(DraftFile.id))
    )
    found: dict[int, list[DraftFile]] = {}
    for file in session.exec(query):
        found.setdefault(file.draft_id, []).append(file)
    return found


def _page(query: Any, seen_by: Reach | None, author: Any, within: str | None, after: int, limit: int) -> Any:
    query = query.where(col(Resource.id) > after).order_by(col(Resource.id)).limit(limit)
    if seen_by is not None:
        query = query.where(reach.condition(seen_by, author=author))
    if within is not None:
        query = query.where(col(Institution.path).startswith(within, autoescape=True))
    return query


def changed(session: Session, *, after: int, limit: int) -> Sequence[Changed]:
    """What was ever published, in the order of the last change that the world could see."""
    query: Any = (
        sa.select(OaiRecord.change, Resource, Version, Institution)  # type: ignore[call-overload]
        .join(Resource, col(Resource.id) == OaiRecord.resource_id)
        .join(Version, _CURRENT)
        .join(Institution, col(Institution.id) == Resource.institution_id)
        .where(col(OaiRecord.change) > after)
        .order_by(col(OaiRecord.change))
        .limit(limit)
    )
    return [Changed._make(row) for row in session.exec(query)]


def version_of_digest(session: Session, *, resource_id: int, digest: str) -> Version | None:
    """The newest version of a resource with this digest."""
    query = select(Version).where(Version.resource_id == resource_id, Version.digest == digest)
    return session.exec(query.order_by(col(Version.number).desc()).limit(1)).first()
