"""Text out of files, by what they are. Runs in a process of its own (``child``): the standard library, and pdfium.

What a reader gives is for words to be found, not to be read: pieces in their order, without markup.
"""

import html
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import unquote

_OFFICE = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
_MEMBERS = 10_000  # of an archive
_MEMBER = 64 << 20  # bytes of a member, unpacked
_WHOLE = 256 << 20  # bytes of all members, unpacked


@dataclass(slots=True)
class Told:
    """What a file says of itself, filled in while its text is read."""

    title: str = ""
    language: str = ""

    def name(self, title: object, *, language: object = "") -> None:
        """The first that is told stands."""
        self.title = self.title or " ".join(str(title or "").split())
        self.language = self.language or str(language or "").strip()


Reader = Callable[[BinaryIO, Told], Iterator[str]]


class Unreadable(Exception):
    """The file is not what it says, is damaged, locked, or too large."""


class Spent(Unreadable):
    """Of all members of an archive together."""


# ── Markup ──────────────────────────────────────────────────────────────────────────────────────

_SILENT = frozenset({"script", "style", "template", "metadata", "m:annotation", "office:annotation", "w:instrtext"})
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "emphasis",
        "font",
        "i",
        "ins",
        "kbd",
        "link",
        "mark",
        "q",
        "ruby",
        "rt",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "term",
        "time",
        "tspan",
        "u",
        "var",
        "text:span",
        "text:a",
        "w:r",
        "w:t",
        "w:rpr",
        "w:hyperlink",
        "w:smarttag",
        "w:prooferr",
        "w:lang",
        "w:rtl",
        "w:b",
        "w:i",
        "w:bookmarkstart",
        "w:bookmarkend",
        "w:lastrenderedpagebreak",
        "a:r",
        "a:t",
        "a:rpr",
        "wbr",
    ]
)
_TITLES = frozenset({"title", "dc:title", "md:title", "h1"})
_SAID = ("alt", "title", "summary", "aria-label")


class _Markup(HTMLParser):
    """HTML, XHTML and every dialect of XML whose words stand between tags. Nothing is fetched, no entity unfolds."""

    def __init__(self, told: Told) -> None:
        super().__init__(convert_charrefs=True)
        self._silent = 0
        self._found: list[str] = []
        self._told = told
        self._title: list[str] | None = None  # of the element that names the document, while it is open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        if tag in _TITLES and self._title is None and not self._told.title:
            self._title = []
        if tag in ("html", "document"):
            self._told.name("", language=next((value for name, value in attrs if name in ("lang", "xml:lang")), ""))
        self._apart(tag)
        self._found += [f" {value} " for name, value in attrs if name in _SAID and value and not self._silent]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag in _SILENT:
            self._silent -= 1

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT and self._silent:
            self._silent -= 1
        if tag in _TITLES and self._title is not None:
            self._told.name("".join(self._title))
            self._title = None
        self._apart(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._found.append(data)
        if self._title is not None:
            self._title.append(data)

    def unknown_decl(self, data: str) -> None:
        if data.startswith("CDATA["):
            self.handle_data(data.removeprefix("CDATA["))

    def _apart(self, tag: str) -> None:
        if tag not in _INLINE:
            self._found.append("\n")

    def taken(self) -> str:
        found, self._found = "".join(self._found), []
        return found


def _markup(text: str, told: Told) -> Iterator[str]:
    parser = _Markup(told)
    for start in range(0, len(text), 1 << 16):
        parser.feed(text[start : start + (1 << 16)])
        yield parser.taken()
    parser.close()
    yield parser.taken()


def markup(file: BinaryIO, told: Told) -> Iterator[str]:
    return _markup(decoded(file.read(_MEMBER + 1)), told)


# ── Plain text ──────────────────────────────────────────────────────────────────────────────────

_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?([\w.:-]{2,40})""", re.ASCII | re.IGNORECASE)
_ARABIC = re.compile(r"[\u0621-\u064a]")
_LINKS = re.compile(
    r"\]\([^)\s]*(?:\s[^)]*)?\)|<https?://[^>]*>|https?://\S+|<!--.*?-->|</?\w[^>]*>|^---$", re.DOTALL | re.MULTILINE
)
_HEADING = re.compile(r"^(?:title:[ \t]*(\S[^\n]*)|#[ \t]+([^\n]*\w[^\n]*))$", re.MULTILINE)
_CUES = re.compile(
    r"^(?:\ufeff?WEBVTT.*|NOTE\b.*|\d+|(?:\d+:)?\d\d:\d\d[.,]\d{3} --> .*)$|</?[^>]*>|\{\\[^}]*\}", re.MULTILINE
)


def decoded(content: bytes) -> str:
    """In the encoding that the text declares, else UTF-8, else one of those that were used before it for Arabic and
    French: with Arabic letters side by side it is Windows-1256.
    """
    if len(content) > _MEMBER:
        raise Unreadable("too large")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    told = _DECLARED.search(content[:2000])
    if told:
        try:
            return content.decode(told[1].decode("ascii"), "replace")
        except LookupError:
            pass
    arabic = content.decode("cp1256", "replace")
    return arabic if len(_ARABIC.findall(arabic)) * 2 > len(content) // 2 else content.decode("cp1252", "replace")


def plain(file: BinaryIO, _told: Told) -> Iterator[str]:
    yield decoded(file.read(_MEMBER + 1))


def markdown(file: BinaryIO, told: Told) -> Iterator[str]:
    """Without addresses and tags: nobody looks for them, and they are half of some lists."""
    text = decoded(file.read(_MEMBER + 1))
    heading = _HEADING.search(text)
    told.name(html.unescape(_LINKS.sub(" ", heading[1] or heading[2])).strip("\"' *_") if heading else "")
    yield html.unescape(_LINKS.sub(" ", text))


def subtitles(file: BinaryIO, _told: Told) -> Iterator[str]:
    """SubRip and WebVTT without their times and marks."""
    yield html.unescape(_CUES.sub("", decoded(file.read(_MEMBER + 1))))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _markup(value, Told())
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in ("library", "mime", "path", "subContentId", "license"):
                yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def json_strings(file: BinaryIO, told: Told) -> Iterator[str]:
    """Everything that is said in a JSON document, such as the content of H5P."""
    found = json.loads(decoded(file.read(_MEMBER + 1)))
    told.name(found.get("title") if isinstance(found, dict) and isinstance(found.get("title"), str) else "")
    for text in _strings(found):
        yield f"{text}\n"


def notebook(file: BinaryIO, told: Told) -> Iterator[str]:
    """The cells of a Jupyter notebook, not what came out of them."""
    for cell in json.loads(decoded(file.read(_MEMBER + 1)))["cells"]:
        source = cell.get("source", "")
        text = ("".join(source) if isinstance(source, list) else str(source)) + "\n"
        heading = _HEADING.search(text) if cell.get("cell_type") == "markdown" else None
        told.name(heading[2] or "" if heading else "")
        yield text


# ── Archives ────────────────────────────────────────────────────────────────────────────────────


class _Archive:
    """Members of a ZIP, counted as they unpack, whatever it says of their sizes; nothing is written anywhere."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file)
        self._left = _WHOLE
        if len(self._zip.infolist()) > _MEMBERS:
            raise Unreadable("too many members")

    def names(self) -> list[str]:
        return [info.filename for info in self._zip.infolist() if not info.is_dir()]

    def read(self, name: str) -> bytes:
        most = min(_MEMBER, self._left)
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
        yield from _markup(decoded(self.read(name)), told or Told(title=name))
        yield "\n"

    def describe(self, name: str, told: Told) -> None:
        """What the member with the metadata says of the whole, if it is there."""
        if name in self.names():
            text = decoded(self.read(name))
            found = {one: html.unescape(value) for one, value in _DESCRIBED.findall(text)}
            told.name(found.get("title"), language=found.get("language"))


_DESCRIBED = re.compile(r"<dc:(title|language)\b[^>]*>([^<]*)<")


def _numbered(names: list[str], pattern: str) -> list[str]:
    found = ((re.fullmatch(pattern, name), name) for name in names)
    return [name for _, name in sorted((int(match[1] or 0), name) for match, name in found if match)]


_CORE = "docProps/core.xml"


def document(file: BinaryIO, told: Told) -> Iterator[str]:
    """DOCX: the text, then notes, headers and footers."""
    archive = _Archive(file)
    names = archive.names()
    archive.describe(_CORE, told)
    yield from archive.text("word/document.xml")
    for part in ("footnotes", "endnotes", "header", "footer", "comments"):
        for name in _numbered(names, rf"word/{part}(\d*)\.xml"):
            yield from archive.text(name)


def slides(file: BinaryIO, told: Told) -> Iterator[str]:
    """PPTX: slide by slide, then the speaker's notes."""
    archive = _Archive(file)
    names = archive.names()
    archive.describe(_CORE, told)
    for part in (r"slides/slide", r"notesSlides/notesSlide"):
        for name in _numbered(names, rf"ppt/{part}(\d+)\.xml"):
            yield from archive.text(name)


def sheets(file: BinaryIO, told: Told) -> Iterator[str]:
    """XLSX: the texts of cells, which lie together."""
    archive = _Archive(file)
    archive.describe(_CORE, told)
    if "xl/sharedStrings.xml" in archive.names():
        yield from archive.text("xl/sharedStrings.xml")


def open_document(file: BinaryIO, told: Told) -> Iterator[str]:
    """ODT, ODP, ODS."""
    archive = _Archive(file)
    archive.describe("meta.xml", told)
    yield from archive.text("content.xml")


_SPINE = re.compile(r"<(?:\w+:)?itemref\b[^>]*?\bidref\s*=\s*[\"']([^\"']+)")
_ITEM = re.compile(r"<(?:\w+:)?item\b([^>]*)>")
_ATTRIBUTE = re.compile(r"\b(id|href|media-type)\s*=\s*[\"']([^\"']*)[\"']")
_ROOT = re.compile(r"full-path\s*=\s*[\"']([^\"']+)")


def book(file: BinaryIO, told: Told) -> Iterator[str]:
    """EPUB: its documents in the order of the spine, and those that are not in it behind."""
    archive = _Archive(file)
    names = archive.names()
    root = _ROOT.search(decoded(archive.read("META-INF/container.xml")))
    if root is None:
        raise Unreadable("no package document")
    package = decoded(archive.read(root[1]))
    archive.describe(root[1], told)
    items = [dict(_ATTRIBUTE.findall(item)) for item in _ITEM.findall(package)]
    folder = PurePosixPath(root[1]).parent
    places = {
        item["id"]: _inside(folder, item["href"])
        for item in items
        if "id" in item and "href" in item and item.get("media-type", "").endswith(("html+xml", "/html"))
    }
    order = [places[one] for one in _SPINE.findall(package) if one in places]
    for name in dict.fromkeys([*order, *places.values()]):
        if name in names:
            yield from archive.text(name)


def _inside(folder: PurePosixPath, href: str) -> str:
    parts: list[str] = []
    for part in (folder / unquote(html.unescape(href.partition("#")[0]))).parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def package(file: BinaryIO, told: Told) -> Iterator[str]:
    """Any other ZIP (SCORM, Common Cartridge, H5P, folders): the members that are texts, in order."""
    archive = _Archive(file)
    with suppress(*_BROKEN):
        _name_package(archive, told)
    for name in sorted(archive.names()):
        reader = _BY_SUFFIX.get(PurePosixPath(name).suffix.lower())
        if reader is None or _PARTS.search(name):
            continue
        try:
            yield from reader(io.BytesIO(archive.read(name)), told)
        except Spent:
            return
        except _BROKEN:
            continue  # one bad member; the others are sound
        yield "\n"


_BROKEN: tuple[type[Exception], ...] = (
    *(Unreadable, ValueError, LookupError, TypeError, AttributeError, RuntimeError, OSError),
    *(zipfile.BadZipFile, zlib.error, RecursionError, EOFError),
)
_NAMED = re.compile(r"<title>([^<]*\w[^<]*)</title>")


def _name_package(archive: _Archive, told: Told) -> None:
    """H5P and packages of IMS say in one member what the whole is called."""
    names = archive.names()
    if "h5p.json" in names:
        found = json.loads(decoded(archive.read("h5p.json")))
        told.name(found.get("title"), language=found.get("language"))
    elif "imsmanifest.xml" in names and (title := _NAMED.search(decoded(archive.read("imsmanifest.xml")))):
        told.name(html.unescape(title[1]))


# Parts of packages that are the same in each: schemas, the libraries of H5P.
_PARTS = re.compile(
    r"(?:^|/)(?:h5p|library|package|semantics|imsmanifest)\.\w+$|\.xsd$|(?:^|/)(?:__MACOSX|node_modules)/"
)


# ── PDF ─────────────────────────────────────────────────────────────────────────────────────────

# Many fonts tell of the ligature لا, with or without hamza, as if its letters stood the other way round. At the
# beginning of a word that is never right; inside it may be.
_TURNED = re.compile(r"(?<![\u0621-\u064a])([وفبك]?)ا([اأإآ])ل(?=[\u0621-\u064a])")
_DROPPED = str.maketrans({"\x02": "", "\u200e": "", "\u200f": "", "\r": "", "\ufffe": "", "\x00": ""})
_MARKS_APART = re.compile(r"(?<=[\u0621-\u064a])\s+(?=[\u064b-\u0652])")


def portable_document(file: BinaryIO, told: Told) -> Iterator[str]:
    """PDF, page by page. A locked one cannot be read."""
    import pypdfium2  # late: no other format needs it

    try:
        pages = pypdfium2.PdfDocument(file.read(), autoclose=True)
    except pypdfium2.PdfiumError as error:
        raise Unreadable(str(error)) from None
    told.name(pages.get_metadata_value("Title"))
    for page in pages:
        text = page.get_textpage().get_text_bounded().translate(_DROPPED)
        yield _TURNED.sub(r"\1ال\2", _MARKS_APART.sub("", text)) + "\n"
        page.close()


READERS: Mapping[str, Reader] = {
    "application/pdf": portable_document,
    f"{_OFFICE}.wordprocessingml.document": document,
    f"{_OFFICE}.presentationml.presentation": slides,
    f"{_OFFICE}.spreadsheetml.sheet": sheets,
    f"{_ODF}.text": open_document,
    f"{_ODF}.presentation": open_document,
    f"{_ODF}.spreadsheet": open_document,
    "application/epub+zip": book,
    "application/zip": package,
    "application/x-h5p+zip": package,
    "text/html": markup,
    "application/xhtml+xml": markup,
    "application/xml": markup,
    "image/svg+xml": markup,
    "text/markdown": markdown,
    "text/plain": plain,
    "text/csv": plain,
    "text/tab-separated-values": plain,
    "text/x-rst": plain,
    "text/x-tex": plain,
    "text/vtt": subtitles,
    "application/x-subrip": subtitles,
    "application/x-ipynb+json": notebook,
}
"""By media type. What is not here has no text, or none that a reader of lessons looks for."""

_BY_SUFFIX: Mapping[str, Reader] = {
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


KINDS = (*READERS, "application/json")
"""Media types that may have a reader, and the beginning of others."""
CARTRIDGES = "application/vnd.ims.imscc"


def reader_for(media_type: str, name: str) -> Reader | None:
    """The reader of this media type; of a plain text by the end of its name, since all kinds of text look alike."""
    found = READERS.get(media_type)
    if media_type in ("text/plain", "application/xml", "application/json"):
        return _BY_SUFFIX.get(PurePosixPath(name).suffix.lower(), found)
    if found is None and media_type.startswith(CARTRIDGES):
        return package
    return found
