"""How often resources are seen and taken: totals for everybody, their course for those who look after them."""

import re
from datetime import date, timedelta
from typing import Annotated

from fastapi import Path, Query, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import Response

from api import conditional, lookup, paging
from api.deps import Caller, Here, reader
from api.routing import Router, refusals
from api.schemas import usage as bodies
from oer import institutions, policy, queries, usage
from oer.db import reading
from oer.installation import Installation
from oer.queries.usage import Count
from oer.usage import Course
from oer.workflow import Role

router = Router(
    tags=["usage"],
    responses=refusals(
        {
            401: "The token is not valid",
            403: "Not allowed",
            404: "No such thing",
            422: "A parameter is wrong",
            503: "Try again later",
        }
    ),
)

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_PERIOD = timedelta(days=29)  # before its last day, where nobody says since when
PublicId = Annotated[str, Path(description="Public id of the resource", examples=["7k3v9qm2xd"])]
Slug = Annotated[str, Path(description="Slug of the institution", examples=["carthage"])]


def _read(given: object) -> object:
    """A day as it is written: pydantic would take a number, or a midnight, for one."""
    if isinstance(given, str) and not _DAY.fullmatch(given):
        raise ValueError("not a day")
    return given


Day = Annotated[date, BeforeValidator(_read)]


class Period(BaseModel):
    """Days of which is told what they were like."""

    model_config = ConfigDict(extra="forbid")

    start: Day | None = Field(None, alias="from", description="First day (UTC); thirty days without it")
    until: Day | None = Field(None, description="Last day (UTC); today without it")

    def days(self, here: Installation) -> dict[str, date]:
        until = self.until or here.now().date()
        earlier = max(until, date.min + _PERIOD) - _PERIOD
        return {"since": self.start or earlier, "until": until}


@router.read(
    "/api/resources/{public_id}/usage",
    policy="reader",
    response_model=bodies.UsageOut,
    responses=refusals({410: lookup.GONE}),
    summary="How often a resource was seen and its files were downloaded",
)
def of_resource(
    request: Request, here: Here, caller: Caller, public_id: PublicId, asked: Annotated[Period, Query()]
) -> Response:
    """Days and months for its author and its reviewers."""
    paging.require_each_once(request)
    with reading(here.engine) as session:
        actor = reader(session, here, caller)
        found, institution = lookup.resource(session, actor, public_id)
        resource_id = found.id or 0
        total = queries.usage.total(session, resource_id=resource_id)
        course = None
        if policy.may_see_unpublished(actor, found, institution):
            course = usage.of_resource(session, resource_id=resource_id, **asked.days(here))
    return _answer(request, total, course)


@router.read(
    "/api/institutions/{slug}/usage",
    policy="reader",
    response_model=bodies.UsageOut,
    summary="How often the resources of an institution were seen and downloaded, and of those below it",
)
def of_institution(
    request: Request, here: Here, caller: Caller, slug: Slug, asked: Annotated[Period, Query()]
) -> Response:
    """Days and months for its managers."""
    paging.require_each_once(request)
    with reading(here.engine) as session:
        actor = reader(session, here, caller)
        institution = institutions.find(session, slug)
        total = queries.usage.branch_total(session, path=institution.path)
        course = None
        if policy.role_in(actor, institution) is Role.MANAGER:
            course = usage.of_branch(session, path=institution.path, **asked.days(here))
    return _answer(request, total, course)


def _answer(request: Request, total: Count, course: Course | None) -> Response:
    shown = bodies.UsageOut.model_validate(
        {
            "views": total.views,
            "downloads": total.downloads,
            "months": course
            and [
                {"month": f"{one.day:%Y-%m}", "views": one.views, "downloads": one.downloads} for one in course.months
            ],
            "days": course
            and [{"day": one.day, "views": one.views, "downloads": one.downloads} for one in course.days],
        }
    )
    content = shown.content()
    tag = conditional.tag(content)
    return conditional.answer(request, content, media_type="application/json", etag=tag, private=course is not None)
