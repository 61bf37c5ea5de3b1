"""What lies in an archive, by name and size, and the cover of a book; runs in the process apart."""

import io
import json
import zipfile
import zlib
from typing import BinaryIO

from metadata import values
from oer.extraction.archives import Archive, cover_of
from oer.extraction.told import Unreadable
from oer.previews import frames, pictures

ENTRIES = 200
"""Members that are listed; of the others it is told how many they are."""
_NAME = 300  # characters

_BROKEN = (Unreadable, ValueError, LookupError, TypeError, RuntimeError, OSError, zipfile.BadZipFile, zlib.error)


def listing(file: BinaryIO, out: BinaryIO) -> None:
    """``{"total", "bytes", "entries": [{"name", "size"}]}``. Names are words to be read, never places: nothing is
    unpacked. Raises Unreadable, BadZipFile.
    """
    members = Archive(file).members()
    entries = [{"name": _named(name), "size": size} for name, size in members[:ENTRIES]]
    told = {"total": len(members), "bytes": sum(size for _, size in members), "entries": entries}
    frames.write(out, "listing", json.dumps(told, ensure_ascii=False).encode("utf-8", "replace"))


def book(file: BinaryIO, out: BinaryIO) -> None:
    """The listing of an EPUB, and its cover where it has one that can be shown."""
    listing(file, out)
    try:
        found = cover_of(Archive(file))
        if found is not None:
            pictures.cover(io.BytesIO(found), out)
    except _BROKEN:
        return  # a book without a cover


def _named(name: str) -> str:
    """One line without what no text may have, and without letters that turn the order of others about."""
    line = " ".join(values.clean(name.encode("utf-8", "replace").decode()).split())
    return "".join(letter for letter in line if not values.illegal_characters(letter))[:_NAME]
