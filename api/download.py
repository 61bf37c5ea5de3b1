"""A stored file on its way out: flat memory, ranges, digests, and no byte that could run as ours."""

import codecs
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, cast
from urllib.parse import quote

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from api import conditional, origins
from api.conditional import Unsatisfiable
from api.errors import DoorError
from storage import checksums
from storage.errors import Damaged
from storage.store import Store

# What browsers show without running anything of it; PDF in a viewer of their own.
_SHOWN = frozenset(["image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp", "text/plain"])
_PLAYED = ("application/pdf", "audio/", "video/")
# No page of ours loads a script or a style that somebody has uploaded, whatever is smuggled into it: with `nosniff`
# browsers take neither under another type.
_ACTING = re.compile(r"(?:text|application)/(?:(?:x-)?(?:java|ecma|j|live)script[\d.]*|css)", re.IGNORECASE)
_PROBE = 64 * 1024  # bytes of a text that tell whether it is UTF-8
_MESSAGE = 256 * 1024  # bytes given to the server at once
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"  # RFC 8187, section 3.2.1, beside letters and digits


class Closable(Protocol):
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes of the store (``key`` is their sha256) under the name and type that people see.

    ``lasting``: the address that was asked for never has other bytes.
    """

    key: str
    name: str
    media_type: str
    size: int
    modified: datetime
    private: bool
    lasting: bool = False

    @property
    def kept(self) -> str:
        """``Cache-Control``."""
        if self.private:
            return conditional.PRIVATE
        return conditional.LASTING if self.lasting else conditional.PUBLIC


class Download(Response):
    """GET or HEAD of one file. Store errors before the first byte become problem documents; later ones break off.

    ``links`` is a header that leads to what the file belongs to. ``begun`` is called when bytes are about to be sent,
    with the first of them and the one behind the last.
    """

    def __init__(
        self,
        store: Store,
        content: Content,
        links: Mapping[str, str] | None = None,
        *,
        begun: Callable[[int, int], None] | None = None,
    ) -> None:
        super().__init__()
        self._store = store
        self._content = content
        self._links = links or {}
        self._begun = begun or _nothing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        content = self._content
        asked = Headers(scope=scope)
        etag = f'"{content.key}"'
        conditional.require_match(asked, etag, content.modified)
        headers = {
            "ETag": etag,
            "Last-Modified": conditional.http_date(content.modified),
            "Cache-Control": content.kept,
            "Vary": "Authorization",
            "Accept-Ranges": "bytes",
            "Content-Security-Policy": origins.policy(scope, played=is_played(content.media_type)),
            "Cross-Origin-Resource-Policy": "cross-origin",
            **self._links,
        }
        if conditional.is_known(asked, etag, content.modified):
            await Response(status_code=304, headers=headers)(scope, receive, send)
            return
        headers |= await run_in_threadpool(self._described, scope)
        if scope["method"] == "HEAD":
            headers["Content-Length"] = str(content.size)
            await Response(headers=headers)(scope, receive, send)
            return
        status, start, end = self._part(asked, etag, headers)
        headers["Content-Length"] = str(end - start)
        await self._send(status, start, end, headers, scope, receive, send)

    def _described(self, scope: Scope) -> dict[str, str]:
        """Headers of the representation, after a look at the bytes. Raises Missing, Damaged, Unavailable."""
        content = self._content
        if self._store.stat(content.key).size != content.size:
            raise Damaged(content.key, "another size")
        media_type = content.media_type
        if _ACTING.match(media_type):
            media_type = "text/plain"
        if media_type.startswith("text/") and ";" not in media_type and self._is_utf8():
            media_type += "; charset=utf-8"
        kept = origins.place(scope) == "main"
        return {
            "Content-Type": media_type,
            "Content-Disposition": attached(content.name) if kept else disposition(content.name, content.media_type),
            "Repr-Digest": checksums.digest_field(content.key),
        }

    def _is_utf8(self) -> bool:
        """Without a charset a browser guesses, and shows Arabic as Latin letters."""
        length = min(_PROBE, self._content.size)
        if length == 0:
            return True
        pieces = self._store.open(self._content.key, 0, length)
        with closing(cast(Closable, pieces)):
            start = b"".join(pieces)
        try:
            codecs.getincrementaldecoder("utf-8")().decode(start, final=length == self._content.size)
        except UnicodeDecodeError:
            return False
        return True

    def _part(self, asked: Headers, etag: str, headers: dict[str, str]) -> tuple[int, int, int]:
        """Status and the bytes to send, from … to before; adds what the answer says about the part."""
        size = self._content.size
        try:
            part = conditional.byte_range(asked, size, etag=etag, modified=self._content.modified)
        except Unsatisfiable:
            told = {"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}
            raise DoorError("range.unsatisfiable", headers=told, size=size) from None
        if part in (None, (0, size)):
            headers["Content-Digest"] = headers["Repr-Digest"]
        if part is None:
            return 200, 0, size
        headers["Content-Range"] = f"bytes {part[0]}-{part[1] - 1}/{size}"
        return 206, *part

    async def _send(
        self, status: int, start: int, end: int, headers: dict[str, str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        whole = (start, end) == (0, self._content.size)
        if whole and "http.response.pathsend" in scope.get("extensions", {}):
            path = await run_in_threadpool(self._store.local_path, self._content.key)
            if path is not None:
                self._begun(start, end)
                await _send_path(path, status, headers, send)
                return
        pieces = await run_in_threadpool(self._store.open, self._content.key, start, end - start)
        try:
            # The first piece before the status: a small damaged object is then an error, not a broken answer.
            first = await run_in_threadpool(next, pieces, None)
            self._begun(start, end)
            await StreamingResponse(_stream(first, pieces), status, headers)(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(cast(Closable, pieces).close)


def _nothing(_start: int, _end: int) -> None:
    """Nobody counts."""


async def _send_path(path: Path, status: int, headers: dict[str, str], send: Send) -> None:
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.pathsend", "path": str(path)})


async def _stream(first: bytes | None, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    piece = first
    while piece is not None:
        # Servers hold several messages for a slow reader: of whole pieces that was 30 MB each.
        for at in range(0, len(piece), _MESSAGE):
            yield piece[at : at + _MESSAGE]
        piece = await run_in_threadpool(next, rest, None)


def is_shown(media_type: str) -> bool:
    """Whether a browser may show it in place; everything that could run as a page of ours is handed over instead."""
    return media_type.partition(";")[0].strip().lower() in _SHOWN or is_played(media_type)


def is_played(media_type: str) -> bool:
    """Whether a browser shows it by a player or viewer of its own."""
    return media_type.strip().lower().startswith(_PLAYED)


def disposition(name: str, media_type: str) -> str:
    """``Content-Disposition`` (RFC 6266): shown in place where that is safe (:func:`is_shown`)."""
    return _named("inline" if is_shown(media_type) else "attachment", name)


def attached(name: str) -> str:
    """``Content-Disposition`` of what is to be kept as a file, whatever it is."""
    return _named("attachment", name)


def _named(kind: str, name: str) -> str:
    """The name in UTF-8, and in ASCII for programs that know no better."""
    if re.fullmatch(r"[A-Za-z0-9 ._\-()]+", name):
        return f'{kind}; filename="{name}"'
    return f"{kind}; filename=\"{_ascii(name)}\"; filename*=UTF-8''{quote(name, safe=_ATTRIBUTE_CHARACTERS)}"


def _ascii(name: str) -> str:
    """Safe letters only; a name without any is ``file`` with the extension."""
    stem, dot, extension = name.rpartition(".") if "." in name[1:] else (name, "", "")
    plain, suffix = (re.sub(r"[^A-Za-z0-9._-]+", "_", part).strip("_") for part in (stem, extension))
    return f"{plain or 'file'}{dot}{suffix}".rstrip(".")
