"""The index follows the change clock: a thread of one process of each node keeps it, whichever holds the lock."""

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import tantivy
from sqlalchemy.engine import Engine
from sqlmodel import Session

from oer import queries
from oer.db import reading
from oer.errors import OerError
from oer.search import documents
from oer.search.index import Generation, Home, progress_of

logger = logging.getLogger(__name__)

_BATCH = 500
_BETWEEN_COMMITS = 200_000  # changes, while a generation is built that nobody reads yet
_SETTLED = 5000  # changes, after which everything that stays is there
_IDLE = 0.2  # seconds between looks at the clock
_PATIENCE = 5.0  # seconds between tries for the lock


def catch_up(engine: Engine, generation: Generation) -> int:
    """Bring one batch of what changed since the last into the index, for all to see; the number of changes."""
    with reading(engine) as session:
        changed, last = _documents(session, generation.fields, after=generation.progress)
    if changed:
        generation.put(changed)
        generation.commit(last)
    return len(changed)


def build(engine: Engine, generation: Generation) -> Iterator[int]:
    """Fill a generation that nobody reads yet; the changes it has come to. Killed it goes on where it was."""
    after = committed = began = generation.progress
    settled = False
    with reading(engine) as session:
        # Up to here each resource comes once: in an empty index there is nothing to replace.
        new = 0 if began else queries.records.clock(session).change
    while True:
        with reading(engine) as session:
            changed, last = _documents(session, generation.fields, after=after)
        if not changed:
            break
        generation.put(changed, new=last <= new)
        after = last
        if after - committed >= _BETWEEN_COMMITS:
            generation.commit(after)
            committed = after
        if not settled and after - began >= _SETTLED:
            # Vocabularies and dictionaries stay: to look through them for garbage all the time is a seventh of it.
            gc.collect()
            gc.freeze()
            settled = True
        yield after
    generation.commit(after)


def _documents(
    session: Session, fields: tantivy.Schema, *, after: int
) -> tuple[list[tuple[int, tantivy.Document | None]], int]:
    rows = queries.search.changed(session, after=after, limit=_BATCH)
    if not rows:
        return [], after
    live = [row for row in rows if not row.deleted]
    files = queries.search.files(session, version_ids=[row.version_id for row in live])
    places = queries.search.places(session, institution_ids={row.institution_id for row in live})
    found: list[tuple[int, tantivy.Document | None]] = [(row.resource_id, None) for row in rows if row.deleted]
    found += (
        (row.resource_id, documents.document(fields, row, places[row.institution_id], files.get(row.version_id, [])))
        for row in live
    )
    return found, rows[-1].change


def catch_up_here(engine: Engine, folder: Path) -> bool:
    """Bring everything that has changed into the index of this node; False where another process does that already."""
    home = Home(folder)
    with home.writing() as held:
        if not held:
            return False
        generation = _whole(engine, home)
        while catch_up(engine, generation):
            pass
        generation.settle()
        return True


def _whole(engine: Engine, home: Home) -> Generation:
    """The current generation, built first where there is none."""
    current = home.current()
    if current is not None:
        return Generation(current)
    generation = Generation(home.unfinished() or home.fresh())
    for _ in build(engine, generation):
        pass
    home.switch(generation.folder)
    return generation


class Follower:
    """The thread. It begins with :meth:`start`, and tries for the lock until :meth:`stop`."""

    def __init__(self, engine: Engine, folder: Path, *, patience: float = 0.0) -> None:
        self._engine = engine
        self._home = Home(folder)
        self._patience = patience
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="search-follower", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        self._stop.wait(self._patience)
        while not self._stop.is_set():
            try:
                with self._home.writing() as held:
                    if held:
                        self._write()
            except Exception as error:  # noqa: BLE001 - a full disk, a database that is away: it is tried again
                told = error.code if isinstance(error, OerError) else repr(error)
                logger.warning("the search index pauses", extra={"reason": told})
            self._stop.wait(_PATIENCE)

    def _write(self) -> None:
        generation: Generation | None = None
        building: tuple[Generation, Iterator[int]] | None = None
        if (current := self._home.current()) is not None:
            generation = Generation(current)
        while not self._stop.is_set():
            if building is None and (generation is None or self._home.asked):
                began = Generation(self._home.unfinished() or self._home.fresh())
                self._home.answered()
                building = began, build(self._engine, began)
                logger.info("the search index is being built", extra={"folder": began.folder.name})
            busy = generation is not None and catch_up(self._engine, generation) > 0
            if building is not None:
                busy = True
                if next(building[1], None) is None:
                    self._home.switch(building[0].folder)
                    generation, building = building[0], None
                    logger.info("the search index is built", extra={"changes": generation.progress})
            if not busy:
                self._stop.wait(_IDLE)


def lag(engine: Engine, folder: Path) -> int | None:
    """How many changes the index of this node has still to follow; None where there is none yet."""
    current = Home(folder).current()
    if current is None:
        return None
    with reading(engine) as session:
        return queries.records.clock(session).change - progress_of(current)


def rebuild(engine: Engine, folder: Path, *, progress: Callable[[int], None], pause: float = 0.2) -> None:
    """Build everything anew: here, or by the process that holds the lock. ``progress`` is told how far it has come."""
    home = Home(folder)
    before = home.current()
    with home.writing() as held:
        if held:
            generation = Generation(home.fresh())
            for done in build(engine, generation):
                progress(done)
            home.switch(generation.folder)
            generation.settle()
            return
    home.ask()
    while home.asked or home.current() == before:
        unfinished = home.unfinished()
        progress(progress_of(unfinished) if unfinished else 0)
        time.sleep(pause)
