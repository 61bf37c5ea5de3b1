"""Work for later: a table in the same database, filled in the caller's own transaction.

A job runs at least once: a worker that dies loses its lease and another takes over, so handlers must be
idempotent. On PostgreSQL many workers claim with SKIP LOCKED; on SQLite one worker runs.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine
from sqlmodel import Session, col

from metadata import findings
from oer import queries
from oer.db import is_sqlite, reading, transaction
from oer.errors import OerError
from oer.models import Job

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)
_FIRST_RETRY = timedelta(seconds=10)
_KEEP_DONE = timedelta(days=7)
_LONGEST_ERROR = 2000  # characters

Handler = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this worker holds; ``attempt`` counts from 1."""

    id: int
    kind: str
    payload: Mapping[str, Any]
    attempt: int


def enqueue(
    session: Session,
    kind: str,
    payload: Mapping[str, Any] | None = None,
    *,
    now: datetime,
    due: datetime | None = None,
    name: str | None = None,
) -> None:
    """Add a job to the caller's transaction. With a ``name``, only if no unfinished job bears it."""
    values = {
        "kind": kind,
        "name": name,
        "payload": dict(payload or {}),
        "state": "waiting",
        "attempts": 0,
        "due": due or now,
        "created": now,
    }
    insert = (sqlite if is_sqlite(session) else postgresql).insert
    session.connection().execute(insert(Job).values(values).on_conflict_do_nothing())


def claim(engine: Engine, *, now: datetime) -> Claim | None:
    """Take the oldest due job for :data:`LEASE`, or None where nothing is due."""
    with reading(engine) as session:
        if queries.jobs.next_due(session, now=now, hold=False) is None:
            return None  # an idle worker takes no write lock
    with transaction(engine) as session:
        job = queries.jobs.next_due(session, now=now)
        if job is None:
            return None
        assert job.id is not None
        job.state, job.attempts, job.lease = "running", job.attempts + 1, now + LEASE
        session.add(job)
        return Claim(id=job.id, kind=job.kind, payload=job.payload, attempt=job.attempts)


def finish(engine: Engine, held: Claim, *, now: datetime) -> None:
    with transaction(engine) as session:
        _end(session, held, state="done", finished=now, error=None)


def fail(engine: Engine, held: Claim, error: str, *, attempts: int, now: datetime) -> bool:
    """Note the error and try again later, each time four times as late; set it aside after ``attempts``.

    Whether it was set aside.
    """
    error = findings.shown(error, _LONGEST_ERROR)  # PostgreSQL raises for text with a NUL
    with transaction(engine) as session:
        if held.attempt >= attempts:
            _end(session, held, state="failed", finished=now, error=error)
            return True
        due = now + _FIRST_RETRY * 4 ** (held.attempt - 1)
        _end(session, held, state="waiting", due=due, error=error)
        return False


def _end(session: Session, held: Claim, **values: Any) -> None:
    """Only while the claim still holds: a worker that overslept its lease must not end another's attempt."""
    session.connection().execute(
        sa.update(Job)
        .where(col(Job.id) == held.id, col(Job.state) == "running", col(Job.attempts) == held.attempt)
        .values(lease=None, **values)
    )


def run_next(
    engine: Engine, handlers: Mapping[str, Handler], *, attempts: int, now: Callable[[], datetime]
) -> str | None:
    """Claim and run one job; its kind, or None where nothing was due. A failing handler never raises here."""
    held = claim(engine, now=now())
    if held is None:
        return None
    handler = handlers.get(held.kind)
    try:
        if held.attempt > attempts:
            raise RuntimeError("the worker ended during each attempt")  # noqa: TRY301 - one way to fail
        if handler is None:
            raise LookupError(f"no handler for jobs of kind {held.kind!r}")  # noqa: TRY301 - one way to fail
        with _kept(engine, held, now):
            handler(held.payload)
    except Exception as error:  # noqa: BLE001 - a poison job must never stop the queue
        told = f"{type(error).__name__}: {error}"
        aside = fail(engine, held, told, attempts=attempts, now=now())
        logger.log(
            logging.ERROR if aside else logging.WARNING,
            "a job was set aside" if aside else "a job failed and is tried again",
            extra={"job": held.id, "kind": held.kind, "attempt": held.attempt, "error": told},
        )
    else:
        finish(engine, held, now=now())
    return held.kind


@contextmanager
def _kept(engine: Engine, held: Claim, now: Callable[[], datetime]) -> Iterator[None]:
    """Renew the lease while the handler runs: a long job is not a dead worker's."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(LEASE.total_seconds() / 3):
            try:
                with transaction(engine) as session:
                    _extend(session, held, until=now() + LEASE)
            except OerError as error:
                logger.warning("a lease was not renewed", extra={"job": held.id, "code": error.code})

    keeper = threading.Thread(target=renew, name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def _extend(session: Session, held: Claim, *, until: datetime) -> None:
    session.connection().execute(
        sa.update(Job)
        .where(col(Job.id) == held.id, col(Job.state) == "running", col(Job.attempts) == held.attempt)
        .values(lease=until)
    )


def forget_done(session: Session, *, now: datetime) -> None:
    """Remove finished jobs after a week; failed ones stay until somebody has looked."""
    session.connection().execute(sa.delete(Job).where(col(Job.state) == "done", col(Job.finished) < now - _KEEP_DONE))
