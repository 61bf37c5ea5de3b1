import hashlib
from contextlib import suppress
from datetime import timedelta

import pytest
import snapshots
from factories import START, institution, member, person
from sqlmodel import select

from oer import accounts, institutions, sessions
from oer.db import reading, transaction
from oer.errors import Unauthenticated
from oer.models import BrowserSession, Person
from oer.policy import OPERATOR
from oer.workflow import Role

MONTH = timedelta(days=30)


def started(home, who=None):
    with transaction(home.engine) as session:
        somebody = session.get(Person, who.id) if who is not None else person(session)
        made, secret = sessions.start(session, somebody, lifetime=MONTH, now=home.now())
    return made, secret


def is_open(home, secret):
    with reading(home.engine) as session, suppress(Unauthenticated):
        accounts.actor_by_session(session, secret, now=home.now())
        return True
    return False


def test_a_cookie_speaks_for_its_person_with_the_roles_of_now(home):
    made, secret = started(home)
    with transaction(home.engine) as session:
        college = institution(session)
        accounts.grant(session, OPERATOR, session.get(Person, made.person_id), college, Role.REVIEWER, now=home.now())
    assert not is_open(home, secret)  # a role that changes ends it; a new one has the new role
    _, secret = started(home, session_person(home, made))
    with reading(home.engine) as session:
        actor = accounts.actor_by_session(session, secret, now=home.now())
    assert (actor.person_id, actor.roles) == (made.person_id, {college.id: Role.REVIEWER})
    assert actor.scopes == {"read", "deposit", "review", "manage"}


def session_person(home, made):
    with reading(home.engine) as session:
        return session.get(Person, made.person_id)


def test_of_a_session_only_the_hash_of_its_secret_is_kept(home):
    _, secret = started(home)
    said = repr(snapshots.tables(home))
    assert len(secret) >= 40
    assert secret not in said
    assert hashlib.sha256(secret.encode()).hexdigest() in said


@pytest.mark.parametrize("secret", ["", "x", "a\0b", "\ud800", "é" * 1000])
def test_any_other_cookie_is_a_session_that_has_ended(home, secret):
    started(home)
    with reading(home.engine) as session, pytest.raises(Unauthenticated) as caught:
        accounts.actor_by_session(session, secret, now=home.now())
    assert caught.value.code == "session.ended"


def test_a_session_ends_when_its_time_is_over_or_its_person_inactive(home, watch):
    made, secret = started(home)
    watch.forward(days=29, hours=23)
    assert is_open(home, secret)
    with transaction(home.engine) as session:
        session.get(Person, made.person_id).active = False
    assert not is_open(home, secret)
    with transaction(home.engine) as session:
        session.get(Person, made.person_id).active = True
    watch.forward(hours=1)
    assert not is_open(home, secret)


def test_use_moves_the_end_but_not_for_ever(home, watch):
    _, secret = started(home)
    for _ in range(10):
        watch.forward(days=20)
        with transaction(home.engine) as session:
            if watch() - START < sessions.LONGEST:
                moved = sessions.renew(session, secret, lifetime=MONTH, now=watch())
                assert moved.expires == min(watch() + MONTH, START + sessions.LONGEST)
    assert not is_open(home, secret)


def test_a_session_is_not_written_to_at_every_request(home, watch):
    made, _ = started(home)
    assert not sessions.is_stale(made, now=watch.forward(minutes=9))
    assert sessions.is_stale(made, now=watch.forward(minutes=1))


def test_signing_out_ends_one_session_and_signing_out_everywhere_all(home):
    made, first = started(home)
    who = session_person(home, made)
    second, third = started(home, who)[1], started(home, who)[1]
    with transaction(home.engine) as session:
        assert sessions.end(session, first) == who.id
        assert sessions.end(session, first) is None
    assert [is_open(home, secret) for secret in (first, second, third)] == [False, True, True]
    with transaction(home.engine) as session:
        sessions.end_all(session, who)
    assert [is_open(home, secret) for secret in (first, second, third)] == [False, False, False]


def test_sessions_of_others_go_on(home):
    other = member(home, Role.MANAGER)
    with transaction(home.engine) as session:
        _, secret = sessions.start(session, session.get(Person, other.person_id), lifetime=MONTH, now=home.now())
    made, _ = started(home)
    with transaction(home.engine) as session:
        somebody = session.get(Person, made.person_id)
        sessions.end_all(session, somebody)
        accounts.grant(session, OPERATOR, somebody, institutions.find(session, "college"), Role.MANAGER, now=home.now())
    assert is_open(home, secret)


def test_what_has_expired_is_forgotten(home, watch):
    started(home)
    watch.forward(days=31)
    with transaction(home.engine) as session:
        _, secret = sessions.start(session, person(session, "b@example.org"), lifetime=MONTH, now=watch())
        sessions.forget_expired(session, now=watch())
    with reading(home.engine) as session:
        assert len(session.exec(select(BrowserSession)).all()) == 1
    assert is_open(home, secret)
