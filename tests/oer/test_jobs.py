import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from factories import START, undone
from sqlmodel import select

from oer import jobs, queries
from oer.db import reading, transaction
from oer.models import Job


def enqueue(home, kind: str = "note", **named) -> None:
    with transaction(home.engine) as session:
        jobs.enqueue(session, kind, now=home.now(), **named)


def all_jobs(home) -> list[Job]:
    with reading(home.engine) as session:
        return list(session.exec(select(Job).order_by(Job.id)).all())


def run(home, handlers, *, attempts: int = 3) -> str | None:
    return jobs.run_next(home.engine, handlers, attempts=attempts, now=home.now)


# ── enqueueing ──────────────────────────────────────────────────────────────────────────────────


def test_a_job_comes_with_the_transaction_that_asked_for_it(home):
    with undone(home) as session:
        jobs.enqueue(session, "note", now=START)
    assert all_jobs(home) == []
    with transaction(home.engine) as session:
        jobs.enqueue(session, "note", {"نص": [1, None]}, now=START)
        with reading(home.engine) as other:
            assert other.exec(select(Job)).all() == []  # nobody sees it before the commit
    (job,) = all_jobs(home)
    assert (job.kind, job.payload, job.state, job.attempts) == ("note", {"نص": [1, None]}, "waiting", 0)


def test_a_name_is_borne_by_one_unfinished_job(home):
    for number in range(2):
        enqueue(home, payload={"number": number}, name="only")
        enqueue(home, name="another")
        enqueue(home)  # without a name as many as one likes
    assert sorted(job.name or "-" for job in all_jobs(home)) == ["-", "-", "another", "only"]
    held = jobs.claim(home.engine, now=START)
    assert held is not None
    assert held.payload == {"number": 0}
    enqueue(home, name="only")  # running is unfinished too
    assert len(all_jobs(home)) == 4
    jobs.finish(home.engine, held, now=START)
    enqueue(home, name="only")
    assert len(all_jobs(home)) == 5


def test_a_taken_name_does_not_spoil_the_callers_transaction(home):
    enqueue(home, name="only")
    with transaction(home.engine) as session:
        jobs.enqueue(session, "note", now=START, name="only")
        jobs.enqueue(session, "other", now=START)
    assert [job.kind for job in all_jobs(home)] == ["note", "other"]


# ── claiming ────────────────────────────────────────────────────────────────────────────────────


def test_the_oldest_due_job_comes_first_and_none_before_its_time(home, watch):
    enqueue(home, "late", due=START + timedelta(hours=2))
    enqueue(home, "soon", due=START + timedelta(hours=1))
    assert jobs.claim(home.engine, now=watch()) is None
    watch.forward(hours=1)
    assert jobs.claim(home.engine, now=watch()).kind == "soon"
    assert jobs.claim(home.engine, now=watch()) is None
    watch.forward(hours=1)
    enqueue(home, "newest")
    kinds = [jobs.claim(home.engine, now=watch()).kind for _ in range(2)]
    assert kinds == ["soon", "late"]  # the lease of the first has run out meanwhile, and it is the oldest


def test_a_claimed_job_is_nobody_elses_until_its_lease_runs_out(home, watch):
    enqueue(home)
    first = jobs.claim(home.engine, now=watch())
    assert first.attempt == 1
    watch.forward(seconds=jobs.LEASE.total_seconds())
    assert jobs.claim(home.engine, now=watch()) is None
    watch.forward(seconds=1)
    second = jobs.claim(home.engine, now=watch())
    assert (second.id, second.attempt) == (first.id, 2)


def test_who_overslept_its_lease_ends_nothing(home, watch):
    enqueue(home)
    slow = jobs.claim(home.engine, now=watch())
    watch.forward(seconds=jobs.LEASE.total_seconds() + 1)
    quick = jobs.claim(home.engine, now=watch())
    jobs.finish(home.engine, slow, now=watch())
    jobs.fail(home.engine, slow, "late", attempts=1, now=watch())
    (job,) = all_jobs(home)
    assert (job.state, job.attempts, job.error) == ("running", 2, None)
    jobs.finish(home.engine, quick, now=watch())
    jobs.fail(home.engine, quick, "too late", attempts=1, now=watch())
    (job,) = all_jobs(home)
    assert (job.state, job.finished, job.error, job.lease) == ("done", watch(), None, None)


def test_two_workers_never_run_one_job_at_the_same_time(home):
    for number in range(20):
        enqueue(home, payload={"number": number})
    ran: list[int] = []
    now_running: set[int] = set()
    lock = threading.Lock()

    def note(payload) -> None:
        number = payload["number"]
        with lock:
            assert number not in now_running
            now_running.add(number)
        with reading(home.engine) as session:  # long enough for the others to come by
            queries.jobs.counts(session)
        with lock:
            now_running.discard(number)
            ran.append(number)

    def work() -> None:
        while run(home, {"note": note}) is not None:
            pass

    with ThreadPoolExecutor(4) as workers:
        for done in [workers.submit(work) for _ in range(4)]:
            done.result(60)
    while run(home, {"note": note}) is not None:  # SKIP LOCKED may let the last ones go home early
        pass
    assert sorted(ran) == list(range(20))
    assert {job.attempts for job in all_jobs(home)} == {1}


def test_a_worker_does_not_wait_for_a_job_that_another_is_taking(home):
    if home.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time: claims queue for a moment")
    enqueue(home, "first")
    enqueue(home, "second")
    with transaction(home.engine) as session:
        assert queries.jobs.next_due(session, now=START).kind == "first"
        assert jobs.claim(home.engine, now=START).kind == "second"


# ── failing ─────────────────────────────────────────────────────────────────────────────────────


def test_a_failed_job_is_tried_again_each_time_later_and_then_set_aside(home, watch):
    enqueue(home)
    waits = []
    for attempt in range(1, 5):
        held = jobs.claim(home.engine, now=watch())
        assert held.attempt == attempt
        aside = jobs.fail(home.engine, held, f"error {attempt}", attempts=4, now=watch())
        (job,) = all_jobs(home)
        assert aside is (attempt == 4)
        assert job.error == f"error {attempt}"
        if not aside:
            assert jobs.claim(home.engine, now=job.due - timedelta(seconds=1)) is None
            waits.append((job.due - watch()).total_seconds())
            watch.moment = job.due
    assert waits == [10, 40, 160]
    assert (job.state, job.finished) == ("failed", watch())
    assert jobs.claim(home.engine, now=watch.forward(days=365)) is None


def test_a_job_that_is_set_aside_frees_its_name(home, watch):
    enqueue(home, name="only")
    jobs.fail(home.engine, jobs.claim(home.engine, now=watch()), "x", attempts=1, now=watch())
    enqueue(home, name="only")
    assert [job.state for job in all_jobs(home)] == ["failed", "waiting"]


@pytest.mark.parametrize("words", ["\0", "\ud800", "x" * 10_000, "نص\x1b[31m", ""])
def test_a_poison_job_never_stops_the_queue(home, words):
    def poison(_payload):
        raise ValueError(words)

    enqueue(home, "poison")
    enqueue(home, "unknown kind")
    enqueue(home, "good")
    seen = []
    handlers = {"poison": poison, "good": seen.append}
    assert [run(home, handlers, attempts=1) for _ in range(4)] == ["poison", "unknown kind", "good", None]
    states = {job.kind: job for job in all_jobs(home)}
    assert [states[kind].state for kind in ("poison", "unknown kind", "good")] == ["failed", "failed", "done"]
    assert states["poison"].error.startswith("ValueError: ")
    assert len(states["poison"].error) < 2100
    assert "unknown kind" in states["unknown kind"].error
    assert seen == [{}]


def test_a_job_that_kills_its_worker_each_time_is_set_aside_too(home, watch):
    enqueue(home, "deadly")
    ran = []

    def deadly(_payload):
        ran.append(watch())
        raise SystemExit

    for _ in range(3):
        with pytest.raises(SystemExit):
            run(home, {"deadly": deadly})
        watch.forward(minutes=11)
    assert run(home, {"deadly": deadly}) == "deadly"
    assert len(ran) == 3
    (job,) = all_jobs(home)
    assert (job.state, job.error is not None) == ("failed", True)
    assert run(home, {"deadly": deadly}) is None


def test_a_job_that_succeeds_after_errors_forgets_them(home, watch):
    enqueue(home)
    outcomes = iter([ValueError("once"), None])

    def unsteady(_payload):
        if (outcome := next(outcomes)) is not None:
            raise outcome

    run(home, {"note": unsteady})
    watch.forward(minutes=1)
    run(home, {"note": unsteady})
    (job,) = all_jobs(home)
    assert (job.state, job.error, job.attempts) == ("done", None, 2)


def test_done_jobs_are_forgotten_after_a_week_and_failed_ones_never(home, watch):
    enqueue(home)
    enqueue(home, "broken")
    run(home, {"note": lambda _: None}, attempts=1)
    run(home, {}, attempts=1)
    enqueue(home, "waiting", due=START + timedelta(days=30))
    for days, left in ((7, ["note", "broken", "waiting"]), (1, ["broken", "waiting"])):
        with transaction(home.engine) as session:
            jobs.forget_done(session, now=watch.forward(days=days))
        assert [job.kind for job in all_jobs(home)] == left


def test_jobs_are_counted_by_state(home):
    enqueue(home)
    enqueue(home)
    jobs.claim(home.engine, now=START)
    with reading(home.engine) as session:
        assert queries.jobs.counts(session) == {"waiting": 1, "running": 1}


def test_a_long_job_keeps_its_lease(home, monkeypatch):
    monkeypatch.setattr(jobs, "LEASE", timedelta(seconds=0.3))
    enqueue(home)
    seen = []
    renewed = threading.Event()

    def lease() -> None:
        (job,) = all_jobs(home)
        seen.append(job.lease)

    def handler(_payload) -> None:
        lease()
        for _ in range(200):
            home.now.forward(seconds=1)
            if renewed.wait(0.05):
                break
            lease()
            if seen[-1] > seen[0]:
                renewed.set()

    assert run(home, {"note": handler}) == "note"
    assert renewed.is_set()
    assert [job.state for job in all_jobs(home)] == ["done"]


def test_a_failing_job_says_so_in_the_log(home, caplog):
    enqueue(home)
    run(home, {}, attempts=1)
    (entry,) = [entry for entry in caplog.records if entry.name == "oer.jobs"]
    assert (entry.levelname, entry.kind, entry.attempt) == ("ERROR", "note", 1)
    assert "no handler" in entry.error
