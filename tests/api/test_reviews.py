import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import factories
import httpx2
import pytest
from calling import RESOURCES, Someone, code, draft, faults, someone, told
from sqlmodel import select
from starlette.testclient import TestClient

from api import app, schemas
from api.schemas import drafts as draft_bodies
from api.schemas import reviews as bodies
from oer import institutions
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import AuditEntry, Version
from oer.workflow import Role


@pytest.fixture
def reviewer(home: Installation, client: TestClient) -> Someone:
    return someone(home, client, Role.REVIEWER)


@pytest.fixture
def public_id(home: Installation, author: Someone) -> str:
    """A sound draft of the author."""
    return factories.drafted(home, actor=author.actor)


def etag(who: Someone, public_id: str) -> str:
    return str(who.get(draft(public_id)).headers["etag"])


def deeds(home: Installation) -> list[tuple[str, str]]:
    with reading(home.engine) as session:
        return [(entry.action, entry.by) for entry in session.exec(select(AuditEntry).order_by(AuditEntry.id))]


def test_a_draft_goes_to_and_fro_until_it_is_published(
    home: Installation, author: Someone, reviewer: Someone, public_id: str
) -> None:
    submitted = author.post(draft(public_id, "submit"), match=etag(author, public_id))
    draft_bodies.DraftOut.model_validate_json(submitted.content)
    assert (submitted.status_code, submitted.json()["state"]) == (200, "submitted")
    assert submitted.json()["actions"] == ["recall"]
    assert submitted.headers["etag"] == etag(author, public_id)
    recalled = author.post(draft(public_id, "recall"), match=submitted.headers["etag"])
    assert (recalled.status_code, recalled.json()["state"]) == (200, "editing")
    author.post(draft(public_id, "submit"), match=recalled.headers["etag"])
    asked = reviewer.post(
        draft(public_id, "reviews"),
        {"decision": "request-changes", "comment": "  أضف وصفًا "},
        match=etag(reviewer, public_id),
    )
    bodies.ReviewDone.model_validate_json(asked.content)
    assert asked.json() == {
        "decision": "request-changes",
        "comment": "أضف وصفًا",
        "reviewer": "reviewer.college",
        "created": "2026-03-01T08:00:00Z",
        "state": "changes-requested",
        "version": None,
    }
    assert asked.headers["etag"] == etag(reviewer, public_id)
    author.patch(draft(public_id), {"record": {"issued": "2024"}})
    author.post(draft(public_id, "submit"))
    done = reviewer.post(draft(public_id, "reviews"), {"decision": "publish", "comment": "جيد"})
    assert (done.status_code, done.json()["state"], done.json()["version"]) == (200, "published", 1)
    shown = author.client.get(f"{RESOURCES}/{public_id}")
    assert shown.headers["etag"] == done.headers["etag"]
    assert shown.json()["record"]["issued"] == "2024"
    said = author.get(f"{RESOURCES}/{public_id}/reviews")
    bodies.ReviewList.model_validate_json(said.content)
    assert [(one["decision"], one["comment"], one["reviewer"]) for one in said.json()["items"]] == [
        ("request-changes", "أضف وصفًا", "reviewer.college"),
        ("publish", "جيد", "reviewer.college"),
    ]
    assert [action for action, _ in deeds(home)][-7:] == [
        "draft.submit",
        "draft.recall",
        "draft.submit",
        "draft.request-changes",
        "draft.save",
        "draft.submit",
        "resource.publish",
    ]


def test_publishing_answers_with_the_resource_and_the_address_of_its_version(
    home: Installation, reviewer: Someone, public_id: str
) -> None:
    answer = reviewer.post(draft(public_id, "publish"), {"note": " صُحِّح ", "comment": "جيد"})
    schemas.ResourceOut.model_validate_json(answer.content)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"https://oer.example.org{RESOURCES}/{public_id}/versions/1"
    assert answer.headers["content-location"] == f"https://oer.example.org{RESOURCES}/{public_id}"
    assert (answer.json()["state"], answer.json()["version"]["note"]) == ("published", "صُحِّح")
    shown = reviewer.client.get(f"{RESOURCES}/{public_id}")
    assert (shown.content, shown.headers["etag"]) == (answer.content, answer.headers["etag"])
    assert reviewer.get(f"{RESOURCES}/{public_id}/reviews").json()["items"] == []  # nobody had asked for one


def test_publishing_needs_no_words(home: Installation, reviewer: Someone) -> None:
    first = factories.drafted(home, actor=reviewer.actor)
    reviewer.put(draft(first), {"record": told(factories.record()), "note": "سبب"})
    assert reviewer.post(draft(first, "publish")).json()["version"]["note"] == "سبب"
    second = factories.drafted(home, actor=reviewer.actor)
    assert reviewer.post(draft(second, "publish"), {}).status_code == 201


def test_depositors_publish_where_their_institution_trusts_them(
    home: Installation, author: Someone, public_id: str
) -> None:
    assert code(author.post(draft(public_id, "publish"))) == (403, "action.forbidden")
    with transaction(home.engine) as session:
        institutions.find(session, "college").publish_role = "depositor"
    assert "publish" in author.get(draft(public_id)).json()["actions"]
    assert author.post(draft(public_id, "publish")).status_code == 201


@pytest.mark.parametrize("verb", ["submit", "publish"])
def test_what_is_not_sound_is_refused_with_all_problems(home: Installation, reviewer: Someone, verb: str) -> None:
    public_id = factories.drafted(home, actor=reviewer.actor, described=factories.record(licence=None), files={})
    answer = reviewer.post(draft(public_id, verb))
    assert code(answer) == (422, "record.not-publishable")
    assert faults(answer) == {("record.licence", "licence.missing"), ("files", "files.missing")}
    assert reviewer.get(draft(public_id)).json()["state"] == "editing"


@pytest.mark.parametrize("decision", ["request-changes", "reject"])
def test_whoever_does_not_publish_says_why(author: Someone, reviewer: Someone, public_id: str, decision: str) -> None:
    author.post(draft(public_id, "submit"))
    for comment in ("", "  ", "\ufeff"):
        answer = reviewer.post(draft(public_id, "reviews"), {"decision": decision, "comment": comment})
        assert code(answer) == (422, "reason.missing")
        assert faults(answer) == {("comment", "reason.missing")}
    for comment in ("a\0", "\ud800", "x" * 5001):
        answer = reviewer.post(draft(public_id, "reviews"), {"decision": decision, "comment": comment})
        assert (answer.status_code, {field for field, _ in faults(answer)}) == (422, {"comment"})
    assert reviewer.get(draft(public_id)).json()["state"] == "submitted"


@pytest.mark.parametrize(
    "body",
    [{}, {"decision": "approve"}, {"decision": None}, {"decision": "reject", "comment": 5},
     {"decision": "reject", "comment": "x", "state": "published"}, {"decision": "reject", "comment": "x", "id": 1},
     {"decision": "reject", "comment": "x", "reviewer_id": 1}],
)  # fmt: skip
def test_a_review_of_another_shape_is_refused(
    author: Someone, reviewer: Someone, public_id: str, body: dict[str, Any]
) -> None:
    author.post(draft(public_id, "submit"))
    assert code(reviewer.post(draft(public_id, "reviews"), body)) == (422, "request.invalid")
    for name in ("number", "author_id", "published", "stamp", "digest"):
        assert faults(reviewer.post(draft(public_id, "publish"), {name: 1})) == {(name, "field.unknown")}


def test_nobody_reviews_what_was_not_submitted(author: Someone, reviewer: Someone, public_id: str) -> None:
    for decision in ("request-changes", "reject", "publish"):
        answer = reviewer.post(draft(public_id, "reviews"), {"decision": decision, "comment": "x"})
        assert code(answer) == (409, "transition.impossible")
    assert author.get(draft(public_id)).json()["state"] == "editing"


def test_authors_do_not_decide_on_their_own(home: Installation, author: Someone, public_id: str) -> None:
    author.post(draft(public_id, "submit"))
    for decision in ("request-changes", "reject", "publish"):
        answer = author.post(draft(public_id, "reviews"), {"decision": decision, "comment": "x"})
        assert code(answer) == (403, "action.forbidden")
    narrow = someone(home, author.client, Role.REVIEWER, "college", "read", "deposit")
    refused = narrow.post(draft(public_id, "reviews"), {"decision": "publish"})
    assert code(refused) == (403, "scope.missing")


def test_reviews_are_for_those_whom_they_concern(
    home: Installation, client: TestClient, author: Someone, reviewer: Someone, public_id: str
) -> None:
    url = f"{RESOURCES}/{public_id}/reviews"
    author.post(draft(public_id, "submit"))
    reviewer.post(draft(public_id, "reviews"), {"decision": "request-changes", "comment": "سر"})
    others = [
        someone(home, client, Role.DEPOSITOR, email="c@example.org"),
        someone(home, client, Role.MANAGER, "other"),
    ]
    for who in others:
        assert code(who.get(url)) == (404, "resource.unknown")
    assert code(Someone(client).get(url)) == (401, "sign-in.required")
    assert author.get(url).json()["items"][0]["comment"] == "سر"
    author.post(draft(public_id, "submit"))
    reviewer.post(draft(public_id, "reviews"), {"decision": "publish"})
    for who in others:
        assert code(who.get(url)) == (403, "action.forbidden")
    assert code(Someone(client).get(url)) == (401, "sign-in.required")
    assert len(reviewer.get(url).json()["items"]) == 2


def test_reviews_come_page_by_page(author: Someone, reviewer: Someone, public_id: str) -> None:
    for number in range(5):
        author.post(draft(public_id, "submit"))
        reviewer.post(draft(public_id, "reviews"), {"decision": "request-changes", "comment": f"{number}"})
    found, url = [], f"{RESOURCES}/{public_id}/reviews?limit=2"
    while url:
        body = author.get(url.removeprefix("https://oer.example.org")).json()
        assert len(body["items"]) <= 2
        found += [one["comment"] for one in body["items"]]
        url = body["next"]
    assert found == ["0", "1", "2", "3", "4"]
    assert code(author.get(f"{RESOURCES}/{public_id}/reviews?cursor=AA")) == (422, "cursor.invalid")
    assert code(author.get(f"{RESOURCES}/{public_id}/reviews?state=x")) == (422, "request.invalid")


def test_a_step_that_is_repeated_with_its_key_gets_the_same_answer(
    home: Installation, author: Someone, reviewer: Someone, public_id: str
) -> None:
    for who, path, body in (
        (author, "submit", None),
        (reviewer, "publish", {"comment": "x"}),
    ):
        seen = etag(who, public_id)
        first = who.post(draft(public_id, path), body, match=seen, idempotency_key=f"k-{path}")
        before = deeds(home)
        again = who.post(draft(public_id, path), body, match=seen, idempotency_key=f"k-{path}")
        assert first.status_code < 300
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["etag"] == first.headers["etag"]
        assert again.headers.get("location") == first.headers.get("location")
        assert deeds(home) == before
    other = author.post(draft(public_id, "publish"), {"comment": "x"}, idempotency_key="k-publish")
    assert code(other) == (404, "draft.unknown")  # the key of somebody else is none


# ── many at once ────────────────────────────────────────────────────────────────────────────────


def at_once(number: int, ask: Any) -> list[httpx2.Response]:
    """Real threads of the server, as many as it runs; all let go at the same moment."""
    start = threading.Barrier(number)

    def one(index: int) -> httpx2.Response:
        start.wait(60)
        found: httpx2.Response = ask(index)
        return found

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


def numbers(home: Installation) -> list[int]:
    with reading(home.engine) as session:
        return sorted(session.exec(select(Version.number)).all())


def test_fifty_publishes_of_the_same_state_make_one_version(tmp_path: Path) -> None:
    with factories.opened(tmp_path, database_pool=25) as home, TestClient(app.create(home)) as client:
        who = someone(home, client, Role.REVIEWER)
        public_id = factories.drafted(home, actor=who.actor)
        seen = etag(who, public_id)
        answers = at_once(50, lambda _: who.post(draft(public_id, "publish"), {}, match=seen))
        assert [answer.status_code for answer in answers].count(201) == 1
        assert {code(answer) for answer in answers if answer.status_code != 201} <= {
            (404, "draft.unknown"),
            (412, "draft.stale"),
            (409, "transition.impossible"),
        }
        assert numbers(home) == [1]


def test_fifty_publishes_with_one_key_get_one_answer(tmp_path: Path) -> None:
    with factories.opened(tmp_path, database_pool=25) as home, TestClient(app.create(home)) as client:
        who = someone(home, client, Role.REVIEWER)
        public_id = factories.drafted(home, actor=who.actor)
        seen = etag(who, public_id)
        path = draft(public_id, "publish")
        answers = at_once(50, lambda _: who.post(path, {}, match=seen, idempotency_key='"one-key"'))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        assert len({(answer.headers["etag"], answer.headers["location"]) for answer in answers}) == 1
        assert sum("idempotent-replayed" in answer.headers for answer in answers) == 49
        assert numbers(home) == [1]


def test_twenty_beginnings_with_one_key_begin_one_draft(tmp_path: Path) -> None:
    with factories.opened(tmp_path, database_pool=25) as home, TestClient(app.create(home)) as client:
        who = someone(home, client, Role.DEPOSITOR)
        body = {"institution": "college", "record": told(factories.record())}
        answers = at_once(20, lambda _: who.post(RESOURCES, body, idempotency_key="k"))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1


def test_examples_of_bodies_are_bodies() -> None:
    for name in ("Publication", "ReviewIn", "ReviewDone", "ReviewList"):
        model = getattr(bodies, name)
        examples = model.model_json_schema()["examples"]
        assert examples
        for example in examples:
            model.model_validate(example)
