from pathlib import Path
from random import Random
from typing import Any

import pytest
from formats import GOLDEN, NAMES, around, golden_record
from hypothesis import given, settings
from hypothesis import strategies as st
from record_strategies import described, strings

from metadata import xml
from metadata.crosswalks import Described, Loaded
from metadata.crosswalks.oai_datacite import dump
from metadata.crosswalks.oai_datacite_load import load
from metadata.record import Record
from metadata.validate import problems

PARTNERS = sorted((GOLDEN / "oai_datacite" / "partners").glob("*.xml"))
KERNEL = "http://datacite.org/schema/kernel-4"
RELATOR = "http://id.loc.gov/vocabulary/relators/"


def sent(name: str) -> Loaded:
    return load(xml.parse((GOLDEN / "oai_datacite" / "partners" / f"{name}.xml").read_bytes()))


def read(inside: str, namespace: str = KERNEL) -> Loaded:
    return load(xml.parse(f'<resource xmlns="{namespace}">{inside}</resource>'.encode()))


def errors(loaded: Loaded) -> list[Any]:
    return [problem for problem in problems(loaded.record, "draft") if problem.severity == "error"]


def plain(record: Record) -> dict[str, Any]:
    return record.model_dump(mode="json", exclude_defaults=True)


# ── Whole documents, in the shapes that partners send ────────────────────────────────────────────


@pytest.mark.parametrize("file", PARTNERS, ids=lambda file: file.stem)
def test_what_partners_send_becomes_a_sound_record(file: Path) -> None:
    loaded = load(xml.parse(file.read_bytes()))
    assert errors(loaded) == []
    assert loaded.record.title
    assert loaded.record.creators
    assert any(one.scheme == "doi" for one in loaded.record.identifiers)


def test_kernel_3_without_name_types_with_html_and_an_empty_address_of_rights() -> None:
    loaded = sent("kernel-3")
    said = plain(loaded.record)
    assert said["description"] == [{"value": "First release that pupils can install themselves."}]
    assert said["issued"] == "2014-09-30"
    assert said["resource_type"] == "https://w3id.org/kim/hcrt/application"
    assert said["rights_note"] == [{"value": "Other (Open)"}]
    assert said["identifiers"] == [
        {"scheme": "doi", "value": "10.1234/archive.2077"},
        {"scheme": "url", "value": "http://archive.example.org/record/2077"},
    ]
    assert [agent["name"] for agent in said["creators"]][2:] == ["Nour", "Oliver K. Placeholder"]
    related = "https://code.example.org/stars/star-plotter/tree/v0.2.0"
    assert loaded.unmapped == (f"relatedIdentifier: IsSupplementTo {related}",)


def test_datacites_own_envelope() -> None:
    loaded = sent("kernel-2.1-in-envelope")
    said = plain(loaded.record)
    assert said["creators"] == [{"name": "Salma T. Marwan", "given": "Salma T.", "family": "Marwan"}]
    assert said["contributors"][0]["role"] == f"{RELATOR}edt"
    assert said["issued"] == "2011-05-16"
    assert said["languages"] == ["en"]
    assert said["licence"] == "https://creativecommons.org/licenses/by-nc-nd/3.0/"
    assert "EXAMPLE.PRESS" not in " ".join(loaded.unmapped)
    assert "size: 8 pages" in loaded.unmapped


def test_a_prefix_changes_nothing_and_names_stay_as_they_were_sent() -> None:
    loaded = sent("kernel-2.2-prefixed")
    said = plain(loaded.record)
    assert [agent["family"] for agent in said["creators"]] == ["BenaÃ¯ssa", "Exemple-Durand", "Sample"]
    assert said["description"][0]["value"].startswith("Draws the swing")
    assert said["resource_type"] == "https://w3id.org/kim/hcrt/application"
    assert {"Valid: 2018-03-05", "Accepted: 2018-03-05", "version: 1.5.2"} <= set(loaded.unmapped)


def test_properties_that_stand_twice() -> None:
    loaded = sent("kernel-2.2-said-twice")
    said = plain(loaded.record)
    assert said["languages"] == ["de", "en"]
    assert said["publisher"]["name"] == "Universitätsbibliothek Musterstadt"
    assert said["issued"] == "2016-04-21"
    assert {"scheme": "handle", "value": "99999/5150"} in said["identifiers"]
    assert [one["role"] for one in said["contributors"]] == [f"{RELATOR}cur", f"{RELATOR}his"]
    assert "keywords" not in said
    assert {
        "publisher: University Library Musterstadt",
        "Issued: 2015",
        "publicationYear: 2015",
        "subject: 630 (ddc)",
        "resourceType: Habilitation (Collection)",
    } <= set(loaded.unmapped)


def test_people_who_stand_in_one_creator_are_three() -> None:
    loaded = sent("kernel-4-three-in-one-creator")
    said = plain(loaded.record)
    assert [agent["family"] for agent in said["creators"]] == ["Primer", "Vzorčič", "Zgled"]
    assert said["creators"][1]["affiliations"] == [{"name": "Zavod za vzorce Vzorčno mesto"}]
    assert [text["lang"] for text in said["title"]] == ["sl", "en"]
    assert [text["lang"] for text in said["alternative"]] == ["sl", "en"]
    assert said["description"][0]["value"].startswith("Pupils who watch a leaf")
    assert said["part_of"] == [{"identifier": "urn:issn:1234-5679"}]
    assert said["licence"] == "https://creativecommons.org/licenses/by/4.0/"


def test_funders_keep_their_names_and_their_other_ids_are_told() -> None:
    loaded = sent("kernel-4-funders")
    assert [funder.name for funder in loaded.record.funders][1] == "National Example Institute (NEI)"
    told = "funderIdentifier: http://doi.org/10.1234/funder-2 (National Example Institute (NEI))"
    assert told in loaded.unmapped


@pytest.mark.parametrize(
    "around_it",
    [
        '<resource xmlns="http://www.openarchives.org/OAI/2.0/">{}</resource>',
        '<resource xmlns="http://datacite.org/schema/kernel-3">{}</resource>',
        "<resource>{}</resource>",
        (
            '<oai_datacite xmlns="http://schema.datacite.org/oai/oai-1.1/"><schemaVersion>4.5</schemaVersion><payload>'
            '<resource xmlns="http://datacite.org/schema/kernel-4">{}</resource></payload></oai_datacite>'
        ),
        '<metadata xmlns:d="http://datacite.org/schema/kernel-4.1"><d:resource>{}</d:resource></metadata>',
    ],
)
def test_any_namespace_and_any_wrapping_will_do(around_it: str) -> None:
    title = '<titles><title xml:lang="ar">درس</title></titles>'
    loaded = load(xml.parse(around_it.format(title).encode()))
    assert plain(loaded.record) == {"title": [{"value": "درس", "lang": "ar"}]}
    assert loaded.unmapped == ()


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
    assert errors(loaded) == []


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
    assert errors(loaded) == []
    assert loaded.record.creators[0].orcid is None
    assert "creators: 0000-0000-0000-0000" in loaded.unmapped
    assert len(loaded.record.rights_note[0].value) == 5000


def test_a_document_of_another_kind_gives_an_empty_record_and_all_its_words() -> None:
    loaded = load(xml.parse(b"<a>one<b>two</b></a>"))
    assert plain(loaded.record) == {}
    assert loaded.unmapped == ("a: one", "b: two")


# ── There and back ───────────────────────────────────────────────────────────────────────────────

# Fields that come back as they went, in every golden record.
SURVIVE = (
    "title",
    "alternative",
    "description",
    "resource_type",
    "subjects",
    "levels",
    "audience",
    "age_range",
    "created",
    "modified",
    "licence",
    "rights_holder",
    "rights_note",
    "access",
    "translation_of",
    "parts",
    "part_of",
    "play_time",
    "funders",
)


@pytest.mark.parametrize("name", NAMES)
def test_what_the_format_carries_comes_back(name: str) -> None:
    record = golden_record(name)
    loaded = load(xml.parse(dump(around(record))))
    assert errors(loaded) == []
    there, back = record.model_dump(mode="json"), loaded.record.model_dump(mode="json")
    assert {field: back[field] for field in SURVIVE} == {field: there[field] for field in SURVIVE}
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
    assert errors(loaded) == []
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
    assert errors(loaded) == []
    assert all(told.strip() for told in loaded.unmapped)
