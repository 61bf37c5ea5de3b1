"""A store that forgets everything with the process: for tests."""

import hashlib
import secrets
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from storage.chunks import gathered, promised, range_end
from storage.errors import Busy, ChecksumMismatch, Missing, WrongOffset
from storage.store import Finding, Stat, Stored

_PIECE = 1 << 20


@dataclass
class _Upload:
    changed: datetime
    content: bytearray = field(default_factory=bytearray)
    finished: Stored | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryStore:
    """Keeps objects in a dictionary; `now` stands for the clock that a disk or a server would have."""

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        self._now = now
        self._objects: dict[str, tuple[bytes, datetime]] = {}
        self._uploads: dict[str, _Upload] = {}

    def __repr__(self) -> str:
        return f"MemoryStore({len(self._objects)} objects)"

    def put(self, chunks: Iterable[bytes]) -> Stored:
        return self._keep(b"".join(chunks))

    def _keep(self, content: bytes) -> Stored:
        key = hashlib.sha256(content).hexdigest()
        self._objects[key] = (content, self._now())
        return Stored(key, len(content))

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        content = self._object(key)[0]
        end = range_end(key, len(content), start, length)
        return promised(key, _pieces(content, start, end), size=len(content), start=start, end=end)

    def _object(self, key: str) -> tuple[bytes, datetime]:
        try:
            return self._objects[key]
        except KeyError:
            raise Missing(key=key) from None

    def stat(self, key: str) -> Stat:
        content, modified = self._object(key)
        return Stat(len(content), modified)

    def delete(self, key: str) -> None:
        self._objects.pop(key, None)

    def keys(self) -> Iterator[str]:
        yield from list(self._objects)

    def begin(self) -> str:
        upload = secrets.token_hex(16)
        self._uploads[upload] = _Upload(changed=self._now())
        return upload

    def _upload(self, upload: str) -> _Upload:
        try:
            return self._uploads[upload]
        except KeyError:
            raise Missing(upload=upload) from None

    def append(self, upload: str, offset: int, chunks: Iterable[bytes]) -> int:
        state = self._upload(upload)
        if not state.lock.acquire(blocking=False):
            raise Busy(upload=upload)
        try:
            if state.finished is not None:
                raise Missing(upload=upload)
            if offset != len(state.content):
                raise WrongOffset(len(state.content))
            for piece in gathered(chunks, _PIECE, keep=True):
                state.content += piece
                state.changed = self._now()
            return len(state.content)
        finally:
            state.lock.release()

    def size(self, upload: str) -> int:
        state = self._upload(upload)
        return state.finished.size if state.finished else len(state.content)

    def finish(self, upload: str, expected: str | None = None) -> Stored:
        state = self._upload(upload)
        if not state.lock.acquire(blocking=False):
            raise Busy(upload=upload)
        try:
            found = state.finished.key if state.finished else hashlib.sha256(state.content).hexdigest()
            if expected is not None and expected != found:
                raise ChecksumMismatch(expected, found)
            if state.finished is None:
                state.finished = self._keep(bytes(state.content))
                state.content.clear()
            self._object(found)
            return state.finished
        finally:
            state.lock.release()

    def abort(self, upload: str) -> None:
        self._uploads.pop(upload, None)

    def uploads(self) -> Iterator[tuple[str, datetime]]:
        for upload, state in list(self._uploads.items()):
            yield upload, state.changed

    def sweep_temporary(self, older_than: datetime) -> int:  # noqa: ARG002 - nothing outlives a put here
        return 0

    def local_path(self, key: str) -> Path | None:  # noqa: ARG002 - no files here
        return None

    def check(self) -> list[Finding]:
        return [Finding("storage.lasting", False)]


def _pieces(content: bytes, start: int, end: int) -> Generator[bytes, None, None]:
    for at in range(start, end, _PIECE):
        yield content[at : min(at + _PIECE, end)]
