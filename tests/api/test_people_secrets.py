"""Passwords and tokens by REST: who sets them, who makes them, and whom that signs out."""

from typing import Any

import factories
import people
import pytest
import snapshots
from people import EMAIL, PASSWORD, Headers, actor_of, changed
from starlette.testclient import TestClient

from api.schemas import people as bodies
from oer import passwords
from oer.db import reading
from oer.installation import Installation
from oer.models import Person
from oer.policy import SCOPES

pytestmark = pytest.mark.usefixtures("quick_passwords")


@pytest.fixture
def chief(home: Installation) -> tuple[int, Headers]:
    return people.administrator(home)


@pytest.fixture
def amina(home: Installation) -> tuple[int, Headers]:
    return people.with_password(home)


# ── passwords ───────────────────────────────────────────────────────────────────────────────────


def fits(home: Installation, number: int, password: str) -> bool:
    with reading(home.engine) as session:
        person = session.get(Person, number)
        assert person is not None
        return passwords.fits(person.password, password)


def test_ones_own_password_is_changed_with_the_old_one_and_ends_all_sessions(
    client: TestClient, home: Installation, amina: tuple[int, Headers]
) -> None:
    number, browser = amina
    elsewhere = factories.session_of(home, actor_of(home, number))
    body = {"password": "a new password", "old_password": PASSWORD}
    done = client.put(f"/api/people/{number}/password", json=body, headers=browser)
    assert (done.status_code, done.content) == (204, b"")
    assert fits(home, number, "a new password")
    renewed = {**browser, "cookie": done.headers["set-cookie"].partition(";")[0]}
    assert client.get("/api/me", headers=renewed).status_code == 200
    for old in (browser, elsewhere):
        assert client.get("/api/me", headers=old).status_code == 401


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"password": "a new password"}, "old_password", "field.missing"),
        ({"password": "a new password", "old_password": "wrong"}, "old_password", "password.old-wrong"),
        ({"password": "a new password", "old_password": None}, "old_password", "field.missing"),
        ({"password": "short", "old_password": PASSWORD}, "password", "password.too-short"),
        ({"password": "aaaaaaaaaaaaaaa", "old_password": PASSWORD}, "password", "password.too-common"),
        ({"password": "x1y2z3" * 50, "old_password": PASSWORD}, "password", "password.too-long"),
        ({"old_password": PASSWORD}, "password", "field.missing"),
        ({"password": "a new password", "old_password": PASSWORD, "id": 1}, "id", "field.unknown"),
    ],
)
def test_a_password_is_not_changed_so(
    client: TestClient, home: Installation, amina: tuple[int, Headers], body: dict[str, Any], field: str, code: str
) -> None:
    number, browser = amina
    answer = client.put(f"/api/people/{number}/password", json=body, headers=browser)
    assert answer.status_code == 422
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    assert PASSWORD not in answer.text
    assert fits(home, number, PASSWORD)


def test_an_administrator_sets_anybody_elses_and_ends_all_of_their_sessions(
    client: TestClient, home: Installation, chief: tuple[int, Headers], amina: tuple[int, Headers]
) -> None:
    number, browser = amina
    done = client.put(f"/api/people/{number}/password", json={"password": "a new password"}, headers=chief[1])
    assert done.status_code == 204
    assert fits(home, number, "a new password")
    assert client.get("/api/me", headers=browser).status_code == 401
    assert client.get("/api/me", headers=chief[1]).status_code == 200


@pytest.mark.parametrize("scopes", [("read", "deposit", "review"), ("read",)])
def test_a_token_without_manage_changes_nothing_about_its_person(
    client: TestClient, home: Installation, amina: tuple[int, Headers], scopes: tuple[str, ...]
) -> None:
    number = amina[0]
    token = factories.token_of(home, actor_of(home, number), *scopes)
    before = snapshots.tables(home)
    for method, url, body in (
        ("PUT", "/password", {"password": "a new password", "old_password": PASSWORD}),
        ("PATCH", "", {"name": "x"}),
        ("DELETE", "", None),
        ("POST", "/tokens", {"name": "x", "scopes": ["read"]}),
        ("GET", "/tokens", None),
        ("GET", "/export", None),
        ("DELETE", "/tokens/1", None),
    ):
        answer = client.request(method, f"/api/people/{number}{url}", json=body, headers=changed(token))
        assert (answer.status_code, answer.json()["code"]) == (403, "scope.missing"), (method, url)
    answer = client.patch("/api/me", json={"name": "x"}, headers=changed(token))
    assert answer.json()["code"] == "scope.missing"
    assert snapshots.tables(home) == before


def test_a_token_of_an_administrator_sets_the_password_of_others_by_all_scopes_only(
    client: TestClient, home: Installation, chief: tuple[int, Headers], amina: tuple[int, Headers]
) -> None:
    url, body = f"/api/people/{amina[0]}/password", {"password": "a new password"}
    manage = factories.token_of(home, actor_of(home, chief[0]), "read", "manage")
    assert client.put(url, json=body, headers=manage).json()["code"] == "scope.missing"
    everything = factories.token_of(home, actor_of(home, chief[0]), *SCOPES)
    assert client.put(url, json=body, headers=everything).status_code == 204


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────


def bearer(secret: str) -> Headers:
    return {"authorization": f"Bearer {secret}"}


def test_a_token_is_shown_once_and_listed_without_its_secret(
    client: TestClient, home: Installation, amina: tuple[int, Headers]
) -> None:
    number, browser = amina
    url, headers = f"/api/people/{number}/tokens", {**browser, "idempotency-key": "k"}
    body = {"name": " nightly ", "scopes": ["deposit", "read"], "days": 3}
    made = client.post(url, json=body, headers=headers)
    told = bodies.TokenMade.model_validate_json(made.content)
    assert (made.status_code, told.name, told.scopes) == (201, "nightly", ["read", "deposit"])
    assert told.expires.isoformat() == "2026-03-04T08:00:00+00:00"
    assert told.token is not None
    assert client.get("/api/me", headers=bearer(told.token)).json()["email"] == EMAIL
    again = client.post(url, json=body, headers=headers)
    assert (again.status_code, again.json()) == (201, {**made.json(), "token": None})
    listed = client.get(url, headers=browser)
    assert [one["id"] for one in listed.json()["items"]] == [told.id]
    for text in (again.text, listed.text, repr(snapshots.tables(home)), str(made.headers)):
        assert told.token not in text


@pytest.mark.parametrize(("days", "status"), [(30, 201), (30.0, 201), (30.5, 422), ("30", 422), (True, 422), (0, 422)])
def test_days_are_a_whole_number_of_json(
    client: TestClient, amina: tuple[int, Headers], days: object, status: int
) -> None:
    number, browser = amina
    body = {"name": "x", "scopes": ["read"], "days": days}
    assert client.post(f"/api/people/{number}/tokens", json=body, headers=browser).status_code == status


def test_tokens_are_listed_page_by_page_and_end_when_revoked(client: TestClient, amina: tuple[int, Headers]) -> None:
    number, browser = amina
    url = f"/api/people/{number}/tokens"
    made = [client.post(url, json={"name": str(n), "scopes": ["read"]}, headers=browser).json() for n in range(3)]
    first = client.get(url, headers=browser).json()
    second = client.get(first["next"].removeprefix("https://oer.example.org"), headers=browser).json()
    assert [one["name"] for one in first["items"] + second["items"]] == ["0", "1", "2"]
    for _ in range(2):
        assert client.delete(f"{url}/{made[1]['id']}", headers=browser).status_code == 204
    assert client.get("/api/me", headers=bearer(made[1]["token"])).json()["code"] == "token.invalid"
    assert client.get("/api/me", headers=bearer(made[2]["token"])).status_code == 200
    assert client.get(url, headers=browser).json()["items"][1]["revoked"] == "2026-03-01T08:00:00Z"


def test_nobody_revokes_the_token_of_another_under_their_own_name(
    client: TestClient, home: Installation, amina: tuple[int, Headers], chief: tuple[int, Headers]
) -> None:
    made = client.post(
        f"/api/people/{chief[0]}/tokens", json={"name": "x", "scopes": ["read"]}, headers=chief[1]
    ).json()
    answer = client.delete(f"/api/people/{amina[0]}/tokens/{made['id']}", headers=amina[1])
    assert (answer.status_code, answer.json()["code"]) == (404, "token.unknown")
    assert client.get("/api/me", headers=bearer(made["token"])).status_code == 200


def test_no_token_makes_one_that_may_more_or_lives_longer(
    client: TestClient, home: Installation, amina: tuple[int, Headers]
) -> None:
    number = amina[0]
    url, token = f"/api/people/{number}/tokens", factories.token_of(home, actor_of(home, number), "read", "manage")
    more = client.post(url, json={"name": "x", "scopes": ["read", "deposit"]}, headers=token)
    assert (more.status_code, more.json()["code"]) == (403, "scope.missing")
    longer = client.post(url, json={"name": "x", "scopes": ["read"], "days": 2}, headers=token)
    assert (longer.status_code, longer.json()["errors"][0]["field"]) == (422, "days")
    same = client.post(url, json={"name": "x", "scopes": ["read"]}, headers=token)
    assert same.json()["expires"] == "2026-03-02T08:00:00Z"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["admin"]}, "scopes[0]"),
        ({"name": "x", "scopes": ["read"] * 21}, "scopes"),
        ({"name": "x", "scopes": "read"}, "scopes"),
        ({"name": "", "scopes": ["read"]}, "name"),
        ({"name": "a\x00", "scopes": ["read"]}, "name"),
        ({"name": "x", "scopes": ["read"], "days": 0}, "days"),
        ({"name": "x", "scopes": ["read"], "days": 91}, "days"),
        ({"name": "x", "scopes": ["read"], "days": 10**30}, "days"),
        ({"name": "x", "scopes": ["read"], "days": "3"}, "days"),
        ({"name": "x", "scopes": ["read"], "days": 1.5}, "days"),
        ({"name": "x", "scopes": ["read"], "digest": "0" * 64}, "digest"),
        ({"name": "x", "scopes": ["read"], "person_id": 1}, "person_id"),
        ({"name": "x", "scopes": ["read"], "expires": "2099-01-01T00:00:00Z"}, "expires"),
    ],
)
def test_a_token_is_not_made_so(
    client: TestClient, amina: tuple[int, Headers], body: dict[str, Any], field: str
) -> None:
    answer = client.post(f"/api/people/{amina[0]}/tokens", json=body, headers=amina[1])
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])
