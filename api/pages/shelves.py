"""``/collections``: resources that belong together, in ordered units."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError
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
from oer.errors import Invalid
from oer.installation import Installation
from oer.models import Collection, CollectionUnit, Institution
from oer.policy import ANONYMOUS
from oer.queries.collections import Counts, Place

_PAGE = 24
_ITEMS = 100  # of a collection on a page
_LOOKED_AT = 3  # items of a collection, for one that has a picture


@dataclass(frozen=True, slots=True)
class Shown:
    """A collection in a list. ``items``: what everybody sees in it; ``cover``: a picture of one of the first."""

    path: str
    title: Text
    description: Text | None
    institution: Text
    items: int
    tint: int
    cover: str | None


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
    """Those items of it that are on the page; ``anchor`` is its place there."""

    title: Text | None
    anchor: str
    entries: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Way:
    """Where a unit begins."""

    title: Text
    href: str


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
    """``items`` of the whole collection, ``start`` and ``end`` the numbers of the first and the last on this page."""

    title: Text
    descriptions: Sequence[Text]
    institution: Text
    trail: Sequence[Step]
    items: int
    start: int
    end: int
    next: str | None
    first: str | None
    ways: Sequence[Way]
    units: Sequence[Unit]
    pack: Offer | None
    api_url: str


def newest(request: Request, session: Session, *, limit: int, within: str | None = None) -> list[Shown]:
    """Published collections, the newest first."""
    rows = queries.collections.published(session, within=within, limit=limit)
    return _list(request, session, rows)


def holding(request: Request, session: Session, *, resource_id: int, limit: int) -> list[Shown]:
    """Published collections that a resource is in."""
    rows = queries.collections.published(session, containing=resource_id, limit=limit)
    return _list(request, session, rows)


def _list(request: Request, session: Session, rows: Sequence[tuple[Collection, Institution]]) -> list[Shown]:
    ids = [one.id or 0 for one, _ in rows]
    counts, covers = queries.collections.counts(session, collection_ids=ids), _covers(request, session, ids)
    return [_shown(request, collection, institution, counts, covers) for collection, institution in rows]


def _covers(request: Request, session: Session, ids: Sequence[int]) -> Mapping[int, str]:
    first = queries.collections.first(session, collection_ids=ids, most=_LOOKED_AT)
    wanted = {resource_id: public_id for each in first.values() for resource_id, public_id in each}
    covers = {card.id: card.cover for card in cards.shown(request, session, list(wanted)) if card.cover}
    found = {key: [covers[public_id] for _, public_id in each if public_id in covers] for key, each in first.items()}
    return {key: each[0] for key, each in found.items() if each}


def _shown(
    request: Request,
    collection: Collection,
    institution: Institution,
    counts: Mapping[int, Counts],
    covers: Mapping[int, str],
) -> Shown:
    spoken = render.spoken(request)
    return Shown(
        path=f"/collections/{collection.public_id}",
        title=cards.name(collection.titles, collection.public_id, spoken),
        description=_said(collection.descriptions, spoken),
        institution=frame.institution_name(institution, spoken),
        items=counts[collection.id or 0].shown,
        tint=cards.tint_of(collection.public_id),
        cover=covers.get(collection.id or 0),
    )


def _said(texts: Mapping[str, str], spoken: str) -> Text | None:
    return pick([Text(value=value, lang=lang) for lang, value in texts.items()], spoken)


def listed(request: Request) -> Response:
    """Raises Invalid for a cursor that is none."""
    here: Installation = request.app.state.installation
    cursor = request.query_params.get("cursor")
    try:
        asked = paging.Asked(cursor=cursor)
    except ValidationError:
        raise Invalid("cursor.invalid", field="cursor") from None
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
        places = queries.collections.shown(session, collection_id=found.collection.id or 0)
        units = queries.collections.units(session, collection_id=found.collection.id or 0)
        at = _page_at(request, len(places))
        start, end = at * _ITEMS, min((at + 1) * _ITEMS, len(places))
        told = {card.id: card for card in cards.shown(request, session, [one.resource_id for one in places[start:end]])}
        path = f"/collections/{found.collection.public_id}"
        above = [*queries.institutions.above(session, institution=found.institution), found.institution]
        page = CollectionPage(
            title=cards.name(found.collection.titles, found.collection.public_id, spoken),
            descriptions=[said] if (said := _said(found.collection.descriptions, spoken)) else [],
            institution=frame.institution_name(found.institution, spoken),
            trail=[Step("/collections", code="site.collections"), *steps.to_institution(request, above)[1:]],
            items=len(places),
            start=start + 1,
            end=end,
            next=render.href(request, f"{path}?page={at + 2}") if end < len(places) else None,
            first=render.href(request, path) if at else None,
            ways=list(_ways(request, path, units, places, at)),
            units=[
                Unit(_said(unit.titles, spoken), _anchor(unit), items)
                for unit in units
                if (items := [Item(told[e.public_id], e.note) for e in places[start:end] if _in(e, unit.id, told)])
            ],
            pack=_offer(request, session, here, found) if not at else None,
            api_url=f"{here.settings.base_url}/api/collections/{found.collection.public_id}",
        )
    return frame.sent(request, render.html(request, "collection.html", page), spoken)


def _page_at(request: Request, items: int) -> int:
    """The number of the page that is asked for, from 0; what is none is the first."""
    asked = request.query_params.get("page", "")
    number = int(asked) if re.fullmatch("[0-9]{1,4}", asked) else 1
    return min(max(number, 1), max(1, -(-items // _ITEMS))) - 1


def _ways(
    request: Request, path: str, units: Sequence[CollectionUnit], places: Sequence[Place], at: int
) -> Iterator[Way]:
    """To the beginning of each unit that has a title and something to show."""
    begins: dict[int, int] = {}
    for number, place in enumerate(places):
        begins.setdefault(place.unit_id, number // _ITEMS)
    for unit in units:
        title, page = _said(unit.titles, render.spoken(request)), begins.get(unit.id or 0)
        if title and page is not None:
            there = "" if page == at else render.href(request, f"{path}?page={page + 1}")
            yield Way(title, f"{there}#{_anchor(unit)}")


def _anchor(unit: CollectionUnit) -> str:
    return f"unit-{unit.public_id}"


def _offer(request: Request, session: Session, here: Installation, found: collections.Found) -> Offer | None:
    """None where nobody may have any file of it."""
    offered = packs.offered(session, found, today=here.now().date())
    if not offered.files:
        return None
    url = f"{request.app.state.prefix}/api/collections/{found.collection.public_id}/pack?lang={render.spoken(request)}"
    return Offer(
        url=url,
        size=offered.size,
        files=offered.files,
        light_url=f"{url}&light=true",
        light_size=offered.light,
    )


def _in(place: Place, unit_id: int | None, told: Mapping[str, Card]) -> bool:
    return place.unit_id == unit_id and place.public_id in told
