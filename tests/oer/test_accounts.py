import io
import logging
from datetime import timedelta

import argon2
import pytest
from factories import START, institution, member, person
from sqlmodel import select

from oer import accounts, institutions, logs, queries
from oer.db import reading, transaction
from oer.errors import Forbidden, Invalid, Unauthenticated
from oer.models import AuditEntry, Membership, Person, Token
from oer.policy import ANONYMOUS, OPERATOR, Actor
from oer.workflow import Role

PASSWORD = "سرّ طويل بما يكفي"
YEAR = timedelta(days=365)


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch):
    """argon2id at its least cost: the rules are the same, a hundred hashes take no minute."""
    monkeypatch.setattr(accounts, "_hasher", argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    accounts._nobody.cache_clear()
    yield
    accounts._nobody.cache_clear()


def token_of(session, who, *, scopes=("read",), lifetime=YEAR, now=START, actor=OPERATOR):
    return accounts.create_token(
        session, actor, who, name="laptop", scopes=scopes, lifetime=lifetime, longest=YEAR, now=now
    )


class Counted:
    """A hasher that counts the slow work."""

    def __init__(self, hasher: argon2.PasswordHasher) -> None:
        self._hasher = hasher
        self.done: list[str] = []
        self.check_needs_rehash = hasher.check_needs_rehash

    def hash(self, password):
        self.done.append("hash")
        return self._hasher.hash(password)

    def verify(self, kept, password):
        self.done.append("verify")
        return self._hasher.verify(kept, password)


# ── people and passwords ────────────────────────────────────────────────────────────────────────


def test_a_new_person_has_a_trimmed_name_and_a_lower_case_address(home):
    with transaction(home.engine) as session:
        made = person(session, "  Amina@Example.ORG ", name="  أمينة ")
        assert (made.email, made.name, made.password, made.administrator) == ("amina@example.org", "أمينة", None, False)


@pytest.mark.parametrize(
    "email",
    [
        "",
        "amina",
        "@example.org",
        "amina@",
        "a b@example.org",
        "a@b c",
        "<a@example.org>",
        "a@x\x00.org",
        "a\x1b@x.org",
        "\ud800@example.org",
        "a" * 250 + "@x.org",
        "a@x.org\nBcc: b@x.org",
    ],
)
def test_what_is_no_address_is_refused(home, email):
    with transaction(home.engine) as session, pytest.raises(Invalid) as caught:
        person(session, email, name="x")
    assert caught.value.code == "person.email-invalid"
    assert str(caught.value.params["email"]).isprintable()


def test_an_address_is_taken_whatever_its_case(home):
    with transaction(home.engine) as session:
        person(session, "amina@example.org")
    with transaction(home.engine) as session, pytest.raises(Invalid) as caught:
        person(session, "AMINA@example.org")
    assert caught.value.code == "person.email-taken"


@pytest.mark.parametrize(
    ("name", "code"), [("", "person.name-missing"), (" \u200e ", "person.name-missing"), ("a\x00b", "request.invalid")]
)
def test_a_person_has_a_name_that_can_be_shown(home, name, code):
    with transaction(home.engine) as session, pytest.raises(Invalid) as caught:
        person(session, name=name)
    assert caught.value.code == code


def test_only_administrators_add_people(home):
    manager = member(home, Role.MANAGER)
    for actor in (manager, ANONYMOUS):
        with transaction(home.engine) as session, pytest.raises(Forbidden):
            accounts.add_person(session, actor, email="x@example.org", name="x", now=START)


def test_passwords_are_kept_as_argon2id_hashes_alone(home):
    with transaction(home.engine) as session:
        made = person(session, password=PASSWORD)
    assert made.password is not None
    assert made.password.startswith("$argon2id$")
    assert PASSWORD not in made.password


def test_the_product_hashes_with_at_least_the_second_choice_of_rfc_9106(monkeypatch):
    monkeypatch.undo()
    used = argon2.extract_parameters(accounts._hasher.hash("x"))
    assert used.type is argon2.Type.ID
    assert (used.memory_cost, used.time_cost) >= (65536, 3)


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "password.too-short"),
        ("abcdefghi", "password.too-short"),
        ("abcdefghij", None),
        ("abcd" * 50, None),
        ("abcd" * 50 + "e", "password.too-long"),
        ("aaaaaaaaaaaa", "password.too-common"),
        ("abababababab", "password.too-common"),
        ("abc\ud800efghij", None),
    ],
)
def test_limits_of_passwords(password, code):
    if code is None:
        assert accounts.hash_password(password).startswith("$argon2id$")
        return
    with pytest.raises(Invalid) as caught:
        accounts.hash_password(password)
    assert caught.value.code == code
    assert not password or password not in str(caught.value)


def test_signing_in_with_the_right_password(home):
    with transaction(home.engine) as session:
        made = person(session, password=PASSWORD)
    with transaction(home.engine) as session:
        assert accounts.sign_in(session, email=" Teacher@example.org ", password=PASSWORD).id == made.id


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("nobody@example.org", PASSWORD),
        ("teacher@example.org", "another password"),
        ("teacher@example.org", ""),
        ("teacher@example.org", "\ud800"),
        ("inactive@example.org", PASSWORD),
        ("passwordless@example.org", PASSWORD),
        ("passwordless@example.org", ""),
        ("not an address", PASSWORD),
        ("a\0@example.org", PASSWORD),
        ("\ud800@example.org", PASSWORD),
    ],
)
def test_every_failed_sign_in_gives_the_same_answer_after_the_same_work(home, monkeypatch, email, password):
    with transaction(home.engine) as session:
        person(session, password=PASSWORD)
        person(session, "inactive@example.org", password=PASSWORD).active = False
        person(session, "passwordless@example.org")
    work = Counted(accounts._hasher)
    monkeypatch.setattr(accounts, "_hasher", work)
    with transaction(home.engine) as session, pytest.raises(Unauthenticated) as caught:
        accounts.sign_in(session, email=email, password=password)
    assert (caught.value.code, caught.value.params) == ("sign-in.failed", {})
    failed, work.done = work.done, []
    accounts._nobody.cache_clear()
    with transaction(home.engine) as session:
        accounts.sign_in(session, email="teacher@example.org", password=PASSWORD)
    assert failed == work.done == ["hash", "verify"]  # the time it takes tells nothing, even the first time


def test_an_old_hash_is_renewed_at_the_next_sign_in(home, monkeypatch):
    with transaction(home.engine) as session:
        old = person(session, password=PASSWORD).password
    monkeypatch.setattr(accounts, "_hasher", argon2.PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    with transaction(home.engine) as session:
        accounts.sign_in(session, email="teacher@example.org", password=PASSWORD)
    with transaction(home.engine) as session:
        renewed = accounts.sign_in(session, email="teacher@example.org", password=PASSWORD).password
    assert renewed != old
    assert "t=2" in str(renewed)


def test_people_change_their_own_password_and_administrators_anybodys(home):
    with transaction(home.engine) as session:
        teacher, other = person(session), person(session, "other@example.org")
        own = accounts.actor_of(session, teacher)
        accounts.set_password(session, own, teacher, "a new password", now=START)
        accounts.set_password(session, OPERATOR, other, "another password", now=START)
        with pytest.raises(Forbidden):
            accounts.set_password(session, own, other, "not mine to set", now=START)
        with pytest.raises(Forbidden):
            accounts.set_password(session, ANONYMOUS, teacher, "not mine to set", now=START)
    with transaction(home.engine) as session:
        accounts.sign_in(session, email="teacher@example.org", password="a new password")
        accounts.sign_in(session, email="other@example.org", password="another password")


def test_a_token_without_manage_changes_no_password_and_makes_no_token(home):
    with transaction(home.engine) as session:
        teacher = person(session)
        reader = accounts.actor_of(session, teacher, scopes=["read", "deposit", "review"])
        with pytest.raises(Forbidden):
            accounts.set_password(session, reader, teacher, "a new password", now=START)
        with pytest.raises(Forbidden):
            token_of(session, teacher, actor=reader)


# ── tokens ──────────────────────────────────────────────────────────────────────────────────────


def test_a_token_speaks_for_its_person_within_its_scopes(home):
    with transaction(home.engine) as session:
        teacher = person(session)
        college = institution(session)
        accounts.grant(session, OPERATOR, teacher, college, Role.REVIEWER, now=START)
        _, secret = token_of(session, teacher, scopes=["read", "deposit"])
    with reading(home.engine) as session:
        actor = accounts.actor_by_token(session, secret, now=START)
    assert actor == Actor(
        person_id=teacher.id,
        name="teacher@example.org",
        roles={college.id: Role.REVIEWER},
        scopes=frozenset({"read", "deposit"}),
    )


def test_of_a_token_only_the_hash_is_kept_and_the_secret_shows_nowhere(home):
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs.JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.DEBUG)
    try:
        with transaction(home.engine) as session:
            token, secret = token_of(session, person(session, password=PASSWORD))
            logging.getLogger("test").info("made %r", token)
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
    assert len(secret) >= 40
    with reading(home.engine) as session:
        kept = session.exec(select(Token)).one()
        entries = session.exec(select(AuditEntry)).all()
        rows = f"{kept!r} {kept.model_dump()} {[entry.model_dump() for entry in entries]}"
    assert "token.create" in rows
    for text in (repr(token), rows, written.getvalue()):
        assert secret not in text
        assert secret.removeprefix("oer_") not in text
        assert PASSWORD not in text


def test_two_tokens_never_have_the_same_secret(home):
    with transaction(home.engine) as session:
        teacher = person(session)
        assert len({token_of(session, teacher)[1] for _ in range(20)}) == 20


@pytest.mark.parametrize("secret", ["", "oer_", "x", "oer_" + "a" * 43, "\0", "\ud800", "oer_٣"])
def test_unknown_tokens(home, secret):
    with reading(home.engine) as session, pytest.raises(Unauthenticated) as caught:
        accounts.actor_by_token(session, secret, now=START)
    assert (caught.value.code, caught.value.params) == ("token.invalid", {})


def test_a_token_ends_at_its_moment(home, watch):
    with transaction(home.engine) as session:
        _, secret = token_of(session, person(session), lifetime=timedelta(hours=1))
    with reading(home.engine) as session:
        accounts.actor_by_token(session, secret, now=watch.forward(minutes=59, seconds=59))
        with pytest.raises(Unauthenticated) as caught:
            accounts.actor_by_token(session, secret, now=watch.forward(seconds=1))
    assert caught.value.code == "token.expired"


def test_a_revoked_token_and_one_of_an_inactive_person_are_invalid(home):
    with transaction(home.engine) as session:
        teacher, leaver = person(session), person(session, "leaver@example.org")
        token, revoked = token_of(session, teacher)
        accounts.revoke_token(session, OPERATOR, token, now=START)
        _, of_leaver = token_of(session, leaver)
        leaver.active = False
    for secret in (revoked, of_leaver):
        with reading(home.engine) as session, pytest.raises(Unauthenticated) as caught:
            accounts.actor_by_token(session, secret, now=START)
        assert caught.value.code == "token.invalid"


def test_revoking_twice_keeps_the_first_moment(home, watch):
    with transaction(home.engine) as session:
        token, _ = token_of(session, person(session))
        accounts.revoke_token(session, OPERATOR, token, now=START)
        accounts.revoke_token(session, OPERATOR, token, now=watch.forward(days=1))
        assert token.revoked == START


def test_nobody_revokes_or_makes_tokens_for_others_but_administrators(home):
    manager = member(home, Role.MANAGER)
    with transaction(home.engine) as session:
        teacher = person(session)
        token, _ = token_of(session, teacher)
        with pytest.raises(Forbidden):
            accounts.revoke_token(session, manager, token, now=START)
        with pytest.raises(Forbidden):
            token_of(session, teacher, actor=manager)
        accounts.revoke_token(session, accounts.actor_of(session, teacher), token, now=START)


def test_no_token_makes_one_that_may_more_than_itself(home):
    with transaction(home.engine) as session:
        teacher = person(session)
        holder = accounts.actor_of(session, teacher, scopes=["read", "manage"])
        token_of(session, teacher, actor=holder, scopes=["read"])
        with pytest.raises(Forbidden) as caught:
            token_of(session, teacher, actor=holder, scopes=["read", "deposit"])
    assert (caught.value.code, caught.value.params) == ("scope.missing", {"scope": "deposit"})


@pytest.mark.parametrize("scopes", [[], ["write"], ["read", "admin"]])
def test_scopes_are_of_the_list(home, scopes):
    with transaction(home.engine) as session, pytest.raises(Invalid) as caught:
        token_of(session, person(session), scopes=scopes)
    assert caught.value.code == "token.scope-unknown"


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(seconds=-1), YEAR + timedelta(seconds=1)])
def test_a_lifetime_is_above_zero_and_at_most_the_longest(home, lifetime):
    with transaction(home.engine) as session, pytest.raises(Invalid) as caught:
        token_of(session, person(session), lifetime=lifetime)
    assert (caught.value.code, caught.value.params) == ("token.expiry-invalid", {"days": 365})


# ── roles ───────────────────────────────────────────────────────────────────────────────────────


def test_roles_are_given_changed_and_taken_away(home):
    with transaction(home.engine) as session:
        teacher, college = person(session), institution(session)
        for role in (Role.DEPOSITOR, Role.MANAGER, Role.REVIEWER):
            accounts.grant(session, OPERATOR, teacher, college, role, now=START)
            assert accounts.actor_of(session, teacher).roles == {college.id: role}
        for _ in range(2):  # taking away what is not there is no error
            accounts.grant(session, OPERATOR, teacher, college, Role.NONE, now=START)
            assert accounts.actor_of(session, teacher).roles == {}


def test_a_manager_grants_up_to_manager_here_and_below_and_nowhere_else(home):
    manager = member(home, Role.MANAGER, "ministry")
    with transaction(home.engine) as session:
        ministry = institutions.find(session, "ministry")
        school = institution(session, "school", parent=ministry)
        beside = institution(session, "beside")
        teacher = person(session)
        for place in (ministry, school):
            accounts.grant(session, manager, teacher, place, Role.MANAGER, now=START)
        with pytest.raises(Forbidden):
            accounts.grant(session, manager, teacher, beside, Role.DEPOSITOR, now=START)


@pytest.mark.parametrize("role", [Role.DEPOSITOR, Role.REVIEWER])
def test_below_manager_nobody_grants(home, role):
    actor = member(home, role)
    with transaction(home.engine) as session:
        college = institutions.find(session, "college")
        teacher = person(session)
        for wanted in Role:
            with pytest.raises(Forbidden):
                accounts.grant(session, actor, teacher, college, wanted, now=START)
        assert session.exec(select(Membership).where(Membership.person_id == teacher.id)).all() == []


def test_nobody_demotes_somebody_above_themselves(home, monkeypatch):
    """Managers are the highest there is in an institution; the rule must hold if a role ever comes above them."""
    with transaction(home.engine) as session:
        college, head = institution(session), person(session, "head@example.org")
        accounts.grant(session, OPERATOR, head, college, Role.MANAGER, now=START)
    reviewer = member(home, Role.REVIEWER)
    monkeypatch.setattr(accounts.policy, "require_grant", lambda *_: None)
    for wanted in (Role.NONE, Role.DEPOSITOR):
        with transaction(home.engine) as session, pytest.raises(Forbidden) as caught:
            accounts.grant(session, reviewer, session.get(Person, head.id), college, wanted, now=START)
        assert caught.value.code == "role.above-own"


def test_every_deed_about_people_is_in_the_audit_log(home):
    with transaction(home.engine) as session:
        teacher, college = person(session, password=PASSWORD), institution(session)
        accounts.set_password(session, OPERATOR, teacher, "a new password", now=START)
        accounts.grant(session, OPERATOR, teacher, college, Role.MANAGER, now=START)
        token, _ = token_of(session, teacher)
        accounts.revoke_token(session, OPERATOR, token, now=START)
    with reading(home.engine) as session:
        entries = queries.audit.of_object(session, kind="person", object_id=str(teacher.id))
        deeds = [entry.action for entry in entries]
    assert deeds == ["person.add", "person.password", "role.grant", "token.create", "token.revoke"]
    assert {entry.by for entry in entries} == {"operator"}


def test_an_account_speaks_a_language_of_the_interface(home):
    with pytest.raises(Invalid) as refused, transaction(home.engine) as session:
        accounts.add_person(session, OPERATOR, email="a@example.org", name="A", language="de", now=START)
    assert refused.value.code == "person.language-unknown"
