"""A store in a folder of one file system.

    objects/ab/cd/<sha256>     finished objects, never changed after they appear
    staging/<upload>/bytes     what has arrived; may be longer than what is durable
    staging/<upload>/size      how much of it is durable, in decimal digits
    staging/<upload>/finished  the receipt: key and size
    temporary/<random>         a put under way

A power cut may keep a file's length and lose its blocks, so the length of `bytes` proves nothing: only what was
synced before `size` was written counts; an append writes over the rest, and finishing cuts it off.
"""

import errno
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from storage.checksums import ParallelDigest, agree
from storage.chunks import exactly, promised, range_end
from storage.errors import (
    Busy,
    Damaged,
    Full,
    Missing,
    StoreError,
    TooLarge,
    Unavailable,
    WrongOffset,
)
from storage.growing import GrowingFile
from storage.store import Finding, Stat, Stored, is_key, is_upload

_ROUNDS = 3  # to take an upload away that somebody still writes to
_BUFFER = 4 << 20
# A killed process loses at most twice this much of an append, or of a fast one twice what comes in half a second: each
# step costs three syncs, a fifth of the speed where ten are taken a second.
_DURABLE_EVERY = 32 << 20
_DURABLE_APART = 0.5  # seconds
# Less than this is no room to work in: even deleting needs space in the database beside us.
_LITTLE_SPACE = 1 << 30


class FilesystemStore:
    """Keeps objects below `folder`, which it makes. All of it must be one file system, as renames are the commit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._objects, self._staging, self._temporary = (
            self.folder / name for name in ("objects", "staging", "temporary")
        )
        with _translated():
            for each in (self._objects, self._staging, self._temporary):
                each.mkdir(parents=True, exist_ok=True)

    def __repr__(self) -> str:
        return f"FilesystemStore({str(self.folder)!r})"

    # ── objects ──────────────────────────────────────────────────────────────────────────────────

    def put(self, chunks: Iterable[bytes], expected: str | None = None) -> Stored:
        temporary = self._temporary / secrets.token_hex(16)
        with _translated():
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        try:
            with _closing(descriptor):
                stored = _fill(descriptor, chunks)
            agree(expected, stored.key)
            self._place(temporary, stored.key)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        return stored

    def _place(self, source: Path, key: str) -> None:
        """Make a synced file the object. An older file of the key is replaced: the bytes are the same by name, a
        rotten copy is healed, readers of the old one finish it, and no deletion can come between look and touch."""
        target = self._path(key)
        with _translated():
            os.utime(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
            for folder in (target.parent, target.parent.parent, self._objects):
                _sync_folder(folder)

    def _path(self, key: str) -> Path:
        if not is_key(key):
            raise Missing(key=key)
        return self._objects / key[:2] / key[2:4] / key

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        path = self._path(key)
        size = self.stat(key).size
        end = range_end(key, size, start, length)
        return promised(key, _read(path, key, start, end), size=size, start=start, end=end)

    def stat(self, key: str) -> Stat:
        path = self._path(key)
        with _translated(key):
            found = path.stat()
        return Stat(found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def delete(self, key: str) -> None:
        with suppress(Missing):
            path = self._path(key)
            with _translated(key):
                path.unlink()

    def keys(self) -> Iterator[str]:
        for first in _names(self._objects):
            for second in _names(self._objects / first):
                for name in _names(self._objects / first / second):
                    if is_key(name):
                        yield name

    def local_path(self, key: str) -> Path | None:
        path = self._path(key)
        return path if path.is_file() else None

    def sweep_temporary(self, older_than: datetime) -> int:
        swept = 0
        for name in _names(self._temporary):
            with suppress(Missing), _translated(name):
                path = self._temporary / name
                if path.stat().st_mtime < older_than.timestamp():
                    path.unlink()
                    swept += 1
        return swept

    # ── staging ──────────────────────────────────────────────────────────────────────────────────

    def begin(self) -> str:
        upload = secrets.token_hex(16)
        folder = self._staging / upload
        with _translated():
            folder.mkdir(mode=0o750)
            (folder / "bytes").touch(mode=0o640)
            _write_small(folder / "size", "0")
            _sync_folder(self._staging)
        return upload

    def _upload_folder(self, upload: str) -> Path:
        if not is_upload(upload):
            raise Missing(upload=upload)
        return self._staging / upload

    def append(self, upload: str, offset: int, chunks: Iterable[bytes]) -> int:
        folder = self._upload_folder(upload)
        with _locked(folder, upload):
            if _receipt(folder) is not None:
                raise Missing(upload=upload)
            size = _durable(folder, upload)
            if offset != size:
                raise WrongOffset(size)
            with _translated(upload):
                descriptor = os.open(folder / "bytes", os.O_WRONLY | os.O_CLOEXEC)
            with _closing(descriptor):
                return _extend(descriptor, folder, size, chunks)

    def size(self, upload: str) -> int:
        folder = self._upload_folder(upload)
        receipt = _receipt(folder)
        return receipt.size if receipt else _durable(folder, upload)

    def finish(self, upload: str, expected: str | None = None, known: Stored | None = None) -> Stored:
        folder = self._upload_folder(upload)
        source = folder / "bytes"
        with _locked(folder, upload):
            stored = _receipt(folder) or _digest_of(source, _durable(folder, upload), upload, known)
            agree(expected, stored.key)
            with _translated(upload):
                # The receipt first: a crash after the rename would leave nothing to tell the key from.
                _write_small(folder / "finished", f"{stored.key} {stored.size}")
            if source.exists():
                self._place(source, stored.key)
            self.stat(stored.key)
            return stored

    def abort(self, upload: str) -> None:
        with suppress(Missing):
            folder = self._upload_folder(upload)
            for _ in range(_ROUNDS):
                # `size` first: without it the upload is gone for everybody, whatever happens to the rest.
                for name in ("size", "finished", "size.new", "finished.new", "bytes"):
                    with suppress(Missing), _translated(upload):
                        (folder / name).unlink()
                with _translated(upload):
                    try:
                        folder.rmdir()
                    except OSError as error:
                        if error.errno != errno.ENOTEMPTY:
                            raise
                        continue  # somebody who was still writing has left something
                return  # what is left after all rounds goes with the next sweep of what has expired

    def uploads(self) -> Iterator[tuple[str, datetime]]:
        for upload in filter(is_upload, _names(self._staging)):
            folder = self._staging / upload
            changes: list[float] = []
            for path in (folder, folder / "bytes"):
                with suppress(Missing), _translated(upload):
                    changes.append(path.stat().st_mtime)
            if changes:
                yield upload, datetime.fromtimestamp(max(changes), UTC)

    # ── looking after it ─────────────────────────────────────────────────────────────────────────

    def check(self) -> list[Finding]:
        where = str(self.folder)
        try:
            self._round_trip()
            works = Finding("storage.round-trip", True, {"folder": where})
        except StoreError as error:
            works = Finding("storage.round-trip", False, {"folder": where, "reason": error.why})
        try:
            free = shutil.disk_usage(self.folder).free
            devices = {path.stat().st_dev for path in (self._objects, self._staging, self._temporary)}
        except OSError as error:
            return [works, Finding("storage.free-space", False, {"folder": where, "reason": str(error.strerror)})]
        space = Finding("storage.free-space", free >= _LITTLE_SPACE, {"folder": where, "bytes": free})
        return [works, space, Finding("storage.one-file-system", len(devices) == 1, {"folder": where})]

    def _round_trip(self) -> None:
        """Random bytes, so that nobody's object is the one deleted at the end."""
        content = secrets.token_bytes(64)
        stored = self.put([content])
        try:
            if b"".join(self.open(stored.key)) != content:
                raise Damaged(stored.key, "read back differently")
        finally:
            self.delete(stored.key)


@contextmanager
def _translated(what: str | None = None) -> Generator[None, None, None]:
    """Errors of the operating system as the store's own; `what` names the key or upload that may be missing."""
    try:
        yield
    except OSError as error:
        reason = errno.errorcode.get(error.errno or 0, "unknown")
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Full() from error
        if error.errno == errno.EFBIG:
            raise TooLarge() from error
        if what is not None and error.errno in (errno.ENOENT, errno.ENOTDIR):
            raise Missing(key=what) from error
        if what is not None and error.errno == errno.EIO:
            raise Damaged(what, reason) from error
        raise Unavailable(reason) from error


@contextmanager
def _closing(descriptor: int) -> Generator[None, None, None]:
    try:
        yield
    except BaseException:
        with suppress(OSError):
            os.close(descriptor)
        raise
    # Network file systems report a full quota here at the latest.
    with _translated():
        os.close(descriptor)


@contextmanager
def _locked(folder: Path, upload: str) -> Generator[None, None, None]:
    """One append or finish at a time, over processes and threads; the kernel lets go when a process dies."""
    with _translated(upload):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(upload=upload) from None
        yield
    finally:
        os.close(descriptor)


def _fill(descriptor: int, chunks: Iterable[bytes]) -> Stored:
    with ParallelDigest() as digest, closing(GrowingFile(descriptor)) as file:
        for chunk in chunks:
            digest.update(chunk)
            with _translated():
                file.write(chunk)
        with _translated():
            file.flush()
            os.fsync(descriptor)
        return Stored(digest.hexdigest(), file.size)


class _Record:
    """How much of an append is durable, recorded beside the writing: to wait for each sync took twice as long."""

    def __init__(self, descriptor: int, folder: Path, size: int) -> None:
        self.size = size
        self._descriptor, self._folder = descriptor, folder
        self._next = 0.0  # of the monotonic clock, when another step may begin
        self._pool: ThreadPoolExecutor | None = None
        self._running: Future[None] | None = None

    def follow(self, size: int) -> None:
        """Have `size` bytes been written, make them durable where that is worth it and nothing is being synced."""
        if size - self.size < _DURABLE_EVERY or time.monotonic() < self._next:
            return
        if self._running is not None and not self._running.done():
            return
        self._settle()
        self._next = time.monotonic() + _DURABLE_APART
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sync")
        self._running = self._pool.submit(self._write, size)

    def _settle(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.result()

    def _write(self, size: int) -> None:
        with _translated(self._folder.name):
            os.fsync(self._descriptor)
            _write_small(self._folder / "size", str(size))
        self.size = size

    def end(self, size: int | None) -> None:
        """Wait for what is under way; then make `size` bytes durable, unless it is None."""
        try:
            self._settle()
            if size is not None:
                self._write(size)
        finally:
            if self._pool is not None:
                self._pool.shutdown()


def _extend(descriptor: int, folder: Path, size: int, chunks: Iterable[bytes]) -> int:
    """Write after `size`; returns the new durable size. What came before an error of `chunks` is kept."""
    record = _Record(descriptor, folder, size)
    with closing(GrowingFile(descriptor, size)) as file:
        try:
            for chunk in chunks:
                with _translated():
                    file.write(chunk)
                record.follow(file.written)
            with _translated():
                file.flush()
            record.end(file.size)
        except StoreError:
            # A full disk gets its room back; what was durable stays.
            file.close()
            with suppress(StoreError):
                record.end(None)
            with suppress(OSError):
                os.ftruncate(descriptor, record.size)
            raise
        except BaseException:
            with suppress(OSError, StoreError):
                file.flush()
                record.end(file.size)
            raise
        return file.size


def _write_small(path: Path, text: str) -> None:
    """Replace a small file so that after any crash it is the old one or the new one."""
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    _sync_folder(path.parent)


def _durable(folder: Path, upload: str) -> int:
    with _translated(upload):
        text = (folder / "size").read_text("ascii", errors="replace")
    if not text.isdecimal():
        raise Damaged(upload, "size")
    return int(text)


def _receipt(folder: Path) -> Stored | None:
    try:
        with _translated(folder.name):
            key, size = (folder / "finished").read_text("ascii", errors="replace").split()
            return Stored(key, int(size))
    except Missing:
        return None
    except ValueError as error:
        raise Damaged(folder.name, "receipt") from error


def _digest_of(path: Path, size: int, upload: str, known: Stored | None) -> Stored:
    """Key of the first `size` bytes, after cutting off what was never durable.

    Bytes are only ever added, by one at a time, so a digest of as many is the digest of these.
    """
    with _translated(upload):
        if path.stat().st_size > size:
            os.truncate(path, size)
    if known is not None and known.size == size:
        return known
    with ParallelDigest() as digest, closing(exactly(upload, _read(path, upload, 0, size), size)) as pieces:
        for piece in pieces:
            digest.update(piece)
        return Stored(digest.hexdigest(), size)


def _read(path: Path, what: str, start: int, end: int) -> Generator[bytes, None, None]:
    """The bytes from `start` to `end`, or fewer where the file is shorter."""
    with _translated(what):
        file = path.open("rb", buffering=0)
    with file:
        file.seek(start)
        while start < end:
            with _translated(what):
                piece = file.read(min(_BUFFER, end - start))
            if not piece:
                return
            start += len(piece)
            yield piece


def _names(folder: Path) -> Iterator[str]:
    """Names in a folder, streaming; none where it has gone."""
    with suppress(Missing), _translated(folder.name), os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
