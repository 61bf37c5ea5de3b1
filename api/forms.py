"""Forms: ``multipart/form-data`` (RFC 7578) part by part as it arrives, so that what nobody keeps is held nowhere;
small ones of browsers and harvesters (``application/x-www-form-urlencoded``) whole.
"""

import logging
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request
from starlette.types import Scope

from api.errors import DoorError
from oer.errors import TooLarge

KIND = "multipart/form-data"
ENCODED = "application/x-www-form-urlencoded"
_HEADERS = 8  # of one part
_HEADER = 4096  # bytes of one
_PLAIN = frozenset({"7bit", "8bit", "binary"})

# It warns of every malformed byte, in the client's own words.
logging.getLogger("python_multipart").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Part:
    """One field. What its reader leaves of the ``content`` is passed over."""

    name: str
    filename: str | None
    content: Iterator[bytes]


class _Kind(Enum):
    HEADERS = auto()
    DATA = auto()
    END = auto()
    OVER = auto()


_Event = tuple[_Kind, Any]


def is_form(scope: Scope) -> bool:
    """Whether a request brings a form."""
    given = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    return bool(given.partition(b";")[0].strip().lower() == KIND.encode())


def parts(pieces: Iterator[bytes], content_type: str) -> Iterator[Part]:
    """The parts of a form in their order, each to be read before the next.

    Raises DoorError where the form is none, or ends before its last boundary.
    """
    events = _events(pieces, content_type)
    for kind, value in events:
        if kind is _Kind.HEADERS:
            name, filename = _named(value)
            content = _content(events)
            yield Part(name, filename, content)
            for _ in content:
                pass
        elif kind is _Kind.OVER:
            for _ in events:  # a line that breaks behind the last boundary has broken too
                pass
            return
    raise DoorError("form.malformed")


def _content(events: Iterator[_Event]) -> Iterator[bytes]:
    for kind, value in events:
        if kind is _Kind.END:
            return
        yield value
    raise DoorError("form.malformed")


def _named(headers: dict[str, str]) -> tuple[str, str | None]:
    """The names of a part and of its file. Raises DoorError without the former, or for a part that is packed."""
    kind, options = parse_options_header(headers.get("content-disposition"))
    packed = headers.get("content-transfer-encoding", "binary").strip().lower() not in _PLAIN
    if kind != b"form-data" or b"name" not in options or packed:
        raise DoorError("form.malformed")
    try:
        name = options[b"name"].decode()
        filename = options[b"filename"].decode() if b"filename" in options else None
    except UnicodeDecodeError:
        raise DoorError("form.malformed") from None
    return name, filename


def _events(pieces: Iterator[bytes], content_type: str) -> Iterator[_Event]:
    found: deque[_Event] = deque()
    parser = _parser(found, content_type)
    for piece in pieces:
        try:
            parser.write(piece)
        except FormParserError:
            raise DoorError("form.malformed") from None
        while found:
            yield found.popleft()


def _parser(found: deque[_Event], content_type: str) -> MultipartParser:
    _, options = parse_options_header(content_type)
    headers: dict[str, str] = {}
    field, value = bytearray(), bytearray()

    def header_end() -> None:
        headers[field.decode("latin-1").lower()] = value.decode("latin-1")
        field.clear()
        value.clear()

    def headers_finished() -> None:
        found.append((_Kind.HEADERS, dict(headers)))
        headers.clear()

    try:
        return MultipartParser(
            options[b"boundary"],
            {
                "on_header_field": lambda data, start, end: field.extend(data[start:end]),
                "on_header_value": lambda data, start, end: value.extend(data[start:end]),
                "on_header_end": header_end,
                "on_headers_finished": headers_finished,
                "on_part_data": lambda data, start, end: found.append((_Kind.DATA, data[start:end])),
                "on_part_end": lambda: found.append((_Kind.END, None)),
                "on_end": lambda: found.append((_Kind.OVER, None)),
            },
            max_header_count=_HEADERS,
            max_header_size=_HEADER,
        )
    except (KeyError, FormParserError):
        raise DoorError("form.malformed") from None


async def encoded(request: Request, *, most: int) -> bytes:
    """The body of a small form, nothing read into it. Raises DoorError for another type, TooLarge."""
    kind = request.headers.get("content-type", ENCODED).partition(";")[0].strip().lower()
    if kind != ENCODED:
        raise DoorError("media-type.unsupported", expected=ENCODED)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise TooLarge("request.too-large", limit=most)
    return bytes(body)
