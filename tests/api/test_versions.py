from typing import Any

import factories
import pytest
from calling import RESOURCES, Someone, code, draft, someone
from starlette.testclient import TestClient

from api.schemas import drafts as draft_bodies
from api.schemas import versions as bodies
from oer import publishing
from oer.installation import Installation
from oer.workflow import Role


@pytest.fixture
def reviewer(home: Installation, client: TestClient) -> Someone:
    return someone(home, client, Role.REVIEWER)


@pytest.fixture
def public_id(home: Installation, reviewer: Someone) -> str:
    """Published, with two files."""
    return factories.published(home, actor=reviewer.actor, files={"a.txt": b"a", "b.txt": b"b"})


def url(public_id: str, *more: object) -> str:
    return "/".join([RESOURCES, public_id, "versions", *map(str, more)])


def changed(answer: Any) -> list[tuple[str, str]]:
    return [(one["field"], one["kind"]) for one in answer.json()["record"]]


def test_the_next_version_is_a_draft_that_lists_what_is_carried_over(reviewer: Someone, public_id: str) -> None:
    current = reviewer.get(f"{RESOURCES}/{public_id}").json()
    answer = reviewer.post(url(public_id), match=None)
    body = answer.json()
    draft_bodies.DraftOut.model_validate_json(answer.content)
    assert answer.status_code == 201
    assert answer.headers["location"] == body["url"]
    assert (body["state"], body["based_on"], body["record"], body["note"]) == ("editing", 1, current["record"], "")
    assert [(file["name"], file["sha256"]) for file in body["files"]] == [
        (file["name"], file["sha256"]) for file in current["files"]
    ]
    assert all("/draft/files/" in file["url"] for file in body["files"])
    assert reviewer.get(draft(public_id)).headers["etag"] == answer.headers["etag"]
    assert reviewer.get(f"{RESOURCES}/{public_id}").json() == current
    assert code(reviewer.post(url(public_id))) == (409, "draft.exists")


def test_a_next_version_that_is_asked_for_twice_with_one_key_is_begun_once(reviewer: Someone, public_id: str) -> None:
    first = reviewer.post(url(public_id), idempotency_key="k")
    again = reviewer.post(url(public_id), idempotency_key="k")
    assert (again.status_code, again.content) == (201, first.content)


def test_only_those_who_may_revise_begin_a_version(
    home: Installation, client: TestClient, author: Someone, reviewer: Someone, public_id: str
) -> None:
    assert code(Someone(client).post(url(public_id))) == (401, "sign-in.required")
    assert code(author.post(url(public_id))) == (403, "action.forbidden")
    assert code(someone(home, client, Role.MANAGER, "other").post(url(public_id))) == (403, "action.forbidden")
    assert code(author.post(url("7k3v9qm2xd"))) == (404, "resource.unknown")
    unpublished = factories.drafted(home, actor=reviewer.actor)
    assert code(author.post(url(unpublished))) == (404, "resource.unknown")
    assert code(reviewer.post(url(unpublished))) == (409, "transition.impossible")
    narrow = someone(home, client, Role.MANAGER, "college", "read", "review")
    assert code(narrow.post(url(public_id))) == (403, "scope.missing")
    own = factories.published(home, files={"a.txt": b"x"})
    factories.act(home, publishing.withdraw, own, reason="rights", repository_id=home.repository_id)
    assert code(reviewer.post(url(own))) == (409, "transition.impossible")


def second(reviewer: Someone, public_id: str) -> None:
    """A second version: one file gone, one renamed in role, one added, the record changed."""
    reviewer.post(url(public_id))
    reviewer.delete(draft(public_id, "files", "a.txt"))
    reviewer.patch(draft(public_id, "files", "b.txt"), {"role": "extra", "language": "fr"})
    title = [{"value": "الضوء والماء", "lang": "ar"}, {"value": "La lumière", "lang": "fr"}]
    reviewer.patch(draft(public_id), {"record": {"title": title, "licence": None}})
    reviewer.patch(draft(public_id), {"record": {"licence": "https://creativecommons.org/publicdomain/zero/1.0/"}})
    assert reviewer.post(draft(public_id, "publish")).status_code == 201


def test_a_difference_names_what_was_done_to_record_and_files(
    client: TestClient, reviewer: Someone, public_id: str
) -> None:
    second(reviewer, public_id)
    answer = client.get(url(public_id, 1, "diff", 2))
    bodies.Difference.model_validate_json(answer.content)
    body = answer.json()
    assert (body["before"], body["after"], body["files_moved"]) == (1, 2, False)
    assert body["record"] == [
        {"field": "title[fr]", "kind": "added", "before": None, "after": "La lumière"},
        {
            "field": "licence",
            "kind": "changed",
            "before": "https://creativecommons.org/licenses/by/4.0/",
            "after": "https://creativecommons.org/publicdomain/zero/1.0/",
        },
    ]
    assert [(one["name"], one["kind"]) for one in body["files"]] == [("a.txt", "removed"), ("b.txt", "changed")]
    assert body["files"][0]["after"] is None
    assert (body["files"][1]["before"]["role"], body["files"][1]["after"]["role"]) == ("main", "extra")
    assert body["files"][1]["after"]["language"] == "fr"
    assert answer.headers["cache-control"] == "public, no-cache"
    assert (
        client.get(url(public_id, 1, "diff", 2), headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    )
    back = client.get(url(public_id, 2, "diff", 1)).json()
    assert [(one["name"], one["kind"]) for one in back["files"]] == [("a.txt", "added"), ("b.txt", "changed")]
    same = client.get(url(public_id, 2, "diff", 2)).json()
    assert (same["record"], same["files"], same["files_moved"]) == ([], [], False)


def test_another_order_of_files_is_a_difference(client: TestClient, reviewer: Someone, public_id: str) -> None:
    reviewer.post(url(public_id))
    reviewer.put(draft(public_id, "files"), {"names": ["b.txt", "a.txt"]})
    reviewer.post(draft(public_id, "publish"))
    body = client.get(url(public_id, 1, "diff", 2)).json()
    assert (body["record"], body["files"], body["files_moved"]) == ([], [], True)


@pytest.mark.parametrize("other", ["0", "3", "-1", "x", "01", "9" * 5000, "1%00"])
def test_a_version_that_never_was_differs_from_nothing(client: TestClient, public_id: str, other: str) -> None:
    for path in (url(public_id, 1, "diff", other), url(public_id, other, "diff", 1)):
        assert code(client.get(path)) == (404, "version.unknown")


def test_differences_are_as_public_as_their_versions(
    home: Installation, client: TestClient, reviewer: Someone, public_id: str
) -> None:
    second(reviewer, public_id)
    factories.act(home, publishing.hide, public_id, reason="legal", repository_id=home.repository_id)
    path = url(public_id, 1, "diff", 2)
    assert code(client.get(path)) == (410, "resource.hidden")
    seen = reviewer.get(path)
    assert (seen.status_code, seen.headers["cache-control"]) == (200, "private, no-store")
    unpublished = factories.drafted(home)
    assert code(client.get(url(unpublished, 1, "diff", 1))) == (404, "resource.unknown")


def test_a_reviewer_sees_what_a_draft_would_change(home: Installation, reviewer: Someone, public_id: str) -> None:
    reviewer.post(url(public_id))
    unchanged = reviewer.get(draft(public_id, "diff"))
    assert (unchanged.json()["before"], unchanged.json()["after"], changed(unchanged)) == (1, None, [])
    reviewer.patch(draft(public_id), {"record": {"issued": "2024"}})
    reviewer.delete(draft(public_id, "files", "a.txt"))
    answer = reviewer.get(draft(public_id, "diff"))
    bodies.Difference.model_validate_json(answer.content)
    assert changed(answer) == [("issued", "added")]
    assert [(one["name"], one["kind"]) for one in answer.json()["files"]] == [("a.txt", "removed")]
    assert answer.headers["cache-control"] == "private, no-store"
    first = factories.drafted(home, actor=reviewer.actor)
    everything = reviewer.get(draft(first, "diff"))
    assert everything.json()["before"] is None
    assert ("title[ar]", "added") in changed(everything)
    assert everything.json()["files"][0]["kind"] == "added"


def test_examples_of_bodies_are_bodies() -> None:
    for example in bodies.Difference.model_json_schema()["examples"]:
        bodies.Difference.model_validate(example)


def test_whoever_may_see_a_resource_without_versions_is_told_where_its_draft_is(
    home: Installation, client: TestClient, author: Someone
) -> None:
    public_id = factories.drafted(home, actor=author.actor)
    answer = author.get(f"{RESOURCES}/{public_id}")
    assert code(answer) == (404, "version.none")
    assert f"{public_id}/draft" in answer.json()["detail"]
    assert code(author.get(url(public_id, 1))) == (404, "version.unknown")
    assert code(client.get(f"{RESOURCES}/{public_id}")) == (404, "resource.unknown")
