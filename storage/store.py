"""The contract of a store. Whoever adds a backend makes `tests/storage/test_conformance.py` pass with it.

Objects are named by the sha256 of their bytes (lower-case hex, the *key*), so the same key always means the same
bytes. A store knows nothing of people, names, types or limits.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

_KEY = re.compile(r"[0-9a-f]{64}")
_UPLOAD = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Stored:
    """What was kept: its key (sha256, lower-case hex) and size (bytes)."""

    key: str
    size: int


@dataclass(frozen=True, slots=True)
class Stat:
    """Size (bytes) and the moment of the last put (UTC, the backend's clock; S3 knows whole seconds)."""

    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of :meth:`Store.check`: a code, whether it is well, and values for the sentence."""

    code: str
    ok: bool
    params: Mapping[str, str | int] = field(default_factory=dict)


def is_key(text: str) -> bool:
    """Whether this could be a key; anything else is never handed to a path or a server."""
    return _KEY.fullmatch(text) is not None


def is_upload(text: str) -> bool:
    """Whether this could be an upload id."""
    return _UPLOAD.fullmatch(text) is not None


class Store(Protocol):
    """Keeps objects, and uploads that are not objects yet.

    Every method may raise `Unavailable`; every writing one `Full`. Methods are safe from several threads and
    processes at once. A malformed key or upload id is `Missing`, never an error of another kind.
    """

    def put(self, chunks: Iterable[bytes]) -> Stored:
        """Keep what `chunks` yields, hashed on the way; memory stays flat at any size.

        When it returns, the object is durable and complete. The object appears whole or not at all. A key that
        exists already is renewed: its `modified` moves, its bytes stay right. What `chunks` itself raises passes
        through untouched, with nothing left behind. `chunks` must not reuse its buffers.
        """
        ...

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `start`, all or `length` of them, in pieces.

        The call itself raises `Missing`, and `Damaged` where the object ends before the range does. The iterator
        yields the whole range or raises; it is never short. A read of the whole object is compared with the key,
        and its last piece is held back until the digest is right (`Damaged`); of a range only the length is
        known. An object deleted while it is read is read to the end, or `Missing`, or `Unavailable`.
        The iterator is a generator: close it when it is abandoned, which frees its file or connection.
        """
        ...

    def stat(self, key: str) -> Stat:
        """Size and last put. Raises `Missing`."""
        ...

    def delete(self, key: str) -> None:
        """Forget the object; deleting what is not there is no error."""
        ...

    def keys(self) -> Iterator[str]:
        """Every finished object once, in any order, without holding them all; what changes meanwhile may be missed."""
        ...

    def begin(self) -> str:
        """A new, empty upload: its unguessable id (32 hex digits). It survives restarts of everything."""
        ...

    def append(self, upload: str, offset: int, chunks: Iterable[bytes]) -> int:
        """Add bytes at the end; returns the new size, all of it durable.

        Raises `WrongOffset` where `offset` is not the durable size, `Missing` where the upload is unknown, aborted
        or finished, `Busy` where another append of it runs and the backend can tell. When `chunks` fails, what it
        yielded before is kept as far as it is durable, and its error passes through: ask `size` where to go on.
        Two appends at the same offset never mix their bytes in silence: one of them fails. (An S3 server that
        ignores `If-None-Match` cannot promise that; `check` says so, and callers then let one append run at a time.)
        """
        ...

    def size(self, upload: str) -> int:
        """Durable bytes of an upload, open or finished. Raises `Missing`."""
        ...

    def finish(self, upload: str, expected: str | None = None) -> Stored:
        """Make the upload an object. Its key is known only now: hash states do not travel between machines, so the
        bytes are read once more.

        Raises `ChecksumMismatch` (the upload stays as it is) where `expected`, a key, is another one; `Missing`;
        `Busy`. A receipt stays behind, so that finishing again, after a crash in the middle or a lost reply, gives
        the same answer. `abort` takes the receipt away; call it when the answer is safely noted.
        """
        ...

    def abort(self, upload: str) -> None:
        """Forget an upload, its bytes or its receipt; an object made of it stays. An unknown one is no error."""
        ...

    def uploads(self) -> Iterator[tuple[str, datetime]]:
        """Uploads and receipts with their last change (UTC), for expiry."""
        ...

    def sweep_temporary(self, older_than: datetime) -> int:
        """Remove what puts of crashed processes left before this moment; returns how many leftovers went."""
        ...

    def local_path(self, key: str) -> Path | None:
        """The object's file, for servers that send by path; None where there is no such file."""
        ...

    def check(self) -> list[Finding]:
        """What works here, tried for real with a few bytes. Never raises a `StoreError`."""
        ...
