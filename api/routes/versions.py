"""The next version of a resource begun, and what differs between one version and another."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

from fastapi import Path, Request
from sqlmodel import Session
from starlette.responses import Response

from api import conditional, lookup, paging, schemas, writing
from api.deps import Caller, Here, reader
from api.lookup import Found
from api.routes import drafts
from api.routes.drafts import PublicId
from api.routes.resources import Number
from api.routing import Router
from api.schemas import drafts as draft_bodies
from api.schemas import versions as bodies
from api.writing import Answer
from metadata import versions
from metadata.record import Record
from oer import deposits, queries, stored
from oer.db import reading
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
    responses={409: {"model": schemas.ProblemOut, "description": "A draft is open already, or nothing is published"}},
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
    responses={410: {"model": schemas.ProblemOut, "description": lookup.GONE}},
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
        before, after = (_state(session, one) for one in found)
    content = _difference(found[0].version.number, before, found[1].version.number, after).content()
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
        resource, draft = found.resource, found.draft
        files = queries.resources.draft_files(session, draft_id=draft.id or 0)
        number = resource.number or None
        before: tuple[Record, Sequence[AttachedFile]] = (Record.model_validate({}), ())
        if number is not None:
            version = queries.resources.version(session, resource_id=resource.id or 0, number=number)
            assert version is not None
            before = _state(session, Found(resource, found.institution, version))
        after = stored.record_of(resource, draft), files
    return paging.answer(request, _difference(number, before, None, after), None, private=True)


def _state(session: Session, found: Found) -> tuple[Record, Sequence[AttachedFile]]:
    files = queries.resources.files(session, version_id=found.version.id or 0)
    return stored.record_of(found.resource, found.version), files


def _difference(
    number: int | None,
    before: tuple[Record, Sequence[AttachedFile]],
    other: int | None,
    after: tuple[Record, Sequence[AttachedFile]],
) -> bodies.Difference:
    old, new = ({file.name: file for file in files} for _, files in (before, after))
    kept = [name for name in old if name in new], [name for name in new if name in old]
    return bodies.Difference(
        before=number,
        after=other,
        record=[bodies.RecordChange(**asdict(change)) for change in versions.difference(before[0], after[0])],
        files=[
            *(_change(file, None) for name, file in old.items() if name not in new),
            *(_change(old.get(name), file) for name, file in new.items() if _differ(old.get(name), file)),
        ],
        files_moved=kept[0] != kept[1],
    )


def _differ(before: AttachedFile | None, after: AttachedFile) -> bool:
    return before is None or (before.told, before.media_type) != (after.told, after.media_type)


def _change(before: AttachedFile | None, after: AttachedFile | None) -> bodies.FileChange:
    file = after or before
    assert file is not None
    return bodies.FileChange(
        name=file.name,
        kind="added" if before is None else "removed" if after is None else "changed",
        before=_file(before),
        after=_file(after),
    )


def _file(file: AttachedFile | None) -> bodies.FileState | None:
    if file is None:
        return None
    return bodies.FileState.model_validate({**file.model_dump(include=_FILE), "sha256": file.key})
