"""Fifty at once: one wins, all others are told why in a code that they can act on."""

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2
import pytest
import soundness
import sqlalchemy as sa
from factories import START, drafted, opened, published, record
from fault_counts import TIMEOUT, count
from sqlalchemy.engine import Engine
from sqlmodel import select

from oer import blobs, deposits, installation, publishing
from oer.db import reading, transaction
from oer.errors import Conflict, NotFound, OerError, Stale
from oer.installation import Installation
from oer.models import Blob, Draft, Version
from oer.policy import OPERATOR
from oer.settings import Settings

pytestmark = pytest.mark.timeout(TIMEOUT)

Outcome = Any  # what a call gave, or the exception that it raised


def at_once(number: int, call: Callable[[int], Any]) -> list[Outcome]:
    """The outcomes of ``call(0)``, ``call(1)`` …, all let go at the same moment."""
    start = threading.Barrier(number)

    def one(index: int) -> Outcome:
        start.wait(30)
        try:
            return call(index)
        except Exception as error:
            return error

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


def publish_with(engine: Engine, home: Installation, public_id: str) -> int:
    with transaction(engine) as session:
        made = publishing.publish(session, OPERATOR, public_id, repository_id=home.repository_id, now=home.now())
        return made.number


def numbers(home: Installation) -> list[int]:
    with reading(home.engine) as session:
        return sorted(session.exec(select(Version.number)).all())


def won(outcomes: list[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if not isinstance(outcome, Exception)]


def lost(outcomes: list[Outcome]) -> list[Exception]:
    return [outcome for outcome in outcomes if isinstance(outcome, Exception)]


TOLD = {"draft.unknown", "transition.impossible"}  # what those are told who come too late to publish


def codes(outcomes: list[Outcome]) -> set[str]:
    return {getattr(error, "code", repr(error)) for error in lost(outcomes)}


def without_transactions(home: Installation, stack: ExitStack) -> Engine:
    """The same database with every statement on its own: no lock lives to the commit."""
    if home.engine.dialect.name == "postgresql":
        return home.engine.execution_options(isolation_level="AUTOCOMMIT")
    engine = sa.create_engine(
        home.settings.database_url,
        module=pysqlite3.dbapi2,
        isolation_level="AUTOCOMMIT",
        poolclass=sa.pool.QueuePool,
        pool_size=50,
        connect_args={"check_same_thread": False, "timeout": 20},
    )
    stack.callback(engine.dispose)
    return engine


def test_fifty_publishes_of_one_draft_make_one_version(tmp_path: Path) -> None:
    with opened(tmp_path, database_pool=50) as home:
        for _ in range(count(1, 10)):
            public_id = drafted(home)
            before = len(numbers(home))
            outcomes = at_once(50, lambda _, public_id=public_id: publish_with(home.engine, home, public_id))
            assert won(outcomes) == [1]
            assert {type(error) for error in lost(outcomes)} <= {NotFound, Conflict}
            assert codes(outcomes) <= TOLD
            assert len(numbers(home)) == before + 1
        assert soundness.faults(home) == []


def test_fifty_processes_publishing_one_draft_make_one_version(tmp_path: Path) -> None:
    with opened(tmp_path) as home:
        public_id = drafted(home)
        home.engine.dispose()  # a connection must not be carried into another process
        world = multiprocessing.get_context("fork")
        processes = count(10, 50)
        start, results = world.Barrier(processes), world.SimpleQueue()
        running = [
            world.Process(target=_publish_in_process, args=(home.settings, public_id, start, results))
            for _ in range(processes)
        ]
        for process in running:
            process.start()
        said = [results.get() for _ in running]
        for process in running:
            process.join(30)
            assert process.exitcode == 0
        results.close()
        assert said.count("published 1") == 1
        assert set(said) <= {"published 1", *TOLD}
        assert numbers(home) == [1]
        assert soundness.faults(home) == []


def _publish_in_process(settings: Settings, public_id: str, start: Barrier, results: Any) -> None:
    home = installation.open_installation(settings)
    start.wait(60)
    try:
        results.put(f"published {publish_with(home.engine, home, public_id)}")
    except OerError as error:
        results.put(error.code)
    except Exception as error:
        results.put(repr(error))
    home.close()


def test_without_a_transaction_the_losers_meet_a_constraint_or_win_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(8)
    checked = deposits.require_publishable

    def slowly(*arguments: Any) -> Any:
        together.wait(20)
        return checked(*arguments)

    with opened(tmp_path, database_pool=50) as home, ExitStack() as stack:
        public_id = drafted(home)
        loose = without_transactions(home, stack)
        monkeypatch.setattr(deposits, "require_publishable", slowly)
        outcomes = at_once(8, lambda _: publish_with(loose, home, public_id))
    assert len(won(outcomes)) != 1 or not codes(outcomes) <= TOLD


def test_fifty_first_uploads_of_the_same_bytes_share_them(tmp_path: Path) -> None:
    with opened(tmp_path, database_pool=50) as home:
        places = [drafted(home, files={}) for _ in range(50)]

        def upload(index: int) -> str:
            received = deposits.receive(home.store, [b"the same " * 1000], name="a.txt", limit=10**6)
            with transaction(home.engine) as session:
                file = deposits.attach(
                    session,
                    OPERATOR,
                    places[index],
                    home.store,
                    received.stored,
                    name="a.txt",
                    media_type=received.media_type,
                    limits=home.settings,
                    now=home.now(),
                )
                return file.key

        outcomes = at_once(50, upload)
        assert lost(outcomes) == []
        assert len(set(outcomes)) == 1
        with reading(home.engine) as session:
            assert session.exec(select(Blob.key)).all() == outcomes[:1]
        assert soundness.kept(home.store, outcomes)
        assert soundness.faults(home) == []


def test_fifty_uploads_to_one_draft_under_one_name_leave_one_file(tmp_path: Path) -> None:
    with opened(tmp_path, database_pool=50) as home:
        public_id = drafted(home, files={})

        def upload(index: int) -> str:
            stored = home.store.put([b"number %d" % index])
            with transaction(home.engine) as session:
                deposits.attach(
                    session,
                    OPERATOR,
                    public_id,
                    home.store,
                    stored,
                    name="a.txt",
                    media_type="text/plain",
                    limits=home.settings,
                    now=home.now(),
                )
            return stored.key

        outcomes = at_once(50, upload)
        [winner] = won(outcomes)
        assert codes(outcomes) == {"file.name-taken"}
        with reading(home.engine) as session:
            assert soundness.referenced(session) == {winner}
        blobs.sweep(home.engine, home.store, now=home.now(), grace=timedelta(0), wait=lambda: None)
        assert soundness.kept(home.store, [winner])


def test_twenty_revisions_at_once_open_one_draft(tmp_path: Path) -> None:
    with opened(tmp_path, database_pool=20) as home:
        public_id = published(home)

        def revise(_: int) -> int:
            with transaction(home.engine) as session:
                return deposits.revise(session, OPERATOR, public_id, now=home.now()).draft.based_on

        outcomes = at_once(20, revise)
        assert won(outcomes) == [1]
        assert codes(outcomes) == {"draft.exists"}
        with reading(home.engine) as session:
            assert len(session.exec(select(Draft)).all()) == 1


def saves(engine: Engine, home: Installation, public_id: str, number: int) -> list[Outcome]:
    """That many saves that all have read the same state of the draft."""
    with reading(home.engine) as session:
        seen = session.exec(select(Draft.lock)).one()

    def save(index: int) -> str:
        with transaction(engine) as session:
            described = record(f"العنوان {index}")
            deposits.save(session, OPERATOR, public_id, described, expected=seen, now=START)
            return described.title[0].value

    return at_once(number, save)


def test_of_twenty_saves_of_the_same_state_one_is_kept(tmp_path: Path) -> None:
    with opened(tmp_path, database_pool=20) as home:
        public_id = drafted(home)
        outcomes = saves(home.engine, home, public_id, 20)
        [winner] = won(outcomes)
        assert {type(error) for error in lost(outcomes)} == {Stale}
        with reading(home.engine) as session:
            assert session.exec(select(Draft)).one().description().title[0].value == winner


def test_without_a_transaction_saves_overwrite_one_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together, step = threading.Barrier(8), deposits.step

    def slowly(*arguments: Any, **named: Any) -> Any:
        together.wait(20)
        return step(*arguments, **named)

    monkeypatch.setattr(deposits, "step", slowly)
    with opened(tmp_path, database_pool=20) as home, ExitStack() as stack:
        public_id = drafted(home, files={})
        outcomes = saves(without_transactions(home, stack), home, public_id, 8)
        assert len(won(outcomes)) > 1
