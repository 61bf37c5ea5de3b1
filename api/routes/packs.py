"""``…/pack``: a whole collection, or all files of a resource, as one ZIP that opens without a network."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from sqlmodel import Session
from starlette.responses import Response

from api import conditional, counting, i18n, lookup, packs, paging, render
from api.deps import Caller, Credentials, Here, reader
from api.routes.collections import PublicId, ResourceId
from api.routing import Router, refusals
from api.schemas import packs as bodies
from oer import collections, queries
from oer import packs as contents
from oer.db import reading
from oer.installation import Installation
from oer.packs import Pack
from oer.policy import Actor

router = Router(
    prefix="/api",
    tags=["packs"],
    responses=refusals(
        {
            401: "The token is not valid",
            403: "Not allowed",
            404: "No such thing",
            410: lookup.GONE,
            422: "A parameter is wrong",
            503: "Try again later",
        }
    ),
)

_ZIP: dict[str, Any] = {
    "response_class": Response,
    "responses": {
        200: {
            "content": {packs.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
            "description": "The ZIP, of known length",
        },
        206: {"description": "The part that `Range` asks for"},
        **refusals({416: "No byte of the file is in the range"}),
    },
}

Light = Annotated[bool, Query(description="Light variants of files in place of the others, where there are any")]
Lang = Annotated[
    Literal["ar", "fr", "en"] | None,
    Query(alias="lang", description="Language of the first page of the pack; else that of `Accept-Language`"),
]
Plan = Callable[[Session, Actor, bool], tuple[Pack, bool]]
"""What goes into a pack for this caller, light or not, and whether it is theirs alone."""


@router.read("/collections/{public_id}/pack", policy="reader", summary="Download a collection to take along", **_ZIP)
def collection(
    request: Request, here: Here, caller: Caller, public_id: PublicId, light: Light = False, _lang: Lang = None
) -> Response:
    """Unpacked, `index.html` opens without a network. Only files that everybody may have are in it."""
    return _sent(request, here, caller, _of_collection(here, public_id), light=light)


@router.read(
    "/collections/{public_id}/pack.json",
    policy="reader",
    response_model=bodies.PackOut,
    summary="What the pack of a collection holds",
)
def collection_described(
    request: Request, here: Here, caller: Caller, public_id: PublicId, _lang: Lang = None
) -> Response:
    address = f"{here.settings.base_url}/api/collections/{public_id}/pack"
    return _described(request, here, caller, _of_collection(here, public_id), address)


@router.read("/resources/{public_id}/pack", policy="reader", summary="Download all files of a resource", **_ZIP)
def resource(
    request: Request, here: Here, caller: Caller, public_id: ResourceId, light: Light = False, _lang: Lang = None
) -> Response:
    """Unpacked, `index.html` opens without a network."""
    return _sent(request, here, caller, _of_resource(here, public_id), light=light)


@router.read(
    "/resources/{public_id}/pack.json",
    policy="reader",
    response_model=bodies.PackOut,
    summary="What the pack of a resource holds",
)
def resource_described(
    request: Request, here: Here, caller: Caller, public_id: ResourceId, _lang: Lang = None
) -> Response:
    address = f"{here.settings.base_url}/api/resources/{public_id}/pack"
    return _described(request, here, caller, _of_resource(here, public_id), address)


def _of_collection(here: Installation, public_id: str) -> Plan:
    def plan(session: Session, actor: Actor, light: bool) -> tuple[Pack, bool]:
        found = collections.find(session, actor, public_id)
        pack = contents.of_collection(session, found, light=light, today=here.now().date())
        return pack, found.edited_by(actor)

    return plan


def _of_resource(here: Installation, public_id: str) -> Plan:
    def plan(session: Session, actor: Actor, light: bool) -> tuple[Pack, bool]:
        today = here.now().date()
        found = lookup.version(session, actor, public_id)
        found.require_download(actor, today=today)
        files = queries.resources.files(session, version_id=found.version.id or 0)
        pack = contents.of_resource(session, found.resource, found.version, found.institution, files, light=light)
        return pack, not found.is_open(today=today)

    return plan


def _sent(request: Request, here: Installation, caller: Credentials, plan: Plan, *, light: bool) -> Response:
    paging.require_each_once(request)
    with reading(here.engine) as session:
        actor = reader(session, here, caller)
        pack, private = plan(session, actor, light)
    # The session is closed: a slow reader of bytes holds no database connection.
    spoken = i18n.supported(render.language(request))
    found = packs.bundle(pack, here.store, here.settings, spoken)
    taken = [(entry.resource, entry.institution) for entry in pack.entries if entry.files]
    begun = counting.download(request, actor, taken, thing="pack", size=found.size)
    return packs.PackDownload(found, spoken, private=private, begun=begun)


def _described(request: Request, here: Installation, caller: Credentials, plan: Plan, address: str) -> Response:
    paging.require_each_once(request)
    spoken = i18n.supported(render.language(request))
    with reading(here.engine) as session:
        actor = reader(session, here, caller)
        (whole, private), (light, _) = plan(session, actor, False), plan(session, actor, True)
    found = packs.bundle(whole, here.store, here.settings, spoken)
    # Its pages are made for nothing where no file has a light variant.
    differs = list(light.files) != list(whole.files)
    lighter = packs.bundle(light, here.store, here.settings, spoken) if differs else found
    body = bodies.PackOut(
        url=address,
        size=found.size,
        files=found.files,
        left_out=found.left_out,
        light=bodies.LightOut(url=f"{address}?light=true", size=lighter.size)
        if lighter.files_size < found.files_size
        else None,
    )
    content = body.content()
    return conditional.answer(
        request,
        content,
        media_type="application/json",
        etag=conditional.tag(content),
        private=private,
        vary="Accept-Language, Authorization",
    )
