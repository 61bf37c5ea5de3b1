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
from oer import audit, policy, queries
from oer.db import is_sqlite, reading, transaction
from oer.errors import Conflict, Forbidden, Invalid, NotFound, OerError, TooLarge
from oer.models import Institution, Job, JobRow
from oer.policy import Actor
from storage import errors as stores

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)
_FIRST_RETRY = timedelta(seconds=10)
_KEEP_DONE = timedelta(days=7)
_KEEP_FAILED = timedelta(days=30)
_LONGEST_ERROR = 2000  # characters
_HOPELESS = (Invalid, TooLarge, NotFound, Forbidden)  # what no later attempt would find otherwise


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this worker holds. ``attempt`` tells its holder from all others; ``tries`` counts towards the last."""

    id: int
    kind: str
    payload: Mapping[str, Any]
    attempt: int
    tries: int


Handler = Callable[[Claim], None]


class Interrupted(Exception):
    """Raised by a handler whose worker was told to stop: the job goes on later, and this attempt does not count."""


class Lost(Exception):
    """Raised by a handler whose job is not its own any more: it was cancelled, or another worker has taken over."""


def enqueue(
    session: Session,
    kind: str,
    payload: Mapping[str, Any] | None = None,
    *,
    now: datetime,
    due: datetime | None = None,
    name: str | None = None,
    person_id: int | None = None,
    institution_id: int | None = None,
    input_key: str | None = None,
) -> int | None:
    """Add a job to the caller's transaction; its id. With a ``name`` None where an unfinished job bears it.

    ``person_id`` and ``institution_id`` say who may see it; ``input_key`` keeps bytes of the store for it.
    """
    values = {
        "kind": kind,
        "name": name,
        "payload": dict(payload or {}),
        "state": "waiting",
        "attempts": 0,
        "due": due or now,
        "created": now,
        "person_id": person_id,
        "institution_id": institution_id,
        "input": input_key,
    }
    insert = (sqlite if is_sqlite(session) else postgresql).insert
    added = insert(Job).values(values).on_conflict_do_nothing().returning(col(Job.id))
    found: int | None = session.connection().execute(added).scalar_one_or_none()
    return found


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
        return Claim(
            id=job.id,
            kind=job.kind,
            payload=job.payload,
            attempt=job.attempts,
            tries=job.attempts - job.forgiven,
        )


def hold(session: Session, held: Claim) -> Job:
    """The row of a job that this worker still holds, kept until the commit. Raises Lost.

    What a handler writes in the same transaction is written by one worker alone, and not after a cancellation.
    """
    job = queries.jobs.locked(session, job_id=held.id)
    if job is None or job.state != "running" or job.attempts != held.attempt:
        raise Lost
    return job


def finish(engine: Engine, held: Claim, *, now: datetime) -> None:
    with transaction(engine) as session:
        _end(session, held, state="done", finished=now, error=None, fault=None, input=None)


def fail(
    engine: Engine,
    held: Claim,
    error: str,
    *,
    attempts: int,
    fault: Mapping[str, Any] | None = None,
    now: datetime,
) -> bool:
    """Note the error and try again later, each time four times as late; set it aside after ``attempts``.

    Whether it was set aside.
    """
    noted: dict[str, Any] = {
        "error": findings.shown(error, _LONGEST_ERROR),  # PostgreSQL raises for text with a NUL
        "fault": None if fault is None else dict(fault),
    }
    with transaction(engine) as session:
        if held.tries >= attempts:
            _end(session, held, state="failed", finished=now, **noted)
            return True
        due = now + _FIRST_RETRY * 4 ** (held.tries - 1)
        _end(session, held, state="waiting", due=due, **noted)
        return False


def _release(engine: Engine, held: Claim, error: str, *, now: datetime) -> None:
    """Back into the queue as it was."""
    with transaction(engine) as session:
        _end(session, held, state="waiting", due=now, error=error, forgiven=Job.forgiven + 1)


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
        if held.tries > attempts:
            raise RuntimeError("the worker ended during each attempt")  # noqa: TRY301 - one way to fail
        if handler is None:
            raise LookupError(f"no handler for jobs of kind {held.kind!r}")  # noqa: TRY301 - one way to fail
        with _kept(engine, held, now):
            handler(held)
    except Interrupted as error:
        _release(engine, held, type(error).__name__, now=now())
    except Lost:
        logger.info("a job was taken away", extra={"job": held.id, "kind": held.kind, "attempt": held.attempt})
    except Exception as error:  # noqa: BLE001 - a poison job must never stop the queue
        _note_failure(engine, held, error, attempts=attempts, now=now())
    else:
        finish(engine, held, now=now())
    return held.kind


def _note_failure(engine: Engine, held: Claim, error: Exception, *, attempts: int, now: datetime) -> None:
    told = f"{type(error).__name__}: {error}"
    last = held.tries if isinstance(error, _HOPELESS) else attempts
    aside = fail(engine, held, told, attempts=last, fault=fault_of(error), now=now)
    logger.log(
        logging.ERROR if aside else logging.WARNING,
        "a job was set aside" if aside else "a job failed and is tried again",
        extra={"job": held.id, "kind": held.kind, "attempt": held.attempt, "error": told},
    )


def fault_of(error: Exception) -> dict[str, Any] | None:
    """What whoever asked for the job may know of the error: a code and what fills its sentence; None of a defect."""
    if isinstance(error, OerError):
        return {"code": error.code, "params": {name: _plain(value) for name, value in error.params.items()}}
    if isinstance(error, stores.Full):
        return {"code": "store.full", "params": {}}
    if isinstance(error, stores.StoreError):
        return {"code": "store.unavailable", "params": {}}
    return None


def _plain(value: object) -> int | str:
    return value if isinstance(value, int) else findings.shown(str(value), 300)


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
    """Remove finished jobs after a week, and people's failed ones after a month.

    The repository's own failed jobs stay until somebody has looked.
    """
    ended = queries.jobs.ended(session, done_before=now - _KEEP_DONE, failed_before=now - _KEEP_FAILED)
    for job_id in ended:
        session.connection().execute(sa.delete(JobRow).where(col(JobRow.job_id) == job_id))
        session.connection().execute(sa.delete(Job).where(col(Job.id) == job_id))


def find(session: Session, actor: Actor, job_id: int) -> tuple[Job, Institution | None]:
    """A job, its row held until the commit, for those who may see it. Raises NotFound."""
    job = queries.jobs.locked(session, job_id=job_id)
    institution = session.get(Institution, job.institution_id) if job and job.institution_id else None
    if job is None:
        raise NotFound("job.unknown", id=job_id)
    policy.require_job_sight(actor, job, institution)
    return job, institution


def cancel(session: Session, actor: Actor, job_id: int, *, now: datetime) -> Job:
    """End a job that is not finished: nothing that it has done is undone, and it does nothing more from the commit on.

    Raises NotFound, Forbidden, and Conflict where it has ended.
    """
    job, institution = find(session, actor, job_id)
    policy.require_job_cancel(actor, job, institution)
    if job.state not in queries.jobs.UNFINISHED:
        raise Conflict("job.finished", id=job_id)
    job.state, job.finished, job.lease, job.input = "cancelled", now, None, None
    _log(session, actor, "job.cancel", job, now=now)
    return job


def retry(session: Session, actor: Actor, job_id: int, *, now: datetime) -> Job:
    """Put a failed job into the queue again, as if it had never been tried; what it has done it does not do twice.

    Raises NotFound, Forbidden, and Conflict where it has not failed, or an unfinished one does the same already.
    """
    job, _ = find(session, actor, job_id)
    policy.require_administrator(actor)
    if job.state != "failed":
        raise Conflict("job.not-failed", id=job_id)
    if job.name is not None and queries.jobs.is_named(session, name=job.name):
        raise Conflict("job.superseded", id=job_id)
    job.state, job.due, job.finished, job.forgiven = "waiting", now, None, job.attempts
    job.error = job.fault = None
    _log(session, actor, "job.retry", job, now=now)
    return job


def _log(session: Session, actor: Actor, action: str, job: Job, *, now: datetime) -> None:
    session.add(job)
    audit.write(
        session,
        actor,
        action,
        kind="job",
        object_id=str(job.id),
        institution_id=job.institution_id,
        now=now,
        job=job.kind,
    )
