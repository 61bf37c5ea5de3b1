"""``/``: what is here, and the ways into it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from api import render, searching
from api.pages import cards, frame, places, shelves
from api.pages.cards import Card
from api.pages.places import Place
from api.pages.shelves import Shown
from metadata import subjects
from oer import queries
from oer.db import reading
from oer.errors import Unavailable
from oer.installation import Installation
from oer.search.answers import Question
from oer.workflow import ResourceState

_NEWEST, _USED, _COLLECTIONS, _INSTITUTIONS = 8, 4, 4, 12
_SUBJECTS = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """A way into the search."""

    label: str
    path: str
    count: int


@dataclass(frozen=True, slots=True)
class Home:
    title: str
    resources: int
    institution_count: int
    collection_count: int
    subjects: Sequence[Choice]
    levels: Sequence[Choice]
    newest: Sequence[Card]
    used: Sequence[Card]
    collections: Sequence[Shown]
    institutions: Sequence[Place]
    oai_url: str
    api_url: str
    feed_url: str
    version: str


def show(request: Request) -> Response:
    here: Installation = request.app.state.installation
    spoken = render.spoken(request)
    with reading(here.engine) as session:
        counts = queries.resources.counts_by_state(session)
        rows = queries.resources.published(session, after=None, within=None, limit=_NEWEST)
        everyone = queries.institutions.everyone(session)
        choices = _choices(session, here, spoken)
        page = Home(
            title=here.settings.name(spoken),
            resources=counts.get(ResourceState.PUBLISHED, 0),
            institution_count=len(everyone),
            collection_count=queries.collections.published_count(session),
            subjects=choices.get("subject", [])[:_SUBJECTS],
            levels=choices.get("level", ()),
            newest=cards.shown(request, session, [resource.id or 0 for resource, _, _ in rows]),
            used=_used(request, session, here),
            collections=shelves.newest(request, session, limit=_COLLECTIONS),
            institutions=[places.of(request, one) for one in everyone[:_INSTITUTIONS]],
            oai_url=f"{here.settings.base_url}/oai",
            api_url=f"{here.settings.base_url}/api/resources",
            feed_url=f"{here.settings.base_url}{searching.FEED}",
            version=request.app.state.version,
        )
    return frame.sent(request, render.html(request, "home.html", page), spoken)


def _choices(session: Session, here: Installation, spoken: str) -> Mapping[str, list[Choice]]:
    """Fields and levels that there is something in; nothing while the index is being built."""
    try:
        found = here.search.find(Question(limit=1, lang=spoken, facets=("subject", "level")))
    except Unavailable:
        return {}
    told = searching.facets(session, found, {}, spoken)
    return {
        facet.name: [
            Choice(value.label, f"/search?{urlencode({facet.name: value.value})}", value.count)
            for value in facet.values
            if value.count and (facet.name != "subject" or subjects.is_field(value.value))
        ]
        for facet in told
    }


def _used(request: Request, session: Session, here: Installation) -> list[Card]:
    """What people have looked at or taken most in a year, once there is enough of it to fill the row."""
    if not here.settings.usage or queries.usage.used_count(session, most=_USED) < _USED:
        return []
    try:
        ids = here.search.find(Question(sort="used", limit=_USED)).ids
    except Unavailable:
        return []
    return cards.shown(request, session, ids)
