"""What is made of files to be shown beside them: pictures of pages, posters, light variants, listings.

Whoever may have a file may have these, and nobody else.
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Query, Request
from sqlmodel import Session
from starlette.responses import Response

from api import counting, lookup, paging, previewing
from api.deps import Caller, Credentials, Here, reader
from api.download import Content, Download
from api.lookup import Found
from api.routes import resources
from api.routes.resources import Name, Number, PublicId
from api.routing import Router, refusals
from api.schemas import previews as bodies
from oer import queries
from oer.db import reading
from oer.errors import NotFound
from oer.installation import Installation
from oer.models import Derivative, VersionFile
from oer.models.previews import DERIVATIVES
from oer.policy import Actor

router = Router(prefix="/api/resources/{public_id}", tags=["previews"], responses=resources.router.responses)

_BYTES: dict[str, Any] = {
    "response_class": Response,
    "responses": {
        200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}, "description": "The bytes"},
        206: {"description": "The part that `Range` asks for"},
        **refusals({416: "No byte of the file is in the range"}),
    },
}
_INSTEAD = frozenset({"light", "audio"})  # what people take in place of the file
# What the bytes are called when they are kept: the name of the file with this at its end.
_ENDS = {
    "image/webp": "webp",
    "application/pdf": "pdf",
    "video/mp4": "mp4",
    "audio/mpeg": "mp3",
    "application/json": "json",
}

Kind = Annotated[
    str, Path(description="What it is", json_schema_extra={"enum": list(DERIVATIVES)}, examples=["page", "cover"])
]
Position = Annotated[
    str,
    Path(
        description="Number of the page; 1 of everything else",
        json_schema_extra={"type": "integer", "minimum": 1},
        examples=["1"],
    ),
]
Sign = Annotated[
    str | None,
    Query(alias="v", description="As the list of previews has it: browsers then keep the bytes without asking again"),
]


@router.read(
    "/files/{name}/previews",
    policy="reader",
    response_model=bodies.PreviewsOut,
    summary="What is made of a file of the current version to be shown beside it",
)
def of_current(request: Request, here: Here, caller: Caller, public_id: PublicId, name: Name) -> Response:
    return _listed(request, here, caller, public_id, None, name)


@router.read(
    "/versions/{number}/files/{name}/previews",
    policy="reader",
    response_model=bodies.PreviewsOut,
    summary="What is made of a file of one version to be shown beside it",
)
def of_past(request: Request, here: Here, caller: Caller, public_id: PublicId, number: Number, name: Name) -> Response:
    return _listed(request, here, caller, public_id, number, name)


@router.read(
    "/files/{name}/previews/{kind}/{position}",
    policy="reader",
    summary="A picture, a light variant or a listing of a file of the current version",
    **_BYTES,
)
def current_bytes(
    request: Request,
    here: Here,
    caller: Caller,
    public_id: PublicId,
    name: Name,
    kind: Kind,
    position: Position,
    sign: Sign = None,
) -> Response:
    return _bytes(request, here, caller, public_id, None, name, kind, position, sign)


@router.read(
    "/versions/{number}/files/{name}/previews/{kind}/{position}",
    policy="reader",
    summary="A picture, a light variant or a listing of a file of one version",
    **_BYTES,
)
def past_bytes(
    request: Request,
    here: Here,
    caller: Caller,
    public_id: PublicId,
    number: Number,
    name: Name,
    kind: Kind,
    position: Position,
    sign: Sign = None,
) -> Response:
    return _bytes(request, here, caller, public_id, number, name, kind, position, sign)


def _file(
    session: Session, here: Installation, actor: Actor, public_id: str, number: str | None, name: str
) -> tuple[Found, VersionFile]:
    """The file, for those who may have it. Errors as for its download."""
    found = lookup.version(session, actor, public_id, number)
    file = lookup.file(session, found, name)
    found.require_download(actor, today=here.now().date())
    return found, file


def _listed(
    request: Request, here: Installation, caller: Credentials, public_id: str, number: str | None, name: str
) -> Response:
    with reading(here.engine) as session:
        found, file = _file(session, here, reader(session, here, caller), public_id, number, name)
        made = queries.previews.of(session, keys=[file.key]).get(file.key, [])
        told = queries.previews.told(session, keys=[file.key]).get(file.key)
    of_version = None if number is None else found.version.number
    shown = previewing.body(here, found, file, made, told, of_version=of_version)
    return paging.answer(request, shown, None, private=not found.is_open(today=here.now().date()))


def _bytes(
    request: Request,
    here: Installation,
    caller: Credentials,
    public_id: str,
    number: str | None,
    name: str,
    kind: str,
    position: str,
    sign: str | None,
) -> Response:
    with reading(here.engine) as session:
        actor = reader(session, here, caller)
        found, file = _file(session, here, actor, public_id, number, name)
        one, made = _one(session, found, file, kind, position)
    content = Content(
        key=one.key,
        name=f"{file.name}-{one.kind}-{one.number}.{_ENDS[one.media_type]}",
        media_type=one.media_type,
        size=one.size,
        modified=made,
        private=not found.is_open(today=here.now().date()),
        lasting=previewing.is_of(one, sign),
    )
    begun = None
    if one.kind in _INSTEAD:
        taken = [(found.resource, found.institution)]
        begun = counting.download(request, actor, taken, thing=file.key, size=one.size)
    return Download(here.store, content, begun=begun)


def _one(session: Session, found: Found, file: VersionFile, kind: str, position: str) -> tuple[Derivative, datetime]:
    """With the moment when it was made. Raises NotFound."""
    wanted = lookup.row(position)
    if kind in DERIVATIVES and wanted:
        one = queries.previews.one(session, source=file.key, kind=kind, number=wanted)
        told = queries.previews.told(session, keys=[file.key]).get(file.key)
        if one is not None and told is not None:
            return one, told.found
    raise NotFound("preview.unknown", id=found.resource.public_id, name=file.name)
