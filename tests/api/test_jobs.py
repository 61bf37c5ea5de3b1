import json
from typing import Any

import factories
import pytest
from factories import Watch, token_of
from starlette.testclient import TestClient

from api.schemas import jobs as bodies
from oer import jobs, queries
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import Job, JobRow
from oer.transfer import orders
from oer.transfer.orders import Order
from oer.workflow import Role

URL = "/api/jobs"


@pytest.fixture
def people(home: Installation) -> dict[str, dict[str, str]]:
    """Headers by who it is. ``above`` manages the institution above the college, ``other`` another one."""
    with transaction(home.engine) as session:
        ministry = factories.institution(session, "ministry")
        factories.institution(session, "college", parent=ministry)
        boss = factories.person(session, "boss@example.org", administrator=True)
    actors = {
        "own": factories.member(home, Role.DEPOSITOR),
        "colleague": factories.member(home, Role.REVIEWER),
        "manager": factories.member(home, Role.MANAGER),
        "above": factories.member(home, Role.MANAGER, "ministry"),
        "other": factories.member(home, Role.MANAGER, "school"),
    }
    found = {name: token_of(home, actor, "read", "deposit", "manage") for name, actor in actors.items()}
    with reading(home.engine) as session:
        from oer import accounts

        administrator = accounts.actor_of(session, boss)
    return found | {"administrator": token_of(home, administrator, "read", "deposit", "manage")}


def ordered(home: Installation, *, by: str = "depositor.college@example.org", content: bytes = b"", **rest: Any) -> int:
    stored = home.store.put([content])
    with transaction(home.engine) as session:
        from oer import accounts

        person = queries.people.by_email(session, email=by)
        assert person is not None
        actor = accounts.actor_of(session, person)
        wanted = Order(**({"form": "jsonl", "institution": "college", "source": "x"} | rest))
        return orders.place(session, actor, wanted, home.store, stored, now=home.now()).id or 0


def ids(client: TestClient, headers: dict[str, str], **query: Any) -> list[int]:
    answer = client.get(URL, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.json()["items"]]


def aside(home: Installation, job_id: int, error: Exception, watch: Watch) -> None:
    """The job fails with this error, as in a worker."""
    held = jobs.claim(home.engine, now=watch())
    assert held is not None
    assert held.id == job_id
    jobs.fail(
        home.engine, held, f"{type(error).__name__}: {error}", attempts=1, fault=jobs.fault_of(error), now=watch()
    )


# ── Who sees what ────────────────────────────────────────────────────────────────────────────────


def test_jobs_are_seen_by_their_own_by_managers_above_and_by_administrators(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]]
) -> None:
    job_id = ordered(home)
    sees = {"own": 200, "colleague": 404, "manager": 200, "above": 200, "other": 404, "administrator": 200}
    for name, status in sees.items():
        for path in (f"{URL}/{job_id}", f"{URL}/{job_id}/report"):
            assert client.get(path, headers=people[name]).status_code == status, name
        assert ids(client, people[name]) == ([job_id] if status == 200 else []), name
    for path in (URL, f"{URL}/{job_id}", f"{URL}/{job_id}/report"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "sign-in.required")


def test_an_update_of_no_institution_is_seen_by_its_own_and_by_administrators(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]]
) -> None:
    job_id = ordered(home, institution=None, source=None, update=True)
    seen = [name for name, headers in people.items() if ids(client, headers) == [job_id]]
    assert seen == ["own", "administrator"]


def test_the_repository_s_own_jobs_are_for_administrators(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]], watch: Watch
) -> None:
    with transaction(home.engine) as session:
        job_id = jobs.enqueue(session, "blobs.sweep", now=watch())
    assert [name for name, headers in people.items() if ids(client, headers)] == ["administrator"]
    job = client.get(f"{URL}/{job_id}", headers=people["administrator"]).json()
    assert (job["kind"], job["person"], job["options"], job["report"]) == ("blobs.sweep", None, None, None)
    answer = client.get(f"{URL}/{job_id}/report", headers=people["administrator"])
    assert (answer.status_code, answer.json()["code"]) == (404, "job.report-unknown")


def test_a_token_without_the_scope_reads_none(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]]
) -> None:
    job_id = ordered(home)
    headers = token_of(home, factories.member(home, Role.DEPOSITOR), "deposit")
    for path in (URL, f"{URL}/{job_id}", f"{URL}/{job_id}/report"):
        assert client.get(path, headers=headers).json()["code"] == "scope.missing"


@pytest.mark.parametrize("number", ["0", "-1", "1.0", "x", "a\0b", "\ud800", "99999999999999999999", "2147483648", "³"])
def test_numbers_that_are_none_are_404(client: TestClient, people: dict[str, dict[str, str]], number: str) -> None:
    from urllib.parse import quote

    path = f"{URL}/{quote(number.encode('utf-8', 'surrogatepass'), safe='')}"
    for answer in (
        client.get(path, headers=people["administrator"]),
        client.get(f"{path}/report", headers=people["administrator"]),
        client.post(f"{path}/cancel", headers=people["administrator"]),
        client.post(f"{path}/retry", headers=people["administrator"]),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "job.unknown")


# ── Lists ────────────────────────────────────────────────────────────────────────────────────────


def test_the_list_is_walked_by_cursors_and_narrowed_by_filters(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]], watch: Watch
) -> None:
    found = [ordered(home) for _ in range(5)]
    factories.act(home, jobs.cancel, found[1])
    headers = people["administrator"]
    seen: list[int] = []
    url: str | None = f"{URL}?limit=2"
    while url is not None:
        answer = client.get(url.removeprefix("https://oer.example.org"), headers=headers)
        body = answer.json()
        bodies.JobList.model_validate(body)
        assert answer.headers["cache-control"] == "private, no-store"
        assert ("link" in answer.headers) == (body["next"] is not None)
        seen += [job["id"] for job in body["items"]]
        url = body["next"]
    assert seen == found[::-1]
    assert ids(client, headers, state="cancelled") == [found[1]]
    assert ids(client, headers, kind="import", institution="ministry", limit=1) == [found[4]]
    assert ids(client, headers, institution="school") == []
    assert ids(client, headers, kind="blobs.sweep") == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("state=gone", 422), ("kind=%00", 422), ("kind=A", 422), ("limit=0", 422), ("person=1", 422),
        ("institution=nowhere", 404), ("institution=%00", 404), ("cursor=x", 422), ("state=done&state=failed", 422),
    ],
)  # fmt: skip
def test_filters_that_are_none_are_refused(
    client: TestClient, people: dict[str, dict[str, str]], query: str, status: int
) -> None:
    assert client.get(f"{URL}?{query}", headers=people["administrator"]).status_code == status


# ── Errors ───────────────────────────────────────────────────────────────────────────────────────


def test_errors_are_told_by_code_and_only_administrators_read_the_rest(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]], watch: Watch
) -> None:
    job_id = ordered(home)
    aside(home, job_id, ZeroDivisionError("the password is opensesame in /srv/secret"), watch)
    for name in ("own", "manager"):
        answer = client.get(f"{URL}/{job_id}", headers=people[name] | {"accept-language": "fr"})
        assert answer.json()["fault"]["code"] == "job.broke"
        assert "s’est arrêté" in answer.json()["fault"]["message"]
        assert "opensesame" not in answer.text
        assert "ZeroDivision" not in answer.text
        assert "opensesame" not in client.get(URL, headers=people[name]).text
    detail = client.get(f"{URL}/{job_id}", headers=people["administrator"]).json()["detail"]
    assert detail == "ZeroDivisionError: the password is opensesame in /srv/secret"


def test_what_a_store_says_stays_with_administrators(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]], watch: Watch
) -> None:
    from storage import errors

    job_id = ordered(home)
    aside(home, job_id, errors.Unavailable("s3://key:secret@internal"), watch)
    answer = client.get(f"{URL}/{job_id}", headers=people["own"])
    assert answer.json()["fault"]["code"] == "store.unavailable"
    assert "internal" not in answer.text


# ── Steps ────────────────────────────────────────────────────────────────────────────────────────


def test_who_sees_a_job_may_end_it(client: TestClient, home: Installation, people: dict[str, dict[str, str]]) -> None:
    for name, status in {"own": 200, "colleague": 404, "manager": 200, "above": 200, "other": 404}.items():
        job_id = ordered(home)
        answer = client.post(f"{URL}/{job_id}/cancel", headers=people[name])
        assert answer.status_code == status, name
        if status == 200:
            bodies.JobOut.model_validate(answer.json())
            assert (answer.json()["state"], answer.json()["finished"] is not None) == ("cancelled", True)
            again = client.post(f"{URL}/{job_id}/cancel", headers=people[name])
            assert (again.status_code, again.json()["code"]) == (409, "job.finished")
    assert client.post(f"{URL}/{job_id}/cancel").status_code == 401


def test_a_key_lets_a_cancellation_be_asked_twice(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]]
) -> None:
    job_id = ordered(home)
    headers = people["own"] | {"idempotency-key": "x"}
    first, again = (client.post(f"{URL}/{job_id}/cancel", headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())


def test_scopes_of_a_token_count_for_steps(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]]
) -> None:
    own = token_of(home, factories.member(home, Role.DEPOSITOR), "read")
    manager = token_of(home, factories.member(home, Role.MANAGER), "read", "deposit")
    job_id = ordered(home)
    for headers in (own, manager):
        answer = client.post(f"{URL}/{job_id}/cancel", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope.missing")
    with reading(home.engine) as session:
        assert session.get_one(Job, job_id).state == "waiting"


def test_administrators_try_failed_jobs_again(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]], watch: Watch
) -> None:
    job_id = ordered(home)
    waiting = client.post(f"{URL}/{job_id}/retry", headers=people["administrator"])
    assert (waiting.status_code, waiting.json()["code"]) == (409, "job.not-failed")
    aside(home, job_id, ValueError("x"), watch)
    for name, status in {"own": 403, "manager": 403, "other": 404, "colleague": 404}.items():
        assert client.post(f"{URL}/{job_id}/retry", headers=people[name]).status_code == status, name
    answer = client.post(f"{URL}/{job_id}/retry", headers=people["administrator"])
    job = answer.json()
    assert (answer.status_code, job["state"], job["fault"], job["detail"]) == (200, "waiting", None, None)
    assert client.post(f"{URL}/{job_id}/retry").status_code == 401


def test_a_step_takes_no_body(client: TestClient, home: Installation, people: dict[str, dict[str, str]]) -> None:
    job_id = ordered(home)
    for body in ({"state": "done"}, {}):
        answer = client.post(f"{URL}/{job_id}/cancel", headers=people["own"], json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "body.unexpected")


# ── A report under way ───────────────────────────────────────────────────────────────────────────


def test_the_report_of_a_job_under_way_tells_what_is_known(
    client: TestClient, home: Installation, people: dict[str, dict[str, str]]
) -> None:
    job_id = ordered(home)
    told = {
        "row": 1,
        "item": "ا",
        "status": "created",
        "id": "7k3v9qm2xd",
        "problems": [],
        "ignored": [],
        "changes": [],
    }
    with transaction(home.engine) as session:
        session.add(JobRow(job_id=job_id, number=1, content=json.dumps(told)))
    for headers in (
        people["own"],
        people["own"] | {"accept-encoding": "gzip"},
        people["own"] | {"accept-encoding": ""},
    ):
        answer = client.get(f"{URL}/{job_id}/report", headers=headers)
        assert [json.loads(line) for line in answer.text.splitlines()] == [told]
        assert answer.headers["content-disposition"] == f'attachment; filename="report-{job_id}.jsonl"'
    head = client.head(f"{URL}/{job_id}/report", headers=people["own"])
    assert (head.status_code, head.content) == (200, b"")


def test_a_job_has_a_validator(client: TestClient, home: Installation, people: dict[str, dict[str, str]]) -> None:
    job_id = ordered(home)
    first = client.get(f"{URL}/{job_id}", headers=people["own"])
    known = people["own"] | {"if-none-match": first.headers["etag"]}
    assert client.get(f"{URL}/{job_id}", headers=known).status_code == 304
    factories.act(home, jobs.cancel, job_id)
    assert client.get(f"{URL}/{job_id}", headers=known).status_code == 200
