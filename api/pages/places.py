"""``/institutions``: the directory, by kind and country, and the site that each institution has here."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from babel import Locale
from markupsafe import Markup
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from api import colours, conditional, i18n, prose, render, searching
from api.pages import cards, frame, shelves, steps
from api.pages.cards import Card
from api.pages.shelves import Shown
from api.pages.steps import Step
from metadata import vocabularies
from metadata.record import Text, pick
from oer import queries
from oer.db import reading
from oer.errors import NotFound, Unavailable
from oer.exposure import memberships
from oer.installation import Installation
from oer.models import Institution
from oer.queries.usage import Count
from oer.search.answers import Question

_NEWEST, _COLLECTIONS, _NEWS = 12, 8, 5
KINDS = frozenset(
    ["organisation", "ministry", "national_commission", "university", "school", "centre", "club", "chair", "partner"]
)
_DEMO = "demo-"  # how the names of demonstrations begin


@dataclass(frozen=True, slots=True)
class Place:
    """An institution in a list. ``count`` of its resources, where that is told."""

    slug: str
    path: str
    name: Text
    kind: str
    country: str | None
    logo: str | None
    count: int | None


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Group:
    """``known``: the catalogue has a plural of the kind; an operator's own kind is shown by its label."""

    kind: str
    known: bool
    label: str
    places: Sequence[Place]


@dataclass(frozen=True, slots=True)
class Directory:
    total: int
    kinds: Sequence[Option]
    countries: Sequence[Option]
    groups: Sequence[Group]


@dataclass(frozen=True, slots=True)
class News:
    title: Text
    text: Text
    html: Markup
    published: date


@dataclass(frozen=True, slots=True)
class PlacePage:
    slug: str
    name: Text
    other_names: Sequence[Text]
    descriptions: Sequence[Text]
    place: Place
    trail: Sequence[Step]
    homepage: str | None
    colours: str | None
    demo: bool
    total: int
    usage: Count | None
    announcements: Sequence[News]
    newest: Sequence[Card]
    collections: Sequence[Shown]
    below: Sequence[Place]
    api_url: str
    feed_url: str
    news_feed_url: str
    oai_url: str


def listed(request: Request) -> Response:
    here: Installation = request.app.state.installation
    spoken = render.spoken(request)
    with reading(here.engine) as session:
        everyone = queries.institutions.everyone(session)
        counts = _counts(here)
    kind, country = request.query_params.get("kind", ""), request.query_params.get("country", "")
    wanted = [one for one in everyone if kind in ("", one.kind) and country in ("", one.country)]
    groups: dict[str, list[Place]] = {}
    for one in wanted:
        groups.setdefault(one.kind, []).append(of(request, one, counts.get(str(one.id), 0) if counts else None))
    page = Directory(
        total=len(wanted),
        kinds=_options(Counter(one.kind for one in everyone), kind, lambda value: kind_name(value, spoken)),
        countries=_options(
            Counter(one.country for one in everyone if one.country), country, lambda value: country_name(value, spoken)
        ),
        groups=[
            Group(
                value,
                value in KINDS,
                kind_name(value, spoken),
                sorted(each, key=lambda place: i18n.alphabetical(place.name.value)),
            )
            for value, each in sorted(groups.items(), key=lambda pair: _rank(pair[0]))
        ],
    )
    return frame.sent(request, render.html(request, "institutions.html", page), spoken)


def _counts(here: Installation) -> Mapping[str, int]:
    """Resources of each institution and those below it, by its number; nothing while the index is being built."""
    try:
        return here.search.find(Question(limit=1, facets=("institution",))).counts["institution"]
    except Unavailable:
        return {}


def _options(found: Mapping[str, int], chosen: str, say: Callable[[str], str]) -> list[Option]:
    told = [Option(value, say(value), count, value == chosen) for value, count in found.items()]
    return sorted(told, key=lambda one: i18n.alphabetical(one.label))


def _rank(kind: str) -> int:
    """In the order of the vocabulary: from organisations down to clubs."""
    known = list(vocabularies.terms("institution-kinds"))
    return known.index(kind) if kind in known else len(known)


def kind_name(kind: str, spoken: str) -> str:
    return vocabularies.label("institution-kinds", kind, spoken)


def country_name(code: str, spoken: str) -> str:
    name: str = Locale.parse(spoken).territories.get(code, code)
    return name


def of(request: Request, one: Institution, count: int | None = None) -> Place:
    spoken, prefix = render.spoken(request), request.app.state.prefix
    return Place(
        slug=one.slug,
        path=f"/institutions/{one.slug}",
        name=frame.institution_name(one, spoken),
        kind=kind_name(one.kind, spoken),
        country=country_name(one.country, spoken) if one.country else None,
        logo=f"{prefix}/api/institutions/{one.slug}/logo" if one.logo else None,
        count=count,
    )


def show(request: Request) -> Response:
    """Raises NotFound."""
    here: Installation = request.app.state.installation
    spoken = render.spoken(request)
    with reading(here.engine) as session:
        found = searching.institution(session, request.path_params["slug"])
        rows = queries.resources.published(session, after=None, within=found.path, limit=_NEWEST)
        above = queries.institutions.above(session, institution=found)
        below = queries.institutions.walked(session, parent_id=found.id, limit=200)
        counts = _counts(here)
        base_url = here.settings.base_url
        name = frame.institution_name(found, spoken)
        slugs = [*(one.slug for one in above), found.slug]
        page = PlacePage(
            slug=found.slug,
            name=name,
            other_names=[Text(value=value, lang=lang) for lang, value in found.names.items() if value != name.value],
            descriptions=_description(found, spoken),
            place=of(request, found),
            trail=steps.to_institution(request, above),
            homepage=found.homepage,
            colours=_colours_url(request, found),
            demo=found.slug.startswith(_DEMO),
            total=counts.get(str(found.id), 0) if counts else len(rows),
            usage=queries.usage.branch_total(session, path=found.path) if here.settings.usage else None,
            announcements=_news(session, here, found, spoken),
            newest=cards.shown(request, session, [resource.id or 0 for resource, _, _ in rows]),
            collections=shelves.newest(request, session, limit=_COLLECTIONS, within=found.path),
            below=[of(request, one, counts.get(str(one.id), 0) if counts else None) for one in below],
            api_url=f"{base_url}/api/institutions/{found.slug}",
            feed_url=f"{base_url}{searching.FEED}?institution={found.slug}",
            news_feed_url=f"{base_url}/api/institutions/{found.slug}/announcements/feed",
            oai_url=f"{base_url}/oai?verb=ListRecords&metadataPrefix=oai_dc&set={memberships.institution_spec(slugs)}",
        )
    return frame.sent(request, render.html(request, "institution.html", page), spoken)


def _description(found: Institution, spoken: str) -> list[Text]:
    told = [Text(value=value, lang=lang) for lang, value in found.descriptions.items()]
    chosen = pick(told, spoken)
    return [chosen] if chosen else []


def _news(session: Session, here: Installation, found: Institution, spoken: str) -> list[News]:
    rows = queries.announcements.of_institution(
        session, institution_id=found.id or 0, state="current", now=here.now(), limit=_NEWS
    )
    told = []
    for row in rows:
        title, text = cards.name(row.titles, "", spoken), cards.name(row.texts, "", spoken)
        told.append(News(title, text, prose.prose(text.value, text.lang), row.published.date()))
    return told


def _colours_url(request: Request, found: Institution) -> str | None:
    if not found.colour:
        return None
    return f"{request.app.state.prefix}/institutions/{found.slug}/colours.css?v={found.colour.lstrip('#')}"


def colouring(request: Request) -> Response:
    """The style sheet with the institution's colour. Raises NotFound where it has none."""
    here: Installation = request.app.state.installation
    with reading(here.engine) as session:
        found = searching.institution(session, request.path_params["slug"])
    if not found.colour:
        raise NotFound("page.unknown")
    content = colours.stylesheet(found.colour).encode()
    return conditional.answer(
        request, content, media_type="text/css; charset=utf-8", etag=conditional.tag(content), vary=""
    )
