"""``POST /api/imports`` from the bytes to the report."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import factories
import pytest
import snapshots
from factories import Watch, token_of
from starlette.testclient import TestClient

from api.schemas import jobs as bodies
from oer import accounts, queries, working
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import AuditEntry, Job, Person, Resource
from oer.policy import OPERATOR
from oer.transfer import orders
from oer.workflow import Role
from storage import checksums, errors

URL = "/api/imports"
RECORD = json.loads(factories.record(access={"kind": "metadata-only"}).model_dump_json(exclude_defaults=True))
JSONL = {"content-type": "application/jsonl"}


def row(item: str, **changes: Any) -> dict[str, Any]:
    return {"item": item, "record": RECORD | {"title": [{"value": f"درس {item}", "lang": "ar"}]} | changes}


def jsonl(*rows: dict[str, Any]) -> bytes:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows).encode()


def send(client: TestClient, content: bytes, headers: dict[str, str], **query: Any) -> Any:
    wanted = {"institution": "college", "source": "lessons"} | query
    return client.post(
        URL,
        params={name: value for name, value in wanted.items() if value is not None},
        content=content,
        headers=JSONL | headers,
    )


def report(client: TestClient, job: Any, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = client.get(f"/api/jobs/{job['id']}/report", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jsonl"
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.fixture
def college(home: Installation) -> Installation:
    with transaction(home.engine) as session:
        factories.institution(session)
    return home


@pytest.fixture
def ran(client: TestClient, college: Installation) -> Callable[..., tuple[Any, list[dict[str, Any]]]]:
    """Sends, runs the worker, and answers the job and its report."""

    def do(content: bytes, headers: dict[str, str], **query: Any) -> tuple[Any, list[dict[str, Any]]]:
        answer = send(client, content, headers, **query)
        assert answer.status_code == 202, answer.text
        working.drain(college)
        job = client.get(answer.headers["location"].removeprefix("https://oer.example.org"), headers=headers).json()
        return job, report(client, job, headers)

    return do


@pytest.fixture
def manager(college: Installation) -> dict[str, str]:
    return token_of(college, factories.member(college, Role.MANAGER), "read", "deposit", "manage")


def count(home: Installation, table: type[Any]) -> int:
    return len(snapshots.tables(home)[table.__tablename__])


# ── From the bytes to the report ─────────────────────────────────────────────────────────────────


def test_rows_become_resources_and_the_report_tells_of_each(ran, client, college, manager) -> None:
    bad = {"item": "bad", "record": RECORD | {"licence": "https://example.org/x"}}
    job, rows = ran(jsonl(row("a"), bad, row("b")), manager, publish=True)
    assert (job["state"], job["done"], job["total"], job["institution"]) == ("done", 3, 3, "college")
    assert job["result"]["counts"] == {"created": 2, "updated": 0, "unchanged": 0, "failed": 1}
    assert job["options"] == {
        "form": "jsonl", "source": "lessons", "publish": True, "dry_run": False, "update": False
    }  # fmt: skip
    assert [(one["row"], one["item"], one["status"]) for one in rows] == [
        (1, "a", "created"), (2, "bad", "failed"), (3, "b", "created")
    ]  # fmt: skip
    assert [(one["code"], one["field"]) for one in rows[1]["problems"]] == [("licence.unknown", "licence")]
    assert "https://example.org/x" in rows[1]["problems"][0]["message"]
    for one in (rows[0], rows[2]):
        assert client.get(f"/api/resources/{one['id']}").json()["record"]["title"][0]["value"] == f"درس {one['item']}"


def test_the_answer_is_an_address_to_watch(client, college, manager) -> None:
    answer = send(client, jsonl(row("a")), manager)
    job = answer.json()
    bodies.JobOut.model_validate(job)
    assert answer.headers["location"] == job["url"] == f"https://oer.example.org/api/jobs/{job['id']}"
    assert (job["state"], job["done"], job["total"], job["result"], job["finished"]) == ("waiting", 0, None, None, None)
    assert count(college, Resource) == 0
    assert report(client, job, manager) == []


def test_a_table_and_an_archive_with_files_are_taken_too(ran, client, manager) -> None:
    table = "﻿title_ar;licence;العنوان البديل;shelf\r\nدرس;CC BY 4.0;آخر;7\r\n".encode()
    job, rows = ran(table, manager | {"content-type": "text/csv; charset=UTF-8"}, source="table")
    assert (job["result"]["counts"]["created"], job["result"]["ignored_columns"]) == (1, ["shelf"])
    assert rows[0]["ignored"] == ["shelf"]
    packed = io.BytesIO()
    record = RECORD | {"access": {"kind": "open"}}
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("دروس/index.jsonl", jsonl({"path": "ماء.txt", "record": record}))
        archive.writestr("دروس/ماء.txt", "النص")
    job, rows = ran(packed.getvalue(), manager | {"content-type": "application/zip"}, publish=True)
    assert job["result"]["counts"]["created"] == 1
    (file,) = client.get(f"/api/resources/{rows[0]['id']}").json()["files"]
    assert (file["name"], file["size"]) == ("ماء.txt", len("النص".encode()))


def test_a_dry_run_tells_what_would_happen_and_changes_nothing(ran, college, manager) -> None:
    ran(jsonl(row("a")), manager, publish=True)
    before = {name: rows for name, rows in snapshots.tables(college).items() if name in WRITTEN}
    rows = jsonl(row("a"), row("b"), row("c", licence="x"))
    job, told = ran(rows, manager, publish=True, dry_run=True)
    # A rehearsal reads what is there already as changed or not, and the rest as new.
    assert [one["status"] for one in told] == ["unchanged", "created", "failed"]
    assert told[1]["id"] is None
    assert job["options"]["dry_run"] is True
    assert {name: rows for name, rows in snapshots.tables(college).items() if name in WRITTEN} == before


WRITTEN = ("resource", "version", "draft", "imported_item", "oai_record", "set_member", "version_file", "draft_file")


def test_the_same_sent_again_makes_no_doubles(ran, college, manager) -> None:
    rows = jsonl(row("a"), row("b"))
    ran(rows, manager, publish=True)
    job, _ = ran(rows, manager, publish=True)
    assert job["result"]["counts"] == {"created": 0, "updated": 0, "unchanged": 2, "failed": 0}
    assert count(college, Resource) == 2


def test_rows_that_leave_out_fields_take_the_defaults(ran, client, manager) -> None:
    defaults = json.dumps({"license": "CC BY 4.0", "author": "أمينة يوسف"})
    _, rows = ran(b'{"item": "a", "title_ar": "x"}\n', manager, defaults=defaults)
    draft = client.get(f"/api/resources/{rows[0]['id']}/draft", headers=manager)
    record = draft.json()["record"]
    assert record["licence"] == "https://creativecommons.org/licenses/by/4.0/"
    assert record["creators"] == [{"name": "أمينة يوسف"}]


def test_a_table_that_cannot_be_read_fails_at_once_and_says_why(ran, client, manager) -> None:
    for content, kind, code, word in (
        (b"\xff\xfe", "text/csv", "import.encoding", "UTF-8"),
        (b"PK not", "application/zip", "archive.invalid", "ZIP"),
        (b'a,b\n"x', "text/csv", "import.csv-invalid", "import.csv"),
    ):
        job, rows = ran(content, manager | {"content-type": kind})
        assert (job["state"], job["attempts"], rows) == ("failed", 1, [])
        assert job["fault"]["code"] == code
        assert word in job["fault"]["message"]
        assert "/" not in job["fault"]["message"].replace("import.", "")
        assert job["detail"] is None
    arabic = client.get(f"/api/jobs/{job['id']}", headers=manager | {"accept-language": "ar"})
    assert "لا يمكن قراءة" in arabic.json()["fault"]["message"]
    assert arabic.headers["content-language"] == "ar"


def test_nothing_at_all_is_refused_and_a_header_alone_is_warned_of(ran, client, college, manager) -> None:
    for kind in ("text/csv", "application/jsonl", "application/zip"):
        refused = client.post(
            "/api/imports?institution=college&source=none", content=b"", headers=manager | {"content-type": kind}
        )
        assert (refused.status_code, refused.json()["code"]) == (422, "import.empty"), kind
    assert count(college, Job) == 0
    job, rows = ran(b"title,languages\n", manager | {"content-type": "text/csv"})
    assert (job["state"], job["total"], rows) == ("done", 0, [])
    (problem,) = job["result"]["problems"]
    assert (problem["code"], problem["severity"], job["result"]["warnings"]) == ("import.no-rows", "warning", 1)
    assert "no rows" in problem["message"]


def test_a_file_that_was_not_packed_is_told_so(ran, manager) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.jsonl", jsonl(row("a") | {"files": ["lost.pdf"]}))
    _, (told,) = ran(packed.getvalue(), manager | {"content-type": "application/zip"})
    assert [problem["code"] for problem in told["problems"]] == ["import.file-not-packed"]
    assert "not in the ZIP" in told["problems"][0]["message"]
    _, (alone,) = ran(jsonl(row("b") | {"files": ["lost.pdf"]}), manager)
    assert [problem["code"] for problem in alone["problems"]] == ["import.file-alone"]


def test_problems_are_told_in_the_language_of_the_reader(ran, client, manager) -> None:
    job, _ = ran(jsonl(row("a", licence="x")), manager)
    told = {
        language: report(client, job, manager | {"accept-language": language})[0]["problems"][0]["message"]
        for language in ("ar", "fr", "en")
    }
    assert len(set(told.values())) == 3


# ── What is refused, and when ────────────────────────────────────────────────────────────────────


def test_policy_is_asked_before_the_bytes(client, college, monkeypatch) -> None:
    def unread(*_: object) -> None:
        raise AssertionError("the bytes were read")

    monkeypatch.setattr(college.store.__class__, "put", unread)
    other = token_of(college, factories.member(college, Role.MANAGER, "school"), "read", "deposit")
    reading_only = token_of(college, factories.member(college, Role.MANAGER), "read")
    nobody = token_of(college, factories.member(college, Role.NONE, email="new@example.org"), "read", "deposit")
    for headers, query, expected in (
        ({}, {}, (401, "sign-in.required")),
        ({"authorization": "Bearer oer_wrong"}, {}, (401, "token.invalid")),
        (other, {}, (403, "action.forbidden")),
        (nobody, {}, (403, "action.forbidden")),
        (nobody, {"update": True, "institution": None, "source": None}, (403, "action.forbidden")),
        (reading_only, {}, (403, "scope.missing")),
        (other, {"institution": "nowhere"}, (404, "institution.unknown")),
        (other, {"institution": "a\0b"}, (404, "institution.unknown")),
        (other, {"institution": None, "source": None}, (422, "request.invalid")),
        (other, {"source": "a\0b"}, (422, "request.invalid")),
        (other, {"update": True, "institution": "school"}, (422, "request.invalid")),
        (
            other,
            {"update": True, "source": None, "institution": "school", "defaults": '{"license": "CC BY 4.0"}'},
            (422, "request.invalid"),
        ),
    ):
        answer = send(client, b"{}\n", headers, **query)
        assert (answer.status_code, answer.json()["code"]) == expected, query


def test_what_is_missing_is_named(client, college, manager) -> None:
    answer = send(client, b"{}", manager, institution=None, source=None)
    assert [(one["field"], one["code"]) for one in answer.json()["errors"]] == [
        ("institution", "field.missing"), ("source", "field.missing")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [
        ("", None), ("application/json", None), ("text/csv; charset=windows-1256", None), ("multipart/form-data", None),
        ("application/jsonl", "gzip"), ("application/octet-stream", None), ("text/csvx", None),
    ],
)  # fmt: skip
def test_other_types_are_415(client, college, manager, kind: str, encoding: str | None) -> None:
    headers = manager | {"content-type": kind} | ({"content-encoding": encoding} if encoding else {})
    answer = send(client, b"{}", headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "media-type.unsupported")
    assert count(college, Job) == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"publish": "perhaps"}, "publish"), ({"publish": ""}, "publish"), ({"role": "manager"}, "role"),
        ({"person": 1}, "person"), ({"institution": "x" * 101}, "institution"), ({"source": "x" * 201}, "source"),
    ],
)  # fmt: skip
def test_parameters_that_are_none_are_named(client, college, manager, query: dict[str, Any], field: str) -> None:
    answer = send(client, b"{}", manager, **query)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize("defaults", ["{", "[]", '{"titel": 1}', '{"a":1,"a":2}', '"\\ud800"', '{"licence": "x"}'])
def test_defaults_that_are_none_are_refused(client, college, manager, defaults: str) -> None:
    answer = send(client, b"{}", manager, defaults=defaults)
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_bytes_that_are_not_those_promised_are_refused_and_kept_nowhere(client, college, manager) -> None:
    content = jsonl(row("a"))
    wrong = {"content-digest": checksums.digest_field("0" * 64)}
    answer = send(client, content, manager | wrong)
    assert (answer.status_code, answer.json()["code"]) == (422, "checksum.mismatch")
    assert count(college, Job) == 0
    assert snapshots.kept(college) == {}
    answer = send(client, content, manager | {"content-digest": "sha-256=nonsense"})
    assert answer.status_code == 422


def test_more_bytes_than_the_limit_are_413(home: Installation, college, manager, monkeypatch) -> None:
    from dataclasses import replace

    from api import app

    small = replace(college, settings=college.settings.model_copy(update={"max_import_size": 10}))
    with TestClient(app.create(small)) as client:
        for content in (b"x" * 11, iter([b"x" * 6, b"x" * 6])):
            answer = send(client, content, manager)  # type: ignore[arg-type]
            assert (answer.status_code, answer.json()["code"]) == (413, "import.too-large")
    assert snapshots.kept(college) == {}


def test_nobody_queues_imports_without_end(client, college, manager, monkeypatch) -> None:
    monkeypatch.setattr(orders, "_UNFINISHED", 2)
    other = token_of(college, factories.member(college, Role.DEPOSITOR), "read", "deposit")
    answers = [send(client, jsonl(row("a")), manager).status_code for _ in range(3)]
    assert answers == [202, 202, 409]
    assert send(client, jsonl(row("a")), other).status_code == 202
    working.drain(college)
    assert send(client, jsonl(row("a")), manager).status_code == 202


def test_a_store_that_is_full_is_507_and_no_job_is_left(client, college, manager, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise errors.Full

    monkeypatch.setattr(college.store.__class__, "put", full)
    answer = send(client, jsonl(row("a")), manager)
    assert (answer.status_code, answer.json()["code"]) == (507, "store.full")
    assert count(college, Job) == 0


def test_a_key_makes_one_job_of_a_request_made_twice(client, college, manager) -> None:
    key = {"idempotency-key": "monday"}
    first, again = (send(client, jsonl(row("a")), manager | key) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    other = send(client, jsonl(row("b")), manager | key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency.key-reused")
    assert count(college, Job) == 1


# ── Who acts ─────────────────────────────────────────────────────────────────────────────────────


def test_the_job_acts_as_whoever_asked_and_is_in_the_log(ran, college, manager) -> None:
    _, rows = ran(jsonl(row("a")), manager, publish=True)
    with reading(college.engine) as session:
        person = queries.people.by_email(session, email="manager.college@example.org")
        resource = queries.resources.by_public_id(session, public_id=rows[0]["id"])
        assert person is not None
        assert resource is not None
        assert resource.author_id == person.id
        asked = [one for one in session.exec(_all(AuditEntry)) if one.action == "import.ask"]
        assert [(one.person_id, one.object_kind, one.details["publish"]) for one in asked] == [(person.id, "job", True)]


def _all(table: type[Any]) -> Any:
    from sqlmodel import select

    return select(table)


def test_the_roles_that_count_are_those_when_it_runs(client, college, watch: Watch) -> None:
    actor = factories.member(college, Role.REVIEWER)
    headers = token_of(college, actor, "read", "deposit")
    job = send(client, jsonl(row("a"), row("b")), headers, publish=True).json()
    with transaction(college.engine) as session:
        person, place = session.get(Person, actor.person_id), queries.institutions.by_slug(session, slug="college")
        assert person is not None
        assert place is not None
        accounts.grant(session, OPERATOR, person, place, Role.DEPOSITOR, now=watch())
    working.drain(college)
    told = report(client, job, headers)
    assert [one["status"] for one in told] == ["failed", "failed"]
    assert {one["problems"][0]["code"] for one in told} == {"action.forbidden"}
    again = send(client, jsonl(row("a")), headers).json()
    with transaction(college.engine) as session:
        person = session.get(Person, actor.person_id)
        assert person is not None
        accounts.grant(session, OPERATOR, person, place, Role.NONE, now=watch())
    working.drain(college)
    told = client.get(f"/api/jobs/{again['id']}", headers=headers).json()
    assert (told["state"], told["fault"]["code"]) == ("failed", "action.forbidden")
    assert count(college, Resource) == 0


def test_who_may_not_act_any_more_does_not(client, college) -> None:
    actor = factories.member(college, Role.MANAGER)
    headers = token_of(college, actor, "read", "deposit")
    job = send(client, jsonl(row("a")), headers).json()
    with transaction(college.engine) as session:
        person = session.get(Person, actor.person_id)
        assert person is not None
        person.active = False
        session.add(person)
    working.drain(college)
    with reading(college.engine) as session:
        kept = session.get(Job, job["id"])
        assert kept is not None
        assert (kept.state, kept.fault) == ("failed", {"code": "action.forbidden", "params": {}})
    assert count(college, Resource) == 0


def test_a_token_gives_the_job_no_more_scopes_than_it_has(client, college) -> None:
    """Publishing a draft that was submitted asks for the scope review, whatever the roles."""
    actor = factories.member(college, Role.MANAGER)
    headers = token_of(college, actor, "read", "deposit")
    send(client, jsonl(row("a")), headers)
    with reading(college.engine) as session:
        (job,) = session.exec(_all(Job)).all()
        assert job.payload["scopes"] == ["deposit", "read"]
    assert "oer_" not in json.dumps(job.payload)
