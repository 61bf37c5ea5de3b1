from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import select

from oer import attempts
from oer.db import reading, transaction
from oer.errors import TooMany
from oer.models import Attempt

WINDOW = timedelta(minutes=15)
SECRET = b"of this installation"
SUBJECT = attempts.subject(SECRET, "account", "amina@example.org")


def take(home, subject=SUBJECT, *, most=3):
    with transaction(home.engine) as session:
        attempts.take(session, subject, most=most, window=WINDOW, now=home.now())


def counts(home):
    with reading(home.engine) as session:
        return {row.subject: row.count for row in session.exec(select(Attempt))}


def test_after_so_many_tries_one_waits_until_the_window_is_over(home, watch):
    take(home)
    watch.forward(minutes=5)
    take(home)
    take(home)
    for minutes, seconds in ((0, 600), (4, 360), (5, 60)):
        watch.forward(minutes=minutes)
        with pytest.raises(TooMany) as caught:
            take(home)
        assert (caught.value.code, caught.value.params) == ("sign-in.too-many", {"seconds": seconds})
    assert counts(home) == {SUBJECT: 3}  # refused tries do not count: waiting helps
    watch.forward(minutes=1)
    take(home)
    assert counts(home) == {SUBJECT: 1}


def test_subjects_are_counted_apart_and_kept_as_hashes(home):
    other = attempts.subject(SECRET, "account", "other@example.org")
    network = attempts.subject(SECRET, "network", "amina@example.org")
    for _ in range(3):
        take(home)
    take(home, other)
    take(home, network)
    assert counts(home) == {SUBJECT: 3, other: 1, network: 1}
    assert not any("amina" in subject for subject in counts(home))
    assert attempts.subject(b"of another", "account", "amina@example.org") != SUBJECT
    assert attempts.subject(SECRET, "account", "\ud800") != SUBJECT


def test_whoever_is_proved_begins_anew(home):
    for _ in range(3):
        take(home)
    with transaction(home.engine) as session:
        attempts.clear(session, SUBJECT)
    take(home)
    assert counts(home) == {SUBJECT: 1}


def test_a_try_that_did_not_fail_is_given_back_and_no_more(home):
    take(home)
    for _ in range(2):
        with transaction(home.engine) as session:
            attempts.give_back(session, SUBJECT)
    assert counts(home) == {SUBJECT: 0}


def test_a_clock_that_was_set_back_locks_nobody_out(home, watch):
    watch.forward(days=2)
    for _ in range(3):
        take(home)
    watch.forward(minutes=-10)
    with pytest.raises(TooMany) as caught:
        take(home)
    assert caught.value.params["seconds"] <= WINDOW.total_seconds()
    watch.forward(days=-1)
    take(home)
    assert counts(home) == {SUBJECT: 1}


def test_what_counts_no_more_is_forgotten(home, watch):
    take(home)
    watch.forward(minutes=10)
    take(home, "another")
    watch.forward(minutes=5)
    with transaction(home.engine) as session:
        attempts.forget(session, window=WINDOW, now=home.now())
    assert set(counts(home)) == {"another"}


def test_many_at_once_let_no_more_through_than_one(home):
    def knock(_):
        try:
            take(home, most=5)
        except TooMany:
            return 0
        return 1

    with ThreadPoolExecutor(8) as crowd:
        assert sum(crowd.map(knock, range(24))) == 5
    assert counts(home) == {SUBJECT: 5}
