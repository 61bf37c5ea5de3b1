"""What the demonstration holds, read from the data beside this module: institutions, lessons, collections.

The tables are written short: the last part of a term's URI stands for the term, a code for the licence, the name of a
lesson for its address.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

from metadata import validate
from metadata.record import Record
from oer.demo import KEYWORDS, SAID

_HERE = files(__package__) / "content"
_RECORDS = ("water", "science", "mathematics", "languages", "arts", "society", "teaching", "work")

_HCRT, _LEVEL = "https://w3id.org/kim/hcrt/", "https://w3id.org/kim/educationalLevel/level_"
_LRMI = "http://purl.org/dcx/lrmi-vocabs/"
_ACCESS = "https://www.w3.org/2021/a11y-discov-vocab/latest/#"
_LICENCES = {
    "by": "https://creativecommons.org/licenses/by/4.0/",
    "by-sa": "https://creativecommons.org/licenses/by-sa/4.0/",
    "by-nc": "https://creativecommons.org/licenses/by-nc/4.0/",
    "by-nc-sa": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    "by-nd": "https://creativecommons.org/licenses/by-nd/4.0/",
    "zero": "https://creativecommons.org/publicdomain/zero/1.0/",
    "mit": "https://spdx.org/licenses/MIT",
}
_SIMPLE = ("languages", "created", "issued", "modified", "study_time", "play_time", "age_range", "coverage", "funders")

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """An institution; ``told`` are further fields of ``oer.fields``. ``logo`` names its picture."""

    slug: str
    parent: str | None
    logo: str | None
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Piece:
    """A file of a lesson: ``make`` is the maker, ``of`` what it is given."""

    name: str
    make: str
    of: str
    role: str = "main"
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Lesson:
    """A resource; ``versions`` are its tables from the first to the current one, ``note`` says what changed last."""

    name: str
    institution: str
    versions: tuple[Table, ...]
    note: str

    def pieces(self, table: Table) -> list[Piece]:
        return [Piece(**one) for one in table.get("files", ())]

    @property
    def needs(self) -> set[str]:
        """Names of the lessons that it refers to, which have to be there first."""
        last = self.versions[-1]
        named = [last.get("translation_of"), *last.get("parts", ()), *(one["of"] for one in last.get("sources", ()))]
        return {one for one in named if one}


@dataclass(frozen=True, slots=True)
class Shelf:
    """A collection; ``units`` are (titles, [(lesson, note)])."""

    institution: str
    titles: Mapping[str, str | None]
    descriptions: Mapping[str, str | None]
    membership: str
    units: tuple[tuple[Mapping[str, str | None], tuple[tuple[str, str], ...]], ...]


def text(name: str) -> str:
    """A text beside this module, ``water-cycle.ar``: Markdown."""
    return (_HERE / "texts" / f"{name}.md").read_text("utf-8")


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / f"{name}.toml").read_text("utf-8"))


def places() -> Iterator[Place]:
    """The institutions, each behind the one above it."""
    for slug, told in _table("institutions").items():
        kept = {name: value for name, value in told.items() if name not in ("parent", "logo")}
        kept["descriptions"] = {lang: f"{words}\n{SAID[lang]}" for lang, words in told["descriptions"].items()}
        yield Place(slug, told.get("parent"), told.get("logo"), kept)


@lru_cache
def lessons() -> tuple[Lesson, ...]:
    """All lessons, each behind those that it refers to."""
    found = {}
    for subject in _RECORDS:
        for name, told in _table(f"records/{subject}").items():
            last = {key: value for key, value in told.items() if key not in ("first", "note", "institution")}
            versions = ({**last, **told["first"]}, last) if "first" in told else (last,)
            found[name] = Lesson(name, told["institution"], versions, told.get("note", ""))
    ordered: dict[str, Lesson] = {}
    while len(ordered) < len(found):
        ready = [one for one in found.values() if one.name not in ordered and one.needs <= set(ordered)]
        assert ready, "lessons refer to each other in a circle"
        ordered |= {one.name: one for one in ready}
    return tuple(ordered.values())


def shelves() -> Iterator[Shelf]:
    """The collections."""
    for told in _table("collections").values():
        units = tuple((one["titles"], tuple((name, note) for name, note in one["items"])) for one in told["units"])
        yield Shelf(told["institution"], told["titles"], told["descriptions"], told["membership"], units)


def record(told: Table, *, addresses: Mapping[str, tuple[str, str, str]], today: date) -> Record:
    """The record of a lesson's table. ``addresses`` are (IRI, title, creator) of the lessons that it refers to.

    An embargo ends with the first of September after next, so that there is one to be seen whenever it is made.
    """
    data: dict[str, Any] = {name: told[name] for name in _SIMPLE if name in told}
    for name in ("title", "alternative", "description"):
        data[name] = _texts(told.get(name))
    data["keywords"] = [
        *({"value": word, "lang": lang} for lang, words in told.get("keywords", {}).items() for word in words),
        *_texts(KEYWORDS),
    ]
    data["rights_note"] = _texts(SAID)
    data["resource_type"] = _HCRT + told["type"]
    data["subjects"] = [_subject(one) for one in told["subjects"]]
    data["levels"] = [f"{_LEVEL}{one}" for one in told.get("levels", ())]
    data["audience"] = [f"{_LRMI}educationalAudienceRole/{one}" for one in told.get("audience", ("student",))]
    data["educational_use"] = [f"{_LRMI}educationalUse/{one}" for one in told.get("use", ())]
    data["interactivity"] = f"{_LRMI}interactivityType/{told['interactivity']}" if "interactivity" in told else None
    data["creators"] = [_agent(one) for one in told["creators"]]
    data["contributors"] = [_agent(one) for one in told.get("contributors", ())]
    data["licence"] = _LICENCES[told["licence"]]
    data["access"] = _access(told.get("access", "open"), today)
    data["classroom"] = _with_texts(told.get("classroom"), "equipment")
    data["accessibility"] = _accessibility(told.get("accessibility"))
    if "translation_of" in told:
        address, title, _ = addresses[told["translation_of"]]
        data["translation_of"] = {"identifier": address, "title": title}
    data["parts"] = [{"identifier": addresses[one][0], "title": addresses[one][1]} for one in told.get("parts", ())]
    data["sources"] = [_source(one, addresses) for one in told.get("sources", ())]
    found, problems = validate.parse(data)
    assert found is not None, problems
    return found


def _texts(told: Mapping[str, str] | None) -> list[dict[str, str]]:
    return [{"value": words, "lang": lang} for lang, words in (told or {}).items()]


def _with_texts(told: Table | None, name: str) -> dict[str, Any] | None:
    return None if told is None else {**told, name: _texts(told.get(name))}


def _subject(short: str) -> str:
    scheme = "http://vocabularies.unesco.org/thesaurus/" if short.startswith("concept") else None
    return f"{scheme or 'http://data.europa.eu/snb/isced-f/'}{short}"


def _agent(told: str | Table) -> dict[str, Any]:
    """A name stands for a person. Roles are MARC relators."""
    if isinstance(told, str):
        return {"name": told}
    role = {"role": f"http://id.loc.gov/vocabulary/relators/{told['role']}"} if "role" in told else {}
    return {**told, **role}


def _access(kind: str, today: date) -> dict[str, Any]:
    until = date(today.year + 1 + (today >= date(today.year, 9, 1)), 9, 1)
    return {"kind": kind, "until": until} if kind == "embargoed" else {"kind": kind}


def _accessibility(told: Table | None) -> dict[str, Any] | None:
    if told is None:
        return None
    none = {"none": "feature-none"}, {"none": "hazard-none"}
    return {
        "modes": [_ACCESS + one for one in told.get("modes", ())],
        "sufficient": [[f"{_ACCESS}ams-{mode}" for mode in one.split("+")] for one in told.get("sufficient", ())],
        "features": [_ACCESS + none[0].get(one, one) for one in told.get("features", ())],
        "hazards": [_ACCESS + none[1].get(one, one) for one in told.get("hazards", ())],
        "summary": _texts(told.get("summary")),
    }


def _source(told: Table, addresses: Mapping[str, tuple[str, str, str]]) -> dict[str, Any]:
    address, title, creator = addresses[told["of"]]
    return {
        "identifier": address,
        "title": title,
        "creator": creator,
        "licence": _LICENCES[told["licence"]],
        "changes": _texts(told["changes"]),
    }
