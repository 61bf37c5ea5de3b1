"""SHA-256 on the way, and the ways it is written: hex, base64, digest fields of HTTP."""

import base64
import binascii
import hashlib
import re
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from storage.errors import ChecksumMismatch

_MEMBER = re.compile(r"\s*([a-z*][a-z0-9_\-.*]*)=:([A-Za-z0-9+/]*={0,2}):\s*(?:;[^,]*)?")

_LOT = 4 << 20  # bytes that go to the thread at once: smaller lots wait for the interpreter longer than they work
_WAITING = 1  # lots, beside the one in work


class Hashing:
    """Passes chunks on unchanged and knows their sha256 and size at the end."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._digest = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._digest.update(chunk)
            self.size += len(chunk)
            yield chunk

    @property
    def hex(self) -> str:
        """Digest of what has passed so far."""
        return self._digest.hexdigest()


class ParallelDigest:
    """A sha256 that works beside the caller's writing: hashlib lets go of the interpreter for large buffers.

    A buffer handed to `update` must not change afterwards. Lots of a few MiB go to a thread, and only one waits there,
    so memory stays flat.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._held: list[bytes] = []
        self._count = 0
        self._pool: ThreadPoolExecutor | None = None
        self._running: deque[Future[None]] = deque()

    def __enter__(self) -> "ParallelDigest":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def update(self, data: bytes) -> None:
        self._held.append(data)
        self._count += len(data)
        if self._count < _LOT:
            return
        while len(self._running) > _WAITING:
            self._running.popleft().result()
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sha256")
        self._running.append(self._pool.submit(self._absorb, self._held))
        self._held, self._count = [], 0

    def _absorb(self, lot: list[bytes]) -> None:
        for data in lot:
            self._digest.update(data)

    def _settle(self) -> None:
        while self._running:
            self._running.popleft().result()

    def hexdigest(self) -> str:
        self._settle()
        self._absorb(self._held)
        self._held, self._count = [], 0
        return self._digest.hexdigest()


def agree(expected: str | None, found: str) -> None:
    """Raises ChecksumMismatch where a digest was promised and another one was found (both lower-case hex)."""
    if expected is not None and expected != found:
        raise ChecksumMismatch(expected, found)


def hex_to_base64(key: str) -> str:
    """A hex digest as base64, padded."""
    return base64.b64encode(bytes.fromhex(key)).decode("ascii")


def base64_to_hex(text: str) -> str:
    """A padded base64 digest as lower-case hex. Raises ValueError where it is not base64."""
    try:
        return base64.b64decode(text, validate=True).hex()
    except binascii.Error as error:
        raise ValueError("not base64") from error


def digest_field(key: str) -> str:
    """The value of `Repr-Digest` or `Content-Digest` (RFC 9530, section 2) for this sha256."""
    return f"sha-256=:{hex_to_base64(key)}:"


def parse_digest_field(value: str) -> str | None:
    """The sha256 (hex) that a `Repr-Digest` or `Content-Digest` promises; None where it names other algorithms only.

    Raises ValueError where the field is not a dictionary of byte sequences (RFC 9651, section 3.2; of a name
    given twice the last counts) or the digest has not 32 bytes.
    """
    found: str | None = None
    for member in value.split(","):
        match = _MEMBER.fullmatch(member)
        if match is None:
            raise ValueError("not a digest field")
        digest = base64_to_hex(match[2])
        if match[1] == "sha-256":
            found = digest
    if found is not None and len(found) != 64:
        raise ValueError("a sha-256 digest has 32 bytes")
    return found
