"""``/api/collections``: resources that belong together, in ordered units."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import Body, Path, Query, Request
from pydantic import Field
from sqlmodel import Session
from starlette.responses import Response

from api import conditional, lookup, paging, writing
from api.deps import Caller, Credentials, Here, reader
from api.routing import MERGE_PATCH, Responses, Router, refusals
from api.schemas import collections as bodies
from oer import collections, institutions, policy, queries, units
from oer.collections import Found
from oer.db import reading
from oer.exposure import renderings
from oer.installation import Installation
from oer.policy import Actor
from oer.queries.collections import Counts
from oer.settings import LANGUAGES
from oer.texts import Words
from oer.units import SeenUnit

router = Router(
    tags=["collections"],
    responses=refusals(
        {
            401: "Nobody is signed in, or the token is not valid",
            403: "Not allowed",
            404: "No such collection, or none that the caller may know of",
            410: "A resource that was named is withdrawn",
            422: "A parameter or the body is wrong",
            503: "Try again later",
        }
    ),
)


def _refusals(*codes: int) -> Responses:
    words = {
        400: "The `Idempotency-Key` is not 1 to 200 visible ASCII characters",
        409: "Not possible in the present state",
        412: "The collection has changed since it was read",
        413: "Too many units or items, or too long a body",
        415: "The body is no JSON",
        428: "`If-Match` is missing",
        507: "No room is left",
    }
    return refusals({code: words[code] for code in (*codes, 413, 507)})


_IF_MATCH_MAYBE: dict[str, Any] = {
    "parameters": [
        {
            "name": "If-Match",
            "in": "header",
            "required": False,
            "description": "The ETag of what was read, for who insists on it; the deed names what it changes",
            "schema": {"type": "string"},
        }
    ]
}

PublicId = Annotated[str, Path(description="Public id of the collection", examples=["7k3v9qm2xd"])]
ResourceId = Annotated[str, Path(description="Public id of the resource", examples=["7k3v9qm2xd"])]
Order = Annotated[
    list[bodies.UnitIn],
    Body(description=f"At most {units.MOST_UNITS} units, {units.MOST_ITEMS} items in all", examples=[[bodies.UNIT]]),
]


class Listing(paging.Asked):
    institution: str | None = Field(None, max_length=100, description="Only this institution and those below it")
    contains: str | None = Field(None, max_length=100, description="Only those with this resource (public id)")
    state: Literal["published", "draft"] | None = Field(
        None, description="`draft`: those not yet published that the caller edits; otherwise the published ones"
    )


@router.read(
    "/api/collections", policy="reader", response_model=bodies.CollectionList, summary="Collections, the newest first"
)
def listed(request: Request, here: Here, caller: Caller, asked: Annotated[Listing, Query()]) -> Response:
    with reading(here.engine) as session:
        return _list(session, request, here, reader(session, here, caller), asked, contains=asked.contains)


@router.read(
    "/api/resources/{public_id}/collections",
    policy="reader",
    response_model=bodies.CollectionList,
    summary="The collections that a resource is in",
)
def of_resource(
    request: Request, here: Here, caller: Caller, public_id: ResourceId, asked: Annotated[paging.Asked, Query()]
) -> Response:
    with reading(here.engine) as session:
        return _list(session, request, here, reader(session, here, caller), asked, contains=public_id)


def _list(
    session: Session, request: Request, here: Installation, actor: Actor, asked: paging.Asked, *, contains: str | None
) -> Response:
    paging.require_each_once(request)
    size, key = asked.page_size(here), paging.position(here, request, asked)
    slug, state = (asked.institution, asked.state) if isinstance(asked, Listing) else (None, None)
    wanted: dict[str, Any] = {
        "after": key[0] if key else None,
        "within": institutions.find(session, slug).path if slug is not None else None,
        "containing": lookup.resource(session, actor, contains)[0].id if contains is not None else None,
        "limit": size + 1,
    }
    if state == "draft":
        rows = queries.collections.drafts(session, of=policy.reach(actor), **wanted)
    else:
        rows = queries.collections.published(session, **wanted)
    page, more = rows[:size], len(rows) > size
    counts = queries.collections.counts(session, collection_ids=[collection.id or 0 for collection, _ in page])
    items = [
        bodies.CollectionSummary.model_validate(_summary(here, actor, Found(*row), counts[row[0].id or 0]))
        for row in page
    ]
    following = paging.following(here, request, asked, (page[-1][0].id or 0,)) if more else None
    body = bodies.CollectionList(items=items, next=following)
    return paging.answer(request, body, following, private=actor.person_id is not None)


@router.read(
    "/api/collections/{public_id}", policy="reader", response_model=bodies.CollectionOut, summary="A collection"
)
def current(request: Request, here: Here, caller: Caller, public_id: PublicId) -> Response:
    with reading(here.engine) as session:
        actor = reader(session, here, caller)
        found = collections.find(session, actor, public_id)
        body = _body(session, here, actor, found)
    return conditional.answer(
        request,
        body.content(),
        media_type="application/json",
        etag=writing.tag(body, found.collection.lock),
        private=found.edited_by(actor),
    )


@router.write(
    "POST",
    "/api/collections",
    policy="member",
    status_code=201,
    response_model=bodies.CollectionOut,
    responses=_refusals(400, 409, 415),
    summary="Begin a collection, as a draft",
)
def create(request: Request, here: Here, caller: Caller, given: bodies.CollectionIn) -> Response:
    def deed(session: Session, actor: Actor) -> writing.Answer:
        found = collections.create(
            session,
            actor,
            institutions.find(session, given.institution),
            titles=_words(given.titles),
            descriptions=_words(given.descriptions),
            membership=given.membership,
            now=here.now(),
        )
        body = _body(session, here, actor, found)
        return writing.created(body, location=body.url, etag=writing.tag(body, found.collection.lock))

    return writing.write(request, here, caller, deed)


@router.write(
    "PATCH",
    "/api/collections/{public_id}",
    policy="collection",
    response_model=bodies.CollectionOut,
    responses=_refusals(412, 415, 428),
    matched=True,
    summary="Change titles, descriptions or membership",
)
def change(
    request: Request,
    here: Here,
    caller: Caller,
    public_id: PublicId,
    given: Annotated[bodies.CollectionPatch, Body(media_type=MERGE_PATCH)],
) -> Response:
    named = given.model_fields_set
    # A merge patch that says null of the whole takes away what is there in every language (RFC 7396).
    none: Words = dict.fromkeys(LANGUAGES)

    def deed(session: Session, actor: Actor) -> writing.Answer:
        found = collections.change(
            session,
            actor,
            public_id,
            titles=_words(given.titles),
            descriptions=none if given.descriptions is None else _words(given.descriptions),
            membership=given.membership if "membership" in named else None,
            expected=_expected(session, actor, request, public_id),
            now=here.now(),
        )
        return _answer(session, here, actor, found)

    return writing.write(request, here, caller, deed)


@router.write(
    "DELETE",
    "/api/collections/{public_id}",
    policy="collection",
    status_code=204,
    response_class=Response,
    responses=_refusals(412, 428),
    matched=True,
    summary="End a collection; its resources stay",
)
def remove(request: Request, here: Here, caller: Caller, public_id: PublicId) -> Response:
    def deed(session: Session, actor: Actor) -> writing.Answer:
        collections.remove(
            session, actor, public_id, expected=_expected(session, actor, request, public_id), now=here.now()
        )
        return writing.NOTHING

    return writing.write(request, here, caller, deed)


@router.write(
    "POST",
    "/api/collections/{public_id}/publish",
    policy="collection",
    response_model=bodies.CollectionOut,
    responses=_refusals(400, 409, 412, 428),
    matched=True,
    summary="Show a collection to everybody",
)
def publish(request: Request, here: Here, caller: Caller, public_id: PublicId) -> Response:
    return _stepped(request, here, caller, public_id, collections.publish)


@router.write(
    "POST",
    "/api/collections/{public_id}/unpublish",
    policy="collection",
    response_model=bodies.CollectionOut,
    responses=_refusals(400, 409, 412, 428),
    matched=True,
    summary="Make a collection a draft again",
)
def unpublish(request: Request, here: Here, caller: Caller, public_id: PublicId) -> Response:
    return _stepped(request, here, caller, public_id, collections.unpublish)


def _stepped(
    request: Request, here: Installation, caller: Credentials, public_id: str, step: Callable[..., Found]
) -> Response:
    def deed(session: Session, actor: Actor) -> writing.Answer:
        found = step(session, actor, public_id, expected=_expected(session, actor, request, public_id), now=here.now())
        return _answer(session, here, actor, found)

    return writing.write(request, here, caller, deed)


@router.write(
    "PUT",
    "/api/collections/{public_id}/units",
    policy="collection",
    response_model=bodies.CollectionOut,
    responses=_refusals(412, 415, 428),
    matched=True,
    summary="Put all units and items in order",
)
def arrange(request: Request, here: Here, caller: Caller, public_id: PublicId, given: Order) -> Response:
    """What is not named goes out of the collection. Units with an `id` stay, the others are new."""
    order = [
        units.Unit(_words(unit.titles), [units.Item(item.resource, item.note) for item in unit.items], unit.id)
        for unit in given
    ]

    def deed(session: Session, actor: Actor) -> writing.Answer:
        expected = _expected(session, actor, request, public_id)
        found = collections.arrange(session, actor, public_id, order, expected=expected, now=here.now())
        return _answer(session, here, actor, found)

    return writing.write(request, here, caller, deed)


@router.write(
    "POST",
    "/api/collections/{public_id}/items",
    policy="collection",
    response_model=bodies.CollectionOut,
    responses=_refusals(400, 409, 412, 415),
    extra=_IF_MATCH_MAYBE,
    summary="Add a resource at the end of a unit",
)
def add(request: Request, here: Here, caller: Caller, public_id: PublicId, given: bodies.AdditionIn) -> Response:
    """Editors add what they may see; into a published open collection anybody a published resource of their own
    institutions.
    """

    def deed(session: Session, actor: Actor) -> writing.Answer:
        found = collections.add(
            session,
            actor,
            public_id,
            given.resource,
            unit=given.unit,
            note=given.note,
            expected=_insisted(session, actor, request, public_id),
            now=here.now(),
        )
        return _answer(session, here, actor, found)

    return writing.write(request, here, caller, deed)


@router.write(
    "DELETE",
    "/api/collections/{public_id}/items/{resource_id}",
    policy="collection",
    response_model=bodies.CollectionOut,
    responses=_refusals(412),
    extra=_IF_MATCH_MAYBE,
    summary="Take a resource out of a collection",
)
def take_out(request: Request, here: Here, caller: Caller, public_id: PublicId, resource_id: ResourceId) -> Response:
    """Editors any; in an open collection everybody what they have added themselves."""

    def deed(session: Session, actor: Actor) -> writing.Answer:
        expected = _insisted(session, actor, request, public_id)
        found = collections.take_out(session, actor, public_id, resource_id, expected=expected, now=here.now())
        return _answer(session, here, actor, found)

    return writing.write(request, here, caller, deed)


def _expected(session: Session, actor: Actor, request: Request, public_id: str) -> int | None:
    """What the caller has read. Raises NotFound first: who sees no collection learns nothing about its writes."""
    collections.find(session, actor, public_id)
    return writing.expected(request, "collection.stale", id=public_id)


def _insisted(session: Session, actor: Actor, request: Request, public_id: str) -> int | None:
    """Many add to an open collection at a time, each at its end: only who wants to insists on what they have read."""
    return _expected(session, actor, request, public_id) if "if-match" in request.headers else None


def _words(given: bodies.TitlesIn | bodies.DescriptionsIn) -> Words:
    words: Words = given.model_dump(exclude_unset=True)
    return words


def _answer(session: Session, here: Installation, actor: Actor, found: Found) -> writing.Answer:
    body = _body(session, here, actor, found)
    return writing.shown(body, etag=writing.tag(body, found.collection.lock))


def _body(session: Session, here: Installation, actor: Actor, found: Found) -> bodies.CollectionOut:
    """The collection as this reader sees it."""
    session.flush()
    contents = units.contents(session, actor, collection_id=found.id, editing=found.edited_by(actor))
    shown = sum(len(unit.items) for unit in contents)
    base_url = here.settings.base_url
    return bodies.CollectionOut.model_validate(
        {
            **_summary(here, actor, found, Counts(len(contents), shown, shown)),
            "units": [_unit(base_url, unit) for unit in contents],
        }
    )


def _unit(base_url: str, unit: SeenUnit) -> dict[str, Any]:
    items = [
        {
            "resource": item.resource,
            "state": item.state,
            "title": item.title,
            "url": renderings.landing_url(base_url, item.resource),
            "note": item.note,
        }
        for item in unit.items
    ]
    return {"id": unit.id, "titles": dict(unit.titles), "items": items}


def _summary(here: Installation, actor: Actor, found: Found, counts: Counts) -> dict[str, Any]:
    collection, institution = found.collection, found.institution
    return {
        "id": collection.public_id,
        "url": f"{here.settings.base_url}/api/collections/{collection.public_id}",
        "institution": {"slug": institution.slug, "names": dict(sorted(institution.names.items()))},
        **collection.model_dump(include={"titles", "descriptions", "membership", "state", "created", "changed"}),
        "counts": {"units": counts.units, "items": counts.items if found.edited_by(actor) else counts.shown},
    }
