"""Uses that wait in memory: written soon, kept while the database is away, and never in anybody's way."""

import logging
import time
from collections.abc import Callable

import pytest
from factories import published
from sqlmodel import select

from oer import tally, usage
from oer.db import reading
from oer.errors import Unavailable
from oer.installation import Installation
from oer.models import Resource, UsageDay
from oer.tally import Tally
from oer.usage import Use


@pytest.fixture
def lesson(home: Installation) -> int:
    published(home)
    with reading(home.engine) as session:
        return session.exec(select(Resource.id)).one() or 0


@pytest.fixture
def one(home: Installation, lesson: int) -> Callable[[], Use]:
    return lambda: Use("views", lesson, "", None, home.now())


def views(home: Installation) -> int:
    with reading(home.engine) as session:
        return sum(row.views for row in session.exec(select(UsageDay)))


def away(*_: object, **__: object) -> int:
    raise Unavailable("database.unreachable")


def test_uses_are_written_by_themselves(home: Installation, one: Callable[[], Use]) -> None:
    counting = Tally(home.engine, now=home.now, every=0.05)
    counting.start()
    for _ in range(3):
        counting.note(one())
    until = time.monotonic() + 10
    while views(home) < 3 and time.monotonic() < until:
        time.sleep(0.02)
    assert views(home) == 3
    counting.stop()


def test_what_waits_is_written_at_the_stop(home: Installation, one: Callable[[], Use]) -> None:
    counting = Tally(home.engine, now=home.now, every=3600.0)
    counting.start()
    counting.note(one())
    assert views(home) == 0
    counting.stop()
    assert views(home) == 1
    counting.stop()
    assert views(home) == 1, "and only once"


def test_to_note_asks_nothing_of_the_database(home: Installation, one: Callable[[], Use]) -> None:
    counting = Tally(home.engine, now=home.now)
    wanted = one()
    home.engine.dispose()
    held = [home.engine.connect() for _ in range(home.settings.database_pool)]
    began = time.monotonic()
    for _ in range(1000):
        counting.note(wanted)
    assert time.monotonic() - began < 1, "although no connection is free"
    for connection in held:
        connection.close()


def test_while_the_database_is_away_uses_wait(
    home: Installation, one: Callable[[], Use], monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Tally(home.engine, now=home.now)
    with monkeypatch.context() as broken:
        broken.setattr(usage, "count", away)
        for _ in range(3):
            counting.note(one())
            with pytest.raises(Unavailable):
                counting.flush()
    counting.note(one())
    counting.flush()
    assert views(home) == 4


def test_a_thread_that_finds_the_database_away_tries_again(
    home: Installation, one: Callable[[], Use], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tally, "_TROUBLE", 0.05)
    tried = []
    count = usage.count

    def at_the_third_try(*arguments: object, **named: object) -> int:
        tried.append(1)
        return away() if len(tried) < 3 else count(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(usage, "count", at_the_third_try)
    counting = Tally(home.engine, now=home.now, every=0.01)
    with caplog.at_level(logging.WARNING):
        counting.note(one())
        counting.start()
        until = time.monotonic() + 10
        while not views(home) and time.monotonic() < until:
            time.sleep(0.02)
        counting.stop()
    assert views(home) == 1
    assert "the counting of uses pauses" in caplog.messages


def test_no_more_wait_than_there_is_room_for(
    home: Installation, one: Callable[[], Use], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    counting = Tally(home.engine, now=home.now, room=5)
    with monkeypatch.context() as broken:
        broken.setattr(usage, "count", away)
        for _ in range(3):
            for _ in range(4):
                counting.note(one())
            with pytest.raises(Unavailable):
                counting.flush()
    with caplog.at_level(logging.WARNING):
        counting.flush()
    assert views(home) == 5
    assert any("too many wait" in message for message in caplog.messages)


def test_a_batch_that_is_a_defect_of_ours_does_not_stop_all_that_follow(
    home: Installation, one: Callable[[], Use], monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Tally(home.engine, now=home.now)
    with monkeypatch.context() as broken:
        broken.setattr(usage, "count", lambda *_, **__: 1 // 0)
        counting.note(one())
        with pytest.raises(ZeroDivisionError):
            counting.flush()
    counting.note(one())
    counting.flush()
    assert views(home) == 1


def test_a_stop_without_a_database_ends_all_the_same(
    home: Installation, one: Callable[[], Use], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(usage, "count", away)
    counting = Tally(home.engine, now=home.now)
    counting.note(one())
    with caplog.at_level(logging.WARNING):
        counting.stop()
    assert "uses were not counted" in caplog.messages
