"""What files say, kept beside them: found once for the same bytes, and forgotten with them.

A thread of each worker looks for files of published, open resources that nobody has read yet. Two may read the same
file; what the second finds is the same. Killed anywhere, whatever is not kept is found again at the next start.
"""

import logging
import threading
import time
import zlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol, cast

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine

from oer import exposure, queries
from oer.db import is_sqlite, reading, transaction
from oer.errors import OerError
from oer.extraction import apart
from oer.extraction.apart import Extracted, State, Stopped
from oer.models import FileText
from oer.queries.texts import Unread
from storage.errors import Damaged, Missing, StoreError
from storage.store import Store

logger = logging.getLogger(__name__)

REVISION = 1
"""Step it when readers find more: everything is read anew."""

_BATCH = 100
_IDLE = 0.5  # seconds between looks at the clock
_AGAIN = 600.0  # seconds after which everything is looked through again: another worker may have died over a file
_TROUBLE = 10.0  # seconds to wait where the database or the store is away


class Readable(Protocol):
    """A file with a place for its bytes."""

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def size(self) -> int: ...


class Reading:
    """Looks for files to read, and reads them one by one."""

    def __init__(self, engine: Engine, store: Store, *, folder: Path, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now
        self._store = store
        self._folder = folder
        self._after = 0

    def start_over(self) -> None:
        self._after = 0

    def turn(self, stop: threading.Event | None = None) -> int:
        """Read what is found at one look; how many there were. Raises Stopped soon after ``stop``."""
        with reading(self._engine) as session:
            clock = queries.records.clock(session).change
            if self._after >= clock:
                return 0
            wanted = queries.texts.unread(session, after=self._after, revision=REVISION, limit=_BATCH)
        for file in wanted:
            if stop is not None and stop.is_set():
                raise Stopped
            self._look(file, stop)
        if len(wanted) < _BATCH:
            self._after = clock
        else:
            self._after = wanted[-1].change - 1  # its other files may be in the next batch
        return len(wanted)

    def _look(self, file: Unread, stop: threading.Event | None) -> None:
        with reading(self._engine) as session:
            if queries.texts.is_known(session, key=file.key, revision=REVISION):
                return  # it is in several resources, or another worker was faster
        self._read(file, stop)

    def said(self, file: Readable, *, stop: threading.Event | None = None) -> Extracted:
        """What a file says, read now where nobody has. Raises Stopped soon after ``stop``, and errors of the store."""
        with reading(self._engine) as session:
            row = session.get(FileText, file.key)
            if row is not None and row.revision == REVISION:
                text = zlib.decompress(row.text).decode() if row.text else ""
                return Extracted(cast("State", row.state), text, row.title, row.language)
        return self._read(file, stop)

    def _read(self, file: Readable, stop: threading.Event | None) -> Extracted:
        found = Extracted("nothing")
        if apart.is_readable(file.media_type, file.name, file.size):
            try:
                chunks = self._store.open(file.key)
                kind = {"media_type": file.media_type, "name": file.name}
                found = apart.extract(chunks, **kind, folder=self._folder, stop=stop)
            except (Missing, Damaged):
                found = Extracted("failed")
        if found.state == "failed":
            logger.warning("a file could not be read for the search", extra={"key": file.key, "kind": file.media_type})
        self._keep(file.key, found)
        return found

    def _keep(self, key: str, found: Extracted) -> None:
        row = {
            "key": key,
            "revision": REVISION,
            "state": found.state,
            "text": zlib.compress(found.text.encode()) if found.text else None,
            "title": found.title,
            "language": found.language,
            "found": self._now(),
        }
        with transaction(self._engine) as session:
            if queries.blobs.locked(session, key=key) is None:
                return  # the bytes have gone meanwhile, and whoever referred to them
            statement = (sqlite if is_sqlite(session) else postgresql).insert(FileText)
            news = {name: statement.excluded[name] for name in row if name != "key"}
            session.connection().execute(statement.on_conflict_do_update(index_elements=["key"], set_=news), [row])
            if found.text:
                exposure.index_again(session, queries.texts.resources_with(session, key=key))


class Extractor:
    """The thread. It begins with :meth:`start`, and reads until :meth:`stop`."""

    def __init__(self, work: Reading, *, grace: float = 0.0) -> None:
        self._work = work
        self._grace = grace
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="file-reader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """It leaves the file that it is at, which is read at the next start."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        self._stop.wait(self._grace)
        began = time.monotonic()
        while not self._stop.is_set():
            if time.monotonic() - began > _AGAIN:
                self._work.start_over()
                began = time.monotonic()
            try:
                if not self._work.turn(self._stop):
                    self._stop.wait(_IDLE)
            except Stopped:
                return
            except (OerError, StoreError) as error:
                logger.warning("the reading of files pauses", extra={"reason": error.code})
                self._stop.wait(_TROUBLE)
            except Exception as error:  # noqa: BLE001 - a full disk: it is tried again
                logger.warning("the reading of files pauses", extra={"reason": repr(error)})
                self._stop.wait(_TROUBLE)
