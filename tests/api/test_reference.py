import json
from typing import get_args

import pytest
from lxml import html
from starlette.testclient import TestClient

from api import i18n
from api.i18n import LANGUAGES, Language
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
