"""Problem documents (RFC 9457), and what their codes mean."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.schemas import examples
from api.schemas.base import Body
from oer.workflow import REASONS

Reason = Annotated[str, Field(json_schema_extra={"enum": list(REASONS)})]


class FaultOut(Body):
    """One thing that is wrong, with the field it is about."""

    field: str
    code: str
    severity: Literal["error", "warning"]
    message: str


class TombstoneOut(Body):
    """What stays visible of a resource that is no longer shown."""

    id: str
    oai_identifier: str
    state: Literal["hidden", "withdrawn"]
    reason: Reason
    note: str | None = Field(description="Words for the public, by whoever withdrew or hid it")
    since: datetime


class ProblemOut(Body):
    """Every error (RFC 9457), in the language of Accept-Language. Programs look at ``code``."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FaultOut]
    tombstone: TombstoneOut | None = Field(None, description="Only with 410")


class ProblemMeaning(Body):
    """What a code of a problem document means."""

    model_config = examples.shown(
        {
            "code": "draft.exists",
            "status": 409,
            "title": "Conflict",
            "detail": "The resource has a draft already.",
        }
    )

    code: str
    status: int
    title: str
    detail: str
