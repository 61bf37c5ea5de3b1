from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from formats import EMPTY, FILES, around
from lxml import etree

from metadata import vocabularies, xml
from metadata.crosswalks import FileLink, oai_datacite
from metadata.crosswalks.oai_datacite import dump
from metadata.record import (
    Access,
    Affiliation,
    Agent,
    AgeRange,
    Alignment,
    Contributor,
    Coverage,
    Funder,
    Identifier,
    Record,
    Reference,
    Source,
    Text,
)

RELATOR = "http://id.loc.gov/vocabulary/relators/"
HCRT = "https://w3id.org/kim/hcrt/"
Found = tuple[str | None, dict[str, str]]


def rendered(record: Record, files: tuple[FileLink, ...] = FILES) -> xml.Element:
    return xml.parse(dump(around(record, files)))


def found(record: Record, path: str, files: tuple[FileLink, ...] = FILES) -> list[Found]:
    """(text, attributes by local name) of every element at ``titles/title``."""
    nodes = rendered(record, files).findall("/".join(f"{{{oai_datacite.NAMESPACE}}}{step}" for step in path.split("/")))
    return [(node.text, {etree.QName(key).localname: said for key, said in node.attrib.items()}) for node in nodes]


def texts(record: Record, path: str, **attributes: str) -> list[str | None]:
    """The texts of those elements that have these attributes."""
    return [text for text, said in found(record, path) if attributes.items() <= said.items()]


def test_an_empty_record_says_what_is_unavailable() -> None:
    said = {etree.QName(node).localname: "".join(node.itertext()) for node in xml.parse(dump(EMPTY))}
    assert said == {
        "identifier": "https://x.org/1",
        "creators": ":unav",
        "titles": ":unav",
        "publisher": ":unav",
        "publicationYear": "2024",
        "resourceType": ":unav",
        "dates": "2024-03-01",
        "alternateIdentifiers": "oai:x.org:1",
        "version": "1",
        "rightsList": "open access",
    }


@pytest.mark.parametrize(
    ("identifiers", "main", "kind", "others"),
    [
        ([], "https://oer.example.org/resources/k7m2p9qd", "URL", []),
        ([("isbn", "978-3-16-148410-0")], "https://oer.example.org/resources/k7m2p9qd", "URL", ["ISBN"]),
        ([("handle", "hdl:20.500.1/2")], "20.500.1/2", "Handle", ["URL"]),
        ([("handle", "20.500.1/2"), ("doi", "https://doi.org/10.1234/x")], "10.1234/x", "DOI", ["URL", "Handle"]),
        ([("other", "Cote 12"), ("urn", "urn:nbn:de:1-2")], None, "URL", ["Other", "URN"]),
    ],
)
def test_the_best_name_of_the_work_is_the_identifier(
    identifiers: list[tuple[Any, str]], main: str | None, kind: str, others: list[str]
) -> None:
    record = Record(identifiers=[Identifier(scheme=scheme, value=value) for scheme, value in identifiers])
    ((text, attributes),) = found(record, "identifier")
    assert attributes == {"identifierType": kind}
    assert main is None or text == main
    alternate = [
        said["alternateIdentifierType"] for _, said in found(record, "alternateIdentifiers/alternateIdentifier")
    ]
    assert alternate == [*others, "oai"]


def test_the_first_title_is_the_main_one_and_the_rest_say_what_they_are() -> None:
    record = Record(
        title=[Text(value="درس", lang="ar"), Text(value="Cours", lang="fr"), Text(value="x")],
        alternative=[Text(value="Leçon", lang="fr")],
    )
    assert found(record, "titles/title") == [
        ("درس", {"lang": "ar"}),
        ("Cours", {"titleType": "TranslatedTitle", "lang": "fr"}),
        ("x", {"titleType": "TranslatedTitle"}),
        ("Leçon", {"titleType": "AlternativeTitle", "lang": "fr"}),
    ]


def test_people_and_organisations_bear_their_identifiers() -> None:
    person = Agent(
        name="Leïla Ben Omar",
        given="Leïla",
        family="Ben Omar",
        orcid="0000-0002-1825-0097",
        affiliations=[Affiliation(name="Université", ror="05dxps055")],
    )
    club = Agent(kind="organisation", name="Club", ror="https://ror.org/05dxps055")
    record = Record(creators=[person, club])
    assert found(record, "creators/creator/creatorName") == [
        ("Ben Omar, Leïla", {"nameType": "Personal"}),
        ("Club", {"nameType": "Organizational"}),
    ]
    assert found(record, "creators/creator/nameIdentifier") == [
        ("https://orcid.org/0000-0002-1825-0097", {"nameIdentifierScheme": "ORCID", "schemeURI": "https://orcid.org"}),
        ("https://ror.org/05dxps055", {"nameIdentifierScheme": "ROR", "schemeURI": "https://ror.org"}),
    ]
    assert found(record, "creators/creator/affiliation") == [
        (
            "Université",
            {
                "affiliationIdentifier": "https://ror.org/05dxps055",
                "affiliationIdentifierScheme": "ROR",
                "schemeURI": "https://ror.org",
            },
        )
    ]


def test_roles_that_have_an_element_of_their_own_go_there() -> None:
    roles = ("aut", "pbl", "fnd", "trl", "ill", "cph")
    record = Record(
        creators=[Agent(name="A")],
        contributors=[Contributor(name=f"the {role}", role=RELATOR + role) for role in roles],
        rights_holder="the cph",
    )
    assert texts(record, "creators/creator/creatorName") == ["A", "the aut"]
    assert texts(record, "publisher") == ["the pbl"]
    assert texts(record, "fundingReferences/fundingReference/funderName") == ["the fnd"]
    kinds = [said["contributorType"] for _, said in found(record, "contributors/contributor")]
    assert kinds == ["HostingInstitution", "HostingInstitution", "Translator", "Other", "RightsHolder"]


def test_the_holder_of_the_rights_is_whoever_bears_the_name_in_the_record() -> None:
    creators = [Agent(name="Leïla Ben Omar", given="Leïla", family="Ben Omar")]
    record = Record(creators=creators, rights_holder="Leïla Ben Omar")
    assert found(record, "contributors/contributor/contributorName")[-1] == (
        "Ben Omar, Leïla",
        {"nameType": "Personal"},
    )
    unknown = Record(rights_holder="Someone")
    assert found(unknown, "contributors/contributor/contributorName")[-1] == ("Someone", {})


def test_the_institution_hosts_in_each_of_its_languages_and_publishes_where_nobody_else_does() -> None:
    hosts = found(Record(), "contributors/contributor/contributorName")
    assert hosts == [
        ("جامعة المثال", {"nameType": "Organizational", "lang": "ar"}),
        ("Université de l’Exemple", {"nameType": "Organizational", "lang": "fr"}),
    ]
    assert found(Record(), "publisher") == [("جامعة المثال", {"lang": "ar"})]
    french = Record(title=[Text(value="Cours", lang="fr-TN")])
    assert found(french, "publisher") == [("Université de l’Exemple", {"lang": "fr"})]
    published = Record(publisher=Agent(kind="organisation", name="Presses", ror="05dxps055"))
    ((text, attributes),) = found(published, "publisher")
    assert (text, attributes["publisherIdentifier"]) == ("Presses", "https://ror.org/05dxps055")


@pytest.mark.parametrize(
    ("issued", "year", "said"),
    [
        ("2024-02-05", "2024", [("2024-02-05", None)]),
        ("2020/2021", "2020", [("2020/2021", None)]),
        ("2020-05-01/..", "2020", [("2020-05-01/", "EDTF 2020-05-01/..")]),
        ("../1950", "1950", [("/1950", "EDTF ../1950")]),
        ("1999~", "1999", [("1999", "EDTF 1999~")]),
        ("2024-21", "2024", [("2024", "EDTF 2024-21")]),
        ("156X", "2024", [("2024-03-01", None)]),
        (None, "2024", [("2024-03-01", None)]),
    ],
)
def test_dates_are_w3cdtf_and_periods_rkms_with_edtf_beside(
    issued: str | None, year: str, said: list[tuple[str, str | None]]
) -> None:
    record = Record(issued=issued)
    assert texts(record, "publicationYear") == [year]
    dates = [(text, attributes.get("dateInformation")) for text, attributes in found(record, "dates/date")]
    assert dates == said


def test_every_date_has_its_type_and_an_embargo_its_two_ends() -> None:
    record = Record(
        issued="2022",
        created="2021-11",
        modified="2023",
        coverage=Coverage(period="1990/2020", places=[]),
        access=Access(kind="embargoed", until=date(2025, 9, 1)),
    )
    assert [(said["dateType"], text) for text, said in found(record, "dates/date")] == [
        ("Issued", "2022"),
        ("Accepted", "2022"),
        ("Available", "2025-09-01"),
        ("Created", "2021-11"),
        ("Updated", "2023"),
        ("Coverage", "1990/2020"),
    ]


PDF = FileLink("https://x.org/1.pdf", "1.pdf", "application/pdf", 10, "0" * 64)
MP4 = FileLink("https://x.org/2.mp4", "2.mp4", "video/mp4", 20, "1" * 64)
ZIP = FileLink("https://x.org/3.zip", "3.zip", "application/zip", 30, "2" * 64)


@pytest.mark.parametrize(
    ("code", "files", "general", "label"),
    [
        ("video", (PDF,), "Audiovisual", "Video"),
        ("slide", (), "Presentation", "Presentation"),
        ("lesson_plan", (MP4,), "Text", "Lesson Plan"),
        ("course", (PDF, MP4), "InteractiveResource", "Course"),
        ("experiment", (MP4,), "Audiovisual", "Experiment"),
        ("experiment", (PDF, MP4), "Collection", "Experiment"),
        ("drill_and_practice", (ZIP,), "InteractiveResource", "Drill and Practice"),
        ("questionnaire", (), "Other", "Questionnaire"),
        ("other", (PDF, PDF), "Text", "Other"),
        (None, (PDF,), "Text", ":unav"),
    ],
)
def test_the_general_type_is_that_of_the_resource_or_of_its_files(
    code: str | None, files: tuple[FileLink, ...], general: str, label: str
) -> None:
    record = Record(resource_type=HCRT + code if code else None)
    assert found(record, "resourceType", files) == [(label, {"resourceTypeGeneral": general})]


def test_every_type_of_learning_resource_has_a_general_type_without_files(
    assert_valid: Callable[[bytes], None],
) -> None:
    assert set(oai_datacite._GENERAL) <= {uri.removeprefix(HCRT) for uri in vocabularies.terms("hcrt")}
    for uri in vocabularies.terms("hcrt"):
        assert_valid(dump(around(Record(resource_type=uri), ())))


def test_a_term_is_written_per_language_with_its_address_and_code() -> None:
    uri = "http://data.europa.eu/snb/isced-f/0533"
    subjects = found(Record(subjects=[uri]), "subjects/subject")
    assert [attributes["lang"] for _, attributes in subjects] == ["ar", "fr", "en"]
    assert subjects[2][0] == "Physics"
    assert subjects[2][1] == {
        "subjectScheme": "ISCED-F 2013",
        "schemeURI": "http://data.europa.eu/snb/isced-f/",
        "valueURI": uri,
        "classificationCode": "0533",
        "lang": "en",
    }


def test_levels_audience_age_and_alignments_are_subjects() -> None:
    record = Record(
        keywords=[Text(value="ضوء", lang="ar")],
        levels=["https://w3id.org/kim/educationalLevel/level_2"],
        audience=["http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/teacher"],
        age_range=AgeRange(minimum=13),
        alignments=[
            Alignment(kind="sdg", target="http://metadata.un.org/sdg/4", name=[]),
            Alignment(kind="curriculum", target="8.3", framework="Programme", name=[Text(value="Lumière", lang="fr")]),
            Alignment(kind="occupation", target="https://x.org/o", name=[]),
        ],
    )
    said = found(record, "subjects/subject")
    english = [text for text, attributes in said if attributes.get("lang", "en") == "en"]
    assert english == ["Lower secondary education", "teacher", "13-", "Quality education", "https://x.org/o"]
    assert ("ضوء", {"lang": "ar"}) in said
    assert ("Lumière", {"subjectScheme": "Programme", "classificationCode": "8.3", "lang": "fr"}) in said


@pytest.mark.parametrize(
    ("low", "high", "said"), [(13, 14, "13-14"), (6, 6, "6"), (None, 5, "-5"), (18, None, "18-"), (0, 3, "0-3")]
)
def test_ages_are_written_as_schema_org_does(low: int | None, high: int | None, said: str) -> None:
    record = Record(age_range=AgeRange(minimum=low, maximum=high))
    assert texts(record, "subjects/subject", subjectScheme="typicalAgeRange") == [said]


def test_access_comes_before_the_licence_in_three_languages_and_the_notes() -> None:
    uri = "https://creativecommons.org/licenses/by/4.0/"
    record = Record(licence=uri, rights_note=[Text(value="Voir p. 48", lang="fr")])
    rights = found(record, "rightsList/rights")
    assert rights[0] == ("open access", {"rightsURI": "info:eu-repo/semantics/openAccess", "lang": "en"})
    assert rights[3] == (
        "Attribution 4.0 International",
        {
            "rightsURI": uri,
            "rightsIdentifier": "CC-BY-4.0",
            "rightsIdentifierScheme": "SPDX",
            "schemeURI": "https://spdx.org/licenses/",
            "lang": "en",
        },
    )
    assert rights[4] == ("Voir p. 48", {"lang": "fr"})
    assert len(rights) == 5


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("open", "openAccess"),
        ("embargoed", "embargoedAccess"),
        ("institution", "restrictedAccess"),
        ("metadata-only", "closedAccess"),
    ],
)
def test_every_kind_of_access_has_its_semantic_uri(kind: Any, said: str) -> None:
    rights = found(Record(access=Access(kind=kind)), "rightsList/rights")
    assert [attributes["rightsURI"] for _, attributes in rights] == [f"info:eu-repo/semantics/{said}"]


@pytest.mark.parametrize(
    ("iri", "kind", "written"),
    [
        ("doi:10.1234/x", "DOI", "10.1234/x"),
        ("https://doi.org/10.1234/x", "DOI", "10.1234/x"),
        ("https://hdl.handle.net/20.500.1/2", "Handle", "20.500.1/2"),
        ("urn:isbn:9783161484100", "ISBN", "9783161484100"),
        ("urn:nbn:de:1-2", "URN", "urn:nbn:de:1-2"),
        ("https://مدرسة.example.org/دروس", "URL", "https://مدرسة.example.org/دروس"),
    ],
)
def test_related_works_are_named_by_type(iri: str, kind: str, written: str) -> None:
    record = Record(part_of=[Reference(identifier=iri)])
    assert found(record, "relatedIdentifiers/relatedIdentifier") == [
        (written, {"relatedIdentifierType": kind, "relationType": "IsPartOf"})
    ]
    assert found(record, "relatedItems/relatedItem") == []


def test_an_identifier_without_a_type_is_told_as_an_item() -> None:
    record = Record(parts=[Reference(identifier="oai:x.org:1")])
    assert found(record, "relatedIdentifiers/relatedIdentifier") == []
    assert found(record, "relatedItems/relatedItem/relatedItemIdentifier") == [("oai:x.org:1", {})]


def test_remixes_and_translations_say_from_what_and_how() -> None:
    record = Record(
        translation_of=Reference(identifier="https://x.org/t"),
        sources=[
            Source(
                identifier="https://x.org/s",
                title="Atlas",
                creator="R. Haddad",
                changes=[Text(value="Traduit", lang="fr"), Text(value="ترجم", lang="ar")],
            ),
            Source(title="A book on paper", changes=[]),
        ],
    )
    assert [said["relationType"] for _, said in found(record, "relatedIdentifiers/relatedIdentifier")] == [
        "IsTranslationOf",
        "IsDerivedFrom",
    ]
    items = found(record, "relatedItems/relatedItem")
    assert [said.get("relationTypeInformation") for _, said in items] == ["Traduit", None]
    assert texts(record, "relatedItems/relatedItem/titles/title") == ["Atlas", "A book on paper"]
    assert texts(record, "relatedItems/relatedItem/creators/creator/creatorName") == ["R. Haddad"]


def test_files_give_sizes_and_formats_and_playing_time_is_a_size() -> None:
    record = Record(play_time="PT9M58S")
    assert texts(record, "sizes/size") == ["1 B", "2 B", "PT9M58S"]
    assert texts(record, "formats/format") == ["application/pdf", "video/mp4"]
    assert texts(record, "version") == ["1"]


def test_funders_places_and_languages() -> None:
    record = Record(
        funders=[Funder(name="Fund", ror="05dxps055", award="A-1")],
        languages=["fr", "ar"],
        coverage=Coverage(countries=["TN"], places=[Text(value="Gabès", lang="fr")]),
    )
    reference = "fundingReferences/fundingReference"
    assert found(record, f"{reference}/funderIdentifier") == [
        ("https://ror.org/05dxps055", {"funderIdentifierType": "ROR", "schemeURI": "https://ror.org/"})
    ]
    assert texts(record, f"{reference}/awardNumber") == ["A-1"]
    assert texts(record, "language") == ["fr"]
    assert texts(record, "geoLocations/geoLocation/geoLocationPlace") == ["Gabès", "TN"]
