import gzip
import re
from dataclasses import replace
from typing import Any

import factories
import pytest
from starlette.testclient import TestClient

from api.routes import oai as routes
from harvest import provider
from harvest.answers import Answer
from oer import working
from oer.exposure import blocks
from oer.installation import Installation

LIST = "/oai?verb=ListRecords&metadataPrefix=oai_dc"


def test_the_packed_answer_is_the_plain_one(client: TestClient, home: Installation) -> None:
    for number in range(3):
        factories.published(home, files={"a.txt": b"%d" % number})
    with client.stream("GET", LIST, headers={"accept-encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())
    plain = client.get(LIST, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(raw) == plain.content
    assert int(packed.headers["content-length"]) == len(raw) < len(plain.content)
    for answer in (packed, plain):
        assert answer.headers["vary"] == "Accept, Sec-Fetch-Mode, Upgrade-Insecure-Requests, Accept-Encoding, Origin"
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert "<compression>gzip</compression>" in client.get("/oai?verb=Identify").text


def test_post_answers_as_get_does(client: TestClient, home: Installation) -> None:
    factories.published(home)
    form = {"verb": "ListRecords", "metadataPrefix": "oai_dc"}
    assert client.post("/oai", data=form).content == client.get(LIST).content
    assert client.head(LIST).status_code == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [("", "badVerb"), ("?verb=Nothing", "badVerb"), ("?verb=Identify&verb=Identify", "badVerb"),
     ("?verb=Identify&x=1", "badArgument"), ("?verb=GetRecord&metadataPrefix=oai_dc&identifier=%ff", "badArgument"),
     ("?verb=ListRecords&resumptionToken=%00", "bad")],
)  # fmt: skip
def test_errors_of_the_protocol_are_200(client: TestClient, query: str, code: str) -> None:
    answer = client.get(f"/oai{query}")
    assert answer.status_code == 200
    assert f'code="{code}' in answer.text


def test_a_form_that_is_too_large_or_of_another_type_is_refused(client: TestClient) -> None:
    large = client.post("/oai", data={"verb": "Identify", "x": "y" * 70_000})
    assert (large.status_code, large.json()["code"]) == (413, "request.too-large")
    other = client.post("/oai", json={"verb": "Identify"})
    assert (other.status_code, other.json()["code"]) == (415, "media-type.unsupported")


def test_too_many_harvesters_at_a_time_are_asked_to_come_back(
    client: TestClient, home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.published(home)
    monkeypatch.setattr(routes, "_UNDER_WAY", 1)
    refused: list[tuple[int, str | None]] = []
    answer = provider.answer

    def slow(*what: Any, **named: Any) -> Answer:
        if not refused:
            second = client.get("/oai?verb=Identify")
            refused.append((second.status_code, second.headers.get("retry-after")))
        return answer(*what, **named)

    monkeypatch.setattr(provider, "answer", slow)
    assert client.get(LIST).status_code == 200
    assert refused == [(503, "5")]
    assert client.get(LIST).status_code == 200


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_packed_pages_come_the_short_way_and_look_as_by_the_common_one(
    client: TestClient, home: Installation, monkeypatch: pytest.MonkeyPatch, coding: str
) -> None:
    if home.engine.dialect.name != "sqlite":
        pytest.skip("a server of databases may keep its callers waiting: there is no short way to it")
    monkeypatch.setattr(blocks, "SIZE", 2)
    client.app.state.repository = replace(client.app.state.repository, page_size=2)  # type: ignore[attr-defined]
    for number in range(6):
        factories.published(home, files={"a.txt": b"%d" % number})
    working.drain(home)
    token = re.findall(r"<resumptionToken[^>]*>([^<]+)<", client.get(LIST).text)[0]
    asked = {"verb": "ListRecords", "resumptionToken": token}
    common = client.post("/oai", data=asked, headers={"accept-encoding": coding})
    with monkeypatch.context() as narrowed:
        narrowed.setattr(provider, "answer", None)  # the common way would fail
        express = client.get("/oai", params=asked, headers={"accept-encoding": coding})
    assert express.content == common.content
    assert dict(express.headers) == dict(common.headers)
    assert express.headers.get("content-encoding", "identity") == coding
    assert "content-security-policy" in express.headers
