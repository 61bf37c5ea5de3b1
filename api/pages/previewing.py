"""What a page shows of files in place: pictures of pages, pictures, sound, film, text, listings."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Literal, cast

from markupsafe import Markup
from sqlmodel import Session

from api import i18n, origins, prose
from api.download import Closable, is_shown
from api.pages import cards
from metadata.record import Text
from oer import queries
from oer.extraction import decoding
from oer.models import Derivative, VersionFile
from oer.settings import Settings
from storage.errors import StoreError
from storage.store import Store

Kind = Literal["pages", "image", "audio", "video", "prose", "text", "table", "listing"]

_MOST = 3  # files of a resource that are shown
_TEXT = 24 * 1024  # bytes of a text that are shown
_ENTRIES = 100  # of a listing
_LARGEST = 1 << 20  # bytes of a picture that is shown as it is
_CAPTIONS = "text/vtt"
_PICTURES = frozenset(["image/avif", "image/gif", "image/jpeg", "image/png", "image/webp"])
_MARKDOWN, _HTML = frozenset(["text/markdown"]), frozenset(["text/html", "application/xhtml+xml"])
_TABLES = {"text/csv": ",", "text/tab-separated-values": "\t"}
_ROWS, _COLUMNS = 50, 20  # of a table
_PLAIN = frozenset(["text/plain"])


@dataclass(frozen=True, slots=True)
class Picture:
    """Width and height in pixels, None where nobody has measured."""

    url: str
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class Track:
    url: str
    lang: str
    label: str


@dataclass(frozen=True, slots=True)
class Preview:
    """``total`` of pages; ``cut``: there is more of it than is shown; ``whole``: where the file itself is shown."""

    kind: Kind
    name: str
    url: str
    alt: str = ""
    pictures: Sequence[Picture] = ()
    tracks: Sequence[Track] = ()
    total: int = 0
    html: Markup = field(default_factory=Markup)
    text: str = ""
    rows: Sequence[Sequence[str]] = ()
    entries: Sequence[tuple[str, int]] = ()
    cut: bool = False
    whole: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose files they are, and where those are found: ``number`` of the version, None for the current one."""

    settings: Settings
    prefix: str
    public_id: str
    number: int | None
    title: Text

    def url(self, name: str) -> str:
        return cards.file_url(self.prefix, self.public_id, name, version=self.number)

    def whole(self, file: VersionFile) -> str:
        """Where browsers show the file itself; empty where none does, or may."""
        path = cards.file_url("", self.public_id, file.name, version=self.number)
        return origins.shown_at(self.settings, path) if is_shown(file.media_type) else ""

    def picture(self, name: str, made: Derivative) -> Picture:
        url = cards.preview_url(self.prefix, self.public_id, name, made, version=self.number)
        return Picture(url, made.width, made.height)


def of(
    session: Session, store: Store, place: Place, files: Sequence[VersionFile], *, spoken: str, low_data: bool
) -> list[Preview]:
    """Previews of the first files that have one; with ``low_data`` of texts alone."""
    keys = [file.key for file in files]
    made = queries.previews.of(session, keys=keys)
    pages = {key: told.pages or 0 for key, told in queries.previews.told(session, keys=keys).items()}
    found = (
        preview
        for file in files
        if file.role in ("main", "extra")
        and (preview := _of(store, place, file, files, made.get(file.key, ()), pages.get(file.key, 0), spoken))
        and not (low_data and preview.kind in ("pages", "image", "audio", "video"))
    )
    return [preview for preview, _ in zip(found, range(_MOST), strict=False)]


def _of(
    store: Store,
    place: Place,
    file: VersionFile,
    files: Sequence[VersionFile],
    made: Sequence[Derivative],
    pages: int,
    spoken: str,
) -> Preview | None:
    kinds: dict[str, list[Derivative]] = {}
    for one in made:
        kinds.setdefault(one.kind, []).append(one)
    media_type, url = file.media_type.partition(";")[0].strip().lower(), place.url(file.name)
    if "page" in kinds:
        pictures = [place.picture(file.name, one) for one in kinds["page"]]
        cut = pages > len(pictures)
        return Preview("pages", file.name, url, pictures=pictures, total=pages, cut=cut, whole=place.whole(file))
    if media_type.startswith("audio/"):
        return Preview("audio", file.name, url)
    if media_type.startswith("video/"):
        posters = [place.picture(file.name, one) for one in kinds.get("poster", ())]
        return Preview("video", file.name, url, pictures=posters, tracks=list(_tracks(place, files, spoken)))
    picture = _picture(place, file, media_type, kinds)
    if picture:
        return Preview("image", file.name, url, alt=place.title.value, pictures=[picture])
    if "listing" in kinds:
        return _listing(store, file, url, kinds["listing"][0])
    return _text(store, file, url, media_type, place.whole(file))


def _picture(
    place: Place, file: VersionFile, media_type: str, kinds: Mapping[str, Sequence[Derivative]]
) -> Picture | None:
    for kind in ("middle", "cover"):
        if kind in kinds:
            return place.picture(file.name, kinds[kind][0])
    shown = media_type in _PICTURES and file.size <= _LARGEST
    return Picture(place.url(file.name), None, None) if shown else None


def _tracks(place: Place, files: Sequence[VersionFile], spoken: str) -> Iterator[Track]:
    for file in files:
        if file.role == "caption" and file.media_type.startswith(_CAPTIONS):
            lang = file.language or "und"
            yield Track(place.url(file.name), lang, i18n.language_name(lang, spoken))


def _text(store: Store, file: VersionFile, url: str, media_type: str, whole: str) -> Preview | None:
    if media_type not in _MARKDOWN | _HTML | _PLAIN | _TABLES.keys():
        return None
    # Of a page the first bytes may say nothing but how it looks.
    content = _beginning(store, file, prose.LONGEST if media_type in _HTML else _TEXT)
    if not content:
        return None
    cut = file.size > len(content)
    if media_type in _PLAIN:
        return Preview("text", file.name, url, text=decoding.decoded(content), cut=cut, whole=whole)
    if media_type in _TABLES:
        rows, narrowed = _rows(decoding.decoded(content), _TABLES[media_type])
        cut = cut or narrowed or len(rows) > _ROWS
        return Preview("table", file.name, url, rows=rows[:_ROWS], cut=cut) if rows else None
    kind: prose.Kind = "markdown" if media_type in _MARKDOWN else "html"
    most = _TEXT if kind == "html" else prose.LONGEST
    html, shortened = prose.document(content, kind=kind, lang=file.language, most=most)
    return Preview("prose", file.name, url, html=html, cut=cut or shortened) if html.striptags() else None


def _rows(text: str, delimiter: str) -> tuple[list[list[str]], bool]:
    """All as long as the first, and whether any is longer than it is shown; nothing where it is no table."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except csv.Error:
        return [], False
    width = min(len(rows[0]), _COLUMNS) if rows else 0
    return [[*row[:width], *[""] * (width - len(row))] for row in rows], any(len(row) > width for row in rows)


def _listing(store: Store, file: VersionFile, url: str, made: Derivative) -> Preview | None:
    content = _read(store, made.key, made.size)
    if not content:
        return None
    entries = [(entry["name"], entry["size"]) for entry in json.loads(content)["entries"]]
    return Preview("listing", file.name, url, entries=entries[:_ENTRIES], cut=len(entries) > _ENTRIES)


def _beginning(store: Store, file: VersionFile, most: int) -> bytes:
    content = _read(store, file.key, min(file.size, most))
    if file.size <= len(content):
        return content
    # A line or a letter that is cut is none; but of long lines there may be no other.
    last = content.rfind(b"\n") + 1
    return content[:last] if last > len(content) // 2 else decoding.whole(content)


def _read(store: Store, key: str, length: int) -> bytes:
    """Nothing where the store cannot give it now: the page is there without."""
    if not length:
        return b""
    try:
        pieces = store.open(key, 0, length)
        with closing(cast(Closable, pieces)):
            return b"".join(pieces)
    except StoreError:
        return b""
