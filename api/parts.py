"""Parts of a file on their way into the store's staging."""

import errno
import hashlib
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from storage.checksums import ParallelDigest
from storage.errors import ChecksumMismatch, Full, Unavailable
from storage.store import Store, Stored

_DURABLE = 30.0  # seconds of a slow line that a killed server may lose
_MEMORY = 1 << 20  # bytes of a part that are held before they go to the disk
_PIECE = 1 << 20


def added(store: Store, upload: str, offset: int, pieces: Iterable[bytes]) -> int:
    """Add all pieces to a staged upload; its new size. What comes slowly becomes durable on the way.

    Errors as for ``Store.append``, and what ``pieces`` raises; what came before is kept.
    """
    rest, over = iter(pieces), False

    def some() -> Iterator[bytes]:
        nonlocal over
        until = time.monotonic() + _DURABLE
        for piece in rest:
            yield piece
            if time.monotonic() > until:
                return
        over = True

    while not over:
        offset = store.append(upload, offset, some())
    return offset


def added_whole(store: Store, upload: str, pieces: Iterable[bytes]) -> Stored:
    """Add all bytes of an upload that is empty yet, hashed on the way: what they are. Errors as for :func:`added`."""
    with ParallelDigest() as digest:

        def hashed() -> Iterator[bytes]:
            for piece in pieces:
                digest.update(piece)
                yield piece

        size = added(store, upload, 0, hashed())
        return Stored(digest.hexdigest(), size)


def verified(pieces: Iterable[bytes], algorithm: str, digest: str, *, folder: Path) -> Iterator[bytes]:
    """The pieces, none of them before all have the promised digest (hex). Raises ChecksumMismatch.

    They wait in a nameless file of the folder, which a crash takes with it: bytes that are in the store's staging
    are durable, and a server that dies before it can compare them would keep wrong ones.
    """
    hashed = hashlib.new(algorithm)
    with tempfile.SpooledTemporaryFile(_MEMORY, dir=str(folder)) as kept:
        for piece in pieces:
            hashed.update(piece)
            _write(kept, piece)
        if hashed.hexdigest() != digest:
            raise ChecksumMismatch(digest, hashed.hexdigest())
        kept.seek(0)
        while piece := kept.read(_PIECE):
            yield piece


def _write(kept: IO[bytes], piece: bytes) -> None:
    try:
        kept.write(piece)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Full() from error
        raise Unavailable(errno.errorcode.get(error.errno or 0, "unknown")) from error
