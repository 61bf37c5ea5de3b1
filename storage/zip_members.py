"""What lies in a zip file, read from its directory: bounded, in memory, nothing extracted.

Zip files lie: about sizes, names, the number of members, overlapping ones. Only the directory and the first bytes of
a named member are read, through a window that gives out after a fixed number of bytes.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

Read = Callable[[int, int], bytes]

# A directory entry has 46 bytes and its name: room for about 20,000 members.
_MOST_BYTES = 2 << 20
# What learning packages use; the others would bring their libraries' own traps and errors.
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class _TooMuch(Exception):
    """The window has given all it gives."""


class _Window(io.RawIOBase):
    """A file over ranges, for `zipfile`; counts what it hands out."""

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self._size = size
        self._at = 0
        self._left = _MOST_BYTES

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, length: int = -1, /) -> bytes:
        rest = max(0, self._size - self._at)
        wanted = rest if length < 0 else min(length, rest)
        if wanted > self._left:
            raise _TooMuch
        if not wanted:
            return b""
        content = self._read(self._at, wanted)
        self._left -= wanted
        self._at += len(content)
        return content


@dataclass(frozen=True)
class Members:
    """Names in a zip, and the beginning of a member where it is wanted."""

    names: frozenset[str]
    _archive: zipfile.ZipFile

    def text(self, name: str, most: int) -> bytes:
        """The first `most` bytes of a member; empty where it is absent or unreadable."""
        if name not in self.names or self._archive.getinfo(name).compress_type not in _PLAIN:
            return b""
        try:
            with self._archive.open(name) as member:
                return member.read(most)
        except _UNREADABLE:
            return b""


_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    _TooMuch,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
    NotImplementedError,
    RuntimeError,  # encrypted
)


def members_of(read: Read, size: int) -> Members | None:
    """The members of a zip of `size` bytes; None where its directory is missing, broken or too large to trust."""
    try:
        archive = zipfile.ZipFile(_Window(read, size))
    except _UNREADABLE:
        return None
    return Members(frozenset(archive.namelist()), archive)
