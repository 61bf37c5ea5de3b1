"""``/oai/check``: administrators have an OAI-PMH endpoint examined, a partner's or this one, and read what breaks.

The examination is a job (``harvest.checks``). Its page reads itself anew while that runs; without a script by a link.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api import errors, i18n, lookup, render
from api.errors import Fault
from api.pages import signing_in
from harvest import checks
from harvest.check import Report
from harvest.check.report import Walk
from harvest.checks import Order
from harvest.provider import Repository
from oer import policy, queries
from oer.db import reading, transaction
from oer.errors import Conflict, Invalid, NotFound, Unauthenticated
from oer.installation import Installation
from oer.models import Job, Person
from oer.policy import Actor

_NEWEST = 20
_ARGUMENTS = (("metadataPrefix", "prefix"), ("set", "within"), ("from", "since"), ("until", "until"))


@dataclass(frozen=True, slots=True)
class Line:
    """A check in the list. ``broken`` is None while nothing has been found out."""

    number: int
    url: str
    state: str
    asked: datetime
    broken: int | None
    warnings: int


@dataclass(frozen=True, slots=True)
class ChecksPage:
    """The form as it was sent, what is wrong with it by field (``""`` is none of them), and earlier checks."""

    order: Order
    wrong: Mapping[str, str]
    lines: Sequence[Line]
    person: str


@dataclass(frozen=True, slots=True)
class CheckPage:
    """``refusal``: why nothing was found out."""

    number: int
    order: Order
    state: str
    requests: int
    asked: datetime
    finished: datetime | None
    person: str
    report: Report | None
    refusal: str

    @property
    def is_open(self) -> bool:
        return self.state in queries.jobs.UNFINISHED

    def asked_for(self, walk: Walk) -> str:
        """The arguments of a list, as its request bore them."""
        given = ((name, getattr(walk, field)) for name, field in _ARGUMENTS)
        return "&".join([f"verb={walk.verb}", *(f"{name}={value}" for name, value in given if value)])


@signing_in.inside
def listed(request: Request, session: Session, actor: Actor) -> Response:
    policy.require_administrator(actor)
    repository: Repository = request.app.state.repository
    return _listed(request, session, actor, Order(repository.endpoint), {})


def _listed(
    request: Request, session: Session, actor: Actor, order: Order, wrong: Mapping[str, str], status: int = 200
) -> Response:
    rows = queries.jobs.listed(session, seen_by=policy.reach(actor), kind=checks.KIND, limit=_NEWEST)
    page = ChecksPage(order, wrong, [_line(job) for job, _, _ in rows], _name(session, actor))
    return signing_in.private(request, "checks.html", page, status=status)


def _line(job: Job) -> Line:
    report = checks.report_of(job)
    broken = None if report is None or report.reason else len(report.breaks)
    return Line(
        job.id or 0, checks.order_of(job).url, job.state, job.created, broken, len(report.warns) if report else 0
    )


async def order(request: Request) -> Response:
    return await run_in_threadpool(_order, request, await signing_in.fields(request))


def _order(request: Request, given: Mapping[str, str]) -> Response:
    wanted = Order(
        url=given.get("url", "").strip(),
        quick=given.get("extent") != "whole",
        prefix=given.get("prefix", "").strip(),
        within=given.get("set", "").strip(),
    )

    here: Installation = request.app.state.installation
    try:
        with transaction(here.engine) as session:
            number = checks.place(session, signing_in.actor(request, session), wanted, now=here.now())
    except Unauthenticated:
        return signing_in.ask(request)
    except (Invalid, Conflict) as error:
        return _refused(request, wanted, errors.of_repository(error))
    return signing_in.onward_to(request, f"/oai/check/{number}", {})


def _refused(request: Request, wanted: Order, fault: Fault) -> Response:
    """The form once more, with what is wrong beside its field."""
    here: Installation = request.app.state.installation
    words = i18n.message(fault.code, render.spoken(request), **fault.params)
    with reading(here.engine) as session:
        actor = signing_in.actor(request, session)
        return _listed(request, session, actor, wanted, {str(fault.params.get("field", "")): words}, fault.status)


@signing_in.inside
def one(request: Request, session: Session, actor: Actor) -> Response:
    policy.require_administrator(actor)
    job = _job(session, lookup.row(request.path_params["number"]))
    page = CheckPage(
        number=job.id or 0,
        order=checks.order_of(job),
        state=job.state,
        requests=job.done,
        asked=job.created,
        finished=job.finished,
        person=_name(session, actor),
        report=checks.report_of(job),
        refusal=_refusal(job, render.spoken(request)),
    )
    return signing_in.private(request, "check.html", page)


def _job(session: Session, number: int) -> Job:
    job = session.get(Job, number)
    if job is None or job.kind != checks.KIND:
        raise NotFound("job.unknown", id=number)
    return job


def _refusal(job: Job, spoken: str) -> str:
    """Why nothing was found out: nobody answered, or the job itself failed."""
    report = checks.report_of(job)
    if report is not None and report.reason is not None:
        return i18n.message(report.reason.seen, spoken, **report.reason.params)
    if job.state != "failed":
        return ""
    code, params = (job.fault["code"], job.fault["params"]) if job.fault else ("job.broke", {"id": job.id})
    return i18n.message(code, spoken, **params)


def _name(session: Session, actor: Actor) -> str:
    person = session.get(Person, actor.person_id)
    return person.name if person else ""
