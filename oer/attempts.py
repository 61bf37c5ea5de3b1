"""Tries that failed, counted by subject: an account, a network. Whoever tries too often waits.

A try is counted before it is judged, so that many processes at once let no more through than one would. Subjects are
kept as keyed hashes, and no longer than they count.
"""

import hashlib
import hmac
import math
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from oer.db import is_sqlite
from oer.errors import TooMany
from oer.models import Attempt


def subject(secret: bytes, kind: str, value: str) -> str:
    """What is counted, as it is kept. The same text of another ``kind`` is another subject."""
    meant = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
    return f"{kind}:{hmac.new(secret, meant, hashlib.sha256).hexdigest()}"


def take(session: Session, counted: str, *, most: int, window: timedelta, now: datetime) -> None:
    """One try more. Raises TooMany where there were ``most`` within the window, which begins with the first of them.

    A try that is refused is not counted: the refusal ends the transaction.
    """
    insert = (sqlite if is_sqlite(session) else postgresql).insert
    # A clock that was set back must not lock anybody out for longer than the window.
    over = sa.or_(col(Attempt.began) <= now - window, col(Attempt.began) > now + window)
    statement = insert(Attempt).values(subject=counted, began=now, count=1)
    news = {
        "began": sa.case((over, statement.excluded.began), else_=col(Attempt.began)),
        "count": sa.case((over, 1), else_=col(Attempt.count) + 1),
    }
    upsert = statement.on_conflict_do_update(index_elements=["subject"], set_=news)
    count, began = session.connection().execute(upsert.returning(col(Attempt.count), col(Attempt.began))).one()
    if count > most:
        seconds = math.ceil((began + window - now).total_seconds())
        raise TooMany("sign-in.too-many", seconds=min(max(seconds, 1), math.ceil(window.total_seconds())))


def give_back(session: Session, counted: str) -> None:
    """The last try did not fail."""
    fewer = sa.update(Attempt).where(col(Attempt.subject) == counted, col(Attempt.count) > 0)
    session.connection().execute(fewer.values(count=col(Attempt.count) - 1))


def clear(session: Session, counted: str) -> None:
    """Begin anew: who it is has been proved."""
    session.connection().execute(sa.delete(Attempt).where(col(Attempt.subject) == counted))


def forget(session: Session, *, window: timedelta, now: datetime) -> None:
    """Remove what counts no more."""
    session.connection().execute(sa.delete(Attempt).where(col(Attempt.began) <= now - window))
