"""Reports of problems by REST: anybody files one, reviewers answer, and nobody learns more than they need."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import calling
import factories
import pytest
import snapshots
from calling import Someone, code, faults
from factories import Watch
from sqlmodel import select
from starlette.testclient import TestClient

from api import app
from api.schemas import reports as bodies
from oer.db import reading
from oer.installation import Installation
from oer.models import AuditEntry, Report
from oer.workflow import Role

EMAIL, WORDS = "salma@example.org", "الصفحة 4 منقولة من كتابي"
NEW: dict[str, Any] = {"reason": "copyright", "words": WORDS, "email": EMAIL}
EXAMINING = {"state": "examining"}
DETAILS = {"resource", "institution", "reason", "words", "email", "language", "hidden", "changed"}


@pytest.fixture
def public_id(home: Installation) -> str:
    return factories.published(home)


@pytest.fixture
def reviewer(home: Installation, client: TestClient) -> Someone:
    return calling.someone(home, client, Role.REVIEWER)


@pytest.fixture
def few(tmp_path: Path, watch: Watch) -> Iterator[tuple[TestClient, str]]:
    """Where only three reports of one network are taken in a quarter of an hour, and a resource of it."""
    with (
        factories.opened(tmp_path / "few", now=watch, report_tries=3) as found,
        TestClient(app.create(found), base_url="https://oer.example.org") as client,
    ):
        yield client, factories.published(found)


def place(public_id: str) -> str:
    return f"/api/resources/{public_id}/reports"


def filed(client: TestClient, public_id: str, **changes: Any) -> Any:
    answer = client.post(place(public_id), json=NEW | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_report_is_filed_examined_answered_and_looked_up(
    client: TestClient, public_id: str, reviewer: Someone, watch: Watch
) -> None:
    answer = client.post(place(public_id), json=NEW, headers={"accept-language": "fr"})
    report = answer.json()
    assert answer.status_code == 201
    bodies.ReportOut.model_validate_json(answer.content)
    assert answer.headers["location"] == report["url"]
    assert answer.headers["cache-control"] == "private, no-store"
    assert report == {
        "reference": report["reference"],
        "url": f"https://oer.example.org/api/reports/{report['reference']}",
        "state": "open",
        "outcome": None,
        "answer": "",
        "created": "2026-03-01T08:00:00Z",
        "answered": None,
        "details": None,
    }
    url = f"/api/reports/{report['reference']}"
    whole = reviewer.get(url)
    assert whole.json() == report | {
        "details": {
            "resource": {
                "id": public_id, "url": f"https://oer.example.org/resources/{public_id}", "state": "published"
            },
            "institution": {"slug": "college", "names": {"ar": "مؤسسة college", "en": "The college"}},
            "reason": "copyright",
            "words": WORDS,
            "email": EMAIL,
            "language": "fr",
            "hidden": False,
            "changed": "2026-03-01T08:00:00Z",
        }
    }  # fmt: skip
    watch.forward(minutes=1)
    held = reviewer.patch(url, EXAMINING | {"note": "قيد الفحص"}, match=whole.headers["etag"])
    assert (held.json()["state"], held.json()["details"]["hidden"]) == ("examining", True)
    assert held.json()["details"]["resource"]["state"] == "hidden"
    gone = client.get(f"/api/resources/{public_id}")
    assert (gone.status_code, gone.json()["tombstone"]["reason"], gone.json()["tombstone"]["note"]) == (
        410, "rights", "قيد الفحص",
    )  # fmt: skip
    assert client.get(url).json() == report | {"state": "examining"}
    watch.forward(minutes=1)
    said = {"state": "answered", "outcome": "mended", "answer": "صححنا المصدر"}
    done = reviewer.patch(url, said, match=held.headers["etag"])
    assert done.status_code == 200, done.text
    assert client.get(f"/api/resources/{public_id}").status_code == 200
    assert client.get(url).json() == report | said | {"answered": "2026-03-01T08:02:00Z"}
    assert code(reviewer.patch(url, said)) == (409, "transition.impossible")
    assert code(reviewer.patch(url, said, match=whole.headers["etag"])) == (409, "transition.impossible")


def test_an_answer_withdraws(client: TestClient, public_id: str, reviewer: Someone) -> None:
    url = f"/api/reports/{filed(client, public_id, reason='harmful')['reference']}"
    said = {"state": "answered", "outcome": "withdrawn", "note": "محتوى ضار"}
    assert reviewer.patch(url, said).json()["details"]["resource"]["state"] == "withdrawn"
    tombstone = client.get(f"/api/resources/{public_id}").json()["tombstone"]
    assert (tombstone["state"], tombstone["reason"], tombstone["note"]) == ("withdrawn", "harmful", "محتوى ضار")


def test_whoever_files_is_nobody_s_business(home: Installation, client: TestClient, public_id: str) -> None:
    author = calling.someone(home, client, Role.DEPOSITOR)
    browser = factories.session_of(home, factories.member(home, Role.DEPOSITOR))
    assert author.post(place(public_id), NEW).status_code == 201
    assert client.post(place(public_id), json=NEW, headers=browser).status_code == 201
    assert client.post(place(public_id), json=NEW, headers={"authorization": "Bearer oer_nobodys"}).status_code == 201
    with reading(home.engine) as session:
        log = session.exec(select(AuditEntry).where(AuditEntry.action == "report.file")).all()
    assert [(row.by, row.person_id) for row in log] == [("anonymous", None)] * 3


def test_a_page_of_another_site_files_nothing(client: TestClient, public_id: str) -> None:
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"}):
        assert code(client.post(place(public_id), json=NEW, headers=headers)) == (403, "origin.foreign")


def test_what_robots_fill_in_is_answered_like_any_report_and_dropped(
    home: Installation, client: TestClient, public_id: str
) -> None:
    mine, theirs = filed(client, public_id), filed(client, public_id, website="https://spam.example")
    volatile = {"reference", "url"}
    assert {name: mine[name] for name in mine.keys() - volatile} == {
        name: theirs[name] for name in theirs.keys() - volatile
    }
    assert len(mine["reference"]) == len(theirs["reference"])
    assert len(snapshots.tables(home)["report"]) == 1
    assert "spam.example" not in repr(snapshots.tables(home))
    assert code(client.get(f"/api/reports/{theirs['reference']}")) == (404, "report.unknown")
    assert code(client.post(place("7k3v9qm2xd"), json=NEW | {"website": "x"})) == (404, "resource.unknown")


def test_one_network_files_no_more_than_the_limit(few: tuple[TestClient, str], watch: Watch) -> None:
    client, public_id = few
    wrong = client.post(place(public_id), json=NEW | {"words": " "})
    assert faults(wrong) == {("words", "report.words-missing")}
    filed(client, public_id)
    filed(client, public_id, website="x")
    refused = client.post(place(public_id), json=NEW)
    assert code(refused) == (429, "reports.too-many")
    assert 0 < int(refused.headers["retry-after"]) <= 900
    there = client.post(place(public_id), json=NEW, headers={"x-forwarded-for": "192.0.2.7"})
    assert there.status_code == 429  # who is no proxy of ours may say what they like
    watch.forward(minutes=16)
    filed(client, public_id)


def test_nothing_is_kept_of_where_a_report_came_from(
    home: Installation, client: TestClient, public_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = client.post(place(public_id), json=NEW, headers={"idempotency-key": "k", "user-agent": "Firefox/999"})
    assert answer.status_code == 201
    tables = snapshots.tables(home)
    assert not [name for name, rows in tables.items() if "testclient" in repr(rows) or "Firefox/999" in repr(rows)]
    assert [name for name, rows in tables.items() if EMAIL in repr(rows)] == ["report"]
    assert [name for name, rows in tables.items() if WORDS in repr(rows)] == ["report"]
    assert EMAIL not in caplog.text
    assert set(Report.model_fields) == {
        *("id", "reference", "resource_id", "reason", "words", "email", "language", "state", "outcome", "answer"),
        *("hid", "lock", "created", "changed", "answered"),
    }


def test_the_same_request_made_again_files_once(home: Installation, client: TestClient, public_id: str) -> None:
    answers = [client.post(place(public_id), json=NEW, headers={"idempotency-key": "once"}) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert len(snapshots.tables(home)["report"]) == 1


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"reason": "rights"}, {("reason", "request.parameter-invalid")}),
        ({"words": "ا" * 4001}, {("words", "text.too-long")}),
        ({"words": "\n"}, {("words", "report.words-missing")}),
        ({"words": None}, {("words", "request.parameter-invalid")}),
        ({"email": "nobody"}, {("email", "person.email-invalid")}),
        ({"language": "de"}, {("language", "request.parameter-invalid")}),
        ({"state": "answered"}, {("state", "field.unknown")}),
    ],
)
def test_what_is_wrong_is_told_by_its_field(
    client: TestClient, public_id: str, changes: dict[str, Any], found: set[tuple[str, str]]
) -> None:
    answer = client.post(place(public_id), json=NEW | changes)
    assert answer.status_code == 422
    assert faults(answer) == found


def test_the_public_sees_the_state_and_the_answer_alone(
    home: Installation, client: TestClient, public_id: str, reviewer: Someone
) -> None:
    url = f"/api/reports/{filed(client, public_id)['reference']}"
    reviewer.patch(url, {"state": "answered", "outcome": "kept", "answer": "لا مشكلة"})
    narrow = calling.someone(home, client, Role.REVIEWER, "college", "read", "deposit", "manage")
    others = [
        calling.someone(home, client, Role.DEPOSITOR),
        calling.someone(home, client, Role.MANAGER, "school"),
        narrow,
        Someone(client),
    ]
    for who in others:
        told = who.get(url)
        assert told.headers["cache-control"] == "private, no-store"
        assert told.json()["details"] is None
        assert (told.json()["state"], told.json()["answer"]) == ("answered", "لا مشكلة")
        assert EMAIL not in told.text
        assert WORDS not in told.text
    assert set(reviewer.get(url).json()["details"]) == DETAILS


def test_steps_are_for_reviewers_who_have_read(client: TestClient, public_id: str, reviewer: Someone) -> None:
    url = f"/api/reports/{filed(client, public_id)['reference']}"
    read = reviewer.get(url).headers["etag"]
    assert code(reviewer.patch(url, EXAMINING, match=None)) == (428, "precondition.required")
    assert code(Someone(client).patch(url, EXAMINING)) == (401, "sign-in.required")
    assert code(reviewer.patch("/api/reports/7k3v-9qm2-xd4h", EXAMINING)) == (404, "report.unknown")
    for body, field, wrong in (
        ({"state": "answered"}, "outcome", "field.missing"),
        (EXAMINING | {"outcome": "kept"}, "outcome", "field.unknown"),
        (EXAMINING | {"answer": "x"}, "answer", "field.unknown"),
        ({"state": "open"}, "state", "request.parameter-invalid"),
        ({"outcome": "kept"}, "state", "field.missing"),
        (EXAMINING | {"email": "x"}, "email", "field.unknown"),
        (EXAMINING | {"note": "x" * 200_001}, "note", "text.too-long"),
        ({"state": "answered", "outcome": "kept", "note": "x" * 200_001}, "note", "text.too-long"),
    ):
        answer = reviewer.patch(url, body)
        assert (answer.status_code, faults(answer)) == (422, {(field, wrong)}), body
    assert reviewer.patch(url, EXAMINING, match=read).status_code == 200
    said = {"state": "answered", "outcome": "kept"}
    assert code(reviewer.patch(url, said, match=read)) == (412, "report.stale")


def test_the_queue_is_for_reviewers_page_by_page(home: Installation, client: TestClient, reviewer: Someone) -> None:
    here, there = factories.published(home), factories.published(home, at="school")
    made = [filed(client, public_id)["reference"] for public_id in (here, there, here, here)]
    ours = [made[0], made[2], made[3]]
    assert listed(reviewer) == ours
    assert listed(reviewer, "&limit=1") == ours
    assert listed(reviewer, "&institution=school") == []
    assert listed(reviewer, "&institution=college&state=open") == ours
    reviewer.patch(f"/api/reports/{made[2]}", {"state": "answered", "outcome": "kept"})
    reviewer.patch(f"/api/reports/{made[0]}", {"state": "answered", "outcome": "kept"})
    assert listed(reviewer) == [made[3]]
    assert listed(reviewer, "&state=answered&limit=1") == [made[2], made[0]]
    assert listed(calling.someone(home, client, Role.DEPOSITOR)) == []
    assert code(client.get("/api/reports")) == (401, "sign-in.required")
    narrow = calling.someone(home, client, Role.REVIEWER, "college", "read")
    assert code(narrow.get("/api/reports")) == (403, "scope.missing")


def listed(who: Someone, query: str = "") -> list[str]:
    address, found = f"/api/reports?{query.removeprefix('&')}", []
    while address:
        answer = who.get(address.removeprefix("https://oer.example.org"))
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "private, no-store"
        found += [item["reference"] for item in answer.json()["items"]]
        assert all(set(item["details"]) == DETAILS for item in answer.json()["items"])
        address = answer.json()["next"]
    return found
