"""ZIP, and what is kept in it by a plan: office documents and EPUB."""

import html
import re
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO
from urllib.parse import unquote

from oer.extraction.decoding import MOST, decoded
from oer.extraction.markup import between_tags
from oer.extraction.told import Told, Unreadable

_MEMBERS = 10_000  # of an archive
_WHOLE = 256 << 20  # bytes of all members, unpacked
_CORE = "docProps/core.xml"
_DESCRIBED = re.compile(r"<dc:(title|language)\b[^>]*>([^<]*)<")


class Spent(Unreadable):
    """Of all members of an archive together."""


class Archive:
    """Members of a ZIP, counted as they unpack, whatever it says of their sizes; nothing is written anywhere."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file)
        self._left = _WHOLE
        if len(self._zip.infolist()) > _MEMBERS:
            raise Unreadable("too many members")

    def names(self) -> list[str]:
        return [info.filename for info in self._zip.infolist() if not info.is_dir()]

    def members(self) -> list[tuple[str, int]]:
        """Each with its size in bytes, as the archive says."""
        return [(info.filename, info.file_size) for info in self._zip.infolist() if not info.is_dir()]

    def read(self, name: str) -> bytes:
        most = min(MOST, self._left)
        if most <= 0:
            raise Spent("too large")
        with self._zip.open(name) as member:
            content = member.read(most + 1)
        self._left -= len(content)
        if len(content) > most:
            raise Unreadable("too large")
        return content

    def text(self, name: str, told: Told | None = None) -> Iterator[str]:
        """``told``: the member names the whole as well."""
        yield from between_tags(decoded(self.read(name)), told or Told(title=name))
        yield "\n"

    def describe(self, name: str, told: Told) -> None:
        """What the member with the metadata says of the whole, if it is there."""
        if name in self.names():
            text = decoded(self.read(name))
            found = {one: html.unescape(value) for one, value in _DESCRIBED.findall(text)}
            told.name(found.get("title"), language=found.get("language"))


def _numbered(names: list[str], pattern: str) -> list[str]:
    found = ((re.fullmatch(pattern, name), name) for name in names)
    return [name for _, name in sorted((int(match[1] or 0), name) for match, name in found if match)]


def document(file: BinaryIO, told: Told) -> Iterator[str]:
    """DOCX: the text, then notes, headers and footers."""
    archive = Archive(file)
    names = archive.names()
    archive.describe(_CORE, told)
    yield from archive.text("word/document.xml")
    for part in ("footnotes", "endnotes", "header", "footer", "comments"):
        for name in _numbered(names, rf"word/{part}(\d*)\.xml"):
            yield from archive.text(name)


def slides(file: BinaryIO, told: Told) -> Iterator[str]:
    """PPTX: slide by slide, then the speaker's notes."""
    archive = Archive(file)
    names = archive.names()
    archive.describe(_CORE, told)
    for part in (r"slides/slide", r"notesSlides/notesSlide"):
        for name in _numbered(names, rf"ppt/{part}(\d+)\.xml"):
            yield from archive.text(name)


def sheets(file: BinaryIO, told: Told) -> Iterator[str]:
    """XLSX: the texts of cells, which lie together."""
    archive = Archive(file)
    archive.describe(_CORE, told)
    if "xl/sharedStrings.xml" in archive.names():
        yield from archive.text("xl/sharedStrings.xml")


def open_document(file: BinaryIO, told: Told) -> Iterator[str]:
    """ODT, ODP, ODS."""
    archive = Archive(file)
    archive.describe("meta.xml", told)
    yield from archive.text("content.xml")


_SPINE = re.compile(r"<(?:\w+:)?itemref\b[^>]*?\bidref\s*=\s*[\"']([^\"']+)")
_ITEM = re.compile(r"<(?:\w+:)?item\b([^>]*)>")
_METAS = re.compile(r"<(?:\w+:)?meta\b([^>]*)>")
_META = re.compile(r"\b(name|content)\s*=\s*[\"']([^\"']*)[\"']")
_COVER = re.compile(r"\bname\s*=\s*[\"']cover[\"']")
_ATTRIBUTE = re.compile(r"\b(id|href|media-type|properties)\s*=\s*[\"']([^\"']*)[\"']")
_ROOT = re.compile(r"full-path\s*=\s*[\"']([^\"']+)")


def book(file: BinaryIO, told: Told) -> Iterator[str]:
    """EPUB: its documents in the order of the spine, and those that are not in it behind."""
    archive = Archive(file)
    names = archive.names()
    root, items, package = _packed(archive)
    archive.describe(root, told)
    folder = PurePosixPath(root).parent
    places = {
        item["id"]: _inside(folder, item["href"])
        for item in items
        if "id" in item and "href" in item and item.get("media-type", "").endswith(("html+xml", "/html"))
    }
    order = [places[one] for one in _SPINE.findall(package) if one in places]
    for name in dict.fromkeys([*order, *places.values()]):
        if name in names:
            yield from archive.text(name)


def cover_of(archive: Archive) -> bytes | None:
    """The picture that an EPUB names as its cover (EPUB 3 by a property, EPUB 2 by a ``meta``), if it is there."""
    root, items, package = _packed(archive)
    named = {dict(_META.findall(meta)).get("content") for meta in _METAS.findall(package) if _COVER.search(meta)}
    for item in items:
        if "cover-image" in item.get("properties", "").split() or item.get("id") in named:
            place = _inside(PurePosixPath(root).parent, item.get("href", ""))
            return archive.read(place) if place in archive.names() else None
    return None


def _packed(archive: Archive) -> tuple[str, list[dict[str, str]], str]:
    """Where the package document of an EPUB is, the items that it names, and its text."""
    root = _ROOT.search(decoded(archive.read("META-INF/container.xml")))
    if root is None:
        raise Unreadable("no package document")
    package = decoded(archive.read(root[1]))
    return root[1], [dict(_ATTRIBUTE.findall(item)) for item in _ITEM.findall(package)], package


def _inside(folder: PurePosixPath, href: str) -> str:
    parts: list[str] = []
    for part in (folder / unquote(html.unescape(href.partition("#")[0]))).parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
