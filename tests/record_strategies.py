"""Hypothesis strategies for legal records, and for any JSON value: shared by every test that needs "any record"."""

from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from hypothesis import strategies as st

from metadata import values, vocabularies
from metadata.crosswalks import Described, FileLink
from metadata.record import (
    Access,
    Accessibility,
    Affiliation,
    Agent,
    AgeRange,
    Alignment,
    Classroom,
    Contributor,
    Coverage,
    Funder,
    Identifier,
    Record,
    Reference,
    Source,
    Text,
)

LANGUAGES = ("ar", "fr", "en", "ar-TN", "fr-CA", "zh-Hant", "ber", "ur")
LICENCES = (
    "https://creativecommons.org/licenses/by/4.0/",
    "https://creativecommons.org/licenses/by-sa/4.0/",
    "https://creativecommons.org/licenses/by-nc-nd/4.0/",
    "https://creativecommons.org/publicdomain/zero/1.0/",
)
IRIS = (
    "https://example.org/a?b=c&d=%D9%81#e",
    "https://مدرسة.example.org/دروس/الضوء",
    "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "doi:10.1234/x",
    "oai:oer.example.org:w1",
)
WORDS = ("الضَّوْء والماء", "می‌خواهم", "L’eau & <la vie>", 'O\'Brien ]]> "x"', "Δx = 5 μm", "𝔘nicode 🌍", "ﷺ")
ORCIDS = ("0000-0002-1825-0097", "https://orcid.org/0000-0001-5109-3700")
RORS = ("03yrm5c26", "https://ror.org/05dxps055")
DATES = ("2024", "2024-05-17", "1999~", "2020/2021", "../1950", "156X", "2024-21")
IDENTIFIERS = (
    ("doi", "10.1234/abc"),
    ("isbn", "978-3-16-148410-0"),
    ("issn", "2049-3630"),
    ("handle", "20.500.12345/678"),
    ("url", "https://example.org/1"),
    ("urn", "urn:nbn:de:101:1-2019"),
    ("other", "Cote 12 ب"),
)


def strings(most: int = 40) -> st.SearchStrategy[str]:
    """Text as a record stores it: clean, not empty, nothing illegal, often Arabic."""
    free = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=most).map(values.clean)
    sound = free.filter(lambda text: bool(text) and len(text) <= most and not values.illegal_characters(text))
    return st.one_of(st.sampled_from(WORDS), sound)


def texts(least: int = 0, languages: tuple[str, ...] = LANGUAGES) -> st.SearchStrategy[list[Text]]:
    made = st.builds(Text, value=strings(), lang=st.sampled_from(languages))
    return st.lists(made, min_size=least, max_size=3, unique_by=lambda text: text.lang)


def terms(*schemes: str, least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(term(*schemes), min_size=least, max_size=3, unique=True)


def term(*schemes: str) -> st.SearchStrategy[str]:
    """The URI of an offered term; the schemes are read when the first example is drawn."""
    return st.deferred(
        lambda: st.sampled_from([uri for name in schemes for uri, t in vocabularies.terms(name).items() if t.offered])
    )


def _distinct(made: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[list[Any]]:
    return st.lists(made, min_size=least, max_size=3, unique_by=lambda part: part.model_dump_json())


def _maybe(made: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | made


def agents(kind: type[Agent] = Agent, **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    affiliations = _distinct(st.builds(Affiliation, name=strings(), ror=_maybe(st.sampled_from(RORS))))
    return st.builds(
        kind,
        kind=st.sampled_from(["person", "organisation"]),
        name=strings(),
        given=_maybe(strings()),
        family=_maybe(strings()),
        orcid=_maybe(st.sampled_from(ORCIDS)),
        ror=_maybe(st.sampled_from(RORS)),
        affiliations=affiliations,
        **more,
    )


def _ranges(most: int) -> st.SearchStrategy[tuple[int | None, int | None]]:
    pair = st.tuples(_maybe(st.integers(0, most)), _maybe(st.integers(0, most)))
    return pair.map(lambda ends: tuple(sorted(ends)) if None not in ends else ends)  # type: ignore[type-var, return-value]


def _access() -> st.SearchStrategy[Access]:
    embargoed = st.builds(Access, kind=st.just("embargoed"), until=st.dates(date(1900, 1, 1), date(2999, 1, 1)))
    return st.one_of(st.builds(Access, kind=st.sampled_from(["open", "institution", "metadata-only"])), embargoed)


def _alignments() -> st.SearchStrategy[Alignment]:
    relation = _maybe(term("alignment-relations"))
    return st.one_of(
        st.builds(Alignment, kind=st.just("sdg"), target=term("sdg"), name=texts(), relation=relation),
        st.builds(
            Alignment, kind=st.just("competency"), target=term("ict-cft"), framework=st.just("ict-cft"), name=texts()
        ),
        st.builds(
            Alignment, kind=st.just("curriculum"), target=st.sampled_from(["8.3", IRIS[0]]), framework=_maybe(strings())
        ),
    )


def _accessibility() -> st.SearchStrategy[Accessibility]:
    return st.builds(
        Accessibility,
        modes=terms("access-modes"),
        sufficient=st.lists(terms("access-modes-sufficient"), max_size=2, unique_by=str),
        features=terms("accessibility-features"),
        hazards=terms("accessibility-hazards"),
        controls=terms("accessibility-controls"),
        summary=texts(),
    )


def _classroom() -> st.SearchStrategy[Classroom]:
    def build(devices: list[Any], internet: Any, group: tuple[int | None, int | None], needed: list[Text]) -> Classroom:
        return Classroom(
            devices=devices, internet=internet, group_minimum=group[0], group_maximum=group[1], equipment=needed
        )

    devices = st.lists(st.sampled_from(["phone", "tablet", "projector"]), unique=True)
    return st.builds(build, devices, st.sampled_from([None, "none", "always"]), _ranges(50), texts())


@cache  # strategies made anew for each example take longer than the drawing
def _fields(complete: bool) -> dict[str, st.SearchStrategy[Any]]:
    """What may stand in each field of a record."""
    least = 1 if complete else 0
    references = _distinct(st.builds(Reference, identifier=st.sampled_from(IRIS), title=_maybe(strings())))
    sources = st.builds(
        Source,
        identifier=_maybe(st.sampled_from(IRIS)),
        title=strings(),
        creator=_maybe(strings()),
        licence=_maybe(st.sampled_from(LICENCES)),
        changes=texts(),
    )
    coverage = st.builds(
        Coverage,
        countries=st.lists(st.sampled_from(["TN", "EG", "SA", "PS"]), unique=True),
        places=texts(),
        period=_maybe(st.sampled_from(DATES)),
    )
    return {
        "title": texts(least),
        "alternative": texts(languages=(*LANGUAGES, "und")),
        "description": texts(least),
        "languages": st.lists(st.sampled_from(LANGUAGES), min_size=least, max_size=3, unique=True),
        "resource_type": term("hcrt") if complete else _maybe(term("hcrt")),
        "subjects": terms("isced-f", least=least),
        "keywords": _distinct(st.builds(Text, value=strings(), lang=st.sampled_from((*LANGUAGES, "und")))),
        "levels": terms("isced-levels", least=least),
        "audience": terms("audience"),
        "age_range": _maybe(_ranges(99).map(lambda ends: AgeRange(minimum=ends[0], maximum=ends[1]))),
        "creators": _distinct(agents(), least),
        "contributors": _distinct(agents(Contributor, role=term("contributor-roles"))),
        "publisher": _maybe(agents()),
        "created": _maybe(st.sampled_from(DATES)),
        "issued": _maybe(st.sampled_from(DATES)),
        "modified": _maybe(st.sampled_from(DATES)),
        "licence": st.sampled_from(LICENCES) if complete else _maybe(st.sampled_from(LICENCES)),
        "rights_holder": _maybe(strings()),
        "rights_note": texts(),
        "access": _access(),
        "sources": _distinct(sources),
        "translation_of": _maybe(st.builds(Reference, identifier=st.sampled_from(IRIS))),
        "parts": references,
        "part_of": references,
        "alignments": _distinct(_alignments()),
        "educational_use": terms("educational-use"),
        "interactivity": _maybe(term("interactivity")),
        "study_time": _maybe(st.sampled_from(["PT45M", "P2W"])),
        "play_time": _maybe(st.just("PT9M58S")),
        "classroom": _maybe(_classroom()),
        "accessibility": _maybe(_accessibility()),
        "coverage": _maybe(coverage),
        "funders": _distinct(st.builds(Funder, name=strings(), ror=_maybe(st.sampled_from(RORS)))),
        "identifiers": _distinct(
            st.sampled_from(IDENTIFIERS).map(lambda pair: Identifier(scheme=pair[0], value=pair[1]))
        ),
        "citation_note": texts(),
    }


@st.composite
def records(draw: st.DrawFn, complete: bool = False) -> Record:
    """A record without any error: for the draft stage, or with ``complete`` for publishing."""
    some = _fields(complete)
    # A few fields at a time beside the needed ones: records with every field are slow to draw and slow to shrink.
    needed = ("title", "description", "languages", "resource_type", "subjects", "levels", "creators", "licence")
    chosen = draw(st.lists(st.sampled_from(sorted(some)), max_size=6, unique=True))
    names = dict.fromkeys((*(needed if complete else ()), *chosen))
    return Record(**{name: draw(some[name]) for name in names})


_INSTITUTION = texts()
_MOMENT = st.integers(0, 4 * 10**9).map(lambda second: datetime.fromtimestamp(second, UTC))
_FILES = st.lists(
    st.builds(
        FileLink,
        url=st.sampled_from(["https://oer.example.org/files/1", "https://oer.example.org/files/%D8%AF.pdf"]),
        name=st.sampled_from(["درس.pdf", "a & b.mp4", "x"]),
        media_type=st.sampled_from(["application/pdf", "video/mp4", "application/octet-stream", "image/svg+xml"]),
        size=st.integers(0, 2**40),
        sha256=st.just("0" * 64),
    ),
    max_size=2,
)


@st.composite
def described(draw: st.DrawFn, complete: bool = True) -> Described:
    """A published version around any record, with an institution and up to two files."""
    return Described(
        identifier="oai:oer.example.org:k7m2p9qd",
        url="https://oer.example.org/resources/k7m2p9qd",
        record=draw(records(complete)),
        institution=draw(_INSTITUTION),
        published=draw(_MOMENT),
        version=draw(st.integers(1, 9)),
        files=draw(_FILES),
    )


def json_values() -> st.SearchStrategy[Any]:
    """Anything that JSON can carry, lone surrogates, NaN and huge numbers too, often under a record's own names."""
    names = st.sampled_from([*Record.model_fields, "value", "lang", "name", "minimum", "until", "kind"]) | st.text()
    anything = st.text(st.characters(exclude_categories=())) | st.sampled_from(
        [*WORDS, *IRIS, *DATES, "\u202e", "\ud800"]
    )
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | anything
    return st.recursive(leaves, lambda inside: st.lists(inside) | st.dictionaries(names, inside), max_leaves=20)


def record_shaped() -> st.SearchStrategy[dict[str, Any]]:
    """Objects with a record's fields and wrong insides: deeper into the rules than :func:`json_values` gets."""
    text = st.text(st.characters(exclude_categories=()), max_size=12)
    loose = st.fixed_dictionaries({}, optional={"value": text, "lang": text, "name": text, "identifier": text})
    inside = text | st.lists(text, max_size=3) | st.lists(loose, max_size=3) | json_values()
    return st.dictionaries(st.sampled_from(sorted(Record.model_fields)), inside, max_size=5)
