from collections.abc import Iterator
from functools import partial
from pathlib import Path

import factories
import pytest
from starlette.testclient import TestClient

from api import app, limits
from oer.installation import Installation

URL = "/api/resources"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def few(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Three requests a minute."""
    monkeypatch.setattr(limits, "RateLimit", partial(limits.RateLimit, clock=clock))
    with (
        factories.opened(tmp_path, rate_limit=3) as home,
        TestClient(app.create(home), raise_server_exceptions=False) as client,
    ):
        yield client


def test_every_answer_says_how_the_caller_stands(few: TestClient, clock: Clock) -> None:
    first = few.get(URL)
    assert first.status_code == 200
    told = [first.headers[f"ratelimit-{name}"] for name in ("limit", "remaining", "reset")]
    assert told == ["3", "2", "60"]
    clock.now += 20.5
    assert few.get("/api/none").headers["ratelimit-remaining"] == "1"
    assert few.head(URL).headers["ratelimit-reset"] == "40"


def test_beyond_the_limit_the_caller_waits_for_the_next_minute(few: TestClient, clock: Clock) -> None:
    assert [few.get(URL).status_code for _ in range(4)] == [200, 200, 200, 429]
    clock.now += 59
    refused = few.get(URL, headers={"accept-language": "fr"})
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["code"] == "rate.exceeded"
    assert "1" in refused.json()["detail"]
    clock.now += 1
    assert few.get(URL).status_code == 200


def test_what_is_not_rest_is_not_counted(few: TestClient) -> None:
    answers = [few.get(url) for url in ("/", "/oai?verb=Identify", "/health/live") for _ in range(4)]
    assert {answer.status_code for answer in answers} == {200}
    assert not [answer for answer in answers if "ratelimit-limit" in answer.headers]


def test_made_up_tokens_are_no_way_around(few: TestClient) -> None:
    statuses = [few.get(URL, headers={"authorization": f"Bearer oer_{n}"}).status_code for n in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    assert few.get(URL).status_code == 200  # the public of that network is counted by itself


def test_each_caller_has_a_count_of_its_own(home: Installation) -> None:
    counted = limits.RateLimit(_nothing, here=home, clock=lambda: 0.0)
    assert [counted._count("a")[0], counted._count("b")[0], counted._count("a")[0]] == [1, 1, 2]


async def _nothing(*_: object) -> None:
    pass


def test_memory_of_callers_has_an_end(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_CALLERS", 2)
    counted = limits.RateLimit(_nothing, here=home, clock=lambda: 0.0)
    assert [counted._count(name)[0] for name in "abcda"] == [1, 1, 1, 2, 2]
    assert len(counted._counts) == 3


def test_pages_of_other_sites_may_read_and_not_write(client: TestClient) -> None:
    elsewhere = {"origin": "https://partner.example"}
    read = client.get(URL, headers=elsewhere)
    assert read.headers["access-control-allow-origin"] == "*"
    assert "ETag" in read.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in read.headers
    asked = {**elsewhere, "access-control-request-method": "GET", "access-control-request-headers": "range"}
    assert client.options(URL, headers=asked).status_code == 200
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        refused = client.options(URL, headers={**elsewhere, "access-control-request-method": method})
        assert refused.status_code == 400
        assert method not in refused.headers["access-control-allow-methods"]


def test_errors_can_be_read_from_there_too(client: TestClient) -> None:
    refused = client.get("/api/resources/none", headers={"origin": "https://partner.example"})
    assert refused.status_code == 404
    assert refused.headers["access-control-allow-origin"] == "*"
