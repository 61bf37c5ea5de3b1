"""Answers of many lines, made while they are sent: flat memory, no session open while a slow reader reads."""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api import conditional, packing

JSONL = "application/jsonl"
CSV = "text/csv; charset=utf-8"
_PIECE = 64 * 1024  # bytes that are sent at once
_LEVEL = 5  # of nine: most of what packing can win, at a third of its time


def answer(
    request: Request,
    lines: Iterable[bytes],
    *,
    media_type: str,
    name: str | None = None,
    private: bool = True,
    vary: str = "Authorization",
    etag: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The lines, as a file called ``name`` (plain ASCII) if one is given, packed where the client asks for that.

    ``etag`` is of what the lines will be made from: it is sent as a weak one, and who has it gets 304.

    What fails before the first line is raised here; what fails later breaks the connection.
    """
    packed = packing.asked(request)
    fields = {
        **({"Content-Disposition": f'attachment; filename="{name}"'} if name else {}),
        "Cache-Control": conditional.PRIVATE if private else conditional.PUBLIC,
        "Vary": f"{vary}, Accept-Encoding".removeprefix(", "),
        **({"Content-Encoding": "gzip"} if packed else {}),
        **(headers or {}),
    }
    if etag is not None:
        fields["ETag"] = f"W/{etag}"
        conditional.require_match(request.headers, fields["ETag"])
        if conditional.is_known(request.headers, etag):
            return Response(status_code=304, headers=fields)
    waiting = iter(lines)
    first = next(waiting, b"")
    if request.method == "HEAD":
        found = Response(headers={**fields, "Content-Type": media_type})
        del found.headers["Content-Length"]  # nobody knows it before all lines are made (RFC 9110, section 8.6)
        return found
    pieces = _gathered(chain([first], waiting))
    return StreamingResponse(_packed(pieces) if packed else pieces, headers=fields, media_type=media_type)


def _gathered(lines: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for line in lines:
        held += line
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_LEVEL, wbits=31)
    for piece in pieces:
        packed = packer.compress(piece)
        if packed:
            yield packed
    yield packer.flush()
