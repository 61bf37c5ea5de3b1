"""Lists in pages: cursors that carry the key of the last thing shown (keyset), signed, and the ``Link`` to the next."""

import base64
import binascii
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from api import conditional
from api.schemas import Body
from oer.errors import Invalid
from oer.installation import Installation

LONGEST = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Key = Sequence[int | str]


class Asked(BaseModel):
    """What every list can be asked for; a list adds its filters, and anything else is refused."""

    model_config = ConfigDict(extra="forbid")

    limit: int | None = Field(None, ge=1, le=LONGEST, description="Things on one page")
    cursor: str | None = Field(None, max_length=500, description="From the `next` of the page before")

    def page_size(self, here: Installation) -> int:
        return self.limit or min(here.settings.page_size, LONGEST)

    @property
    def filters(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_none=True, exclude={"limit", "cursor"})


def position(here: Installation, request: Request, asked: Asked) -> list[Any] | None:
    """The key to go on behind, None at the start. Raises Invalid for a cursor that is not ours or of another list."""
    if asked.cursor is None:
        return None
    try:
        raw = base64.b64decode(asked.cursor + "=" * (-len(asked.cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("cursor.invalid", field="cursor") from None
    text, _, signature = raw.rpartition(b".")
    if not hmac.compare_digest(signature, _signature(here, text, request.scope["path"], asked.filters)):
        raise Invalid("cursor.invalid", field="cursor")
    found: list[Any] = json.loads(text)
    return found


def following(here: Installation, request: Request, asked: Asked, key: Key) -> str:
    """The address of the next page, whose first thing comes behind ``key``."""
    path: str = request.scope["path"]
    text = json.dumps(list(key), separators=(",", ":")).encode()
    signed = text + b"." + _signature(here, text, path, asked.filters)
    cursor = base64.urlsafe_b64encode(signed).decode().rstrip("=")
    limit = {"limit": asked.limit} if asked.limit is not None else {}
    return f"{here.settings.base_url}{path}?{urlencode({**limit, **asked.filters, 'cursor': cursor}, doseq=True)}"


def _signature(here: Installation, text: bytes, path: str, filters: Mapping[str, Any]) -> bytes:
    meant = json.dumps([path, sorted(filters.items())], ensure_ascii=True, default=str)
    return hmac.new(here.secret, meant.encode() + b"\0" + text, hashlib.sha256).hexdigest()[:24].encode()


def microseconds(moment: datetime) -> int:
    """A moment as part of a key."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(number: int) -> datetime:
    return _EPOCH + timedelta(microseconds=number)


@dataclass(frozen=True, slots=True)
class Joined:
    """A list whose items are JSON already."""

    rest: Body
    items: Sequence[bytes]

    def content(self) -> bytes:
        rest = self.rest.content().removeprefix(_NO_ITEMS)
        return b"".join([_NO_ITEMS[:-1], b",".join(self.items), _NO_ITEMS[-1:], rest])


_NO_ITEMS = b'{"items":[]'


def answer(
    request: Request,
    body: Body | Joined,
    following: str | None,
    *,
    private: bool = False,
    spoken: str | None = None,
    feed: str | None = None,
) -> Response:
    """The page with its ETag and ``Link`` (RFC 8288). ``spoken``: the language that words of it are in; ``feed``: where
    the same list is for feed readers.
    """
    content = body.content()
    links = [f'<{following}>; rel="next"'] if following else []
    links += [f'<{feed}>; rel="alternate"; type="application/atom+xml"'] if feed else []
    headers = {"Link": ", ".join(links)} if links else {}
    vary = "Authorization"
    if spoken is not None:
        headers["Content-Language"] = spoken
        vary = "Accept-Language, Authorization"
    return conditional.answer(
        request,
        content,
        media_type="application/json",
        etag=conditional.tag(content),
        private=private,
        packs=True,
        vary=vary,
        headers=headers,
    )


def require_each_once(request: Request, *, but: frozenset[str] = frozenset()) -> None:
    """Of a parameter given twice the framework would take the last, and the client may mean the first.

    ``but``: those that may be given again.
    """
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if times > 1 and name not in but:
            raise RequestValidationError([{"type": "repeated", "loc": ("query", name)}])
