"""Browsers that are signed in. A cookie holds a random secret, the database its SHA-256 and what it stands for."""

import hashlib
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from oer import accounts, audit
from oer.errors import Unauthenticated
from oer.models import BrowserSession, Person
from oer.policy import Actor

_SEEN = timedelta(minutes=10)  # a session is not written to at every request


def start(session: Session, person: Person, *, lifetime: timedelta, now: datetime) -> str:
    """A new session for somebody who has just proved who they are; its secret, for the cookie.

    Always a new one: a secret from before the sign-in may have been planted (fixation).
    """
    secret = secrets.token_urlsafe(32)
    assert person.id is not None
    session.add(
        BrowserSession(digest=_digest(secret), person_id=person.id, created=now, seen=now, expires=now + lifetime)
    )
    audit.write(
        session, accounts.actor_of(session, person), "session.start", kind="person", object_id=str(person.id), now=now
    )
    return secret


def actor(session: Session, secret: str, *, now: datetime) -> Actor:
    """Who a cookie speaks for, with roles read now. Raises Unauthenticated where it is unknown, ended or expired."""
    found = session.get(BrowserSession, _digest(secret))
    person = session.get(Person, found.person_id) if found is not None and found.expires > now else None
    if person is None or not person.active:
        raise Unauthenticated("session.ended")
    return accounts.actor_of(session, person)


def renew(session: Session, secret: str, *, lifetime: timedelta, now: datetime) -> bool:
    """Move the end of a session that is used, at most every ten minutes. Whether it moved."""
    found = session.get(BrowserSession, _digest(secret))
    if found is None or found.expires <= now or now - found.seen < _SEEN:
        return False
    found.seen, found.expires = now, now + lifetime
    session.add(found)
    return True


def end(session: Session, secret: str) -> None:
    """Sign out; a session that is not there is no error."""
    session.connection().execute(sa.delete(BrowserSession).where(col(BrowserSession.digest) == _digest(secret)))


def end_all(session: Session, person: Person, *, but: str | None = None) -> None:
    """Sign a person out everywhere, except for the session ``but``: their password or their rights have changed."""
    ended = sa.delete(BrowserSession).where(col(BrowserSession.person_id) == person.id)
    if but is not None:
        ended = ended.where(col(BrowserSession.digest) != _digest(but))
    session.connection().execute(ended)


def forget_expired(session: Session, *, now: datetime) -> None:
    session.connection().execute(sa.delete(BrowserSession).where(col(BrowserSession.expires) <= now))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
