"""A client light enough to measure servers with: raw HTTP/1.1 over a few connections that stay open."""

import re
import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from oer.errors import Unavailable

LINES = 8  # connections, each with one request under way
_PATIENCE = 60  # seconds without any answer
_PIECE = 1 << 18
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it is sent; what its status is to be, and bytes that stand in an answer to it and no other."""

    request: bytes
    status: bytes = b"200"
    sign: bytes = b""


@dataclass(frozen=True, slots=True)
class Rate:
    """Answers a second, bytes of one with its head, and how much of a core the client has used."""

    answers: float
    size: float
    client: float


def get(port: int, path: str, **headers: str) -> bytes:
    """A GET request in bytes."""
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *(f"{key}: {value}" for key, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def answers(port: int, requests: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Head and body of each answer, one request after the other. Raises Unavailable for anything but 200."""
    with _connected(port) as line:
        for request in requests:
            line.sendall(request)
            found = bytearray()
            while not _is_whole(found):
                found += _received(line)
            head, _, body = bytes(found).partition(b"\r\n\r\n")
            if head[9:12] != b"200":
                raise Unavailable("bench.unanswered")
            yield head, _joined(body) if _CHUNKED.search(head) else body


def rate(port: int, requests: Iterator[Asked], seconds: float) -> Rate:
    """What a server gives in this time. Raises Unavailable where an answer is not what was asked for."""
    done = size = 0
    with ExitStack() as lines, selectors.DefaultSelector() as ready:
        waiting: dict[socket.socket, tuple[Asked, bytearray]] = {}

        def ask(line: socket.socket) -> None:
            asked = next(requests)
            waiting[line] = asked, bytearray()
            line.send(asked.request)

        for _ in range(LINES):
            ready.register(lines.enter_context(_connected(port)), selectors.EVENT_READ)
        used, began = time.process_time(), time.monotonic()
        for key in list(ready.get_map().values()):
            ask(key.fileobj)  # type: ignore[arg-type]
        while waiting:
            found = ready.select(_PATIENCE)
            if not found:
                raise Unavailable("bench.unanswered")
            for key, _ in found:
                line: socket.socket = key.fileobj  # type: ignore[assignment]
                asked, answer = waiting[line]
                answer += _received(line)
                if not _is_whole(answer):
                    continue
                if answer[9:12] != asked.status or asked.sign not in answer:
                    raise Unavailable("bench.unanswered")
                done, size = done + 1, size + len(answer)
                if time.monotonic() - began < seconds:
                    ask(line)
                else:
                    del waiting[line]
        took = time.monotonic() - began
        return Rate(done / took, size / done, (time.process_time() - used) / took)


def _connected(port: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _received(line: socket.socket) -> bytes:
    try:
        piece = line.recv(_PIECE)
    except OSError:
        raise Unavailable("bench.unanswered") from None
    if not piece:
        raise Unavailable("bench.unanswered")
    return piece


def length(answer: bytearray, end: int) -> int:
    """What the head, which ends at ``end``, says of the body's length. Raises Unavailable where it says nothing."""
    found = _LENGTH.search(answer, 0, end)
    if not found:
        raise Unavailable("bench.unanswered")
    return int(found[1])


def _is_whole(answer: bytearray) -> bool:
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = _LENGTH.search(answer, 0, end)
    if length:
        return len(answer) >= end + 4 + int(length[1])
    return answer.endswith(b"0\r\n\r\n") if _CHUNKED.search(answer, 0, end) else True


def _joined(chunked: bytes) -> bytes:
    """The content of a body in chunks (RFC 9112, section 7.1)."""
    found, rest = b"", chunked
    while True:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if length == 0:
            return found
        found, rest = found + rest[:length], rest[length + 2 :]
