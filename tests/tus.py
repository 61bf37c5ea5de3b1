"""A tus client for one person and one draft, and what comes of what it sends."""

import base64
import hashlib
from typing import Any

import asgi
import calling
from asgi import Answered
from calling import Someone
from factories import drafted
from starlette.testclient import TestClient

from api import app
from oer import queries
from oer.db import reading
from oer.installation import Installation
from oer.workflow import Role

MIB = 1 << 20
URL = "/api/uploads"
PART = "application/offset+octet-stream"
Response = Any


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def metadata(**said: str) -> str:
    return ",".join(f"{key} {encoded(value)}" for key, value in said.items())


def checksum(content: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm} {encoded(hashlib.new(algorithm, content).digest())}"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Sender:
    """A tus client for one person and one draft."""

    def __init__(self, who: Someone, draft: str) -> None:
        self.who, self.draft = who, draft

    def ask(self, method: str, path: str, content: bytes | None = None, **headers: str) -> Response:
        wanted = {"tus_resumable": "1.0.0"} | headers
        return self.who.ask(method, path, raw=content, match=wanted.pop("if_match", None), **wanted)

    def create(
        self, size: int | None, content: bytes | None = None, *, said: dict[str, str] | None = None, **headers: str
    ) -> Response:
        told = metadata(**({"resource": self.draft, "filename": "درس.mp4"} | (said or {})))
        length = {} if size is None else {"upload_length": str(size)}
        kind = {} if content is None else {"content_type": PART}
        return self.ask("POST", URL, content, **({"upload_metadata": told} | length | kind | headers))

    def begun(self, size: int, **more: Any) -> str:
        """The path of a new upload."""
        made = self.create(size, **more)
        assert made.status_code == 201, made.text
        return path(made)

    def patch(self, where: str, offset: int, content: bytes, **headers: str) -> Response:
        return self.ask("PATCH", where, content, **({"upload_offset": str(offset), "content_type": PART} | headers))

    def head(self, where: str) -> Response:
        return self.ask("HEAD", where)

    def offset(self, where: str) -> int:
        answer = self.head(where)
        assert answer.status_code == 200
        return int(answer.headers["upload-offset"])


def by_depositor(home: Installation, client: TestClient) -> Sender:
    """A depositor with a draft of their own, without files."""
    author = calling.someone(home, client, Role.DEPOSITOR)
    assert author.actor is not None
    return Sender(author, drafted(home, files={}, actor=author.actor))


def path(made: Response) -> str:
    location: str = made.headers["location"]
    assert location.startswith("https://oer.example.org/api/uploads/")
    return location.removeprefix("https://oer.example.org")


def files(home: Installation, public_id: str) -> dict[str, str]:
    """Name → SHA-256, as the bytes in the store have it."""
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        found = queries.resources.draft(session, resource_id=resource.id or 0) if resource else None
        rows = queries.resources.draft_files(session, draft_id=found.id or 0) if found else []
    for row in rows:
        assert sha256(b"".join(home.store.open(row.key))) == row.key
    return {row.name: row.key for row in rows}


def ask(home: Installation, sender: Sender, where: str, offset: int, pieces: Any, **more: Any) -> Answered:
    """A part that is sent in pieces, below HTTP; ``more`` as for :func:`asgi.ask`."""
    headers = {
        **sender.who.headers,
        "tus-resumable": "1.0.0",
        "upload-offset": str(offset),
        "content-type": PART,
        **{name.replace("_", "-"): value for name, value in more.pop("headers", {}).items()},
    }
    return asgi.ask(app.create(home), "PATCH", where, headers, pieces, **more)
