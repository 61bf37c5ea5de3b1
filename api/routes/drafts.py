"""``/api/resources/{id}/draft``: what is to become the next version, and ``/api/drafts``, the list of them."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Body, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session
from starlette.responses import Response

from api import conditional, deps, i18n, lookup, paging, render, schemas, showing, writing
from api.deps import Caller, Here
from api.routing import MERGE_PATCH, Router, refusals
from api.schemas import drafts as bodies
from api.schemas import uploads
from api.writing import Answer
from metadata import reading as values
from metadata import validate, versions
from metadata.findings import Problem
from metadata.record import Record
from oer import deposits, institutions, policy, publishing, queries, stored, texts, verdicts
from oer.db import reading
from oer.deposits import Open
from oer.errors import Invalid, NotFound, Stale, TooLarge, Unavailable
from oer.installation import Installation
from oer.models import DraftFile, Institution, Person
from oer.policy import Actor

router = Router(
    tags=["drafts"],
    responses=refusals(
        {
            400: "The request cannot be read",
            401: "Nobody is signed in, or the token is not valid",
            403: "Not allowed",
            404: "No such thing, or none that you may see",
            413: "More than the limits allow",
            415: "Data of another type",
            422: "Something in the request is wrong: `errors` names each field",
            503: "Try again later",
            507: "No room is left",
        }
    ),
)

MATCHED = refusals(
    {
        409: "Not possible in the present state",
        412: "It has changed since it was read",
        428: "`If-Match` is missing",
    }
)

PublicId = Annotated[str, Path(description="Public id of the resource", examples=["7k3v9qm2xd"])]


class Beginning(BaseModel):
    model_config = ConfigDict(extra="forbid")

    publish: bool = Field(False, description="Publish at once: with the files of a form, or a description alone")


class Listing(paging.Asked):
    institution: str | None = Field(None, max_length=100, description="Only this institution and those below it")
    state: bodies.State | None = Field(None, description="Only drafts in this state")
    mine: bool | None = Field(None, description="Only what the caller has begun")
    order: Literal["newest", "oldest"] | None = Field(
        None, description="By the last change, the newest first; `oldest` for a queue"
    )


@router.write(
    "POST",
    "/api/resources",
    policy="member",
    status_code=201,
    response_model=bodies.DraftOut | schemas.ResourceOut,
    summary="Begin a resource: its first draft, or with `publish` the resource itself",
    description=(
        "The record as JSON, or with its files in one call as a form: its parts are `institution`, `record` (JSON), if "
        "wanted `note`, and each file as `file` with a name. Any order will do; what stands before the files is judged "
        "before they have come. Of a form all is done or nothing."
    ),
    extra=uploads.FORM,
)
def begin(
    request: Request, here: Here, caller: Caller, deposit: bodies.Deposit, asked: Annotated[Beginning, Query()]
) -> Response:
    paging.require_each_once(request)

    def deed(session: Session, actor: Actor) -> Answer:
        place = institution(session, deposit.institution)
        record = described(here, deposit.record)
        with in_record():
            found = deposits.begin(session, actor, place, record, note=deposit.note, now=here.now())
            if asked.publish:
                return published(session, here, actor, found)
        return created_draft(session, here, actor, found)

    return writing.write(request, here, caller, deed)


@router.read(
    "/api/drafts",
    policy="signed-in",
    response_model=bodies.DraftList,
    summary="Drafts that you may see: your work, and what waits for a review",
)
def listed(request: Request, here: Here, caller: Caller, asked: Annotated[Listing, Query()]) -> Response:
    paging.require_each_once(request)
    size, key = asked.page_size(here), paging.position(here, request, asked)
    with reading(here.engine) as session:
        actor = deps.signed_in(session, here, caller)
        policy.require_scope(actor, "read")
        rows = queries.drafts.page(
            session,
            reach=policy.reach(actor),
            within=institutions.find(session, asked.institution).path if asked.institution is not None else None,
            state=asked.state,
            author_id=(actor.person_id or 0) if asked.mine else None,
            after=(paging.moment(key[0]), key[1]) if key else None,
            oldest_first=asked.order == "oldest",
            limit=size + 1,
        )
        page, more = rows[:size], len(rows) > size
        counts = queries.drafts.file_counts(session, draft_ids=[row.draft.id or 0 for row in page])
    items = []
    for row in page:
        with suppress(Unavailable):  # one that is damaged, and logged, hides no other
            items.append(_line(here, actor, row, counts.get(row.draft.id or 0, 0)))
    following = None
    if more:
        last = page[-1].draft
        following = paging.following(here, request, asked, (paging.microseconds(last.changed), last.id or 0))
    return paging.answer(request, bodies.DraftList(items=items, next=following), following, private=True)


@router.read(
    "/api/resources/{public_id}/draft",
    policy="draft",
    response_model=bodies.DraftOut,
    summary="The draft of a resource",
)
def shown(request: Request, here: Here, caller: Caller, public_id: PublicId) -> Response:
    with reading(here.engine) as session:
        actor = deps.reader(session, here, caller)
        found = lookup.draft(session, actor, public_id)
        content = body(session, here, actor, found).content()
    etag = conditional.tag(content, lock=found.draft.lock)
    return conditional.answer(request, content, media_type="application/json", etag=etag, private=True)


@router.write(
    "PUT",
    "/api/resources/{public_id}/draft",
    policy="draft",
    matched=True,
    response_model=bodies.DraftOut,
    responses=MATCHED,
    summary="Replace what a draft says",
)
def rewrite(request: Request, here: Here, caller: Caller, public_id: PublicId, document: bodies.Document) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        return _saved(request, session, here, actor, public_id, lambda _: document.model_dump())

    return writing.write(request, here, caller, deed)


@router.write(
    "PATCH",
    "/api/resources/{public_id}/draft",
    policy="draft",
    matched=True,
    response_model=bodies.DraftOut,
    responses=MATCHED,
    summary="Change some of what a draft says (JSON merge patch, RFC 7396)",
)
def change(
    request: Request,
    here: Here,
    caller: Caller,
    public_id: PublicId,
    patch: Annotated[bodies.DocumentPatch, Body(media_type=MERGE_PATCH)],
) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        changes = patch.model_dump(exclude_unset=True)
        return _saved(request, session, here, actor, public_id, lambda document: values.merged(document, changes))

    return writing.write(request, here, caller, deed)


@router.write(
    "DELETE",
    "/api/resources/{public_id}/draft",
    policy="draft",
    matched=True,
    status_code=204,
    responses=MATCHED,
    summary="Drop a draft; a resource that was never published goes with it",
)
def discard(request: Request, here: Here, caller: Caller, public_id: PublicId) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        expected = writing.expected(request, "draft.stale", id=public_id)
        deposits.discard(session, actor, public_id, expected=expected, now=here.now())
        return writing.NOTHING

    return writing.write(request, here, caller, deed)


@router.write(
    "POST",
    "/api/resources/{public_id}/draft/validate",
    policy="draft",
    response_model=bodies.Verdict,
    summary="Everything that forbids to publish a draft, and warnings; nothing is changed",
)
def judge(request: Request, here: Here, caller: Caller, public_id: PublicId) -> Response:
    writing.require_key(request)
    with reading(here.engine) as session:
        actor = deps.signed_in(session, here, caller)
        policy.require_scope(actor, "read")
        found = lookup.draft(session, actor, public_id)
        problems = located(verdicts.problems(session, found.resource, found.draft))
    spoken = render.language(request)
    told = [
        schemas.FaultOut(
            field=problem.field,
            code=problem.code,
            severity=problem.severity,
            message=i18n.message(problem.code, spoken, **problem.params),
        )
        for problem in problems
    ]
    verdict = bodies.Verdict(publishable=not verdicts.errors_of(problems), problems=told)
    headers = {"Cache-Control": conditional.PRIVATE, "Content-Language": spoken, "Vary": "Accept-Language"}
    return Response(verdict.content(), headers=headers, media_type="application/json")


def institution(session: Session, slug: str) -> Institution:
    """The institution that a body names. Raises Invalid, since the address of the request is right."""
    try:
        return institutions.find(session, slug)
    except NotFound as error:
        problem = Problem(error.code, "institution", error.params)
        raise Invalid("request.invalid", problems=[problem], field="institution") from None


def described(here: Installation, data: object) -> Record:
    """The record of a body, read and not yet judged. Raises Invalid with the fields' places in the body, TooLarge."""
    record, problems = validate.parse(data)
    if record is None:
        raise Invalid("record.invalid", problems=located(problems), count=len(problems))
    limit = here.settings.max_record_size
    if len(versions.canonical(record)) > limit:
        raise TooLarge("record.too-large", limit=limit)
    return record


@contextmanager
def in_record() -> Iterator[None]:
    """Problems of a record as fields of the draft: ``record.title[0].lang``."""
    try:
        yield
    except Invalid as error:
        if not error.code.startswith("record."):
            raise
        raise Invalid(error.code, problems=located(error.problems), **error.params) from None


def located(problems: Sequence[Problem]) -> list[Problem]:
    """``files`` stand beside the record, and what has no field is about the whole draft."""
    whole = {"", "files"}
    return [
        problem if problem.field in whole else replace(problem, field=f"record.{problem.field}") for problem in problems
    ]


def _saved(
    request: Request,
    session: Session,
    here: Installation,
    actor: Actor,
    public_id: str,
    change: Callable[[dict[str, Any]], Mapping[str, Any]],
) -> Answer:
    """The draft after a change of its document.

    Whoever has lost the reply sends the same again with a tag that is stale by then: where nothing differs from
    what was asked for, that is answered as done (RFC 9110, section 13.1.1).
    """
    found = deposits.seen(session, actor, public_id)
    expected = writing.expected(request, "draft.stale", id=public_id)
    document = {"record": _document(request, found), "note": found.draft.note}
    if expected is not None and expected != found.draft.lock:
        with suppress(Invalid, TooLarge):
            record, note = _read(here, change(document))
            if (versions.canonical(record).decode(), note) == (found.draft.record, found.draft.note):
                return answered(session, here, actor, found)
        raise Stale("draft.stale", id=public_id)
    record, note = _read(here, change(document))
    with in_record():
        found = deposits.save(session, actor, public_id, record, note=note, expected=expected, now=here.now())
    return answered(session, here, actor, found)


def _document(request: Request, found: Open) -> Any:
    """The record as it stands. Raises Unavailable where it is damaged, but for a PUT, which needs none and mends it."""
    try:
        return json.loads(found.draft.record)
    except ValueError:
        if request.method == "PUT":
            return {}
        stored.record_of(found.resource, found.draft)  # says so, and logs
        raise


def _read(here: Installation, document: Mapping[str, Any]) -> tuple[Record, str]:
    if "record" not in document:
        raise Invalid("record.invalid", problems=[Problem("field.missing", "record")], count=1)
    return described(here, document["record"]), texts.words(document.get("note", ""), "note")


def url(here: Installation, public_id: str) -> str:
    return f"{here.settings.base_url}/api/resources/{public_id}/draft"


def created_draft(session: Session, here: Installation, actor: Actor, found: Open) -> Answer:
    """201 with a draft that has just been begun."""
    shown = body(session, here, actor, found)
    etag = writing.tag(shown, found.draft.lock)
    return writing.created(shown, location=url(here, found.resource.public_id), etag=etag)


def published(session: Session, here: Installation, actor: Actor, found: Open) -> Answer:
    """201 with the resource that a draft becomes at once."""
    public_id = found.resource.public_id
    publishing.publish(session, actor, public_id, repository_id=here.repository_id, now=here.now())
    shown, etag = showing.written(session, here, actor, public_id)
    return writing.created(shown, location=f"{here.settings.base_url}/api/resources/{public_id}", etag=etag)


def answered(session: Session, here: Installation, actor: Actor, found: Open) -> Answer:
    """200 with the draft as it is now, whichever of its addresses was written to."""
    shown = body(session, here, actor, found)
    answer = writing.shown(shown, etag=writing.tag(shown, found.draft.lock))
    return replace(answer, headers={**answer.headers, "Content-Location": url(here, found.resource.public_id)})


def body(session: Session, here: Installation, actor: Actor, found: Open) -> bodies.DraftOut:
    """The draft as the API shows it to this person. Raises Unavailable (``stored.record_of``)."""
    draft, resource = found.draft, found.resource
    files = queries.resources.draft_files(session, draft_id=draft.id or 0)
    author = session.get(Person, draft.author_id) if draft.author_id is not None else None
    return bodies.DraftOut.model_validate(
        {
            **_shared(here, actor, found),
            "record": stored.record_of(resource, draft),
            "files": [file_body(here, resource.public_id, file) for file in files],
            "author": author.name if author is not None else None,
            "problems": len(verdicts.errors_of(verdicts.problems(session, found.resource, found.draft))),
        }
    )


def _line(here: Installation, actor: Actor, row: queries.drafts.Row, files: int) -> bodies.DraftLine:
    found = Open(row.resource, row.institution, row.draft)
    title = stored.record_of(row.resource, row.draft).title
    shown = _shared(here, actor, found) | {"title": title, "files": files, "author": row.author}
    return bodies.DraftLine.model_validate(shown)


def _shared(here: Installation, actor: Actor, found: Open) -> dict[str, Any]:
    place = found.institution
    return {
        "id": found.resource.public_id,
        "url": url(here, found.resource.public_id),
        "institution": {"slug": place.slug, "names": dict(sorted(place.names.items()))},
        "actions": policy.draft_actions(actor, found.draft, found.resource, place),
        **found.draft.model_dump(include={"state", "note", "based_on", "created", "changed"}),
    }


def file_body(here: Installation, public_id: str, file: DraftFile) -> schemas.FileOut:
    return schemas.FileOut.model_validate(
        {
            **file.model_dump(include={"name", "media_type", "size", "role", "language"}),
            "sha256": file.key,
            "url": f"{url(here, public_id)}/files/{quote(file.name, safe='')}",
        }
    )
