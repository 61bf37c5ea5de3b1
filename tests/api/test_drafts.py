"""Drafts by REST: begun and seen, and what is written down of them."""

import json
import re
from datetime import timedelta
from typing import Any

import factories
import pytest
from calling import RESOURCES, Someone, begun, code, draft, faults, someone, told
from factories import Watch
from sqlmodel import select
from starlette.testclient import TestClient

from api import schemas
from api.schemas import drafts as bodies
from api.schemas.examples import RECORD
from metadata import validate
from oer import deposits, publishing, queries
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import Draft, KeptAnswer
from oer.workflow import DraftState, Role

SECRET = "عنوان لا يعرفه غيرنا"
HIDDEN = ("state", "id", "lock", "role", "owner", "change", "stamp", "based_on", "author_id", "number")


@pytest.fixture
def reviewer(home: Installation, client: TestClient) -> Someone:
    return someone(home, client, Role.REVIEWER)


@pytest.fixture
def strangers(home: Installation, client: TestClient, author: Someone) -> list[Someone]:
    """Everybody who may not know of the author's draft: a colleague, others' managers, one who may not read."""
    with transaction(home.engine) as session:
        college = queries.institutions.by_slug(session, slug="college")
        factories.institution(session, "club", parent=college)
    return [
        someone(home, client, Role.DEPOSITOR, email="colleague@example.org"),
        someone(home, client, Role.MANAGER, "club"),
        someone(home, client, Role.MANAGER, "other"),
    ]


def drafts_in(home: Installation) -> list[Draft]:
    with reading(home.engine) as session:
        return list(session.exec(select(Draft)).all())


# ── beginning ───────────────────────────────────────────────────────────────────────────────────


def test_a_new_resource_is_a_draft_at_an_address_of_its_own(home: Installation, author: Someone) -> None:
    record = told(factories.record("ماء وضوء"))
    answer = author.post(RESOURCES, {"institution": "college", "record": record, "note": " أول نسخة "}, match=None)
    body = answer.json()
    bodies.DraftOut.model_validate_json(answer.content)
    assert answer.status_code == 201
    assert answer.headers["location"] == body["url"] == f"https://oer.example.org{draft(body['id'])}"
    assert (body["state"], body["note"], body["based_on"], body["files"]) == ("editing", "أول نسخة", 0, [])
    assert body["record"] == record
    assert body["institution"] == {"slug": "college", "names": {"ar": "مؤسسة college", "en": "The college"}}
    assert body["author"] == "depositor.college"
    assert body["actions"] == ["edit", "submit", "discard"]
    assert body["problems"] == 1  # no file yet
    assert body["created"] == body["changed"] == "2026-03-01T08:00:00Z"
    shown = author.get(draft(body["id"]))
    assert shown.content == answer.content
    assert shown.headers["etag"] == answer.headers["etag"]
    assert shown.headers["cache-control"] == answer.headers["cache-control"] == "private, no-store"


def test_a_half_written_record_is_kept(author: Someone) -> None:
    answer = author.post(RESOURCES, {"institution": "college", "record": {}})
    assert (answer.status_code, answer.json()["record"]) == (201, {})
    assert answer.json()["problems"] > 5


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ({"title": [{"value": "x", "lang": "no language"}]}, ("record.title[0].lang", "language.invalid")),
        ({"title": [{"value": "", "lang": "ar"}]}, ("record.title[0].value", "text.empty")),
        ({"title": "x"}, ("record.title", "field.type")),
        ({"title": [{"value": "a\u202eb", "lang": "en"}]}, ("record.title[0].value", "text.illegal-character")),
        ({"title": [{"value": "a\0b", "lang": "en"}]}, ("record.title[0].value", "text.illegal-character")),
        ({"title": [{"value": "\ud800", "lang": "en"}]}, ("record.title[0].value", "text.illegal-character")),
        ({"licence": "https://example.org/mine"}, ("record.licence", "licence.unknown")),
        ({"age_range": {"minimum": 10**30}}, ("record.age_range.minimum", "number.too-large")),
        ({"state": "published"}, ("record.state", "field.unknown")),
        ({"\ud800": 1}, ("record.\ufffd", "field.unknown")),
    ],
)
def test_what_is_wrong_in_a_record_is_told_with_its_place(
    home: Installation, author: Someone, record: dict[str, Any], found: tuple[str, str]
) -> None:
    answer = author.post(RESOURCES, {"institution": "college", "record": record})
    assert code(answer) == (422, "record.invalid")
    assert found in faults(answer)
    assert drafts_in(home) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"institution": "college"}, "record"),
        ({"record": {}}, "institution"),
        ({"institution": "college", "record": []}, "record"),
        ({"institution": "college", "record": None}, "record"),
        ({"institution": 5, "record": {}}, "institution"),
        ({"institution": "college", "record": {}, "note": 5}, "note"),
        ({"institution": "college", "record": {}, "note": "a\0b"}, "note"),
        ({"institution": "college", "record": {}, "note": "\ud800"}, "note"),
        ({"institution": "college", "record": {}, "note": "x" * 5001}, "note"),
        ({"institution": "nowhere", "record": {}}, "institution"),
        ({"institution": "a\0b", "record": {}}, "institution"),
        ({"institution": "\ud800", "record": {}}, "institution"),
    ],
)
def test_a_wrong_body_names_the_field(home: Installation, author: Someone, body: dict[str, Any], field: str) -> None:
    answer = author.post(RESOURCES, body)
    assert answer.status_code == 422
    assert {place for place, _ in faults(answer)} == {field}
    assert drafts_in(home) == []


def test_a_description_alone_is_deposited_and_published_in_one_call(
    home: Installation, author: Someone, reviewer: Someone
) -> None:
    bare = told(factories.record(access={"kind": "metadata-only"}))
    body = {"institution": "college", "record": bare, "note": "سبب"}
    answer = reviewer.post(f"{RESOURCES}?publish=true", body)
    schemas.ResourceOut.model_validate_json(answer.content)
    public_id = answer.json()["id"]
    assert (answer.status_code, answer.json()["version"]["note"]) == (201, "سبب")
    assert answer.headers["location"] == f"https://oer.example.org{RESOURCES}/{public_id}"
    shown = reviewer.client.get(f"{RESOURCES}/{public_id}")
    assert (shown.content, shown.headers["etag"]) == (answer.content, answer.headers["etag"])
    assert code(author.post(f"{RESOURCES}?publish=true", body)) == (403, "action.forbidden")
    lacking = {"institution": "college", "record": told(factories.record(licence=None))}
    refused = reviewer.post(f"{RESOURCES}?publish=true", lacking)
    assert code(refused) == (422, "record.not-publishable")
    assert faults(refused) == {("record.licence", "licence.missing"), ("files", "files.missing")}
    assert drafts_in(home) == []
    assert reviewer.post(f"{RESOURCES}?publish=false", body).json()["state"] == "editing"
    for query in ("publish=maybe", "publish=true&publish=false", "draft=true"):
        assert code(reviewer.post(f"{RESOURCES}?{query}", body)) == (422, "request.invalid")


@pytest.mark.parametrize("name", HIDDEN)
def test_nobody_sets_by_a_body_what_only_a_step_may_set(author: Someone, name: str) -> None:
    record = told(factories.record())
    assert faults(author.post(RESOURCES, {"institution": "college", "record": record, name: 1})) == {
        (name, "field.unknown")
    }
    public_id = begun(author)
    before = author.get(draft(public_id)).content
    for answer in (
        author.put(draft(public_id), {"record": record, name: 1}),
        author.put(draft(public_id), {"record": record, "institution": "college"}),
        author.patch(draft(public_id), {name: 1}),
    ):
        assert answer.status_code == 422
        assert {found for _, found in faults(answer)} == {"field.unknown"}
    assert author.get(draft(public_id)).content == before


def test_only_depositors_begin_anything(home: Installation, client: TestClient, strangers: list[Someone]) -> None:
    body = {"institution": "college", "record": {}}
    assert code(Someone(client).post(RESOURCES, body)) == (401, "sign-in.required")
    assert code(strangers[1].post(RESOURCES, body)) == (403, "action.forbidden")
    narrow = someone(home, client, Role.MANAGER, "college", "read", "review", "manage")
    assert code(narrow.post(RESOURCES, body)) == (403, "scope.missing")
    assert someone(home, client, Role.DEPOSITOR, "college", "deposit").post(RESOURCES, body).status_code == 201


def test_a_beginning_that_is_repeated_with_its_key_happens_once(home: Installation, author: Someone) -> None:
    body = {"institution": "college", "record": told(factories.record())}
    first = author.post(RESOURCES, body, idempotency_key='"k-1"')
    again = author.post(RESOURCES, body, idempotency_key="k-1")
    assert (again.status_code, again.content) == (201, first.content)
    assert {name: again.headers[name] for name in ("location", "etag")} == {
        name: first.headers[name] for name in ("location", "etag")
    }
    assert again.headers["idempotent-replayed"] == "true"
    assert len(drafts_in(home)) == 1
    other = author.post(RESOURCES, {**body, "note": "x"}, idempotency_key="k-1")
    assert code(other) == (422, "idempotency.key-reused")
    author.post(RESOURCES, {"institution": "college", "record": {"title": 1}}, idempotency_key="k-2")
    assert author.post(RESOURCES, body, idempotency_key="k-2").status_code == 201  # what failed has kept nothing
    with reading(home.engine) as session:
        assert len(session.exec(select(KeptAnswer)).all()) == 2


# ── seeing ──────────────────────────────────────────────────────────────────────────────────────


def test_who_may_not_know_of_a_draft_hears_the_same_as_of_none(
    client: TestClient, author: Someone, strangers: list[Someone]
) -> None:
    public_id = begun(author, factories.record(SECRET))
    nobody = Someone(client)
    for who in [*strangers, nobody]:
        for path in ("", "/files", "/files/a.txt", "/diff"):
            seen = who.get(draft(public_id) + path)
            absent = who.get(draft("7k3v9qm2xd") + path)
            assert code(seen) == code(absent) == (404, "draft.unknown")
            assert seen.text.replace(public_id, "7k3v9qm2xd") == absent.text
            assert SECRET not in seen.text
    for who in strangers:
        for method, path, body in (
            ("PUT", "", {"record": {}}),
            ("PATCH", "", {"record": {"title": 5}}),
            ("DELETE", "", None),
            ("POST", "/validate", None),
            ("POST", "/submit", None),
            ("POST", "/recall", None),
            ("POST", "/publish", {}),
            ("POST", "/reviews", {"decision": "publish"}),
            ("POST", "/reviews", {"decision": "reject", "comment": "x"}),
            ("PUT", "/files", {"names": []}),
            ("PATCH", "/files/a.txt", {"name": "b.txt"}),
            ("DELETE", "/files/a.txt", None),
        ):
            answer = who.ask(method, draft(public_id) + path, body)
            assert code(answer) == (404, "draft.unknown"), (method, path)
            assert answer.json() == who.ask(method, draft("7k3v9qm2xd") + path, body).json() | {
                "detail": answer.json()["detail"]
            }
            unknown = nobody.ask(method, draft(public_id) + path, body)
            assert code(unknown) == (401, "sign-in.required"), (method, path)
    assert author.get(draft(public_id)).json()["state"] == "editing"


def test_reviewers_and_managers_above_see_it_with_what_they_may_do(
    home: Installation, client: TestClient, author: Someone, reviewer: Someone
) -> None:
    with transaction(home.engine) as session:
        ministry = factories.institution(session, "ministry")
        college = queries.institutions.by_slug(session, slug="college")
        college.path, college.parent_id = f"{ministry.path}{college.id}/", ministry.id
    above = someone(home, client, Role.MANAGER, "ministry")
    public_id = begun(author)
    assert reviewer.get(draft(public_id)).json()["actions"] == ["edit", "submit", "publish"]
    assert above.get(draft(public_id)).json()["actions"] == ["edit", "submit", "publish", "discard"]
    narrow = someone(home, client, Role.REVIEWER, "college", "read", "review", email="narrow@example.org")
    assert narrow.get(draft(public_id)).json()["actions"] == []
    factories.act(home, deposits.submit, factories.drafted(home, at="ministry", actor=above.actor), actor=above.actor)
    below = someone(home, client, Role.MANAGER, "college")
    for line in above.get("/api/drafts").json()["items"]:
        path = draft(line["id"])
        assert (below.get(path).status_code == 200) == (line["institution"]["slug"] == "college")


def test_a_token_without_the_scope_read_reads_no_draft(home: Installation, client: TestClient, author: Someone) -> None:
    public_id = begun(author)
    blind = someone(home, client, Role.DEPOSITOR, "college", "deposit")
    for path in (draft(public_id), draft(public_id, "files"), "/api/drafts"):
        assert code(blind.get(path)) == (403, "scope.missing")
    assert code(blind.post(draft(public_id, "validate"))) == (403, "scope.missing")


@pytest.mark.parametrize("public_id", ["nothing", "a%00b", "%ED%A0%80", "7K3V9QM2XD", "..;"])
def test_ids_that_are_none_have_no_draft(author: Someone, public_id: str) -> None:
    for answer in (
        author.get(draft(public_id)),
        author.put(draft(public_id), {"record": {}}),
        author.delete(draft(public_id)),
        author.post(draft(public_id, "validate")),
        author.post(draft(public_id, "submit")),
    ):
        assert code(answer) == (404, "draft.unknown")


def test_an_unchanged_draft_is_not_sent_again(author: Someone) -> None:
    path = draft(begun(author))
    first = author.get(path)
    assert re.fullmatch(r'"\d+-[0-9a-f]{24}"', first.headers["etag"])
    known = author.get(path, if_none_match=first.headers["etag"])
    assert (known.status_code, known.content) == (304, b"")
    head = author.ask("HEAD", path)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", first.headers["etag"])


# ── what is written down ────────────────────────────────────────────────────────────────────────


def test_the_words_of_the_schema_are_those_of_the_workflow() -> None:
    stored = {state.value for state in DraftState} - {"published", "discarded"}
    assert set(bodies.State.__args__) == stored  # type: ignore[attr-defined]


def test_examples_of_bodies_are_bodies() -> None:
    for name in ("Deposit", "Document", "DocumentPatch", "FilePatch", "Order", "DraftOut", "DraftList", "FileList",
                 "Verdict"):  # fmt: skip
        model = getattr(bodies, name)
        examples = model.model_json_schema()["examples"]
        assert examples
        for example in examples:
            model.model_validate(example)
    record, problems = validate.parse(RECORD)
    assert record is not None
    assert [*problems, *validate.problems(record, "publish")] == []


def test_the_document_names_a_record_where_one_is_taken(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    taken = document["components"]["schemas"]["Deposit"]["properties"]["record"]
    assert taken == {"$ref": "#/components/schemas/Record"}
    verbs = document["paths"]["/api/resources/{public_id}/draft"]
    assert [one["name"] for one in verbs["put"]["parameters"] if one["in"] == "header"] == ["If-Match"]
    assert "application/merge-patch+json" in verbs["patch"]["requestBody"]["content"]
    assert json.dumps(document).count('"x-policy": "draft"') >= 10


def test_nothing_is_kept_of_a_day_that_is_not_the_clock_s(home: Installation, author: Someone, watch: Watch) -> None:
    public_id = begun(author)
    watch.forward(days=1)
    changed = author.patch(draft(public_id), {"note": "x"}).json()
    assert changed["created"] == "2026-03-01T08:00:00Z"
    assert changed["changed"] == (factories.START + timedelta(days=1)).isoformat().replace("+00:00", "Z")


def test_publishing_through_services_and_reading_by_rest_agree(home: Installation, author: Someone) -> None:
    public_id = factories.drafted(home, actor=author.actor)
    assert author.get(draft(public_id)).json()["files"][0]["name"] == "lesson.txt"
    factories.act(home, publishing.publish, public_id, repository_id=home.repository_id)
    assert code(author.get(draft(public_id))) == (404, "draft.unknown")
