"""Answers kept in memory: the same to the last byte, and never old."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import factories
import pytest
import sqlalchemy as sa
from factories import Watch, act
from starlette.testclient import TestClient

from api import app, kept, showing
from oer import deposits, institutions, publishing
from oer.installation import Installation
from oer.workflow import Role

URL = "/api/resources"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The resources for which an answer was made, one after the other."""
    found: list[str] = []
    body = showing.body

    def noted(here: Installation, what: Any, *args: Any, **named: Any) -> Any:
        found.append(what.resource.public_id)
        return body(here, what, *args, **named)

    monkeypatch.setattr(showing, "body", noted)
    return found


def fields(answer: Any) -> list[tuple[str, str]]:
    return sorted(field for field in answer.headers.multi_items() if not field[0].startswith("ratelimit-"))


def test_an_answer_is_made_once_and_given_to_the_last_byte_and_header(
    home: Installation, client: TestClient, made: list[str]
) -> None:
    public_id = factories.published(home)
    first, second = (client.get(f"{URL}/{public_id}") for _ in range(2))
    assert made == [public_id]
    assert (first.status_code, first.content, fields(first)) == (second.status_code, second.content, fields(second))
    tag = {"if-none-match": first.headers["etag"]}
    known = client.get(f"{URL}/{public_id}", headers=tag)
    assert made == [public_id]
    with TestClient(app.create(home), base_url="http://forged.example") as other:
        fresh = other.get(f"{URL}/{public_id}", headers=tag | {"accept-language": "en"})
    assert made == [public_id] * 2
    assert (known.status_code, known.content, fields(known)) == (fresh.status_code, fresh.content, fields(fresh))
    assert known.status_code == 304


def test_who_asks_as_somebody_or_with_a_condition_gets_an_answer_of_their_own(
    home: Installation, client: TestClient, made: list[str]
) -> None:
    public_id = factories.published(home)
    client.get(f"{URL}/{public_id}")
    someone = factories.token_of(home, factories.member(home, Role.REVIEWER), "read")
    asked: list[dict[str, str]] = [someone, {"cookie": "session=x"}, {"if-match": "*"}]
    for number, headers in enumerate(asked, 2):
        assert client.get(f"{URL}/{public_id}", headers=headers).status_code == 200
        assert len(made) == number
    assert client.get(f"{URL}/{public_id}?a=1", headers={}).status_code in (200, 422)
    assert client.head(f"{URL}/{public_id}").content == b""
    assert client.get(f"{URL}/{public_id}").status_code == 200
    # What a reviewer may still see is not what others get.
    act(home, publishing.hide, public_id, reason="error", repository_id=home.repository_id)
    assert client.get(f"{URL}/{public_id}", headers=someone).json()["state"] == "hidden"
    assert client.get(f"{URL}/{public_id}").status_code == 410


def _withdrawn(home: Installation, public_id: str) -> None:
    act(home, publishing.withdraw, public_id, reason="rights", repository_id=home.repository_id)


def _hidden(home: Installation, public_id: str) -> None:
    act(home, publishing.hide, public_id, reason="error", repository_id=home.repository_id)


def _revised(home: Installation, public_id: str) -> None:
    act(home, deposits.revise, public_id)
    act(home, deposits.save, public_id, factories.record("عنوان آخر"))
    act(home, publishing.publish, public_id, repository_id=home.repository_id)


def _renamed(home: Installation, _: str) -> None:
    act(home, institutions.edit, "college", {"names": {"ar": "اسم آخر"}}, repository_id=home.repository_id)


def _restored(home: Installation, public_id: str) -> None:
    _withdrawn(home, public_id)
    act(home, publishing.restore, public_id, repository_id=home.repository_id)


@pytest.mark.parametrize("change", [_withdrawn, _hidden, _revised, _renamed, _restored])
def test_the_next_answer_after_a_change_tells_of_it(
    home: Installation, client: TestClient, change: Callable[[Installation, str], None]
) -> None:
    public_id = factories.published(home)
    before = client.get(f"{URL}/{public_id}")
    assert client.get(f"{URL}/{public_id}").content == before.content
    change(home, public_id)
    after = client.get(f"{URL}/{public_id}", headers={"if-none-match": before.headers["etag"]})
    assert after.status_code in (200, 410)
    assert after.headers.get("etag") != before.headers["etag"]
    with TestClient(app.create(home), base_url="http://forged.example", headers={"accept-language": "en"}) as other:
        fresh = other.get(f"{URL}/{public_id}")
    assert (after.status_code, after.content) == (fresh.status_code, fresh.content)


def test_an_embargo_ends_with_the_day(home: Installation, watch: Watch, client: TestClient) -> None:
    until = watch().date().replace(day=20).isoformat()
    described = factories.record(access={"kind": "embargoed", "until": until})
    public_id = factories.published(home, described=described)
    assert [client.get(f"{URL}/{public_id}").json()["access"]["open"] for _ in range(2)] == [False, False]
    watch.forward(days=30)
    assert client.get(f"{URL}/{public_id}").json()["access"]["open"] is True


def test_a_change_elsewhere_makes_nothing_anew(home: Installation, client: TestClient, made: list[str]) -> None:
    one, other = factories.published(home), factories.published(home, files={"b.txt": b"b"})
    client.get(f"{URL}/{one}")
    _revised(home, other)
    assert client.get(f"{URL}/{one}").status_code == 200
    assert made == [one]


def test_what_changes_while_an_answer_is_made_is_told_by_the_next(
    home: Installation, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id = factories.published(home)
    body, pool = showing.body, ThreadPoolExecutor(1)

    def overtaken(*args: Any, **named: Any) -> Any:
        found = body(*args, **named)
        monkeypatch.setattr(showing, "body", body)
        pool.submit(_withdrawn, home, public_id).result()
        return found

    monkeypatch.setattr(showing, "body", overtaken)
    with pool:
        assert client.get(f"{URL}/{public_id}").status_code == 200
    assert client.get(f"{URL}/{public_id}").status_code == 410


def test_answers_take_no_more_room_than_they_may(
    home: Installation, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [factories.published(home, files={"a.txt": b"%d" % number}) for number in range(4)]
    application = app.create(home)
    with TestClient(application, base_url="http://forged.example") as client:
        size = len(client.get(f"{URL}/{ids[0]}").content)
        monkeypatch.setattr(application.state.shelf, "room", 3 * size)
        for public_id in ids:
            client.get(f"{URL}/{public_id}")
        made.clear()
        assert client.get(f"{URL}/{ids[-1]}").status_code == 200
        assert made == []
        assert client.get(f"{URL}/{ids[0]}").status_code == 200
        assert made == [ids[0]]


def _layer(application: Any) -> kept.Kept:
    found = application.middleware_stack
    while not isinstance(found, kept.Kept):
        found = getattr(found, "app", None) or getattr(found, "_app", None)
        assert found is not None
    return found


def test_a_database_that_is_away_gives_no_kept_answer_to_what_it_cannot_tell_of(
    home: Installation, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get(f"{URL}/{'0' * 10}").status_code == 404
    public_id = factories.published(home)
    assert client.get(f"{URL}/{public_id}").status_code == 200
    with home.engine.begin() as connection:
        connection.execute(sa.text("UPDATE resource SET lock = lock + 1"))
    monkeypatch.setattr("oer.queries.resources.shown", lambda *_, **__: None)
    assert client.get(f"{URL}/{public_id}").status_code == 200
