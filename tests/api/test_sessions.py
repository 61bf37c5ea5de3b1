"""Browsers: signing in and out, cookies, other sites, and those who guess."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import factories
import pytest
import snapshots
from factories import Watch
from starlette.testclient import TestClient

from api import app
from oer import accounts, logs, passwords, queries, sessions, working
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import Person
from oer.policy import OPERATOR
from oer.workflow import Role

URL = "/api/session"
EMAIL, PASSWORD = "amina@example.org", "correct horse battery"
OWN = {"sec-fetch-site": "same-origin", "origin": "https://oer.example.org"}

pytestmark = pytest.mark.usefixtures("quick_passwords")


@pytest.fixture
def amina(home: Installation) -> int:
    with transaction(home.engine) as session:
        return factories.person(session, EMAIL, name="أمينة", password=PASSWORD).id or 0


@pytest.fixture
def sign_in(client: TestClient) -> Callable[..., dict[str, str]]:
    """The headers of a browser that has just signed in."""

    def do(email: str = EMAIL, password: str = PASSWORD, **headers: str) -> dict[str, str]:
        answer = client.post(URL, json={"email": email, "password": password}, headers={**OWN, **headers})
        assert answer.status_code == 200, answer.text
        client.cookies.clear()
        return {"cookie": answer.headers["set-cookie"].partition(";")[0], **OWN}

    return do


def secret_of(headers: dict[str, str]) -> str:
    return headers["cookie"].partition("=")[2]


# ── signing in ──────────────────────────────────────────────────────────────────────────────────


def test_a_browser_signs_in_and_is_known_by_its_cookie(
    client: TestClient, amina: int, sign_in: Callable[..., dict[str, str]]
) -> None:
    answer = client.post(URL, json={"email": " Amina@Example.org ", "password": PASSWORD}, headers=OWN)
    assert answer.json() == {
        "person": {"id": amina, "name": "أمينة", "email": EMAIL},
        "created": "2026-03-01T08:00:00Z",
        "expires": "2026-03-31T08:00:00Z",
    }
    assert answer.headers["cache-control"] == "private, no-store"
    browser = sign_in()
    for url in (URL, "/api/me"):
        assert client.get(url, headers=browser).status_code == 200
        assert client.head(url, headers=browser).status_code == 200
    assert client.get("/api/me", headers=browser).json()["by"] == "session"


def test_the_cookie_is_kept_from_scripts_other_sites_and_plain_lines(client: TestClient, amina: int) -> None:
    answer = client.post(URL, json={"email": EMAIL, "password": PASSWORD}, headers=OWN)
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert re.fullmatch(r"__Host-session=[\w-]{43}", name)
    assert set(attributes) == {"Max-Age=2592000", "Path=/", "HttpOnly", "SameSite=Lax", "Secure"}


def test_without_https_the_cookie_has_its_plain_name(tmp_path: Path) -> None:
    with factories.opened(tmp_path, base_url="http://localhost:8000") as home, TestClient(app.create(home)) as client:
        with transaction(home.engine) as session:
            factories.person(session, EMAIL, password=PASSWORD)
        answer = client.post(URL, json={"email": EMAIL, "password": PASSWORD})
        assert answer.headers["set-cookie"].startswith("session=")
        assert "Secure" not in answer.headers["set-cookie"]


def test_a_cookie_from_before_is_never_the_session_and_ends(
    client: TestClient, home: Installation, amina: int, sign_in: Callable[..., dict[str, str]]
) -> None:
    planted = {"cookie": "__Host-session=chosen-by-somebody-else"}
    first = sign_in(**planted)
    assert secret_of(first) != "chosen-by-somebody-else"
    assert client.get(URL, headers=planted).status_code == 401
    second = sign_in(cookie=first["cookie"])
    assert secret_of(second) != secret_of(first)
    assert client.get(URL, headers=first).json()["code"] == "session.ended"
    assert client.get(URL, headers=second).status_code == 200


def test_every_failed_sign_in_gets_the_same_answer(client: TestClient, home: Installation, amina: int) -> None:
    with transaction(home.engine) as session:
        factories.person(session, "inactive@example.org", password=PASSWORD).active = False
        factories.person(session, "passwordless@example.org")
    answers = set()
    for email, password in [
        (EMAIL, "another password"),
        (EMAIL, ""),
        ("nobody@example.org", PASSWORD),
        ("inactive@example.org", PASSWORD),
        ("passwordless@example.org", PASSWORD),
        ("passwordless@example.org", ""),
        ("not an address", PASSWORD),
        ("a\0b@example.org", PASSWORD),
        (EMAIL, "\ud800 no text"),
    ]:
        body = json.dumps({"email": email, "password": password})
        answer = client.post(URL, content=body, headers={"content-type": "application/json"})
        assert "set-cookie" not in answer.headers
        kept = {name: value for name, value in answer.headers.items() if not name.startswith("ratelimit-")}
        answers.add((answer.status_code, answer.text, repr(kept)))
    assert len(answers) == 1
    (status, text, _), = answers  # fmt: skip
    assert (status, "sign-in.failed" in text) == (401, True)


def test_an_unknown_account_costs_the_work_of_a_known_one(
    client: TestClient, amina: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    fits = passwords.fits

    def counted(kept: str | None, password: str) -> bool:
        asked.append(kept is not None)
        return fits(kept, password)

    monkeypatch.setattr(passwords, "fits", counted)
    for email in (EMAIL, "nobody@example.org", "not an address"):
        client.post(URL, json={"email": email, "password": "another password"})
    assert asked == [True, False, False]


@pytest.mark.parametrize(
    "body",
    [
        '{"email": "a@example.org"}',
        '{"email": "a@example.org", "password": 12345678901}',
        '{"email": "a@example.org", "password": null}',
        '{"email": ["a@example.org"], "password": "long enough to be one"}',
        '{"email": "a@example.org", "password": "long enough to be one", "remember": true}',
        '{"email": "a@example.org", "password": "long enough to be one", "id": 1}',
        '{"email": "a@example.org", "password": "' + "x" * 1001 + '"}',
        '{"email": "' + "a" * 255 + '", "password": "long enough to be one"}',
        '{"email": "\\ud800@example.org", "password": "long enough to be one"}',
        "[]",
        "5",
    ],
)
def test_what_is_no_sign_in_is_refused_without_its_password(client: TestClient, body: str) -> None:
    answer = client.post(URL, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert "long enough" not in answer.text
    assert "xxxx" not in answer.text


def test_a_form_of_another_page_cannot_even_be_read(client: TestClient, amina: int) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        content = f'{{"email": "{EMAIL}", "password": "{PASSWORD}"}}'
        answer = client.post(URL, content=content, headers={"content-type": kind})
        assert answer.status_code == 415


def test_an_idempotency_key_is_passed_over_and_nothing_of_the_password_is_kept(
    client: TestClient, home: Installation, amina: int
) -> None:
    asked = {"json": {"email": EMAIL, "password": PASSWORD}, "headers": {**OWN, "idempotency-key": "k"}}
    first, second = client.post(URL, **asked), client.post(URL, **asked)
    assert first.headers["set-cookie"] != second.headers["set-cookie"]
    assert snapshots.tables(home)["kept_answer"] == []


# ── other sites ─────────────────────────────────────────────────────────────────────────────────

FOREIGN = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
    {"sec-fetch-site": "Same-Origin "},
    {"sec-fetch-site": "cross-site", "origin": "https://oer.example.org"},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://oer.example.org"},
    {"origin": "https://oer.example.org:444"},
    {"origin": "https://oer.example.org.evil.example"},
    {"origin": "https://OER.example.org.evil.example"},
    {"origin": ""},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=repr)
def test_nobody_is_signed_in_by_a_page_of_another_site(client: TestClient, amina: int, headers: dict[str, str]) -> None:
    answer = client.post(URL, json={"email": EMAIL, "password": PASSWORD}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "origin.foreign")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", [*FOREIGN, {}], ids=repr)
def test_a_cookie_writes_nothing_that_another_site_has_sent(
    client: TestClient, home: Installation, amina: int, headers: dict[str, str]
) -> None:
    actor = factories.member(home, Role.MANAGER, email=EMAIL)
    cookie = {"Cookie": factories.session_of(home, actor)["Cookie"]}
    for method, url, body in (
        ("DELETE", URL, None),
        ("PATCH", "/api/me", {"name": "x"}),
        ("PATCH", f"/api/people/{amina}", {"name": "x"}),
        ("PUT", f"/api/people/{amina}/password", {"password": "another password", "old_password": PASSWORD}),
        ("POST", f"/api/people/{amina}/tokens", {"name": "x", "scopes": ["manage"]}),
        ("DELETE", f"/api/people/{amina}", None),
        ("POST", "/api/institutions/college/invitations", {"email": "a@b.org", "role": "manager"}),
        ("PATCH", "/api/institutions/college", {"country": "TN"}),
        ("PUT", f"/api/institutions/college/members/{amina}", {"role": "depositor"}),
    ):
        answer = client.request(method, url, json=body, headers={**cookie, **headers, "if-match": "*"})
        assert (answer.status_code, answer.json()["code"]) == (403, "origin.foreign"), (method, url)
    assert client.get(URL, headers={**cookie, **headers}).status_code == 200  # reading is safe, and no answer is shared


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "same-origin"}, {"origin": "https://oer.example.org"}], ids=repr
)
def test_our_own_pages_write(client: TestClient, home: Installation, amina: int, headers: dict[str, str]) -> None:
    cookie = {"Cookie": factories.session_of(home, factories.member(home, Role.MANAGER, email=EMAIL))["Cookie"]}
    answer = client.patch("/api/me", json={"name": "x"}, headers={**cookie, **headers, "if-match": "*"})
    assert answer.status_code == 200


def test_a_program_that_says_nothing_about_where_it_comes_from_may_sign_in(client: TestClient, amina: int) -> None:
    assert client.post(URL, json={"email": EMAIL, "password": PASSWORD}).status_code == 200


# ── going on, and signing out ───────────────────────────────────────────────────────────────────


def test_every_visit_moves_the_end_and_is_written_down_rarely(
    client: TestClient, home: Installation, amina: int, watch: Watch, sign_in: Callable[..., dict[str, str]]
) -> None:
    browser = sign_in()
    watch.forward(minutes=9)
    answer = client.get(URL, headers=browser)
    assert (answer.json()["expires"], "set-cookie" in answer.headers) == ("2026-03-31T08:00:00Z", False)
    known = client.get(URL, headers={**browser, "if-none-match": answer.headers["etag"]})
    assert known.status_code == 304
    watch.forward(minutes=1)
    answer = client.get(URL, headers=browser)
    assert answer.json()["expires"] == "2026-03-31T08:10:00Z"
    assert answer.headers["set-cookie"].partition(";")[0] == browser["cookie"]
    watch.forward(days=29)
    assert client.get(URL, headers=browser).status_code == 200
    watch.forward(days=31)
    assert client.get(URL, headers=browser).json()["code"] == "session.ended"


def test_signing_out_ends_the_session_and_takes_the_cookie(
    client: TestClient, home: Installation, amina: int, sign_in: Callable[..., dict[str, str]]
) -> None:
    browser, other = sign_in(), sign_in()
    for _ in range(2):  # once more is no error
        answer = client.delete(URL, headers=browser)
        assert answer.status_code == 204
        assert answer.headers["set-cookie"].startswith("__Host-session=; Max-Age=0; Path=/; HttpOnly")
    assert client.get(URL, headers=browser).status_code == 401
    assert client.get(URL, headers=other).status_code == 200
    with reading(home.engine) as session:
        log = queries.audit.of_object(session, kind="person", object_id=str(amina))
    assert [entry.action for entry in log] == ["person.add", "session.start", "session.start", "session.end"]


def test_without_a_cookie_there_is_no_session(client: TestClient, home: Installation) -> None:
    token = factories.token_of(home, factories.member(home, Role.MANAGER), "read", "manage")
    for headers in ({}, token):
        for method in ("GET", "DELETE"):
            answer = client.request(method, URL, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "sign-in.required")


def test_a_cookie_that_has_ended_reads_what_everybody_may_and_writes_nothing(
    client: TestClient, home: Installation
) -> None:
    factories.published(home)
    ended = {"cookie": "__Host-session=ended", **OWN}
    assert client.get("/api/resources", headers=ended).status_code == 200
    answer = client.patch("/api/institutions/college", json={"country": "TN"}, headers={**ended, "if-match": "*"})
    assert (answer.status_code, answer.json()["code"]) == (401, "session.ended")


# ── those who guess ─────────────────────────────────────────────────────────────────────────────


def attempt(client: TestClient, email: str = EMAIL, password: str = "wrong password", **headers: str) -> int:
    return client.post(URL, json={"email": email, "password": password}, headers=headers).status_code


def test_after_ten_failures_an_account_waits_whether_or_not_it_is_there(
    client: TestClient, home: Installation, amina: int, watch: Watch
) -> None:
    said = {}
    for email in (EMAIL, "nobody@example.org"):
        assert [attempt(client, email) for _ in range(10)] == [401] * 10
        watch.forward(minutes=1)
        answer = client.post(URL, json={"email": email.upper(), "password": PASSWORD})
        assert (answer.status_code, answer.json()["code"]) == (429, "sign-in.too-many")
        assert answer.headers["retry-after"] == "840"
        said[email] = answer.text
    assert len(set(said.values())) == 1
    watch.forward(minutes=13)
    assert attempt(client, password=PASSWORD) == 200
    assert attempt(client, password=PASSWORD) == 200


def test_a_right_password_begins_the_count_anew(client: TestClient, amina: int) -> None:
    for _ in range(3):
        assert [attempt(client) for _ in range(9)] == [401] * 9
        assert attempt(client, password=PASSWORD) == 200


def test_a_network_waits_after_so_many_failures_over_all_accounts(tmp_path: Path, watch: Watch) -> None:
    with (
        factories.opened(tmp_path, now=watch, sign_in_network_tries=5) as home,
        TestClient(app.create(home)) as client,
    ):
        with transaction(home.engine) as session:
            factories.person(session, EMAIL, password=PASSWORD)
        assert [attempt(client, f"a{number}@example.org") for number in range(4)] == [401] * 4
        assert attempt(client, password=PASSWORD) == 200  # what does not fail does not count
        assert attempt(client, "b@example.org") == 401
        assert attempt(client, password=PASSWORD) == 429


def test_no_address_of_a_visitor_or_an_account_is_kept_for_the_count(
    client: TestClient, home: Installation, watch: Watch
) -> None:
    attempt(client, "secret@example.org")
    said = repr(snapshots.tables(home))
    assert "secret@" not in said
    assert "testclient" not in said
    assert len(snapshots.tables(home)["attempt"]) == 2
    working.drain(home)
    watch.forward(hours=2)
    working.drain(home)
    assert snapshots.tables(home)["attempt"] == []


def test_guessing_the_old_password_is_counted_as_well(client: TestClient, home: Installation, amina: int) -> None:
    with reading(home.engine) as session:
        person = session.get(Person, amina)
        assert person is not None
        browser = factories.session_of(home, accounts.actor_of(session, person))
    url, body = f"/api/people/{amina}/password", {"password": "another password", "old_password": "wrong password"}
    statuses = [client.put(url, json=body, headers=browser).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]
    assert attempt(client, password=PASSWORD) == 429


# ── secrets ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """All that is logged, as the product writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


def test_passwords_and_cookies_stand_in_no_log_and_no_error(
    client: TestClient, home: Installation, amina: int, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [client.post(URL, json={"email": EMAIL, "password": PASSWORD}, headers=OWN)]
    secret = answers[0].headers["set-cookie"].partition(";")[0].partition("=")[2]
    browser = {"cookie": f"__Host-session={secret}", **OWN}
    answers.append(client.post(URL, json={"email": EMAIL, "password": PASSWORD, "extra": PASSWORD}))
    answers.append(client.put(f"/api/people/{amina}/password", json={"password": [PASSWORD]}, headers=browser))
    answers.append(client.get("/api/me", headers=browser))

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no more")

    monkeypatch.setattr(sessions, "start", fail)
    answers.append(client.post(URL, json={"email": EMAIL, "password": PASSWORD}, headers=browser))
    assert answers[-1].status_code == 500
    for text in (written.getvalue(), *(answer.text for answer in answers)):
        assert PASSWORD not in text
        assert secret not in text
        assert "$argon2" not in text
    assert "an answer failed" in written.getvalue()


def test_a_role_that_changes_signs_out_everywhere(
    client: TestClient, home: Installation, amina: int, sign_in: Callable[..., dict[str, str]]
) -> None:
    browser = sign_in()
    factories.member(home, Role.DEPOSITOR, email=EMAIL)
    assert client.get(URL, headers=browser).json()["code"] == "session.ended"
    browser = sign_in()
    with transaction(home.engine) as session:
        accounts.edit(session, OPERATOR, amina, {"administrator": True}, now=home.now())
    assert client.get(URL, headers=browser).status_code == 401
