"""An application asked below HTTP: what comes of a body that comes in pieces, breaks off, or is never to be read."""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import anyio
from starlette.types import ASGIApp


@dataclass
class Answered:
    """An answer, and whether the application asked for the body."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""
    read: bool = False


def ask(
    app: ASGIApp,
    method: str,
    path: str,
    headers: Mapping[str, str],
    pieces: Iterable[bytes] = (),
    *,
    breaks: bool = False,
    silent: bool = False,
    query: str = "",
) -> Answered:
    """One request whose body is the pieces, each made when it is asked for. Behind the last of them the line is lost
    with ``breaks``, and with ``silent`` nothing more is heard of it.
    """
    answered = Answered()

    def messages() -> Iterator[MutableMapping[str, Any]]:
        for piece in pieces:
            yield {"type": "http.request", "body": piece, "more_body": True}
        if silent:
            return
        yield {"type": "http.disconnect"} if breaks else {"type": "http.request", "body": b"", "more_body": False}

    coming = messages()

    async def receive() -> MutableMapping[str, Any]:
        answered.read = True
        message = next(coming, None)
        if message is None:
            await anyio.sleep_forever()
        assert message is not None
        return message

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answered.status = message["status"]
            answered.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            answered.content += message.get("body", b"")

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
        "state": {},
    }

    async def run() -> None:
        with anyio.fail_after(60):
            await app(scope, receive, send)

    anyio.run(run)
    return answered
