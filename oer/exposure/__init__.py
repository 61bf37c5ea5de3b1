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
from oer.models import Institution, OaiRecord, Resource, SetMember

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
    specs_of: dict[int, list[str]] = {}
    for _, institution in resources:
        if institution.id is not None and institution.id not in specs_of:
            specs_of[institution.id] = memberships.institution_specs(session, institution)
    # From here on every other publication waits: nothing that could be done before belongs below this line.
    tick = clock.step(session, len(resources), now=now)
    records: list[dict[str, Any]] = []
    members: list[dict[str, Any]] = []
    for change, (resource, institution) in enumerate(resources, tick.first):
        specs = specs_of[institution.id or 0]
        name = identifiers.oai_identifier(repository_id, resource.public_id)
        header = oai_record.header(name, tick.stamp, specs, deleted)
        records.append(
            {
                "resource_id": resource.id,
                "change": change,
                "stamp": tick.stamp,
                "deleted": deleted,
                "header": header,
            }
        )
        members.extend({"resource_id": resource.id, "spec": spec, "change": change, "present": True} for spec in specs)
    _leave(session, records)
    _upsert(session, OaiRecord, records, key=("resource_id",))
    _upsert(session, SetMember, members, key=("resource_id", "spec"))


def _leave(session: Session, records: Sequence[dict[str, Any]]) -> None:
    """Every membership takes the new change and is over; those that go on are written again right after."""
    for batch in _batches(records):
        changes = {row["resource_id"]: row["change"] for row in batch}
        session.connection().execute(
            sa.update(SetMember)
            .where(col(SetMember.resource_id).in_(list(changes)))
            .values(present=False, change=sa.case(changes, value=col(SetMember.resource_id)))
        )


def _upsert(session: Session, table: type[Any], rows: Sequence[dict[str, Any]], *, key: tuple[str, ...]) -> None:
    insert = (sqlite if is_sqlite(session) else postgresql).insert
    for batch in _batches(rows):
        statement = insert(table).values(batch)
        news = {name: statement.excluded[name] for name in batch[0] if name not in key}
        session.connection().execute(statement.on_conflict_do_update(index_elements=list(key), set_=news))


def _batches(rows: Sequence[dict[str, Any]]) -> Iterable[Sequence[dict[str, Any]]]:
    return (rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH))


def is_fixed(session: Session) -> bool:
    """Whether the repository's identity is out in the world: something was published under it."""
    return queries.records.any_published(session)
