"""A store in a bucket of any S3 server.

    <prefix>objects/ab/<sha256>              finished objects
    <prefix>staging/<upload>/a-finished      the receipt: key and size
    <prefix>staging/<upload>/p-<16 digits>   a piece; the digits are 10^16 - 1 - its offset
    <prefix>staging/<upload>/z-begun         so that an empty upload exists
    <prefix>temporary/<random>/p-<16 digits> pieces of a put under way

Offsets count down so that the newest piece comes first in a listing: the state of an upload is one request for one
name, however many pieces it has. Pieces are written once (`If-None-Match: *`) and never again, so a request that
arrives late, or a second writer, cannot change what was acknowledged. A tail shorter than the 5 MiB that S3 asks of
a part stays an object of its own; joining puts neighbours together. All state is in the bucket, none in a process.
"""

import hashlib
import itertools
import secrets
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from storage.bucket import LEAST_PART, MOST_PARTS, Bucket, Piece, Taken
from storage.checksums import ParallelDigest, agree, hex_to_base64
from storage.chunks import gathered, promised, range_end
from storage.errors import Busy, Damaged, Missing, StoreError, TooLarge, WrongOffset
from storage.store import Finding, Stat, Stored, is_key, is_upload

_LAST = 10**16 - 1
_RECEIPT, _BEGUN, _PIECE = "a-finished", "z-begun", "p-"


class S3Store:
    """Keeps objects in `bucket` below `prefix`; `piece` is the bytes held in memory for one request."""

    def __init__(self, bucket: Bucket, *, prefix: str = "", piece: int = LEAST_PART) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._objects, self._staging, self._temporary = (
            f"{self._prefix}{name}/" for name in ("objects", "staging", "temporary")
        )
        self._piece = piece

    def __repr__(self) -> str:
        return f"S3Store({self._bucket!r}, prefix={self._prefix!r})"

    def close(self) -> None:
        """Let the connections go; the store may still be used."""
        self._bucket.close()

    # ── objects ──────────────────────────────────────────────────────────────────────────────────

    def put(self, chunks: Iterable[bytes], expected: str | None = None) -> Stored:
        pieces = gathered(chunks, self._piece)
        ahead = deque(itertools.islice(pieces, 2))
        if len(ahead) == 2:
            return self._put_large(_let_go_of(ahead, pieces), expected)
        content = ahead.pop() if ahead else b""
        stored = Stored(hashlib.sha256(content).hexdigest(), len(content))
        agree(expected, stored.key)
        self._bucket.put(self._name(stored.key), content)
        return stored

    def _put_large(self, pieces: Iterable[bytes], expected: str | None) -> Stored:
        """The key is known at the end only: pieces under a passing name first, joined by the server afterwards."""
        place = f"{self._temporary}{secrets.token_hex(16)}/"
        written: list[Piece] = []
        size = 0
        try:
            with ParallelDigest() as digest:
                for content in pieces:
                    digest.update(content)
                    written.append(self._bucket.put(_piece_name(place, size), content))
                    size += len(content)
                    del content  # while the next one is gathered
                    self._not_too_large(size)
                stored = Stored(digest.hexdigest(), size)
            agree(expected, stored.key)
            self._bucket.join(self._name(stored.key), written)
            return stored
        finally:
            with suppress(StoreError):
                self._bucket.delete_all(piece.name for piece in written)

    def _not_too_large(self, size: int) -> None:
        # About 52 GB with pieces of 5 MiB: beyond it a part of a join would need more memory than two pieces.
        most = (MOST_PARTS - 1) * self._piece
        if size > most:
            raise TooLarge(bytes=most)

    def _name(self, key: str) -> str:
        if not is_key(key):
            raise Missing(key=key)
        return f"{self._objects}{key[:2]}/{key}"

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        found = self._head(key)
        end = range_end(key, found.size, start, length)
        return promised(key, self._bucket.read(found, start, end), size=found.size, start=start, end=end)

    def _head(self, key: str) -> Piece:
        name = self._name(key)
        try:
            return self._bucket.head(name)
        except Missing:
            raise Missing(key=key) from None

    def stat(self, key: str) -> Stat:
        found = self._head(key)
        return Stat(found.size, _moment(found))

    def delete(self, key: str) -> None:
        if is_key(key):
            self._bucket.delete(self._name(key))

    def keys(self) -> Iterator[str]:
        for piece in self._bucket.listed(self._objects):
            key = piece.name.rpartition("/")[2]
            if is_key(key):
                yield key

    def local_path(self, key: str) -> Path | None:  # noqa: ARG002 - nothing here is a file
        return None

    def sweep_temporary(self, older_than: datetime) -> int:
        swept = 0
        for _, group in self._by_folder(self._temporary):
            if max(map(_moment, group)) < older_than:
                self._bucket.delete_all(piece.name for piece in group)
                swept += 1
        return swept + self._bucket.abort_joins(self._objects, older_than)

    def _by_folder(self, prefix: str) -> Iterator[tuple[str, list[Piece]]]:
        """What a listing holds, folder by folder; one folder's names in memory."""
        listed = self._bucket.listed(prefix)
        for name, group in itertools.groupby(listed, key=lambda piece: piece.name[len(prefix) :].partition("/")[0]):
            yield name, list(group)

    # ── staging ──────────────────────────────────────────────────────────────────────────────────

    def begin(self) -> str:
        upload = secrets.token_hex(16)
        self._bucket.put(f"{self._staging}{upload}/{_BEGUN}", b"")
        return upload

    def _place(self, upload: str) -> str:
        if not is_upload(upload):
            raise Missing(upload=upload)
        return f"{self._staging}{upload}/"

    def _newest(self, upload: str) -> Piece:
        """What a listing of the upload begins with: the receipt, the last piece, or the mark of its beginning."""
        found = next(iter(self._bucket.listed(self._place(upload), page=1)), None)
        if found is None:
            raise Missing(upload=upload)
        return found

    def _receipt(self, upload: str) -> Stored | None:
        newest = self._newest(upload)
        if not newest.name.endswith(_RECEIPT):
            return None
        key, _, size = b"".join(self._bucket.read(newest, 0, newest.size)).decode("ascii", "replace").partition(" ")
        if not (is_key(key) and size.isdecimal()):
            raise Damaged(upload, "receipt")
        return Stored(key, int(size))

    def size(self, upload: str) -> int:
        newest = self._newest(upload)
        if newest.name.endswith(_BEGUN):
            return 0
        if newest.name.endswith(_RECEIPT):
            receipt = self._receipt(upload)
            return receipt.size if receipt else 0
        return _offset(newest) + newest.size

    def append(self, upload: str, offset: int, chunks: Iterable[bytes]) -> int:
        place = self._place(upload)
        newest = self._newest(upload)
        if newest.name.endswith(_RECEIPT):
            raise Missing(upload=upload)
        size = 0 if newest.name.endswith(_BEGUN) else _offset(newest) + newest.size
        if offset != size:
            raise WrongOffset(size)
        for content in gathered(chunks, self._piece, keep=True):
            self._not_too_large(size + len(content))
            self._add(upload, _piece_name(place, size), size, content)
            size += len(content)
            del content  # while the next one is gathered
        return size

    def _add(self, upload: str, name: str, offset: int, content: bytes) -> None:
        try:
            self._bucket.put_new(name, content)
        except Taken as taken:
            # Our own bytes: the reply to a write was lost, and the request was sent again.
            with suppress(Missing, Damaged):
                there = self._bucket.head(name)
                if there.size == len(content) and b"".join(self._bucket.read(there, 0, there.size)) == content:
                    return
            size = self.size(upload)
            raise (WrongOffset(size) if size != offset else Busy(upload=upload)) from taken

    def finish(self, upload: str, expected: str | None = None, known: Stored | None = None) -> Stored:  # noqa: ARG002
        # `known` proves nothing here: a server that ignores conditions lets a late request write over a piece.
        place = self._place(upload)
        stored = self._receipt(upload)
        if stored is None:
            try:
                stored = self._joined(upload, expected)
            except (Missing, Damaged):
                # Another hand may have finished meanwhile, and taken the pieces away.
                stored = self._receipt(upload)
                if stored is None:
                    raise
        agree(expected, stored.key)
        self._head(stored.key)
        rest = [piece.name for piece in self._bucket.listed(place) if not piece.name.endswith(_RECEIPT)]
        self._bucket.delete_all(rest)
        return stored

    def _joined(self, upload: str, expected: str | None) -> Stored:
        """The pieces as an object, and the receipt for it."""
        pieces = self._pieces(upload)
        # The receipt comes before the first piece goes: where there is none by now, the list was whole.
        stored = self._receipt(upload)
        if stored is not None:
            return stored
        stored = self._digest_of(pieces)
        agree(expected, stored.key)
        self._bucket.join(self._name(stored.key), pieces)
        self._bucket.put(f"{self._place(upload)}{_RECEIPT}", f"{stored.key} {stored.size}".encode("ascii"))
        return stored

    def _pieces(self, upload: str) -> list[Piece]:
        """Pieces in the order of their offsets. Raises Damaged where one is not where the last one ends."""
        listed = self._bucket.listed(self._place(upload))
        pieces = [piece for piece in listed if piece.name.rpartition("/")[2].startswith(_PIECE)]
        pieces.reverse()
        end = 0
        for piece in pieces:
            if _offset(piece) != end:
                raise Damaged(upload, f"pieces do not meet at {end}")
            end += piece.size
        return pieces

    def _digest_of(self, pieces: list[Piece]) -> Stored:
        """The pieces are read by the ETag that `join` copies them by, so that one digest stands for both."""
        size = 0
        with ParallelDigest() as digest:
            for piece in pieces:
                for content in self._bucket.read(piece, 0, piece.size, pinned=True):
                    digest.update(content)
                    size += len(content)
            return Stored(digest.hexdigest(), size)

    def abort(self, upload: str) -> None:
        if is_upload(upload):
            self._bucket.delete_all([piece.name for piece in self._bucket.listed(self._place(upload))])

    def uploads(self) -> Iterator[tuple[str, datetime]]:
        for upload, group in self._by_folder(self._staging):
            if is_upload(upload):
                yield upload, max(map(_moment, group))

    # ── looking after it ─────────────────────────────────────────────────────────────────────────

    def check(self) -> list[Finding]:
        """What this server honours, tried with random bytes under a passing name."""
        where: dict[str, str | int] = {"endpoint": self._bucket.endpoint, "bucket": self._bucket.name}
        place = f"{self._temporary}{secrets.token_hex(16)}/"
        content = secrets.token_bytes(64)
        try:
            self._bucket.put(f"{place}a", content)
            right = b"".join(self._bucket.read(self._bucket.head(f"{place}a"), 0, 64)) == content
            findings = [Finding("storage.round-trip", right, where)]
        except StoreError as error:
            return [Finding("storage.round-trip", False, {**where, "reason": error.why})]
        for code, probe in (
            ("storage.ranges", self._ranges),
            ("storage.conditional-writes", self._conditional_writes),
            ("storage.checksums", self._checksums),
            ("storage.server-copy", self._server_copy),
        ):
            try:
                findings.append(Finding(code, probe(place, content), where))
            except StoreError as error:
                findings.append(Finding(code, False, {**where, "reason": error.why}))
        with suppress(StoreError):
            self._bucket.delete_all(piece.name for piece in list(self._bucket.listed(place)))
        return findings

    def _ranges(self, place: str, content: bytes) -> bool:
        return b"".join(self._bucket.read(self._bucket.head(f"{place}a"), 3, 9)) == content[3:9]

    def _conditional_writes(self, place: str, content: bytes) -> bool:
        try:
            self._bucket.put_new(f"{place}a", content)
        except Taken:
            return True
        return False

    def _checksums(self, place: str, content: bytes) -> bool:
        other = hex_to_base64(hashlib.sha256(content + b"!").hexdigest())
        try:
            self._bucket.put(f"{place}b", content, headers={"x-amz-checksum-sha256": other})
        except Damaged:
            return True
        return False

    def _server_copy(self, place: str, content: bytes) -> bool:
        """A join of one large piece and one small, as every upload of more than a few MiB needs it."""
        large = content * ((6 << 20) // len(content))
        pieces = [self._bucket.put(f"{place}c", large), self._bucket.put(f"{place}d", content)]
        self._bucket.join(f"{place}e", pieces)
        return b"".join(self._bucket.read(self._bucket.head(f"{place}e"), 0, len(large) + 64)) == large + content


def _let_go_of(ahead: deque[bytes], pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What was taken ahead, then the rest; none is held once the next is asked for."""
    while ahead:
        yield ahead.popleft()
    yield from pieces


def _piece_name(place: str, offset: int) -> str:
    return f"{place}{_PIECE}{_LAST - offset:016d}"


def _offset(piece: Piece) -> int:
    return _LAST - int(piece.name[-16:])


def _moment(piece: Piece) -> datetime:
    # A listing without a date would make leftovers immortal or, worse, doomed: as young as can be is the safe side.
    return piece.modified or datetime.max.replace(tzinfo=UTC)
