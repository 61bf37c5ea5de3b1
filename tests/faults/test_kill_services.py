"""``kill -9`` during first starts, publications, withdrawals and the worker's renderings."""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import soundness
from databases import database
from factories import opened, published, record
from fault_counts import TIMEOUT, count
from killing import Say, duration, forked
from sqlmodel import select

from metadata.crosswalks import FORMATS
from oer import deposits, installation, publishing, working
from oer.db import reading, transaction
from oer.exposure import renderings
from oer.installation import Installation
from oer.models import Job, OaiRecord, Rendering, Resource
from oer.policy import OPERATOR
from oer.settings import Settings

pytestmark = pytest.mark.timeout(TIMEOUT)


@contextmanager
def reopened(settings: Settings) -> Iterator[Installation]:
    """As a new process would open it, which must not take long."""
    began = time.monotonic()
    again = installation.open_installation(settings)
    try:
        assert time.monotonic() - began < 10
        yield again
    finally:
        again.close()


# ── First start ──────────────────────────────────────────────────────────────────────────────────


def start(settings: Settings) -> Callable[[Say], None]:
    def work(say: Say) -> None:
        found = installation.open_installation(settings)
        say(found.repository_id)
        found.close()

    return work


def test_a_first_start_killed_anywhere_is_no_obstacle_to_the_next(tmp_path: Path) -> None:
    rounds, finished, typical = count(8, 50), 0, 0.0
    for number in range(rounds + 1):
        folder = tmp_path / str(number)
        folder.mkdir()
        with database(folder) as url:
            settings = Settings(data=folder, database_url=url)
            if number == 0:
                typical = duration(start(settings))
            else:
                # Killed twice: the second start, which is to clear up, may die as well.
                finished += bool(forked(start(settings), kill_after=random.uniform(0, typical * 1.1)))
                forked(start(settings), kill_after=random.uniform(0, typical))
            with reopened(settings) as home:
                secret = home.secret
                published(home)
                assert soundness.faults(home) == []
            with reopened(settings) as again:
                assert again.secret == secret
    print(f"{rounds} first starts of {typical:.2f} s killed, {finished} had just finished")
    assert finished < rounds


# ── Publishing and withdrawing ───────────────────────────────────────────────────────────────────


def changes(settings: Settings, known: list[str], chance: random.Random) -> Callable[[Say], None]:
    """Withdraw, restore, and publish new versions for ever; say what is tried, and what came of it."""

    def work(say: Say) -> None:
        home = installation.open_installation(settings)
        while True:
            public_id = chance.choice(known)
            say(f"try {public_id}")
            with transaction(home.engine) as session:
                resource, _ = deposits.held(session, public_id)
                named = {"repository_id": home.repository_id, "now": home.now()}
                if resource.state == "withdrawn":
                    publishing.restore(session, OPERATOR, public_id, **named)
                elif chance.random() < 0.5:
                    publishing.withdraw(session, OPERATOR, public_id, reason="error", **named)
                else:
                    deposits.revise(session, OPERATOR, public_id, now=home.now())
                    described = record(f"الدرس {os.urandom(4).hex()}")
                    deposits.save(session, OPERATOR, public_id, described, now=home.now())
                    publishing.publish(session, OPERATOR, public_id, **named)
                told = f"{public_id} {resource.state} {resource.number}"
            say(f"done {told}")

    return work


def states(home: Installation) -> dict[str, str]:
    with reading(home.engine) as session:
        return {each.public_id: f"{each.state} {each.number}" for each in session.exec(select(Resource))}


def test_publications_and_withdrawals_killed_anywhere_happen_or_do_not(tmp_path: Path) -> None:
    chance, done = random.Random(), 0
    with opened(tmp_path) as home:
        known = [published(home) for _ in range(5)]
        expected = states(home)
        home.engine.dispose()
        for _ in range(count(15, 150)):
            lines = forked(changes(home.settings, known, chance), kill_after=chance.uniform(0, 0.25))
            chance.random()  # the child had a copy: another course next time
            under_way = None
            for line in lines:
                word, public_id, *rest = line.split()
                under_way = public_id if word == "try" else None
                if word == "done":
                    expected[public_id] = " ".join(rest)
                    done += 1
            with reopened(home.settings) as again:
                found = states(again)
                if under_way:  # done but not yet said, or undone
                    expected[under_way] = found[under_way]
                assert found == expected
                assert soundness.faults(again) == []
    print(f"{done} changes acknowledged and all kept")
    assert done


# ── The worker ───────────────────────────────────────────────────────────────────────────────────


def test_renderings_killed_anywhere_catch_up_without_doubles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderings, "BATCH", 5)
    with opened(tmp_path) as home:
        known = [published(home) for _ in range(count(20, 60))]

        def work(say: Say) -> None:
            found = installation.open_installation(home.settings)
            while renderings.catch_up(found.engine, found.issuer):
                say("batch")

        for _ in range(count(15, 100)):
            with transaction(home.engine) as session:
                public_id = random.choice(known)
                deposits.revise(session, OPERATOR, public_id, now=home.now())
                deposits.save(session, OPERATOR, public_id, record(os.urandom(4).hex()), now=home.now())
                named = {"repository_id": home.repository_id, "now": home.now()}
                publishing.publish(session, OPERATOR, public_id, **named)
            home.engine.dispose()
            forked(work, kill_after=random.uniform(0, 0.06))
        home.engine.dispose()
        forked(work, kill_after=None)
        with reading(home.engine) as session:
            assert renderings.behind(session, home.issuer) == 0
            live = session.exec(select(OaiRecord.resource_id, OaiRecord.change)).all()
            kept = {(each.resource_id, each.prefix): each for each in session.exec(select(Rendering))}
            assert set(kept) == {(resource_id, prefix) for resource_id, _ in live for prefix in FORMATS}
            for prefix, format_ in FORMATS.items():
                numbers = [resource_id for resource_id, _ in live]
                made = renderings.render(session, format_, numbers, issuer=home.issuer)
                for resource_id, change in live:
                    assert kept[resource_id, prefix].content == made[resource_id]
                    assert kept[resource_id, prefix].change == change


def test_a_worker_killed_anywhere_leaves_its_jobs_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "_SETTLE", 0.02)
    drained = 0
    # More attempts than kills: a job whose worker ends during each of them is set aside, which is another rule.
    with opened(tmp_path, sweep_grace_hours=0, job_attempts=100) as home:
        published(home)
        orphan = home.store.put([b"nobody's"])
        later = home.now()

        def work(say: Say) -> None:
            found = installation.open_installation(home.settings, now=lambda: later)
            working.schedule(found)
            working.drain(found)
            say("drained")

        home.engine.dispose()
        for kill_after in [random.uniform(0, 0.2) for _ in range(count(8, 60))] + [None]:
            # The lease of the killed has ended, and everything that recurs is due.
            later += 2 * max(working.RECURRING.values())
            drained += bool(forked(work, kill_after=kill_after))
        with reopened(home.settings) as again:
            assert soundness.faults(again) == []
            assert orphan.key not in set(again.store.keys())
            with reading(again.engine) as session:
                states = set(session.exec(select(Job.state)).all())
                assert states <= {"done", "waiting"}
    print(f"the worker came to its end {drained} times")
