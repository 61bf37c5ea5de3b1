"""What stands in for the store while an import is only tried."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from storage.errors import Missing
from storage.memory import MemoryStore
from storage.store import Stat, Stored


class Weighed(MemoryStore):
    """Takes any bytes, tells their digest and size, and keeps none of them: what it gives back is zeros."""

    def __init__(self) -> None:
        super().__init__()
        self._sizes: dict[str, int] = {}

    @classmethod
    def of(cls, stored: Stored) -> "Weighed":
        """One that knows these bytes."""
        made = cls()
        made._sizes[stored.key] = stored.size
        return made

    def put(self, chunks: Iterable[bytes]) -> Stored:
        digest, size = hashlib.sha256(), 0
        for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
        stored = Stored(digest.hexdigest(), size)
        self._sizes[stored.key] = size
        return stored

    def stat(self, key: str) -> Stat:
        if key not in self._sizes:
            raise Missing(key=key)
        return Stat(self._sizes[key], datetime.now(UTC))

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        size = self.stat(key).size
        rest = max(0, size - start)
        yield bytes(rest if length is None else min(rest, length))
