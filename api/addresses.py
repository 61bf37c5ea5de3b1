"""Addresses as people type them: ``?q=الماء`` is none (RFC 3986, section 2), and everybody knows what is meant."""

from starlette.types import ASGIApp, Receive, Scope, Send

from api import render


class Typed:
    """Percent-encodes what a query has of other bytes than ASCII, which else would be read as Latin-1."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["query_string"].isascii():
            scope["query_string"] = render.quoted(scope["query_string"]).encode()
        await self._app(scope, receive, send)
