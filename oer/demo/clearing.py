"""The demonstration is taken away: what it made goes without a trace, what people have made since stays.

First everything is withdrawn, so that searches and harvesters see it go; then the rows go too, which nothing else in
this repository can do to what was ever published. The audit log stays, and bytes go with the next sweep.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col

from oer import collections, exposure, institutions, publishing, queries
from oer.db import reading, transaction
from oer.demo import MAKER, PREFIX
from oer.installation import Installation
from oer.models import Announcement, Collection, Institution, OaiSet, Resource, SetMember
from oer.workflow import ResourceState


@dataclass(frozen=True, slots=True)
class Inventory:
    """What there is of the demonstration: slugs of institutions, public ids of the rest.

    ``kept_…`` stay: people have put something of their own there, or have gone on with it.
    """

    institutions: Sequence[str] = ()
    resources: Sequence[str] = ()
    collections: Sequence[str] = ()
    kept_institutions: Sequence[str] = ()
    kept_resources: Sequence[str] = ()
    kept_collections: Sequence[str] = ()

    @property
    def nothing(self) -> bool:
        return not (self.institutions or self.kept_institutions)


@dataclass(frozen=True, slots=True)
class _Rows:
    going: Inventory
    places: Sequence[Institution]
    resources: Sequence[Resource]
    collections: Sequence[Collection]


def seen(found: Installation) -> Inventory:
    """What would go, and what would stay."""
    with reading(found.engine) as session:
        return _rows(session).going


def clear(found: Installation, *, settled: Callable[[], None]) -> Inventory:
    """Take it away; what went and what stayed. ``settled`` waits until the search has seen what was withdrawn.

    Broken off anywhere, it goes on where it was when it is called again.
    """
    with transaction(found.engine) as session:
        shelves = _withdraw(session, found)
    settled()
    with transaction(found.engine) as session:
        rows = _rows(session)
        _erase(session, rows, found)
    return replace(rows.going, collections=shelves)


def _rows(session: Session) -> _Rows:
    places = queries.demo.all_made(session, maker=MAKER.name, prefix=PREFIX)
    ids = {place.id or 0 for place in places}
    made = queries.demo.resources(session, maker=MAKER.name, institution_ids=ids)
    begun = queries.demo.collections(session, maker=MAKER.name, institution_ids=ids)
    worked_on = queries.demo.worked_on(session, resources=made, maker=MAKER.name)
    rearranged = queries.demo.rearranged(session, collections=begun, maker=MAKER.name)
    resources = [one for one in made if one.public_id not in worked_on]
    shelves = [one for one in begun if one.public_id not in rearranged]
    occupied = queries.demo.occupied(
        session,
        institution_ids=ids,
        resource_ids={one.id or 0 for one in resources},
        collection_ids={one.id or 0 for one in shelves},
    )
    kept = occupied | {above for place in places if place.id in occupied for above in place.ancestors}
    going = Inventory(
        institutions=[place.slug for place in places if place.id not in kept],
        resources=[one.public_id for one in resources],
        collections=[one.public_id for one in shelves],
        kept_institutions=[place.slug for place in places if place.id in kept],
        kept_resources=sorted(worked_on),
        kept_collections=sorted(rearranged),
    )
    return _Rows(going, places, resources, shelves)


def _withdraw(session: Session, found: Installation) -> Sequence[str]:
    """Out of sight, the collections for good: these. All rows are held before the clock is."""
    now, repository_id = found.now(), found.repository_id
    rows = _rows(session)
    ids = {one.id or 0 for one in rows.resources}
    elsewhere = queries.demo.holding(session, resource_ids=ids, but={one.id or 0 for one in rows.collections})
    for public_id in sorted({*rows.going.collections, *(shelf for shelf, _ in elsewhere)}):
        queries.collections.locked(session, public_id=public_id)
    queries.resources.exposed_locked(session, resource_ids=ids)
    for shelf, resource in elsewhere:
        collections.take_out(session, MAKER, shelf, resource, now=now)
    for public_id in rows.going.collections:
        collections.remove(session, MAKER, public_id, now=now)
    for one in rows.resources:
        if one.state in (ResourceState.PUBLISHED, ResourceState.HIDDEN):
            publishing.withdraw(
                session, MAKER, one.public_id, reason="other", note="", repository_id=repository_id, now=now
            )
    return rows.going.collections


def _erase(session: Session, rows: _Rows, found: Installation) -> None:
    held = queries.resources.exposed_locked(session, resource_ids=[one.id or 0 for one in rows.resources])
    going = [one.id for one in held if one.state == ResourceState.WITHDRAWN]
    _delete(session, _table(Resource), col(Resource.id).in_(going))
    session.expire_all()
    for slug in reversed(rows.going.institutions):
        place = institutions.find(session, slug)
        for table, column in _traces():
            session.connection().execute(sa.delete(table).where(column == place.id))
        institutions.remove(session, MAKER, place, now=found.now())
        session.flush()
    exposure.hold_clock(session)  # sets come into being under it
    empty = ~sa.exists().where(col(SetMember.set_id) == col(OaiSet.id))
    session.connection().execute(sa.delete(OaiSet).where(empty))


def _delete(session: Session, table: sa.Table, which: sa.ColumnElement[bool]) -> None:
    """Rows, and first all that refer to them, through any table that there is or will be."""
    for other, column, referred in _references(table):
        _delete(session, other, column.in_(sa.select(referred).where(which)))
    session.connection().execute(sa.delete(table).where(which))


def _references(table: sa.Table) -> list[tuple[sa.Table, sa.Column[object], sa.Column[object]]]:
    return [
        (other, key.parent, key.column)
        for other in SQLModel.metadata.sorted_tables
        for key in other.foreign_keys
        if key.column.table is table and other is not table
    ]


def _traces() -> list[tuple[sa.Table, sa.Column[object]]]:
    """What refers to an institution without being anybody's work: roles, invitations, figures."""
    works = {_table(one) for one in (Institution, Resource, Collection, Announcement)}
    return [(other, column) for other, column, _ in _references(_table(Institution)) if other not in works]


def _table(model: type[SQLModel]) -> sa.Table:
    found: sa.Table = SQLModel.metadata.tables[str(model.__tablename__)]
    return found
