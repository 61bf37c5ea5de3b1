from datetime import timedelta
from typing import Any
from urllib.parse import quote

import factories
import pytest
from factories import Watch, token_of
from starlette.testclient import TestClient

from api.schemas import audit as bodies
from oer import accounts, audit, deposits, publishing
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import Institution, Person
from oer.policy import OPERATOR
from oer.workflow import Role

URL = "/api/audit"


@pytest.fixture
def people(home: Installation) -> dict[str, dict[str, str]]:
    """Headers by who it is. ``above`` manages the ministry above the college, ``other`` the school beside it."""
    with transaction(home.engine) as session:
        ministry = factories.institution(session, "ministry")
        factories.institution(session, "college", parent=ministry)
        boss = factories.person(session, "boss@example.org", administrator=True)
    actors = {
        "manager": factories.member(home, Role.MANAGER),
        "above": factories.member(home, Role.MANAGER, "ministry"),
        "other": factories.member(home, Role.MANAGER, "school"),
        "reviewer": factories.member(home, Role.REVIEWER),
        "depositor": factories.member(home, Role.DEPOSITOR),
    }
    with reading(home.engine) as session:
        actors["administrator"] = accounts.actor_of(session, boss)
    return {name: token_of(home, actor, "read", "deposit", "review", "manage") for name, actor in actors.items()}


def note(home: Installation, action: str, *, at: str | None = None, by: Any = OPERATOR, **rest: Any) -> None:
    """An entry about a thing, in the institution ``at``."""
    from oer import queries

    wanted = {"kind": "thing", "object_id": "1", "now": home.now()} | rest
    with transaction(home.engine) as session:
        place = queries.institutions.by_slug(session, slug=at) if at else None
        audit.write(session, by, action, institution_id=place.id if place else None, **wanted)


def entries(client: TestClient, headers: dict[str, str], **query: Any) -> list[dict[str, Any]]:
    answer = client.get(URL, params={"limit": 100} | query, headers=headers)
    assert answer.status_code == 200, answer.text
    bodies.EntryList.model_validate(answer.json())
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def actions(client: TestClient, headers: dict[str, str], **query: Any) -> list[str]:
    return [entry["action"] for entry in entries(client, headers, **query)]


# ── Who reads what ───────────────────────────────────────────────────────────────────────────────


def test_managers_read_of_their_branch_and_administrators_everything(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]]
) -> None:
    for slug in ("ministry", "college", "school"):
        note(home, f"test.{slug}", at=slug)
    note(home, "test.nowhere")
    seen = {
        name: {action for action in actions(client, people[name]) if action.startswith("test.")}
        for name in ("manager", "above", "other", "administrator")
    }
    assert seen == {
        "manager": {"test.college"},
        "above": {"test.college", "test.ministry"},
        "other": {"test.school"},
        "administrator": {"test.college", "test.ministry", "test.school", "test.nowhere"},
    }


@pytest.mark.parametrize("name", ["reviewer", "depositor"])
def test_others_read_none_of_it(client: TestClient, people: dict[str, dict[str, str]], name: str) -> None:
    answer = client.get(URL, headers=people[name])
    assert (answer.status_code, answer.json()["code"]) == (403, "action.forbidden")


def test_nobody_reads_it_without_a_name_or_the_scope(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]]
) -> None:
    assert (client.get(URL).status_code, client.get(URL).json()["code"]) == (401, "sign-in.required")
    headers = token_of(home, factories.member(home, Role.MANAGER), "read", "deposit", "review")
    assert client.get(URL, headers=headers).json()["code"] == "scope.missing"


# ── Filters and pages ────────────────────────────────────────────────────────────────────────────


def test_every_filter_narrows_and_all_of_them_together(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]], watch: Watch
) -> None:
    headers = people["administrator"]
    somebody = factories.member(home, Role.REVIEWER, email="amina@example.org")
    note(home, "test.one", at="college", by=somebody, kind="resource", object_id="7k3v9qm2xd")
    second, third = (watch() + timedelta(days=days) for days in (1, 2))
    note(home, "test.two", at="school", kind="person", object_id="7", now=second)
    note(home, "test.one", at="ministry", kind="person", object_id="7k3v9qm2xd", now=third)

    def times(**query: Any) -> int:
        return sum(action.startswith("test.") for action in actions(client, headers, **query))

    assert times() == 3
    assert times(person=somebody.person_id) == times(person=" Amina@Example.org ") == 1
    assert times(person="operator") == 2
    assert times(object="7k3v9qm2xd") == 2
    assert times(object="resource:7k3v9qm2xd") == times(object="person:7") == 1
    assert times(action="test.one") == 2
    assert times(institution="ministry") == 2  # with the college below it
    assert times(institution="school", action="test.one") == 0
    assert times(**{"from": "2026-03-02"}) == 2
    assert times(**{"from": "2026-03-02", "until": "2026-03-02"}) == 1
    assert times(until="2026-03-02") == 2
    assert times(until="2026-03-02T08:00:00Z") == times(until="2026-03-02T11:00:00+03:00") == 1
    assert times(**{"from": "2026-03-02T08:00:00"}) == 2
    assert times(**{"from": "2026-03-02T08:00:01Z"}) == 1
    assert times(**{"from": "2026-03-02T00:00:00Z", "until": "2026-03-03T00:00:00Z"}) == 1
    assert times(person="nobody@example.org") == 0


def test_pages_follow_one_another_and_keep_their_filters(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]], watch: Watch
) -> None:
    for number in range(5):
        note(home, "test.page", at="college", object_id=str(number))
        note(home, "test.other", at="college", object_id=str(number))
    seen: list[str] = []
    url: str | None = f"{URL}?limit=2&action=test.page&from=2026-03-01&until=2026-03-01T23:00:00Z"
    while url is not None:
        answer = client.get(url.removeprefix("https://oer.example.org"), headers=people["manager"])
        assert answer.status_code == 200, answer.text
        seen += [entry["object"]["id"] for entry in answer.json()["items"]]
        note(home, "test.page", at="college", object_id="late")  # newer ones do not shift the pages
        url = answer.json()["next"]
    assert seen == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    "query",
    [
        "person=%00", "object=%00", "action=%00", "person=99999999999", "from=yesterday", "until=", "limit=101",
        "from=0001-01-01T00:00:00%2B14:00", "until=9999-12-31", "until=9999-12-31T23:59:59-14:00", "cursor=x",
        "action=a&action=b", "by=operator", "from=2026-02-30", "start=2026-03-01", f"object={'a' * 201}",
    ],
)  # fmt: skip
def test_filters_that_are_none_are_refused(client: TestClient, people: dict[str, dict[str, str]], query: str) -> None:
    answer = client.get(f"{URL}?{query}", headers=people["administrator"])
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"] or answer.json()["code"] == "cursor.invalid"


def test_an_institution_that_is_none_is_404(client: TestClient, people: dict[str, dict[str, str]]) -> None:
    for slug in ("nowhere", quote("a\0b")):
        assert client.get(f"{URL}?institution={slug}", headers=people["administrator"]).status_code == 404


# ── What entries say ─────────────────────────────────────────────────────────────────────────────


def test_an_entry_names_who_what_and_where(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]]
) -> None:
    reviewer = factories.member(home, Role.REVIEWER)
    public_id = factories.published(home, actor=reviewer)
    (entry,) = entries(client, people["manager"], action="resource.publish")
    assert entry["object"] == {"kind": "resource", "id": public_id}
    assert entry["person"] == {"id": reviewer.person_id, "name": "reviewer.college"}
    assert (entry["institution"], entry["details"]["number"]) == ("college", 1)
    with transaction(home.engine) as session:
        person = session.get_one(Person, reviewer.person_id)
        person.name = "اسم جديد"
        session.add(person)
    assert entries(client, people["manager"], action="resource.publish")[0]["person"]["name"] == "اسم جديد"


def test_no_secret_is_in_the_log(client: TestClient, home: Installation, people: dict[str, dict[str, str]]) -> None:
    with transaction(home.engine) as session:
        person = session.get_one(Person, 1)
        boss = accounts.actor_of(session, person)
        accounts.set_password(session, OPERATOR, person, "opensesame and more", now=home.now())
    cookie = factories.session_of(home, boss)["Cookie"].partition("=")[2]
    text = client.get(f"{URL}?limit=100", headers=people["administrator"]).text
    assert "person.password" in text
    for headers in people.values():
        assert headers["Authorization"].removeprefix("Bearer ") not in text
    assert cookie not in text
    assert "opensesame" not in text
    assert "argon2" not in text


def test_an_institution_that_has_gone_leaves_its_entries(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]]
) -> None:
    note(home, "test.gone")
    with transaction(home.engine) as session:
        audit.write(session, OPERATOR, "test.gone", kind="x", object_id="1", institution_id=999, now=home.now())
        assert session.get(Institution, 999) is None
    found = entries(client, people["administrator"], action="test.gone")
    assert [entry["institution"] for entry in found] == [None, None]


# ── The history of a resource ────────────────────────────────────────────────────────────────────


def test_reviewers_read_the_history_of_a_resource(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]]
) -> None:
    public_id = factories.published(home)
    factories.published(home, files={"b.txt": b"b"})
    factories.act(home, publishing.withdraw, public_id, reason="rights", repository_id=home.repository_id)
    url = f"/api/resources/{public_id}/history"
    for name in ("manager", "above", "reviewer", "administrator"):
        answer = client.get(url, headers=people[name])
        assert answer.status_code == 200, name
        found = [entry["action"] for entry in answer.json()["items"]]
        assert found[0] == "resource.withdraw"
        assert {entry["object"]["id"] for entry in answer.json()["items"]} == {public_id}
    walked: list[str] = []
    url_: str | None = f"{url}?limit=1"
    while url_ is not None:
        page = client.get(url_.removeprefix("https://oer.example.org"), headers=people["reviewer"]).json()
        walked += [entry["action"] for entry in page["items"]]
        url_ = page["next"]
    assert walked == ["resource.withdraw", "resource.publish", "draft.attach", "draft.begin"]


def test_the_history_of_a_resource_is_for_its_reviewers_alone(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]]
) -> None:
    author = factories.member(home, Role.DEPOSITOR, email="author@example.org")
    published, drafted = factories.published(home, actor=OPERATOR), factories.drafted(home, actor=author)
    own = token_of(home, author, "read")
    revised = factories.published(home)
    factories.act(home, deposits.revise, revised)
    for public_id, headers, status in (
        (published, {}, 401),
        (published, people["depositor"], 403),
        (published, people["other"], 403),
        (drafted, people["other"], 404),
        (drafted, people["depositor"], 404),
        (drafted, own, 403),
        (drafted, people["reviewer"], 200),
        (revised, people["other"], 403),
        ("7k3v9qm2xd", people["administrator"], 404),
        ("a%00b", people["administrator"], 404),
    ):
        answer = client.get(f"/api/resources/{public_id}/history", headers=headers)
        assert answer.status_code == status, (public_id, status, answer.text)
    scope = token_of(home, factories.member(home, Role.REVIEWER), "deposit")
    assert client.get(f"/api/resources/{published}/history", headers=scope).json()["code"] == "scope.missing"
