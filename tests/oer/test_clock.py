import time
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from factories import START, opened, undone

from oer import queries
from oer.db import reading, transaction
from oer.errors import Unavailable
from oer.exposure import clock
from oer.exposure.clock import Tick


def step(home, count: int = 1) -> Tick:
    with transaction(home.engine) as session:
        return clock.step(session, count, now=home.now())


def shown(home) -> tuple[int, int, object]:
    with reading(home.engine) as session:
        row = queries.records.clock(session)
        return row.change, row.revision, row.stamp


def test_a_new_clock_stands_at_zero_and_its_first_start(home):
    assert shown(home) == (0, 0, START)


def test_a_step_takes_the_next_number_and_the_whole_second(home, watch):
    watch.forward(seconds=10, microseconds=999_999)
    assert step(home) == Tick(first=1, revision=1, stamp=START + timedelta(seconds=10))
    assert shown(home) == (1, 1, START + timedelta(seconds=10))


def test_a_batch_takes_one_step_of_n(home):
    assert step(home, 5).first == 1
    assert step(home, 1).first == 6
    assert step(home, 3).first == 7
    assert shown(home)[:2] == (9, 9)


def test_stamps_never_fall_when_the_time_steps_back(home, watch):
    watch.forward(minutes=10)
    high = step(home).stamp
    watch.forward(hours=-5)
    assert step(home) == Tick(first=2, revision=2, stamp=high)
    watch.forward(hours=5, seconds=1)
    assert step(home) == Tick(first=3, revision=3, stamp=high + timedelta(seconds=1))


def test_a_step_that_is_undone_is_taken_by_the_next(home):
    with undone(home) as session:
        assert clock.step(session, 4, now=START).first == 1
    assert shown(home)[0] == 0
    assert step(home).first == 1


def test_any_zone_gives_the_same_second(home):
    with transaction(home.engine) as session:
        tick = clock.step(session, now=(START + timedelta(hours=1)).astimezone(ZoneInfo("Africa/Tunis")))
    assert tick.stamp == START + timedelta(hours=1)
    assert tick.stamp.utcoffset() == timedelta(0)


def test_a_refresh_moves_the_stamp_and_no_number(home, watch):
    step(home)
    watch.forward(minutes=1, microseconds=5)
    clock.refresh(home.engine, now=watch(), seen=START)
    assert shown(home) == (1, 1, START + timedelta(minutes=1))


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(milliseconds=999), timedelta(hours=-3)])
def test_a_refresh_within_the_second_or_from_the_past_does_nothing(home, ahead):
    clock.refresh(home.engine, now=START + ahead, seen=START)
    clock.refresh(home.engine, now=START + ahead, seen=START - timedelta(days=1))  # read long ago
    assert shown(home)[2] == START


def test_a_refresh_never_waits_for_a_publication(home, watch):
    watch.forward(minutes=1)
    with transaction(home.engine) as session:
        clock.step(session, now=START + timedelta(seconds=5))
        began = time.monotonic()
        clock.refresh(home.engine, now=watch(), seen=START)
        assert time.monotonic() - began < 2
    assert shown(home)[2] == START + timedelta(seconds=5)
    clock.refresh(home.engine, now=watch(), seen=START)
    assert shown(home)[2] == watch()


def test_a_refresh_after_reading_on_the_same_connection_still_writes(tmp_path, watch):
    with opened(tmp_path / "one", now=watch, database_pool=1) as home:
        for _ in range(3):
            before = shown(home)[2]
            clock.refresh(home.engine, now=watch.forward(seconds=1), seen=before)
            assert shown(home)[2] == watch()
        step(home)


def test_the_connection_of_a_refresh_waits_again_for_others_afterwards(home, watch):
    if home.engine.dialect.name != "sqlite":
        pytest.skip("a pragma of SQLite")
    clock.refresh(home.engine, now=watch.forward(seconds=5), seen=START)
    with reading(home.engine) as session:
        assert session.connection().exec_driver_sql("PRAGMA busy_timeout").scalar() == 20_000


def test_a_refresh_without_a_free_connection_is_unavailable(tmp_path, watch):
    with opened(tmp_path / "one", now=watch, database_pool=1) as home:
        home.engine.pool._timeout = 0.02
        with reading(home.engine) as session:
            queries.records.clock(session)
            with pytest.raises(Unavailable):
                clock.refresh(home.engine, now=watch.forward(seconds=5), seen=START)
