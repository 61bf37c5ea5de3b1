"""The worker: which function runs which kind of job, and what recurs.

``oer worker`` and the supervisor start it. The supervisor does so past the command line (``python -m oer.working``),
whose libraries would only take memory here.
"""

import logging
import os
import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from types import FrameType
from typing import Any

from oer import (
    answers,
    attempts,
    audit,
    blobs,
    invitations,
    jobs,
    logs,
    publishing,
    refreshing,
    reports,
    sessions,
    settings,
    supervisor,
    uploads,
    usage,
)
from oer.db import transaction
from oer.errors import OerError
from oer.exposure import blocks, renderings
from oer.extraction import texts
from oer.extraction.texts import Extractor
from oer.installation import Installation, open_installation
from oer.jobs import Claim
from oer.previews import keeping
from oer.previews.keeping import Previewer
from oer.search import following
from oer.search.following import Follower
from storage.errors import StoreError

logger = logging.getLogger("oer.working")

_GRACE = 5.0  # seconds that the search index lets the server come up first
_IDLE = 1.0  # seconds between looks at an empty queue
_SETTLE = 30.0  # seconds that a sweep gives uploads under way to reach their rows
_STALE_PUTS = timedelta(days=7)

RECURRING: Mapping[str, timedelta] = {
    "embargoes.lift": timedelta(minutes=10),
    "audit.seal": timedelta(minutes=1),
    "blocks.mend": timedelta(minutes=10),
    "blobs.sweep": timedelta(days=1),
    "uploads.expire": timedelta(days=1),
    "jobs.forget": timedelta(days=1),
    "traces.forget": timedelta(hours=1),
    "usage.forget": timedelta(hours=1),
    "usage.rank": timedelta(hours=1),
}


def _lift(found: Installation, _payload: Mapping[str, Any]) -> None:
    while True:
        with transaction(found.engine) as session:
            if not publishing.lift_embargoes(session, repository_id=found.repository_id, now=found.now()):
                return


def _seal(found: Installation, _payload: Mapping[str, Any]) -> None:
    while True:
        with transaction(found.engine) as session:
            if not audit.seal(session):
                return


def _sweep(found: Installation, _payload: Mapping[str, Any], *, pause: Callable[[float], None] = time.sleep) -> None:
    swept = sweep_now(found, wait=lambda: pause(_SETTLE))
    logger.info("swept", extra={"removed": swept.removed, "kept": swept.kept, "bytes": swept.bytes})


def _expire(found: Installation, _payload: Mapping[str, Any]) -> None:
    lifetime = timedelta(days=found.settings.upload_days)
    uploads.expire(found.engine, found.store, now=found.now(), lifetime=lifetime)
    found.store.sweep_temporary(found.now() - _STALE_PUTS)


def _forget(found: Installation, _payload: Mapping[str, Any]) -> None:
    with transaction(found.engine) as session:
        jobs.forget_done(session, now=found.now())


def _forget_traces(found: Installation, _payload: Mapping[str, Any]) -> None:
    """What people leave behind by coming and going, as soon as it counts no more."""
    now, window = found.now(), timedelta(minutes=found.settings.sign_in_minutes)
    with transaction(found.engine) as session:
        answers.forget(session, now=now)
        attempts.forget(session, window=window, now=now)
        sessions.forget_expired(session, now=now)
        invitations.forget_ended(session, now=now)
        reports.forget_addresses(session, now=now)


def _forget_visitors(found: Installation, _payload: Mapping[str, Any]) -> None:
    with transaction(found.engine) as session:
        usage.forget(session, now=found.now())


def _rank(found: Installation, _payload: Mapping[str, Any]) -> None:
    usage.rank(found.engine, now=found.now())


def _mend(found: Installation, _payload: Mapping[str, Any]) -> None:
    while blocks.mend(found.engine, found.issuer):
        pass


def _show(found: Installation, payload: Mapping[str, Any]) -> None:
    refreshing.fulfil(found.engine, payload, now=found.now)


KINDS: Mapping[str, Callable[[Installation, Mapping[str, Any]], None]] = {
    "embargoes.lift": _lift,
    "audit.seal": _seal,
    "blobs.sweep": _sweep,
    "uploads.expire": _expire,
    "jobs.forget": _forget,
    "traces.forget": _forget_traces,
    "usage.forget": _forget_visitors,
    "usage.rank": _rank,
    "blocks.mend": _mend,
    refreshing.KIND: _show,
}
"""Job kind → function. Each may run twice for one job and does no harm. Those that need their claim are apart."""


IMPORTS, CHECKS = "import", "oai.check"
"""The kinds of ``oer.transfer.orders`` and ``harvest.checks``, which come late."""


class Stopped(jobs.Interrupted):
    """The worker was told to stop in the middle of a job that waits; the job goes on later."""


def handlers(found: Installation, *, pause: Callable[[float], None] = time.sleep) -> dict[str, jobs.Handler]:
    """The table for one installation. ``pause`` is how jobs wait; it may raise."""
    functions = {kind: partial(function, found) for kind, function in KINDS.items()}
    functions["blobs.sweep"] = partial(_sweep, found, pause=pause)
    table: dict[str, jobs.Handler] = {kind: partial(_on_payload, function) for kind, function in functions.items()}
    return table | {IMPORTS: partial(_import, found, pause), CHECKS: partial(_examine, found, pause)}


def _on_payload(function: Callable[[Mapping[str, Any]], None], held: Claim) -> None:
    function(held.payload)


# Both come late: most workers never have such a job, and do without 4 MB.
def _examine(found: Installation, pause: Callable[[float], None], held: Claim) -> None:
    from harvest import checks

    checks.fulfil(found, held, pause=pause)


def _import(found: Installation, pause: Callable[[float], None], held: Claim) -> None:
    from oer.transfer.orders import Workshop

    Workshop(
        engine=found.engine,
        store=found.store,
        bounds=found.settings,
        repository_id=found.repository_id,
        now=found.now,
        pause=partial(pause, 0.0),
    ).fulfil(held)


def sweep_now(found: Installation, *, wait: Callable[[], None], dry_run: bool = False) -> blobs.Swept:
    grace = timedelta(hours=found.settings.sweep_grace_hours)
    return blobs.sweep(found.engine, found.store, now=found.now(), grace=grace, wait=wait, dry_run=dry_run)


def schedule(found: Installation) -> None:
    """See to it that every recurring job is in the queue once; many workers may do so at a time."""
    now = found.now()
    with transaction(found.engine) as session:
        for kind, interval in RECURRING.items():
            jobs.enqueue(session, kind, now=now, due=now + interval, name=kind)


def work(found: Installation, stop: threading.Event, *, alive: Callable[[], bool], name: str) -> None:
    """Run until told to stop, or until the process that started this one has gone."""
    logger.info("worker started", extra={"worker": name})

    def pause(seconds: float) -> None:
        if stop.wait(seconds):
            raise Stopped

    table = handlers(found, pause=pause)
    scheduled = 0.0
    while not stop.is_set() and alive():
        try:
            if time.monotonic() - scheduled > 60 or not scheduled:
                schedule(found)
                scheduled = time.monotonic()
            busy = _turn(found, table)
        except (OerError, StoreError) as error:
            logger.warning("the worker pauses", extra={"code": error.code})
            stop.wait(5)
            continue
        if not busy:
            stop.wait(_IDLE)
    logger.info("worker stopped", extra={"worker": name})


def until_stopped(found: Installation) -> None:
    """Run until SIGTERM or SIGINT, or until the supervisor that started this process has gone."""
    stop = threading.Event()

    def _stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    follower = Follower(found.engine, found.search.folder, grace=_GRACE)
    follower.start()
    extractor = Extractor(reading_of(found), grace=_GRACE)
    extractor.start()
    previewer = Previewer(previewing_of(found), grace=_GRACE)
    previewer.start()
    try:
        work(found, stop, alive=lambda: not supervisor.orphaned(), name=secrets.token_hex(4))
    finally:
        previewer.stop()
        extractor.stop()
        follower.stop()


def reading_of(found: Installation) -> texts.Reading:
    return texts.Reading(found.engine, found.store, folder=found.settings.data, now=found.now)


def previewing_of(found: Installation) -> keeping.Previewing:
    return keeping.Previewing(found.engine, found.store, folder=found.settings.data, now=found.now)


def drain(found: Installation) -> int:
    """Run every due job, once, render, read, preview and index; the number of jobs. What recurs is due later."""
    schedule(found)
    table = handlers(found)
    done = 0
    while jobs.run_next(found.engine, table, attempts=found.settings.job_attempts, now=found.now):
        done += 1
    while renderings.catch_up(found.engine, found.issuer) or blocks.catch_up(found.engine, found.issuer):
        pass
    for looking in (reading_of(found), previewing_of(found)):
        while looking.turn():
            pass
    following.catch_up_here(found.engine, found.search.folder)
    return done


def _turn(found: Installation, table: Mapping[str, jobs.Handler]) -> bool:
    """One job and one batch of renderings; whether there was anything to do."""
    ran = jobs.run_next(found.engine, table, attempts=found.settings.job_attempts, now=found.now)
    rendered = renderings.catch_up(found.engine, found.issuer)
    packed = not rendered and blocks.catch_up(found.engine, found.issuer)
    return bool(rendered or ran or packed)


def main() -> int:
    """The supervised process: the exit code. What is wrong goes to the log; the supervisor tries again."""
    os.umask(0o027)  # as the command line does: the data folder holds secrets
    try:
        wanted = settings.load()
        logs.configure(wanted.log_level)
        found = open_installation(wanted)
    except (OerError, StoreError) as error:
        logger.error("the worker cannot start", extra={"code": error.code, "params": error.params})  # noqa: TRY400
        return 1
    try:
        until_stopped(found)
    finally:
        found.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
