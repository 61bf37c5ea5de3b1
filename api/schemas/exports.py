"""Lines of the dump, and of tables that can be edited and read back."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas.base import Body
from api.schemas.problems import Reason
from api.schemas.resources import ResourceOut

ID = "7k3v9qm2xd"
DIGEST = "5d0c7a0d7cf2c7f5a63d3f7b5f4b8e9c1f1e0f6d2a4b8c7d9e0f1a2b3c4d5e6f"
EXPORTED: dict[str, Any] = {
    "id": ID,
    "digest": DIGEST,
    "institution": "college",
    "state": "published",
    "version": 1,
    "published": "2026-03-01T08:00:00+00:00",
    "record": {"title": [{"value": "الضوء والماء", "lang": "ar"}]},
    "files": [],
}
HEADER: dict[str, Any] = {"moment": "2026-03-01T08:00:00Z", "since": 0, "count": 2, "last_change": 12}
TOMBSTONE: dict[str, Any] = {
    "change": 12,
    "id": ID,
    "oai_identifier": f"oai:oer.example.org:{ID}",
    "state": "withdrawn",
    "reason": "rights",
    "since": "2026-03-01T07:00:00Z",
}


class DumpHeader(Body):
    """The first line. ``last_change`` is the ``since`` of the next dump."""

    moment: datetime
    since: int
    count: int = Field(
        description="Lines that follow, but for what changes meanwhile, which comes again at the end, "
        "and for records that are damaged here, which do not come"
    )
    last_change: int


class DumpItem(ResourceOut):
    """A published resource, as in ``GET /api/resources``."""

    change: int = Field(description="Where to go on after a broken line: as `since`")


class DumpTombstone(Body):
    """A resource that is no longer shown."""

    change: int
    id: str
    oai_identifier: str
    state: Literal["hidden", "withdrawn"]
    reason: Reason
    since: datetime
