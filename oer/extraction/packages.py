"""ZIP without a plan of its own: whatever lies in it is read by its name."""

import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import BinaryIO

from oer.extraction.archives import Archive, Spent
from oer.extraction.decoding import decoded
from oer.extraction.markup import markup
from oer.extraction.pdf import portable_document
from oer.extraction.plain import json_strings, markdown, plain, subtitles
from oer.extraction.told import Reader, Told, Unreadable

BY_SUFFIX: Mapping[str, Reader] = {
    ".htm": markup,
    ".html": markup,
    ".xhtml": markup,
    ".xml": markup,
    ".cnxml": markup,
    ".md": markdown,
    ".txt": plain,
    ".vtt": subtitles,
    ".srt": subtitles,
    ".json": json_strings,
    ".pdf": portable_document,
}
"""By the end of a name, where nothing else tells what a file is."""

_BROKEN: tuple[type[Exception], ...] = (
    *(Unreadable, ValueError, LookupError, TypeError, AttributeError, RuntimeError, OSError),
    *(zipfile.BadZipFile, zlib.error, RecursionError, EOFError),
)
_NAMED = re.compile(r"<title>([^<]*\w[^<]*)</title>")
# Parts of packages that are the same in each: schemas, the libraries of H5P.
_PARTS = re.compile(
    r"(?:^|/)(?:h5p|library|package|semantics|imsmanifest)\.\w+$|\.xsd$|(?:^|/)(?:__MACOSX|node_modules)/"
)


def package(file: BinaryIO, told: Told) -> Iterator[str]:
    """Any other ZIP (SCORM, Common Cartridge, H5P, folders): the members that are texts, in order."""
    archive = Archive(file)
    with suppress(*_BROKEN):
        _name_package(archive, told)
    for name in sorted(archive.names()):
        reader = BY_SUFFIX.get(PurePosixPath(name).suffix.lower())
        if reader is None or _PARTS.search(name):
            continue
        try:
            yield from reader(io.BytesIO(archive.read(name)), told)
        except Spent:
            return
        except _BROKEN:
            continue  # one bad member; the others are sound
        yield "\n"


def _name_package(archive: Archive, told: Told) -> None:
    """H5P and packages of IMS say in one member what the whole is called."""
    names = archive.names()
    if "h5p.json" in names:
        found = json.loads(decoded(archive.read("h5p.json")))
        told.name(found.get("title"), language=found.get("language"))
    elif "imsmanifest.xml" in names and (title := _NAMED.search(decoded(archive.read("imsmanifest.xml")))):
        told.name(html.unescape(title[1]))
