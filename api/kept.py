"""Answers for single resources, given again from the shelf after they were looked at (``api.shelf``).

On SQLite the row that tells of changes need not even be read as long as nobody has committed (``oer.db.Commits``).
"""

from collections.abc import MutableSequence
from datetime import date

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import conditional, formats
from api.shelf import Answer, Made, RawHeaders, Shelf
from oer import identifiers, queries
from oer.db import Commits, reading
from oer.errors import OerError
from oer.installation import Installation

_BELOW = "/api/resources/"

# With one of these the answer may be another, or the request be refused: it goes on to the route.
_OF_ONE_CALLER = frozenset({b"authorization", b"cookie", b"if-match", b"content-length", b"transfer-encoding"})
_OF_CONTENT = frozenset({b"content-length", b"content-type"})  # not in a 304


class Kept:
    """Innermost of the layers: what others add to an answer, they add to a kept one too."""

    def __init__(self, app: ASGIApp, *, here: Installation, shelf: Shelf) -> None:
        self._app = app
        self._here = here
        self._shelf = shelf
        self._commits = Commits(here.engine)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._ending(scope, receive, send)
            return
        public_id = _asked(scope)
        if public_id is None:
            await self._app(scope, receive, send)
            return
        # All of it is looked at before the answer is made: a change meanwhile makes it old, never wrong.
        seen = self._commits.version(), self._here.now().date()
        answer = self._shelf.get(public_id)
        if answer is not None and answer.seen == seen and seen[0] is not None:
            await _give(answer, scope, send)
            return
        made = await run_in_threadpool(self._look, public_id, seen[1])
        answer = self._shelf.get(public_id)
        if answer is None or answer.headers is None or made is None or answer.made != made:
            await self._fresh(public_id, made, seen, scope, receive, send)
            return
        answer.seen = seen
        await _give(answer, scope, send)

    async def _ending(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            self._commits.close()

    def _look(self, public_id: str, today: date) -> Made | None:
        """What an answer is made from, None where there is nothing to keep or nothing can be read: the route tells."""
        try:
            with reading(self._here.engine) as session:
                row = queries.resources.shown(session, public_id=public_id)
        except OerError:
            return None
        return None if row is None else (*row, today)

    async def _fresh(
        self,
        public_id: str,
        made: Made | None,
        seen: tuple[int | None, date],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """The answer of the route, kept in passing."""
        headers: RawHeaders | None = None
        pieces: MutableSequence[bytes] = []

        async def noted(message: Message) -> None:
            nonlocal headers
            if message["type"] == "http.response.start":
                headers = list(message["headers"]) if message["status"] == 200 else None
            elif message["type"] == "http.response.body" and headers is not None:
                pieces.append(message.get("body", b""))
                if made is not None and not message.get("more_body", False):
                    self._shelf.put(public_id, Answer(made, b"".join(pieces), headers, seen))
            await send(message)

        await self._app(scope, receive, noted if scope["method"] == "GET" else send)


def _asked(scope: Scope) -> str | None:
    """The public id of the resource that anybody would get the same JSON for; None for every other request."""
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or scope["query_string"]:
        return None
    path: str = scope["path"]
    public_id = path[len(_BELOW) :]
    if not path.startswith(_BELOW) or not identifiers.is_public_id(public_id):
        return None
    if any(name in _OF_ONE_CALLER for name, _ in scope["headers"]):
        return None
    accept = b", ".join(value for name, value in scope["headers"] if name == b"accept")
    return public_id if formats.takes_json(accept.decode("latin-1")) else None


async def _give(answer: Answer, scope: Scope, send: Send) -> None:
    # A list of its own: the layers outside add to it.
    headers, content, status = list(answer.headers or ()), answer.content, 200
    if any(name == b"if-none-match" for name, _ in scope["headers"]) and conditional.is_known(
        Headers(scope=scope), dict(headers)[b"etag"].decode("latin-1")
    ):
        headers = [pair for pair in headers if pair[0] not in _OF_CONTENT]
        content, status = b"", 304
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
