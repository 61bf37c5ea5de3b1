"""Entries of the audit log."""

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from api.schemas.base import Body
from api.schemas.jobs import PersonRef

ENTRY: dict[str, Any] = {
    "id": 1201,
    "at": "2026-03-01T08:00:00Z",
    "person": {"id": 7, "name": "أمينة يوسف"},
    "by": "person:7",
    "action": "resource.publish",
    "object": {"kind": "resource", "id": "7k3v9qm2xd"},
    "institution": "college",
    "details": {"number": 2},
}


class ObjectRef(Body):
    kind: str
    id: str


class EntryOut(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [ENTRY]})

    id: int
    at: datetime
    person: PersonRef | None = Field(description="Who did it; null for the operator and the public")
    by: str = Field(description="The same in one word: `person:7`, `operator`, `anonymous`")
    action: str
    object: ObjectRef
    institution: str | None = Field(description="Slug; null where it has gone, or where there is none")
    details: dict[str, Any]


class EntryList(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [ENTRY], "next": None}]})

    items: list[EntryOut] = Field(description="The newest first")
    next: str | None = Field(description="Address of the next page, also in the Link header")
