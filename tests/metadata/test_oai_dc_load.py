"""Dublin Core of others: recorded from thirty-six providers, and odd on purpose."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path

import pytest
from fault_counts import count
from formats import NAMES, around, errors, golden_record
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from record_strategies import strings

from metadata import values, xml
from metadata.crosswalks import Loaded, oai_dc, oai_dc_load, wording
from metadata.record import Access, Agent, Alignment, Coverage, Identifier, Record, Source, Text

# In the sample and in all, where 132 say nothing but that an item is not available; 1490 have no dc:description, 2191
# no dc:language.
FOUND = {
    "descriptions": (633, 4568),
    "title": (612, 4435),
    "alternative": (9, 50),
    "creators": (554, 4012),
    "contributors": (101, 730),
    "publisher": (362, 2469),
    "subjects": (126, 852),
    "keywords": (453, 3249),
    "description": (434, 3078),
    "issued": (611, 4426),
    "resource_type": (538, 3980),
    "identifiers": (602, 4365),
    "languages": (341, 2377),
    "coverage": (11, 117),
    "licence": (87, 625),
    "rights_note": (257, 1799),
    "access": (13, 83),
}
# Second dates and types, formats, citations as identifiers, journals as sources; 410 of the creators are those of two
# articles with more than five hundred.
TOLD = {
    "dc:title": (1, 2),
    "dc:creator": (1, 410),
    "dc:contributor": (0, 5),
    "dc:publisher": (10, 55),
    "dc:subject": (0, 4),
    "dc:description": (72, 493),
    "dc:date": (245, 1797),
    "dc:type": (125, 771),
    "dc:format": (213, 1511),
    "dc:identifier": (98, 805),
    "dc:source": (187, 1344),
    "dc:language": (9, 9),
    "dc:relation": (124, 835),
    "dc:coverage": (0, 6),
    "dc:status": (20, 132),
    "dcterms:bibliographicCitation": (4, 4),
    "dcterms:extent": (1, 1),
    "dcterms:isPartOf": (2, 2),
    "dcterms:spatial": (1, 1),
    "dcterms:tableOfContents": (1, 1),
    "dcterms:temporal": (1, 1),
    "text between elements": (4, 4),
}
CONTAINER = xml.name("oai_dc:dc")
Said = tuple[str, str, str | None]


def loaded(*said: Said) -> Loaded:
    """What is understood of these elements: name, text, language."""
    root = xml.element("oai_dc:dc", prefixes=("oai_dc", "dc", "dcterms"))
    for name, text, lang in said:
        xml.sub(root, name if ":" in name else f"dc:{name}", text, {"xml:lang": lang} if lang else None)
    return oai_dc_load.load(xml.parse(xml.tobytes(root)))


def plain(name: str, *texts: str) -> list[Said]:
    return [(name, text, None) for text in texts]


def recorded(shared: Path, step: int) -> Iterator[etree._Element]:
    """The first description of each file and every so many after it."""
    for file in sorted((shared / "recorded").glob("*/*.xml")):
        if file.name != "ListRecordsBroken.xml":  # no XML at all
            yield from islice(xml.parse(file.read_bytes()).iter(CONTAINER), 0, None, step)


def test_every_recorded_description_is_read(shared: Path) -> None:
    """How many of them give each field: a change of these numbers is a change of what partners' records become.

    With OER_FULL_COUNTS=1 all of them are read.
    """
    found: Counter[str] = Counter()
    told: Counter[str] = Counter()
    for root in recorded(shared, count(8, 1)):
        result = oai_dc_load.load(root)
        assert not errors(result.record)
        found.update(["descriptions", *result.record.model_dump(exclude_defaults=True)])
        told.update(statement.partition(": ")[0] for statement in result.unmapped)
    expected = count(0, 1)
    assert dict(found) == {name: counts[expected] for name, counts in FOUND.items()}
    assert dict(told) == {name: counts[expected] for name, counts in TOLD.items() if counts[expected]}


def test_titles_descriptions_and_other_texts() -> None:
    result = loaded(
        ("title", "Algebra:\n   an introduction", "en_US"),
        ("title", "مدخل إلى الجبر", "ara"),
        ("title", "Algebra I", "en"),
        ("title", "Algebra 1", "en-US"),
        ("title", "Algèbre", "fr"),
        ("description", "Abstract", "en"),
        ("description", "What groups, rings &amp; fields are.", "en"),
        ("description", "With exercises that are solved.", "en"),
    )
    assert result.record.title == [
        Text(value="Algebra: an introduction", lang="en-US"),
        Text(value="مدخل إلى الجبر", lang="ar"),
        Text(value="Algebra I", lang="en"),
        Text(value="Algèbre", lang="fr"),
    ]
    assert result.record.alternative == [Text(value="Algebra 1", lang="en-US")]
    assert result.record.description == [
        Text(value="What groups, rings & fields are.\n\nWith exercises that are solved.", lang="en")
    ]
    assert result.unmapped == ("dc:description: Abstract",)


def test_people_organisations_and_roles() -> None:
    result = loaded(
        *plain("creator", "Doe, Jane; بن عمر، ليلى", "Université de Sfax", "-"),
        *plain("contributor", "Finch, Joyce (Translator)", "Brown, J. (CONTACT)"),
        *plain("publisher", "Routledge, London", "Routledge, Londres"),
    )
    record = result.record
    assert [(agent.kind, agent.name) for agent in record.creators] == [
        ("person", "Jane Doe"),
        ("person", "ليلى بن عمر"),
        ("organisation", "Université de Sfax"),
    ]
    assert [(agent.name, agent.role[-3:]) for agent in record.contributors] == [
        ("Joyce Finch", "trl"),
        ("J. (CONTACT) Brown", "ctb"),
    ]
    assert record.publisher == Agent(kind="organisation", name="Routledge, London")
    assert result.unmapped == ("dc:creator: -", "dc:publisher: Routledge, Londres")


def test_subjects_are_terms_and_keywords() -> None:
    physics = "http://vocabularies.unesco.org/thesaurus/concept132"
    result = loaded(
        ("subject", "فيزياء", "ar"),
        ("subject", "Botany; grafting", "en"),
        *plain("subject", "510", physics, "http://metadata.un.org/sdg/4", "http://id.loc.gov/x"),
    )
    assert result.record.subjects == [physics]
    assert result.record.keywords == [Text(value="Botany", lang="en"), Text(value="grafting", lang="en")]
    assert result.record.alignments == [Alignment(kind="sdg", target="http://metadata.un.org/sdg/4")]
    assert result.unmapped == ("dc:subject: http://id.loc.gov/x", "dc:subject: 510")


def test_words_are_terms_besides_where_nobody_gives_addresses() -> None:
    record = loaded(("subject", "Botany; grafting", "en"), *plain("subject", "Article")).record
    assert record.subjects == ["http://vocabularies.unesco.org/thesaurus/concept230"]
    assert [text.value for text in record.keywords] == ["Botany", "grafting", "Article"]


def test_a_heading_of_many_words_is_parted_at_its_commas() -> None:
    long = ", ".join(f"word number {number} of a heading" for number in range(5))
    assert [text.value for text in loaded(("subject", long, "en")).record.keywords] == long.split(", ")
    assert [text.value for text in loaded(("subject", "Cats, dogs", "en")).record.keywords] == ["Cats, dogs"]


@pytest.mark.parametrize(
    ("dates", "issued", "left"),
    [
        (("2009-06-18T02:49:31Z", "2009-06-18T02:49:31Z", "2005"), "2005", ("dc:date: 2009-06-18T02:49:31Z",)),
        (("2015-08-01T07:00:00Z",), "2015-08-01", ()),
        (("2024-02-05", "2023-11"), "2024-02-05", ("dc:date: 2023-11",)),
        (("soon",), None, ("dc:date: soon",)),
    ],
)
def test_the_first_day_is_that_of_issue(dates: tuple[str, ...], issued: str | None, left: tuple[str, ...]) -> None:
    result = loaded(*plain("date", *dates))
    assert (result.record.issued, result.unmapped) == (issued, left)


def test_the_most_telling_type_is_taken() -> None:
    result = loaded(*plain("type", "Text", "info:eu-repo/semantics/publishedVersion", "Lesson Plan", "Plan de cours"))
    assert result.record.resource_type == "https://w3id.org/kim/hcrt/lesson_plan"
    assert result.unmapped == ("dc:type: Text", "dc:type: info:eu-repo/semantics/publishedVersion")


def test_identifiers_sources_and_relations() -> None:
    result = loaded(
        *plain("identifier", "https://x.org/1", "doi:10.1234/x", "Phys. Rev. 113 (2014)"),
        *plain("source", "Atlas — R. Haddad — https://x.org/atlas", "Journal of X", "https://x.org/y"),
        *plain("relation", "https://x.org/z"),
        *plain("format", "application/pdf"),
    )
    assert result.record.identifiers == [
        Identifier(scheme="url", value="https://x.org/1"),
        Identifier(scheme="doi", value="10.1234/x"),
    ]
    assert result.record.sources == [Source(title="Atlas", creator="R. Haddad", identifier="https://x.org/atlas")]
    assert result.unmapped == (
        "dc:identifier: Phys. Rev. 113 (2014)",
        "dc:source: Journal of X",
        "dc:source: https://x.org/y",
        "dc:relation: https://x.org/z",
        "dc:format: application/pdf",
    )


@pytest.mark.parametrize(
    ("said", "tags"),
    [("en fr", ["en", "fr"]), ("English; العربية", ["en", "ar"]), ("en_US", ["en-US"]), ("en, Klingonese", [])],
)
def test_languages_may_share_an_element(said: str, tags: list[str]) -> None:
    result = loaded(*plain("language", said))
    assert result.record.languages == tags
    assert bool(result.unmapped) == (not tags)


def test_coverage_is_countries_places_and_a_period() -> None:
    result = loaded(
        *plain("coverage", "TN", "1990/2020", "Gabès", "Djerba", "name=Tozeur; east=8.1; north=33.9", "1035966"),
        ("coverage", "قابس", "ar"),
    )
    assert result.record.coverage == Coverage(
        countries=["TN"],
        places=[Text(value="Gabès; Djerba; Tozeur"), Text(value="قابس", lang="ar")],
        period="1990/2020",
    )
    assert result.unmapped == ("dc:coverage: 1035966",)


def test_rights_are_licence_access_and_words() -> None:
    sentence = "Open article under http://creativecommons.org/licenses/by/4.0/, no fee."
    result = loaded(
        *plain("rights", "© 2016 X", sentence, "info:eu-repo/semantics/restrictedAccess"),
        *plain("rights", "http://creativecommons.org/licenses/by/4.0", "Attribution 4.0 International"),
    )
    assert result.record.licence == "https://creativecommons.org/licenses/by/4.0/"
    assert result.record.access == Access(kind="institution")
    assert result.record.rights_note == [Text(value=f"© 2016 X\n{sentence}")]
    assert result.unmapped == ()


def test_a_second_licence_is_told() -> None:
    first, second = "https://creativecommons.org/licenses/by/4.0/", "https://creativecommons.org/licenses/by-nc/4.0/"
    result = loaded(*plain("rights", first, second))
    assert (result.record.licence, result.unmapped) == (first, (f"dc:rights: {second}",))


END = "info:eu-repo/date/embargoEnd/2025-09-01"


@pytest.mark.parametrize(
    ("said", "access", "left"),
    [
        ([("rights", "info:eu-repo/semantics/embargoedAccess"), ("date", END)], "embargoed", False),
        ([("rights", "info:eu-repo/semantics/embargoedAccess")], "metadata-only", False),
        ([("rights", END)], "embargoed", False),
        ([("rights", "info:eu-repo/semantics/openAccess"), ("date", END)], "open", True),
    ],
)
def test_an_embargo_has_an_end(said: list[tuple[str, str]], access: str, left: bool) -> None:
    result = loaded(*((name, text, None) for name, text in said))
    assert result.record.access.kind == access
    assert result.record.access.until == (date(2025, 9, 1) if access == "embargoed" else None)
    assert bool(result.unmapped) == left


def test_elements_in_a_wrong_namespace_or_none_are_read_and_refinements_dumbed_down() -> None:
    body = (
        '<dc xmlns:t="http://purl.org/dc/terms/">stray<title lang="fi">Virtsa</title><t:issued>2021</t:issued><title/>'
        "<t:abstract>a b c d e f</t:abstract><t:tableOfContents>1 2 3</t:tableOfContents><readiness>no</readiness></dc>"
    )
    result = oai_dc_load.load(xml.parse(body.encode()))
    assert result.record.title == [Text(value="Virtsa", lang="fi")]
    assert result.record.description == [Text(value="a b c d e f")]
    assert result.record.issued == "2021"
    assert result.unmapped == ("text between elements: stray", "dcterms:tableOfContents: 1 2 3", "readiness: no")


def test_what_is_too_long_is_cut_and_what_is_too_much_is_told() -> None:
    result = loaded(
        *plain("title", "word " * 200),
        *plain("creator", *(f"Person {number}" for number in range(501))),
        *plain("subject", "x" * 101),
    )
    assert not errors(result.record)
    assert len(result.record.title[0].value) <= 500
    assert result.record.title[0].value.endswith("word…")
    assert len(result.record.creators) == 500
    assert [told.partition(": ")[0] for told in result.unmapped] == ["dc:title", "dc:creator", "dc:subject"]


def test_a_flood_of_statements_is_read_to_a_point() -> None:
    result = loaded(*plain("relation", *map(str, range(10_007))), *plain("title", "last"))
    assert result.record == Record()
    assert result.unmapped[0] == "statements after the first: 8"
    assert len(result.unmapped) == 10_001
    several = loaded(("subject", "a," * 90_000, "en"))
    assert [text.value for text in several.record.keywords] == ["a"]


def test_places_and_notes_are_joined_as_far_as_they_fit() -> None:
    result = loaded(*plain("coverage", "New York", "York", "New York", "x" * 290, "y" * 10))
    assert result.record.coverage == Coverage(places=[Text(value=f"New York; York; {'y' * 10}")])
    assert result.unmapped == (f"dc:coverage: {'x' * 290}",)


def test_an_endless_statement_is_told_by_its_beginning() -> None:
    assert len(loaded(*plain("relation", "x" * 5_000)).unmapped[0]) < 1_100


@pytest.mark.parametrize("name", NAMES)
def test_golden_records_keep_what_simple_dublin_core_can_say(name: str) -> None:
    record = golden_record(name)
    back = oai_dc_load.load(xml.parse(oai_dc.dump(around(record)))).record
    for field in ("title", "alternative", "description", "languages", "resource_type", "licence", "access", "coverage"):
        assert getattr(back, field) == getattr(record, field), field
    for field in ("subjects", "keywords", "identifiers"):
        assert [value for value in getattr(record, field) if value not in getattr(back, field)] == [], field
    assert list(map(wording.name, back.creators)) == list(map(wording.name, record.creators))
    assert list(map(wording.name, back.contributors)) == list(map(wording.name, record.contributors))
    assert back.issued == values.w3cdtf(record.issued or record.created or "")
    assert [(source.title, source.creator, source.identifier) for source in back.sources] == [
        (source.title, source.creator, source.identifier) for source in record.sources
    ]


ELEMENTS = st.sampled_from([*oai_dc_load.READERS, "relation", "format", "abstract", "status", "created"])
ODD = st.one_of(
    strings(60),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=60).map(xml.legal),
    st.sampled_from(
        [
            *(
                "",
                " ",
                "\u202e",
                "a; b;; c",
                "en fr",
                "Doe, Jane",
                "http://[::1",
                "javascript:alert(1)",
                "2024-02-30",
                "0000",
            ),
            *(
                "urn:isbn:1",
                "info:eu-repo/date/embargoEnd/9999-12-31",
                "info:eu-repo/semantics/embargoedAccess",
                "TN",
                "XX",
            ),
            *(
                "A — B — https://x.org",
                "<p>x</p>",
                "&amp;lt;b&gt;",
                "x" * 600,
                "word " * 5_000,
                "name=; east=1",
                "CC BY 4.0",
            ),
        ]
    ),
)


@settings(max_examples=300, deadline=None)
@given(said=st.lists(st.tuples(ELEMENTS, ODD, st.sampled_from([None, "ar", "en_US", "not a tag", "und"])), max_size=12))
def test_any_document_gives_a_sound_record_and_the_same_each_time(said: list[Said]) -> None:
    result = loaded(*said)
    assert not errors(result.record)
    assert result == loaded(*said)
