"""Streams of bytes: gathered on the way in, held to their promise on the way out."""

import hashlib
import io
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing

from storage.errors import Damaged


def gathered(chunks: Iterable[bytes], size: int, *, keep: bool = False) -> Generator[bytes, None, None]:
    """The same bytes in pieces of exactly `size`, the last one shorter; none is empty.

    An error of `chunks` passes; with `keep`, what came before it is yielded first: an upload that breaks off keeps
    what arrived.
    """
    held: io.BytesIO | None = None
    try:
        for chunk in chunks:
            left = memoryview(chunk)
            while left:
                if held is None and len(left) == len(chunk) == size:
                    left = left[size:]
                    yield chunk
                    continue
                # Written in place and given away without a copy; room that is never written costs nothing.
                held = held or io.BytesIO(bytes(size))
                left = left[held.write(left[: size - held.tell()]) :]
                if held.tell() == size:
                    piece, held = held.getvalue(), None
                    yield piece
                    del piece
    except Exception:
        if held is not None and keep:
            yield _written(held)
        raise
    if held is not None:
        yield _written(held)


def _written(held: io.BytesIO) -> bytes:
    held.truncate()
    return held.getvalue()


def range_end(key: str, size: int, start: int, length: int | None) -> int:
    """Where a read ends in an object of `size` bytes. Raises Damaged where the object does not reach that far."""
    end = size if length is None else start + length
    if not 0 <= start <= end <= size:
        raise Damaged(key, f"bytes {start}-{end} of {size}")
    return end


def exactly(key: str, chunks: Generator[bytes, None, None], length: int) -> Generator[bytes, None, None]:
    """The chunks, provided they are `length` bytes in all; raises Damaged as soon as they cannot be."""
    left = length
    with closing(chunks):
        for chunk in chunks:
            left -= len(chunk)
            if left < 0:
                raise Damaged(key, "too long")
            yield chunk
    if left:
        raise Damaged(key, f"{left} bytes short")


def verified(key: str, chunks: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    """The chunks of a whole object; the last one comes only when the digest of all is the key, else Damaged."""
    digest = hashlib.sha256()
    last: bytes | None = None
    with closing(chunks):
        for chunk in chunks:
            digest.update(chunk)
            if last is not None:
                yield last
            last = chunk
    if digest.hexdigest() != key:
        raise Damaged(key, "another digest")
    if last is not None:
        yield last


def promised(key: str, chunks: Generator[bytes, None, None], *, size: int, start: int, end: int) -> Iterator[bytes]:
    """What `Store.open` yields: the exact range, and the right digest where the range is everything."""
    counted = exactly(key, chunks, end - start)
    return verified(key, counted) if (start, end) == (0, size) else counted
