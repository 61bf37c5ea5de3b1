"""What changes about people, and whom it signs out."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from factories import START, member, person
from sqlmodel import select

from oer import accounts, institutions, passwords, queries, sessions
from oer.db import reading, transaction
from oer.errors import Conflict, Forbidden, Invalid, NotFound, Stale, Unauthenticated, Unavailable
from oer.models import AuditEntry, Person
from oer.policy import ANONYMOUS, OPERATOR
from oer.workflow import Role

PASSWORD = "سرّ طويل بما يكفي"
YEAR = timedelta(days=365)

pytestmark = pytest.mark.usefixtures("quick_passwords")


def token_of(session, who, *, lifetime=YEAR, actor=OPERATOR):
    return accounts.create_token(
        session, actor, who, name="laptop", scopes=["read"], lifetime=lifetime, longest=YEAR, now=START
    )


def edit(home, person_id, changes, *, actor=OPERATOR, **rest):
    with transaction(home.engine) as session:
        return accounts.edit(session, actor, person_id, changes, now=START, **rest)


def actor_for(home, person_id, **rest):
    with reading(home.engine) as session:
        return accounts.actor_of(session, session.get(Person, person_id), **rest)


def signed_in(home, person_id):
    with transaction(home.engine) as session:
        return sessions.start(session, session.get(Person, person_id), lifetime=YEAR, now=START)[1]


def is_signed_in(home, secret):
    with reading(home.engine) as session:
        try:
            accounts.actor_by_session(session, secret, now=START)
        except Unauthenticated:
            return False
        return True


@pytest.fixture
def people(home):
    """An administrator, a teacher, and a manager of the college, each as (number, actor)."""
    with transaction(home.engine) as session:
        chief, teacher = person(session, "chief@example.org", administrator=True), person(session)
    manager = member(home, Role.MANAGER)
    return {
        "chief": (chief.id, actor_for(home, chief.id)),
        "teacher": (teacher.id, actor_for(home, teacher.id)),
        "manager": (manager.person_id, manager),
    }


def test_people_change_their_own_name_and_language(home, people):
    number, teacher = people["teacher"]
    changed = edit(home, number, {"name": " أمينة ", "language": "fr"}, actor=teacher)
    assert (changed.name, changed.language, changed.lock) == ("أمينة", "fr", 2)
    assert edit(home, number, {"name": "أمينة"}, actor=teacher).lock == 2  # nothing has changed


def test_nobody_but_administrators_sees_or_changes_somebody_else(home, people):
    number, _ = people["chief"]
    for who in ("teacher", "manager"):
        for changes in ({"name": "x"}, {"active": False}, {"administrator": False}, {}):
            with pytest.raises(NotFound) as caught:
                edit(home, number, changes, actor=people[who][1])
            assert caught.value.code == "account.unknown"
    with pytest.raises(NotFound):
        edit(home, number, {"name": "x"}, actor=ANONYMOUS)
    with pytest.raises(NotFound):
        edit(home, 999, {"name": "x"})


@pytest.mark.parametrize("changes", [{"administrator": True}, {"active": True}, {"active": False}])
def test_nobody_changes_their_own_rights_but_administrators(home, people, changes):
    number, teacher = people["teacher"]
    with pytest.raises(Forbidden):
        edit(home, number, changes, actor=teacher)
    assert edit(home, number, {"administrator": True}, actor=people["chief"][1]).administrator


def test_a_change_needs_the_scope_and_the_state_that_was_read(home, people):
    number, _ = people["teacher"]
    with pytest.raises(Forbidden) as caught:
        edit(home, number, {"name": "x"}, actor=actor_for(home, number, scopes=["read", "deposit", "review"]))
    assert caught.value.code == "scope.missing"
    with pytest.raises(Stale) as caught:
        edit(home, number, {"name": "x"}, expected=2)
    assert caught.value.code == "person.stale"
    assert edit(home, number, {"name": "x"}, expected=1).name == "x"


@pytest.mark.parametrize(
    ("changes", "field"), [({"name": " "}, "name"), ({"name": "a\nb"}, "name"), ({"language": "de"}, "language")]
)
def test_a_wrong_value_is_told_with_its_field(home, people, changes, field):
    with pytest.raises(Invalid) as caught:
        edit(home, people["teacher"][0], changes)
    assert [problem.field for problem in caught.value.problems] == [field]


@pytest.mark.parametrize("changes", [{"administrator": False}, {"active": False}])
def test_the_last_active_administrator_stays_one(home, people, changes):
    number, chief = people["chief"]
    with pytest.raises(Conflict) as caught:
        edit(home, number, changes, actor=chief)
    assert caught.value.code == "person.last-administrator"
    second = people["teacher"][0]
    edit(home, second, {"administrator": True})
    edit(home, second, {"active": False})
    with pytest.raises(Conflict):  # one who sleeps does not count
        edit(home, number, changes, actor=chief)
    edit(home, second, {"active": True})
    edit(home, number, changes, actor=chief)


def test_two_administrators_who_depose_each_other_at_once_leave_one(home, people):
    first, second = people["chief"][0], people["teacher"][0]
    edit(home, second, {"administrator": True})

    actors = {number: actor_for(home, first + second - number) for number in (first, second)}

    def depose(number):
        with suppress(Conflict, Unavailable):
            edit(home, number, {"administrator": False}, actor=actors[number])

    with ThreadPoolExecutor(2) as both:
        list(both.map(depose, (first, second)))
    with transaction(home.engine) as session:
        assert len(queries.people.administrators_locked(session)) == 1


@pytest.mark.parametrize(
    ("changes", "ends"),
    [({"administrator": True}, True), ({"active": False}, True), ({"name": "x"}, False), ({"active": True}, False)],
)
def test_whose_rights_change_is_signed_out_everywhere(home, people, changes, ends):
    number, _ = people["teacher"]
    secret = signed_in(home, number)
    edit(home, number, changes)
    assert is_signed_in(home, secret) is not ends


def test_a_role_that_changes_signs_out_and_one_that_does_not_leaves_all_as_it_was(home, people):
    number, _ = people["teacher"]
    for role, ends in ((Role.DEPOSITOR, True), (Role.DEPOSITOR, False), (Role.REVIEWER, True), (Role.NONE, True)):
        secret = signed_in(home, number)
        with transaction(home.engine) as session:
            before = session.get(Person, number).lock
            college = institutions.find(session, "college")
            accounts.grant(session, OPERATOR, session.get(Person, number), college, role, now=START)
            assert session.get(Person, number).lock == before + ends
        assert is_signed_in(home, secret) is not ends


def test_tokens_of_the_inactive_sleep_and_wake_with_them(home, people):
    number, _ = people["teacher"]
    with transaction(home.engine) as session:
        _, secret = token_of(session, session.get(Person, number))
    edit(home, number, {"active": False})
    with reading(home.engine) as session, pytest.raises(Unauthenticated):
        accounts.actor_by_token(session, secret, now=START)
    edit(home, number, {"active": True})
    with reading(home.engine) as session:
        assert accounts.actor_by_token(session, secret, now=START).person_id == number


def test_a_role_is_changed_in_the_state_that_was_read(home, people):
    number, _ = people["teacher"]
    with transaction(home.engine) as session:
        teacher, college = session.get(Person, number), institutions.find(session, "college")
        with pytest.raises(Stale):
            accounts.grant(session, OPERATOR, teacher, college, Role.DEPOSITOR, expected=1, now=START)
        made = accounts.grant(session, OPERATOR, teacher, college, Role.DEPOSITOR, now=START)
        read = made.lock
        accounts.grant(session, OPERATOR, teacher, college, Role.REVIEWER, expected=read, now=START)
        with pytest.raises(Stale) as caught:
            accounts.grant(session, OPERATOR, teacher, college, Role.NONE, expected=read, now=START)
    assert caught.value.code == "member.stale"


def test_a_new_password_signs_out_everywhere(home, people):
    number, teacher = people["teacher"]
    one, other = signed_in(home, number), signed_in(home, number)
    with transaction(home.engine) as session:
        accounts.keep_password(session, teacher, session.get(Person, number), passwords.hashed(PASSWORD), now=START)
    assert not is_signed_in(home, one)
    assert not is_signed_in(home, other)
    again = signed_in(home, number)
    with transaction(home.engine) as session:
        accounts.set_password(session, OPERATOR, session.get(Person, number), PASSWORD, now=START)
    assert not is_signed_in(home, again)


def test_a_token_sets_the_password_of_others_or_a_first_one_by_all_scopes_only(home, people):
    """Whoever sets a password can sign in with it, and a browser's session may do everything."""
    (chief, _), (teacher, _) = people["chief"], people["teacher"]
    for who, whom in ((chief, teacher), (teacher, teacher)):
        token = actor_for(home, who, scopes=["read", "deposit", "manage"])
        with transaction(home.engine) as session, pytest.raises(Forbidden) as caught:
            accounts.set_password(session, token, session.get(Person, whom), PASSWORD, now=START)
        assert caught.value.params == {"scope": "review"}
    with transaction(home.engine) as session:
        accounts.set_password(session, OPERATOR, session.get(Person, teacher), PASSWORD, now=START)
    with transaction(home.engine) as session:
        token = actor_for(home, teacher, scopes=["manage"])
        accounts.set_password(session, token, session.get(Person, teacher), "another password", now=START)


def test_no_token_makes_one_that_lives_longer_than_itself(home, people):
    number, _ = people["teacher"]
    holder = actor_for(home, number, expires=START + timedelta(days=3))
    with transaction(home.engine) as session:
        teacher = session.get(Person, number)
        with pytest.raises(Invalid) as caught:
            token_of(session, teacher, actor=holder, lifetime=timedelta(days=4))
        assert (caught.value.code, caught.value.params) == ("token.expiry-invalid", {"days": 3})
        made, _ = token_of(session, teacher, actor=holder, lifetime=None)
        assert made.expires == START + timedelta(days=3)


@pytest.mark.parametrize("name", ["", " \u200f ", "a\nb", "a\0b", "n" * 101])
def test_a_token_has_a_name_that_can_be_shown(home, people, name):
    with transaction(home.engine) as session, pytest.raises(Invalid) as caught:
        accounts.create_token(
            session, OPERATOR, session.get(Person, people["teacher"][0]),
            name=name, scopes=["read"], longest=YEAR, now=START,
        )  # fmt: skip
    assert [problem.field for problem in caught.value.problems] == ["name"]


def test_the_log_knows_people_by_number_alone(home, people):
    number, teacher = people["teacher"]
    edit(home, number, {"name": "اسم"}, actor=teacher)
    with transaction(home.engine) as session:
        token_of(session, session.get(Person, number), actor=teacher)
    with reading(home.engine) as session:
        entries = session.exec(select(AuditEntry)).all()
    assert {entry.by for entry in entries} == {"operator", f"person:{number}"}
    assert "teacher@" not in repr(entries)
    assert "اسم" not in repr(entries)
