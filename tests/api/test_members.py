"""Roles by REST: who gives them to whom."""

from typing import Any

import factories
import pytest
from starlette.testclient import TestClient

from api.schemas import institutions as bodies
from oer import accounts, queries
from oer.db import reading, transaction
from oer.installation import Installation
from oer.policy import Actor
from oer.workflow import Role

Headers = dict[str, str]


@pytest.fixture(autouse=True)
def tree(home: Installation) -> None:
    """ministry > school, sibling; other."""
    with transaction(home.engine) as session:
        ministry = factories.institution(session, "ministry")
        factories.institution(session, "school", parent=ministry)
        factories.institution(session, "sibling", parent=ministry)
        factories.institution(session, "other")


@pytest.fixture
def chief(home: Installation) -> Headers:
    with transaction(home.engine) as session:
        actor = accounts.actor_of(session, factories.person(session, "chief@example.org", administrator=True))
    return factories.session_of(home, actor)


def as_member(home: Installation, role: Role, at: str) -> Headers:
    return factories.session_of(home, factories.member(home, role, at))


def teacher(home: Installation, at: str = "school", role: Role = Role.DEPOSITOR) -> Actor:
    return factories.member(home, role, at, email="teacher@example.org")


def url(who: Actor | int | str, at: str = "school") -> str:
    number = who.person_id if isinstance(who, Actor) else who
    return f"/api/institutions/{at}/members/{number}"


def if_match(headers: Headers, etag: str = "*") -> Headers:
    return {**headers, "if-match": etag}


def role_of(home: Installation, who: Actor, at: str = "school") -> str | None:
    with reading(home.engine) as session:
        place = queries.institutions.by_slug(session, slug=at)
        assert place is not None
        found = queries.institutions.member(session, person_id=who.person_id or 0, institution_id=place.id or 0)
        return found[0].role if found else None


def test_a_role_is_given_changed_and_taken_away(client: TestClient, home: Installation, chief: Headers) -> None:
    who = teacher(home, "other")
    made = client.put(url(who), json={"role": "depositor"}, headers=chief)
    told = bodies.MemberOut.model_validate_json(made.content)
    assert (made.status_code, told.role, told.person.email) == (201, "depositor", "teacher@example.org")
    assert made.headers["location"] == f"https://oer.example.org{url(who)}"
    seen = client.get(url(who), headers=chief)
    assert (seen.content, seen.headers["etag"]) == (made.content, made.headers["etag"])
    assert client.put(url(who), json={"role": "reviewer"}, headers=chief).status_code == 428
    done = client.put(url(who), json={"role": "reviewer"}, headers=if_match(chief, seen.headers["etag"]))
    assert (done.status_code, done.json()["role"], role_of(home, who)) == (200, "reviewer", "reviewer")
    for method, body in (("PUT", {"role": "manager"}), ("DELETE", None)):
        stale = client.request(method, url(who), json=body, headers=if_match(chief, seen.headers["etag"]))
        assert (stale.status_code, stale.json()["code"]) == (412, "member.stale")
    assert client.delete(url(who), headers=chief).status_code == 428
    assert client.delete(url(who), headers=if_match(chief, done.headers["etag"])).status_code == 204
    assert role_of(home, who) is None
    for method in ("GET", "DELETE"):
        assert client.request(method, url(who), headers=if_match(chief)).json()["code"] == "member.unknown"
    again = client.put(url(who), json={"role": "reviewer"}, headers=if_match(chief))
    assert (again.status_code, again.json()["code"]) == (412, "member.stale")  # there was nothing to change


def test_who_comes_back_is_not_changed_by_what_was_read_before(
    client: TestClient, home: Installation, chief: Headers
) -> None:
    who = teacher(home, "other")
    old = client.put(url(who), json={"role": "depositor"}, headers=chief).headers["etag"]
    client.delete(url(who), headers=if_match(chief))
    client.put(url(who), json={"role": "manager"}, headers=chief)
    assert client.delete(url(who), headers=if_match(chief, old)).json()["code"] == "member.stale"
    assert role_of(home, who) == "manager"


def test_who_has_lost_a_role_is_not_answered_as_before(client: TestClient, home: Installation, chief: Headers) -> None:
    who = teacher(home)
    asked = {"institution": "school", "record": factories.record().model_dump(mode="json", exclude_defaults=True)}
    keyed = {**factories.token_of(home, who, "read", "deposit"), "idempotency-key": "k-1"}
    first = client.post("/api/resources", json=asked, headers=keyed)
    assert client.post("/api/resources", json=asked, headers=keyed).content == first.content
    client.delete(url(who), headers=if_match(chief))
    assert client.post("/api/resources", json=asked, headers=keyed).json()["code"] == "action.forbidden"


def test_members_are_listed_page_by_page(client: TestClient, home: Installation) -> None:
    headers = as_member(home, Role.MANAGER, "school")
    for number in range(3):
        factories.member(home, Role.DEPOSITOR, "school", email=f"p{number}@example.org")
    factories.member(home, Role.DEPOSITOR, "sibling", email="not-here@example.org")
    found, address = [], "/api/institutions/school/members"
    while address:
        answer = client.get(address, headers=headers)
        found += [(one["person"]["email"], one["role"]) for one in answer.json()["items"]]
        address = (answer.json()["next"] or "").removeprefix("https://oer.example.org")
    assert found == [("manager.school@example.org", "manager"), *((f"p{n}@example.org", "depositor") for n in range(3))]
    assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize(
    ("role", "at", "may"),
    [
        (Role.MANAGER, "school", True),
        (Role.MANAGER, "ministry", True),
        (Role.MANAGER, "sibling", False),
        (Role.MANAGER, "other", False),
        (Role.REVIEWER, "school", False),
        (Role.DEPOSITOR, "school", False),
    ],
)
def test_managers_see_and_change_the_members_of_their_own_institutions(
    client: TestClient, home: Installation, role: Role, at: str, may: bool
) -> None:
    who, headers = teacher(home), as_member(home, role, at)
    for method, address, body, status in (
        ("GET", "/api/institutions/school/members", None, 200),
        ("GET", url(who), None, 200),
        ("PUT", url(who), {"role": "manager"}, 200),
        ("DELETE", url(who), None, 204),
    ):
        answer = client.request(method, address, json=body, headers=if_match(headers))
        assert answer.status_code == (status if may else 403), (method, address)
        assert client.request(method, address, json=body, headers={"if-match": "*"}).status_code == 401
    assert role_of(home, who) == (None if may else "depositor")


def test_nobody_gives_themselves_a_role(client: TestClient, home: Installation) -> None:
    """Not a higher one where they are, not one beside, not one above, not even over the way of another's body."""
    reviewer = factories.member(home, Role.REVIEWER, "school")
    manager = factories.member(home, Role.MANAGER, "school")
    for actor, at in ((reviewer, "school"), (manager, "sibling"), (manager, "ministry"), (manager, "other")):
        answer = client.put(
            url(actor, at), json={"role": "manager"}, headers=if_match(factories.session_of(home, actor))
        )
        assert answer.status_code == 403
    assert (role_of(home, reviewer), role_of(home, manager, "ministry")) == ("reviewer", None)


def test_managers_give_roles_to_people_they_know_and_find_nobody_else_by_number(
    client: TestClient, home: Installation, chief: Headers
) -> None:
    """Numbers are easily guessed: a role for each would tell the name and address of everybody."""
    headers = as_member(home, Role.MANAGER, "ministry")
    known, stranger = teacher(home, "sibling"), factories.member(home, Role.DEPOSITOR, "other")
    assert client.put(url(known), json={"role": "reviewer"}, headers=headers).status_code == 201
    answers = [client.put(url(one), json={"role": "reviewer"}, headers=headers) for one in (stranger, 999, "x", 2**40)]
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(404, "account.unknown")}
    assert client.put(url(stranger), json={"role": "reviewer"}, headers=chief).status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "administrator"}, "role"),
        ({"role": "none"}, "role"),
        ({"role": None}, "role"),
        ({"role": 3}, "role"),
        ({}, "role"),
        ({"role": "reviewer", "person_id": 1}, "person_id"),
        ({"role": "reviewer", "institution_id": 1}, "institution_id"),
        ({"role": "reviewer", "lock": 1}, "lock"),
        ({"role": "reviewer", "created": "2020-01-01T00:00:00Z"}, "created"),
    ],
)
def test_a_role_is_one_of_three_and_nothing_else_is_set(
    client: TestClient, home: Installation, chief: Headers, body: dict[str, Any], field: str
) -> None:
    answer = client.put(url(teacher(home)), json=body, headers=if_match(chief))
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])


def test_whose_role_changes_is_signed_out_and_whoever_changes_their_own_goes_on(
    client: TestClient, home: Installation
) -> None:
    who = teacher(home)
    theirs, mine = factories.session_of(home, who), factories.member(home, Role.MANAGER, "ministry")
    headers = factories.session_of(home, mine)
    assert "set-cookie" not in client.put(url(who), json={"role": "reviewer"}, headers=if_match(headers)).headers
    assert client.get("/api/me", headers=theirs).json()["code"] == "session.ended"
    done = client.put(url(mine), json={"role": "reviewer"}, headers=headers)
    assert done.status_code == 201
    assert client.get("/api/me", headers=headers).status_code == 401
    renewed = {**headers, "Cookie": done.headers["set-cookie"].partition(";")[0]}
    slugs = [one["institution"]["slug"] for one in client.get("/api/me", headers=renewed).json()["roles"]]
    assert slugs == ["ministry", "school"]
    done = client.delete(url(mine), headers=if_match(renewed))
    assert (done.status_code, "set-cookie" in done.headers) == (204, True)


def test_a_role_that_stays_the_same_signs_nobody_out(client: TestClient, home: Installation, chief: Headers) -> None:
    who = teacher(home)
    theirs = factories.session_of(home, who)
    assert client.put(url(who), json={"role": "depositor"}, headers=if_match(chief)).status_code == 200
    assert client.get("/api/me", headers=theirs).status_code == 200


def test_a_token_needs_the_scope_to_manage(client: TestClient, home: Installation) -> None:
    who, manager = teacher(home), factories.member(home, Role.MANAGER, "school")
    for scopes, status in ((("read", "deposit", "review"), 403), (("manage",), 200)):
        token = factories.token_of(home, manager, *scopes)
        answer = client.put(url(who), json={"role": "reviewer"}, headers=if_match(token))
        assert answer.status_code == status
        assert "set-cookie" not in answer.headers
