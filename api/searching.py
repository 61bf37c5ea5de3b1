"""What a search answers: hits with the words that count, and what they are counted by, in the caller's language."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import Field
from sqlmodel import Session

from api import i18n, paging, schemas
from metadata import subjects, vocabularies
from oer import identifiers, queries
from oer.errors import Invalid, NotFound
from oer.installation import Installation
from oer.models import Institution
from oer.queries.institutions import Named
from oer.search import answers, grammar, schema, snippets, values
from oer.search.answers import Question
from oer.search.snippets import Piece, Told, Wanted

FEED = "/api/feed"

_MOST = 20  # values of one facet that are told
_CHOSEN = 50  # values that may be chosen in one

_Values = list[str]


def _chosen(description: str, *examples: str) -> Any:
    return Field(default_factory=list, max_length=_CHOSEN, description=description, examples=list(examples) or None)


class Narrowed(paging.Asked):
    """What is looked for. Several values of one facet mean any of them; several facets mean all of them."""

    q: str | None = Field(
        None,
        max_length=grammar.LONGEST,
        description='Words, `"a phrase"`, `-without`, `creator:name`, `type:video`, `OR`, parentheses; any text is '
        "understood",
        examples=["دورة الماء"],
    )
    institution: _Values = _chosen("Only these institutions and those below them", "ministry")
    subject: _Values = _chosen("Subjects with all that is narrower: URIs, codes or names", "0541")
    level: _Values = _chosen("Levels of education (ISCED 2011)", "level_1")
    type: _Values = _chosen("Kinds of resource (HCRT)", "video")
    language: _Values = _chosen("Languages of the content (BCP 47)", "ar")
    licence: _Values = _chosen("Licences: URIs or SPDX names", "CC-BY-4.0")
    permits: _Values = _chosen("What the licence permits: `adapt`, `sell`", "adapt")
    audience: _Values = _chosen("Whom it is for (LRMI)", "teacher")
    media: _Values = _chosen("Kinds of file", "video")
    accessibility: _Values = _chosen("Accessibility features (schema.org)", "captions")
    size: _Values = _chosen("All files together: `small` (below 1 MB), `medium` (10), `large` (100), `huge`", "small")
    duration: _Values = _chosen(
        "Playing time, else study time: `short` (below 5 minutes), `medium` (20), `long` (60), `longer`", "short"
    )
    offline: _Values = _chosen("Whether it works without the internet: `yes`, `no`", "yes")
    year: _Values = _chosen("Year of issue, of making, else of publication here", "2026")
    source: _Values = _chosen("Where it comes from: `own`", "own")

    @property
    def chosen(self) -> dict[str, list[str]]:
        return {facet: given for facet in schema.FACETS if (given := getattr(self, facet))}

    @property
    def filters(self) -> dict[str, Any]:
        return {name: value for name, value in super().filters.items() if value != []}


class Fed(Narrowed):
    """The parameters of a feed, whose readers seldom say what they speak."""

    lang: Literal["ar", "fr", "en"] | None = Field(
        None, description="Language of titles; else that of `Accept-Language`"
    )


class Asked(Narrowed):
    """The parameters of a search."""

    sort: answers.Sort | None = Field(
        None,
        description="`relevance` where something is asked for, else `newest`; `used`: the most used in a year first; "
        "`title` in the order of the language",
    )
    facets: list[schema.FacetName] = Field(
        default_factory=list, max_length=len(schema.FACETS), description="What to count the hits by; again for each"
    )

    @property
    def order(self) -> answers.Sort:
        return self.sort or ("relevance" if (self.q or "").strip() else "newest")

    @property
    def searches(self) -> bool:
        """Whether the index is asked. The plain list comes from the database, and shows everything at once."""
        plain = set(self.chosen) <= {"institution"} and len(self.institution) < 2
        return not plain or bool(self.facets or (self.q or "").strip()) or self.sort in ("title", "relevance", "used")


REPEATED = frozenset({"facets", *schema.FACETS})
"""Parameters that may be given more than once."""


def question(
    session: Session,
    asked: Narrowed,
    *,
    key: Sequence[Any] | None,
    limit: int,
    lang: str,
    sort: answers.Sort,
    facets: Sequence[str] = (),
) -> Question:
    """What is asked of the index. Raises Invalid for a value that is none, NotFound for an unknown institution."""
    return Question(
        text=asked.q or "",
        chosen={facet: _meant(session, facet, given) for facet, given in asked.chosen.items()},
        sort=sort,
        lang=lang,
        limit=limit,
        offset=int(key[0]) if key and sort == "relevance" else 0,
        after=_behind(key, lang) if key and sort != "relevance" else None,
        facets=tuple(dict.fromkeys(facets)),
    )


def key_of(found: answers.Found, at: int, lang: str) -> tuple[str, str]:
    """What the page behind a hit begins with: titles are in another order in another language."""
    return found.keys[at], lang


def _behind(key: Sequence[Any], lang: str) -> str:
    if key[1:] != [lang]:
        raise Invalid("cursor.invalid", field="cursor")
    return str(key[0])


def _meant(session: Session, facet: str, given: Sequence[str]) -> list[str]:
    if facet == "institution":
        return list(dict.fromkeys(str(institution(session, slug).id) for slug in given))
    found = [values.canonical(facet, one) for one in given]
    for written, value in zip(given, found, strict=True):
        if value is None:
            raise Invalid("search.value-unknown", field=facet, value=written)
    return list(dict.fromkeys(value for value in found if value))


def institution(session: Session, slug: str) -> Institution:
    """Raises NotFound."""
    found = queries.institutions.by_slug(session, slug=slug) if identifiers.is_slug(slug) else None
    if found is None:
        raise NotFound("institution.unknown", slug=slug)
    return found


def facets(
    session: Session, found: answers.Found, chosen: Mapping[str, Sequence[str]], lang: str
) -> list[schemas.FacetOut]:
    """The counts with words to show; the most frequent values, and all that are chosen."""
    return [_facet(session, name, counts, chosen.get(name, ()), lang) for name, counts in found.counts.items()]


def _facet(
    session: Session, name: str, counts: Mapping[str, int], chosen: Sequence[str], lang: str
) -> schemas.FacetOut:
    ranked = sorted(counts, key=lambda value: (_broader(name, value) not in chosen, _rank(name, value, counts[value])))
    shown = [value for at, value in enumerate(ranked) if at < _MOST or value in chosen]
    shown += [value for value in chosen if value not in counts]
    places = _places(session, shown) if name == "institution" else {}
    told = []
    for value in shown:
        place = places.get(value)
        if name == "institution" and place is None:
            continue  # it has just gone
        told.append(
            schemas.FacetValueOut(
                value=place.slug if place else value,
                label=_place_name(place, lang) if place else label(name, value, lang),
                count=counts.get(value, 0),
                chosen=value in chosen,
                broader=_above(place, places) if place else _broader(name, value),
            )
        )
    return schemas.FacetOut(name=name, values=told, more=len(set(ranked) - set(shown)))


def _rank(name: str, value: str, count: int) -> tuple[Any, ...]:
    """Values that have an order keep it; years begin with the last; of all others the most frequent come first."""
    if name in values.CLOSED:
        return (values.CLOSED[name].index(value) if value in values.CLOSED[name] else len(value),)
    if name == "level":
        return (value,)
    if name == "year":
        return (-int(value),)
    if name == "subject":
        return (not subjects.is_field(value), -count, value)  # fields first: two trees mixed read like mistakes
    return (-count, value)


def _places(session: Session, ids: Sequence[str]) -> dict[str, Named]:
    found = queries.institutions.named(session, ids=[int(one) for one in ids])
    return {str(key): place for key, place in found.items()}


def _place_name(place: Named, lang: str) -> str:
    return place.names.get(lang) or next(iter(place.names.values()), place.slug)


def _above(place: Named, places: Mapping[str, Named]) -> str | None:
    above = places.get(place.above) if place.above else None
    return above.slug if above else None


def _broader(name: str, value: str) -> str | None:
    """The subject above this one."""
    return next(iter(subjects.wider(value)), None) if name == "subject" else None


def label(name: str, value: str, lang: str) -> str:
    """What a value is called."""
    return _label(name, value, lang, vocabularies.digest())


@lru_cache(maxsize=4096)
def _label(name: str, value: str, lang: str, _terms: str) -> str:
    """Kept for as long as terms and the operator's labels stay the same."""
    if name in values.VOCABULARIES:
        schemes = values.VOCABULARIES[name]
        scheme = next((one for one in schemes if vocabularies.term(one, value)), schemes[0])
        return vocabularies.label(scheme, value, lang)
    if name in values.CLOSED:
        return i18n.message(f"search.{name}-{value}", lang)
    return i18n.language_name(value, lang) if name == "language" else value


def found_in(session: Session, items: Sequence[bytes], wanted: Wanted, lang: str) -> list[schemas.FoundOut]:
    """Where each of these resources, as JSON, says what was asked for."""
    told = [json.loads(item) for item in items]
    pieces = [_said(item["record"], wanted, lang) for item in told]
    sought = [
        (item, file)
        for item, said in zip(told, pieces, strict=True)
        if item["access"]["kind"] == "open" and not snippets.is_all(wanted, said)
        for file in item["files"]
        if file["role"] in queries.texts.SAYING
    ]
    inside = _inside(session, sought, wanted) if sought else {}
    return [
        schemas.FoundOut(id=item["id"], title=_piece(title), text=_piece(text), file=inside.get(item["id"]))
        for item, (title, text) in zip(told, pieces, strict=True)
    ]


def _said(record: Mapping[str, Any], wanted: Wanted, lang: str) -> tuple[Piece | None, Piece | None]:
    title, description = (
        [Told(text["value"], text.get("lang", "und")) for text in record.get(name, ())]
        for name in ("title", "description")
    )
    return snippets.title(title, wanted, lang), snippets.text(description, wanted, lang)


def _inside(
    session: Session, sought: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], wanted: Wanted
) -> dict[str, schemas.InsideOut]:
    """Public id → the first of its files that says what was asked for."""
    saying = queries.texts.with_words(session, keys=[file["sha256"] for _, file in sought])
    budget = snippets.Budget()
    found: dict[str, schemas.InsideOut] = {}
    for item, file in sought:
        if budget.words <= 0:
            break
        if item["id"] in found or file["sha256"] not in saying:
            continue
        languages = item["record"].get("languages", ())
        usual = languages[0] if len(languages) == 1 else "und"
        said = queries.texts.text(session, key=file["sha256"])
        piece = _piece(snippets.inside(said, file.get("language") or usual, wanted, budget))
        if piece is not None:
            found[item["id"]] = schemas.InsideOut(name=file["name"], url=file["url"], text=piece)
    return found


def _piece(piece: Piece | None) -> schemas.PieceOut | None:
    if piece is None:
        return None
    before, behind = piece.cut
    parts = [schemas.PartOut(text=text, hit=hit) for text, hit in piece.parts]
    return schemas.PieceOut(lang=piece.lang, parts=parts, cut_before=before, cut_behind=behind)


def feed_url(here: Installation, asked: Narrowed) -> str:
    """Where the same things are, the newest first, for feed readers."""
    return _url(here, FEED, {name: value for name, value in asked.filters.items() if name in Fed.model_fields})


def list_url(here: Installation, asked: Narrowed) -> str:
    """Where the same things are for programs."""
    return _url(here, "/api/resources", {name: value for name, value in asked.filters.items() if name != "lang"})


def _url(here: Installation, path: str, told: Mapping[str, Any]) -> str:
    return f"{here.settings.base_url}{path}" + (f"?{urlencode(told, doseq=True)}" if told else "")
