from typing import Any

import factories
import pytest
from calling import RESOURCES, Someone, code, draft, faults, someone
from sqlmodel import select
from starlette.testclient import TestClient

from api import schemas
from api.schemas import takedowns as bodies
from oer import publishing
from oer.db import reading
from oer.installation import Installation
from oer.models import AuditEntry
from oer.workflow import REASONS, Role


@pytest.fixture
def reviewer(home: Installation, client: TestClient) -> Someone:
    return someone(home, client, Role.REVIEWER)


@pytest.fixture
def manager(home: Installation, client: TestClient) -> Someone:
    return someone(home, client, Role.MANAGER)


@pytest.fixture
def public_id(home: Installation, author: Someone) -> str:
    """Published from a draft of the author's."""
    made = factories.drafted(home, actor=author.actor)
    factories.act(home, publishing.publish, made, repository_id=home.repository_id)
    return made


def url(public_id: str, verb: str = "") -> str:
    return f"{RESOURCES}/{public_id}/{verb}".rstrip("/")


def put(home: Installation, public_id: str, state: str) -> None:
    verbs = {"hidden": (publishing.hide,), "withdrawn": (publishing.withdraw,)}.get(state, ())
    for verb in verbs:
        factories.act(home, verb, public_id, reason="rights", repository_id=home.repository_id)


def test_a_withdrawn_resource_leaves_a_tombstone_and_is_restored_as_it_was(
    client: TestClient, manager: Someone, reviewer: Someone, public_id: str
) -> None:
    before = client.get(url(public_id))
    why = {"reason": "rights", "note": " طلب الناشر ذلك "}
    answer = reviewer.post(url(public_id, "withdraw"), why, match=before.headers["etag"])
    schemas.ResourceOut.model_validate_json(answer.content)
    assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")
    shown = reviewer.get(url(public_id))
    assert (shown.content, shown.headers["etag"]) == (answer.content, answer.headers["etag"])
    assert answer.headers["content-location"].endswith(url(public_id))
    gone = client.get(url(public_id))
    assert code(gone) == (410, "resource.withdrawn")
    assert gone.json()["tombstone"] == answer.json()["tombstone"]
    assert (answer.json()["tombstone"]["reason"], answer.json()["tombstone"]["note"]) == ("rights", "طلب الناشر ذلك")
    restored = manager.post(url(public_id, "restore"), match=shown.headers["etag"])
    assert (restored.status_code, restored.json()["state"], restored.json()["tombstone"]) == (200, "published", None)
    assert client.get(url(public_id)).json() == before.json()


def test_a_hidden_resource_is_shown_again(client: TestClient, reviewer: Someone, public_id: str) -> None:
    answer = reviewer.post(url(public_id, "hide"), {"reason": "legal"})
    assert (answer.json()["state"], answer.json()["tombstone"]["note"]) == ("hidden", None)
    assert code(client.get(url(public_id))) == (410, "resource.hidden")
    shown = reviewer.post(url(public_id, "unhide"), match=answer.headers["etag"])
    assert (shown.status_code, shown.json()["state"]) == (200, "published")
    assert client.get(url(public_id)).status_code == 200


@pytest.mark.parametrize(
    ("state", "possible"),
    [("published", {"withdraw", "hide"}), ("hidden", {"withdraw", "unhide"}), ("withdrawn", {"restore"})],
)
def test_every_state_has_its_steps_and_no_other(
    home: Installation, manager: Someone, public_id: str, state: str, possible: set[str]
) -> None:
    put(home, public_id, state)
    before = manager.get(url(public_id)).headers["etag"]
    for verb in ("withdraw", "hide", "restore", "unhide"):
        body = {"reason": "error"} if verb in ("withdraw", "hide") else None
        if verb in possible:
            continue
        assert code(manager.post(url(public_id, verb), body)) == (409, "transition.impossible"), verb
    assert manager.get(url(public_id)).headers["etag"] == before


@pytest.mark.parametrize(("verb", "state"), [("withdraw", "published"), ("hide", "published"), ("unhide", "hidden"),
                                             ("restore", "withdrawn")])  # fmt: skip
def test_who_may_not_is_told_so_and_nothing_changes(
    home: Installation, client: TestClient, author: Someone, manager: Someone, public_id: str, verb: str, state: str
) -> None:
    put(home, public_id, state)
    body = {"reason": "error"} if verb in ("withdraw", "hide") else None
    before = manager.get(url(public_id)).headers["etag"]
    with reading(home.engine) as session:
        entries = len(session.exec(select(AuditEntry)).all())
    assert code(Someone(client).post(url(public_id, verb), body)) == (401, "sign-in.required")
    for who in (author, someone(home, client, Role.MANAGER, "other")):
        refused = who.post(url(public_id, verb), body)
        assert code(refused) == (403, "action.forbidden")
        assert "at least the role: " in refused.json()["detail"]
    narrow = someone(home, client, Role.MANAGER, "college", "read", "deposit", "manage")
    assert code(narrow.post(url(public_id, verb), body)) == (403, "scope.missing")
    assert code(manager.post(url(public_id, verb), body, match=None)) == (428, "precondition.required")
    for stale in ('"99-000000000000000000000000"', '"x"'):
        assert code(manager.post(url(public_id, verb), body, match=stale)) == (412, "resource.stale")
    assert manager.get(url(public_id)).headers["etag"] == before
    with reading(home.engine) as session:
        logged = [entry.action for entry in session.exec(select(AuditEntry).order_by(AuditEntry.id))][entries:]
    assert [action for action in logged if action.startswith("resource.")] == []
    assert manager.post(url(public_id, verb), body).status_code == 200


@pytest.mark.parametrize("verb", ["withdraw", "hide", "restore", "unhide"])
def test_what_was_never_public_is_not_there_for_others(
    home: Installation, author: Someone, reviewer: Someone, verb: str
) -> None:
    unpublished = factories.drafted(home)
    body = {"reason": "error"} if verb in ("withdraw", "hide") else None
    for public_id in (unpublished, "7k3v9qm2xd", "nothing", "a%00b"):
        assert code(author.post(url(public_id, verb), body)) == (404, "resource.unknown")
    assert code(reviewer.post(url(unpublished, verb), body)) == (409, "transition.impossible")


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "reason"), ({"reason": "boredom"}, "reason"), ({"reason": None}, "reason"),
     ({"reason": "rights", "note": "a\u202eb"}, "note"), ({"reason": "rights", "note": "\ud800"}, "note"),
     ({"reason": "rights", "note": "a\0"}, "note"), ({"reason": "rights", "note": "x" * 5001}, "note"),
     ({"reason": "rights", "state": "withdrawn"}, "state"), ({"reason": "rights", "change": 1}, "change"),
     ({"reason": "rights", "stamp": "2020-01-01"}, "stamp"), ({"reason": "rights", "id": "x"}, "id")],
)  # fmt: skip
def test_a_wrong_reason_is_named_and_changes_nothing(
    client: TestClient, manager: Someone, public_id: str, body: dict[str, Any], field: str
) -> None:
    for verb in ("withdraw", "hide"):
        answer = manager.post(url(public_id, verb), body)
        assert answer.status_code == 422
        assert {place for place, _ in faults(answer)} == {field}
    for verb in ("restore", "unhide"):
        assert code(manager.post(url(public_id, verb), {"reason": "rights"})) == (422, "body.unexpected")
    assert client.get(url(public_id)).status_code == 200


def test_a_step_whose_reply_was_lost_is_asked_for_again(manager: Someone, public_id: str) -> None:
    seen = manager.get(url(public_id)).headers["etag"]
    first = manager.post(url(public_id, "hide"), {"reason": "legal"}, match=seen, idempotency_key="k")
    again = manager.post(url(public_id, "hide"), {"reason": "legal"}, match=seen, idempotency_key="k")
    assert (again.status_code, again.content, again.headers["etag"]) == (200, first.content, first.headers["etag"])
    assert code(manager.post(url(public_id, "hide"), {"reason": "legal"}, match=seen)) == (409, "transition.impossible")


def test_a_draft_of_a_withdrawn_resource_waits_for_its_restoration(
    home: Installation, manager: Someone, public_id: str
) -> None:
    manager.post(f"{url(public_id)}/versions")
    manager.patch(draft(public_id), {"record": {"issued": "2024"}})
    manager.post(url(public_id, "withdraw"), {"reason": "error"})
    assert "publish" not in manager.get(draft(public_id)).json()["actions"]
    assert code(manager.post(draft(public_id, "publish"))) == (409, "transition.impossible")
    manager.post(url(public_id, "restore"))
    assert manager.post(draft(public_id, "publish")).json()["version"]["number"] == 2


# ── lists of what is out of sight ───────────────────────────────────────────────────────────────


def test_hidden_and_withdrawn_are_listed_for_those_who_may_see_them(
    home: Installation, client: TestClient, author: Someone, reviewer: Someone, public_id: str
) -> None:
    other = factories.published(home, at="elsewhere", files={"a.txt": b"x"})
    both = {public_id, other}
    for state in ("hidden", "withdrawn"):
        for one in both:
            put(home, one, state)
        path = f"{RESOURCES}?state={state}"
        answer = reviewer.get(path)
        schemas.ResourceList.model_validate_json(answer.content)
        assert [item["id"] for item in answer.json()["items"]] == [public_id]
        assert answer.json()["items"][0]["tombstone"]["reason"] == "rights"
        assert answer.headers["cache-control"] == "private, no-store"
        assert [item["id"] for item in author.get(path).json()["items"]] == [public_id]
        colleague = someone(home, client, Role.DEPOSITOR, email="c@example.org")
        assert colleague.get(path).json()["items"] == []
        assert code(client.get(path)) == (401, "sign-in.required")
        assert client.get(f"{RESOURCES}?state=published").json()["items"] == []
        blind = someone(home, client, Role.REVIEWER, "college", "review")
        assert code(blind.get(path)) == (403, "scope.missing")
    assert reviewer.get(f"{RESOURCES}?state=hidden").json()["items"] == []
    assert code(reviewer.get(f"{RESOURCES}?state=unpublished")) == (422, "request.invalid")


def test_the_list_of_withdrawn_goes_page_by_page(home: Installation, reviewer: Someone) -> None:
    ids = [factories.published(home, files={"a.txt": b"%d" % number}) for number in range(3)]
    for one in ids:
        put(home, one, "withdrawn")
    found, following = [], f"{RESOURCES}?state=withdrawn&limit=1"
    while following:
        body = reviewer.get(following.removeprefix("https://oer.example.org")).json()
        found += [item["id"] for item in body["items"]]
        following = body["next"]
    assert found == ids[::-1]


def test_reasons_and_examples_are_those_of_the_workflow() -> None:
    assert bodies.Reason.__args__ == REASONS  # type: ignore[attr-defined]
    for example in bodies.Concealment.model_json_schema()["examples"]:
        bodies.Concealment.model_validate(example)
