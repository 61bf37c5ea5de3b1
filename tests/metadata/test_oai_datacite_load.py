from random import Random

import pytest
from formats import NAMES, around, errors, golden_record, plain
from hypothesis import given, settings
from hypothesis import strategies as st
from record_strategies import described, strings

from metadata import xml
from metadata.crosswalks import Described, Loaded
from metadata.crosswalks.oai_datacite import dump
from metadata.crosswalks.oai_datacite_load import load

KERNEL = "http://datacite.org/schema/kernel-4"


def read(inside: str, namespace: str = KERNEL) -> Loaded:
    return load(xml.parse(f'<resource xmlns="{namespace}">{inside}</resource>'.encode()))


# ── Decisions ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", [":unav", "(:unav)", "(:unkn) unknown", ":tba", "(:none)"])
def test_what_is_said_to_be_unknown_is_nothing(code: str) -> None:
    loaded = read(
        f"<creators><creator><creatorName>{code}</creatorName></creator></creators><titles><title>{code}</title></titles>"
        f"<publisher>{code}</publisher><publicationYear>{code}</publicationYear><identifier identifierType='DOI'>{code}"
        f"</identifier><resourceType resourceTypeGeneral='Other'>{code}</resourceType>"
    )
    assert plain(loaded.record) == {}
    assert loaded.unmapped == ("resourceType: Other",)


@pytest.mark.parametrize(
    ("inside", "field", "value"),
    [
        ("<language>GER</language>", "languages", ["de"]),
        ("<publicationYear>2010</publicationYear>", "issued", "2010"),
        (
            '<dates><date dateType="Created">2011-03/2012-04</date></dates>',
            "created",
            "2011-03/2012-04",
        ),
        (
            '<dates><date dateType="Issued" dateInformation="EDTF 1999~">1999</date></dates>',
            "issued",
            "1999~",
        ),
        (
            '<dates><date dateType="Updated">2016-03-14T17:02:02Z</date></dates>',
            "modified",
            "2016-03-14",
        ),
        (
            '<resourceType resourceTypeGeneral="Text">Text/Lesson Plan</resourceType>',
            "resource_type",
            "https://w3id.org/kim/hcrt/lesson_plan",
        ),
        (
            '<resourceType resourceTypeGeneral="Audiovisual"/>',
            "resource_type",
            "https://w3id.org/kim/hcrt/video",
        ),
        (
            '<subjects><subject subjectScheme="typicalAgeRange">11-</subject></subjects>',
            "age_range",
            {"minimum": 11},
        ),
        (
            '<subjects><subject valueURI="https://w3id.org/kim/educationalLevel/level_2">x</subject></subjects>',
            "levels",
            ["https://w3id.org/kim/educationalLevel/level_2"],
        ),
        (
            (
                '<subjects><subject valueURI="http://metadata.un.org/sdg/4" xml:lang="fr">Notre but</subject>'
                '<subject valueURI="http://metadata.un.org/sdg/4" xml:lang="en">Quality education</subject></subjects>'
            ),
            "alignments",
            [
                {
                    "kind": "sdg",
                    "target": "http://metadata.un.org/sdg/4",
                    "name": [{"value": "Notre but", "lang": "fr"}],
                }
            ],
        ),
        (
            (
                '<relatedIdentifiers><relatedIdentifier relationType="HasPart" relatedIdentifierType="DOI">10.1234/p'
                "</relatedIdentifier></relatedIdentifiers>"
            ),
            "parts",
            [{"identifier": "https://doi.org/10.1234/p"}],
        ),
        (
            (
                '<relatedIdentifiers><relatedIdentifier relationType="IsDerivedFrom" relatedIdentifierType="URL">'
                "https://x.org/s</relatedIdentifier></relatedIdentifiers>"
            ),
            "sources",
            [{"identifier": "https://x.org/s", "title": "https://x.org/s"}],
        ),
        (
            (
                '<contributors><contributor contributorType="Funder"><contributorName>European Commission'
                '</contributorName><nameIdentifier nameIdentifierScheme="info">info:eu-repo/grantAgreement/EC/FP7/1'
                "</nameIdentifier></contributor></contributors>"
            ),
            "funders",
            [{"name": "European Commission"}],
        ),
        (
            "<descriptions><description descriptionType='Abstract'>Un<br/>deux</description></descriptions>",
            "description",
            [{"value": "Un\ndeux"}],
        ),
        (
            (
                "<geoLocations><geoLocation><geoLocationPlace>Gabès</geoLocationPlace></geoLocation><geoLocation>"
                "<geoLocationPlace>TN</geoLocationPlace></geoLocation><geoLocation><geoLocationPlace>Sfax"
                "</geoLocationPlace></geoLocation></geoLocations>"
            ),
            "coverage",
            {"countries": ["TN"], "places": [{"value": "Gabès; Sfax"}]},
        ),
    ],
)
def test_where_things_go(inside: str, field: str, value: object) -> None:
    loaded = read(inside)
    assert plain(loaded.record)[field] == value
    assert errors(loaded.record) == []


@pytest.mark.parametrize(
    ("rights", "dates", "access"),
    [
        ('<rights rightsURI="info:eu-repo/semantics/openAccess"/>', "", {}),
        (
            '<rights rightsURI="info:eu-repo/semantics/embargoedAccess"/>',
            '<date dateType="Available">2030-01-01</date>',
            {"kind": "embargoed", "until": "2030-01-01"},
        ),
        ('<rights rightsURI="info:eu-repo/semantics/embargoedAccess"/>', "", {"kind": "metadata-only"}),
        (
            '<rights rightsURI="info:eu-repo/semantics/embargoedAccess"/>',
            '<date dateType="Available">2030</date>',
            {"kind": "metadata-only"},
        ),
        ("<rights>Restricted Access</rights>", "", {"kind": "institution"}),
    ],
)
def test_access_and_embargoes(rights: str, dates: str, access: dict[str, str]) -> None:
    loaded = read(f"<rightsList>{rights}</rightsList><dates>{dates}</dates>")
    assert plain(loaded.record).get("access", {}) == access


@pytest.mark.parametrize(
    ("rights", "licence", "notes"),
    [
        ('<rights rightsURI="http://creativecommons.org/licenses/by/4.0/legalcode">CC BY 4.0</rights>', "by/4.0", []),
        ('<rights rightsIdentifier="CC-BY-SA-4.0" rightsIdentifierScheme="SPDX">x y</rights>', "by-sa/4.0", ["x y"]),
        ("<rights>Creative Commons Attribution 4.0 International</rights>", "by/4.0", []),
        ("<rights>Ask the author</rights>", None, ["Ask the author"]),
    ],
)
def test_licences_are_known_by_address_id_or_name(rights: str, licence: str | None, notes: list[str]) -> None:
    record = read(f"<rightsList>{rights}</rightsList>").record
    assert record.licence == (f"https://creativecommons.org/licenses/{licence}/" if licence else None)
    assert [note.value for note in record.rights_note] == notes


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        ("<version>2</version>", "version: 2"),
        ("<formats><format>pdf</format></formats>", "format: pdf"),
        ('<dates><date dateType="Collected">2011</date></dates>', "Collected: 2011"),
        ("<language>Klingonese</language>", "language: Klingonese"),
        ("<somethingNew><a>b</a> c</somethingNew>", "somethingNew: b c"),
        (
            (
                '<alternateIdentifiers><alternateIdentifier alternateIdentifierType="Local">A 1</alternateIdentifier>'
                "</alternateIdentifiers>"
            ),
            "alternateIdentifier: A 1 (Local)",
        ),
        (
            (
                '<creators><creator><creatorName>A</creatorName><nameIdentifier nameIdentifierScheme="ISNI">1'
                "</nameIdentifier></creator></creators>"
            ),
            "nameIdentifier: ISNI 1 (A)",
        ),
        (
            (
                '<contributors><contributor contributorType="Supervisor"><contributorName>A</contributorName>'
                "</contributor></contributors>"
            ),
            "contributorType: Supervisor (A)",
        ),
        (
            (
                "<geoLocations><geoLocation><geoLocationPoint><pointLatitude>49</pointLatitude></geoLocationPoint>"
                "</geoLocation></geoLocations>"
            ),
            "geoLocationPoint: pointLatitude 49",
        ),
        (
            (
                '<descriptions><description descriptionType="Abstract">A</description>'
                '<description descriptionType="Methods">B</description></descriptions>'
            ),
            "description Methods: B",
        ),
    ],
)
def test_what_has_no_place_is_told(inside: str, told: str) -> None:
    assert told in read(inside).unmapped


def test_terms_named_in_words_count_only_where_none_is_named_by_address() -> None:
    words = "<subject>Physics</subject>"
    address = '<subject valueURI="http://data.europa.eu/snb/isced-f/0114">x</subject>'
    assert read(f"<subjects>{words}</subjects>").record.subjects == [
        "http://vocabularies.unesco.org/thesaurus/concept132"
    ]
    both = read(f"<subjects>{words}{address}</subjects>").record
    assert both.subjects == ["http://data.europa.eu/snb/isced-f/0114"]
    assert [keyword.value for keyword in both.keywords] == ["Physics"]


def test_what_the_rules_refuse_is_told_instead() -> None:
    orcid = '<nameIdentifier nameIdentifierScheme="ORCID">0000-0000-0000-0000</nameIdentifier>'
    loaded = read(
        f"<creators><creator><creatorName>Ali, Omar</creatorName>{orcid}</creator></creators>"
        "<rightsList><rights>{}</rights></rightsList>".format("x" * 6000)
    )
    assert errors(loaded.record) == []
    assert loaded.record.creators[0].orcid is None
    assert "creators: 0000-0000-0000-0000" in loaded.unmapped
    assert len(loaded.record.rights_note[0].value) == 5000


def test_a_document_of_another_kind_gives_an_empty_record_and_all_its_words() -> None:
    loaded = load(xml.parse(b"<a>one<b>two</b></a>"))
    assert plain(loaded.record) == {}
    assert loaded.unmapped == ("a: one", "b: two")


# ── There and back ───────────────────────────────────────────────────────────────────────────────

# Fields that do not come back as they went, or not in every golden record.
CHANGED = {
    *("languages", "keywords", "creators", "contributors", "publisher", "issued", "sources", "alignments"),
    *("educational_use", "interactivity", "study_time", "classroom", "accessibility", "coverage", "identifiers"),
    "citation_note",
}


@pytest.mark.parametrize("name", NAMES)
def test_what_the_format_carries_comes_back(name: str) -> None:
    record = golden_record(name)
    loaded = load(xml.parse(dump(around(record))))
    assert errors(loaded.record) == []
    assert loaded.record.model_dump(exclude=CHANGED) == record.model_dump(exclude=CHANGED)
    there, back = record.model_dump(mode="json"), loaded.record.model_dump(mode="json")
    assert back["languages"] == there["languages"][:1]
    assert back["issued"] == (there["issued"] or "2024-03-01")
    assert all(keyword in back["keywords"] for keyword in there["keywords"])
    assert all(identifier in back["identifiers"] for identifier in there["identifiers"])
    assert len(back["creators"]) == len(there["creators"])
    assert [agent["orcid"] for agent in back["creators"]] == [agent["orcid"] for agent in there["creators"]]
    assert (back["coverage"] or {}).get("period") == (there["coverage"] or {}).get("period")


@settings(max_examples=80, deadline=None)
@given(made=described(complete=False))
def test_whatever_we_write_we_can_read(made: Described) -> None:
    loaded = load(xml.parse(dump(made)))
    assert errors(loaded.record) == []
    record = loaded.record
    assert record.licence == made.record.licence
    assert set(made.record.subjects) <= set(record.subjects)
    assert record.levels == made.record.levels
    assert record.audience == made.record.audience
    assert record.age_range == made.record.age_range or made.record.age_range.minimum is None  # type: ignore[union-attr]
    assert record.access == made.record.access
    assert [text.lang for text in record.title] == [text.lang for text in made.record.title]


NAMES_SEEN = (
    *("resource", "payload", "identifier", "creators", "creator", "creatorName", "givenName", "familyName"),
    *("nameIdentifier", "affiliation", "titles", "title", "publisher", "publicationYear", "resourceType", "subjects"),
    *("subject", "contributors", "contributor", "contributorName", "dates", "date", "language", "rightsList", "rights"),
    *("alternateIdentifiers", "alternateIdentifier", "relatedIdentifiers", "relatedIdentifier", "sizes", "size"),
    *("descriptions", "description", "br", "geoLocations", "geoLocation", "geoLocationPlace", "geoLocationPoint"),
    *("fundingReferences", "fundingReference", "funderName", "awardNumber", "relatedItems", "relatedItem", "unheardOf"),
)
SAID = (
    *("", " ", ":unav", "2024", "2024-99", "../..", "10.1234/x", "DOI", "URL", "Abstract", "IsPartOf", "IsDerivedFrom"),
    *("http://[x", "javascript:alert(1)", "urn:", "ar", "xx-not-a-tag", "PT9M58S", "5-3", "typicalAgeRange", "Funder"),
    *("info:eu-repo/semantics/embargoedAccess", "http://metadata.un.org/sdg/4", "x" * 600, "\u202e", "TN"),
)


ATTRIBUTES = (
    *("titleType", "dateType", "relationType", "relatedIdentifierType", "rightsURI", "valueURI", "xml:lang"),
    *("nameType", "contributorType", "identifierType", "descriptionType", "subjectScheme", "dateInformation"),
)


INSIDE = {
    "creator": ("creatorName", "givenName", "familyName", "nameIdentifier", "affiliation"),
    "contributor": ("contributorName", "givenName", "familyName", "nameIdentifier", "affiliation"),
    "geoLocation": ("geoLocationPlace", "geoLocationPoint"),
    "fundingReference": ("funderName", "funderIdentifier", "awardNumber", "awardTitle"),
    "relatedItem": ("relatedItemIdentifier", "titles", "creators"),
    "rightsList": ("rights",),
}


def odd(random: Random, words: list[str], depth: int = 4, within: str = "") -> xml.Element:
    """A tree of DataCite's names, mostly where they belong, with attributes of DataCite and any words."""
    pairs = {random.choice(ATTRIBUTES): random.choice(words) for _ in range(random.randrange(3))}
    belong = INSIDE.get(within) or ((within[:-1],) if within.endswith("s") else ())
    name = random.choice(belong) if belong and random.random() < 0.8 else random.choice(NAMES_SEEN)
    node = xml.element(random.choice(["datacite:", ""]) + name, random.choice(words), pairs)
    for _ in range(random.randrange(4) if depth else 0):
        child = odd(random, words, depth - 1, name)
        child.tail = random.choice([None, "tail"])
        node.append(child)
    return node


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), words=st.lists(strings(), max_size=3))
def test_odd_documents_never_raise_and_never_give_an_unsound_record(seed: int, words: list[str]) -> None:
    random = Random(seed)
    root = xml.element("datacite:resource", default="datacite")
    root.extend([odd(random, [*SAID, *words]) for _ in range(random.randrange(9))])
    loaded = load(xml.parse(xml.tobytes(root)))
    assert errors(loaded.record) == []
    assert all(told.strip() for told in loaded.unmapped)
