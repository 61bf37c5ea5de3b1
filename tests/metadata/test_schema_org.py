"""schema.org in JSON-LD against AMB's own schemas, with AMB's own examples as the proof that the validator judges."""

import json
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import rdflib
from formats import GOLDEN, NAMES, PUBLISHED, around, golden_record
from hypothesis import given, settings
from hypothesis import strategies as st
from rdflib.namespace import RDF
from record_strategies import IRIS, described

from metadata import vocabularies
from metadata.crosswalks import Described, FileLink, schema_org, schema_org_nodes, uris
from metadata.record import Access, Agent, AgeRange, Alignment, Record, Source, Text

LANGUAGES = vocabularies.LANGUAGES
AMB = ("20231019", "draft")
SDO = rdflib.Namespace("http://schema.org/")
Judge = Callable[[Any], list[str]]


@pytest.fixture(scope="session")
def folder(shared: Path) -> Path:
    return shared / "vocabularies" / "amb"


@cache
def _judge(folder: Path, version: str) -> Judge:
    documents = [json.loads(file.read_bytes()) for file in (folder / version / "schemas").glob("*.json")]
    registry = jsonschema_rs.Registry([(each["$id"], each) for each in documents])
    root = next(each for each in documents if each["$id"].endswith("/schema.json"))
    validator = jsonschema_rs.Draft7Validator(root, registry=registry, validate_formats=True)
    return lambda document: [
        f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in validator.iter_errors(document)
    ]


@pytest.fixture(params=AMB)
def faults(request: pytest.FixtureRequest, folder: Path) -> Judge:
    """What a version of AMB finds wrong with a document."""
    return _judge(folder, request.param)


def written(made: Described, language: str = "ar") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(schema_org.dump(made, language))
    return document


def of(language: str = "ar", files: tuple[FileLink, ...] = (), **fields: Any) -> dict[str, Any]:
    """A record with these fields."""
    return written(around(Record(**fields), files), language)


# ── AMB's own examples ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("version", AMB)
def test_the_examples_of_amb_are_judged_as_amb_says(folder: Path, version: str) -> None:
    judge = _judge(folder, version)
    found = {
        kind: {
            file.name: judge(json.loads(file.read_bytes())) for file in (folder / version / "examples" / kind).iterdir()
        }
        for kind in ("valid", "invalid")
    }
    assert len(found["valid"]) > 30 < len(found["invalid"])
    # Its time has no offset from UTC, which RFC 3339 asks for: upstream's checker does not.
    assert [name for name, wrong in found["valid"].items() if wrong] == ["dateTime.json"]
    assert [name for name, wrong in found["invalid"].items() if not wrong] == []


# ── ours ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_rich_records_are_written_as_the_golden_files_say(name: str, language: str, faults: Judge) -> None:
    content = schema_org.dump(around(golden_record(name)), language)
    file = GOLDEN / "schema_org" / f"{name}-{language}.jsonld"
    if os.environ.get("OER_WRITE_GOLDEN"):
        file.write_bytes(content)
    assert content == file.read_bytes()
    assert faults(json.loads(content)) == []


@settings(max_examples=80)
@given(made=described(), language=st.sampled_from(LANGUAGES))
def test_every_complete_record_is_amb(made: Described, language: str, folder: Path) -> None:
    content = schema_org.dump(made, language)
    assert content == schema_org.dump(made, language)
    document = json.loads(content)
    assert [fault for version in AMB for fault in _judge(folder, version)(document)] == []


@settings(max_examples=60)
@given(made=described(complete=False), language=st.sampled_from(LANGUAGES))
def test_of_a_draft_nothing_is_wrong_but_a_missing_title(made: Described, language: str, folder: Path) -> None:
    missing = [] if made.record.title else [': "name" is a required property']
    for version in AMB:
        assert _judge(folder, version)(written(made, language)) == missing


def test_an_empty_record_still_says_where_it_is() -> None:
    assert {name: value for name, value in written(around(Record(), ())).items() if name != "@context"} == {
        "id": "https://oer.example.org/resources/k7m2p9qd",
        "type": ["LearningResource"],
        "url": "https://oer.example.org/resources/k7m2p9qd",
        "identifier": [{"type": "PropertyValue", "propertyID": "OAI", "value": "oai:oer.example.org:k7m2p9qd"}],
        "sourceOrganization": [{"type": "Organization", "name": "جامعة المثال"}],
        "datePublished": "2024-03-01",
        "version": "1",
        "isAccessibleForFree": True,
        "conditionsOfAccess": {"type": "Concept", "id": "http://w3id.org/kim/conditionsOfAccess/no_login"},
        "mainEntityOfPage": [
            {
                "type": "WebContent",
                "id": "https://oer.example.org/resources/k7m2p9qd#description",
                "provider": {"type": "Service", "id": "https://oer.example.org", "name": "oer.example.org"},
                "dateModified": "2024-03-01T23:30:00Z",
            }
        ],
    }


def test_illegal_text_that_slipped_in_never_breaks_it(faults: Judge) -> None:
    document = of(title=[Text(value="a\x00\ud800b", lang="not a tag")])
    assert document["name"] == "a\ufffd\ufffdb"
    assert faults(document) == []


# ── languages ────────────────────────────────────────────────────────────────────────────────────

TITLES = [Text(value="درس", lang="ar"), Text(value="Cours", lang="fr-TN")]


@pytest.mark.parametrize(("asked", "name", "told"), [("ar", "درس", "ar"), ("fr", "Cours", "fr"), ("en", "درس", "ar")])
def test_the_name_is_one_and_the_context_says_in_which_language(asked: str, name: str, told: str) -> None:
    document = of(asked, title=TITLES)
    assert document["name"] == name
    assert document["@context"][2] == {"@language": told}


@pytest.mark.parametrize(("tag", "told"), [("ber", "ber"), ("und", None), ("zh-Hant", None)])
def test_a_title_in_a_language_that_amb_does_not_know_keeps_its_language(
    tag: str, told: str | None, faults: Judge
) -> None:
    document = of("fr", title=[Text(value="ⴰⵎⴰⵏ", lang=tag)])
    name = {"@id": "http://schema.org/name", "@language": told}
    assert document["@context"][2] == ({"@language": "zh"} if tag == "zh-Hant" else {"@language": "fr", "name": name})
    assert faults(document) == []


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph:DeprecationWarning")  # rdflib's own, in its own parser
def test_what_is_in_another_language_than_the_title_says_so_in_the_triples(shared: Path) -> None:
    contexts = {
        address: json.loads((shared / "vocabularies" / "jsonld" / name).read_bytes())["@context"]
        for address, name in (
            (schema_org.AMB, "amb-context.jsonld"),
            (schema_org.SCHEMA_ORG, "schemaorg-context-30.0.jsonld"),
        )
    }
    document = written(around(golden_record("fr")), "ar")
    document["@context"] = [contexts[one] if isinstance(one, str) else one for one in document["@context"]]
    graph = rdflib.Graph().parse(data=json.dumps(document), format="json-ld")
    resource = rdflib.URIRef("https://oer.example.org/resources/k7m2p9qd")
    assert set(graph.objects(resource, RDF.type)) == {SDO.LearningResource, SDO.Course}
    assert list(graph.objects(resource, SDO.name)) == [rdflib.Literal("الماء مورد نتقاسمه", lang="ar")]
    (notice,) = graph.objects(resource, SDO.copyrightNotice)
    assert notice == rdflib.Literal("Photographies : voir les crédits page 48.", lang="fr")
    assert {word.language for word in graph.objects(resource, SDO.keywords) if isinstance(word, rdflib.Literal)} == {
        None
    }
    assert list(graph.objects(resource, SDO.license)) == [
        rdflib.URIRef("https://creativecommons.org/licenses/by-nc-sa/4.0/")
    ]
    assert list(graph.objects(resource, SDO.dateModified)) == [rdflib.Literal("2024-01-15", datatype=SDO.Date)]
    labels = rdflib.URIRef("http://www.w3.org/2004/02/skos/core#prefLabel")
    course = rdflib.URIRef("https://w3id.org/kim/hcrt/course")
    assert {label.language for label in graph.objects(course, labels) if isinstance(label, rdflib.Literal)} == {
        "ar", "fr", "en"
    }  # fmt: skip


def test_languages_of_the_content_have_two_letters_or_are_left_out() -> None:
    assert of(languages=["ar-EG", "ar", "zgh", "fr-CA"])["inLanguage"] == ["ar", "fr"]
    assert "inLanguage" not in of(languages=["zgh"])


@pytest.mark.parametrize("version", AMB)
def test_the_list_of_languages_is_that_of_amb(folder: Path, version: str) -> None:
    schema = json.loads((folder / version / "schemas" / "language.json").read_bytes())
    assert set(schema["enum"]) == schema_org_nodes.LANGUAGES


def test_keywords_are_those_of_the_reader_with_the_names_of_the_subjects() -> None:
    words = [Text(value="ضوء", lang="ar"), Text(value="lumière", lang="fr"), Text(value="C3", lang="und")]
    subjects = ["http://data.europa.eu/snb/isced-f/0533", "https://example.org/of-no-vocabulary"]
    assert of("fr", keywords=words, subjects=subjects)["keywords"] == ["lumière", "C3", "Physique"]
    assert of("en", keywords=words[:2])["keywords"] == ["ضوء", "lumière"]


# ── what AMB closes ──────────────────────────────────────────────────────────────────────────────


def test_subjects_are_alignments_since_about_wants_a_list_of_its_own() -> None:
    document = of("en", subjects=["http://data.europa.eu/snb/isced-f/0533"])
    assert "about" not in document
    assert document["educationalAlignment"] == [
        {
            "type": "AlignmentObject",
            "alignmentType": "educationalSubject",
            "educationalFramework": "ISCED-F 2013",
            "targetName": "Physics",
            "targetUrl": "http://data.europa.eu/snb/isced-f/0533",
        }
    ]


@pytest.mark.parametrize(
    ("edtf", "day"),
    [("2024-05-17", "2024-05-17"), ("2024-05", None), ("2024", None), ("2024-05-17~", None), ("2024-02-31", None)],
)
def test_only_whole_days_are_dates_of_amb(edtf: str, day: str | None) -> None:
    document = of(created=edtf, issued=edtf, modified=edtf)
    assert [document.get(name) for name in ("dateCreated", "datePublished", "dateModified")] == [day] * 3


@pytest.mark.parametrize(
    ("iri", "uri"),
    [
        ("https://example.org/a?b=%D9%81#e", "https://example.org/a?b=%D9%81#e"),
        ("https://example.org/درس?q=ماء", "https://example.org/%D8%AF%D8%B1%D8%B3?q=%D9%85%D8%A7%D8%A1"),
        ("https://bücher.example.org:8080/", "https://xn--bcher-kva.example.org:8080/"),
        ("doi:10.1234/x", "doi:10.1234/x"),
        ("urn:isbn:978-3-16-148410-0", "urn:isbn:978-3-16-148410-0"),
        ("Cote 12", None),
        ("", None),
    ],
)
def test_addresses_are_written_in_ascii(iri: str, uri: str | None) -> None:
    assert uris.uri(iri) == uri


@settings(max_examples=200)
@given(st.sampled_from(IRIS) | st.text(max_size=20) | st.text(max_size=20).map(lambda text: f"https://{text}/ض?{text}"))
def test_what_is_written_as_an_address_is_one(text: str) -> None:
    judge = jsonschema_rs.Draft7Validator({"format": "uri"}, validate_formats=True)
    found = uris.uri(text)
    assert found is None or (found.isascii() and judge.is_valid(found))


@pytest.mark.parametrize(
    ("ours", "listed", "sound"),
    [
        ("https://creativecommons.org/licenses/by/4.0/", "https://creativecommons.org/licenses/by/4.0/", True),
        ("https://spdx.org/licenses/MIT", "https://opensource.org/licenses/MIT", True),
        ("https://spdx.org/licenses/BSD-3-Clause", "https://www.opensource.org/licenses/BSD-3-Clause", True),
        ("https://spdx.org/licenses/Apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0", True),
        ("https://spdx.org/licenses/GFDL-1.3-only", "https://www.gnu.org/licenses/fdl-1.3.html", True),
        ("https://spdx.org/licenses/ODbL-1.0", "https://spdx.org/licenses/ODbL-1.0", False),
    ],
)
def test_the_licence_is_told_by_the_address_that_amb_knows_and_never_hidden(
    ours: str, listed: str, sound: bool, faults: Judge
) -> None:
    document = of(title=TITLES, licence=ours)
    assert document["license"] == {"id": listed}
    assert (faults(document) == []) is sound


@pytest.mark.parametrize(
    ("kind", "free", "login"),
    [
        ("open", True, "no_login"),
        ("institution", None, "login"),
        ("embargoed", None, None),
        ("metadata-only", None, None),
    ],
)
def test_access_is_told_where_amb_has_words_for_it(kind: Any, free: bool | None, login: str | None) -> None:
    document = of(access=Access(kind=kind))
    assert document.get("isAccessibleForFree") == free
    assert document.get("conditionsOfAccess", {}).get("id", "").rpartition("/")[2] == (login or "")


def test_people_and_organisations_have_their_addresses() -> None:
    people = [
        Agent(name="ليلى", orcid="0000-0002-1825-0097", ror="03yrm5c26"),
        Agent(kind="organisation", name="معهد", ror="https://ror.org/05dxps055", given="x"),
        Agent(name="بلا عنوان", orcid="wrong"),
    ]
    assert of(creators=people)["creator"] == [
        {"type": "Person", "id": "https://orcid.org/0000-0002-1825-0097", "name": "ليلى"},
        {"type": "Organization", "id": "https://ror.org/05dxps055", "name": "معهد"},
        {"type": "Person", "name": "بلا عنوان"},
    ]


def test_what_is_taught_stands_by_its_address_and_the_rest_as_alignment() -> None:
    teaches, requires = (
        f"http://purl.org/dcx/lrmi-vocabs/alignmentType/{name}" for name in ("teaches", "prerequisite")
    )
    name = [Text(value="الضوء", lang="ar"), Text(value="Tasafut", lang="ber")]
    document = of(
        "ar",
        alignments=[
            Alignment(kind="curriculum", target="https://example.org/c/8", name=name, relation=teaches),
            Alignment(kind="curriculum", target="8.3", framework="Programme", relation=teaches),
            Alignment(kind="sdg", target="http://metadata.un.org/sdg/4", relation=requires),
        ],
    )
    assert document["teaches"] == [{"id": "https://example.org/c/8", "prefLabel": {"ar": "الضوء"}}]
    assert [one["id"] for one in document["competencyRequired"]] == ["http://metadata.un.org/sdg/4"]
    first, second, third = document["educationalAlignment"]
    assert first["targetName"] == "الضوء"
    assert (second["targetDescription"], second["educationalFramework"]) == ("8.3", "Programme")
    assert third["educationalFramework"] == "Sustainable Development Goals"


def test_whoever_made_a_source_is_credited_without_being_called_a_person(faults: Judge) -> None:
    sources = [Source(title="Atlas", creator="R. Haddad"), Source(title="", identifier="https://example.org/untitled")]
    document = of(title=TITLES, sources=sources)
    assert document["isBasedOn"] == [{"name": "Atlas", "creditText": "R. Haddad"}]
    assert faults(document) == []


@pytest.mark.parametrize(
    ("low", "high", "told"), [(13, 14, "13-14"), (13, None, "13-"), (None, 14, "0-14"), (None, None, None)]
)
def test_ages_are_a_range(low: int | None, high: int | None, told: str | None) -> None:
    assert of(age_range=AgeRange(minimum=low, maximum=high)).get("typicalAgeRange") == told


def classes() -> Iterator[str]:
    yield from schema_org.CLASSES.values()
    for group in vocabularies.terms("media-groups").values():
        file = FileLink("https://x.org/f", "f", group.extra["media_types"].split()[0], 1, "0" * 64)
        yield of(files=(file,))["type"][-1]


@pytest.mark.parametrize("version", AMB)
def test_every_class_is_one_that_amb_takes(folder: Path, version: str) -> None:
    schema = json.loads((folder / version / "schemas" / "type.json").read_bytes())
    found = set(classes())
    assert found <= set(schema["items"]["enum"])
    assert len(found) > 10


def test_the_class_is_that_of_the_type_else_that_of_files_which_are_all_alike() -> None:
    pdf, film = (FileLink("https://x.org/f", "f", kind, 1, "0" * 64) for kind in ("application/pdf", "video/mp4"))
    plan, video = (f"https://w3id.org/kim/hcrt/{name}" for name in ("lesson_plan", "video"))
    assert of(files=(pdf,), resource_type=video)["type"] == ["LearningResource", "VideoObject"]
    assert of(files=(pdf, pdf), resource_type=plan)["type"] == ["LearningResource", "TextDigitalDocument"]
    assert of(files=(pdf, film), resource_type=plan)["type"] == ["LearningResource"]


def test_a_file_tells_its_type_where_amb_takes_it() -> None:
    odd = FileLink("https://x.org/f", "f", "chemical/x-pdb", 3, "0" * 64)
    plain = FileLink("https://x.org/g", "g", "text/plain; charset=utf-8", 4, "0" * 64)
    first, second = of(files=(odd, plain))["encoding"]
    assert "encodingFormat" not in first
    assert (second["encodingFormat"], second["contentSize"]) == ("text/plain", "4")


def test_nothing_depends_on_more_than_what_is_described() -> None:
    made = Described("oai:x.org:1", "https://x.org/1", golden_record("en"), (), PUBLISHED)
    assert written(made) == written(made)
    assert "sourceOrganization" not in written(made)
