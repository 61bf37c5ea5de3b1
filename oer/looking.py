"""A thread of each worker that looks for files of published, open resources which nobody has looked into yet.

What is found in a file is kept beside its bytes: once for the same bytes, and forgotten with them. Killed anywhere,
whatever is not kept is found again at the next start; two may look into the same file, and find the same.
"""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from threading import Event

from sqlalchemy.engine import Engine
from sqlmodel import Session

from oer import queries
from oer.apart.running import Stopped
from oer.background import Background
from oer.db import reading
from oer.errors import OerError
from oer.queries.texts import Place, Unread
from storage.errors import StoreError

_BATCH = 100
_LAST = 1 << 30  # a position behind that of any file
_IDLE = 2.0  # seconds between looks at the clock
_AGAIN = 600.0  # seconds after which everything is looked through again: another worker may have died over a file
_TROUBLE = 10.0  # seconds to wait where the database or the store is away


class Looking(ABC):
    """Goes through the files in the order of changes, and through all of them again after :meth:`start_over`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._clock = self._upto = 0  # where it stands, and where everything has been looked through
        self._after: Place = (0, -1)

    def start_over(self) -> None:
        self._upto, self._after = 0, (0, -1)

    def turn(self, stop: Event | None = None) -> int:
        """Look into what is found at one look; how many there were. Raises Stopped soon after ``stop``."""
        with reading(self._engine) as session:
            clock = queries.records.clock(session).change
            if self._upto >= clock:
                return 0
            wanted = self._wanted(session, after=self._after, limit=_BATCH)
        for file in wanted:
            if stop is not None and stop.is_set():
                raise Stopped
            self._look(file, stop)
            self._after = file.change, file.position
        if len(wanted) < _BATCH:
            self._upto, self._after = clock, (clock, _LAST)
        return len(wanted)

    def _look(self, file: Unread, stop: Event | None) -> None:
        """A file that goes wrong as no other has is one that cannot be read: it must not stand in the way of others."""
        with reading(self._engine) as session:
            if self._is_known(session, file.key):
                return  # it is in several resources, or another worker was faster
        try:
            self._look_into(file, stop)
        except (OerError, StoreError, OSError, Stopped):
            raise
        except Exception as error:  # noqa: BLE001 - see above
            logger = logging.getLogger(type(self).__module__)
            logger.error("a file has defeated its reader", extra={"key": file.key, "reason": repr(error)})  # noqa: TRY400
            self._give_up(file)

    @abstractmethod
    def _wanted(self, session: Session, *, after: Place, limit: int) -> Sequence[Unread]:
        """Files that nobody has looked into, behind a place, in the order of places."""

    @abstractmethod
    def _is_known(self, session: Session, key: str) -> bool:
        """Whether somebody has looked into these bytes."""

    @abstractmethod
    def _look_into(self, file: Unread, stop: Event | None) -> None:
        """Look, and keep what is found. Raises Stopped soon after ``stop``."""

    @abstractmethod
    def _give_up(self, file: Unread) -> None:
        """Keep that nobody can look into it."""


class Looker(Background):
    """The thread. When it is stopped it leaves the file that it is at, which is looked into at the next start."""

    def __init__(self, name: str, what: str, work: Looking, *, grace: float = 0.0) -> None:
        super().__init__(name, what, grace=grace)
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
