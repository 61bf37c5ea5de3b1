"""Files of a draft, whole, by ``PUT``: a raw stream of any type. And the list of uploads that have not ended."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, TypedDict

from fastapi import Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

import storage.errors as stores
from api import conditional, deps, paging, schemas, streams, writing
from api.deps import Caller, Credentials, Here
from api.errors import DoorError
from api.routes import drafts
from api.routing import Router, refusals
from api.schemas import uploads as bodies
from api.streams import BrokenOff
from metadata import findings
from metadata.findings import Problem
from oer import deposits, policy, queries, uploads
from oer.db import reading, transaction
from oer.errors import Invalid, Stale
from oer.installation import Installation
from oer.models import Upload
from oer.policy import Actor
from oer.uploads import Admitted, Attached
from storage import file_names

router = Router(tags=["uploads"])

_FILE_TAG = re.compile(r'"([0-9a-f]{64})"')

REFUSALS = refusals(
    {
        400: "The line broke, or the request makes no sense",
        401: "Nobody is signed in",
        403: "Not allowed",
        404: "No such draft, or none that you may know of",
        409: "The draft takes no files now",
        412: "The file of that name is another one",
        413: "More than the limits allow",
        415: "The bytes are packed, or not of the type that is taken here",
        422: "A name, role, language or checksum is wrong",
        507: "No room is left",
    }
)


class Asked(BaseModel):
    """What the query says of the file."""

    model_config = ConfigDict(extra="forbid")

    role: bodies.Role | None = Field(None, max_length=40, description="What the file is for; `main` without it")
    language: str | None = Field(None, max_length=100, description="Language of the content (BCP 47)")


@router.write(
    "PUT",
    "/api/resources/{public_id}/draft/files/{name}",
    policy="draft",
    stream=True,
    response_model=schemas.FileOut,
    summary="Put a file into a draft",
    description=(
        "The bytes as they are, of any type; the server finds the media type in them. A new file needs no "
        "precondition; to replace one, say which in `If-Match` (its ETag, the SHA-256 in quotes; the draft's ETag; or "
        "`*`). With `Content-Digest` (RFC 9530, sha-256) bytes that differ are refused and kept nowhere, and the "
        "same request may be made again after a lost reply. Ask with `Expect: 100-continue` to hear a refusal before "
        "sending anything. `Draft-ETag` in the answer is the draft's new ETag."
    ),
    extra={
        "requestBody": {"required": True, "content": bodies.BYTES},
        "parameters": [
            {"name": name, "in": "header", "required": False, "description": words, "schema": {"type": "string"}}
            for name, words in {
                "If-Match": "ETag of the file to replace, or `*`",
                "If-None-Match": "`*`: only if there is no file of that name",
                "Content-Digest": "`sha-256=:…:`, the checksum of the bytes",
            }.items()
        ],
    },
    responses={
        **REFUSALS,
        201: {"model": schemas.FileOut, "description": "A new file"},
        **refusals({428: "There is a file of that name: say which one is replaced", 503: "Try again later"}),
    },
)
async def put(
    request: Request,
    here: Here,
    caller: Caller,
    public_id: Annotated[str, Path(description="Public id of the resource")],
    name: Annotated[str, Path(description="Name of the file")],
    asked: Annotated[Asked, Query()],
) -> Response:
    size = streams.declared(request)

    admitted = await run_in_threadpool(_admitted, request, here, caller, public_id, name, asked, size)
    file = admitted.file

    def receive(pieces: Iterator[bytes]) -> deposits.Received:
        limited = admitted.room.limited(pieces)
        limit = here.settings.max_file_size
        return deposits.receive(here.store, limited, name=file.name, limit=limit, expected=file.checksum)

    try:
        received = await streams.into_thread(request, receive)
    except BrokenOff:
        raise DoorError("upload.broken-off") from None

    def attach() -> Response:
        with transaction(here.engine) as session:
            actor = deps.signed_in(session, here, caller)
            made = uploads.attach(
                session, actor, public_id, here.store, received, file, limits=here.settings, now=here.now()
            )
            return _shown(session, here, actor, made)

    return await run_in_threadpool(attach)


@router.read(
    "/api/uploads",
    policy="signed-in",
    response_model=bodies.UploadList,
    summary="Your own uploads that have not come to their end",
    responses={401: REFUSALS[401], 403: REFUSALS[403]},
)
def listed(request: Request, here: Here, caller: Caller, asked: Annotated[paging.Asked, Query()]) -> Response:
    paging.require_each_once(request)
    size, key = asked.page_size(here), paging.position(here, request, asked)
    after = (paging.moment(key[0]), str(key[1])) if key else None
    with reading(here.engine) as session:
        actor = deps.signed_in(session, here, caller)
        policy.require_scope(actor, "deposit")
        assert actor.person_id is not None
        rows = queries.uploads.unfinished(
            session, person_id=actor.person_id, now=here.now(), after=after, limit=size + 1
        )
    page, more = rows[:size], len(rows) > size
    items = [
        bodies.UploadOut(
            url=upload_url(here, upload.id),
            resource=resource.public_id,
            offset=_there(here, upload),
            **upload.model_dump(include={"name", "size", "role", "language", "created", "expires"}),
        )
        for upload, resource in page
    ]
    following = None
    if more:
        last = page[-1][0]
        following = paging.following(here, request, asked, (paging.microseconds(last.created), last.id))
    return paging.answer(request, bodies.UploadList(items=items, next=following), following, private=True)


def _there(here: Installation, upload: Upload) -> int | None:
    try:
        return upload.size if upload.key is not None else here.store.size(upload.id)
    except stores.Missing:
        return None


def _admitted(
    request: Request, here: Installation, caller: Credentials, public_id: str, name: str, asked: Asked, size: int | None
) -> Admitted:
    """Everything that can be asked before any of the bytes are read."""
    with reading(here.engine) as session:
        actor = deps.signed_in(session, here, caller)
        file = uploads.coming(
            possible_name(name),
            role=asked.role,
            language=asked.language,
            checksum=streams.promised(request),
            **precondition(request),
        )
        _require_plain(request)
        with asking_for_precondition(request):
            return uploads.admit(session, actor, public_id, file, size=size, limits=here.settings, now=here.now())


def possible_name(name: str, *, field: str = "name") -> str:
    """The name that is asked for is the name the file gets. Raises Invalid where that cannot be."""
    wanted = unicodedata.normalize("NFC", name)
    # What was no UTF-8 comes as this sign: many names would be one.
    possible = file_names.safe_name(name.replace("\ufffd", "_"))
    if wanted != possible:
        short = findings.shown(name, 200)
        problem = Problem("file.name-invalid", field, {"name": short, "possible": possible})
        raise Invalid("file.name-invalid", [problem], name=short, possible=possible)
    return possible


def _require_plain(request: Request) -> None:
    """Raises DoorError for a part of a file (RFC 9110, section 14.5) and for packed bytes, which would be kept so."""
    if "content-range" in request.headers:
        raise DoorError("request.malformed")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise DoorError("media-type.unsupported", expected="Content-Encoding: identity")


class Precondition(TypedDict, total=False):
    """As ``uploads.coming`` takes it."""

    replaces: str
    seen: int


def precondition(request: Request) -> Precondition:
    """What ``If-Match`` allows to replace: the file of these bytes, any (``*``), or what the draft of this tag holds.

    Raises Stale for a tag that neither has.
    """
    given = ", ".join(request.headers.getlist("if-match")).strip()
    if not given:
        return {}
    if request.headers.get("if-none-match", "").strip() == uploads.ANY:
        raise Stale("file.stale")  # there must be such a file, and must be none
    if given == uploads.ANY:
        return {"replaces": uploads.ANY}
    keys = [match[1] for match in map(_FILE_TAG.fullmatch, conditional.strong_tags(given)) if match]
    if len(keys) == 1:
        return {"replaces": keys[0]}
    seen = writing.expected(request, "file.stale")
    assert seen is not None
    return {"seen": seen}


@contextmanager
def asking_for_precondition(request: Request) -> Iterator[None]:
    """Where a file is in the way of a request that has no precondition, asks for one (428)."""
    try:
        yield
    except Stale:
        if "if-match" in request.headers or "if-none-match" in request.headers:
            raise
        raise DoorError("precondition.required") from None


def _shown(session: Session, here: Installation, actor: Actor, made: Attached) -> Response:
    found = made.found
    body = drafts.file_body(here, found.resource.public_id, made.file)
    headers = {
        "ETag": f'"{made.file.key}"',
        "Draft-ETag": writing.tag(drafts.body(session, here, actor, found), found.draft.lock),
        "Cache-Control": conditional.PRIVATE,
    }
    if made.new:
        headers["Location"] = body.url
    return Response(body.content(), 201 if made.new else 200, headers, media_type="application/json")


def upload_url(here: Installation, upload_id: str) -> str:
    return f"{here.settings.base_url}/api/uploads/{upload_id}"
