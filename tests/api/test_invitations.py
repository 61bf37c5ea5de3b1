"""Invitations by REST: made, accepted, revoked, and what nobody learns from them."""

from collections.abc import Callable
from typing import Any

import factories
import pytest
import snapshots
from factories import Watch
from starlette.testclient import TestClient

from api.schemas import invitations as bodies
from oer import accounts
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import Person
from oer.policy import SCOPES
from oer.workflow import Role

EMAIL, PASSWORD = "amina@example.org", "correct horse battery"
ACCEPT = "/api/invitations/accept"
Headers = dict[str, str]

pytestmark = pytest.mark.usefixtures("quick_passwords")


@pytest.fixture(autouse=True)
def tree(home: Installation) -> None:
    with transaction(home.engine) as session:
        factories.institution(session, "school", parent=factories.institution(session, "ministry"))
        factories.institution(session, "sibling", parent=factories.institution(session, "other"))


@pytest.fixture
def manager(home: Installation) -> Headers:
    return factories.session_of(home, factories.member(home, Role.MANAGER, "school"))


@pytest.fixture
def invite(client: TestClient, manager: Headers) -> Callable[..., dict[str, Any]]:
    def do(email: str = EMAIL, role: str = "depositor", at: str = "school", headers: Headers | None = None) -> Any:
        body = {"email": email, "role": role, "language": "fr"}
        answer = client.post(f"/api/institutions/{at}/invitations", json=body, headers=headers or manager)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return do


def account(home: Installation, email: str = EMAIL, **rest: Any) -> Headers:
    with transaction(home.engine) as session:
        actor = accounts.actor_of(session, factories.person(session, email, password=PASSWORD, **rest))
    return factories.session_of(home, actor)


def accepted(client: TestClient, secret: str, *, headers: Headers | None = None, **changes: Any) -> Any:
    body = {"secret": secret, "name": "أمينة", "password": PASSWORD} | changes
    return client.post(ACCEPT, json={k: v for k, v in body.items() if v is not None}, headers=headers or {})


def people(home: Installation) -> list[Any]:
    return snapshots.tables(home)["person"]


# ── inviting ────────────────────────────────────────────────────────────────────────────────────


def test_an_invitation_is_made_with_a_link_that_is_shown_once(
    client: TestClient, home: Installation, manager: Headers
) -> None:
    url, headers = "/api/institutions/school/invitations", {**manager, "idempotency-key": "k"}
    body = {"email": " Amina@Example.org ", "role": "reviewer", "language": "fr"}
    made = client.post(url, json=body, headers=headers)
    told = bodies.InvitationMade.model_validate_json(made.content)
    assert (made.status_code, told.email, told.role, told.state) == (201, EMAIL, "reviewer", "waiting")
    assert told.expires.isoformat() == "2026-03-15T08:00:00+00:00"
    assert told.secret is not None
    assert told.link == f"https://oer.example.org/invitation#{told.secret}"
    assert told.secret not in str(made.headers)
    again = client.post(url, json=body, headers=headers)
    assert (again.status_code, again.json()) == (201, {**made.json(), "secret": None, "link": None})
    listed = client.get(url, headers=manager)
    assert [one["id"] for one in listed.json()["items"]] == [told.id]
    for text in (again.text, listed.text, repr(snapshots.tables(home))):
        assert told.secret not in text


def test_whether_an_address_has_an_account_is_told_to_nobody_who_invites(
    client: TestClient, home: Installation, invite: Callable[..., dict[str, Any]]
) -> None:
    account(home, "known@example.org")
    factories.member(home, Role.DEPOSITOR, "other", email="member@example.org")
    shapes = []
    for email in ("known@example.org", "member@example.org", "stranger@example.org"):
        told = invite(email)
        shapes.append({**told, "id": 0, "email": "", "secret": "", "link": ""})
    assert shapes[0] == shapes[1] == shapes[2]


@pytest.mark.parametrize(
    ("role", "at", "may"),
    [
        (Role.MANAGER, "school", True),
        (Role.MANAGER, "ministry", True),
        (Role.MANAGER, "sibling", False),
        (Role.MANAGER, "other", False),
        (Role.REVIEWER, "school", False),
    ],
)
def test_managers_invite_list_and_revoke_in_their_own_institutions(
    client: TestClient, home: Installation, invite: Callable[..., dict[str, Any]], role: Role, at: str, may: bool
) -> None:
    made, headers = invite(), factories.session_of(home, factories.member(home, role, at))
    url = "/api/institutions/school/invitations"
    body = {"email": "b@example.org", "role": "manager"}
    assert client.post(url, json=body, headers=headers).status_code == (201 if may else 403)
    assert client.get(url, headers=headers).status_code == (200 if may else 403)
    done = client.delete(f"/api/invitations/{made['id']}", headers=headers)
    assert done.status_code == (204 if may else 404)
    assert accepted(client, made["secret"]).status_code == (409 if may else 200)
    for method, address in (("POST", url), ("GET", url), ("DELETE", f"/api/invitations/{made['id']}")):
        content = body if method == "POST" else None
        assert client.request(method, address, json=content).status_code == 401


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"role": "administrator"}, "role"),
        ({"role": None}, "role"),
        ({"email": "no address"}, "email"),
        ({"email": "a@b.org\nBcc: c@d.org"}, "email"),
        ({"email": "a\x00@b.org"}, "email"),
        ({"email": "a" * 300 + "@b.org"}, "email"),
        ({"language": "de"}, "language"),
        ({"digest": "0" * 64}, "digest"),
        ({"secret": "known"}, "secret"),
        ({"expires": "2099-01-01T00:00:00Z"}, "expires"),
        ({"invited_by": 1}, "invited_by"),
        ({"institution_id": 1}, "institution_id"),
        ({"accepted": None}, "accepted"),
        ({"administrator": True}, "administrator"),
    ],
)
def test_an_invitation_is_not_made_so(
    client: TestClient, home: Installation, manager: Headers, changes: dict[str, Any], field: str
) -> None:
    body = {"email": EMAIL, "role": "depositor"} | changes
    answer = client.post("/api/institutions/school/invitations", json=body, headers=manager)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])
    assert snapshots.tables(home)["invitation"] == []


@pytest.mark.parametrize("number", ["0", "999", "x", "accepted", "-1", str(2**31), "9" * 100, "%00"])
def test_an_invitation_that_never_was_is_not_revoked(client: TestClient, manager: Headers, number: str) -> None:
    answer = client.delete(f"/api/invitations/{number}", headers=manager)
    assert (answer.status_code, answer.json()["code"]) == (404, "invitation.unknown")


def test_what_accepts_invitations_is_none_to_be_revoked(client: TestClient, manager: Headers) -> None:
    answer = client.delete(ACCEPT, headers=manager)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


# ── accepting ───────────────────────────────────────────────────────────────────────────────────


def test_a_stranger_gets_an_account_a_role_and_a_session(
    client: TestClient, home: Installation, invite: Callable[..., dict[str, Any]], manager: Headers
) -> None:
    made = invite(role="reviewer")
    answer = accepted(client, made["secret"])
    told = bodies.Accepted.model_validate_json(answer.content)
    assert (answer.status_code, told.email, told.role, told.institution.slug) == (200, EMAIL, "reviewer", "school")
    browser = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
    client.cookies.clear()
    me = client.get("/api/me", headers=browser).json()
    assert (me["id"], me["name"], me["language"], me["administrator"]) == (told.person, "أمينة", "fr", False)
    assert client.post("/api/session", json={"email": EMAIL, "password": PASSWORD}).status_code == 200
    again = accepted(client, made["secret"])
    assert (again.status_code, again.json()["code"]) == (409, "invitation.used")
    listed = client.get("/api/institutions/school/invitations", headers=manager).json()
    assert listed["items"][0]["state"] == "accepted"
    assert client.delete(f"/api/invitations/{made['id']}", headers=manager).json()["code"] == "invitation.used"


def test_whoever_has_an_account_takes_the_role_with_its_password(
    client: TestClient, home: Installation, invite: Callable[..., dict[str, Any]]
) -> None:
    before = account(home, name="الاسم الأول")
    made = invite()
    wrong = accepted(client, made["secret"], password="another password")
    assert (wrong.status_code, wrong.json()["code"], "set-cookie" in wrong.headers) == (401, "sign-in.failed", False)
    answer = accepted(client, made["secret"], name="اسم آخر")
    assert answer.status_code == 200
    assert client.get("/api/me", headers=before).json()["code"] == "session.ended"
    browser = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
    client.cookies.clear()
    assert client.get("/api/me", headers=browser).json()["name"] == "الاسم الأول"


def test_the_password_of_an_account_is_not_guessed_by_invitations(
    client: TestClient, home: Installation, invite: Callable[..., dict[str, Any]]
) -> None:
    account(home)
    made = invite()
    statuses = [accepted(client, made["secret"], password="another password").status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    assert accepted(client, made["secret"]).status_code == 429


def test_signed_in_as_the_one_who_is_invited_the_secret_is_enough_and_the_cookie_new(
    client: TestClient, home: Installation, invite: Callable[..., dict[str, Any]]
) -> None:
    browser, made = account(home), invite()
    answer = client.post(ACCEPT, json={"secret": made["secret"]}, headers=browser)
    assert answer.status_code == 200
    renewed = {**browser, "Cookie": answer.headers["set-cookie"].partition(";")[0]}
    client.cookies.clear()
    assert client.get("/api/me", headers=browser).status_code == 401
    assert [one["role"] for one in client.get("/api/me", headers=renewed).json()["roles"]] == ["depositor"]


def test_a_token_takes_a_role_by_the_scope_manage_and_never_becomes_a_session(
    client: TestClient, home: Installation, invite: Callable[..., dict[str, Any]]
) -> None:
    account(home)
    with reading(home.engine) as session:
        person = session.get(Person, 2)
        assert person is not None
        actor = accounts.actor_of(session, person)
    assert person.email == EMAIL
    made = invite()
    for scopes, status in ((tuple(SCOPES[:3]), 403), (("manage",), 200)):
        token = factories.token_of(home, actor, *scopes)
        answer = client.post(ACCEPT, json={"secret": made["secret"]}, headers=token)
        assert (answer.status_code, "set-cookie" in answer.headers) == (status, False)


def test_whoever_is_signed_in_as_somebody_else_is_asked_for_the_password(
    client: TestClient, home: Installation, manager: Headers, invite: Callable[..., dict[str, Any]]
) -> None:
    """The one who invites knows the secret too: it must open nobody's account."""
    account(home)
    made = invite(role="manager")
    before = people(home)
    answer = client.post(ACCEPT, json={"secret": made["secret"]}, headers=manager)
    assert [error["field"] for error in answer.json()["errors"]] == ["name", "password"]
    assert accepted(client, made["secret"], headers=manager, password="another password").status_code == 401
    assert people(home) == before


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": None}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"name": "a\x00b"}, ["name"]),
        ({"name": "n" * 301}, ["name"]),
        ({"password": None}, ["password"]),
        ({"password": "short"}, ["password"]),
        ({"password": "x1y2z3" * 50}, ["password"]),
        ({"language": "de"}, ["language"]),
        ({"email": "other@example.org"}, ["email"]),
        ({"role": "manager"}, ["role"]),
        ({"administrator": True}, ["administrator"]),
        ({"institution": "ministry"}, ["institution"]),
    ],
)
def test_what_is_wrong_is_told_the_same_with_or_without_an_account(
    client: TestClient,
    home: Installation,
    invite: Callable[..., dict[str, Any]],
    changes: dict[str, Any],
    fields: list[str],
) -> None:
    account(home, "known@example.org")
    said = []
    for email in (EMAIL, "known@example.org"):
        made = invite(email)
        answer = accepted(client, made["secret"], **changes)
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, fields)
        assert PASSWORD not in answer.text
        assert made["secret"] not in answer.text
        said.append(answer.text)
    assert said[0] == said[1]


@pytest.mark.parametrize("secret", ["", "x", "a\x00b", "s" * 200])
def test_another_secret_opens_nothing(client: TestClient, invite: Callable[..., dict[str, Any]], secret: str) -> None:
    invite()
    answer = accepted(client, secret)
    assert (answer.status_code, answer.json()["code"]) == (404, "invitation.unknown")
    assert accepted(client, "s" * 201).status_code == 422


def test_an_invitation_ends(
    client: TestClient, home: Installation, invite: Callable[..., dict[str, Any]], watch: Watch
) -> None:
    made = invite()
    newer = invite()
    assert accepted(client, made["secret"]).json()["code"] == "invitation.ended"
    watch.forward(days=14)
    assert accepted(client, newer["secret"]).json()["code"] == "invitation.ended"
    assert len(people(home)) == 1  # the manager


def test_an_invitation_of_somebody_who_lost_the_right_makes_no_account(
    client: TestClient, home: Installation, invite: Callable[..., dict[str, Any]]
) -> None:
    made = invite(role="manager")
    factories.member(home, Role.REVIEWER, "school", email="manager.school@example.org")
    answer = accepted(client, made["secret"])
    assert (answer.status_code, answer.json()["code"]) == (409, "invitation.ended")
    assert len(people(home)) == 1


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}], ids=repr)
def test_no_page_of_another_site_accepts(
    client: TestClient, home: Installation, invite: Callable[..., dict[str, Any]], headers: Headers
) -> None:
    answer = accepted(client, invite()["secret"], headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "origin.foreign")
    assert len(people(home)) == 1


def test_nothing_of_the_password_is_kept_for_a_request_made_again(
    client: TestClient, home: Installation, invite: Callable[..., dict[str, Any]]
) -> None:
    assert accepted(client, invite()["secret"], headers={"idempotency-key": "k"}).status_code == 200
    assert snapshots.tables(home)["kept_answer"] == []
