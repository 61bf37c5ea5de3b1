"""Browsers that are signed in. A cookie holds a random secret, the database its SHA-256 and what it stands for."""

import hashlib
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from oer.errors import Unauthenticated
from oer.models import BrowserSession, Person

_SEEN = timedelta(minutes=10)  # a session is not written to at every request
LONGEST = timedelta(days=180)  # however much it is used: then people sign in again


def start(session: Session, person: Person, *, lifetime: timedelta, now: datetime) -> tuple[BrowserSession, str]:
    """A new session for somebody who has just proved who they are, and its secret, for the cookie.

    Always a new one: a secret from before the sign-in may have been planted (fixation).
    """
    secret = secrets.token_urlsafe(32)
    assert person.id is not None
    made = BrowserSession(digest=_digest(secret), person_id=person.id, created=now, seen=now, expires=now + lifetime)
    session.add(made)
    return made, secret


def find(session: Session, secret: str, *, now: datetime) -> BrowserSession:
    """The session of a cookie. Raises Unauthenticated where it is unknown, ended or expired."""
    found = session.get(BrowserSession, _digest(secret))
    if found is None or found.expires <= now:
        raise Unauthenticated("session.ended")
    return found


def is_stale(found: BrowserSession, *, now: datetime) -> bool:
    """Whether its end is to be moved, since it is used: at most every ten minutes."""
    return now - found.seen >= _SEEN


def renew(session: Session, secret: str, *, lifetime: timedelta, now: datetime) -> BrowserSession:
    """Move the end of a session that is used. Raises Unauthenticated."""
    found = find(session, secret, now=now)
    ends = min(now + lifetime, found.created + LONGEST)
    mine = col(BrowserSession.digest) == found.digest
    renewed = sa.update(BrowserSession).where(mine).values(seen=now, expires=ends)
    if session.connection().execute(renewed.returning(col(BrowserSession.digest))).first() is None:
        raise Unauthenticated("session.ended")  # by another process, just now
    session.refresh(found)
    return found


def end(session: Session, secret: str) -> int | None:
    """Sign out; whose session it was, None where there was none."""
    ended = sa.delete(BrowserSession).where(col(BrowserSession.digest) == _digest(secret))
    return session.connection().execute(ended.returning(col(BrowserSession.person_id))).scalar_one_or_none()


def end_all(session: Session, person: Person) -> None:
    """Sign a person out everywhere: their password or their rights have changed."""
    session.flush()
    session.connection().execute(sa.delete(BrowserSession).where(col(BrowserSession.person_id) == person.id))


def forget_expired(session: Session, *, now: datetime) -> None:
    session.connection().execute(sa.delete(BrowserSession).where(col(BrowserSession.expires) <= now))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
