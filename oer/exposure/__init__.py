"""What the world sees of a resource: the one place that steps the change clock.

:func:`expose` and :func:`bury` are the last statements of a transaction. They write set memberships, header
bytes and the stamp; renderings and the search index are projections that follow the clock afterwards.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from metadata import oai_record
from oer import identifiers, queries
from oer.db import is_sqlite
from oer.exposure import clock, memberships
from oer.models import Institution, OaiRecord, OaiSet, Resource, SetMember
from oer.workflow import ResourceState

_BATCH = 500  # rows of one statement: SQLite allows 32,766 parameters


def expose(
    session: Session, resources: Sequence[tuple[Resource, Institution]], *, repository_id: str, now: datetime
) -> None:
    """Show these resources as they stand now, in one step of the clock. Call it last in the transaction."""
    _write(session, resources, repository_id=repository_id, deleted=False, now=now)


def bury(
    session: Session, resources: Sequence[tuple[Resource, Institution]], *, repository_id: str, now: datetime
) -> None:
    """Show these resources as deleted, for ever or until they are exposed again. Call it last."""
    _write(session, resources, repository_id=repository_id, deleted=True, now=now)


def refresh(session: Session, resource_ids: Iterable[int], *, always: bool = False, now: datetime) -> int:
    """Show those of the resources again whose sets are no longer what harvesters were told; their number. Call it last.

    Whatever touches sets without touching the resource ends here: a collection, an institution that moves, an upgrade.
    With ``always`` all of them are shown again: something else that harvesters see of them has changed.
    """
    rows = queries.resources.exposed_locked(session, resource_ids=resource_ids)
    # Held after the resources, as publishing does: a move of an institution holds that alone.
    places = queries.institutions.by_ids(session, ids=[row.institution_id for row in rows], hold=True)
    known = [(row, places[row.institution_id]) for row in rows]
    if not always:
        wanted = memberships.specs(session, known)
        told = queries.records.specs_of(session, resource_ids=list(wanted))
        known = [row for row in known if set(wanted[row[0].id or 0]) != told.get(row[0].id or 0)]
    repository_id = queries.records.repository_id(session)
    for verb, states in ((expose, {ResourceState.PUBLISHED}), (bury, set(ResourceState) - {ResourceState.PUBLISHED})):
        verb(session, [row for row in known if row[0].state in states], repository_id=repository_id, now=now)
    return len(known)


def hold_clock(session: Session) -> None:
    """Let nobody else show anything until the commit."""
    clock.turn(session, 0)


def index_again(session: Session, resource_ids: Sequence[int]) -> None:
    """Have the search look at these resources again, of which nothing changed that harvesters see. Call it last."""
    if not resource_ids:
        return
    first = clock.turn(session, len(resource_ids))
    moved = sa.update(OaiRecord).where(col(OaiRecord.resource_id) == sa.bindparam("which"))
    rows = [{"which": one, "revised": first + at} for at, one in enumerate(resource_ids)]
    session.connection().execute(moved.values(revision=sa.bindparam("revised")), rows)


def _write(
    session: Session,
    resources: Sequence[tuple[Resource, Institution]],
    *,
    repository_id: str,
    deleted: bool,
    now: datetime,
) -> None:
    if not resources:
        return
    session.flush()
    specs_of = memberships.specs(session, resources)
    before = queries.records.members_of(session, resource_ids=list(specs_of))
    # From here on every other publication waits: nothing that could be done before belongs below this line.
    tick = clock.step(session, len(resources), now=now)
    ids = _set_ids(session, specs_of.values())
    records: list[dict[str, Any]] = []
    members: list[dict[str, Any]] = []
    for at, (resource, _) in enumerate(resources):
        change, resource_id, specs = tick.first + at, resource.id or 0, specs_of[resource.id or 0]
        name = identifiers.oai_identifier(repository_id, resource.public_id)
        header = oai_record.header(name, tick.stamp, memberships.shown(specs), deleted)
        records.append(
            {
                "resource_id": resource_id,
                "change": change,
                "revision": tick.revision + at,
                "stamp": tick.stamp,
                "deleted": deleted,
                "header": header,
            }
        )
        # Sets that it has left stay, for ever: to their harvesters it is deleted.
        present = dict.fromkeys(before.get(resource_id, ()), False) | {ids[spec]: True for spec in specs}
        members.extend(
            {"set_id": set_id, "change": change, "resource_id": resource_id, "present": there}
            for set_id, there in present.items()
        )
    _upsert(session, OaiRecord, records, key=("resource_id",))
    for batch in _batches(list(before)):
        session.connection().execute(sa.delete(SetMember).where(col(SetMember.resource_id).in_(batch)))
    session.connection().execute(sa.insert(SetMember), members)


def _set_ids(session: Session, wanted: Iterable[Iterable[str]]) -> dict[str, int]:
    """Spec → number; what is new gets one. Under the clock's lock, so no two make the same."""
    specs = sorted({spec for specs in wanted for spec in specs})
    known: dict[str, int] = {}
    for batch in _batches(specs):
        known |= queries.records.set_ids(session, specs=batch)
    new = [{"spec": spec} for spec in specs if spec not in known]
    if new:
        session.connection().execute(sa.insert(OaiSet), new)
        for batch in _batches([row["spec"] for row in new]):
            known |= queries.records.set_ids(session, specs=batch)
    return known


def _upsert(session: Session, table: type[Any], rows: Sequence[dict[str, Any]], *, key: tuple[str, ...]) -> None:
    statement = (sqlite if is_sqlite(session) else postgresql).insert(table)
    news = {name: statement.excluded[name] for name in rows[0] if name not in key}
    # One statement for all rows and all times: with their values in it, it would be compiled anew each time.
    session.connection().execute(statement.on_conflict_do_update(index_elements=list(key), set_=news), list(rows))


def _batches(rows: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH))


def is_fixed(session: Session) -> bool:
    """Whether the repository's identity is out in the world: something was published under it."""
    return queries.records.any_published(session)
