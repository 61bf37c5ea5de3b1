"""``/oai``: OAI-PMH 2.0 for harvesters. A plain route ahead of FastAPI's, which would halve its speed."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import packing
from api.errors import DoorError
from harvest import protocol, provider
from harvest.provider import Repository
from oer.errors import TooLarge
from oer.installation import Installation

_LARGEST = 64 * 1024  # bytes of a form; a token has a few hundred
_FORM = "application/x-www-form-urlencoded"
_LEVEL = 4


async def harvest(request: Request) -> Response:
    """GET, HEAD and POST answer alike (OAI-PMH 2.0, section 3.1.1). Protocol errors are 200, as it wants."""
    pairs = protocol.form_pairs(request.scope["query_string"])
    if request.method == "POST":
        pairs += protocol.form_pairs(await _form(request))
    here: Installation = request.app.state.installation
    repository: Repository = request.app.state.repository
    wanted = packing.asked(request)

    def respond() -> tuple[bytes, bool]:
        content = provider.respond(here.engine, repository, pairs, now=here.now())
        if not wanted or len(content) < packing.WORTH:
            return content, False
        return packing.packed(content, _LEVEL), True

    content, packed = await run_in_threadpool(respond)
    headers = {"Vary": "Accept-Encoding", "Cache-Control": "no-cache"}
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(content, headers=headers, media_type="text/xml; charset=utf-8")


async def _form(request: Request) -> bytes:
    kind = request.headers.get("content-type", _FORM).partition(";")[0].strip().lower()
    if kind != _FORM:
        raise DoorError("media-type.unsupported", expected=_FORM)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST:
            raise TooLarge("request.too-large", limit=_LARGEST)
    return bytes(body)
