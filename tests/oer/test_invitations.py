import hashlib
from datetime import timedelta

import pytest
import snapshots
from factories import START, institution, member, person
from sqlmodel import select

from oer import accounts, institutions, invitations, queries
from oer.db import reading, transaction
from oer.errors import Conflict, Forbidden, Invalid, NotFound
from oer.models import AuditEntry, Invitation, Membership, Person
from oer.policy import OPERATOR
from oer.workflow import Role

FORTNIGHT = timedelta(days=14)
EMAIL = "amina@example.org"


@pytest.fixture(autouse=True)
def tree(home):
    with transaction(home.engine) as session:
        institution(session, "school", parent=institution(session, "ministry"))
        institution(session, "other")


def invite(home, slug="school", *, email=EMAIL, role=Role.DEPOSITOR, actor=OPERATOR, language="fr"):
    with transaction(home.engine) as session:
        return invitations.invite(
            session, actor, institutions.find(session, slug),
            email=email, role=role, language=language, lifetime=FORTNIGHT, now=home.now(),
        )  # fmt: skip


def accept(home, secret, *, name="أمينة", language=None):
    """As a new person, or as the one whom the address belongs to."""
    with transaction(home.engine) as session:
        found = invitations.opened(session, secret, hold=True, now=home.now())
        who = found.person or invitations.enrol(
            session, found, name=name, language=language, hashed="$argon2id$", now=home.now()
        )
        membership = invitations.accept(session, found, who, now=home.now())
        return who, membership


def refused(home, secret):
    """The code of the refusal, None where the invitation can be accepted."""
    with reading(home.engine) as session:
        try:
            invitations.opened(session, secret, now=home.now())
        except (Conflict, NotFound) as error:
            return error.code
    return None


def test_whoever_has_the_secret_becomes_a_member_with_an_account_of_the_address(home):
    invitation, secret = invite(home, role=Role.REVIEWER)
    who, membership = accept(home, secret)
    assert (who.email, who.name, who.language, who.password) == (EMAIL, "أمينة", "fr", "$argon2id$")
    assert (who.administrator, who.active, membership.role) == (False, True, "reviewer")
    with reading(home.engine) as session:
        roles = accounts.actor_of(session, who).roles
        assert roles == {institutions.find(session, "school").id: Role.REVIEWER}
        assert session.get(Invitation, invitation.id).accepted == START
    assert refused(home, secret) == "invitation.used"


def test_the_account_may_speak_another_language_than_the_invitation(home):
    assert accept(home, invite(home)[1], language="en")[0].language == "en"


def test_of_an_invitation_only_the_hash_of_its_secret_is_kept(home):
    _, secret = invite(home)
    said = repr(snapshots.tables(home))
    assert len(secret) >= 40
    assert secret not in said
    assert hashlib.sha256(secret.encode()).hexdigest() in said


@pytest.mark.parametrize("secret", ["", "x", "a\0b", "\ud800"])
def test_any_other_secret_is_unknown(home, secret):
    invite(home)
    assert refused(home, secret) == "invitation.unknown"


def test_an_invitation_ends_with_its_time_or_when_it_is_revoked_or_made_anew(home, watch):
    first, secret = invite(home)
    second, newer = invite(home, email=" Amina@Example.org ")
    assert (refused(home, secret), refused(home, newer)) == ("invitation.ended", None)
    _, elsewhere = invite(home, "other")
    with transaction(home.engine) as session:
        for _ in range(2):
            invitations.revoke(session, OPERATOR, second.id, now=watch())
    assert (refused(home, newer), refused(home, elsewhere)) == ("invitation.ended", None)
    watch.forward(days=13, hours=23)
    assert refused(home, elsewhere) is None
    watch.forward(hours=1)
    assert refused(home, elsewhere) == "invitation.ended"
    states = {}
    with reading(home.engine) as session:
        for row in session.exec(select(Invitation)):
            states[row.id] = invitations.state(row, now=watch())
    assert (states[first.id], states[second.id]) == ("revoked", "revoked")
    assert sorted(states.values()) == ["expired", "revoked", "revoked"]


def test_an_accepted_invitation_is_not_revoked(home):
    invitation, secret = invite(home)
    accept(home, secret)
    with transaction(home.engine) as session, pytest.raises(Conflict) as caught:
        invitations.revoke(session, OPERATOR, invitation.id, now=START)
    assert caught.value.code == "invitation.used"


@pytest.mark.parametrize(
    ("at", "role", "slug", "may"),
    [
        ("school", Role.MANAGER, "school", True),
        ("ministry", Role.MANAGER, "school", True),
        ("school", Role.MANAGER, "ministry", False),
        ("other", Role.MANAGER, "school", False),
        ("school", Role.REVIEWER, "school", False),
    ],
)
def test_managers_invite_and_revoke_in_their_own_institutions(home, at, role, slug, may):
    actor = member(home, role, at)
    made, _ = invite(home, slug)
    if may:
        invite(home, slug, actor=actor, role=Role.MANAGER, email="other@example.org")
        with transaction(home.engine) as session:
            invitations.revoke(session, actor, made.id, now=START)
        return
    with pytest.raises(Forbidden):
        invite(home, slug, actor=actor)
    with transaction(home.engine) as session, pytest.raises(NotFound) as caught:
        invitations.revoke(session, actor, made.id, now=START)
    assert caught.value.code == "invitation.unknown"
    with transaction(home.engine) as session, pytest.raises(NotFound):
        invitations.revoke(session, actor, 999, now=START)


def test_an_invitation_to_an_account_is_the_same_as_to_a_stranger(home):
    with transaction(home.engine) as session:
        person(session, "known@example.org")
    known, stranger = invite(home, email="known@example.org")[0], invite(home, email="new@example.org")[0]
    same = {"role", "language", "institution_id", "invited_by", "created", "expires", "accepted", "revoked"}
    assert known.model_dump(include=same) == stranger.model_dump(include=same)


def test_an_account_takes_the_role_and_nothing_else_of_it_changes(home):
    with transaction(home.engine) as session:
        made = person(session, EMAIL, name="الاسم الأول", language="ar")
    who, membership = accept(home, invite(home)[1], name="اسم آخر")
    assert (who.id, who.name, who.language, who.password) == (made.id, "الاسم الأول", "ar", None)
    assert membership.role == "depositor"


def test_nobody_is_lowered_by_an_invitation(home):
    actor = member(home, Role.MANAGER, "school", email=EMAIL)
    _, membership = accept(home, invite(home)[1])
    assert membership.role == "manager"
    with reading(home.engine) as session:
        assert len(session.exec(select(Membership).where(Membership.person_id == actor.person_id)).all()) == 1


@pytest.mark.parametrize("loss", ["role", "lower", "active", "erased"])
def test_an_invitation_can_do_no_more_than_who_invited_can_now(home, loss):
    """Otherwise a manager who is leaving would open a door for later."""
    manager = member(home, Role.MANAGER, "school")
    _, secret = invite(home, actor=manager, role=Role.MANAGER)
    with transaction(home.engine) as session:
        leaver, school = session.get(Person, manager.person_id), institutions.find(session, "school")
        if loss in ("role", "lower"):
            role = Role.NONE if loss == "role" else Role.REVIEWER
            accounts.grant(session, OPERATOR, leaver, school, role, now=START)
        else:
            leaver.active = False
            leaver.erased = START if loss == "erased" else None
    with pytest.raises(Conflict) as caught:
        accept(home, secret)
    assert caught.value.code == "invitation.ended"
    with reading(home.engine) as session:
        assert queries.people.by_email(session, email=EMAIL) is None  # the account went with the transaction


@pytest.mark.parametrize(
    ("email", "language", "field"),
    [("no address", "ar", "email"), ("a@b@c.org", "ar", "email"), (EMAIL, "de", "language")],
)
def test_what_is_wrong_is_told_with_its_field(home, email, language, field):
    with pytest.raises(Invalid) as caught:
        invite(home, email=email, language=language)
    assert [problem.field for problem in caught.value.problems] == [field]


def test_the_log_tells_all_steps_and_no_address(home):
    who, _ = accept(home, invite(home)[1])
    other, _ = invite(home, email="b@example.org")
    with transaction(home.engine) as session:
        invitations.revoke(session, OPERATOR, other.id, now=START)
    with reading(home.engine) as session:
        wanted = select(AuditEntry).where(AuditEntry.object_kind.in_(["invitation", "person"]))
        entries = session.exec(wanted.order_by(AuditEntry.id)).all()
    assert [(entry.action, entry.by) for entry in entries] == [
        ("invitation.create", "operator"),
        ("person.enrol", f"person:{who.id}"),
        ("role.grant", "operator"),
        ("invitation.accept", f"person:{who.id}"),
        ("invitation.create", "operator"),
        ("invitation.revoke", "operator"),
    ]
    assert "@" not in repr(entries)


def test_what_ended_a_month_ago_is_forgotten(home, watch):
    _, accepted = invite(home)
    accept(home, accepted)
    invite(home, email="never@example.org")
    watch.forward(days=40)
    _, waiting = invite(home, email="now@example.org")
    with transaction(home.engine) as session:
        invitations.forget_ended(session, now=watch())
    with reading(home.engine) as session:
        assert {row.email for row in session.exec(select(Invitation))} == {"never@example.org", "now@example.org"}
    watch.forward(days=5)
    with transaction(home.engine) as session:
        invitations.forget_ended(session, now=watch())
    assert refused(home, waiting) is None
    with reading(home.engine) as session:
        assert {row.email for row in session.exec(select(Invitation))} == {"now@example.org"}


def test_the_secret_stands_behind_the_part_of_an_address_that_browsers_send():
    assert invitations.link("https://oer.example.org", "s3cret") == "https://oer.example.org/invitation#s3cret"
