"""Bodies of reports: what visitors say is wrong with a resource, and what becomes of it."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas import examples
from api.schemas.base import Body, Taken
from api.schemas.drafts import Words
from api.schemas.people import Language
from api.schemas.resources import InstitutionOut
from oer import reports

Reason = Literal["copyright", "privacy", "harmful", "error", "broken-file", "accessibility", "other"]
State = Literal["open", "examining", "answered"]
Outcome = Literal["kept", "mended", "withdrawn"]

REFERENCE = "7k3v-9qm2-xd4h"
_WORDS = "الصفحة 4 منقولة من كتابي دون إذن."
_REPORT: dict[str, Any] = {
    "reference": REFERENCE,
    "url": f"{examples.BASE}/api/reports/{REFERENCE}",
    "state": "open",
    "outcome": None,
    "answer": "",
    "created": examples.CREATED,
    "answered": None,
}
_DETAILS: dict[str, Any] = {
    "resource": {"id": examples.ID, "url": f"{examples.BASE}/resources/{examples.ID}", "state": "published"},
    "institution": examples.INSTITUTION,
    "reason": "copyright",
    "words": _WORDS,
    "email": examples.EMAIL,
    "language": "ar",
    "hidden": False,
    "changed": examples.CREATED,
}


class ReportIn(Taken):
    """What is wrong with a resource. Nobody needs an account to say so."""

    model_config = examples.shown({"reason": "copyright", "words": _WORDS, "email": examples.EMAIL, "language": "ar"})

    reason: Reason
    words: str = Field(description="What is wrong, and where", json_schema_extra={"maxLength": reports.WORDS})
    email: str | None = Field(
        None, max_length=254, description="For an answer by mail; erased 90 days after it. Nobody has to give one"
    )
    language: Language | None = Field(None, description="Of the reporter; that of the request unless it says so")
    website: str = Field("", max_length=2_000, description="Leave it empty: what robots fill in is dropped")


class ReportedResource(Body):
    id: str
    url: str = Field(description="The page for people")
    state: Literal["unpublished", "published", "hidden", "withdrawn"]


class ReportDetails(Body):
    """What reviewers of the resource's institution see besides."""

    resource: ReportedResource
    institution: InstitutionOut
    reason: Reason
    words: str
    email: str | None = Field(description="Null where none was given, and from 90 days after the answer on")
    language: Language
    hidden: bool = Field(description="The resource is out of sight for this report")
    changed: datetime


class ReportOut(Body):
    """How a report stands."""

    model_config = examples.shown(_REPORT | {"details": None}, _REPORT | {"details": _DETAILS})

    reference: str = Field(description="For the reporter to come back with")
    url: str
    state: State
    outcome: Outcome | None = Field(description="Once it is answered")
    answer: str = Field(description="Words for the reporter")
    created: datetime
    answered: datetime | None
    details: ReportDetails | None = Field(description="For reviewers of the resource's institution; null for others")


class ReportList(Body):
    model_config = examples.page(_REPORT | {"details": _DETAILS})

    items: list[ReportOut] = Field(description="Those that wait the oldest first; answered ones the newest first")
    next: str | None = Field(description="Address of the next page, also in the Link header")


class ReportPatch(Taken):
    """The step that shall be taken. `examining` takes the resource out of sight; the answer brings back what is kept
    or mended, and leaves a tombstone of what is withdrawn.
    """

    model_config = examples.shown(
        {"state": "answered", "outcome": "mended", "answer": "شكرًا لك، صحّحنا المصدر."}, {"state": "examining"}
    )

    state: Literal["examining", "answered"]
    outcome: Outcome | None = Field(None, description="Of an answer, which needs one")
    answer: Words = Field("", description="Words for the reporter")
    note: Words = Field("", description="Words for the tombstone of what goes out of sight")
