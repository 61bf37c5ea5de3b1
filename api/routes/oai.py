"""``/oai``: OAI-PMH 2.0 for harvesters. A plain route ahead of FastAPI's, which would halve its speed.

A person's browser gets a page at the same address (:func:`api.render.browsing`); who asks by POST never does.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api import forms, packing, render, security
from harvest import protocol, provider
from harvest.answers import Answer
from harvest.provider import Repository
from oer import db
from oer.errors import OerError, Unavailable
from oer.installation import Installation

_LARGEST = 64 * 1024  # bytes of a form; a token has a few hundred
_UNDER_WAY = 64  # answers at a time in one process: whoever comes then is asked to come back, and nobody waits for long


def door(page: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    """What answers at the address: ``page`` to browsers, XML to everybody else."""

    async def answer(request: Request) -> Response:
        if request.method != "POST" and render.browsing(request):
            return await run_in_threadpool(page, request)
        return await harvest(request)

    return answer


class _Busy:
    """Answers that are being made in this process. Counted on the event loop alone, so without a lock."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> None:
        self.count += 1

    def __exit__(self, *_: object) -> None:
        self.count -= 1


_busy = _Busy()


async def harvest(request: Request) -> Response:
    """GET, HEAD and POST answer alike (OAI-PMH 2.0, section 3.1.1). Protocol errors are 200, as it wants."""
    pairs = protocol.form_pairs(request.scope["query_string"])
    if request.method == "POST":
        pairs += protocol.form_pairs(await forms.encoded(request, most=_LARGEST))
    if _busy.count >= _UNDER_WAY:
        raise Unavailable("harvest.busy")
    here: Installation = request.app.state.installation
    repository: Repository = request.app.state.repository

    with _busy:
        found = await run_in_threadpool(provider.answer, here.engine, repository, pairs, now=here.now())
        content, packs = await run_in_threadpool(_coded, found, packing.asked(request))
    return _sent(content, packs)


def _coded(found: Answer, wanted: bool) -> tuple[bytes, bool]:
    packs = wanted and (bool(found.blocks) or len(found.head) >= packing.WORTH)
    return (found.packed() if packs else found.plain()), packs


def _sent(content: bytes, packed: bool) -> Response:
    headers = {
        "Vary": f"{render.BROWSING}, Accept-Encoding",
        "Cache-Control": "no-cache",
        "Content-Security-Policy": security.TREE,
    }
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(content, headers=headers, media_type="text/xml; charset=utf-8")


class Express:
    """Pages that are packed already, past everything that is not needed for them: threads, routing, dependencies.

    They are what a harvest of a whole list consists of. Reading one from SQLite takes less time than handing it to a
    thread; where it could mean to wait, for a connection or for a server of databases, it goes the common way.
    """

    def __init__(self, app: ASGIApp, here: Installation, repository: Repository) -> None:
        self._app = app
        self._here, self._repository = here, repository

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._page(scope) if scope["type"] == "http" and scope["path"] == "/oai" else None
        if found is None:
            await self._app(scope, receive, send)
        else:
            await _sent(*_coded(found, packing.asked(Request(scope))))(scope, receive, send)

    def _page(self, scope: Scope) -> Answer | None:
        query = scope["query_string"]
        if scope["method"] != "GET" or b"resumptionToken=" not in query or render.browsing(Request(scope)):
            return None
        if not db.reads_at_once(self._here.engine):
            return None
        with suppress(OerError):  # the common way tells what is wrong
            return provider.packed(
                self._here.engine, self._repository, protocol.form_pairs(query), now=self._here.now()
            )
        return None
