"""``/api/audit``: what was done, to what, and by whom."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BeforeValidator, Field
from starlette.responses import Response

from api import lookup, paging
from api.deps import Caller, Here, signed_in
from api.routing import Router, refusals
from api.schemas import audit as bodies
from oer import institutions, policy, queries, texts
from oer.db import reading
from oer.installation import Installation
from oer.models import AuditEntry, Institution, Person
from oer.queries.audit import Wanted
from oer.queries.reach import Reach

router = Router(
    tags=["audit"],
    responses=refusals(
        {
            401: "Nobody is signed in, or the token is not valid",
            403: "Not allowed",
            404: "No such institution or resource, or none that the caller may know of",
            422: "A parameter is wrong",
            503: "Try again later",
        }
    ),
)

_EVERYTHING = Reach(everywhere=True, person_id=None, member=frozenset(), reviewing=frozenset(), managing=frozenset())
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT: dict[str, Any] = {"examples": ["2026-03-01", "2026-03-01T08:00:00Z"]}
PublicId = Annotated[str, Path(description="Public id of the resource", examples=["7k3v9qm2xd"])]
Bound = Literal["from", "until"]


def _read(given: object) -> object:
    """A day or a moment, by how it is written: midnight is a moment, though pydantic takes it for a day."""
    if not isinstance(given, str):
        return given
    return date.fromisoformat(given) if _DAY.fullmatch(given) else datetime.fromisoformat(given)


Moment = Annotated[date | datetime, BeforeValidator(_read)]


class Listing(paging.Asked):
    person: str | None = Field(None, max_length=254, description="Who did it: a number, an address, or `operator`")
    object: str | None = Field(
        None, max_length=200, description="To what: `resource:7k3v9qm2xd`, or the id alone", examples=["person:7"]
    )
    action: str | None = Field(None, max_length=100, description="What: `resource.publish`, say")
    institution: str | None = Field(None, max_length=100, description="Only this institution and those below it")
    start: Moment | None = Field(
        None, alias="from", description="Not before this day or moment (UTC)", json_schema_extra=_MOMENT
    )
    until: Moment | None = Field(
        None, description="Before this moment, or up to the end of this day (UTC)", json_schema_extra=_MOMENT
    )

    @property
    def filters(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_none=True, exclude={"limit", "cursor"}, by_alias=True)


@router.read("/api/audit", policy="manager", response_model=bodies.EntryList, summary="The audit log, the newest first")
def listed(request: Request, here: Here, caller: Caller, asked: Annotated[Listing, Query()]) -> Response:
    """Administrators read all of it, managers what was done in their institutions."""
    paging.require_each_once(request)
    with reading(here.engine) as session:
        actor = signed_in(session, here, caller)
        policy.require_audit(actor)
        within = institutions.find(session, asked.institution).path if asked.institution is not None else None
    return _list(request, here, asked, _wanted(asked, within), policy.reach(actor))


@router.read(
    "/api/resources/{public_id}/history",
    policy="resource",
    response_model=bodies.EntryList,
    responses=refusals({410: lookup.GONE}),
    summary="What was done to a resource, the newest first",
)
def of_resource(
    request: Request, here: Here, caller: Caller, public_id: PublicId, asked: Annotated[paging.Asked, Query()]
) -> Response:
    """For the reviewers of its institution."""
    paging.require_each_once(request)
    with reading(here.engine) as session:
        actor = signed_in(session, here, caller)
        found, institution = lookup.resource(session, actor, public_id)
        policy.require_history(actor, found, institution)
    return _list(request, here, asked, Wanted(kind="resource", object_id=public_id), _EVERYTHING)


def _list(request: Request, here: Installation, asked: paging.Asked, wanted: Wanted, seen_by: Reach) -> Response:
    size, key = asked.page_size(here), paging.position(here, request, asked)
    with reading(here.engine) as session:
        rows = queries.audit.listed(
            session, seen_by=seen_by, wanted=wanted, before=key[0] if key else None, limit=size + 1
        )
    page, more = rows[:size], len(rows) > size
    following = paging.following(here, request, asked, (page[-1][0].id or 0,)) if more else None
    body = bodies.EntryList(items=[_body(*row) for row in page], next=following)
    return paging.answer(request, body, following, private=True)


def _body(entry: AuditEntry, institution: Institution | None, person: Person | None) -> bodies.EntryOut:
    return bodies.EntryOut.model_validate(
        {
            **entry.model_dump(include={"id", "at", "by", "action", "details"}),
            "person": {"id": person.id, "name": person.name} if person else None,
            "object": {"kind": entry.object_kind, "id": entry.object_id},
            "institution": institution.slug if institution else None,
        }
    )


def _wanted(asked: Listing, within: str | None) -> Wanted:
    """Raises Invalid for text that no entry holds, RequestValidationError for numbers and moments beyond all."""
    for name in ("person", "object", "action"):
        texts.words(getattr(asked, name) or "", name)  # PostgreSQL raises for text with a NUL
    kind, colon, object_id = (asked.object or "").partition(":")
    return Wanted(
        **_person(asked.person),
        kind=kind if colon else None,
        object_id=object_id if colon else asked.object,
        action=asked.action,
        within=within,
        start=_moment(asked.start, "from"),
        end=_moment(asked.until, "until"),
    )


def _person(given: str | None) -> dict[str, Any]:
    if given is None:
        return {}
    said = given.strip().lower()
    if said.isascii() and said.isdigit():
        if int(said) >= 2**31:
            raise _invalid("person")
        return {"person_id": int(said)}
    return {"email": said} if "@" in said else {"by": said}


def _moment(given: date | datetime | None, name: Bound) -> datetime | None:
    """A day begins at its first moment, and as an end it is over with its last."""
    if given is None:
        return None
    try:
        if not isinstance(given, datetime):
            begins = datetime.combine(given, time(), UTC)
            return begins + timedelta(days=1) if name == "until" else begins
        return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    except OverflowError:
        raise _invalid(name) from None


def _invalid(name: str) -> RequestValidationError:
    return RequestValidationError([{"type": "value_error", "loc": ("query", name)}])
