"""The audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from oer.models import AuditEntry, Institution, Person
from oer.queries import reach
from oer.queries.reach import Reach


def of_object(session: Session, *, kind: str, object_id: str) -> Sequence[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.object_kind == kind, AuditEntry.object_id == object_id)
    return session.exec(query.order_by(col(AuditEntry.id))).all()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries to list: all that is None does not matter. ``start <= at < end``; ``within`` is a path.

    ``email`` is the person's as it is now; ``by`` what the entry calls whoever acted, ``operator`` for one.
    """

    person_id: int | None = None
    email: str | None = None
    by: str | None = None
    kind: str | None = None
    object_id: str | None = None
    action: str | None = None
    within: str | None = None
    start: datetime | None = None
    end: datetime | None = None


def listed(
    session: Session, *, seen_by: Reach, wanted: Wanted, before: int | None = None, limit: int
) -> Sequence[tuple[AuditEntry, Institution | None, Person | None]]:
    """Entries of the branches that the person manages (all, for administrators), the newest first."""
    query: Any = (
        sa.select(AuditEntry, Institution, Person)
        .outerjoin(Institution, col(Institution.id) == AuditEntry.institution_id)
        .outerjoin(Person, col(Person.id) == AuditEntry.person_id)
        .order_by(col(AuditEntry.id).desc())
        .limit(limit)
    )
    if not seen_by.everywhere:
        query = query.where(reach.managed(seen_by, path=col(Institution.path)))
    for column, value in (
        (AuditEntry.person_id, wanted.person_id),
        (Person.email, wanted.email),
        (AuditEntry.by, wanted.by),
        (AuditEntry.object_kind, wanted.kind),
        (AuditEntry.object_id, wanted.object_id),
        (AuditEntry.action, wanted.action),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.within is not None:
        query = query.where(col(Institution.path).startswith(wanted.within, autoescape=True))
    if wanted.start is not None:
        query = query.where(col(AuditEntry.at) >= wanted.start)
    if wanted.end is not None:
        query = query.where(col(AuditEntry.at) < wanted.end)
    if before is not None:
        query = query.where(col(AuditEntry.id) < before)
    return [tuple(row) for row in session.exec(query)]


def unsealed(session: Session, *, limit: int) -> Sequence[AuditEntry]:
    """Committed entries that the chain does not hold yet, oldest first, held until the commit."""
    query = select(AuditEntry).where(col(AuditEntry.sequence).is_(None)).order_by(col(AuditEntry.id)).limit(limit)
    return session.exec(query.with_for_update()).all()


def last_sealed(session: Session) -> AuditEntry | None:
    query = select(AuditEntry).where(col(AuditEntry.sequence).is_not(None))
    return session.exec(query.order_by(col(AuditEntry.sequence).desc()).limit(1)).first()


def sealed(session: Session, *, after: int, limit: int) -> Sequence[AuditEntry]:
    query = select(AuditEntry).where(col(AuditEntry.sequence) > after)
    return session.exec(query.order_by(col(AuditEntry.sequence)).limit(limit)).all()
