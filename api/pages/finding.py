"""``/search``: hits with the words that count, and links that narrow them. Works without a script; with one the same
answer replaces the one that is there.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api import errors, i18n, paging, render, schemas, searching, security, showing
from api.pages import cards, frame
from api.pages.cards import Card
from metadata import subjects
from oer.db import reading
from oer.errors import Invalid, NotFound, OerError, Unavailable
from oer.installation import Installation
from oer.search import answers, grammar, schema, snippets, values
from oer.search.answers import Found, Question

PATH = "/search"
_PAGE = 20
_BEFORE = "seen"
_FACETS: tuple[schema.FacetName, ...] = (
    "subject",
    "level",
    "type",
    "language",
    "permits",
    "licence",
    "institution",
    "media",
    "accessibility",
    "audience",
    "duration",
    "offline",
    "year",
)
_OPEN = frozenset({"subject", "level", "type", "language"})  # facets that stand open
_SHOWN = 8  # values of one that are shown
_SORTS: tuple[answers.Sort, ...] = ("relevance", "newest", "used", "title")

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a facet: ``href`` chooses it, or leaves it out again."""

    label: str
    count: int
    chosen: bool
    href: str
    below: "Sequence[Value]"


@dataclass(frozen=True, slots=True)
class Part:
    """Values of one list of terms; ``code`` is where the catalogue has its heading, empty where a facet has but one."""

    code: str
    values: Sequence[Value]

    @property
    def count(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Facet:
    """``rest``: values that are shown when asked for; ``more`` are not told at all."""

    name: str
    parts: Sequence[Part]
    rest: Sequence[Part]
    more: int
    open: bool


@dataclass(frozen=True, slots=True)
class Chip:
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Order:
    name: str
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Meant:
    text: str
    total: int
    href: str


@dataclass(frozen=True, slots=True)
class SearchPage:
    """``kept``: what the form sends along; ``start`` and ``end``: the numbers of the first hit and of the last;
    ``refused``: why there are none.
    """

    text: str
    kept: Pairs
    total: int
    reachable: int | None
    hits: Sequence[Card]
    start: int
    end: int
    facets: Sequence[Facet]
    chips: Sequence[Chip]
    clear: str
    orders: Sequence[Order]
    meant: Meant | None
    next: str | None
    first: str | None
    narrowed: bool
    refused: str | None
    feed_url: str
    api_url: str


class Asked(searching.Asked):
    """What an address of this page asks for; what it is counted by is always the same, and stands in none."""

    @property
    def filters(self) -> dict[str, Any]:
        return {name: value for name, value in super().filters.items() if name != "facets"}


class _Links:
    """Addresses of this page with something else chosen. A new choice begins at the first page."""

    def __init__(self, request: Request, asked: Asked) -> None:
        self._request = request
        told = [
            (name, _canonical(name, one))
            for name, value in asked.filters.items()
            for one in (value if isinstance(value, list) else [value])
        ]
        self.pairs: list[tuple[str, str]] = list(dict.fromkeys(told))

    def to(self, pairs: Iterable[tuple[str, str]]) -> str:
        told = urlencode(list(pairs))
        return render.href(self._request, f"{PATH}?{told}" if told else PATH)

    def toggled(self, name: str, value: str) -> str:
        chosen = (name, value) in self.pairs
        others = [pair for pair in self.pairs if pair != (name, value)]
        return self.to(others if chosen else [*others, (name, value)])

    def instead(self, name: str, value: str) -> str:
        return self.to([*(pair for pair in self.pairs if pair[0] != name), (name, value)])

    def without(self, *names: str) -> str:
        return self.to(pair for pair in self.pairs if pair[0] not in names)


def _canonical(name: str, written: str) -> str:
    """As links write it: the choice that is taken back is the one that was made, however it was written."""
    chosen = values.canonical(name, written) if name in schema.FACETS and name != "institution" else None
    return chosen or written


def show(request: Request) -> Response:
    asked, refusal = _asked(request)
    try:
        if refusal:
            raise refusal
        page, fault = _found(request, asked), None
    except (Invalid, NotFound, Unavailable) as error:
        fault = errors.of_repository(error)
        words = i18n.message(fault.code, render.spoken(request), **fault.params)
        page = _refused(request, asked, words)
    content = render.html(request, "search.html", page)
    if fault is None:
        return frame.sent(request, content, render.spoken(request))
    headers = {"Cache-Control": "no-store", "Content-Language": render.spoken(request), **fault.headers}
    headers["Content-Security-Policy"] = security.SCRIPTED
    return HTMLResponse(content, status_code=fault.status, headers=headers)


def _asked(request: Request) -> tuple[Asked, OerError | None]:
    """What the address asks for; parameters that are not ours are passed over, as people keep pasting addresses."""
    more = [name for name in schema.FACETS if name not in _FACETS and name in request.query_params]
    given: dict[str, Any] = {"facets": [*_FACETS, *more]}
    for name, value in request.query_params.multi_items():
        if name in schema.FACETS:
            given.setdefault(name, []).append(value)
        elif name in ("q", "sort", "cursor"):
            given[name] = value or None
    try:
        return Asked.model_validate(given), None
    except ValidationError as error:
        wrong = [str(one["loc"][0]) for one in error.errors()]
        field = wrong[0]
        rest = {name: value for name, value in given.items() if name not in wrong}
        if "q" in wrong:
            rest["q"] = str(given["q"])[: grammar.LONGEST]
        refusal = Invalid("search.value-unknown", field=field, value=str(given.get(field))[:80])
        return Asked.model_validate(rest), refusal


def _found(request: Request, asked: Asked) -> SearchPage:
    here: Installation = request.app.state.installation
    spoken = render.spoken(request)
    key = paging.position(here, request, asked)
    links = _Links(request, asked)
    with reading(here.engine) as session:
        question = searching.question(
            session, asked, key=key, limit=_PAGE + 1, lang=spoken, sort=asked.order, facets=asked.facets
        )
        found = here.search.find(question)
        meant = here.search.meant(question) if question.text.strip() and not found.total else None
        hits = _hits(request, session, here, question, found)
        told = searching.facets(session, found, question.chosen, spoken)
        told.sort(key=lambda facet: _FACETS.index(facet.name) if facet.name in _FACETS else len(_FACETS))
    before = question.offset or (_before(request, found) if key else 0)
    text = (asked.q or "").strip()
    return SearchPage(
        text=text,
        kept=[pair for pair in links.pairs if pair[0] != "q"],
        total=found.total,
        reachable=answers.DEEPEST if question.sort == "relevance" and found.total > answers.DEEPEST else None,
        hits=hits,
        start=before + 1,
        end=before + len(hits),
        facets=[facet for facet in (_facet(one, links) for one in told) if facet],
        chips=list(_chips(told, links)),
        clear=links.without(*schema.FACETS),
        orders=_orders(links, asked.order, with_words=bool(text)),
        meant=Meant(meant.text, meant.total, links.instead("q", meant.text)) if meant else None,
        next=render.onward(request, _next(request, here, asked, question, found, before)),
        first=links.to(links.pairs) if key else None,
        narrowed=bool(asked.chosen or key or asked.sort),
        refused=None,
        feed_url=searching.feed_url(here, asked),
        api_url=searching.list_url(here, asked),
    )


def _hits(request: Request, session: Session, here: Installation, question: Question, found: Found) -> list[Card]:
    items = showing.items(session, here, request.app.state.shelf, found.ids[:_PAGE])
    wanted = snippets.wanted(grammar.parse(question.text))
    said = searching.found_in(session, items, wanted, question.lang) if wanted else []
    return cards.of_items(request, session, items, {one.id: one for one in said})


def _before(request: Request, found: Found) -> int:
    """How many hits came before, as the page before says. It is shown and nothing else: who changes it fools nobody."""
    told = request.query_params.get(_BEFORE, "")
    return min(int(told), max(0, found.total - len(found.ids))) if re.fullmatch("[0-9]{1,9}", told) else 0


def _next(
    request: Request, here: Installation, asked: Asked, question: Question, found: Found, before: int
) -> str | None:
    if len(found.ids) <= _PAGE:
        return None
    if question.sort == "relevance":
        return paging.following(here, request, asked, (question.offset + _PAGE,))
    behind = searching.key_of(found, _PAGE - 1, question.lang)
    return f"{paging.following(here, request, asked, behind)}&{_BEFORE}={before + _PAGE}"


def _refused(request: Request, asked: Asked, words: str) -> SearchPage:
    here: Installation = request.app.state.installation
    links = _Links(request, asked)
    text = (asked.q or "").strip()
    return SearchPage(
        text=text,
        kept=[],
        total=0,
        reachable=None,
        hits=[],
        start=1,
        end=0,
        facets=[],
        chips=[],
        clear=links.without(*schema.FACETS),
        orders=[],
        meant=None,
        next=None,
        first=None,
        narrowed=True,
        refused=words,
        feed_url=f"{here.settings.base_url}{searching.FEED}",
        api_url=f"{here.settings.base_url}/api/resources",
    )


def _facet(told: schemas.FacetOut, links: _Links) -> Facet | None:
    """None where there is nothing to choose between."""
    chosen = any(value.chosen for value in told.values)
    if len(told.values) < 2 and not chosen:
        return None
    below: dict[str | None, list[schemas.FacetValueOut]] = {}
    known = {value.value for value in told.values}
    for value in told.values:
        below.setdefault(value.broader if value.broader in known else None, []).append(value)
    tops = below.get(None, [])
    first = [value for at, value in enumerate(tops) if at < _SHOWN or value.chosen or below.get(value.value)]

    def parts(values: Iterable[schemas.FacetValueOut]) -> list[Part]:
        found: dict[str, list[Value]] = {}
        for value in values:
            found.setdefault(_part(told.name, value.value), []).append(_value(value, below, told.name, links))
        return [Part(code, each) for code, each in found.items()]

    return Facet(
        name=told.name,
        parts=parts(first),
        rest=parts(value for value in tops if value not in first),
        more=told.more,
        open=told.name in _OPEN or chosen,
    )


def _part(facet: str, value: str) -> str:
    """Subjects are of two vocabularies, which say the same things in other words: mixed they read like mistakes."""
    if facet != "subject":
        return ""
    return "site.fields" if subjects.is_field(value) else "site.thesaurus"


def _value(
    value: schemas.FacetValueOut,
    below: Mapping[str | None, Sequence[schemas.FacetValueOut]],
    facet: str,
    links: _Links,
) -> Value:
    inside = [_value(one, below, facet, links) for one in below.get(value.value, ())]
    return Value(value.label, value.count, value.chosen, links.toggled(facet, value.value), inside)


def _chips(told: Sequence[schemas.FacetOut], links: _Links) -> Iterator[Chip]:
    for facet in told:
        for value in facet.values:
            if value.chosen:
                yield Chip(value.label, links.toggled(facet.name, value.value))


def _orders(links: _Links, chosen: answers.Sort, *, with_words: bool) -> list[Order]:
    """Without words there is nothing that could fit better."""
    offered = [name for name in _SORTS if with_words or name != "relevance"]
    return [Order(name, links.instead("sort", name), name == chosen) for name in offered]
