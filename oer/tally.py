"""Uses on their way into the database: noted in the memory of a web process, and written some seconds later.

No request waits for it or fails by it. A process that is killed loses what it has noted since the last time.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.engine import Engine

from oer import usage
from oer.background import Background
from oer.db import transaction
from oer.errors import OerError
from oer.usage import Use

logger = logging.getLogger(__name__)

_EVERY = 5.0  # seconds
_TROUBLE = 15.0  # seconds to wait where the database is away
_ROOM = 20_000  # uses that wait; more are lost


class Tally(Background):
    """The thread, and what waits for it. :meth:`note` is for any number of threads."""

    def __init__(
        self, engine: Engine, *, now: Callable[[], datetime], room: int = _ROOM, every: float = _EVERY
    ) -> None:
        super().__init__("usage-tally", "the counting of uses", grace=every)
        self._engine = engine
        self._now = now
        self._room = room
        self._every = every
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: list[Use] = []
        self._lost = 0

    def note(self, use: Use) -> None:
        with self._lock:
            if len(self._waiting) < self._room:
                self._waiting.append(use)
            else:
                self._lost += 1

    def flush(self) -> None:
        """Write what waits; where the database does not take it now it waits on. Raises what the database raises."""
        with self._writing:
            with self._lock:
                uses, self._waiting = self._waiting, []
                lost, self._lost = self._lost, 0
            if lost:
                logger.warning("uses were not counted: too many wait", extra={"count": lost})
            if not uses:
                return
            try:
                with transaction(self._engine) as session:
                    usage.count(session, uses, now=self._now())
            except OerError:
                with self._lock:
                    self._waiting = [*uses, *self._waiting][: self._room]
                raise

    def stop(self) -> None:
        """Write what still waits, at once or not at all."""
        super().stop()
        try:
            self.flush()
        except Exception as error:  # noqa: BLE001 - the process ends whatever happens
            logger.warning("uses were not counted", extra={"count": len(self._waiting), "reason": repr(error)})

    @property
    def _trouble(self) -> float:
        return _TROUBLE

    def _turn(self) -> float:
        self.flush()
        return self._every
