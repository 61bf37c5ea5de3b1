"""All formats of all records by several processes: what takes one alone an hour at a million records.

Processes read and render; the one that asked writes, in the order of the clock, so that the projection's progress
never covers a record that is not written yet. Killed anywhere it goes on as ``renderings.catch_up`` does.
"""

import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache

from sqlalchemy.engine import Engine

from metadata.crosswalks import FORMATS, Format
from oer import db, installation, queries
from oer.db import reading
from oer.errors import Unavailable
from oer.exposure import renderings
from oer.exposure.renderings import Batch, Issuer
from oer.installation import Installation
from oer.settings import Settings

_WORTH = 5000  # records: fewer are written by one process before others have started
_LOOK = 5.0  # seconds between looks whether those that render are still there
_AHEAD = 2  # batches under way for each process, so that none waits while another batch is written


def processes() -> int:
    """How many are worth it here: one for each core that this process may use."""
    return len(os.sched_getaffinity(0))


def catch_up(found: Installation, *, processes: int, formats: Mapping[str, Format] = FORMATS) -> Iterator[int]:
    """Render everything that changed since the last; numbers of records, batch by batch.

    Raises Unavailable where a process was ended from outside; what has been written stays.
    """
    with reading(found.engine) as session:
        behind = renderings.behind(session, found.issuer, formats=formats)
    if processes > 1 and behind >= _WORTH:
        yield from _by_several(found, processes, formats)
    while number := renderings.catch_up(found.engine, found.issuer, formats=formats):
        yield number


def _by_several(found: Installation, processes: int, formats: Mapping[str, Format]) -> Iterator[int]:
    with reading(found.engine) as session:
        after = renderings.progress(session, found.issuer, formats=formats)
    pool = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),  # threads and connections of this process are not theirs
        initializer=_prepare,
        initargs=(found.settings, found.issuer, tuple(formats)),
    )
    under_way: deque[Future[Batch | None]] = deque()
    try:
        while True:
            while len(under_way) < _AHEAD * processes and (upto := _end(found.engine, after)) is not None:
                under_way.append(pool.submit(_made, after, upto))
                after = upto
            if not under_way:
                return
            batch = _awaited(pool, under_way.popleft())
            if batch is not None:  # None: all of its records have changed again, and come later
                renderings.keep(found.engine, found.issuer, batch, formats=formats)
                yield batch.count
    except BrokenProcessPool as error:
        raise Unavailable("rendering.interrupted") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _awaited(pool: ProcessPoolExecutor, future: Future[Batch | None]) -> Batch | None:
    """What comes of it. Raises BrokenProcessPool where a process was ended.

    The pool tells so itself, unless the process was in the middle of a long answer: the pool then waits for the rest,
    without end, since it holds both ends of that line. Whoever is left is ended, and the pool's own end closed.
    """
    while True:
        try:
            return future.result(timeout=_LOOK)
        except TimeoutError:
            # The pool gives no other way to know its processes and its line (Python 3.11 to 3.14).
            processes = list((pool._processes or {}).values())
            if future.done() or all(process.exitcode is None for process in processes):
                continue
            for process in processes:
                process.kill()
            pool._result_queue._writer.close()  # type: ignore[attr-defined]
            raise BrokenProcessPool("a process was ended in the middle of its answer") from None


def _end(engine: Engine, after: int) -> int | None:
    with reading(engine) as session:
        return queries.records.end(session, after=after, limit=renderings.BATCH)


# ── In the other processes ───────────────────────────────────────────────────────────────────────

_place: tuple[Engine, Issuer, Mapping[str, Format]] | None = None


def _prepare(settings: Settings, issuer: Issuer, prefixes: tuple[str, ...]) -> None:
    global _place  # what the pool gives its processes is no argument of its tasks
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that asked, who then ends these
    threading.Thread(target=_leave_when_orphaned, daemon=True).start()
    if settings.labels is not None:
        installation.use_labels(settings.labels)
    _place = db.connect(settings.database_url, pool=1), issuer, {prefix: FORMATS[prefix] for prefix in prefixes}


def _leave_when_orphaned() -> None:
    """End with the process that asked: this one would wait for ever, on a pipe that it holds open itself."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _made(after: int, upto: int) -> Batch | None:
    if _place is None:
        raise RuntimeError("a process that was not prepared")
    engine, issuer, formats = _place
    batch = renderings.made(engine, issuer, after=after, upto=upto, formats=formats)
    _settle()
    return batch


@cache
def _settle() -> None:
    """What is there after the first batch stays, vocabularies above all: not looking through it for garbage again and
    again is a tenth of the time.
    """
    gc.collect()
    gc.freeze()
