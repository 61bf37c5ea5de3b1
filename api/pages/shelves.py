"""``/collections``: resources that belong together, in ordered units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from api import paging, render
from api.pages import cards, frame, steps
from api.pages.cards import Card
from api.pages.steps import Step
from metadata.record import Text, pick
from oer import collections, packs, queries
from oer.db import reading
from oer.installation import Installation
from oer.models import Collection, Institution
from oer.policy import ANONYMOUS
from oer.queries.collections import Counts

_PAGE = 24


@dataclass(frozen=True, slots=True)
class Shown:
    """A collection in a list. ``items``: what everybody sees in it."""

    path: str
    title: Text
    description: Text | None
    institution: Text
    items: int
    tint: int


@dataclass(frozen=True, slots=True)
class ListPage:
    collections: Sequence[Shown]
    next: str | None


@dataclass(frozen=True, slots=True)
class Item:
    card: Card
    note: str


@dataclass(frozen=True, slots=True)
class Unit:
    title: Text | None
    entries: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Offer:
    """All of it to take along: sizes of the files in bytes, whole and in light variants."""

    url: str
    size: int
    files: int
    light_url: str
    light_size: int


@dataclass(frozen=True, slots=True)
class CollectionPage:
    title: Text
    descriptions: Sequence[Text]
    institution: Text
    trail: Sequence[Step]
    items: int
    units: Sequence[Unit]
    pack: Offer | None
    api_url: str


def newest(request: Request, session: Session, *, limit: int, within: str | None = None) -> list[Shown]:
    """Published collections that have something to show, the newest first."""
    rows = queries.collections.published(session, within=within, limit=limit)
    return _list(request, session, rows)


def holding(request: Request, session: Session, *, resource_id: int, limit: int) -> list[Shown]:
    """Published collections that a resource is in."""
    rows = queries.collections.published(session, containing=resource_id, limit=limit)
    return _list(request, session, rows)


def _list(request: Request, session: Session, rows: Sequence[tuple[Collection, Institution]]) -> list[Shown]:
    counts = queries.collections.counts(session, collection_ids=[one.id or 0 for one, _ in rows])
    return [_shown(request, collection, institution, counts) for collection, institution in rows]


def _shown(request: Request, collection: Collection, institution: Institution, counts: Mapping[int, Counts]) -> Shown:
    spoken = render.spoken(request)
    return Shown(
        path=f"/collections/{collection.public_id}",
        title=cards.name(collection.titles, collection.public_id, spoken),
        description=_said(collection.descriptions, spoken),
        institution=frame.institution_name(institution, spoken),
        items=counts[collection.id or 0].shown,
        tint=cards.tint_of(collection.public_id),
    )


def _said(texts: Mapping[str, str], spoken: str) -> Text | None:
    return pick([Text(value=value, lang=lang) for lang, value in texts.items()], spoken)


def listed(request: Request) -> Response:
    """Raises Invalid for a cursor that is none."""
    here: Installation = request.app.state.installation
    asked = paging.Asked(cursor=request.query_params.get("cursor"))
    key = paging.position(here, request, asked)
    with reading(here.engine) as session:
        rows = queries.collections.published(session, after=key[0] if key else None, limit=_PAGE + 1)
        shown = _list(request, session, rows[:_PAGE])
    more = len(rows) > _PAGE
    onward = paging.following(here, request, asked, (rows[_PAGE - 1][0].id or 0,)) if more else None
    page = ListPage(shown, render.onward(request, onward))
    return frame.sent(request, render.html(request, "collections.html", page), render.spoken(request))


def show(request: Request) -> Response:
    """Raises NotFound; what is a draft yet is not there."""
    here: Installation = request.app.state.installation
    spoken = render.spoken(request)
    with reading(here.engine) as session:
        found = collections.find(session, ANONYMOUS, request.path_params["public_id"])
        entries = queries.collections.entries(session, collection_id=found.collection.id or 0, shown=True)
        units = queries.collections.units(session, collection_id=found.collection.id or 0)
        told = {card.id: card for card in cards.shown(request, session, [one.resource_id for one in entries])}
        above = queries.institutions.by_ids(session, ids=[int(one) for one in _path(found.institution)])
        page = CollectionPage(
            title=cards.name(found.collection.titles, found.collection.public_id, spoken),
            descriptions=[said] if (said := _said(found.collection.descriptions, spoken)) else [],
            institution=frame.institution_name(found.institution, spoken),
            trail=[Step("/collections", code="site.collections"), *steps.to_institution(request, above.values())[1:]],
            items=len(told),
            units=[
                Unit(_said(unit.titles, spoken), items)
                for unit in units
                if (items := [Item(told[e.public_id], e.note) for e in entries if _in(e, unit.id, told)])
            ],
            pack=_offer(request, session, here, found),
            api_url=f"{here.settings.base_url}/api/collections/{found.collection.public_id}",
        )
    return frame.sent(request, render.html(request, "collection.html", page), spoken)


def _offer(request: Request, session: Session, here: Installation, found: collections.Found) -> Offer | None:
    """None where nobody may have any file of it."""
    today = here.now().date()
    whole, light = (packs.of_collection(session, found, light=light, today=today) for light in (False, True))
    files = list(whole.files)
    if not files:
        return None
    url = f"{request.app.state.prefix}/api/collections/{found.collection.public_id}/pack?lang={render.spoken(request)}"
    return Offer(
        url=url,
        size=sum(file.size for file in files),
        files=len(files),
        light_url=f"{url}&light=true",
        light_size=sum(file.size for file in light.files),
    )


def _path(institution: Institution) -> list[str]:
    return institution.path.strip("/").split("/")


def _in(entry: queries.collections.Entry, unit_id: int | None, told: Mapping[str, Card]) -> bool:
    return entry.unit_id == unit_id and entry.public_id in told
