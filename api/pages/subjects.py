"""``/subjects``: the tree of subjects, a branch at a time, with what is in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from api import i18n, render, schemas, searching
from api.pages import cards, frame
from api.pages.cards import Card
from api.pages.steps import Step
from metadata import subjects
from metadata.record import Text
from oer.db import reading
from oer.errors import NotFound
from oer.installation import Installation
from oer.search import values
from oer.search.answers import Question

_CARDS = 8


@dataclass(frozen=True, slots=True)
class Branch:
    label: str
    path: str
    count: int


@dataclass(frozen=True, slots=True)
class Group:
    """``code`` is where the catalogue has its heading: fields of education, or domains of the thesaurus."""

    code: str
    choices: Sequence[Branch]


@dataclass(frozen=True, slots=True)
class SubjectsPage:
    """``label`` is empty on the page of the whole tree."""

    label: str
    trail: Sequence[Step]
    search_path: str
    total: int
    groups: Sequence[Group]
    cards: Sequence[Card]


def show(request: Request) -> Response:
    """Raises NotFound for a subject that is none, Unavailable while the index is being built."""
    here: Installation = request.app.state.installation
    spoken = render.spoken(request)
    written = request.query_params.get("subject", "")
    uri = values.canonical("subject", written) if written else None
    if written and uri is None:
        raise NotFound("page.unknown")
    chosen = {"subject": [uri]} if uri else {}
    question = Question(chosen=chosen, sort="newest", lang=spoken, limit=_CARDS if uri else 1, facets=("subject",))
    with reading(here.engine) as session:
        found = here.search.find(question)
        (told,) = searching.facets(session, found, chosen, spoken)
        shown = cards.shown(request, session, found.ids) if uri else []
    page = SubjectsPage(
        label=searching.label("subject", uri, spoken) if uri else "",
        trail=_trail(uri, spoken),
        search_path=_path("/search", uri or ""),
        total=found.total,
        groups=_below(told, uri),
        cards=shown,
    )
    return frame.sent(request, render.html(request, "subjects.html", page), spoken)


def _below(told: schemas.FacetOut, uri: str | None) -> list[Group]:
    """What is right below the subject and has something in it; of the whole tree the widest, by their names."""
    found: dict[str, list[Branch]] = {"site.fields": [], "site.thesaurus": []}
    for one in sorted(told.values, key=lambda one: i18n.alphabetical(one.label)):
        if one.broader == uri and one.count and one.value != uri:
            code = "site.fields" if subjects.is_field(one.value) else "site.thesaurus"
            found[code].append(Branch(one.label, _path("/subjects", one.value), one.count))
    return [Group(code, choices) for code, choices in found.items() if choices]


def _trail(uri: str | None, spoken: str) -> list[Step]:
    if uri is None:
        return []
    wider = [one for one in reversed(subjects.closure(uri)) if one != uri]
    above = [
        Step(_path("/subjects", one), Text(value=searching.label("subject", one, spoken), lang=spoken)) for one in wider
    ]
    return [Step("/subjects", code="site.subjects"), *above]


def _path(path: str, uri: str) -> str:
    return f"{path}?{urlencode({'subject': uri})}"
