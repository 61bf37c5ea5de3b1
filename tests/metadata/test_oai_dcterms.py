import pytest
from formats import EMPTY, FILES, around
from lxml import etree

from metadata import xml
from metadata.crosswalks import oai_dcterms
from metadata.record import (
    Access,
    AgeRange,
    Alignment,
    Classroom,
    Coverage,
    Identifier,
    Record,
    Reference,
    Source,
    Text,
)

dump = oai_dcterms.dump
TYPE, LANG = xml.name("xsi:type"), xml.name("xml:lang")
Said = tuple[str, str | None, str | None]


def said(record: Record, term: str) -> list[Said]:
    """Text, encoding scheme and language of the elements of a term."""
    root = xml.parse(dump(around(record)))
    return [(node.text or "", node.get(TYPE), node.get(LANG)) for node in root.iter(xml.name(f"dcterms:{term}"))]


def test_an_empty_record_still_says_where_it_is() -> None:
    root = xml.parse(dump(EMPTY))
    assert [(etree.QName(node).localname, node.text) for node in root if not node.get(LANG)] == [
        ("issued", "2024-03-01"),
        ("identifier", "https://x.org/1"),
        ("hasVersion", "1"),
        ("accessRights", "http://purl.org/coar/access_right/c_abf2"),
    ]


def test_values_that_a_half_written_record_may_hold_bear_no_scheme_that_they_break() -> None:
    coverage = Coverage(countries=["Tunis", "XX"], period="2014-02-30/..")
    record = Record(languages=["not a tag", "x y"], created="2014-02-30", issued="0000", coverage=coverage)
    assert said(record, "created") == [("2014-02-30", None, None)]
    assert said(record, "issued") == [("0000", None, None)]
    assert said(record, "language") == [("not a tag", None, None), ("x y", None, None)]
    assert said(record, "temporal") == [("2014-02-30/..", None, None)]
    assert [scheme for _, scheme, _ in said(record, "spatial")] == [None, None]


def test_titles_other_titles_and_descriptions_have_terms_of_their_own() -> None:
    record = Record(
        title=[Text(value="درس", lang="ar"), Text(value="Cours", lang="fr")],
        alternative=[Text(value="x")],
        description=[Text(value="y", lang="en")],
        citation_note=[Text(value="z", lang="en")],
    )
    assert said(record, "title") == [("درس", None, "ar"), ("Cours", None, "fr")]
    assert said(record, "alternative") == [("x", None, None)]
    assert said(record, "abstract") == [("y", None, "en")]
    assert said(record, "bibliographicCitation") == [("z", None, "en")]


@pytest.mark.parametrize(
    ("term", "record"),
    [
        ("type", Record(resource_type="https://w3id.org/kim/hcrt/video")),
        ("subject", Record(subjects=["http://vocabularies.unesco.org/thesaurus/concept132"])),
        ("educationLevel", Record(levels=["https://w3id.org/kim/educationalLevel/level_2"])),
        ("audience", Record(audience=["http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/teacher"])),
        (
            "instructionalMethod",
            Record(educational_use=["http://purl.org/dcx/lrmi-vocabs/educationalUse/instruction"]),
        ),
        ("instructionalMethod", Record(interactivity="http://purl.org/dcx/lrmi-vocabs/interactivityType/active")),
        ("license", Record(licence="https://creativecommons.org/licenses/by/4.0/")),
        ("accessRights", Record()),
        ("conformsTo", Record(alignments=[Alignment(kind="sdg", target="http://metadata.un.org/sdg/4")])),
    ],
)
def test_a_term_is_written_in_three_languages_and_as_its_uri(term: str, record: Record) -> None:
    found = said(record, term)[:4]
    assert [language for _, _, language in found] == ["ar", "fr", "en", None]
    assert found[3][1] == "dcterms:URI"
    assert found[3][0].startswith("http")


def test_encoding_schemes_are_named() -> None:
    record = Record(
        languages=["ar-TN"],
        created="1999~",
        issued="2022-05",
        coverage=Coverage(countries=["TN"]),
        identifiers=[Identifier(scheme="isbn", value="978-3-16-148410-0"), Identifier(scheme="other", value="Cote 1")],
    )
    assert said(record, "language") == [("ar-TN", "dcterms:RFC4646", None)]
    assert said(record, "created") == [("1999", "dcterms:W3CDTF", None)]
    assert said(record, "issued") == [("2022-05", "dcterms:W3CDTF", None)]
    assert said(record, "spatial") == [("TN", "dcterms:ISO3166", None)]
    assert said(record, "format") == [
        ("application/pdf", "dcterms:IMT", None),
        ("video/mp4", "dcterms:IMT", None),
    ]
    assert said(record, "type") == [("Text", "dcterms:DCMIType", None), ("MovingImage", "dcterms:DCMIType", None)]
    assert said(record, "identifier") == [
        ("https://oer.example.org/resources/k7m2p9qd", "dcterms:URI", None),
        ("urn:isbn:978-3-16-148410-0", "dcterms:URI", None),
        ("Cote 1", None, None),
    ]


@pytest.mark.parametrize(
    ("period", "written", "scheme"),
    [
        ("1990/2020", "start=1990; end=2020; scheme=W3C-DTF;", "Period"),
        ("1914/1918-11-11", "start=1914; end=1918-11-11; scheme=W3C-DTF;", "Period"),
        ("../1950", "end=1950; scheme=W3C-DTF;", "Period"),
        ("2011/..", "start=2011; scheme=W3C-DTF;", "Period"),
        ("1956", "1956", "W3CDTF"),
        ("1956~", "1956~", None),
        ("156X/1600", "156X/1600", None),
    ],
)
def test_periods_are_dcmi_periods_as_far_as_those_can_say_them(period: str, written: str, scheme: str | None) -> None:
    found = said(Record(coverage=Coverage(period=period)), "temporal")
    assert found == [(written, f"dcterms:{scheme}" if scheme else None, None)]


@pytest.mark.parametrize(
    ("minimum", "maximum", "years"), [(13, 14, "13–14"), (6, None, "6+"), (None, 9, "0–9"), (0, 3, "0–3")]
)
def test_ages_are_an_audience_in_three_languages(minimum: int | None, maximum: int | None, years: str) -> None:
    found = said(Record(age_range=AgeRange(minimum=minimum, maximum=maximum)), "audience")
    assert found == [
        (f"الفئة العمرية: {years}", None, "ar"),
        (f"Âge : {years}", None, "fr"),
        (f"Age: {years}", None, "en"),
    ]


def test_no_ages_no_audience() -> None:
    assert said(Record(age_range=AgeRange()), "audience") == []


def test_extent_holds_sizes_and_durations() -> None:
    found = said(Record(play_time="PT10M", study_time="PT1H"), "extent")
    assert [text for text, _, _ in found] == [
        *(f"{file.size} bytes" for file in FILES),
        "PT10M",
        "زمن الدراسة: PT1H",
        "Temps d’étude : PT1H",
        "Study time: PT1H",
    ]


def test_relations_say_what_they_are() -> None:
    record = Record(
        translation_of=Reference(identifier="https://x.org/en"),
        parts=[Reference(identifier="oai:x.org:2")],
        part_of=[Reference(identifier="https://x.org/all", title="All")],
        sources=[Source(title="Atlas", creator="R. Haddad", identifier="https://x.org/atlas")],
    )
    assert said(record, "isVersionOf") == [("https://x.org/en", "dcterms:URI", None)]
    assert said(record, "hasPart") == [("oai:x.org:2", "dcterms:URI", None)]
    assert said(record, "isPartOf") == [("https://x.org/all", "dcterms:URI", None)]
    assert said(record, "source") == [("Atlas — R. Haddad — https://x.org/atlas", None, None)]
    assert said(record, "hasVersion") == [("1", None, None)]


def test_alignments_outside_our_vocabularies_are_framework_code_and_name() -> None:
    names = [Text(value="الضوء", lang="ar"), Text(value="La lumière", lang="fr")]
    record = Record(
        alignments=[
            Alignment(kind="curriculum", target="8.3", name=names, framework="Programme"),
            Alignment(kind="curriculum", target="8.4"),
            Alignment(kind="occupation", target="https://x.org/occupation/1"),
        ]
    )
    assert said(record, "conformsTo") == [
        ("Programme — 8.3 — الضوء", None, "ar"),
        ("Programme — 8.3 — La lumière", None, "fr"),
        ("8.4", None, None),
        ("https://x.org/occupation/1", "dcterms:URI", None),
    ]


def test_what_a_classroom_needs_is_required() -> None:
    needed = Classroom(devices=["printer", "none"], internet="always", equipment=[Text(value="مرآة", lang="ar")])
    found = said(Record(classroom=needed), "requires")
    assert [text for text, _, language in found if language == "ar"] == ["طابعة", "اتصال دائم بالإنترنت", "مرآة"]
    assert {language for _, _, language in found} == {"ar", "fr", "en"}
    assert said(Record(classroom=Classroom(internet="none")), "requires") == []


def test_an_embargo_says_from_when_the_files_are_there() -> None:
    record = Record(access=Access.model_validate({"kind": "embargoed", "until": "2025-09-01"}))
    assert said(record, "available") == [("2025-09-01", "dcterms:W3CDTF", None)]
    assert said(record, "accessRights")[3][0] == "http://purl.org/coar/access_right/c_f1cf"
    assert said(Record(), "available") == []


def test_the_institution_is_where_the_resource_comes_from() -> None:
    assert [language for _, _, language in said(Record(), "provenance")] == ["ar", "fr"]
