"""Where the files of an import lie: a folder of the disk, or a ZIP that is never unpacked.

No name leads out of the folder or archive that was given, and nothing that an archive says about itself is believed.
"""

import io
import os
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Protocol

from oer.errors import Invalid, TooLarge

_CHUNK = 1024 * 1024
MOST_MEMBERS = 10_000
_DIRECTORY = 8 * 1024 * 1024  # bytes; 800 for each member
_RATIO = 50
_RATIO_FLOOR = 10 * 1024 * 1024  # a small member may compress as well as it likes
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError)


class Folder(Protocol):
    """Bytes by relative name."""

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a file, in pieces.

        Raises Invalid where it is missing, outside, not a file, cannot be read to its end, or changes meanwhile.
        """
        ...


def read(path: Path, *, name: str) -> Iterator[bytes]:
    """The bytes of a file of the disk, which must not change meanwhile: half of an upload is no file.

    Raises Invalid: ``file.vanished`` where it is not there any more, or is another one at the end than at the
    beginning; ``file.unreadable`` with the system's reason, for folders and devices as well.
    """
    try:
        with open(path, "rb", buffering=0, opener=_without_waiting) as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise Invalid("file.unreadable", name=name, reason="not a regular file")
            done = 0
            while block := file.read(_CHUNK):
                done += len(block)
                yield block
            after = os.fstat(file.fileno())
    except FileNotFoundError:
        raise Invalid("file.vanished", name=name) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such name"
        raise Invalid("file.unreadable", name=name, reason=reason) from None
    if done != after.st_size or before.st_mtime_ns != after.st_mtime_ns:
        raise Invalid("file.vanished", name=name)


def _without_waiting(path: str, flags: int) -> int:
    """A named pipe that nobody writes to would hold the import for ever."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


class Directory:
    """Files below a folder of the disk. Links are followed as long as they stay inside."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def chunks(self, name: str) -> Iterator[bytes]:
        yield from read(self._inside(name), name=name)

    def _inside(self, name: str) -> Path:
        """The file's path. macOS parts letters from their marks in names: both spellings are tried."""
        for spelling in (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)):
            try:
                path = (self.root / spelling).resolve(strict=True)
            except (OSError, RuntimeError, ValueError):
                continue
            if path.is_relative_to(self.root):
                return path
            raise Invalid("import.file-outside", name=name)
        raise Invalid("import.file-not-there", name=name)


class Nothing:
    """No files: for a table that came alone."""

    def chunks(self, name: str) -> Iterator[bytes]:
        raise Invalid("import.file-alone", name=name)


class Archive:
    """Files inside a ZIP, below ``prefix``. What is read is counted, whatever sizes the archive claims."""

    def __init__(self, archive: zipfile.ZipFile, prefix: str = "") -> None:
        self._archive = archive
        self._members = {_name(info): info for info in archive.infolist()}
        self.prefix = prefix

    def names(self) -> Iterator[str]:
        return iter(self._members)

    def below(self, prefix: str) -> "Archive":
        """The same files, named from a folder inside."""
        return Archive(self._archive, self.prefix + prefix)

    def chunks(self, name: str) -> Iterator[bytes]:
        inside = PurePosixPath(name)
        if inside.is_absolute() or ".." in inside.parts:
            raise Invalid("import.file-outside", name=name)
        info = self._members.get(unicodedata.normalize("NFC", self.prefix + str(inside)))
        if info is None or info.is_dir() or stat.S_ISLNK(info.external_attr >> 16):
            raise Invalid("import.file-not-packed", name=name)
        if info.flag_bits & 0x1:
            raise Invalid("archive.encrypted", name=name)
        if info.compress_type not in _PLAIN:
            raise Invalid("archive.member-damaged", name=name)
        most = max(_RATIO_FLOOR, info.compress_size * _RATIO)
        done = 0
        try:
            with self._archive.open(info) as member:
                while block := member.read(_CHUNK):
                    done += len(block)
                    if done > most:
                        break
                    yield block
        except _DAMAGE:
            raise Invalid("archive.member-damaged", name=name) from None
        if done > most:
            raise TooLarge("archive.bomb", name=name, ratio=_RATIO)
        if done != info.file_size:
            raise Invalid("archive.member-damaged", name=name)


def _name(info: zipfile.ZipInfo) -> str:
    """The member's name, composed. macOS writes UTF-8 without saying so, which ``zipfile`` takes for code page 437."""
    name = info.filename
    if not info.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = info.filename
    return unicodedata.normalize("NFC", name)


class _Wary(io.BufferedReader):
    """``zipfile`` takes the whole directory at one read, as long as the archive says that it is."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _DIRECTORY:
            raise TooLarge("archive.too-many", limit=MOST_MEMBERS)
        return super().read(size)


@contextmanager
def archive(path: Path, *, name: str | None = None) -> Iterator[Archive]:
    """The ZIP at ``path``, called ``name`` in errors.

    Raises Invalid where it is none or lies about its size, TooLarge with too many members.
    """
    told = name or str(path)
    try:
        size = path.stat().st_size
        file = _Wary(io.FileIO(path))
    except OSError as error:
        raise Invalid("import.source-unreadable", path=told, reason=error.strerror or "") from None
    with file:
        try:
            opened = zipfile.ZipFile(file)
        except _DAMAGE as error:
            if isinstance(error, OSError) and error.strerror:
                raise Invalid("import.source-unreadable", path=told, reason=error.strerror) from None
            raise Invalid("archive.invalid", path=told) from None
        yield from _sound(opened, size, told)


def _sound(opened: zipfile.ZipFile, size: int, told: str) -> Iterator[Archive]:
    members = opened.infolist()
    if len(members) > MOST_MEMBERS:
        raise TooLarge("archive.too-many", limit=MOST_MEMBERS)
    # Members that share their bytes would give many times the size of the archive.
    if sum(info.compress_size for info in members) > size:
        raise Invalid("archive.invalid", path=told)
    yield Archive(opened)
