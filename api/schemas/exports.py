"""Lines of the dump, and of tables that can be edited and read back."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas import examples
from api.schemas.base import Body
from api.schemas.problems import Reason
from api.schemas.resources import ResourceOut

EXPORTED: dict[str, Any] = {
    "id": examples.ID,
    "digest": examples.DIGEST,
    "institution": "college",
    "state": "published",
    "version": 1,
    "published": "2026-03-01T08:00:00Z",
    "record": {"title": [{"value": "الضوء والماء", "lang": "ar"}]},
    "files": [],
}
HEADER: dict[str, Any] = {"moment": "2026-03-01T08:00:00Z", "since": 0, "count": 2, "last_change": 12}
TOMBSTONE: dict[str, Any] = {
    "change": 12,
    "id": examples.ID,
    "oai_identifier": f"oai:oer.example.org:{examples.ID}",
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

    model_config = examples.shown({"change": 11} | examples.RESOURCE)

    change: int = Field(description="Where to go on after a broken line: as `since`")


class DumpTombstone(Body):
    """A resource that is no longer shown."""

    change: int
    id: str
    oai_identifier: str
    state: Literal["hidden", "withdrawn"]
    reason: Reason
    since: datetime
