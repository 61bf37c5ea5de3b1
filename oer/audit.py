"""The append-only log of deeds: written with the deed, sealed into a hash chain soon after.

Sealing inside every deed would make all writers queue for the end of the chain; a job seals what has been
committed, in order, and :func:`verify` tells the first entry inside the chain that was altered, removed or added
later. That the newest entries were cut off cannot be told from inside the same database.
"""

import hashlib
import json
from datetime import datetime
from typing import Any, Protocol

from sqlmodel import Session

from oer import queries
from oer.models import AuditEntry

_FIRST = "0" * 64


class Doer(Protocol):
    """Whoever acts; ``oer.policy.Actor`` is one."""

    @property
    def person_id(self) -> int | None: ...
    @property
    def name(self) -> str: ...


def write(
    session: Session,
    actor: Doer,
    action: str,
    *,
    kind: str,
    object_id: str,
    institution_id: int | None = None,
    now: datetime,
    **details: Any,
) -> None:
    """One entry, in the caller's transaction. ``details`` must be JSON; no secrets, no whole records."""
    session.add(
        AuditEntry(
            at=now,
            person_id=actor.person_id,
            by=actor.name,
            action=action,
            object_kind=kind,
            object_id=object_id,
            institution_id=institution_id,
            details=details,
        )
    )


def seal(session: Session, *, limit: int = 1000) -> int:
    """Chain up to ``limit`` unsealed entries; the number sealed. Call it from one worker at a time."""
    last = queries.audit.last_sealed(session)
    sequence, previous = (last.sequence or 0, last.seal or _FIRST) if last else (0, _FIRST)
    entries = queries.audit.unsealed(session, limit=limit)
    for entry in entries:
        sequence += 1
        previous = _seal_of(entry, sequence, previous)
        entry.sequence, entry.seal = sequence, previous
        session.add(entry)
    return len(entries)


def verify(session: Session) -> int | None:
    """The sequence number of the first sealed entry that does not fit the chain, or None where all fit."""
    sequence, previous = 0, _FIRST
    while entries := queries.audit.sealed(session, after=sequence, limit=1000):
        for entry in entries:
            sequence += 1
            if entry.sequence != sequence or entry.seal != _seal_of(entry, sequence, previous):
                return sequence
            previous = entry.seal
    return None


def _seal_of(entry: AuditEntry, sequence: int, previous: str) -> str:
    content = [
        previous,
        sequence,
        entry.at.isoformat(),
        entry.person_id,
        entry.by,
        entry.action,
        entry.object_kind,
        entry.object_id,
        entry.institution_id,
        entry.details,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
