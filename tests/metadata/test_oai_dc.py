import pytest
from formats import EMPTY, around
from lxml import etree

from metadata import xml
from metadata.crosswalks import FORMATS
from metadata.record import Access, Identifier, Record, Text

dump = FORMATS["oai_dc"].dump


def elements(described_record: Record) -> list[tuple[str, str | None, str | None]]:
    root = xml.parse(dump(around(described_record)))
    return [(etree.QName(node).localname, node.text, node.get(xml.name("xml:lang"))) for node in root]


def test_an_empty_record_still_says_where_it_is() -> None:
    root = xml.parse(dump(EMPTY))
    assert [(etree.QName(node).localname, node.text) for node in root] == [
        ("date", "2024-03-01"),
        ("identifier", "https://x.org/1"),
        ("rights", "info:eu-repo/semantics/openAccess"),
    ]


def test_titles_are_repeated_per_language_and_unknown_languages_are_not_named() -> None:
    titles = [Text(value="درس", lang="ar"), Text(value="Cours", lang="fr"), Text(value="x")]
    found = [entry[1:] for entry in elements(Record(title=titles)) if entry[0] == "title"]
    assert found == [("درس", "ar"), ("Cours", "fr"), ("x", None)]


def test_a_term_is_written_in_three_languages_and_as_its_uri() -> None:
    uri = "https://w3id.org/kim/hcrt/video"
    found = [entry[1:] for entry in elements(Record(resource_type=uri)) if entry[0] == "type"]
    assert [language for _, language in found] == ["ar", "fr", "en", None, None, None]
    assert [text for text, _ in found[3:]] == [uri, "Text", "MovingImage"]


@pytest.mark.parametrize(
    ("scheme", "value", "written"),
    [
        ("doi", "10.1234/x", "https://doi.org/10.1234/x"),
        ("doi", "doi:10.1234/x", "https://doi.org/10.1234/x"),
        ("doi", "https://doi.org/10.1234/x", "https://doi.org/10.1234/x"),
        ("handle", "20.500.1/2", "https://hdl.handle.net/20.500.1/2"),
        ("isbn", "978-3-16-148410-0", "urn:isbn:978-3-16-148410-0"),
        ("urn", "urn:nbn:de:101:1-2019", "urn:nbn:de:101:1-2019"),
        ("other", "Cote 12: b", "Cote 12: b"),
    ],
)
def test_identifiers_are_written_so_that_they_can_be_followed(scheme: str, value: str, written: str) -> None:
    identifier = Identifier(scheme=scheme, value=value)  # type: ignore[arg-type]
    assert ("identifier", written, None) in elements(Record(identifiers=[identifier]))


def test_the_licence_is_its_uri_and_its_name_in_three_languages() -> None:
    uri = "https://creativecommons.org/licenses/by/4.0/"
    rights = [entry[1:] for entry in elements(Record(licence=uri)) if entry[0] == "rights"]
    assert rights[1] == (uri, None)
    assert [language for _, language in rights[2:]] == ["ar", "fr", "en"]


@pytest.mark.parametrize(
    ("issued", "dates"),
    [("2024-21", ["2024"]), ("156X", ["2024-03-01"]), ("../1950", ["2024-03-01"]), (None, ["2024-03-01"])],
)
def test_there_is_a_date_whatever_is_known_of_the_issue(issued: str | None, dates: list[str]) -> None:
    assert [text for element, text, _ in elements(Record(issued=issued)) if element == "date"] == dates


def test_every_kind_of_access_has_its_semantic_uri() -> None:
    kinds = Access.model_fields["kind"].annotation.__args__  # type: ignore[union-attr]
    for kind in kinds:
        rights = [entry[1] for entry in elements(Record(access=Access(kind=kind))) if entry[0] == "rights"]
        assert (rights[0] or "").startswith("info:eu-repo/semantics/")
