"""Answers kept for requests that are made again (``Idempotency-Key``, draft-ietf-httpapi-idempotency-key-header-07).

The answer is written in the transaction of the deed: either both are there or neither is, so a client that has
lost the reply asks again and gets it, and nothing is done twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from oer.db import is_sqlite
from oer.errors import Invalid
from oer.models import KeptAnswer

KEPT = timedelta(days=2)
_PENDING = 0  # no answer has this status; no other transaction ever sees it


@dataclass(frozen=True, slots=True)
class Kept:
    status: int
    headers: Mapping[str, str]
    content: bytes


def is_kept(session: Session, *, owner: str, key: str) -> bool:
    """Whether something was done under this key, so that :func:`claim` will answer or refuse."""
    return session.get(KeptAnswer, (owner, key)) is not None


def claim(session: Session, *, owner: str, key: str, fingerprint: str, now: datetime) -> Kept | None:
    """The answer that was given before, or None: then the key is ours, and :func:`keep` follows.

    Waits for another transaction that holds the same key. Raises Invalid where the key was used for something else.
    """
    insert = (sqlite if is_sqlite(session) else postgresql).insert
    row = {"owner": owner, "key": key, "fingerprint": fingerprint, "status": _PENDING, "content": b"", "created": now}
    # RETURNING tells, not rowcount: psycopg leaves that at -1 for inserts.
    taken = insert(KeptAnswer).values(**row, headers={}).on_conflict_do_nothing().returning(col(KeptAnswer.key))
    found = None
    while found is None:  # the answer that stood in the way may have been forgotten since
        if session.connection().execute(taken).first() is not None:
            return None
        found = session.get(KeptAnswer, (owner, key), populate_existing=True)
    if found.fingerprint != fingerprint:
        raise Invalid("idempotency.key-reused")
    return Kept(found.status, found.headers, found.content)


def keep(session: Session, *, owner: str, key: str, status: int, headers: Mapping[str, str], content: bytes) -> None:
    """What to answer when the same is asked again."""
    session.connection().execute(
        sa.update(KeptAnswer)
        .where(col(KeptAnswer.owner) == owner, col(KeptAnswer.key) == key)
        .values(status=status, headers=dict(headers), content=content)
    )


def of_person(person_id: int) -> str:
    """Whose the keys of this person are."""
    return f"person:{person_id}"


def end_all(session: Session, *, owner: str) -> None:
    """Answer nothing more as it was answered: the owner's rights have changed."""
    session.connection().execute(sa.delete(KeptAnswer).where(col(KeptAnswer.owner) == owner))


def forget(session: Session, *, now: datetime) -> None:
    """Remove what is older than :data:`KEPT`."""
    session.connection().execute(sa.delete(KeptAnswer).where(col(KeptAnswer.created) < now - KEPT))
