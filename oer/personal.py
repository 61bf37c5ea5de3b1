"""What is kept about a person: to take along, and to be forgotten.

Erasure leaves a number without a name. What the person wrote and published stays, bearing that number; the log of
deeds has known people by nothing else.

Reports of problems are no part of it: they bear an address that nobody has proved to be theirs, as accounts do.
"""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from oer import accounts, queries, sessions
from oer.models import Invitation, KeptAnswer, Membership, Person, Token
from oer.policy import Actor


def export(session: Session, actor: Actor, person_id: int) -> dict[str, Any]:
    """Everything that is kept about the person, no hash of a secret among it. Raises NotFound, Forbidden."""
    person = accounts.seen(session, actor, person_id, scope="manage")
    told = person.model_dump(include={"id", "email", "name", "language", "administrator", "active", "created"})
    rows = queries.personal
    return {
        "person": told | {"password": person.password is not None},
        "roles": rows.roles(session, person_id=person_id),
        "tokens": rows.tokens(session, person_id=person_id),
        "sessions": rows.sessions(session, person_id=person_id),
        "invitations": rows.invitations(session, person=person),
        "resources": rows.resources(session, person_id=person_id),
        "drafts": [_described(row) for row in rows.drafts(session, person_id=person_id)],
        "versions": rows.versions(session, person_id=person_id),
        "reviews": rows.reviews(session, person_id=person_id),
        "collections": rows.collections(session, person_id=person_id),
        "uploads": rows.uploads(session, person_id=person_id),
        "jobs": rows.jobs(session, person_id=person_id),
        "answers": rows.answers(session, person_id=person_id),
        "log": rows.log(session, person_id=person_id),
    }


def _described(row: dict[str, Any]) -> dict[str, Any]:
    """A draft with its record as an object; as text where that is damaged."""
    try:
        return row | {"record": json.loads(row["record"])}
    except ValueError:
        return row


def erase(session: Session, actor: Actor, person_id: int, *, expected: int | None = None, now: datetime) -> Person:
    """Take name, address, password, roles, tokens and sessions away for ever; authorship stays.

    One's own account, or any as an administrator. Raises NotFound, Forbidden, Stale; Conflict for the last
    administrator.
    """
    if actor.administrator:
        queries.people.administrators_locked(session)  # before any row of one person: two at once would cross
    person = accounts.held(session, actor, person_id)
    accounts.require_fresh(person, expected)
    accounts.require_another_administrator(session, person)
    _forget_traces(session, person, now=now)
    # No address has this form, so nobody signs in by it and no new account meets it.
    person.email, person.name, person.language = f"erased-{person.id}", "", "ar"
    person.password, person.administrator, person.active, person.erased = None, False, False, now
    accounts.touch(session, person)
    accounts.log(session, actor, "person.erase", person, now=now)
    return person


def _forget_traces(session: Session, person: Person, *, now: datetime) -> None:
    sessions.end_all(session, person)
    connection = session.connection()
    connection.execute(sa.delete(Membership).where(col(Membership.person_id) == person.id))
    connection.execute(sa.delete(Invitation).where(col(Invitation.email) == person.email))
    # The numbers stay, since the log names tokens by them; what people call their devices goes.
    tokens = sa.update(Token).where(col(Token.person_id) == person.id)
    connection.execute(tokens.values(name="", revoked=sa.func.coalesce(col(Token.revoked), now)))
    connection.execute(sa.delete(KeptAnswer).where(col(KeptAnswer.owner) == f"person:{person.id}"))
