"""A resource as the index holds it."""

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

import tantivy

from metadata import analysis, arabic, licences, subjects, vocabularies
from oer.queries.search import Indexable, Kept, Place
from oer.search import schema

logger = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIES = 20  # bits of the number of a resource behind the millisecond; 43 remain for that, until the year 2248
_EXACT = 10  # bits of how often something was used
_KEY = 40  # bytes of a sort key: some forty letters of a title
_YEAR = re.compile(r"(?<![\dY-])\d{4}(?!\d)", re.ASCII)
_PIECE = 50_000  # characters
_MINUTES = ((5, "short"), (20, "medium"), (60, "long"))
_BYTES = ((10**6, "small"), (10**7, "medium"), (10**8, "large"))
_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?", re.ASCII)

Values = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of a resource, and what those say that everybody may download: (text, language or None)."""

    files: Sequence[Kept] = ()
    texts: Sequence[tuple[str, str | None]] = ()


def document(fields: tantivy.Schema, row: Indexable, place: Place, contents: Contents) -> tantivy.Document:
    """The document of a resource that is published. A damaged record, of whatever shape, is found by its identifier
    alone.
    """
    try:
        return _document(fields, row, json.loads(row.record), place, contents)
    except Exception as error:  # noqa: BLE001 - one record must not stop all that follow
        told = {"resource": row.public_id, "error": type(error).__name__}
        logger.error("a stored record cannot be read", extra=told)  # noqa: TRY400 - the trace would quote the record
        return _document(fields, row, {}, place, Contents(contents.files))


def _document(
    fields: tantivy.Schema, row: Indexable, record: Mapping[str, Any], place: Place, contents: Contents
) -> tantivy.Document:
    facets = dict(_facets(row, record, place, contents.files))
    about = record.get("subjects", ())
    wider = list(dict.fromkeys(one for uri in about for one in subjects.closure(uri)))
    return tantivy.Document.from_dict(
        {
            "id": row.resource_id,
            "newest": newest(row.published, row.resource_id),
            "used": used(row.used, row.published, row.resource_id),
            "title": _analysed(_pairs(record, "title", "alternative")),
            "text": _analysed([*_pairs(record, "description", "keywords"), *_beside(record)]),
            "subject": [value for uri in about for value in _subject(uri)],
            "name": _analysed([*_people(record), *((name, lang) for lang, name in place.names.items())]),
            "file": _analysed(_said(record, contents.texts)),
            schema.WORDS: sorted(_surface(record)),
            "code": sorted(_codes(row, record)),
            schema.FILTERS: _filters(facets, wider, place, about),
            **_columns(facets, about),
            schema.NARROWER: wider,
            **{f"sort_{lang}": sort_key(_title(record, lang), lang, row.resource_id) for lang in schema.SORTS},
        },
        fields,
    )


def newest(published: datetime, resource_id: int) -> int:
    """The key that orders publications: the millisecond, and within it the number, so that no two have the same."""
    return (((published - _EPOCH) // timedelta(milliseconds=1)) << _TIES) | (resource_id & ((1 << _TIES) - 1))


def used(times: int, published: datetime, resource_id: int) -> int:
    """The key that orders by use: 14 bits of how often, exact below a thousand, to a five-hundredth above; behind them
    the second of publication and the end of the number, so that of two alike the newest comes first.
    """
    wide = max(0, times.bit_length() - _EXACT)
    often = (wide << (_EXACT - 1)) + (times >> wide)
    second = (published - _EPOCH) // timedelta(seconds=1)
    return (often << 49) | (second << 16) | (resource_id & 0xFFFF)


@cache
def _collator(lang: str) -> Any:
    import icu  # late: 12 MB, which processes that only read the index do without

    return icu.Collator.createInstance(icu.Locale(lang))


def sort_key(title: str, lang: str, resource_id: int) -> str:
    """What titles are sorted by, in hexadecimal digits.

    Unlike that of any other resource: who goes on behind one of two with the same title must not miss the other.
    """
    key: bytes = _collator(lang).getSortKey(arabic.title_key(title))
    return f"{key[:_KEY].hex()}{resource_id:010x}"


def _pairs(record: Mapping[str, Any], *fields: str) -> Iterator[tuple[str, str]]:
    for field in fields:
        for text in record.get(field, ()):
            yield text["value"], text.get("lang", "und")


def _beside(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is said of the resource in other places than its description."""
    for source in record.get("sources", ()):
        yield source["title"], "und"
    for alignment in record.get("alignments", ()):
        yield from _pairs(alignment, "name")
    yield from _pairs(record.get("coverage") or {}, "places")
    yield from _pairs(record.get("classroom") or {}, "equipment")
    yield from _pairs(record.get("accessibility") or {}, "summary")


def _people(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names are searched as they are written: no language, so no stem, is theirs."""
    publisher = record.get("publisher")
    for agent in (*record.get("creators", ()), *record.get("contributors", ()), *((publisher,) if publisher else ())):
        yield agent["name"], analysis.NAMES
        for affiliation in agent.get("affiliations", ()):
            yield affiliation["name"], "und"


def _said(record: Mapping[str, Any], texts: Iterable[tuple[str, str | None]]) -> Iterator[tuple[str, str]]:
    """What files say, a piece at a time: a book at once would take ten times its size of memory. A file that does not
    tell its language is in that of the resource, if there is one alone.
    """
    languages = record.get("languages", ())
    usual = languages[0] if len(languages) == 1 else "und"
    for text, lang in texts:
        at = 0
        while at < len(text):
            end = text.rfind("\n", at, at + _PIECE) + 1 if len(text) - at > _PIECE else len(text)
            end = end if end > at else at + _PIECE
            yield text[at:end], lang or usual
            at = end


def _analysed(texts: Iterable[tuple[str, str]]) -> list[str]:
    """One value of the first forms for each text, so that phrases end with it, and one of all other forms."""
    values: list[str] = []
    others: set[str] = set()
    for value, lang in texts:
        first, more = analysis.all_forms(value, lang)
        values.append(" ".join(first))
        others |= more
    return [*values, " ".join(others)]


@lru_cache(maxsize=8192)
def _subject(uri: str) -> tuple[str, ...]:
    """All names of a subject, in all languages: whoever asks in one finds what is written in another."""
    term = vocabularies.find(uri)
    if term is None:
        return ()
    others = ((name, lang) for lang, names in term.alternative.items() for name in names)
    return tuple(_analysed([*((name, lang) for lang, name in term.labels.items()), *others]))


def _surface(record: Mapping[str, Any]) -> set[str]:
    """Words as people type them, for suggestions."""
    texts = [value for value, _ in _pairs(record, "title", "keywords")] + [name for name, _ in _people(record)]
    # Subjects in the languages of the content: who begins an English word in French wants none.
    spoken = {tag.partition("-")[0] for tag in record.get("languages", ())}
    about = (term for uri in record.get("subjects", ()) if (term := vocabularies.find(uri)))
    texts += [name for term in about for lang, name in term.labels.items() if lang in spoken]
    return {word for text in texts for word in _plain(text)}


@lru_cache(maxsize=4096)
def _plain(text: str) -> tuple[str, ...]:
    return tuple(term for word in analysis.written(text) if (term := _suggested(word[: analysis.LONGEST])))


@lru_cache(maxsize=1 << 15)
def _suggested(word: str) -> str:
    """Nothing for a single letter."""
    folded = analysis.fold(word)
    return f"{folded}{schema.WRITTEN}{arabic.bare(word)}" if len(folded) > 1 else ""


def _codes(row: Indexable, record: Mapping[str, Any]) -> set[str]:
    codes = {row.public_id, *(one["value"].lower() for one in record.get("identifiers", ()))}
    for agent in record.get("creators", ()):
        codes |= {agent[name].rsplit("/", 1)[-1].lower() for name in ("orcid", "ror") if agent.get(name)}
    return codes


def _facets(
    row: Indexable, record: Mapping[str, Any], place: Place, files: Sequence[Kept]
) -> Iterator[tuple[str, Sequence[str]]]:
    """Facet → values of this resource; subjects are apart."""
    licence = licences.get(str(record.get("licence") or ""))
    yield "institution", [place.path]
    yield "level", record.get("levels", ())
    yield "type", _one(record.get("resource_type"))
    yield "language", sorted({tag.partition("-")[0] for tag in record.get("languages", ())})
    yield "licence", _one(record.get("licence"))
    yield "permits", [] if licence is None else sorted(_permits(licence))
    yield "audience", record.get("audience", ())
    yield "media", sorted({_media(file) for file in files})
    yield "accessibility", (record.get("accessibility") or {}).get("features", ())
    yield "size", _one(_class(sum(file.size for file in files), _BYTES, "huge") if files else None)
    yield "duration", _one(_duration(record))
    yield "offline", _one(_offline(row, record, files))
    yield "year", _one(_year(row, record))
    yield "source", ["own"]


def _one(value: str | None) -> list[str]:
    return [value] if value else []


def _permits(licence: licences.Licence) -> Iterator[str]:
    if "DerivativeWorks" in licence.permits:
        yield "adapt"
    if "CommercialUse" not in licence.prohibits:
        yield "sell"


def _media(file: Kept) -> str:
    return vocabularies.media_group(file.media_type, file.name.rpartition(".")[2]).uri


def _class(number: float, bounds: Sequence[tuple[int, str]], largest: str) -> str:
    return next((name for bound, name in bounds if number < bound), largest)


def _duration(record: Mapping[str, Any]) -> str | None:
    """How long it plays, or else is studied."""
    told = _DURATION.fullmatch(record.get("play_time") or record.get("study_time") or "")
    if told is None:
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in told.groups())
    return _class((weeks * 7 + days) * 1440 + hours * 60 + minutes + seconds / 60, _MINUTES, "longer")


def _offline(row: Indexable, record: Mapping[str, Any], files: Sequence[Kept]) -> str | None:
    """Whether it works without the internet: as its depositor says, or else whether it has open files."""
    internet = (record.get("classroom") or {}).get("internet")
    if internet is not None:
        return "no" if internet == "always" else "yes"
    return "yes" if files and row.access == "open" else None


def _year(row: Indexable, record: Mapping[str, Any]) -> str | None:
    for told in (record.get("issued"), record.get("created")):
        if told and (found := _YEAR.search(told)):
            return found[0]
    return f"{row.published.year:04}"


def _filters(facets: Values, wider: Sequence[str], place: Place, about: Iterable[str]) -> list[str]:
    """Everything that narrows to this resource; an institution with all that it is below."""
    branches = [branch for branch in place.path.split("/") if branch]
    wanted = {**facets, "subject": wider, "institution": branches}
    found = [f"{name}:{value}" for name, values in wanted.items() for value in values]
    return [*found, *(f"concept:{uri}" for uri in about)]


def _columns(facets: Values, about: Iterable[str]) -> dict[str, str]:
    roots = {root for uri in about for root in subjects.roots(uri)}
    return {schema.COLUMNS[name]: " ".join(sorted(values)) for name, values in {**facets, "subject": roots}.items()}


def _title(record: Mapping[str, Any], lang: str) -> str:
    titles = list(_pairs(record, "title"))
    for value, told in titles:
        if told.partition("-")[0] == lang:
            return value
    return titles[0][0] if titles else ""
