"""Answers that clients keep: validators, preconditions and byte ranges (RFC 9110, sections 8.8, 13 and 14)."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from api import packing
from oer.errors import Stale

PUBLIC = "public, no-cache"  # kept by anybody, asked about every time: a withdrawal counts from its first second
PRIVATE = "private, no-store"
LASTING = "private, max-age=31536000, immutable"  # by the browser that has shown it, by nothing in between

# Headers are anybody's: no pattern may go back over what it has read, or one long line of spaces stops the server.
_TAGS = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*+")')
_RANGE = re.compile(r"\s*+(\d{0,18})\s*+-\s*+(\d{0,18})\s*+", re.ASCII)


class Unsatisfiable(Exception):
    """No byte of the representation is in the range."""


def tag(content: bytes, *, lock: int | None = None) -> str:
    """A strong validator of these very bytes; ``lock`` first, for writes that say what they have read.

    A hash, not the lock alone: an answer also shows its institution, our address and our own shape of JSON.
    """
    digest = hashlib.sha256(content).hexdigest()[:24]
    return f'"{digest}"' if lock is None else f'"{lock}-{digest}"'


def http_date(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def require_match(headers: Headers, etag: str, modified: datetime | None = None) -> None:
    """Raises Stale where ``If-Match`` names other versions only; a weak tag never matches (section 13.1.1). Without
    it, where the thing is younger than ``If-Unmodified-Since`` (section 13.1.4).
    """
    given = headers.getlist("if-match")
    if given:
        if not _names(", ".join(given), etag, weak=False):
            raise Stale("resource.stale")
        return
    since = _moment(headers.get("if-unmodified-since"))
    if since is not None and modified is not None and modified.replace(microsecond=0) > since:
        raise Stale("resource.stale")


def is_known(headers: Headers, etag: str, modified: datetime | None = None) -> bool:
    """Whether the client has it already: ``If-None-Match``, or without it ``If-Modified-Since`` (section 13.2.2)."""
    given = headers.getlist("if-none-match")
    if given:
        return _names(", ".join(given), etag, weak=True)
    since = _moment(headers.get("if-modified-since"))
    return since is not None and modified is not None and modified.replace(microsecond=0) <= since


def _names(given: str, etag: str, *, weak: bool) -> bool:
    if given.strip() == "*":
        return True
    return any(match[2] == etag and (weak or not match[1]) for match in _TAGS.finditer(given))


def strong_tags(given: str) -> list[str]:
    """The tags of ``If-Match`` that can match: not the weak ones (RFC 9110, section 13.1.1)."""
    return [match[2] for match in _TAGS.finditer(given) if not match[1]]


def _moment(value: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(value) if value else None
    except (ValueError, OverflowError):  # the year 99999999999999999999
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def byte_range(headers: Headers, size: int, *, etag: str, modified: datetime) -> tuple[int, int] | None:
    """The part that is asked for as (start, end after the last byte), None where the whole is to be sent.

    The whole answers what is malformed, in another unit or of several ranges (section 14.2 leaves it to us), and
    an ``If-Range`` that is not exactly our validator. Raises Unsatisfiable.
    """
    unit, _, ranges = headers.get("range", "").partition("=")
    match = _RANGE.fullmatch(ranges)
    if unit.strip().lower() != "bytes" or match is None or not any(match.groups()):
        return None
    condition = headers.get("if-range")
    if condition is not None and condition.strip() not in (etag, http_date(modified)):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= size:
        raise Unsatisfiable
    return start, end


def answer(
    request: Request,
    content: bytes,
    *,
    media_type: str,
    etag: str,
    modified: datetime | None = None,
    private: bool = False,
    vary: str = "Authorization",
    packs: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The content with its validators, or 304 where the client has it. Raises Stale (:func:`require_match`).

    ``packs``: for what is only read. Packed bytes have a tag of their own, which no write should have to know of.

    ``modified`` is told but not judged by: an institution's new name changes an answer and not its time.
    """
    packed = packs and len(content) >= packing.WORTH and packing.asked(request)
    if packed:
        etag = f'{etag[:-1]}-gzip"'
    require_match(request.headers, etag)
    fields = {"ETag": etag, "Cache-Control": PRIVATE if private else PUBLIC, "Vary": vary, **(headers or {})}
    if packs:
        fields["Vary"] = f"{vary}, Accept-Encoding".removeprefix(", ")
    if packed:
        fields["Content-Encoding"] = "gzip"
    if modified is not None:
        fields["Last-Modified"] = http_date(modified)
    if is_known(request.headers, etag):
        return Response(status_code=304, headers=fields)
    return Response(packing.packed(content) if packed else content, media_type=media_type, headers=fields)
