"""``/api/institutions/{slug}/logo``: a small picture."""

import re
from collections.abc import Iterator

from fastapi import Request
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import deps, streams, writing
from api.deps import Caller, Credentials, Here
from api.download import Content, Download
from api.errors import DoorError
from api.routes.institutions import Slug, body, url
from api.routes.people import MATCHED, RESPONSES
from api.routing import Router, refusals
from api.schemas import institutions as bodies
from api.streams import BrokenOff
from api.writing import Answer
from oer import deposits, institutions, policy
from oer.db import reading
from oer.deposits import Received
from oer.errors import NotFound, Stale, TooLarge
from oer.installation import Installation
from oer.models import Blob, Institution
from oer.policy import Actor

router = Router(prefix="/api/institutions/{slug}/logo", tags=["institutions"], responses=RESPONSES)

_OF_BYTES = re.compile(r'"([0-9a-f]{64})"')
_IMAGES = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in institutions.LOGO_TYPES}


@router.read(
    "",
    policy="reader",
    summary="The logo of an institution",
    response_class=Response,
    responses={200: {"content": _IMAGES, "description": "The picture"}},
)
def shown(here: Here, caller: Caller, slug: Slug) -> Response:
    with reading(here.engine) as session:
        deps.reader(session, here, caller)
        found = institutions.find(session, slug)
        blob = session.get(Blob, found.logo) if found.logo is not None else None
    if blob is None or found.logo_type is None or found.logo_changed is None:
        raise NotFound("logo.unknown", slug=slug)
    name = f"{slug}.{found.logo_type.partition('/')[2]}"
    return Download(
        here.store,
        Content(
            key=blob.key,
            name=name,
            media_type=found.logo_type,
            size=blob.size,
            modified=found.logo_changed,
            private=False,
        ),
    )


@router.write(
    "PUT",
    "",
    policy="manager",
    stream=True,
    response_model=bodies.InstitutionShown,
    responses={
        **MATCHED,
        **refusals(
            {
                400: "The line broke",
                412: "The logo or the institution has changed since it was read",
                413: "Larger than 1 MiB",
            }
        ),
    },
    summary="Put the logo of an institution",
    description=(
        "The bytes of a raster image (PNG, JPEG, WebP, GIF or AVIF, found in the bytes) of at most 1 MiB. A first "
        "logo needs no precondition; to replace one, say which in `If-Match`: its ETag, that of the institution, or "
        "`*`. The answer is the institution, with its new ETag."
    ),
    extra={
        "requestBody": {"required": True, "content": _IMAGES},
        "parameters": [
            {
                "name": "If-Match",
                "in": "header",
                "required": False,
                "description": "ETag of the logo to replace or of the institution, or `*`",
                "schema": {"type": "string"},
            }
        ],
    },
)
async def put(request: Request, here: Here, caller: Caller, slug: Slug) -> Response:
    await run_in_threadpool(_require, request, here, caller, slug)

    def receive(pieces: Iterator[bytes]) -> Received:
        try:
            return deposits.receive(here.store, pieces, name="logo", limit=institutions.LOGO_SIZE)
        except TooLarge:
            raise TooLarge("logo.too-large", limit=institutions.LOGO_SIZE) from None

    try:
        received = await streams.into_thread(request, receive)
    except BrokenOff:
        raise DoorError("request.malformed") from None
    return await run_in_threadpool(_keep, request, here, caller, slug, received)


def _require(request: Request, here: Installation, caller: Credentials, slug: str) -> None:
    """All that forbids it, before a byte is kept."""
    size = streams.declared(request)
    with reading(here.engine) as session:
        actor = deps.signed_in(session, here, caller)
        found = institutions.find(session, slug)
        policy.require_manage(actor, found)
        _expected(request, found)
    if size is not None and size > institutions.LOGO_SIZE:
        raise TooLarge("logo.too-large", limit=institutions.LOGO_SIZE)


def _keep(request: Request, here: Installation, caller: Credentials, slug: str, received: Received) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        expected = _expected(request, institutions.held(session, actor, slug))
        changed = institutions.put_logo(
            session,
            actor,
            slug,
            here.store,
            received.stored,
            media_type=received.media_type,
            expected=expected,
            now=here.now(),
        )
        shown = body(session, here, changed)
        answer = writing.shown(shown, etag=writing.tag(shown, changed.lock))
        return Answer(200, answer.content, {**answer.headers, "Content-Location": url(here, slug)})

    return writing.write(request, here, caller, deed)


@router.write(
    "DELETE",
    "",
    policy="manager",
    matched=True,
    status_code=204,
    responses=MATCHED,
    summary="Take the logo of an institution away",
)
def drop(request: Request, here: Here, caller: Caller, slug: Slug) -> Response:
    def deed(session: Session, actor: Actor) -> Answer:
        found = institutions.held(session, actor, slug)
        if found.logo is None:
            raise NotFound("logo.unknown", slug=slug)
        expected = _expected(request, found)
        institutions.drop_logo(session, actor, slug, expected=expected, now=here.now())
        return writing.NOTHING

    return writing.write(request, here, caller, deed)


def _expected(request: Request, found: Institution) -> int | None:
    """The institution's lock that must still count. The ETag of the logo does as well: then it must be that one.

    A first logo takes nothing away, so nothing needs to have been seen. Raises Stale, DoorError without the header.
    """
    given = request.headers.get("if-match")
    if found.logo is None and given is None:
        return None
    tag = _OF_BYTES.fullmatch((given or "").strip())
    if tag is None:
        return writing.expected(request, "institution.stale", slug=found.slug)
    if tag[1] != found.logo:
        raise Stale("institution.stale", slug=found.slug)
    return found.lock
