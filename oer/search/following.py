"""The index follows the change clock: a thread of one process of each node keeps it, whichever holds the lock."""

import gc
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sqlalchemy.engine import Engine
from sqlmodel import Session

from oer import queries
from oer.background import Background
from oer.db import reading
from oer.queries.search import Kept
from oer.search.index import Generation, Home, Lock, Put, progress_of

logger = logging.getLogger(__name__)

_BATCH = 500
_LETTERS = 5_000_000  # of files, that are indexed at once, and of one resource at all
_BETWEEN_COMMITS = 200_000  # changes, while a generation is built that nobody reads yet
_SETTLED = 5000  # changes, after which everything that stays is there
_IDLE = 0.4  # seconds between looks at the clock
_RESTING = 10.0  # seconds without a change, after which the writer is let go: its memory is not needed
_PATIENCE = 5.0  # seconds between tries for the lock


def catch_up(engine: Engine, generation: Generation) -> int:
    """Bring one batch of what changed since the last into the index, for all to see; the number of changes."""
    with reading(engine) as session:
        changed, last = _documents(session, generation, after=generation.progress)
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
        new = queries.records.clock(session).revision if generation.empty else 0
    while True:
        with reading(engine) as session:
            changed, last = _documents(session, generation, after=after)
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


def _documents(session: Session, generation: Generation, *, after: int) -> tuple[list[Put], int]:
    rows = queries.search.changed(session, after=after, limit=_BATCH)
    if not rows:
        return [], after
    live = [row for row in rows if not row.deleted]
    files = queries.search.files(session, version_ids=[row.version_id for row in live])
    places = queries.search.places(session, institution_ids={row.institution_id for row in live})
    from oer.search.documents import (
        Contents,  # late: with its dictionaries 30 MB, for nothing where nothing is published
        document,
    )

    found: list[Put] = []
    letters = 0
    for row in rows:
        after = row.revision
        if row.deleted:
            found.append((row.resource_id, None))
            continue
        kept = files.get(row.version_id, [])
        contents = Contents(kept, _texts(session, kept) if row.access == "open" else ())
        found.append((row.resource_id, document(generation.fields, row, places[row.institution_id], contents)))
        letters += sum(len(text) for text, _ in contents.texts)
        if letters > _LETTERS:
            break  # the rest is the next batch's: books are large, and others wait to be found
    return found, after


def _texts(session: Session, files: Sequence[Kept]) -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    letters = 0
    for file in files:
        if file.texts and file.role in queries.texts.SAYING and letters < _LETTERS:
            found.append((queries.texts.text(session, key=file.key), file.language))
            letters += len(found[-1][0])
    return found


def catch_up_here(engine: Engine, folder: Path) -> bool:
    """Bring everything that has changed into the index of this node; False where another process does that already."""
    home = Home(folder)
    with home.writing() as lock:
        if lock is None:
            return False
        keeping = _Keeping(engine, home)
        while keeping.turn():
            pass
        keeping.rest()
        return True


class _Keeping:
    """What the holder of the lock does, step by step."""

    def __init__(self, engine: Engine, home: Home) -> None:
        self._engine = engine
        self._home = home
        self._generation: Generation | None = None
        self._building: tuple[Generation, Iterator[int]] | None = None

    def turn(self) -> bool:
        """Bring a batch of changes into the current generation, and another into one that is built, if any is; whether
        there was anything to do.
        """
        current = self._home.current()
        caught_up = current is not None and self._follow(current)
        if self._building is None and (current is None or self._home.asked):
            began = self._home.building()
            self._building = began, build(self._engine, began)
            logger.info("building a search index", extra={"folder": began.folder.name})
        if self._building is None:
            return caught_up
        generation, steps = self._building
        if next(steps, None) is None:
            self._building = self._generation = None
            self._home.switch(generation)
            logger.info("built a search index", extra={"changes": generation.progress})
        return True

    def _follow(self, current: Path) -> bool:
        """Whether anything had changed. A generation that cannot be opened, or is ahead of the clock since the database
        was restored, is dropped: it is built anew.
        """
        with reading(self._engine) as session:
            clock = queries.records.clock(session).revision
        if self._generation is not None and self._generation.folder != current:
            self._generation = None
        if self._generation is None and progress_of(current) == clock:
            return False
        if self._generation is None:
            try:
                self._generation = Generation(current)
            except (ValueError, OSError) as error:
                logger.error("the search index is damaged, and is built anew", extra={"reason": repr(error)})  # noqa: TRY400
                self._home.drop(current)
                return True
        if self._generation.progress > clock:
            logger.error("the search index is of another time than the database, and is built anew")
            self._generation = None
            self._home.drop(current)
            return True
        return catch_up(self._engine, self._generation) > 0

    def rest(self) -> None:
        """Let the writer go, once it has merged what it was merging."""
        if self._generation is not None:
            self._generation.settle()
            self._generation = None


class Follower(Background):
    """The thread. It tries for the lock until it is stopped.

    ``patience``: seconds that it leaves the lock to others first, and again whenever there has been nothing to do;
    ``grace``: seconds that it leaves the machine to others first.
    """

    def __init__(self, engine: Engine, folder: Path, *, patience: float = 0.0, grace: float = 0.0) -> None:
        super().__init__("search-follower", "the search index", grace=patience + grace)
        self._engine = engine
        self._home = Home(folder)
        self._patience = patience

    @property
    def _trouble(self) -> float:
        return _PATIENCE + self._patience

    def _turn(self) -> float:
        with self._home.writing() as lock:
            if lock is not None:
                self._write(lock)
        return self._trouble

    def _write(self, lock: Lock) -> None:
        keeping = _Keeping(self._engine, self._home)
        busy = time.monotonic()
        while not self._stop.is_set() and lock.there:
            if keeping.turn():
                busy = time.monotonic()
                continue
            if time.monotonic() - busy > _RESTING:
                keeping.rest()
                if self._patience:
                    return
            self._stop.wait(_IDLE)


def lag(engine: Engine, folder: Path) -> int | None:
    """How far the index of this node is behind the change clock; None where there is none yet."""
    current = Home(folder).current()
    if current is None:
        return None
    with reading(engine) as session:
        return max(0, queries.records.clock(session).revision - progress_of(current))


def rebuild(engine: Engine, folder: Path, *, progress: Callable[[int], None], pause: float = 0.2) -> None:
    """Build everything anew: here, or by the process that holds the lock. ``progress`` is told how far it has come."""
    home = Home(folder)
    before = home.current()
    home.ask()
    while home.asked or home.current() in (before, None):
        with home.writing() as lock:
            if lock is not None:
                built = home.building()
                for done in build(engine, built):
                    progress(done)
                home.switch(built)
                return
        unfinished = home.unfinished()
        progress(progress_of(unfinished) if unfinished else 0)
        time.sleep(pause)
