"""Requests of which nothing remains: whatever one writes is seen by itself alone, and undone when it is over."""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pytest
from policy_words import ALLOWED, NOBODY
from sqlalchemy.engine import Connection, Engine
from sqlmodel import Session

from oer import db
from oer.installation import Installation
from oer.tally import Tally

Scope = dict[str, Any]
_DOORS = {"transaction": db.transaction, "reading": db.reading}


@dataclass(frozen=True)
class Answer:
    status: int
    kind: str
    content: bytes
    location: str = ""

    @property
    def verdict(self) -> int:
        """200 for every success; 401 where a page leads to the form to sign in."""
        if self.status == 303:
            return NOBODY if self.location.startswith("/sign-in") else ALLOWED
        return ALLOWED if 200 <= self.status < 300 else self.status

    @property
    def said(self) -> str:
        """The status, with the code of a problem and the fields that are wrong."""
        if "json" not in self.kind or self.status < 400:
            return str(self.status)
        told = json.loads(self.content)
        return " ".join([str(self.status), told["code"], *(one["field"] for one in told["errors"])])


class Asking:
    """Calls the application itself: a client of HTTP would take longer than most answers."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._runner = asyncio.Runner()

    def close(self) -> None:
        self._runner.close()

    def __call__(self, method: str, address: str, content: bytes | None, headers: Mapping[str, str]) -> Answer:
        return self._runner.run(self._answer(method, address, content, headers))

    async def _answer(self, method: str, address: str, content: bytes | None, headers: Mapping[str, str]) -> Answer:
        path, _, query = address.partition("?")
        told = dict(headers) | {"host": "oer.example.org"}
        if content is not None:
            told["content-length"] = str(len(content))
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in told.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("oer.example.org", 443),
            "state": {},
        }
        coming = [{"type": "http.request", "body": content or b"", "more_body": False}]
        sent: list[Scope] = []

        async def receive() -> Scope:
            return coming.pop() if coming else await asyncio.Event().wait() or {}

        async def send(message: Scope) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        begun = dict(sent[0]["headers"])
        body = b"".join(message.get("body", b"") for message in sent[1:])
        kind, location = (begun.get(name, b"").decode() for name in (b"content-type", b"location"))
        return Answer(sent[0]["status"], kind, body, location)


class Rehearsal:
    """All doors of the product to the database lead into one transaction, which :meth:`undone` takes back."""

    def __init__(self, home: Installation, patch: pytest.MonkeyPatch) -> None:
        self._engine = home.engine
        self._connection: Connection | None = None
        ours = {"transaction": self._transaction, "reading": self._reading}
        for module in [
            module for name, module in sys.modules.items() if name.partition(".")[0] in ("api", "oer", "harvest")
        ]:
            for name, door in _DOORS.items():
                if vars(module).get(name) is door:
                    patch.setattr(module, name, ours[name])
        # The row of an upload that was given up is there again; so must its bytes be.
        patch.setattr(type(home.store), "abort", lambda _store, _upload_id: None)
        # Uses are written by a thread, every few seconds: on the one connection that there is, in the middle of others.
        patch.setattr(Tally, "flush", lambda _tally: None)

    @contextmanager
    def undone(self) -> Iterator[None]:
        with self._engine.connect() as connection:
            self._connection = connection
            outer = connection.begin()
            try:
                yield
            finally:
                self._connection = None
                outer.rollback()

    def _session(self, *, autoflush: bool) -> Session:
        assert self._connection is not None, "nobody asks outside a rehearsal"
        return Session(
            self._connection, expire_on_commit=False, autoflush=autoflush, join_transaction_mode="create_savepoint"
        )

    @contextmanager
    def _transaction(self, _engine: Engine) -> Iterator[Session]:
        with db.translated(), self._session(autoflush=True) as session, session.begin():
            yield session

    @contextmanager
    def _reading(self, _engine: Engine) -> Iterator[Session]:
        with db.translated(), self._session(autoflush=False) as session:
            yield session
