"""Where other people's bytes may act as a page: at an origin of their own (``OER_CONTENT_ORIGIN``), or nowhere.

With such an origin set, a file that is asked for at the main one is kept by browsers and never shown; what may be
shown is shown at the other, which serves nothing but files, and looks at no cookie and at no token.
"""

import re
from typing import Literal, cast
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api import security
from oer.settings import Settings

Place = Literal["only", "main", "content"]
"""The one origin there is; the main one of two; the one for content."""

_PLACE = "oer.origin"
_PORTS = {"http": 80, "https": 443}
# Files of versions and what is made of them. Drafts, pictures of institutions and packs stay at the main one.
_BYTES = re.compile(r"/api/resources/[^/]+/(?:versions/[^/]+/)?files/[^/]+(?:/previews/.+)?")
_SECRETS = frozenset([b"cookie", b"authorization"])


class ContentOrigin:
    """Tells answers where they are given, and keeps everything but files from the origin for content."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._host = _host(settings.content_origin) if settings.content_origin else ""
        self._main = origin(settings.base_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._host:
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        if _host(f"{scope.get('scheme', 'http')}://{asked.get('host', '')}") != self._host:
            await self._app({**scope, _PLACE: ("main", self._main)}, receive, send)
        elif scope["method"] in ("GET", "HEAD") and _BYTES.fullmatch(scope["path"]):
            headers = [(name, value) for name, value in scope["headers"] if name not in _SECRETS]
            await self._app({**scope, "headers": headers, _PLACE: ("content", self._main)}, receive, send)
        else:
            await PlainTextResponse("Only files are here.\n", 404)(scope, receive, send)


def origin(url: str) -> str:
    """Of an address, its scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _host(url: str) -> str:
    """In lower case, without a port that goes without saying; "" for what is none."""
    try:
        parts = urlsplit(url.lower())
        port = parts.port
    except ValueError:
        return ""
    named = parts.netloc.rpartition("@")[2].rpartition(":")[0] if port is not None else parts.netloc
    # A proxy that ends TLS speaks http to us: both default ports go without saying.
    return named if port is None or port in _PORTS.values() else f"{named}:{port}"


def place(scope: Scope) -> Place:
    return cast(Place, scope.get(_PLACE, ("only", ""))[0])


def policy(scope: Scope, *, played: bool) -> str:
    """The Content-Security-Policy of a file, ``played`` by what browsers bring along or not."""
    where, main = scope.get(_PLACE, ("only", ""))
    if not played or where == "main":
        return security.CONTENT
    return security.PLAYED if where == "only" else f"{security.PLAYED} {main}"


def shown_at(settings: Settings, path: str) -> str:
    """Where a file that everybody may have is shown in place: ``path`` begins with a slash, behind the base URL's.

    Files for members alone have no such place where an origin for content is set: no session reaches it.
    """
    if settings.content_origin:
        return f"{settings.content_origin}{path}"
    return f"{urlsplit(settings.base_url).path}{path}"
