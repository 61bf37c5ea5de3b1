"""How single elements of MODS are read, and documents that nobody should write."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from record_strategies import IRIS, WORDS

from metadata import xml
from metadata.crosswalks import Loaded, mods_load
from metadata.record import AgeRange, Contributor, Record
from metadata.validate import problems

RELATORS = "http://id.loc.gov/vocabulary/relators/"
HEAD = 'xmlns="http://www.loc.gov/mods/v3" xmlns:xlink="http://www.w3.org/1999/xlink"'


def load(inside: str) -> Loaded:
    """A ``mods`` element with this inside, read."""
    return mods_load.load(xml.parse(f"<mods {HEAD}>{inside}</mods>".encode()))


def record(inside: str) -> Record:
    return load(inside).record


def assert_sound(loaded: Loaded) -> None:
    assert [problem for problem in problems(loaded.record, "draft") if problem.severity == "error"] == []
    assert all(isinstance(told, str) and told for told in loaded.unmapped)


@pytest.mark.parametrize(
    ("article", "words", "whole"),
    [
        ("The ", "Sun", "The Sun"),
        ("The", "Sun", "The Sun"),
        ("L’", "eau", "L’eau"),
        ("ال", "شمس", "الشمس"),
        ("", "Sun", "Sun"),
    ],
)
def test_articles_go_back_to_their_words(article: str, words: str, whole: str) -> None:
    found = record(f"<titleInfo><nonSort>{article}</nonSort><title>{words}</title></titleInfo>")
    assert found.title[0].value == whole


def test_parts_of_titles_follow_in_order() -> None:
    found = record("<titleInfo><title>Maths</title><partNumber>2</partNumber><partName>Algebra</partName></titleInfo>")
    assert found.title[0].value == "Maths. 2. Algebra"


@pytest.mark.parametrize(
    ("dates", "issued"),
    [
        ('<dateIssued encoding="w3cdtf">2022</dateIssued><dateIssued encoding="edtf">2022~</dateIssued>', "2022~"),
        ("<dateIssued>2020</dateIssued><dateIssued>2020-05-01</dateIssued>", "2020-05-01"),
        ('<dateIssued point="start">1999</dateIssued><dateIssued point="end">2001</dateIssued>', "1999/2001"),
        ('<dateIssued point="start">1999</dateIssued>', "1999"),
        ('<dateIssued qualifier="approximate">1999</dateIssued>', "1999~"),
        ('<dateIssued qualifier="questionable">1999</dateIssued>', "1999?"),
        ('<dateIssued encoding="marc">195u</dateIssued>', "195X"),
        ("<dateIssued>[1957?]</dateIssued>", "1957?"),
        ("<dateIssued>2019-05-02T10:00:00Z</dateIssued>", "2019-05-02"),
        ("<dateIssued>in summer</dateIssued>", None),
        ("<copyrightDate>2001</copyrightDate>", None),
    ],
)  # fmt: skip
def test_the_most_exact_date_is_kept(dates: str, issued: str | None) -> None:
    loaded = load(f"<originInfo>{dates}</originInfo>")
    assert loaded.record.issued == issued
    assert bool(loaded.unmapped) == (issued is None)


def test_another_date_of_the_same_kind_is_told() -> None:
    first, second = (f"<originInfo><dateIssued>{said}</dateIssued></originInfo>" for said in ("2001", "1999-01"))
    loaded = load(first + second)
    assert loaded.record.issued == "1999-01"
    assert loaded.unmapped == ("originInfo/dateIssued: 2001",)


@pytest.mark.parametrize(
    ("roles", "creators", "contributors"),
    [
        ("", 1, []),
        ("<role><roleTerm>aut</roleTerm></role>", 1, []),
        ("<role><roleTerm type='code'>cre</roleTerm><roleTerm type='text'>Creator</roleTerm></role>", 1, []),
        ("<role><roleTerm>Traducteur</roleTerm></role>", 0, ["trl"]),
        ("<role><roleTerm valueURI='http://id.loc.gov/vocabulary/relators/ill'>x</roleTerm></role>", 0, ["ill"]),
        ("<role><roleTerm>aut</roleTerm></role><role><roleTerm>ill</roleTerm></role>", 1, ["ill"]),
        ("<role><roleTerm>astrologer</roleTerm></role>", 0, ["ctb"]),
    ],
)
def test_roles_decide_who_is_a_creator(roles: str, creators: int, contributors: list[str]) -> None:
    found = record(f"<name><namePart>Zed</namePart>{roles}</name>")
    assert len(found.creators) == creators
    assert found.contributors == [Contributor(name="Zed", role=RELATORS + code) for code in contributors]


def test_holders_of_rights_and_funders_have_places_of_their_own() -> None:
    found = record(
        "<name><namePart>Press</namePart><role><roleTerm>cph</roleTerm></role></name>"
        "<name><namePart>Fund</namePart><role><roleTerm>fnd</roleTerm></role><description>A-1</description></name>"
    )
    assert found.rights_holder == "Press"
    assert [(one.name, one.award) for one in found.funders] == [("Fund", "A-1")]


@pytest.mark.parametrize(
    ("language", "tags"),
    [
        ("<languageTerm type='text'>Arabic</languageTerm><languageTerm type='code'>ara</languageTerm>", ["ar"]),
        ("<languageTerm authority='iso639-2b'>ara</languageTerm><languageTerm authority='rfc5646'>ar-TN</languageTerm>",
         ["ar-TN"]),
        ("<languageTerm>zxx</languageTerm>", ["zxx"]),
        ("<languageTerm>Elvish</languageTerm>", []),
        ("français", []),
    ],
)  # fmt: skip
def test_the_most_exact_code_of_a_language_is_kept(language: str, tags: list[str]) -> None:
    loaded = load(f"<language>{language}</language>")
    assert loaded.record.languages == tags
    assert bool(loaded.unmapped) == (not tags)


def test_the_language_of_a_summary_is_not_that_of_the_work() -> None:
    loaded = load("<language objectPart='summary'><languageTerm>eng</languageTerm></language>")
    assert (loaded.record.languages, loaded.unmapped) == ([], ("language: eng",))


@pytest.mark.parametrize(
    ("audience", "field", "value"),
    [
        ("<targetAudience>13-14</targetAudience>", "age_range", AgeRange(minimum=13, maximum=14)),
        ("<targetAudience>6-</targetAudience>", "age_range", AgeRange(minimum=6)),
        ("<targetAudience>teachers</targetAudience>", "audience",
         ["http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/teacher"]),
        ("<targetAudience>High school</targetAudience>", "levels", ["https://w3id.org/kim/educationalLevel/level_3"]),
        ("<targetAudience>-</targetAudience>", "age_range", None),
    ],
)  # fmt: skip
def test_audiences_are_ages_levels_or_roles(audience: str, field: str, value: Any) -> None:
    assert getattr(record(audience), field) == value


def test_keywords_that_name_a_subject_give_it_only_where_none_is_named_by_address() -> None:
    topic = "<subject><topic>Physics</topic></subject>"
    alone = record(topic)
    assert alone.subjects == ["http://vocabularies.unesco.org/thesaurus/concept132"]
    assert [text.value for text in alone.keywords] == ["Physics"]
    botany = "http://vocabularies.unesco.org/thesaurus/concept230"
    beside = record(f'{topic}<subject valueURI="{botany}"><topic>Botany</topic></subject>')
    assert (beside.subjects, [text.value for text in beside.keywords]) == ([botany], ["Physics"])


def test_files_are_told_and_pages_are_identifiers() -> None:
    loaded = load("<location><url access='raw object'>https://x.org/a.pdf</url><url>https://x.org/1</url></location>")
    assert [one.value for one in loaded.record.identifiers] == ["https://x.org/1"]
    assert loaded.unmapped == ("location/url: https://x.org/a.pdf",)


@pytest.mark.parametrize("kind", ["original", "series", "otherVersion", "references", "host"])
def test_relations_that_a_record_does_not_know_are_told(kind: str) -> None:
    loaded = load(f'<relatedItem type="{kind}"><titleInfo><title>Other</title></titleInfo></relatedItem>')
    assert loaded.unmapped == (f"relatedItem[{kind}]: Other",)
    assert loaded.record == Record()


def test_a_copyright_statement_in_xml_names_the_holder() -> None:
    found = record(
        '<accessCondition><copyright xmlns="http://www.cdlib.org/inside/diglib/copyrightMD"><rights.holder><name>Zed'
        "</name></rights.holder></copyright></accessCondition>"
    )
    assert found.rights_holder == "Zed"


# ── Odd documents ────────────────────────────────────────────────────────────────────────────────


def test_a_collection_gives_its_first_record_and_tells_the_others() -> None:
    root = xml.parse(
        f"<modsCollection {HEAD}><mods><titleInfo><title>A</title></titleInfo></mods>"
        "<mods><titleInfo><title>B</title></titleInfo></mods></modsCollection>".encode()
    )
    loaded = mods_load.load(root)
    assert (loaded.record.title[0].value, loaded.unmapped) == ("A", ("mods: B",))


@pytest.mark.parametrize("namespace", ["http://www.loc.gov/mods/v3", "http://www.loc.gov/mods/", "urn:none", ""])
def test_the_namespace_does_not_matter(namespace: str) -> None:
    root = xml.parse(f'<wrap><mods xmlns="{namespace}"><titleInfo><title>A</title></titleInfo></mods></wrap>'.encode())
    assert mods_load.load(root).record.title[0].value == "A"


def test_what_is_no_mods_is_told() -> None:
    loaded = mods_load.load(xml.parse(b"<dc><title>A</title></dc>"))
    assert (loaded.record, loaded.unmapped) == (Record(), ("dc: A",))


def test_text_between_elements_and_in_wrong_places_is_told() -> None:
    loaded = load("loose<titleInfo>Bare title</titleInfo><unknown>x<y>z</y></unknown>")
    assert loaded.record.title[0].value == "Bare title"
    assert set(loaded.unmapped) == {"text between elements: loose", "unknown: x z"}


def test_what_is_too_long_or_too_much_never_spoils_the_record() -> None:
    many = "".join(f"<name><namePart>Name {number}</namePart></name>" for number in range(600))
    loaded = load(
        f"<titleInfo><title>{'x' * 900}</title></titleInfo><subject><topic>{'y' * 200}</topic></subject>{many}"
        "<identifier type='local'>" + "z" * 2000 + "</identifier>"
    )
    assert_sound(loaded)
    assert len(loaded.record.creators) == 500
    assert len(loaded.record.title[0].value) <= 500


NAMES_OF_ELEMENTS = """mods titleInfo title subTitle nonSort partName name namePart displayForm affiliation role
    roleTerm nameIdentifier description etal typeOfResource genre originInfo publisher place placeTerm dateIssued
    dateCreated dateModified dateOther copyrightDate edition language languageTerm scriptTerm physicalDescription extent
    form internetMediaType abstract tableOfContents targetAudience note subject topic geographic temporal geographicCode
    hierarchicalGeographic country cartographics occupation classification relatedItem identifier location url
    physicalLocation accessCondition rights.holder part extension recordInfo recordIdentifier nonsense"""
ELEMENTS = NAMES_OF_ELEMENTS.split()
ATTRIBUTES = {
    "type": ["code", "text", "personal", "corporate", "family", "given", "date", "translated", "alternative", "host",
             "constituent", "uri", "doi", "isbn", "local", "use and reproduction", "available", "device",
             "timeRequired", "accessModeSufficient", "group size", "preferred citation", "accessMode"],
    "authority": ["marcrelator", "rfc5646", "iso639-2b", "unescot", "iso3166", "ict-cft"],
    "encoding": ["w3cdtf", "edtf", "marc"],
    "point": ["start", "end", "middle"],
    "qualifier": ["approximate", "questionable"],
    "displayLabel": ["sdg, teaches", "curriculum", "competency, nothing"],
    "altRepGroup": ["1", ""],
    "unit": ["duration", "bytes"],
    "usage": ["primary"],
    "otherType": ["isBasedOn", "translationOfWork"],
    "lang": ["ara", "eng", "??"],
    "invalid": ["yes"],
}  # fmt: skip
SAYINGS = (*WORDS, *IRIS, "2024", "2024-05-17", "19uu", "../..", "ar", "aut", "trl", "pbl", "cph", "fnd", "PT5M", "2-4",
           "999-1", "-", "99999999999999999999", "TN", "f-ti---", "10.1234/x", "978-3-16-148410-0", "video", "Physics",
           "http://metadata.un.org/sdg/4", "https://creativecommons.org/licenses/by/4.0/", "embargoed access",
           "textual, visual", "visual,", "\u202edoc", "&amp;lt;b&amp;gt;", "")  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> etree._Element:
    """Trees of MODS elements in any order, with texts and attributes that some of them have."""

    def grow(depth: int) -> etree._Element:
        node = etree.Element(f"{{http://www.loc.gov/mods/v3}}{draw(st.sampled_from(ELEMENTS))}")
        node.text = draw(st.sampled_from(SAYINGS))
        for key in draw(st.lists(st.sampled_from(sorted(ATTRIBUTES)), max_size=3, unique=True)):
            node.set(key, draw(st.sampled_from(ATTRIBUTES[key])))
        if draw(st.booleans()):
            node.set("valueURI", draw(st.sampled_from(SAYINGS)))
        if depth:
            node.extend(grow(depth - 1) for _ in range(draw(st.integers(0, 3))))
        return node

    root = etree.Element("{http://www.loc.gov/mods/v3}mods")
    root.extend(grow(2) for _ in range(draw(st.integers(0, 6))))
    return root


@settings(max_examples=150, deadline=None)
@given(root=documents())
def test_any_document_gives_a_sound_record(root: etree._Element) -> None:
    loaded = mods_load.load(xml.parse(etree.tostring(root)))
    assert_sound(loaded)
