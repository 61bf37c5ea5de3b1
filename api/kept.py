"""Answers for single resources kept in the memory of this process, and looked at each time before they are given again.

What an answer was made from is one row (``queries.resources.shown``) and the day, since embargoes end by it. On SQLite
the row need not even be read as long as nobody has committed (``oer.db.Commits``). Only what everybody gets is kept.
"""

from collections import OrderedDict
from collections.abc import MutableSequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import conditional, formats
from oer import identifiers, queries
from oer.db import Commits, reading
from oer.errors import OerError
from oer.installation import Installation

_BELOW = "/api/resources/"
_ROOM = 48 << 20  # bytes of one process
_LARGEST = 1 << 20  # bytes of one answer
_BESIDE = 1000  # bytes that an answer takes beside its content and headers: the row, and the objects they all are

# With one of these the answer may be another, or the request be refused: it goes on to the route.
_OF_ONE_CALLER = frozenset({b"authorization", b"cookie", b"if-match", b"content-length", b"transfer-encoding"})
_OF_CONTENT = frozenset({b"content-length", b"content-type"})  # not in a 304

Made = tuple[Any, ...]
RawHeaders = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Answer:
    """An answer of status 200. ``seen``: the commit and the day at which it was last known to be what is shown."""

    made: Made
    seen: tuple[int | None, date]
    headers: RawHeaders
    content: bytes

    @property
    def size(self) -> int:
        return len(self.content) + sum(len(name) + len(value) for name, value in self.headers) + _BESIDE


class Kept:
    """Innermost of the layers: what others add to an answer, they add to a kept one too."""

    def __init__(self, app: ASGIApp, *, here: Installation, room: int = _ROOM) -> None:
        self._app = app
        self._here = here
        self._room = room
        self._held = 0
        self._answers: OrderedDict[str, Answer] = OrderedDict()  # the longest unasked first
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
        answer = self._answers.get(public_id)
        if answer is not None and answer.seen == seen and seen[0] is not None:
            self._answers.move_to_end(public_id)
            await _give(answer, scope, send)
            return
        made = await run_in_threadpool(self._look, public_id, seen[1])
        answer = self._answers.get(public_id)
        if answer is None or made is None or answer.made != made:
            await self._fresh(public_id, made, seen, scope, receive, send)
            return
        answer.seen = seen
        self._answers.move_to_end(public_id)
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
        self._drop(public_id)
        headers: RawHeaders | None = None
        pieces: MutableSequence[bytes] = []

        async def noted(message: Message) -> None:
            nonlocal headers
            if message["type"] == "http.response.start":
                headers = list(message["headers"]) if message["status"] == 200 else None
            elif message["type"] == "http.response.body" and headers is not None:
                pieces.append(message.get("body", b""))
                if made is not None and not message.get("more_body", False):
                    self._keep(public_id, Answer(made, seen, headers, b"".join(pieces)))
            await send(message)

        await self._app(scope, receive, noted if scope["method"] == "GET" else send)

    def _keep(self, public_id: str, answer: Answer) -> None:
        self._drop(public_id)  # another request may have made it meanwhile
        if answer.size > _LARGEST:
            return
        self._answers[public_id] = answer
        self._held += answer.size
        while self._held > self._room:
            self._drop(next(iter(self._answers)))

    def _drop(self, public_id: str) -> None:
        answer = self._answers.pop(public_id, None)
        if answer is not None:
            self._held -= answer.size


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
    headers, content, status = list(answer.headers), answer.content, 200
    if any(name == b"if-none-match" for name, _ in scope["headers"]) and conditional.is_known(
        Headers(scope=scope), dict(headers)[b"etag"].decode("latin-1")
    ):
        headers = [pair for pair in headers if pair[0] not in _OF_CONTENT]
        content, status = b"", 304
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
