"""``/``: what runs here, in words."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from api import conditional, render, security
from metadata import licences, vocabularies
from metadata.record import Text, pick
from oer import institutions, queries, stored
from oer.db import reading
from oer.errors import Unavailable
from oer.installation import Installation
from oer.models import Institution, Resource, Version
from oer.workflow import ResourceState

_NEWEST = 12
_INSTITUTIONS = 24


@dataclass(frozen=True, slots=True)
class Card:
    """A resource in a list."""

    path: str
    title: Text | None
    creators: tuple[str, ...]
    kind: str | None
    licence: str | None
    institution: Text
    published: datetime


@dataclass(frozen=True, slots=True)
class Home:
    title: str
    resources: int
    institution_count: int
    newest: Sequence[Card]
    institutions: Sequence[Text]
    oai_url: str
    api_url: str
    openapi_url: str
    version: str


def show(request: Request) -> Response:
    here: Installation = request.app.state.installation
    spoken = render.language(request)
    with reading(here.engine) as session:
        counts = queries.resources.counts_by_state(session)
        rows = queries.resources.published(session, after=None, within=None, limit=_NEWEST)
        places = queries.institutions.everyone(session)
    base_url = here.settings.base_url
    page = Home(
        title=here.settings.name(spoken),
        resources=counts.get(ResourceState.PUBLISHED, 0),
        institution_count=len(places),
        newest=_cards(rows, spoken),
        institutions=[institution_name(place, spoken) for place in places[:_INSTITUTIONS]],
        oai_url=f"{base_url}/oai",
        api_url=f"{base_url}/api/resources",
        openapi_url=f"{base_url}/api/openapi.json",
        version=request.app.state.version,
    )
    return sent(request, render.html(request, "home.html", page), spoken)


def _cards(rows: Sequence[tuple[Resource, Version, Institution]], spoken: str) -> list[Card]:
    found = []
    for row in rows:
        # One that is damaged, and logged, must not take the others along.
        with suppress(Unavailable):
            found.append(_card(*row, spoken))
    return found


def _card(resource: Resource, version: Version, institution: Institution, spoken: str) -> Card:
    record = stored.record_of(resource, version)
    licence = licences.get(record.licence) if record.licence else None
    return Card(
        path=f"/resources/{resource.public_id}",
        title=pick(record.title, spoken),
        creators=tuple(creator.name for creator in record.creators),
        kind=vocabularies.label("hcrt", record.resource_type, spoken) if record.resource_type else None,
        licence=licence.short if licence else None,
        institution=institution_name(institution, spoken),
        published=resource.published or version.published,
    )


def institution_name(institution: Institution, spoken: str) -> Text:
    name, lang = institutions.name_in(institution, spoken)
    return Text(value=name, lang=lang)


def sent(
    request: Request,
    content: bytes,
    spoken: str,
    *,
    policy: str = security.PAGES,
    vary: str = "Accept, Accept-Language",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A page that anybody may keep, as long as they ask about it. ``policy`` says what it may load."""
    return conditional.answer(
        request,
        content,
        media_type="text/html; charset=utf-8",
        etag=conditional.tag(content),
        vary=vary,
        packs=True,
        headers={"Content-Language": spoken, "Content-Security-Policy": policy, **(headers or {})},
    )
