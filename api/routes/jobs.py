"""``/api/jobs``: what runs for whom, how far it has come, and what became of it."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import Path, Query, Request
from pydantic import Field
from sqlmodel import Session
from starlette.responses import Response

from api import conditional, i18n, lines, paging, render, writing
from api.deps import Caller, Credentials, Here, signed_in
from api.routing import Router, refusals
from api.schemas import jobs as bodies
from oer import institutions, jobs, policy, queries
from oer.db import reading
from oer.errors import NotFound
from oer.installation import Installation
from oer.models import Institution, Job, Person
from oer.policy import Actor
from oer.transfer import orders, reports

router = Router(
    prefix="/api/jobs",
    tags=["jobs"],
    responses=refusals(
        {
            401: "Nobody is signed in, or the token is not valid",
            403: "Not allowed",
            404: "No such job, or none that the caller may know of",
            422: "A parameter is wrong",
            503: "Try again later",
        }
    ),
)

_ROW = json.dumps(bodies.ROW, ensure_ascii=False) + "\n"
_NUMBER = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_LARGEST = 2**31 - 1  # of a key in the database

# Taken as text: what is no number of a job is not there (404).
JobId = Annotated[
    str, Path(description="Number of the job", json_schema_extra={"type": "integer", "minimum": 1}, examples=[42])
]
Found = tuple[Job, Institution | None, Person | None]


class Listing(paging.Asked):
    state: bodies.State | None = Field(None, description="Only jobs in this state")
    kind: str | None = Field(None, max_length=100, pattern=r"^[a-z.-]+$", description="`import`, say")
    institution: str | None = Field(None, max_length=100, description="Only this institution and those below it")


@router.read("", policy="signed-in", response_model=bodies.JobList, summary="Jobs, the newest first")
def listed(request: Request, here: Here, caller: Caller, asked: Annotated[Listing, Query()]) -> Response:
    """Your own; managers also those of their institutions, administrators all."""
    paging.require_each_once(request)
    size, key = asked.page_size(here), paging.position(here, request, asked)
    with reading(here.engine) as session:
        actor = _reader(session, here, caller)
        within = institutions.find(session, asked.institution).path if asked.institution is not None else None
        rows = queries.jobs.listed(
            session,
            seen_by=policy.reach(actor),
            state=asked.state,
            kind=asked.kind,
            within=within,
            before=key[0] if key else None,
            limit=size + 1,
        )
    page, more = rows[:size], len(rows) > size
    following = paging.following(here, request, asked, (page[-1][0].id or 0,)) if more else None
    items = [body(request, here, actor, row) for row in page]
    return paging.answer(request, bodies.JobList(items=items, next=following), following, private=True)


@router.read("/{job_id}", policy="signed-in", response_model=bodies.JobOut, summary="A job")
def one(request: Request, here: Here, caller: Caller, job_id: JobId) -> Response:
    with reading(here.engine) as session:
        actor = _reader(session, here, caller)
        shown = body(request, here, actor, _seen(session, actor, job_id))
    content = shown.content()
    return conditional.answer(
        request,
        content,
        media_type="application/json",
        etag=conditional.tag(content),
        private=True,
        vary="Authorization, Accept-Language",
        headers={"Content-Language": render.language(request)},
    )


@router.read(
    "/{job_id}/report",
    policy="signed-in",
    response_class=Response,
    responses={
        200: {
            "description": "A JSON object a line, one for each row whose fate is known",
            "content": {
                lines.JSONL: {
                    "schema": {"type": "string"},
                    "example": _ROW,
                }
            },
        }
    },
    summary="What became of each row of an import",
)
def report(request: Request, here: Here, caller: Caller, job_id: JobId) -> Response:
    """`row` is the line where the row begins. `changes` are those of an update, made or, in a dry run, to be made."""
    with reading(here.engine) as session:
        job, _, _ = _seen(session, _reader(session, here, caller), job_id)
    if job.kind != orders.KIND:
        raise NotFound("job.report-unknown", id=job.id)
    spoken = render.language(request)
    rows = reports.kept(here.store, job.report) if job.report else reports.so_far(here.engine, job.id or 0)
    return lines.answer(
        request,
        _told(rows, spoken),
        media_type=lines.JSONL,
        name=f"report-{job.id}.jsonl",
        vary="Authorization, Accept-Language",
        headers={"Content-Language": spoken},
    )


def _told(rows: Iterator[dict[str, Any]], spoken: str) -> Iterator[bytes]:
    for row in rows:
        yield reports.dumped(row | {"problems": [_problem(problem, spoken) for problem in row["problems"]]})


def _problem(problem: Mapping[str, Any], spoken: str) -> dict[str, Any]:
    told = {name: problem[name] for name in ("field", "code", "severity")}
    return told | {"message": i18n.message(problem["code"], spoken, **problem["params"])}


@router.write(
    "POST",
    "/{job_id}/cancel",
    policy="signed-in",
    response_model=bodies.JobOut,
    responses=refusals(
        {400: "The `Idempotency-Key` is not 1 to 200 visible ASCII characters", 409: "The job has ended"}
    ),
    summary="End a job that waits or runs",
)
def cancel(request: Request, here: Here, caller: Caller, job_id: JobId) -> Response:
    """Your own; managers those of their institutions, administrators all. What it has done stays done. A job changes by
    itself all the time, so no `If-Match` is asked for.
    """

    def deed(session: Session, actor: Actor) -> writing.Answer:
        number = jobs.cancel(session, actor, _number(job_id), now=here.now()).id or 0
        session.flush()
        return writing.shown(body(request, here, actor, _one(session, number)))

    return writing.write(request, here, caller, deed)


@router.write(
    "POST",
    "/{job_id}/retry",
    policy="administrator",
    response_model=bodies.JobOut,
    responses=refusals(
        {400: "The `Idempotency-Key` is not 1 to 200 visible ASCII characters", 409: "The job has not failed"}
    ),
    summary="Try a failed job again",
)
def retry(request: Request, here: Here, caller: Caller, job_id: JobId) -> Response:
    """It goes on where it left off: what is done is not done twice."""

    def deed(session: Session, actor: Actor) -> writing.Answer:
        number = jobs.retry(session, actor, _number(job_id), now=here.now()).id or 0
        session.flush()
        return writing.shown(body(request, here, actor, _one(session, number)))

    return writing.write(request, here, caller, deed)


def _reader(session: Session, here: Installation, caller: Credentials) -> Actor:
    actor = signed_in(session, here, caller)
    policy.require_scope(actor, "read")
    return actor


def _number(job_id: str) -> int:
    number = int(job_id) if _NUMBER.fullmatch(job_id) else 0
    if not 0 < number <= _LARGEST:
        raise NotFound("job.unknown", id=job_id)
    return number


def _one(session: Session, number: int) -> Found:
    found = queries.jobs.one(session, job_id=number)
    if found is None:
        raise NotFound("job.unknown", id=number)
    return found


def _seen(session: Session, actor: Actor, job_id: str) -> Found:
    found = _one(session, _number(job_id))
    policy.require_job_sight(actor, found[0], found[1])
    return found


def url(here: Installation, number: int) -> str:
    return f"{here.settings.base_url}/api/jobs/{number}"


def body(request: Request, here: Installation, actor: Actor, found: Found) -> bodies.JobOut:
    """The job as the API shows it, in the language of the request."""
    job, institution, person = found
    number = job.id or 0
    imports = job.kind == orders.KIND
    options = orders.order_of(job) if imports else None
    return bodies.JobOut.model_validate(
        {
            **job.model_dump(include={"id", "kind", "state", "done", "total", "attempts", "created", "finished"}),
            "url": url(here, number),
            "institution": institution.slug if institution else None,
            "person": {"id": person.id, "name": person.name} if person else None,
            "options": {name: getattr(options, name) for name in bodies.ImportOptions.model_fields}
            if options
            else None,
            "result": _result(job, render.language(request)) if imports else None,
            "report": f"{url(here, number)}/report" if imports else None,
            "fault": _fault(job, render.language(request)),
            "detail": job.error if actor.administrator else None,
        }
    )


def _result(job: Job, spoken: str) -> dict[str, Any] | None:
    if job.result is None:
        return None
    return job.result | {"problems": [_problem(problem, spoken) for problem in job.result.get("problems", ())]}


def _fault(job: Job, spoken: str) -> dict[str, str] | None:
    """A code and its sentence. What is a defect of ours is told to nobody but administrators."""
    if job.error is None:
        return None
    code, params = (job.fault["code"], job.fault["params"]) if job.fault else ("job.broke", {"id": job.id})
    return {"code": code, "message": i18n.message(code, spoken, **params)}
