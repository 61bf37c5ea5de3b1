"""What files say, kept beside their bytes (``looking``). Those of drafts are read for suggestions."""

import logging
import threading
import zlib
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol, cast

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine
from sqlmodel import Session

from oer import exposure, queries
from oer.db import is_sqlite, reading, transaction
from oer.extraction import apart, readers
from oer.extraction.apart import Ended, Extracted, State
from oer.looking import Looker, Looking
from oer.models import FileText
from oer.queries.texts import Place, Unread
from storage.errors import Damaged, Missing
from storage.store import Store

logger = logging.getLogger(__name__)

REVISION = 1
"""Step it when readers find more: everything is read anew."""


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


class Reading(Looking):
    """Looks for files to read, and reads them one by one."""

    def __init__(self, engine: Engine, store: Store, *, folder: Path, now: Callable[[], datetime]) -> None:
        super().__init__(engine)
        self._now = now
        self._store = store
        self._folder = folder

    def _wanted(self, session: Session, *, after: Place, limit: int) -> Sequence[Unread]:
        return queries.texts.unread(
            session, after=after, revision=REVISION, kinds=readers.KINDS, beginning=readers.CARTRIDGES, limit=limit
        )

    def _is_known(self, session: Session, key: str) -> bool:
        return queries.texts.is_known(session, key=key, revision=REVISION)

    def _look_into(self, file: Unread, stop: threading.Event | None) -> None:
        self._read(file, stop)

    def _give_up(self, file: Unread) -> None:
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


class Extractor(Looker):
    """The thread."""

    def __init__(self, work: Reading, *, grace: float = 0.0) -> None:
        super().__init__("file-reader", "the reading of files", work, grace=grace)
