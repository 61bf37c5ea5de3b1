"""A pack as it is sent: a ZIP of pages in every language, their style and search, words on licences, and the files.

It opens from a stick, ``file://…/index.html``, with no server and no network behind it.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Protocol, cast
from urllib.parse import quote

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api import conditional, i18n, plain_licences, standalone, streams
from api.conditional import Unsatisfiable
from api.download import attached
from api.errors import DoorError
from api.i18n import Language
from api.plain_licences import LicenceShown
from metadata import analysis, attribution, vocabularies
from metadata.record import Text, pick
from oer import institutions
from oer.errors import Unavailable
from oer.exposure import renderings
from oer.packs import Entry, Pack, PackedFile
from oer.settings import Settings
from storage import file_names, zip_writing
from storage.store import Store
from storage.zip_writing import Member

MEDIA_TYPE = "application/zip"
_MESSAGE = 256 * 1024  # bytes given to the server at once
_SKIPPING = 2  # packs that are read up to where somebody goes on, at once
_PATIENCE = 300  # seconds to wait for that
_NAMES: Mapping[Language, str] = {"ar": "العربية", "fr": "Français", "en": "English"}
# Apostrophes and quotes of every kind, hyphens, and what ends or parts sentences: all that people type one for another,
# and white space as both Python and JavaScript see it. The same is in pack.js.
_BETWEEN = re.compile(
    r"[\s\x1c-\x1f\x85\-!\"'(),:;?\[\]`{}\u00ab\u00b4\u00bb\u02b9-\u02bf\u02c8\u055a\u05f3\u05f4\u060c\u061b\u061f"
    r"\u06d4\u2010-\u201f\u2032-\u2037\u2039\u203a\u275b-\u275e\u301d-\u301f\ua78c]+"
)
_SLASHES = re.compile(r"[/\\]")


class _Closable(Protocol):
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Bundle:
    """``etag`` is that of all bytes of the ZIP, ``size`` counts them; ``files`` are those of resources."""

    name: str
    etag: str
    size: int
    modified: datetime
    members: Sequence[Member]
    files: int
    files_size: int
    left_out: int


@dataclass(frozen=True, slots=True)
class FileShown:
    name: str
    href: str
    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class ItemShown:
    id: str
    title: Text
    kind: str
    creators: Sequence[str]
    note: str
    description: Text | None
    licence: LicenceShown | None
    attribution: Markup
    attribution_text: str
    files: Sequence[FileShown]
    left_out: str | None
    available: date | None
    url: str


@dataclass(frozen=True, slots=True)
class UnitShown:
    title: Text
    items: Sequence[ItemShown]


@dataclass(frozen=True, slots=True)
class LanguageLink:
    code: str
    name: str
    href: str


@dataclass(frozen=True, slots=True)
class IndexPage:
    """``single``: of one resource, whose title is that of the page."""

    title: Text
    description: Text | None
    institution: Text
    repository: str
    units: Sequence[UnitShown]
    resources: int
    files: int
    size: int
    left_out: int
    light: bool
    single: bool
    changed: date
    url: str
    languages: Sequence[LanguageLink]


def bundle(pack: Pack, store: Store, settings: Settings, spoken: Language) -> Bundle:
    """All that is needed to send the pack; the files themselves are not opened. ``index.html`` speaks ``spoken``."""
    small = _small(pack, settings, spoken)
    moment = max([pack.changed, *(entry.version.published for entry in pack.entries)])
    members = [Member(path, len(content), moment, content) for path, content in small]
    files = [(file, entry.version.published) for entry in pack.entries for file in entry.files]
    members += [Member(file.path, file.size, when, partial(store.open, file.key)) for file, when in files]
    digest = hashlib.sha256()
    for path, content in small:
        digest.update(f"{path}\0{hashlib.sha256(content).hexdigest()}\0{moment.isoformat()}\n".encode())
    for file, when in files:
        digest.update(f"{file.path}\0{file.key}\0{when.isoformat()}\n".encode())
    title = _title(pack, spoken)
    return Bundle(
        name=file_names.safe_name(f"{_SLASHES.sub('-', title.value[:80]).strip(' .')}.zip"),
        etag=f'"{digest.hexdigest()[:32]}"',
        size=zip_writing.length(members),
        modified=moment,
        members=members,
        files=len(files),
        files_size=sum(file.size for file, _ in files),
        left_out=pack.left_out,
    )


def _small(pack: Pack, settings: Settings, spoken: Language) -> list[tuple[str, bytes]]:
    """What we write ourselves, by its path. The page comes first: whoever unpacks by hand finds it on top."""
    order: list[Language] = [spoken, *(i18n.supported(one) for one in settings.languages if one != spoken)]
    hrefs = {code: "index.html" if code == spoken else f"index-{code}.html" for code in order}
    pages = []
    for code in order:
        page = _page(pack, settings, code, hrefs)
        pages.append((hrefs[code], standalone.html("pack/index.html", code, page)))
    texts = {entry.resource.public_id: _folded(entry, unit.titles) for unit in pack.units for entry in unit.entries}
    data = f"const packTexts = {json.dumps(texts, ensure_ascii=False)};\n"
    return [
        *pages,
        ("LICENCES.txt", _licences(pack, settings, spoken)),
        ("assets/data.js", data.encode("utf-8", "replace")),
        ("assets/pack.js", standalone.text("pack/pack.js")),
        ("assets/pack.css", standalone.text("pack/pack.css")),
    ]


def _page(pack: Pack, settings: Settings, spoken: Language, hrefs: Mapping[Language, str]) -> IndexPage:
    files = list(pack.files)
    name, lang = institutions.name_in(pack.institution, spoken)
    return IndexPage(
        title=_title(pack, spoken),
        description=_said(pack.descriptions, spoken),
        institution=Text(value=name, lang=lang),
        repository=settings.name(spoken),
        units=[
            UnitShown(_unit_title(unit.titles, number, spoken), [_item(one, settings, spoken) for one in unit.entries])
            for number, unit in enumerate(pack.units, 1)
            if unit.entries
        ],
        resources=len(list(pack.entries)),
        files=len(files),
        size=sum(file.size for file in files),
        left_out=pack.left_out,
        light=pack.light,
        single=not pack.titles,
        changed=pack.changed.date(),
        url=_url(pack, settings),
        languages=[LanguageLink(code, _NAMES[code], hrefs[code]) for code in _NAMES if code in hrefs],
    )


def _url(pack: Pack, settings: Settings) -> str:
    if pack.titles:
        return f"{settings.base_url}/collections/{pack.id}"
    return renderings.landing_url(settings.base_url, pack.id)


def _said(words: Mapping[str, str], spoken: str) -> Text | None:
    """The words in a language, or in another one there is."""
    found = next((code for code in (spoken, *words) if words.get(code)), None)
    return Text(value=words[found], lang=found) if found else None


def _title(pack: Pack, spoken: str) -> Text:
    if pack.titles:
        return _said(pack.titles, spoken) or Text(value=pack.id)
    record = next(pack.entries).record
    return pick(record.title, spoken) or Text(value=pack.id)


def _unit_title(titles: Mapping[str, str], number: int, spoken: Language) -> Text:
    return _said(titles, spoken) or Text(value=i18n.message("pack.unit", spoken, number=number), lang=spoken)


def _item(entry: Entry, settings: Settings, spoken: Language) -> ItemShown:
    record, public_id = entry.record, entry.resource.public_id
    url = renderings.landing_url(settings.base_url, public_id)
    return ItemShown(
        id=public_id,
        title=pick(record.title, spoken) or Text(value=public_id),
        kind=vocabularies.label("hcrt", record.resource_type, spoken) if record.resource_type else "",
        creators=[creator.name for creator in record.creators],
        note=entry.note,
        description=pick(record.description, spoken),
        licence=plain_licences.licence(record.licence, spoken),
        attribution=Markup(attribution.attribution(record, url, spoken, "html")),  # noqa: S704 - it escapes values
        attribution_text=attribution.attribution(record, url, spoken),
        files=[_file(file, spoken) for file in entry.files],
        left_out=entry.left_out,
        available=entry.available,
        url=url,
    )


def _file(file: PackedFile, spoken: str) -> FileShown:
    extension = file.name.rpartition(".")[2] if "." in file.name else ""
    group = vocabularies.media_group(file.media_type, extension)
    return FileShown(file.name, quote(file.path), group.labels.get(spoken, group.labels["en"]), file.size)


def _folded(entry: Entry, unit_titles: Mapping[str, str]) -> str:
    """What a resource is found by."""
    record = entry.record
    texts = [text.value for text in (*record.title, *record.alternative, *record.description, *record.keywords)]
    texts += [agent.name for agent in (*record.creators, *record.contributors)]
    texts += [entry.note, *unit_titles.values(), *(file.name for file in entry.files)]
    subjects = [term for uri in record.subjects if (term := vocabularies.find(uri))]
    texts += [label for term in subjects for label in term.labels.values()]
    return folded(" ".join(texts))


def folded(text: str) -> str:
    """The text as the search of the page folds what is asked for: words without accents, one space between them."""
    # past its cache, which is for words: whole descriptions would fill it
    return _BETWEEN.sub(" ", analysis.fold.__wrapped__(text)).strip(" ")


def _licences(pack: Pack, settings: Settings, spoken: Language) -> bytes:
    """Credit for each resource as plain text, for whoever copies a file without the page.

    With what old editors of Windows want: a byte order mark, and lines that end in CR LF.
    """
    lines = [_title(pack, spoken).value, _url(pack, settings), ""]
    for entry in pack.entries:
        url = renderings.landing_url(settings.base_url, entry.resource.public_id)
        lines += ["-" * 40, *attribution.attribution(entry.record, url, spoken).splitlines()]
        licence = plain_licences.licence(entry.record.licence, spoken)
        if licence is not None:
            lines += [f"{licence.label} ({licence.short})", licence.url]
        lines += [file.path for file in entry.files] + [""]
    return ("\ufeff" + "\r\n".join(lines)).encode("utf-8", "replace")


class PackDownload(Response):
    """GET or HEAD of a pack. It goes on where a line broke (``Range``): the bytes are always the same, so those
    before are made once more and thrown away. ``begun`` is called as by ``api.download``.
    """

    def __init__(self, found: Bundle, spoken: str, *, private: bool, begun: Callable[[int, int], None]) -> None:
        super().__init__()
        self._found = found
        self._spoken = spoken
        self._private = private
        self._begun = begun

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found, asked = self._found, Headers(scope=scope)
        conditional.require_match(asked, found.etag, found.modified)
        headers = {
            "ETag": found.etag,
            "Last-Modified": conditional.http_date(found.modified),
            "Cache-Control": conditional.PRIVATE if self._private else conditional.PUBLIC,
            "Vary": "Accept-Language, Authorization",
            "Accept-Ranges": "bytes",
            "Content-Language": self._spoken,
        }
        if conditional.is_known(asked, found.etag):
            await Response(status_code=304, headers=headers)(scope, receive, send)
            return
        headers |= {"Content-Type": MEDIA_TYPE, "Content-Disposition": attached(found.name)}
        if scope["method"] == "HEAD":
            await Response(headers={**headers, "Content-Length": str(found.size)})(scope, receive, send)
            return
        status, start, end = self._part(asked, headers)
        headers["Content-Length"] = str(end - start)
        pieces = _between(zip_writing.stream(found.members), start, end)
        # The first piece before the status; a store that fails later breaks the connection.
        if start:  # everything before it is read first: of a large pack for minutes
            first = await self._skipped(Request(scope), pieces)
        else:
            first = await run_in_threadpool(next, pieces, b"")
        self._begun(start, end)
        await StreamingResponse(_stream(first, pieces), status, headers)(scope, receive, send)

    @staticmethod
    async def _skipped(request: Request, pieces: Iterator[bytes]) -> bytes:
        try:
            return await streams.apart(
                request, lambda: next(pieces, b""), lane="packs", at_once=_SKIPPING, patience=_PATIENCE
            )
        except TimeoutError:
            raise Unavailable("pack.busy") from None

    def _part(self, asked: Headers, headers: dict[str, str]) -> tuple[int, int, int]:
        found = self._found
        try:
            part = conditional.byte_range(asked, found.size, etag=found.etag, modified=found.modified)
        except Unsatisfiable:
            told = {"Content-Range": f"bytes */{found.size}", "Accept-Ranges": "bytes"}
            raise DoorError("range.unsatisfiable", headers=told, size=found.size) from None
        if part is None:
            return 200, 0, found.size
        headers["Content-Range"] = f"bytes {part[0]}-{part[1] - 1}/{found.size}"
        return 206, *part


def _stream(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    with closing(cast(_Closable, rest)):
        yield first
        yield from rest


def _between(pieces: Iterator[bytes], start: int, end: int) -> Iterator[bytes]:
    """The bytes from ``start`` to before ``end``, in pieces that a slow reader may hold several of."""
    at, held = 0, bytearray()
    with closing(cast(_Closable, pieces)):
        for piece in pieces:
            wanted = piece[max(start - at, 0) : max(end - at, 0)]
            at += len(piece)
            held += wanted
            if len(held) >= _MESSAGE:
                yield from _cut(bytes(held))
                held.clear()
            if at >= end:
                break
        yield from _cut(bytes(held))


def _cut(held: bytes) -> Iterator[bytes]:
    for at in range(0, len(held), _MESSAGE):
        yield held[at : at + _MESSAGE]
