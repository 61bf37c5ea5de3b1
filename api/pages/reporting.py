"""``/resources/{id}/report`` and ``/reports/{reference}``: something is wrong; what became of that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import deps, errors, i18n, lookup, render, reporting
from api.pages import signing_in
from api.pages.steps import Step
from metadata.record import Text, pick
from oer import reports, stored, workflow
from oer.db import reading, transaction
from oer.errors import Conflict, Invalid, TooMany
from oer.installation import Installation
from oer.policy import ANONYMOUS

# Whoever fills in a form chooses from words, and reads of no codes.
_WORDS = {"reason": "report.choose-reason"}


@dataclass(frozen=True, slots=True)
class ReportPage:
    """The form as it was sent, and what is wrong with it by field; ``""`` is none of them."""

    title: Text
    trail: Sequence[Step]
    path: str
    reasons: Sequence[str]
    longest: int
    given: Mapping[str, str]
    wrong: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReportedPage:
    reference: str
    state: str
    outcome: str | None
    answer: str
    filed: date
    path: str
    new: bool


def form(request: Request) -> Response:
    """Raises NotFound, Gone."""
    return _form(request, {}, {})


def _form(request: Request, given: Mapping[str, str], wrong: Mapping[str, str], *, status: int = 200) -> Response:
    here: Installation = request.app.state.installation
    public_id = request.path_params["public_id"]
    with reading(here.engine) as session:
        found = lookup.version(session, ANONYMOUS, public_id)
    title = pick(stored.record_of(found.resource, found.version).title, render.spoken(request)) or Text(value=public_id)
    path = f"/resources/{public_id}"
    page = ReportPage(
        title, [Step(path, title)], f"{path}/report", workflow.REPORT_REASONS, reports.WORDS, given, wrong
    )
    return signing_in.private(request, "report.html", page, status=status)


async def file(request: Request) -> Response:
    return await run_in_threadpool(_file, request, await signing_in.fields(request))


def _file(request: Request, given: Mapping[str, str]) -> Response:
    """Raises NotFound, Gone; Forbidden for what another site has sent."""
    here: Installation = request.app.state.installation
    deps.refuse_foreign(request, here)
    spoken = render.spoken(request)
    try:
        reporting.count(request, here)
        with transaction(here.engine) as session:
            report = reporting.filed(
                session,
                here,
                request.path_params["public_id"],
                reason=given.get("reason", ""),
                words=given.get("words", ""),
                email=given.get("email", "") or None,
                lang=spoken,
                website=given.get("website", ""),
            )
            reference = report.reference
    except (Invalid, Conflict, TooMany) as error:
        fault = errors.of_repository(error)
        problems = error.problems if isinstance(error, Invalid) else ()
        wrong = {one.field: i18n.message(_WORDS.get(one.field, one.code), spoken, **one.params) for one in problems}
        wrong = wrong or {"": i18n.message(fault.code, spoken, **fault.params)}
        return _form(request, given, wrong, status=fault.status)
    return signing_in.onward_to(request, f"/reports/{reference}?new=1", {})


def show(request: Request) -> Response:
    """Raises NotFound."""
    here: Installation = request.app.state.installation
    with reading(here.engine) as session:
        found = reports.find(session, request.path_params["reference"])
        report = found.report
        page = ReportedPage(
            reference=report.reference,
            state=report.state,
            outcome=report.outcome,
            answer=report.answer,
            filed=report.created.date(),
            path=f"/resources/{found.resource.public_id}",
            new=request.query_params.get("new") == "1",
        )
    return signing_in.private(request, "reported.html", page)
