from datetime import date
from pathlib import Path
from typing import Any

import pytest
from formats import EMPTY, FILES, around
from lxml import etree

from metadata import vocabularies, xml
from metadata.crosswalks import FileLink, oai_openaire
from metadata.crosswalks.oai_openaire import dump
from metadata.record import Access, Agent, Contributor, Coverage, Funder, Identifier, Record, Reference, Source, Text

RELATOR = "http://id.loc.gov/vocabulary/relators/"
HCRT = "https://w3id.org/kim/hcrt/"
COAR = "http://purl.org/coar/resource_type/"
Found = tuple[str | None, dict[str, str]]


def found(record: Record, path: str, files: tuple[FileLink, ...] = FILES) -> list[Found]:
    """(text, attributes by local name) of every element at ``datacite:titles/datacite:title``."""
    nodes = xml.parse(dump(around(record, files))).findall("/".join(xml.name(step) for step in path.split("/")))
    return [(node.text, {etree.QName(key).localname: said for key, said in node.attrib.items()}) for node in nodes]


def texts(record: Record, path: str) -> list[str | None]:
    return [text for text, _ in found(record, path)]


def test_an_empty_record_invents_nothing() -> None:
    said = {etree.QName(node).localname: "".join(node.itertext()) for node in xml.parse(dump(EMPTY))}
    assert said == {
        "alternateIdentifiers": "oai:x.org:1",
        "dates": "2024-03-01",
        "resourceType": "other",
        "identifier": "https://x.org/1",
        "rights": "open access",
        "version": "1",
    }


@pytest.mark.parametrize(
    ("code", "coar", "general", "label"),
    [
        ("script", "c_8544", "literature", "lecture"),
        ("slide", "c_8544", "literature", "lecture"),
        ("textbook", "c_2f33", "literature", "book"),
        ("text", "c_18cf", "literature", "text"),
        ("data", "c_ddb1", "dataset", "dataset"),
        ("application", "c_5ce6", "software", "software"),
        ("video", "c_12ce", "other research product", "video"),
        ("lesson_plan", "c_1843", "other research product", "other"),
        ("course", "c_1843", "other research product", "other"),
        (None, "c_1843", "other research product", "other"),
    ],
)
def test_learning_objects_are_lectures_or_other_and_media_are_what_they_are(
    code: str | None, coar: str, general: str, label: str
) -> None:
    record = Record(resource_type=HCRT + code if code else None)
    assert found(record, "oaire:resourceType") == [(label, {"resourceTypeGeneral": general, "uri": COAR + coar})]


def test_every_type_is_one_of_the_schema_for_4_0(shared: Path) -> None:
    types = {uri.removeprefix(HCRT) for uri in vocabularies.terms("hcrt")}
    assert set(oai_openaire._TYPES) <= types
    schema = (shared / "xsd" / "openaire-4" / "oaire-resourceType-v4.xsd").read_text(encoding="utf-8")
    for code in {*oai_openaire._TYPES.values(), "c_1843"}:
        assert f'"{COAR}{code}"' in schema
        assert vocabularies.label("coar-resource-types", COAR + code, "en") != code


def test_the_kind_of_learning_resource_is_a_subject_since_the_type_cannot_say_it() -> None:
    subjects = found(Record(resource_type=f"{HCRT}lesson_plan"), "datacite:subjects/datacite:subject")
    assert [(text, said["lang"]) for text, said in subjects][1:] == [("Plan de cours", "fr"), ("Lesson Plan", "en")]
    assert {said["valueURI"] for _, said in subjects} == {f"{HCRT}lesson_plan"}


@pytest.mark.parametrize(
    ("kind", "code", "label"),
    [
        ("open", "c_abf2", "open access"),
        ("embargoed", "c_f1cf", "embargoed access"),
        ("institution", "c_16ec", "restricted access"),
        ("metadata-only", "c_14cb", "metadata only access"),
    ],
)
def test_access_rights_are_coar_terms(kind: Any, code: str, label: str) -> None:
    uri = f"http://purl.org/coar/access_right/{code}"
    assert found(Record(access=Access(kind=kind)), "datacite:rights") == [(label, {"rightsURI": uri})]


def test_an_embargo_has_two_dates_and_the_licence_begins_when_it_ends() -> None:
    record = Record(
        issued="2022~",
        created="2020",
        licence="https://creativecommons.org/licenses/by/4.0/",
        access=Access(kind="embargoed", until=date(2025, 9, 1)),
    )
    dates = [(said["dateType"], text) for text, said in found(record, "datacite:dates/datacite:date")]
    assert dates == [("Issued", "2022"), ("Accepted", "2022"), ("Available", "2025-09-01")]
    uri = "https://creativecommons.org/licenses/by/4.0/"
    assert found(record, "oaire:licenseCondition") == [
        ("Attribution 4.0 International", {"startDate": "2025-09-01", "uri": uri})
    ]


@pytest.mark.parametrize(
    ("identifiers", "main", "kind"),
    [
        ([], "https://oer.example.org/resources/k7m2p9qd", "URL"),
        ([("handle", "20.500.1/2")], "https://hdl.handle.net/20.500.1/2", "HANDLE"),
        ([("handle", "20.500.1/2"), ("doi", "10.1234/x")], "https://doi.org/10.1234/x", "DOI"),
    ],
)
def test_the_identifier_is_a_link(identifiers: list[tuple[Any, str]], main: str, kind: str) -> None:
    record = Record(identifiers=[Identifier(scheme=scheme, value=value) for scheme, value in identifiers])
    assert found(record, "datacite:identifier") == [(main, {"identifierType": kind})]


def test_files_are_links_that_anybody_may_follow() -> None:
    csv = FileLink("https://x.org/3.csv", "3.csv", "text/csv", 3, "2" * 64)
    access = "http://purl.org/coar/access_right/c_abf2"
    assert found(Record(), "oaire:file", (*FILES, csv)) == [
        (FILES[0].url, {"accessRightsURI": access, "mimeType": "application/pdf", "objectType": "fulltext"}),
        (FILES[1].url, {"accessRightsURI": access, "mimeType": "video/mp4", "objectType": "other"}),
        (csv.url, {"accessRightsURI": access, "mimeType": "text/csv", "objectType": "dataset"}),
    ]
    assert texts(Record(), "dc:format") == ["application/pdf", "video/mp4"]
    assert texts(Record(), "datacite:sizes/datacite:size") == ["1 B", "2 B"]


def test_translators_and_translations_take_the_nearest_older_word() -> None:
    record = Record(
        contributors=[Contributor(name="Hédi", role=f"{RELATOR}trl")],
        translation_of=Reference(identifier="https://x.org/t"),
    )
    kinds = [said["contributorType"] for _, said in found(record, "datacite:contributors/datacite:contributor")]
    assert kinds == ["HostingInstitution", "Other"]
    related = found(record, "datacite:relatedIdentifiers/datacite:relatedIdentifier")
    assert related == [("https://x.org/t", {"relatedIdentifierType": "URL", "relationType": "IsVersionOf"})]


def test_the_institution_is_one_contributor_named_in_the_language_of_the_title() -> None:
    names = "datacite:contributors/datacite:contributor/datacite:contributorName"
    assert texts(Record(), names) == ["جامعة المثال"]
    assert texts(Record(title=[Text(value="Cours", lang="fr")]), names) == ["Université de l’Exemple"]


def test_only_works_without_an_identifier_are_sources() -> None:
    record = Record(
        sources=[
            Source(identifier="https://x.org/s", title="Atlas", changes=[]),
            Source(title="On paper", creator="R. Haddad", changes=[]),
        ]
    )
    assert texts(record, "dc:source") == ["On paper — R. Haddad"]
    assert texts(record, "datacite:relatedIdentifiers/datacite:relatedIdentifier") == ["https://x.org/s"]


def test_languages_descriptions_and_publishers_are_repeated() -> None:
    record = Record(
        languages=["fr", "ar"],
        description=[Text(value="Un", lang="fr"), Text(value="واحد", lang="ar"), Text(value="1")],
    )
    assert texts(record, "dc:language") == ["fr", "ar"]
    assert found(record, "dc:description") == [("Un", {"lang": "fr"}), ("واحد", {"lang": "ar"}), ("1", {})]
    assert [said["lang"] for _, said in found(record, "dc:publisher")] == ["ar", "fr"]
    assert texts(Record(publisher=Agent(name="Presses")), "dc:publisher") == ["Presses"]


def test_funders_audience_and_periods() -> None:
    record = Record(
        funders=[Funder(name="Fund", ror="05dxps055", award="A-1"), Funder(name="Other")],
        audience=["http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/teacher"],
        coverage=Coverage(period="1990/2020", places=[Text(value="Gabès", lang="fr")]),
    )
    reference = "oaire:fundingReferences/oaire:fundingReference"
    assert texts(record, f"{reference}/oaire:funderName") == ["Fund", "Other"]
    assert found(record, f"{reference}/oaire:funderIdentifier") == [
        ("https://ror.org/05dxps055", {"funderIdentifierType": "ROR"})
    ]
    assert texts(record, f"{reference}/oaire:awardNumber") == ["A-1"]
    assert found(record, "dcterms:audience") == [
        ("معلّم", {"lang": "ar"}),
        ("enseignant", {"lang": "fr"}),
        ("teacher", {"lang": "en"}),
    ]
    assert texts(record, "dc:coverage") == ["1990/2020"]
    place = "datacite:geoLocations/datacite:geoLocation/datacite:geoLocationPlace"
    assert texts(record, place) == ["Gabès"]
