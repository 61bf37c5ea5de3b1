"""Where long lists of addresses are cut: in the order of changes, where nothing that was cut off is ever missed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from threading import Lock

from sqlmodel import Session

from oer import queries
from oer.errors import Unavailable

LARGEST = 50_000  # addresses in one document (sitemaps.org, protocol 0.9; ResourceSync 1.1, section 10.2)
_BATCH = 10_000
_PATIENCE = 2  # seconds


@dataclass(frozen=True, slots=True)
class Part:
    """What changed behind ``after``, as far as ``upto``; None: as far as there is anything, and will be.

    ``seen`` and ``count`` are the last change in it and how many there are: while both stay, it lists the same.
    """

    after: int
    upto: int | None
    seen: int
    count: int


def part(session: Session, after: int, upto: int | None, *, size: int) -> Part:
    """The part behind ``after``, cut where it would list more than ``size`` addresses; a resource is never cut."""
    first = next(_cut(session, after, upto, size=size))
    return first if first.upto is not None or upto is None else Part(after, upto, first.seen, first.count)


def _cut(session: Session, after: int, upto: int | None, *, size: int) -> Iterator[Part]:
    """Full parts one after another, and what is left behind them as one without an end."""
    seen, count, taken = after, 0, 0
    while True:
        rows = queries.listings.weights(session, after=seen, upto=upto, limit=min(_BATCH, size + 1))
        for change, weight in rows:
            if count and taken + weight > size:
                yield Part(after, seen, seen, count)
                after, count, taken = seen, 0, 0
            seen, count, taken = change, count + 1, taken + weight
        if len(rows) < min(_BATCH, size + 1):
            break
    yield Part(after, None, seen, count)


class Cuts:
    """The ends of all full parts, found once and gone on with as more changes.

    Finding them reads every resource, some seconds for a million; afterwards only what has changed since. What has
    been cut stays as it is: a part only loses rows, so none outgrows ``size`` (``queries.listings``).
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._ends: list[int] = []
        self._lock = Lock()

    def ends(self, session: Session) -> Sequence[int]:
        """Changes at which parts end, rising; what follows the last of them is the open part.

        Raises Unavailable while somebody else still looks for them.
        """
        if not self._lock.acquire(timeout=_PATIENCE):
            raise Unavailable("database.busy")  # harvesters come again; people must not find all threads waiting here
        try:
            after = self._ends[-1] if self._ends else 0
            self._ends += [found.seen for found in _cut(session, after, None, size=self.size) if found.upto is not None]
            return list(self._ends)
        finally:
            self._lock.release()


@dataclass(frozen=True, slots=True)
class Shown:
    """A part with something in it, the last of which changed at ``modified``."""

    after: int
    upto: int | None
    modified: datetime


def shown(session: Session, cuts: Cuts, *, live: bool) -> list[Shown]:
    """The parts that an index names: those with anything in them, with anything alive if ``live``.

    One that is empty would be no valid document, and would lead to nothing.
    """
    bounds = [*pairwise([0, *cuts.ends(session)])]
    found = []
    for after, upto in [*bounds, (bounds[-1][1] if bounds else 0, None)]:
        modified = queries.listings.last_within(session, after=after, upto=upto, live=live)
        if modified is not None:
            found.append(Shown(after, upto, modified))
    return found
