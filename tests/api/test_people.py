"""Accounts by REST: who sees whom, who changes what."""

from typing import Any

import factories
import people
import pytest
import snapshots
from people import EMAIL, PASSWORD, Headers, actor_of, changed
from starlette.testclient import TestClient

from api.schemas import people as bodies
from oer.db import transaction
from oer.installation import Installation
from oer.policy import SCOPES
from oer.workflow import Role

pytestmark = pytest.mark.usefixtures("quick_passwords")


@pytest.fixture
def chief(home: Installation) -> tuple[int, Headers]:
    return people.administrator(home)


@pytest.fixture
def amina(home: Installation) -> tuple[int, Headers]:
    return people.with_password(home)


def manager(home: Installation, at: str = "college") -> Headers:
    return factories.session_of(home, factories.member(home, Role.MANAGER, at))


# ── the caller ──────────────────────────────────────────────────────────────────────────────────


def test_people_see_who_they_are_what_they_may_and_how_they_came(client: TestClient, home: Installation) -> None:
    actor = factories.member(home, Role.REVIEWER)
    by_session = client.get("/api/me", headers=factories.session_of(home, actor))
    told = bodies.MeOut.model_validate_json(by_session.content)
    assert (told.by, told.scopes) == ("session", list(SCOPES))
    assert [(one.institution.slug, one.role) for one in told.roles] == [("college", "reviewer")]
    by_token = client.get("/api/me", headers=factories.token_of(home, actor, "read", "deposit")).json()
    assert (by_token["by"], by_token["scopes"]) == ("token", ["read", "deposit"])
    assert by_token["expires"] == "2026-03-02T08:00:00Z"
    assert by_session.headers["cache-control"] == "private, no-store"


def test_nobody_is_nobody(client: TestClient) -> None:
    answer = client.get("/api/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "sign-in.required")
    assert client.get("/api/me", headers={"authorization": "Bearer oer_none"}).json()["code"] == "token.invalid"


def test_a_token_that_may_not_read_does_not_read_who_it_is(client: TestClient, home: Installation) -> None:
    token = factories.token_of(home, factories.member(home, Role.REVIEWER), "deposit")
    assert client.get("/api/me", headers=token).status_code == 403


def test_people_change_their_name_in_the_state_that_they_have_read(
    client: TestClient, amina: tuple[int, Headers]
) -> None:
    _, browser = amina
    read = client.get("/api/me", headers=browser)
    assert client.get("/api/me", headers={**browser, "if-none-match": read.headers["etag"]}).status_code == 304
    done = client.patch(
        "/api/me", json={"name": " منى ", "language": "fr"}, headers=changed(browser, read.headers["etag"])
    )
    assert (done.status_code, done.json()["name"], done.json()["language"]) == (200, "منى", "fr")
    assert client.get("/api/me", headers=browser).headers["etag"] == done.headers["etag"]
    for tag, status, code in ((read.headers["etag"], 412, "person.stale"), ('"x"', 412, "person.stale"),
                              (None, 428, "precondition.required")):  # fmt: skip
        headers = browser if tag is None else changed(browser, tag)
        answer = client.patch("/api/me", json={"name": "x"}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


HIDDEN = [
    {"id": 1}, {"email": "x@example.org"}, {"password": PASSWORD}, {"lock": 5}, {"created": "2020-01-01T00:00:00Z"},
    {"erased": None}, {"roles": []}, {"by": "session"}, {"scopes": ["manage"]}, {"expires": "2030-01-01T00:00:00Z"},
]  # fmt: skip


@pytest.mark.parametrize("hidden", [*HIDDEN, {"administrator": True}, {"active": True}], ids=repr)
def test_nothing_else_of_oneself_is_changed_by_a_body(
    client: TestClient, home: Installation, amina: tuple[int, Headers], hidden: dict[str, Any]
) -> None:
    before = snapshots.tables(home)["person"]
    answer = client.patch("/api/me", json={"name": "x", **hidden}, headers=changed(amina[1]))
    assert answer.status_code == 422
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(*hidden, "field.unknown")]
    assert snapshots.tables(home)["person"] == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": 5}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "n" * 301}, "name"),
        ({"name": "n" * 2000}, "name"),
        ({"language": "de"}, "language"),
        ({"language": ["fr"]}, "language"),
    ],
)
def test_a_wrong_value_is_told_with_its_field(
    client: TestClient, amina: tuple[int, Headers], body: dict[str, Any], field: str
) -> None:
    answer = client.patch("/api/me", json=body, headers=changed(amina[1]))
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])


# ── everybody ───────────────────────────────────────────────────────────────────────────────────


def test_administrators_see_everybody_page_by_page(
    client: TestClient, home: Installation, chief: tuple[int, Headers]
) -> None:
    with transaction(home.engine) as session:
        for number in range(4):
            factories.person(session, f"p{number}@example.org")
    found: list[str] = []
    url = "/api/people"
    while url:
        answer = client.get(url, headers=chief[1])
        assert answer.headers.get("link", "").startswith("<") is (answer.json()["next"] is not None)
        found += [one["email"] for one in answer.json()["items"]]
        url = (answer.json()["next"] or "").removeprefix("https://oer.example.org")
    assert found == ["chief@example.org", *(f"p{number}@example.org" for number in range(4))]
    assert answer.headers["cache-control"] == "private, no-store"


def test_managers_see_the_people_of_their_branch_with_their_roles_there(
    client: TestClient, home: Installation, chief: tuple[int, Headers]
) -> None:
    with transaction(home.engine) as session:
        factories.institution(session, "school", parent=factories.institution(session, "ministry"))
        factories.institution(session, "other")
    factories.member(home, Role.DEPOSITOR, "school", email=EMAIL)
    factories.member(home, Role.REVIEWER, "other", email=EMAIL)
    factories.member(home, Role.REVIEWER, "other", email="stranger@example.org")
    headers = manager(home, "ministry")
    answer = client.get("/api/people?limit=100", headers=headers)
    told = {one["email"]: [role["institution"]["slug"] for role in one["roles"]] for one in answer.json()["items"]}
    assert told == {EMAIL: ["school"], "manager.ministry@example.org": ["ministry"]}
    within = client.get("/api/people?institution=school", headers=headers)
    assert [one["email"] for one in within.json()["items"]] == [EMAIL]
    assert client.get("/api/people?institution=other", headers=headers).status_code == 403
    assert client.get("/api/people?institution=nowhere", headers=headers).status_code == 404
    everybody = client.get("/api/people?institution=other", headers=chief[1]).json()["items"]
    assert {one["email"] for one in everybody} == {EMAIL, "stranger@example.org"}


def test_those_who_look_after_nobody_see_nobody(client: TestClient, home: Installation) -> None:
    assert client.get("/api/people").status_code == 401
    for role in (Role.DEPOSITOR, Role.REVIEWER):
        headers = factories.session_of(home, factories.member(home, role))
        assert client.get("/api/people", headers=headers).status_code == 403
    reader = factories.token_of(home, factories.member(home, Role.MANAGER), "read", "deposit", "review")
    assert client.get("/api/people", headers=reader).json()["code"] == "scope.missing"


def test_people_are_listed_by_whether_they_are_active(
    client: TestClient, home: Installation, chief: tuple[int, Headers], amina: tuple[int, Headers]
) -> None:
    client.patch(f"/api/people/{amina[0]}", json={"active": False}, headers=changed(chief[1]))
    for wanted, email in (("true", "chief@example.org"), ("false", EMAIL)):
        answer = client.get(f"/api/people?active={wanted}", headers=chief[1])
        assert [one["email"] for one in answer.json()["items"]] == [email]
    assert client.get("/api/people?active=perhaps", headers=chief[1]).status_code == 422
    assert client.get("/api/people?email=a@b.org", headers=chief[1]).json()["errors"][0]["code"] == "field.unknown"


def test_administrators_add_accounts_once_for_each_key(
    client: TestClient, home: Installation, chief: tuple[int, Headers]
) -> None:
    headers = {**chief[1], "idempotency-key": "one"}
    body = {"email": " New@Example.org ", "name": "جديدة", "language": "fr"}
    made = client.post("/api/people", json=body, headers=headers)
    assert made.status_code == 201
    told = bodies.PersonOut.model_validate_json(made.content)
    assert (told.email, told.language, told.administrator, told.active) == ("new@example.org", "fr", False, True)
    assert made.headers["location"] == f"https://oer.example.org/api/people/{told.id}"
    assert client.get(f"/api/people/{told.id}", headers=chief[1]).headers["etag"] == made.headers["etag"]
    again = client.post("/api/people", json=body, headers=headers)
    assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (201, made.content, "true")
    taken = client.post("/api/people", json=body, headers=chief[1])
    assert (taken.status_code, taken.json()["errors"][0]["field"]) == (422, "email")


@pytest.mark.parametrize("hidden", [*HIDDEN, {"active": True}], ids=repr)
def test_an_account_is_not_made_with_what_only_steps_set(
    client: TestClient, chief: tuple[int, Headers], hidden: dict[str, Any]
) -> None:
    body = {"email": "new@example.org", "name": "x"} | {k: v for k, v in hidden.items() if k != "email"}
    body |= {"extra": 1} if "email" in hidden else {}
    assert client.post("/api/people", json=body, headers=chief[1]).status_code == 422


def test_nobody_else_adds_accounts(client: TestClient, home: Installation, amina: tuple[int, Headers]) -> None:
    body = {"email": "new@example.org", "name": "x"}
    assert client.post("/api/people", json=body).status_code == 401
    for headers in (amina[1], manager(home)):
        assert client.post("/api/people", json=body, headers=headers).status_code == 403
        assert client.post("/api/people", json={**body, "email": EMAIL}, headers=headers).status_code == 403


# ── one account ─────────────────────────────────────────────────────────────────────────────────


def test_an_account_is_there_for_its_person_and_administrators_alone(
    client: TestClient, home: Installation, chief: tuple[int, Headers], amina: tuple[int, Headers]
) -> None:
    factories.member(home, Role.DEPOSITOR, email=EMAIL)
    number = amina[0]
    browser = factories.session_of(home, actor_of(home, number))
    for headers in (chief[1], browser):
        assert client.get(f"/api/people/{number}", headers=headers).json()["email"] == EMAIL
    for headers in (manager(home), manager(home, "other")):
        for method, url, body in (
            ("GET", "", None), ("GET", "/export", None), ("GET", "/tokens", None),
            ("PATCH", "", {"name": "x"}), ("PATCH", "", {"administrator": True}), ("DELETE", "", None),
            ("PUT", "/password", {"password": "another password"}),
            ("POST", "/tokens", {"name": "x", "scopes": ["read"]}),
        ):  # fmt: skip
            answer = client.request(method, f"/api/people/{number}{url}", json=body, headers=changed(headers))
            assert (answer.status_code, answer.json()["code"]) == (404, "account.unknown"), (method, url)
            answer = client.request(method, f"/api/people/{number}{url}", json=body)
            assert (answer.status_code, answer.json()["code"]) == (401, "sign-in.required"), (method, url)


@pytest.mark.parametrize("number", ["0", "999", "-1", "x", "1.0", "01", str(2**31), "9" * 5000, "%00", "%D9%A1"])
def test_what_is_no_number_of_an_account_is_not_there(
    client: TestClient, chief: tuple[int, Headers], number: str
) -> None:
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        answer = client.request(method, f"/api/people/{number}", json=body, headers=changed(chief[1]))
        assert (answer.status_code, answer.json()["code"]) == (404, "account.unknown")
    assert client.get(f"/api/people/{chief[0]}/tokens/{number}", headers=chief[1]).status_code == 405
    assert client.delete(f"/api/people/{chief[0]}/tokens/{number}", headers=chief[1]).status_code == 404


@pytest.mark.parametrize("hidden", HIDDEN, ids=repr)
def test_not_even_administrators_set_what_only_steps_set(
    client: TestClient, chief: tuple[int, Headers], amina: tuple[int, Headers], hidden: dict[str, Any]
) -> None:
    answer = client.patch(f"/api/people/{amina[0]}", json=hidden, headers=changed(chief[1]))
    assert answer.status_code == 422


def test_rights_are_given_by_administrators_to_others_and_never_by_oneself(
    client: TestClient, chief: tuple[int, Headers], amina: tuple[int, Headers]
) -> None:
    number, browser = amina
    for body in ({"administrator": True}, {"active": True}, {"name": "x", "active": False}):
        assert client.patch(f"/api/people/{number}", json=body, headers=changed(browser)).status_code == 403
    for value in ("true", 1, None):
        answer = client.patch(f"/api/people/{number}", json={"administrator": value}, headers=changed(chief[1]))
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "administrator")
    assert client.get("/api/me", headers=browser).status_code == 200
    done = client.patch(f"/api/people/{number}", json={"administrator": True}, headers=changed(chief[1]))
    assert done.json()["administrator"] is True
    assert "set-cookie" not in done.headers
    assert client.get("/api/me", headers=browser).json()["code"] == "session.ended"


def test_the_last_administrator_stays(
    client: TestClient, chief: tuple[int, Headers], amina: tuple[int, Headers]
) -> None:
    url = f"/api/people/{chief[0]}"
    for method, body in (("PATCH", {"administrator": False}), ("PATCH", {"active": False}), ("DELETE", None)):
        answer = client.request(method, url, json=body, headers=changed(chief[1]))
        assert (answer.status_code, answer.json()["code"]) == (409, "person.last-administrator")


def test_whoever_gives_up_their_own_rights_goes_on_with_a_new_cookie(
    client: TestClient, home: Installation, chief: tuple[int, Headers], amina: tuple[int, Headers]
) -> None:
    client.patch(f"/api/people/{amina[0]}", json={"administrator": True}, headers=changed(chief[1]))
    elsewhere = factories.session_of(home, actor_of(home, chief[0]))
    done = client.patch(f"/api/people/{chief[0]}", json={"administrator": False}, headers=changed(chief[1]))
    renewed = {**chief[1], "Cookie": done.headers["set-cookie"].partition(";")[0]}
    assert renewed["Cookie"] != chief[1]["Cookie"]
    assert client.get("/api/me", headers=renewed).json()["administrator"] is False
    for old in (chief[1], elsewhere):
        assert client.get("/api/me", headers=old).status_code == 401


# ── export and erasure ──────────────────────────────────────────────────────────────────────────


def test_people_take_everything_along(
    client: TestClient, chief: tuple[int, Headers], amina: tuple[int, Headers]
) -> None:
    number, browser = amina
    for headers in (browser, chief[1]):
        answer = client.get(f"/api/people/{number}/export", headers=headers)
        told = bodies.PersonExport.model_validate_json(answer.content)
        assert (told.person.email, told.person.password, len(told.sessions)) == (EMAIL, True, 1)
        assert "argon2" not in answer.text
        assert answer.headers["cache-control"] == "private, no-store"


def test_people_erase_themselves_and_are_signed_out(
    client: TestClient, home: Installation, amina: tuple[int, Headers], chief: tuple[int, Headers]
) -> None:
    number, browser = amina
    url = f"/api/people/{number}"
    assert client.delete(url, headers=browser).status_code == 428
    etag = client.get(url, headers=browser).headers["etag"]
    client.patch(url, json={"name": "x"}, headers=changed(browser))
    assert client.delete(url, headers=changed(browser, etag)).status_code == 412
    done = client.delete(url, headers=changed(browser))
    assert (done.status_code, "Max-Age=0" in done.headers["set-cookie"]) == (204, True)
    assert client.get("/api/me", headers=browser).status_code == 401
    for method in ("GET", "DELETE", "PATCH"):
        body = {"active": True} if method == "PATCH" else None
        assert client.request(method, url, json=body, headers=changed(chief[1])).status_code == 404
    assert EMAIL not in repr(snapshots.tables(home))


def test_an_administrator_erases_somebody_and_stays_signed_in(
    client: TestClient, chief: tuple[int, Headers], amina: tuple[int, Headers]
) -> None:
    done = client.delete(f"/api/people/{amina[0]}", headers=changed(chief[1]))
    assert (done.status_code, "set-cookie" in done.headers) == (204, False)
    assert client.get("/api/me", headers=chief[1]).status_code == 200
