import re
from typing import Any

import pytest
from calling import code
from starlette.testclient import TestClient

from metadata import vocabularies
from metadata.record import Record

URL = "/api/vocabularies"


def every(client: TestClient, address: str) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    found = []
    while address:
        told = client.get(address).json()
        found += told["items"]
        address = told["next"] and re.sub(r"^https?://[^/]+", "", told["next"])
    return found


def test_every_vocabulary_of_a_record_is_told_with_its_fields(client: TestClient) -> None:
    told = {one["name"]: one for one in client.get(URL).json()["items"]}
    assert told["unesco-thesaurus"]["fields"] == told["isced-f"]["fields"] == ["subjects"]
    assert told["licences"]["terms"] == len(vocabularies.terms("licences"))
    assert {field.partition(".")[0] for one in told.values() for field in one["fields"]} <= set(Record.model_fields)
    for one in told.values():
        assert client.get(re.sub(r"^https?://[^/]+", "", one["url"])).status_code == 200


@pytest.mark.parametrize("name", vocabularies.NAMES)
def test_pages_hold_every_term_once_in_the_order_of_the_scheme(client: TestClient, name: str) -> None:
    terms = vocabularies.terms(name)
    assert [one["uri"] for one in every(client, f"{URL}/{name}?limit=100&all=true")] == list(terms)
    offered = [one["uri"] for one in every(client, f"{URL}/{name}?limit=100")]
    assert offered == [uri for uri, term in terms.items() if term.offered]


@pytest.mark.parametrize(
    ("name", "words", "wanted"),
    [
        ("isced-levels", "الابتدائي", "https://w3id.org/kim/educationalLevel/level_1"),
        ("isced-levels", "ابتدائي", "https://w3id.org/kim/educationalLevel/level_1"),
        ("isced-levels", "ENSEIGNEMENT prim", "https://w3id.org/kim/educationalLevel/level_1"),
        ("isced-levels", "1", "https://w3id.org/kim/educationalLevel/level_1"),
        ("hcrt", "video", "https://w3id.org/kim/hcrt/video"),
        ("hcrt", "فِيدْيُو", "https://w3id.org/kim/hcrt/video"),
        ("licences", "cc by 4.0", "https://creativecommons.org/licenses/by/4.0/"),
        ("unesco-thesaurus", "الرِّياضيّات", "http://vocabularies.unesco.org/thesaurus/concept118"),
    ],
)
def test_terms_are_found_by_what_people_write(client: TestClient, name: str, words: str, wanted: str) -> None:
    found = every(client, f"{URL}/{name}?limit=100&q={words}")
    assert wanted in [one["uri"] for one in found]
    assert len(found) < len(vocabularies.terms(name))


def test_what_is_not_there_is_told(client: TestClient) -> None:
    answer = client.get(f"{URL}/nothing")
    assert code(answer) == (404, "vocabulary.unknown")
    assert "isced-levels" in answer.json()["detail"]
    assert code(client.get(f"{URL}/media-groups")) == (404, "vocabulary.unknown")  # no field of a record has it
    assert client.get(f"{URL}/hcrt?q=zzzzz").json() == {"items": [], "next": None}
    assert client.get(f"{URL}/hcrt?q=%00%F0%9F%98%80((").json()["items"] == []
    assert client.get(f"{URL}/hcrt?sort=1").status_code == 422
    first = client.get(f"{URL}/hcrt?limit=1").json()["next"]
    cursor = first.partition("cursor=")[2]
    assert code(client.get(f"{URL}/audience?limit=1&cursor={cursor}")) == (422, "cursor.invalid")


def test_clients_keep_them(client: TestClient) -> None:
    answer = client.get(f"{URL}/hcrt")
    again = client.get(f"{URL}/hcrt", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
