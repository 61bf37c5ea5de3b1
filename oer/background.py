"""Threads that work beside everything else, as long as their process does."""

import logging
import threading
from abc import ABC, abstractmethod

from oer.errors import OerError
from storage.errors import StoreError


class Background(ABC):
    """A thread. It begins with :meth:`start`, and takes turns until :meth:`stop`; one that fails is taken again.
    It may be started again then.

    ``what`` pauses meanwhile, as the log says; ``grace``: seconds that it leaves the machine to others first.
    """

    def __init__(self, name: str, what: str, *, grace: float) -> None:
        self._what = what
        self._grace = grace
        self._stop = threading.Event()
        self._name = name
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Waits for the end of the turn, which heeds ``_stop``."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    @property
    @abstractmethod
    def _trouble(self) -> float:
        """Seconds to wait after a turn that has failed."""

    @abstractmethod
    def _turn(self) -> float:
        """Do what there is to do; the seconds to wait before the next turn."""

    def _run(self) -> None:
        self._stop.wait(self._grace)
        while not self._stop.is_set():
            try:
                rest = self._turn()
            except Exception as error:  # noqa: BLE001 - a full disk, a database that is away: it is tried again
                told = error.code if isinstance(error, OerError | StoreError) else repr(error)
                logger = logging.getLogger(type(self).__module__)
                logger.warning("%s pauses", self._what, extra={"reason": told})
                rest = self._trouble
            self._stop.wait(rest)
