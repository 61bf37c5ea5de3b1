"""Imports as jobs: killed, cancelled, taken over, told to stop."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import factories
import pytest
import snapshots
import sqlalchemy as sa
from factories import Watch
from sqlmodel import col, select

from oer import accounts, blobs, jobs, queries, working
from oer.db import reading, transaction
from oer.errors import Conflict, Forbidden, NotFound, Unavailable
from oer.installation import Installation
from oer.jobs import Claim
from oer.models import Blob, Job, JobRow, Person
from oer.policy import OPERATOR, Actor
from oer.transfer import imports, orders, reports
from oer.transfer.orders import Order, Workshop
from oer.workflow import Role
from storage.memory import MemoryStore

RECORD = json.loads(factories.record(access={"kind": "metadata-only"}).model_dump_json(exclude_defaults=True))


@pytest.fixture
def actor(home: Installation) -> Actor:
    return factories.member(home, Role.MANAGER)


def table(count: int, *, bad: tuple[int, ...] = ()) -> bytes:
    rows = [{"item": f"{number}", "record": RECORD | {"title": [{"value": f"درس {number}", "lang": "ar"}]}}
            for number in range(1, count + 1)]  # fmt: skip
    for number in bad:
        rows[number - 1]["record"] = {}
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def place(home: Installation, actor: Actor, content: bytes, **changes: Any) -> int:
    wanted = {"form": "jsonl", "institution": "college", "source": "lessons", "publish": True} | changes
    stored = home.store.put([content])
    with transaction(home.engine) as session:
        return orders.place(session, actor, Order(**wanted), home.store, stored, now=home.now()).id or 0


def job(home: Installation, job_id: int) -> Job:
    with reading(home.engine) as session:
        return session.get_one(Job, job_id)


def told(home: Installation, job_id: int) -> list[dict[str, Any]]:
    found = job(home, job_id)
    return list(reports.kept(home.store, found.report) if found.report else reports.so_far(home.engine, job_id))


def work(home: Installation, pause: Callable[[], None] = lambda: None, **changes: Any) -> str | None:
    workshop = Workshop(
        **{
            "engine": home.engine, "store": home.store, "bounds": home.settings, "now": home.now, "pause": pause,
            "repository_id": home.repository_id, **changes,
        }
    )  # fmt: skip
    return jobs.run_next(home.engine, {orders.KIND: workshop.fulfil}, attempts=5, now=home.now)


def titles(home: Installation) -> Counter[str]:
    with reading(home.engine) as session:
        found = queries.resources.published(session, after=None, within=None, limit=1000)
        return Counter(version.description().title[0].value for _, version, _ in found)


def sound(home: Installation, job_id: int, count: int) -> None:
    """Every row once, reported once as what it was, and nothing left behind."""
    ended = job(home, job_id)
    assert (ended.state, ended.done, ended.total) == ("done", count, count)
    assert ended.result is not None
    assert ended.result["counts"] == {"created": count, "updated": 0, "unchanged": 0, "failed": 0}
    rows = told(home, job_id)
    assert [(one["row"], one["status"]) for one in rows] == [(n, "created") for n in range(1, count + 1)]
    assert len({one["id"] for one in rows}) == count
    assert titles(home) == Counter({f"درس {number}": 1 for number in range(1, count + 1)})
    assert snapshots.tables(home)["job_row"] == snapshots.tables(home)["draft"] == []
    assert ended.input is None


class Killed(BaseException):
    """Nothing catches it: as if the process had gone."""


def killing(after: int) -> Callable[..., Any]:
    left = iter(range(after))

    def do(*_: Any, **__: Any) -> None:
        if next(left, None) is None:
            raise Killed

    return do


# ── Killed ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("where", ["between", "inside", "concluding"])
def test_an_import_killed_anywhere_goes_on_and_its_report_is_whole(
    home: Installation, actor: Actor, watch: Watch, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(imports, "_BATCH", 3)
    job_id = place(home, actor, table(10))
    real_line, killed = reports.line, 0
    for after in (1, 3, 1, 8):
        stop = killing(after)
        with monkeypatch.context() as patch:
            if where == "inside":
                patch.setattr(reports, "line", lambda result, stop=stop: (stop(), real_line(result))[1])
            if where == "concluding":
                patch.setattr(blobs, "hold", killing(0))
            try:
                work(home, stop if where == "between" else lambda: None)
            except Killed:
                killed += 1
        watch.forward(minutes=11)  # the lease
        rows = told(home, job_id)
        assert [one["row"] for one in rows] == list(range(1, len(rows) + 1))
        assert job(home, job_id).done == len(rows) == sum(titles(home).values())
    while work(home) is not None:
        watch.forward(minutes=11)
    assert killed >= 3
    sound(home, job_id, 10)


def test_a_job_that_was_killed_too_often_is_set_aside_and_goes_on_when_it_is_tried_again(
    home: Installation, actor: Actor, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_BATCH", 1)
    job_id = place(home, actor, table(12))
    for _ in range(5):
        with pytest.raises(Killed):
            work(home, killing(2))  # after the bytes were read, at the second row
        watch.forward(minutes=11)
    work(home)
    assert (job(home, job_id).state, job(home, job_id).fault) == ("failed", None)
    done = job(home, job_id).done
    assert done == 10
    assert len(told(home, job_id)) == done
    factories.act(home, jobs.retry, job_id)
    work(home)
    sound(home, job_id, 12)


def test_who_was_told_to_stop_leaves_the_job_as_it_was_and_no_attempt_counts(
    home: Installation, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_BATCH", 1)
    job_id = place(home, actor, table(12))

    def stopping() -> Callable[[], None]:
        left = iter(range(2))

        def pause() -> None:
            if next(left, None) is None:
                raise working.Stopped

        return pause

    for turn in range(1, 6):
        assert work(home, stopping()) == "import"
        now = job(home, job_id)
        assert (now.state, now.attempts, now.attempts - now.forgiven) == ("waiting", turn, 0)
    work(home)
    sound(home, job_id, 12)


def test_a_long_import_lets_others_work_in_between(
    home: Installation, actor: Actor, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_BATCH", 1)
    job_id = place(home, actor, table(4))
    with transaction(home.engine) as session:
        jobs.enqueue(session, "other", now=watch.forward(seconds=1))
    ran = []
    workshop = Workshop(home.engine, home.store, home.settings, home.repository_id, home.now, lambda: None, turn=0.0)
    table_ = {"import": workshop.fulfil, "other": lambda held: ran.append(held.id)}
    kinds = []
    watch.forward(seconds=1)
    while (kind := jobs.run_next(home.engine, table_, attempts=1, now=watch)) is not None:
        kinds.append(kind)
        watch.forward(seconds=1)
    assert kinds[:2] == ["import", "other"]
    assert kinds.count("import") == 5
    sound(home, job_id, 4)


# ── Cancelled, taken over ────────────────────────────────────────────────────────────────────────


def test_from_the_cancellation_on_nothing_more_is_done(
    home: Installation, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_BATCH", 2)
    job_id = place(home, actor, table(10))
    seen: list[int] = []

    def pause() -> None:
        now = job(home, job_id)
        if now.done == 4 and now.state == "running":
            factories.act(home, jobs.cancel, job_id, actor=actor)
            seen.append(sum(titles(home).values()))

    assert work(home, pause) == "import"
    ended = job(home, job_id)
    assert (ended.state, ended.done, ended.finished, ended.input) == ("cancelled", 4, home.now(), None)
    assert seen == [4]
    assert sum(titles(home).values()) == 4
    assert [one["row"] for one in told(home, job_id)] == [1, 2, 3, 4]
    assert work(home) is None
    with pytest.raises(Conflict, match=r"job\.finished"):
        factories.act(home, jobs.cancel, job_id)


def test_a_job_that_waits_is_cancelled_before_it_begins(home: Installation, actor: Actor) -> None:
    job_id = place(home, actor, table(2))
    factories.act(home, jobs.cancel, job_id, actor=actor)
    assert work(home) is None
    assert titles(home) == Counter()
    assert told(home, job_id) == []


def test_a_worker_that_overslept_writes_nothing_beside_the_next(
    home: Installation, actor: Actor, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_BATCH", 2)
    job_id = place(home, actor, table(8))
    others: list[Claim] = []

    def oversleep() -> None:
        if job(home, job_id).done == 4 and not others:
            watch.forward(minutes=11)
            taken = jobs.claim(home.engine, now=watch())
            assert taken is not None
            others.append(taken)

    work(home, oversleep)
    assert job(home, job_id).done == sum(titles(home).values()) == 4
    workshop = Workshop(home.engine, home.store, home.settings, home.repository_id, home.now, lambda: None)
    workshop.fulfil(others[0])
    sound(home, job_id, 8)


def test_only_those_who_may_cancel_or_try_again(home: Installation, actor: Actor) -> None:
    job_id = place(home, actor, table(1))
    colleague = factories.member(home, Role.REVIEWER)
    stranger = factories.member(home, Role.MANAGER, "school")
    for somebody in (colleague, stranger):
        with pytest.raises(NotFound, match=r"job\.unknown"):
            factories.act(home, jobs.cancel, job_id, actor=somebody)
    with pytest.raises(Forbidden):
        factories.act(home, jobs.retry, job_id, actor=actor)
    with pytest.raises(Conflict, match=r"job\.not-failed"):
        factories.act(home, jobs.retry, job_id)
    with pytest.raises(NotFound):
        factories.act(home, jobs.cancel, 999)


def test_a_failed_job_whose_work_waits_again_is_not_doubled(home: Installation, watch: Watch) -> None:
    with transaction(home.engine) as session:
        jobs.enqueue(session, "audit.seal", now=watch(), name="audit.seal")
    held = jobs.claim(home.engine, now=watch())
    assert held is not None
    jobs.fail(home.engine, held, "x", attempts=1, now=watch())
    with transaction(home.engine) as session:
        jobs.enqueue(session, "audit.seal", now=watch(), name="audit.seal")
    with pytest.raises(Conflict, match=r"job\.superseded"):
        factories.act(home, jobs.retry, held.id)


# ── Roles that change under way ──────────────────────────────────────────────────────────────────


def test_roles_taken_away_under_way_count_from_the_next_batch(
    home: Installation, actor: Actor, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_BATCH", 2)
    job_id = place(home, actor, table(6))

    def demote() -> None:
        if job(home, job_id).done == 2:
            with transaction(home.engine) as session:
                person = session.get_one(Person, actor.person_id)
                college = queries.institutions.by_slug(session, slug="college")
                assert college is not None
                accounts.grant(session, OPERATOR, person, college, Role.DEPOSITOR, now=watch())

    work(home, demote)
    rows = told(home, job_id)
    assert [one["status"] for one in rows] == ["created"] * 2 + ["failed"] * 4
    assert {one["problems"][0]["code"] for one in rows[2:]} == {"action.forbidden"}
    assert sum(titles(home).values()) == 2


# ── What is kept, and how long ───────────────────────────────────────────────────────────────────


def sweep(home: Installation, watch: Watch) -> None:
    later = watch() + timedelta(days=400)
    blobs.sweep(home.engine, home.store, now=later, grace=timedelta(0), wait=lambda: None)


def test_bytes_and_report_are_kept_as_long_as_somebody_needs_them(
    home: Installation, actor: Actor, watch: Watch
) -> None:
    job_id = place(home, actor, table(2))
    key = job(home, job_id).input
    sweep(home, watch)
    assert set(home.store.keys()) == {key}
    work(home)
    report = job(home, job_id).report
    sweep(home, watch)
    assert set(home.store.keys()) == {report}
    with transaction(home.engine) as session:
        jobs.forget_done(session, now=watch.forward(days=8))
    sweep(home, watch)
    assert set(home.store.keys()) == set()
    with reading(home.engine) as session:
        assert session.exec(select(Blob)).all() == []


def test_ended_jobs_are_forgotten_with_their_rows(home: Installation, actor: Actor, watch: Watch) -> None:
    cancelled, failed = place(home, actor, table(2)), place(home, actor, b"{}", form="zip")
    factories.act(home, jobs.cancel, cancelled)
    work(home)
    assert job(home, failed).state == "failed"
    with transaction(home.engine) as session:
        session.add(JobRow(job_id=cancelled, number=1, content="{}"))
    for days, left in ((8, [failed]), (23, [])):
        with transaction(home.engine) as session:
            jobs.forget_done(session, now=watch.forward(days=days))
        with reading(home.engine) as session:
            assert list(session.exec(select(Job.id))) == left
            assert session.exec(select(JobRow)).all() == []


def test_a_store_without_files_is_read_by_a_copy_that_goes_again(
    home: Installation, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = MemoryStore()
    stored = memory.put([table(3)])
    with transaction(home.engine) as session:
        wanted = Order("jsonl", "college", "lessons", publish=True)
        job_id = orders.place(session, actor, wanted, memory, stored, now=home.now()).id or 0
    before = set(home.settings.data.iterdir())
    work(home, store=memory)
    assert job(home, job_id).state == "done"
    assert set(home.settings.data.iterdir()) == before
    assert [one["status"] for one in reports.kept(memory, job(home, job_id).report or "")] == ["created"] * 3


def test_a_database_that_is_busy_is_tried_again_later(
    home: Installation, actor: Actor, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = place(home, actor, table(2))
    with monkeypatch.context() as patch:

        def busy(*_: object, **__: object) -> None:
            raise Unavailable("database.busy")

        patch.setattr(imports.Importer, "_deposit_each", busy)
        work(home)
    waiting = job(home, job_id)
    assert (waiting.state, waiting.fault) == ("waiting", {"code": "database.busy", "params": {}})
    watch.forward(minutes=1)
    work(home)
    sound(home, job_id, 2)


def test_a_defect_of_ours_is_told_to_nobody_but_administrators(
    home: Installation, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = place(home, actor, table(1))

    def broken(*_: object, **__: object) -> Iterator[Any]:
        raise ZeroDivisionError("the password is opensesame")

    monkeypatch.setattr(imports.Importer, "run", broken)
    work(home)
    now = job(home, job_id)
    assert (now.fault, "opensesame" in (now.error or "")) == (None, True)


def test_what_people_send_wrongly_is_no_matter_for_the_operator(home: Installation, actor: Actor, watch: Watch) -> None:
    place(home, actor, b"no zip", form="zip")
    assert work(home) == "import"
    with transaction(home.engine) as session:
        jobs.enqueue(session, "unknown", now=watch())
    assert work(home) == "unknown"
    while work(home) is not None or watch.forward(hours=1) < factories.START + timedelta(days=2):
        pass
    with reading(home.engine) as session:
        assert queries.jobs.counts(session) == {"failed": 2}
        assert queries.jobs.broken(session) == 1


def test_the_rows_of_a_report_carry_no_character_that_no_answer_could(home: Installation, actor: Actor) -> None:
    bad = [{"item": "a\0b\ud800\u202e", "record": RECORD}, {"path": "x\0\ud800", "record": RECORD},
           {"item": "c", "record": RECORD, "\ud800\0": 1, "a\u202eb": 2}]  # fmt: skip
    content = "".join(json.dumps(row) + "\n" for row in bad).encode()
    job_id = place(home, actor, content)
    work(home)
    assert job(home, job_id).state == "done"
    rows = told(home, job_id)
    assert len(rows) == 3
    text = json.dumps(rows, ensure_ascii=False)
    text.encode()
    assert not {"\0", "\u202e"} & set(text)
    assert (job(home, job_id).result or {})["ignored_columns"] == sorted(rows[2]["ignored"])


def test_a_table_without_rows_is_done_at_once_with_a_warning(home: Installation, actor: Actor) -> None:
    job_id = place(home, actor, b"\n")
    work(home)
    assert (job(home, job_id).state, job(home, job_id).total, told(home, job_id)) == ("done", 0, [])
    result = job(home, job_id).result or {}
    assert (result["warnings"], [problem["code"] for problem in result["problems"]]) == (1, ["import.no-rows"])


def test_unfinished_jobs_of_a_person_are_counted(home: Installation, actor: Actor) -> None:
    place(home, actor, table(1))
    with reading(home.engine) as session:
        assert queries.jobs.unfinished_of(session, person_id=actor.person_id, kind="import") == 1
        assert queries.jobs.unfinished_of(session, person_id=None, kind="import") == 0
        assert session.exec(select(sa.func.count()).where(col(Job.kind) == "import")).one() == 1
