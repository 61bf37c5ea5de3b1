"""Collections, their units and items."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from oer.models import Collection, CollectionItem, CollectionUnit, Draft, Institution, Resource, Version
from oer.queries import reach
from oer.queries.reach import Reach
from oer.workflow import CollectionState, ResourceState


class Entry(NamedTuple):
    """An item with its resource, and the record of that: of its current version, or of the draft of the first."""

    unit_id: int
    note: str
    resource_id: int
    public_id: str
    state: str
    record: str | None


class Place(NamedTuple):
    """An item, and which resource it is."""

    unit_id: int
    note: str
    resource_id: int
    public_id: str


class Placed(NamedTuple):
    """Who put a resource into a collection, and when."""

    public_id: str
    added_by: int | None
    added: datetime


class Counts(NamedTuple):
    """``shown``: items whose resources are published."""

    units: int = 0
    items: int = 0
    shown: int = 0


def by_public_id(session: Session, *, public_id: str) -> Collection | None:
    return session.exec(select(Collection).where(Collection.public_id == public_id)).one_or_none()


def locked(session: Session, *, public_id: str) -> Collection | None:
    """The collection with its row held until the commit: every write to it, its units or items comes here first."""
    query = select(Collection).where(Collection.public_id == public_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def units(session: Session, *, collection_id: int) -> Sequence[CollectionUnit]:
    query = select(CollectionUnit).where(CollectionUnit.collection_id == collection_id)
    return session.exec(query.order_by(col(CollectionUnit.position))).all()


def entries(session: Session, *, collection_id: int, shown: bool) -> Sequence[Entry]:
    """All items in the order of their units and places; with ``shown`` those that are published only."""
    current = sa.and_(col(Version.resource_id) == Resource.id, col(Version.number) == Resource.number)
    first = sa.and_(col(Draft.resource_id) == Resource.id, col(Resource.number) == 0)
    query: Any = (
        sa.select(  # type: ignore[call-overload]
            CollectionItem.unit_id,
            CollectionItem.note,
            Resource.id,
            Resource.public_id,
            Resource.state,
            sa.func.coalesce(Version.record, Draft.record),
        )
        .select_from(CollectionItem)
        .join(Resource, col(Resource.id) == CollectionItem.resource_id)
        .join(CollectionUnit, col(CollectionUnit.id) == CollectionItem.unit_id)
        .outerjoin(Version, current)
        .outerjoin(Draft, first)
        .where(col(CollectionItem.collection_id) == collection_id)
        .order_by(col(CollectionUnit.position), col(CollectionItem.position))
    )
    if shown:
        query = query.where(col(Resource.state) == ResourceState.PUBLISHED)
    return [Entry._make(row) for row in session.connection().execute(query)]


def shown(session: Session, *, collection_id: int) -> Sequence[Place]:
    """Where its published resources stand, in the order of their units and places."""
    query: Any = (
        sa.select(col(CollectionItem.unit_id), col(CollectionItem.note), col(Resource.id), col(Resource.public_id))
        .join(Resource, col(Resource.id) == CollectionItem.resource_id)
        .join(CollectionUnit, col(CollectionUnit.id) == CollectionItem.unit_id)
        .where(col(CollectionItem.collection_id) == collection_id)
        .where(col(Resource.state) == ResourceState.PUBLISHED)
        .order_by(col(CollectionUnit.position), col(CollectionItem.position))
    )
    return [Place._make(row) for row in session.connection().execute(query)]


def first(session: Session, *, collection_ids: Sequence[int], most: int) -> Mapping[int, Sequence[tuple[int, str]]]:
    """Collection → its first published resources, at most so many: their ids and their public ids."""
    place = (
        sa.func.row_number()
        .over(
            partition_by=col(CollectionItem.collection_id),
            order_by=(col(CollectionUnit.position), col(CollectionItem.position)),
        )
        .label("place")
    )
    numbered = (
        sa.select(col(CollectionItem.collection_id), col(Resource.id), col(Resource.public_id), place)
        .join(Resource, col(Resource.id) == CollectionItem.resource_id)
        .join(CollectionUnit, col(CollectionUnit.id) == CollectionItem.unit_id)
        .where(col(CollectionItem.collection_id).in_(collection_ids))
        .where(col(Resource.state) == ResourceState.PUBLISHED)
        .subquery()
    )
    query: Any = sa.select(*list(numbered.c)[:3]).where(numbered.c.place <= most).order_by(numbered.c.place)
    found: dict[int, list[tuple[int, str]]] = {}
    for collection_id, resource_id, public_id in session.connection().execute(query):
        found.setdefault(collection_id, []).append((resource_id, public_id))
    return found


def unseen(session: Session, *, collection_id: int) -> Sequence[tuple[Resource, Institution]]:
    """Those of its resources that are not published."""
    query = (
        select(Resource, Institution)
        .join(Institution, col(Institution.id) == Resource.institution_id)
        .join(CollectionItem, col(CollectionItem.resource_id) == Resource.id)
        .where(CollectionItem.collection_id == collection_id, Resource.state != ResourceState.PUBLISHED)
    )
    return session.exec(query).all()


def item(session: Session, *, collection_id: int, resource_id: int) -> CollectionItem | None:
    query = select(CollectionItem).where(
        CollectionItem.collection_id == collection_id, CollectionItem.resource_id == resource_id
    )
    return session.exec(query).one_or_none()


def placed(session: Session, *, collection_id: int) -> Sequence[Placed]:
    query = (
        sa.select(Resource.public_id, CollectionItem.added_by, CollectionItem.added)  # type: ignore[call-overload]
        .join(Resource, col(Resource.id) == CollectionItem.resource_id)
        .where(col(CollectionItem.collection_id) == collection_id)
    )
    return [Placed._make(row) for row in session.connection().execute(query)]


def item_count(session: Session, *, collection_id: int) -> int:
    query = select(sa.func.count()).select_from(CollectionItem)
    return session.exec(query.where(CollectionItem.collection_id == collection_id)).one()


def last_position(session: Session, *, unit_id: int) -> int:
    """0 in an empty unit."""
    query = select(sa.func.max(CollectionItem.position)).where(CollectionItem.unit_id == unit_id)
    return session.exec(query).one() or 0


def resources(session: Session, *, public_ids: Iterable[str]) -> Sequence[tuple[Resource, Institution]]:
    """These resources. Those that were never published, and could be discarded, are kept until the commit."""
    wanted = col(Resource.public_id).in_(list(public_ids))
    # In one order, so that no two wait for each other.
    never = select(Resource.id).where(wanted, Resource.number == 0).order_by(col(Resource.id))
    session.exec(never.with_for_update(read=True)).all()
    query = select(Resource, Institution).join(Institution, col(Institution.id) == Resource.institution_id)
    return session.exec(query.where(wanted).execution_options(populate_existing=True)).all()


def all_published(session: Session) -> Sequence[Collection]:
    return session.exec(select(Collection).where(Collection.state == CollectionState.PUBLISHED)).all()


def published_count(session: Session) -> int:
    query = select(sa.func.count()).select_from(Collection)
    return session.exec(query.where(Collection.state == CollectionState.PUBLISHED)).one()


def resource_ids(session: Session, *, collection_id: int) -> Sequence[int]:
    return session.exec(select(CollectionItem.resource_id).where(CollectionItem.collection_id == collection_id)).all()


def published_with(session: Session, *, resource_ids: Iterable[int]) -> dict[int, list[str]]:
    """Resource → the public ids of the published collections that it is in."""
    query = (
        sa.select(CollectionItem.resource_id, Collection.public_id)  # type: ignore[call-overload]
        .join(Collection, col(Collection.id) == CollectionItem.collection_id)
        .where(
            col(CollectionItem.resource_id).in_(list(resource_ids)), col(Collection.state) == CollectionState.PUBLISHED
        )
        .order_by(col(Collection.public_id))
    )
    found: dict[int, list[str]] = {}
    for resource_id, public_id in session.connection().execute(query):
        found.setdefault(resource_id, []).append(public_id)
    return found


def any_of(session: Session, *, institution_id: int) -> bool:
    query = select(Collection.id).where(Collection.institution_id == institution_id).limit(1)
    return session.exec(query).first() is not None


def published(
    session: Session,
    *,
    after: int | None = None,
    within: str | None = None,
    containing: int | None = None,
    limit: int,
) -> Sequence[tuple[Collection, Institution]]:
    """Published collections, the newest first, from behind the id ``after``.

    ``within`` is the path of an institution: its branch of the tree only. ``containing`` is the id of a resource.
    """
    query = _list(after, within, containing, limit).where(col(Collection.state) == CollectionState.PUBLISHED)
    return [(collection, institution) for collection, institution in session.exec(query)]


def drafts(
    session: Session,
    *,
    of: Reach,
    after: int | None = None,
    within: str | None = None,
    containing: int | None = None,
    limit: int,
) -> Sequence[tuple[Collection, Institution]]:
    """Drafts that somebody may edit; otherwise as :func:`published`."""
    query = _list(after, within, containing, limit).where(col(Collection.state) == CollectionState.DRAFT)
    query = query.where(reach.condition(of, author=col(Collection.author_id)))
    return [(collection, institution) for collection, institution in session.exec(query)]


def _list(after: int | None, within: str | None, containing: int | None, limit: int) -> Any:
    query = (
        sa.select(Collection, Institution)
        .join(Institution, col(Institution.id) == Collection.institution_id)
        .order_by(col(Collection.id).desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(col(Collection.id) < after)
    if within is not None:
        query = query.where(col(Institution.path).startswith(within, autoescape=True))
    if containing is not None:
        held = sa.select(CollectionItem.collection_id).where(col(CollectionItem.resource_id) == containing)  # type: ignore[call-overload]
        query = query.where(col(Collection.id).in_(held))
    return query


def counts(session: Session, *, collection_ids: Sequence[int]) -> dict[int, Counts]:
    """By collection id; two queries for a whole page."""
    of_units = (
        sa.select(CollectionUnit.collection_id, sa.func.count())  # type: ignore[call-overload]
        .where(col(CollectionUnit.collection_id).in_(collection_ids))
        .group_by(CollectionUnit.collection_id)
    )
    published_ones = sa.case((col(Resource.state) == ResourceState.PUBLISHED, 1), else_=0)
    of_items = (
        sa.select(CollectionItem.collection_id, sa.func.count(), sa.func.sum(published_ones))  # type: ignore[call-overload]
        .join(Resource, col(Resource.id) == CollectionItem.resource_id)
        .where(col(CollectionItem.collection_id).in_(collection_ids))
        .group_by(CollectionItem.collection_id)
    )
    connection = session.connection()
    in_units = {row[0]: row[1] for row in connection.execute(of_units)}
    in_items = {row[0]: (row[1], int(row[2])) for row in connection.execute(of_items)}
    return {one: Counts(in_units.get(one, 0), *in_items.get(one, (0, 0))) for one in collection_ids}
