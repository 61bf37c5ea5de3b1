"""What files say, kept beside them: found once for the same bytes, and forgotten with them.

A thread of each worker looks for files of published, open resources that nobody has read yet; those of drafts are read
when their depositors ask for suggestions. Two may read the same
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
from oer.background import Background
from oer.db import is_sqlite, reading, transaction
from oer.errors import OerError
from oer.extraction import apart, readers
from oer.extraction.apart import Ended, Extracted, State, Stopped
from oer.models import FileText
from oer.queries.texts import Place, Unread
from storage.errors import Damaged, Missing, StoreError
from storage.store import Store

logger = logging.getLogger(__name__)

REVISION = 1
"""Step it when readers find more: everything is read anew."""

_BATCH = 100
_LAST = 1 << 30  # a position behind that of any file
_IDLE = 2.0  # seconds between looks at the clock
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
        self._clock = self._upto = 0  # where it stands, and where everything has been looked through
        self._after: Place = (0, -1)

    def start_over(self) -> None:
        self._upto, self._after = 0, (0, -1)

    def turn(self, stop: threading.Event | None = None) -> int:
        """Read what is found at one look; how many there were. Raises Stopped soon after ``stop``."""
        with reading(self._engine) as session:
            clock = queries.records.clock(session).change
            if self._upto >= clock:
                return 0
            wanted = queries.texts.unread(
                session,
                after=self._after,
                revision=REVISION,
                kinds=readers.KINDS,
                beginning=readers.CARTRIDGES,
                limit=_BATCH,
            )
        for file in wanted:
            if stop is not None and stop.is_set():
                raise Stopped
            self._look(file, stop)
            self._after = file.change, file.position
        if len(wanted) < _BATCH:
            self._upto, self._after = clock, (clock, _LAST)
        return len(wanted)

    def _look(self, file: Unread, stop: threading.Event | None) -> None:
        """A file that goes wrong as no other has is one that cannot be read: it must not stand in the way of others."""
        with reading(self._engine) as session:
            if queries.texts.is_known(session, key=file.key, revision=REVISION):
                return  # it is in several resources, or another worker was faster
        try:
            self._read(file, stop)
        except (OerError, StoreError, OSError, Stopped):
            raise
        except Exception as error:  # noqa: BLE001 - see above
            logger.error("a file has defeated its reader", extra={"key": file.key, "reason": repr(error)})  # noqa: TRY400
            self._keep(file.key, Extracted("failed"))

    def said(self, file: Readable, *, stop: threading.Event | None = None) -> Extracted:
        """What a file says, read now where nobody has. Raises Stopped soon after ``stop``, and errors of the store."""
        with reading(self._engine) as session:
            row = session.get(FileText, file.key)
            if row is not None and row.revision >= REVISION:
                text = zlib.decompress(row.text).decode() if row.text else ""
                return Extracted(cast("State", row.state), text, row.title, row.language)
        return self._read(file, stop)

    def _read(self, file: Readable, stop: threading.Event | None) -> Extracted:
        """Nothing is kept of a file that nobody reads under this name: under another it may have words."""
        if not apart.is_readable(file.media_type, file.name, file.size):
            return Extracted("nothing")
        try:
            chunks = self._store.open(file.key)
            kind = {"media_type": file.media_type, "name": file.name}
            found = apart.extract(chunks, **kind, folder=self._folder, stop=stop)
        except (Missing, Damaged, Ended) as error:  # tried again when everything is looked through
            logger.warning("a file was not read for the search", extra={"key": file.key, "reason": repr(error)})
            return Extracted("failed")
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
            before = session.get(FileText, key, populate_existing=True)
            if before is not None and before.revision >= REVISION:
                return  # another worker was faster
            shown = found.text or (before is not None and before.text)
            statement = (sqlite if is_sqlite(session) else postgresql).insert(FileText)
            news = {name: statement.excluded[name] for name in row if name != "key"}
            session.connection().execute(statement.on_conflict_do_update(index_elements=["key"], set_=news), [row])
            if shown:
                exposure.hold_clock(session)  # what is shown after this look finds the text by itself
                exposure.index_again(session, queries.texts.resources_with(session, key=key))


class Extractor(Background):
    """The thread. When it is stopped it leaves the file that it is at, which is read at the next start."""

    def __init__(self, work: Reading, *, grace: float = 0.0) -> None:
        super().__init__("file-reader", "the reading of files", grace=grace)
        self._work = work
        self._again = 0.0  # when everything is looked through again

    @property
    def _trouble(self) -> float:
        return _TROUBLE

    def _turn(self) -> float:
        if time.monotonic() > self._again:
            self._work.start_over()
            self._again = time.monotonic() + _AGAIN
        try:
            return 0.0 if self._work.turn(self._stop) else _IDLE
        except Stopped:
            return 0.0
