"""``/api/reports``: what visitors say is wrong with a resource, and what reviewers answer."""

from typing import Annotated, Any, Literal

from fastapi import Body, Path, Query, Request
from pydantic import Field
from sqlmodel import Session
from starlette.responses import Response

from api import conditional, deps, lookup, paging, render, reporting, writing
from api.deps import Caller, Credentials, Here
from api.routing import MERGE_PATCH, Router, refusals
from api.schemas import reports as bodies
from api.writing import Answer
from metadata.findings import Problem
from oer import fields, institutions, policy, queries, reports
from oer.db import reading
from oer.exposure import renderings
from oer.installation import Installation
from oer.models import Institution, Report, Resource
from oer.policy import Actor
from oer.reports import Found

router = Router(
    tags=["reports"],
    responses=refusals(
        {
            401: "Nobody is signed in, or the token is not valid",
            403: "Not allowed",
            404: "No such thing, or none that the caller may know of",
            413: "Too long a body",
            415: "The body is no JSON",
            422: "Something in the request is wrong: `errors` names each field",
            503: "Try again later",
            507: "No room is left",
        }
    ),
)

PublicId = Annotated[str, Path(description="Public id of the resource", examples=["7k3v9qm2xd"])]
Reference = Annotated[
    str, Path(description="What the reporter was given, however it is written", examples=[bodies.REFERENCE])
]


class Listing(paging.Asked):
    state: Literal["open", "examining", "answered"] | None = Field(
        None, description="Only those in this state; otherwise all that wait for an answer"
    )
    institution: str | None = Field(None, max_length=100, description="Only this institution and those below it")


@router.write(
    "POST",
    "/api/resources/{public_id}/reports",
    policy="public",
    status_code=201,
    response_model=bodies.ReportOut,
    responses=refusals(
        {
            403: "Sent by a page of another site",
            410: lookup.GONE,
            429: "Too many reports from one network; `Retry-After` says when to come back",
        }
    ),
    summary="Report a problem with a resource",
    description=(
        "For anybody, without an account: whoever is calling is not looked at, and nothing is kept of where from. The "
        "`reference` of the answer is how to see later what became of it."
    ),
)
def report(request: Request, here: Here, public_id: PublicId, given: bodies.ReportIn) -> Response:
    deps.refuse_foreign(request, here)
    writing.require_key(request)
    reporting.count(request, here)

    def deed(session: Session, actor: Actor) -> Answer:  # noqa: ARG001 - it is nobody's business who
        made = reporting.filed(
            session,
            here,
            public_id,
            lang=given.language or render.language(request),
            **given.model_dump(include={"reason", "words", "email", "website"}),
        )
        shown = _body(here, made)
        return writing.created(shown, location=shown.url, etag=writing.tag(shown, made.lock))

    return writing.write(request, here, Credentials(), deed, public=True)


@router.read(
    "/api/reports",
    policy="reviewer",
    response_model=bodies.ReportList,
    summary="Reports on the resources that you review",
)
def listed(request: Request, here: Here, caller: Caller, asked: Annotated[Listing, Query()]) -> Response:
    paging.require_each_once(request)
    size, key = asked.page_size(here), paging.position(here, request, asked)
    with reading(here.engine) as session:
        actor = deps.signed_in(session, here, caller)
        policy.require_scope(actor, "review")
        rows = queries.reports.listed(
            session,
            seen_by=policy.reach(actor),
            state=asked.state,
            within=institutions.find(session, asked.institution).path if asked.institution is not None else None,
            after=key[0] if key else None,
            limit=size + 1,
        )
    page, more = rows[:size], len(rows) > size
    following = paging.following(here, request, asked, (page[-1][0].id or 0,)) if more else None
    items = [_body(here, row[0], details=_details(here, *row)) for row in page]
    return paging.answer(request, bodies.ReportList(items=items, next=following), following, private=True)


@router.read(
    "/api/reports/{reference}",
    policy="public",
    response_model=bodies.ReportOut,
    summary="What became of a report",
    description="For whoever has the reference: its state and the answer. Reviewers see all of it.",
)
def current(request: Request, here: Here, caller: Caller, reference: Reference) -> Response:
    with reading(here.engine) as session:
        actor = deps.visitor(session, here, caller)
        found = reports.find(session, reference)
    body = _seen(here, actor, found)
    etag = writing.tag(body, found.report.lock)
    return conditional.answer(request, body.content(), media_type="application/json", etag=etag, private=True)


@router.write(
    "PATCH",
    "/api/reports/{reference}",
    policy="reviewer",
    matched=True,
    response_model=bodies.ReportOut,
    responses=refusals({412: "The report has changed since it was read", 428: "`If-Match` is missing"}),
    summary="Examine a report, or answer it",
)
def step(
    request: Request,
    here: Here,
    caller: Caller,
    reference: Reference,
    given: Annotated[bodies.ReportPatch, Body(media_type=MERGE_PATCH)],
) -> Response:
    """`examining` takes the resource out of sight; `answered` brings back what is kept or mended, unless somebody has
    hidden it for another reason, and withdraws what shall be `withdrawn`.
    """
    _require_whole(given)

    def deed(session: Session, actor: Actor) -> Answer:
        reports.find(session, reference)
        told: dict[str, Any] = {
            "repository_id": here.repository_id,
            "note": given.note,
            "expected": writing.expected(request, "report.stale"),
            "now": here.now(),
        }
        if given.outcome is None:
            found = reports.examine(session, actor, reference, **told)
        else:
            found = reports.answer(session, actor, reference, outcome=given.outcome, words=given.answer, **told)
        body = _seen(here, actor, found)
        return writing.shown(body, etag=writing.tag(body, found.report.lock))

    return writing.write(request, here, caller, deed)


def _require_whole(given: bodies.ReportPatch) -> None:
    """An answer says what it came to; before it there is nothing to say so of. Raises Invalid."""
    if given.state == "answered" and given.outcome is None:
        raise fields.refused([Problem("field.missing", "outcome")])
    early = [name for name in ("outcome", "answer") if getattr(given, name)] if given.state == "examining" else []
    if early:
        raise fields.refused([Problem("field.unknown", name, {"name": name}) for name in early])


def _seen(here: Installation, actor: Actor, found: Found) -> bodies.ReportOut:
    allowed = policy.may_see_report(actor, found.institution)
    details = _details(here, found.report, found.resource, found.institution) if allowed else None
    return _body(here, found.report, details=details)


def _body(here: Installation, report: Report, *, details: dict[str, Any] | None = None) -> bodies.ReportOut:
    told = report.model_dump(include={"reference", "state", "outcome", "answer", "created", "answered"})
    url = f"{here.settings.base_url}/api/reports/{report.reference}"
    return bodies.ReportOut.model_validate(told | {"url": url, "details": details})


def _details(here: Installation, report: Report, resource: Resource, institution: Institution) -> dict[str, Any]:
    url = renderings.landing_url(here.settings.base_url, resource.public_id)
    return {
        **report.model_dump(include={"reason", "words", "email", "language", "changed"}),
        "resource": {"id": resource.public_id, "url": url, "state": resource.state},
        "institution": {"slug": institution.slug, "names": dict(sorted(institution.names.items()))},
        "hidden": reports.hides(report, resource),
    }
