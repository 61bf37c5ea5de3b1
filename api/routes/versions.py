"""The next version of a resource begun, and what differs between one version and another."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Path, Request
from sqlmodel import Session
from starlette.responses import Response

from api import conditional, lookup, paging, writing
from api.deps import Caller, Here, reader
from api.routes import drafts
from api.routes.drafts import PublicId
from api.routes.resources import Number
from api.routing import Router, refusals
from api.schemas import drafts as draft_bodies
from api.schemas import versions as bodies
from api.writing import Answer
from oer import deposits, differences
from oer.db import reading
from oer.differences import Difference
from oer.models.resources import AttachedFile
from oer.policy import Actor

router = Router(prefix="/api/resources/{public_id}", tags=["versions"], responses=drafts.router.responses)

_FILE = {"media_type", "size", "role", "language"}


@router.write(
    "POST",
    "/versions",
    policy="author",
    status_code=201,
    response_model=draft_bodies.DraftOut,
    responses=refusals({409: "A draft is open already, or nothing is published"}),
    summary="Begin the next version: a draft with the record and the files of the current one",
)
def revise(request: Request, here: Here, caller: Caller, public_id: PublicId) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        found = deposits.revise(session, actor, public_id, now=here.now())
        return drafts.created_draft(session, here, actor, found)

    return writing.write(request, here, caller, deed)


@router.read(
    "/versions/{number}/diff/{other}",
    policy="reader",
    response_model=bodies.Difference,
    responses=refusals({410: lookup.GONE}),
    summary="What differs between two versions",
)
def compared(
    request: Request,
    here: Here,
    caller: Caller,
    public_id: PublicId,
    number: Number,
    other: Annotated[
        str, Path(description="Number of the other version", json_schema_extra={"type": "integer", "minimum": 1})
    ],
) -> Response:
    with reading(here.engine) as session:
        actor = reader(session, here, caller)
        found = [lookup.version(session, actor, public_id, wanted) for wanted in (number, other)]
        before, after = (differences.of_version(session, one.resource, one.version) for one in found)
    content = _body(differences.between(before, after)).content()
    private = caller.given and found[0].resource.state != "published"
    etag = conditional.tag(content)
    return conditional.answer(request, content, media_type="application/json", etag=etag, private=private)


@router.read(
    "/draft/diff",
    policy="draft",
    response_model=bodies.Difference,
    summary="What differs between the current version and the draft",
)
def proposed(request: Request, here: Here, caller: Caller, public_id: PublicId) -> Response:
    with reading(here.engine) as session:
        found = lookup.draft(session, reader(session, here, caller), public_id)
        before = differences.of_current(session, found.resource)
        after = differences.of_draft(session, found.resource, found.draft)
    return paging.answer(request, _body(differences.between(before, after)), None, private=True)


def _body(found: Difference) -> bodies.Difference:
    return bodies.Difference(
        before=found.before,
        after=found.after,
        record=[bodies.RecordChange(**asdict(change)) for change in found.record],
        files=[
            bodies.FileChange(name=file.name, kind=file.kind, before=_file(file.before), after=_file(file.after))
            for file in found.files
        ],
        files_moved=found.files_moved,
    )


def _file(file: AttachedFile | None) -> bodies.FileState | None:
    if file is None:
        return None
    return bodies.FileState.model_validate({**file.model_dump(include=_FILE), "sha256": file.key})
