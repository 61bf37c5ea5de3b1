"""Files of a draft by ``PUT``."""

from typing import Any
from urllib.parse import quote

from calling import Someone

Response = Any


def url(public_id: str, name: str = "درس.txt") -> str:
    return f"/api/resources/{public_id}/draft/files/{quote(name, safe='')}"


def put(
    who: Someone, public_id: str, content: bytes, name: str = "درس.txt", *, query: str = "", **headers: str
) -> Response:
    """Without a precondition unless ``if_match`` is named."""
    return who.ask("PUT", url(public_id, name) + query, raw=content, match=headers.pop("if_match", None), **headers)


def lock(who: Someone, public_id: str) -> str:
    return str(who.get(f"/api/resources/{public_id}/draft").headers["etag"])
