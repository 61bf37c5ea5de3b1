"""``/api/resources/{id}/draft/files``: the files of a draft, to look at, to describe, to order, to take out."""

import re
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Body, Path, Request
from sqlmodel import Session
from starlette.responses import Response

from api import conditional, deps, lookup, schemas, writing
from api.deps import Caller, Credentials, Here
from api.download import Content, Download
from api.routes import drafts, uploads
from api.routes.drafts import MATCHED, PublicId
from api.routing import MERGE_PATCH, Router, refusals
from api.schemas import drafts as bodies
from api.writing import Answer
from oer import deposits, files, queries
from oer.db import reading
from oer.deposits import Open
from oer.errors import Stale
from oer.files import Description
from oer.installation import Installation
from oer.policy import Actor

router = Router(prefix="/api/resources/{public_id}/draft/files", tags=["drafts"], responses=drafts.router.responses)

_OF_BYTES = re.compile(r'"([0-9a-f]{64})"')

Name = Annotated[str, Path(description="Name of the file")]


@router.read("", policy="draft", response_model=bodies.FileList, summary="The files of a draft, in their order")
def listed(request: Request, here: Here, caller: Caller, public_id: PublicId) -> Response:
    with reading(here.engine) as session:
        found = lookup.draft(session, deps.reader(session, here, caller), public_id)
        content = _list(session, here, found).content()
    etag = conditional.tag(content, lock=found.draft.lock)
    return conditional.answer(request, content, media_type="application/json", etag=etag, private=True)


@router.write(
    "PUT",
    "",
    policy="draft",
    matched=True,
    response_model=bodies.FileList,
    responses=MATCHED,
    summary="Put the files of a draft in order",
)
def arrange(request: Request, here: Here, caller: Caller, public_id: PublicId, order: bodies.Order) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        expected = writing.expected(request, "draft.stale", id=public_id)
        files.arrange(session, actor, public_id, order.names, expected=expected, now=here.now())
        found = deposits.opened(session, public_id)
        shown = _list(session, here, found)
        return writing.shown(shown, etag=writing.tag(shown, found.draft.lock))

    return writing.write(request, here, caller, deed)


@router.read(
    "/{name}",
    policy="draft",
    summary="Download a file of a draft",
    response_class=Response,
    responses={
        200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}, "description": "The bytes"},
        206: {"description": "The part that `Range` asks for"},
        **refusals({416: "No byte of the file is in the range"}),
    },
)
def download(here: Here, caller: Caller, public_id: PublicId, name: Name) -> Response:
    with reading(here.engine) as session:
        found = lookup.draft(session, deps.reader(session, here, caller), public_id)
        file = deposits.file_of(session, found, name)
    content = Content(
        key=file.key,
        name=file.name,
        media_type=file.media_type,
        size=file.size,
        modified=found.draft.changed,
        private=True,
    )
    return Download(here.store, content)


@router.write(
    "PATCH",
    "/{name}",
    policy="draft",
    matched=True,
    response_model=schemas.FileOut,
    responses=MATCHED,
    summary="Change the name, role or language of a file",
)
def describe(
    request: Request,
    here: Here,
    caller: Caller,
    public_id: PublicId,
    name: Name,
    patch: Annotated[bodies.FilePatch, Body(media_type=MERGE_PATCH)],
) -> Response:
    told: dict[str, Any] = patch.model_dump(exclude_unset=True)
    if "name" in told:
        new_name = uploads.possible_name(told["name"])
        with writing.unless_again(request, here, caller):
            told |= _renamed(here, caller, public_id, name, new_name)

    def deed(session: Session, actor: Actor) -> Answer:
        expected = _expected(request, session, actor, public_id, name)
        wanted = Description(**told)  # type: ignore[typeddict-item]
        file = files.describe(session, actor, public_id, name, wanted, expected=expected, now=here.now())
        shown = writing.shown(drafts.file_body(here, public_id, file), etag=f'"{file.key}"')
        return replace(shown, headers={**shown.headers, **_draft_tag(session, here, actor, public_id)})

    return writing.write(request, here, caller, deed)


@router.write(
    "DELETE",
    "/{name}",
    policy="draft",
    matched=True,
    status_code=204,
    responses=MATCHED,
    summary="Take a file out of a draft",
)
def detach(request: Request, here: Here, caller: Caller, public_id: PublicId, name: Name) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        expected = _expected(request, session, actor, public_id, name)
        deposits.detach(session, actor, public_id, name, expected=expected, now=here.now())
        return Answer(204, headers=_draft_tag(session, here, actor, public_id))

    return writing.write(request, here, caller, deed)


def _list(session: Session, here: Installation, found: Open) -> bodies.FileList:
    rows = queries.resources.draft_files(session, draft_id=found.draft.id or 0)
    return bodies.FileList(items=[drafts.file_body(here, found.resource.public_id, row) for row in rows])


def _draft_tag(session: Session, here: Installation, actor: Actor, public_id: str) -> dict[str, str]:
    """What was written to a file is a change of the draft, whose tag is not the file's."""
    found = deposits.opened(session, public_id)
    return {"Draft-ETag": writing.tag(drafts.body(session, here, actor, found), found.draft.lock)}


def _expected(request: Request, session: Session, actor: Actor, public_id: str, name: str) -> int | None:
    """The draft's lock in ``If-Match``. A download has shown the tag of the bytes instead: then they must be the same.

    Raises Stale, DoorError without the header, NotFound.
    """
    given = _OF_BYTES.fullmatch(request.headers.get("if-match", "").strip())
    if given is None:
        return writing.expected(request, "draft.stale", id=public_id)
    if deposits.file_of(session, deposits.seen(session, actor, public_id), name).key != given[1]:
        raise Stale("draft.stale", id=public_id)
    return None


def _renamed(here: Installation, caller: Credentials, public_id: str, name: str, new_name: str) -> Description:
    with reading(here.engine) as session:
        found = lookup.draft(session, deps.signed_in(session, here, caller), public_id)
        file = deposits.file_of(session, found, name)
    return files.renamed(here.store, file, new_name)
