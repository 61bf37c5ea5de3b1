import json
from typing import get_args

import pytest
from lxml import html
from starlette.testclient import TestClient

from api import i18n
from api.i18n import LANGUAGES, Language
from api.pages import fields, reference
from api.pages.reference import Reference
from api.routing import Policy

BROWSER = {"accept": "text/html"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_reference_has_every_operation(client: TestClient, lang: Language) -> None:
    document = client.get("/api/openapi.json").json()
    found = client.get("/api", headers=BROWSER | {"accept-language": lang})
    assert found.status_code == 200
    assert found.headers["content-language"] == lang
    assert "<script" not in found.text
    for path, methods in document["paths"].items():
        for said in methods.values():
            assert f'id="{said["operationId"]}"' in found.text, path
    assert "page.reference" not in found.text
    assert "policy." not in found.text
    assert "`" not in found.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_code_reads_from_left_to_right_wherever_it_stands(client: TestClient, lang: Language) -> None:
    page = html.fromstring(client.get("/api", headers=BROWSER | {"accept-language": lang}).text)
    found = list(page.iter("code", "pre"))
    assert len(found) > 500
    for element in found:
        bearing = element.xpath("ancestor-or-self::*[@dir][1]")
        assert bearing[-1].get("dir") == "ltr", html.tostring(element)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_heading_is_in_the_language_of_the_page(client: TestClient, lang: Language) -> None:
    page = html.fromstring(client.get("/api", headers=BROWSER | {"accept-language": lang}).text)
    for heading in page.iter("h1", "h2", "h3"):
        assert heading.xpath("string(ancestor-or-self::*[@lang][1]/@lang)") == lang, heading.text
    linked = {link.get("href") for link in page.xpath("//nav[@aria-labelledby='contents']//a")}
    assert linked == {f"#{heading.get('id')}" for heading in page.xpath("//h2[starts-with(@id, 'group-')]")}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("policy", get_args(Policy))
def test_every_policy_has_words(policy: str, lang: Language) -> None:
    assert i18n.message(f"policy.{policy}", lang) != f"policy.{policy}"


def test_every_operation_names_its_policy_a_summary_and_a_name_of_its_own(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    said = [(path, method, each) for path, methods in document["paths"].items() for method, each in methods.items()]
    assert len({each["operationId"] for _, _, each in said}) == len(said)
    for path, method, each in said:
        assert each.get("summary"), (path, method)
        assert each.get("x-policy") in get_args(Policy), (path, method)
        assert "Successful Response" not in [answer["description"] for answer in each["responses"].values()], path


def test_every_json_body_that_is_taken_has_an_example(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    without = []
    for path, methods in document["paths"].items():
        for method, each in methods.items():
            for media_type, content in each.get("requestBody", {}).get("content", {}).items():
                if "json" not in media_type or "jsonl" in media_type or "ndjson" in media_type:
                    continue
                text = json.dumps(content)
                name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
                schema = document["components"]["schemas"].get(name, content.get("schema", {}))
                if "example" not in text and not schema.get("examples"):
                    without.append(f"{method.upper()} {path} {name}")
    assert without == []


# ── what every operation says ────────────────────────────────────────────────────────────────────


def page(client: TestClient, lang: Language) -> html.HtmlElement:
    return html.fromstring(client.get("/api", headers=BROWSER | {"accept-language": lang}).text)


def opened(client: TestClient, method: str, path: str, lang: Language = "en") -> html.HtmlElement:
    document = client.get("/api/openapi.json").json()
    return page(client, lang).get_element_by_id(document["paths"][path][method]["operationId"])


def row(operation: html.HtmlElement, name: str) -> str:
    found = operation.xpath(".//dl/div[dt/code[1][text()=$name]]", name=name)
    return " ".join(found[0].text_content().split())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_operation_has_a_summary_in_every_language(client: TestClient, lang: Language) -> None:
    document = client.get("/api/openapi.json").json()
    named = {
        reference.summary_code(method, path): said["summary"]
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    }
    known = i18n.catalogue(lang)
    assert {code for code in known if code.startswith("operation.")} == set(named)
    if lang == "en":
        assert {code: i18n.message(code, lang) for code in named} == named


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sentence_of_the_page_is_there_in_every_language(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, lang: Language
) -> None:
    asked = {}
    words = Reference._words

    def noted(self: Reference, code: str, english: str) -> str:
        asked[code] = english
        return words(self, code, english)

    monkeypatch.setattr(Reference, "_words", noted)
    page(client, lang)
    assert len(asked) > 200
    assert [english for code, english in asked.items() if english and code not in i18n.catalogue(lang)] == []


def test_the_english_words_are_those_of_the_document(client: TestClient) -> None:
    """A sentence that was changed in the document must not go on in the other languages as it was."""
    text = json.dumps(client.get("/api/openapi.json").json(), ensure_ascii=False)
    text = " ".join(text.replace("\\n", " ").replace('\\"', '"').replace("``", "`").split())
    said = [entry.texts[0] for code, entry in i18n.catalogue("en").items() if code.startswith("said.")]
    assert len(said) > 100
    assert [one for one in said if " ".join(one.split()) not in text] == []


def test_parameters_tell_what_they_take(client: TestClient) -> None:
    listed = opened(client, "get", "/api/resources")
    assert "published, hidden, withdrawn" in row(listed, "state")
    assert "minimum: 1 maximum: 100" in row(listed, "limit")
    assert "(path, required)" in row(opened(client, "get", "/api/resources/{public_id}"), "public_id")
    assert "editing, submitted, changes-requested, rejected" in row(opened(client, "get", "/api/drafts"), "state")
    put = opened(client, "put", "/api/resources/{public_id}/draft/files/{name}")
    assert "main, extra, caption, light, preview" in row(put, "role")


@pytest.mark.parametrize(
    ("method", "path", "name", "told"),
    [
        ("post", "/api/resources/{public_id}/withdraw", "reason", "author-request, rights, privacy, duplicate"),
        ("post", "/api/resources/{public_id}/draft/reviews", "decision", "request-changes, reject, publish"),
        ("put", "/api/institutions/{slug}/members/{person_id}", "role", "depositor, reviewer, manager"),
        ("post", "/api/collections", "membership", "open, closed"),
        ("post", "/api/people/{person_id}/tokens", "scopes", "read, deposit, review, manage"),
        ("post", "/api/people/{person_id}/tokens", "days", "minimum: 1 maximum: 3650"),
        ("post", "/api/institutions", "kind", "university"),
        ("post", "/api/institutions", "slug", "(required)"),
        ("post", "/api/collections/{public_id}/items", "unit", "string | null"),
        ("get", "/api/jobs/{job_id}", "state", "waiting, running, done, failed, cancelled"),
    ],
)
def test_bodies_and_answers_tell_their_fields(client: TestClient, method: str, path: str, name: str, told: str) -> None:
    assert told in row(opened(client, method, path), name)


def test_every_object_that_comes_or_goes_is_told(client: TestClient) -> None:
    """Its fields stand with the operation, and those that are objects themselves are a link away."""
    document, shown = client.get("/api/openapi.json").json(), page(client, "en")
    for methods in document["paths"].values():
        for said in methods.values():
            names = {code.text for code in shown.get_element_by_id(said["operationId"]).xpath(".//dt/code")}
            good = [answer for status, answer in said["responses"].items() if status < "300"]
            for each in [said.get("requestBody", {}), *good]:
                for content in each.get("content", {}).values():
                    schema = fields.followed(document, content["schema"])
                    assert set(schema.get("properties", {})) <= names, said["operationId"]
    ids = {element.get("id") for element in shown.iter() if element.get("id")}
    links = {link.get("href")[1:] for link in shown.iter("a") if link.get("href", "").startswith("#")}
    assert links <= ids
    assert {"schema-Record", "schema-Agent", "schema-ProblemOut"} <= links | ids


def test_text_is_shown_as_it_is_sent(client: TestClient) -> None:
    shown = [pre.text_content() for pre in opened(client, "post", "/api/imports").iter("pre")]
    assert any(text.startswith('{"item": "lesson-1", "record": {"title"') for text in shown)
    assert any(text.startswith("title_ar,languages\n") for text in shown)
    assert not any("\\n" in text for text in shown)


def test_a_form_is_told_by_its_parts_and_a_line_that_sends_it(client: TestClient) -> None:
    operation = opened(client, "post", "/api/resources")
    assert "Each file once" in row(operation, "file")
    sent = [pre.text_content() for pre in operation.iter("pre") if "curl" in pre.text_content()]
    assert len(sent) == 1
    for part in ("-F 'institution=", "-F 'record=@record.json;type=application/json'", "-F 'file=@", "/api/resources"):
        assert part in sent[0]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_boxes_that_scroll_are_reached_by_keyboard_and_have_a_name(client: TestClient, lang: Language) -> None:
    boxes = list(page(client, lang).iter("pre"))
    assert len(boxes) > 20
    for box in boxes:
        assert (box.get("tabindex"), box.get("role")) == ("0", "group")
        assert box.get("aria-label") == i18n.message("page.reference.example", lang)


def test_authors_are_told_that_they_may_revise_what_they_have_published(client: TestClient) -> None:
    told = opened(client, "post", "/api/resources/{public_id}/versions").find_class("small")[0].text_content()
    assert "the author of the resource" in told


def test_the_document_is_in_one_language(client: TestClient) -> None:
    assert client.get("/api/openapi.json").json()["info"]["title"] == "Open educational resources"


def test_a_merge_patch_has_no_defaults(client: TestClient) -> None:
    schemas = client.get("/api/openapi.json").json()["components"]["schemas"]
    for name in ("CollectionPatch", "FilePatch", "MePatch", "PersonPatch", "InstitutionPatch", "DocumentPatch"):
        assert not [field for field, said in schemas[name]["properties"].items() if "default" in said], name
