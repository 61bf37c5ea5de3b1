"""Clients that send files over bad lines to a server that may die: they know when they were told that it is done."""

import base64
import hashlib
import http.client
import json
import random
import socket
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

PART = "application/offset+octet-stream"
BROKEN = (OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Line:
    """How to reach a server; every request is a connection of its own."""

    port: int
    headers: Mapping[str, str]
    patience: float = 60  # seconds

    def ask(
        self,
        method: str,
        path: str,
        pieces: Iterable[bytes] = (),
        *,
        size: int | None = None,
        cut: bool = False,
        **headers: str,
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers, content. ``size`` is the length that is announced; with ``cut`` the line is torn after the
        last piece, and the status is 0. Raises one of BROKEN where the server is gone.
        """
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.patience)) as line:
            line.putrequest(method, path)
            wanted = {"Tus-Resumable": "1.0.0", **self.headers}
            wanted |= {name.replace("_", "-"): value for name, value in headers.items()}
            for name, value in (wanted | {"Content-Length": str(size or 0)}).items():
                line.putheader(name, value)
            line.endheaders()
            # A refusal may come before the body is sent, and the server then closes the line.
            with suppress(BrokenPipeError, ConnectionResetError):
                for piece in pieces:
                    line.send(piece)
            if cut:
                assert line.sock is not None
                line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return 0, {}, b""
            answer = line.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def content_digest(content: bytes) -> str:
    return hex_digest_field(sha256(content))


def hex_digest_field(digest: str) -> str:
    return f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:"


def upload_checksum(algorithm: str, digest: bytes) -> str:
    return f"{algorithm} {base64.b64encode(digest).decode()}"


def form_around(record: bytes, filename: str) -> tuple[bytes, bytes, str]:
    """What stands before and after the content of the one file of a form, and the type of it all."""
    edge = sha256(filename.encode())[:20]
    head = b"".join(
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"
        for name, value in {"institution": b"college", "record": record}.items()
    )
    head += f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n\r\n'.encode()
    return head, f"\r\n--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


def file_path(draft: str, name: str) -> str:
    return f"/api/resources/{draft}/draft/files/{quote(name, safe='')}"


def create(line: Line, draft: str, name: str, size: int) -> tuple[int, str]:
    """Status and path of a new upload."""
    said = {"resource": draft, "filename": name}
    told = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items())
    status, headers, _ = line.ask("POST", "/api/uploads", upload_length=str(size), upload_metadata=told)
    where = headers.get("location", "")
    return status, where[where.find("/api/uploads/") :] if where else ""


def patch(line: Line, where: str, offset: int, pieces: Iterable[bytes], size: int, **more: Any) -> int:
    """Status of one part."""
    told = {"upload_offset": str(offset), "content_type": PART, **more}
    return line.ask("PATCH", where, pieces, size=size, **told)[0]


def offset(line: Line, where: str) -> tuple[int, int]:
    """Status and offset."""
    status, headers, _ = line.ask("HEAD", where)
    return status, int(headers.get("upload-offset", -1))


def slowly(content: bytes, chance: random.Random, *, step: int = 256 << 10, pause: float = 0.02) -> Iterable[bytes]:
    """The content in pieces, over a line that takes its time."""
    for at in range(0, len(content), step):
        yield content[at : at + step]
        time.sleep(pause * chance.random())


@dataclass
class Deadline:
    """When senders give up; ``now`` makes them do so at once."""

    moment: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        return cls(time.monotonic() + seconds)

    def now(self) -> None:
        self.moment = 0.0


def persistently(work: Callable[[], bool], *, until: Deadline) -> None:
    """Try until it is done, through every broken line."""
    while True:
        with suppress(*BROKEN):
            if work():
                return
        assert time.monotonic() < until.moment, "a sender never came to its end"
        time.sleep(0.05)


def put(line: Line, draft: str, name: str, content: bytes, chance: random.Random, *, until: Deadline) -> None:
    """Until the server says that the file is there."""

    def once() -> bool:
        pieces = slowly(content, chance)
        told = {"content_digest": content_digest(content)}
        status, _, answer = line.ask("PUT", file_path(draft, name), pieces, size=len(content), **told)
        assert status in (200, 201, 400, 503), (status, answer)
        return status in (200, 201)

    persistently(once, until=until)


def deposit(line: Line, key: str, record: bytes, content: bytes, chance: random.Random, *, until: Deadline) -> str:
    """A form with a record and one file, until the server says that it is done; the public id."""
    head, tail, kind = form_around(record, f"{key}.bin")
    body = head + content + tail
    told = {"content_type": kind, "idempotency_key": key}
    made: list[str] = []

    def once() -> bool:
        status, _, answer = line.ask("POST", "/api/resources", slowly(body, chance), size=len(body), **told)
        assert status in (201, 400, 503), (status, answer)
        if status == 201:
            made.append(json.loads(answer)["id"])
        return status == 201

    persistently(once, until=until)
    return made[0]


@dataclass
class Tus:
    """One or several senders of one file. Sometimes they try the wrong offset or promise the wrong checksum."""

    line: Line
    content: bytes
    where: str

    def send(self, chance: random.Random, *, until: Deadline) -> None:
        persistently(lambda: self._once(chance), until=until)

    def _once(self, chance: random.Random) -> bool:
        status, at = offset(self.line, self.where)
        if status != 200:
            assert status in (423, 503), status
            return False
        if at == len(self.content):
            return True
        rest = self.content[at : at + chance.choice((1000, 1 << 20, 4 << 20, len(self.content)))]
        if chance.random() < 0.15:
            self._wrongly(at, rest)
            return False
        told = {"upload_checksum": _sha1(rest)} if chance.random() < 0.3 else {}
        status = patch(self.line, self.where, at, slowly(rest, chance), len(rest), **told)
        assert status in (204, 400, 409, 423, 503), status
        return status == 204 and at + len(rest) == len(self.content)

    def _wrongly(self, at: int, rest: bytes) -> None:
        """Refused, whatever other senders of the same file do meanwhile."""
        other = b"x" * min(len(rest), 1000)
        wrong = patch(self.line, self.where, at, [other], len(other), upload_checksum=_sha1(b"y"))
        assert wrong in (409, 413, 423, 460, 503), wrong
        wrong = patch(self.line, self.where, len(self.content) + 1, [other], len(other))
        assert wrong in (409, 413, 423, 503), wrong


def _sha1(content: bytes) -> str:
    return upload_checksum("sha1", hashlib.sha1(content).digest())
