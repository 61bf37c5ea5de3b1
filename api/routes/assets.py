"""Our own small files: style sheet, script, picture, font. Read once; browsers keep them a year, by digest."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from api import conditional, packing
from oer.errors import NotFound

_FOLDER = Path(__file__).resolve().parent.parent / "static"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_PACKED = frozenset([".woff2"])  # by themselves
_NAMED = re.compile(rb"url\(([\w.-]+)\)")


@dataclass(frozen=True, slots=True)
class Asset:
    """``url`` changes with the bytes, so that no browser ever shows an old one. ``packed``: by gzip, where it pays."""

    content: bytes
    packed: bytes | None
    media_type: str
    url: str

    @property
    def version(self) -> str:
        return self.url.rpartition("=")[2]


def load(prefix: str = "") -> Mapping[str, Asset]:
    """Every file of ``api/static`` by name. ``prefix`` is the path of the base URL."""
    found: dict[str, Asset] = {}
    # Style sheets come last: they name the others.
    for path in sorted(_FOLDER.iterdir(), key=lambda one: (one.suffix == ".css", one.name)):
        if path.suffix not in _TYPES:
            continue
        content = path.read_bytes()
        if path.suffix == ".css":
            content = _NAMED.sub(partial(_versioned, found), content)
        version = hashlib.sha256(content).hexdigest()[:12]
        pays = path.suffix not in _PACKED and len(content) >= packing.WORTH
        url = f"{prefix}/static/{path.name}?v={version}"
        found[path.name] = Asset(content, packing.packed(content) if pays else None, _TYPES[path.suffix], url)
    return found


def _versioned(found: Mapping[str, Asset], match: re.Match[bytes]) -> bytes:
    name = match[1].decode()
    return f"url({name}?v={found[name].version})".encode()


async def static(request: Request) -> Response:
    asset = request.app.state.assets.get(request.path_params["name"])
    if asset is None:
        raise NotFound("page.unknown")
    return _sent(request, asset, lasting=request.query_params.get("v") == asset.version)


async def favicon(request: Request) -> Response:
    return _sent(request, request.app.state.assets["favicon.svg"], lasting=False)


def _sent(request: Request, asset: Asset, *, lasting: bool) -> Response:
    kept = "public, max-age=31536000, immutable" if lasting else "public, max-age=3600"
    content, etag = asset.content, conditional.tag(asset.content)
    headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
    if asset.packed is not None and packing.asked(request):
        content, etag = asset.packed, f'{etag[:-1]}-gzip"'
        headers["Content-Encoding"] = "gzip"
    headers["ETag"] = etag
    if conditional.is_known(request.headers, etag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=asset.media_type)
