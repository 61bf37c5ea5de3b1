import json
from datetime import timedelta

import pytest
import snapshots
from factories import START, act, drafted, institution, member, person, published
from sqlmodel import select

from oer import (
    accounts,
    answers,
    collections,
    deposits,
    institutions,
    invitations,
    personal,
    queries,
    reviews,
    sessions,
)
from oer.db import reading, transaction
from oer.errors import Conflict, Forbidden, NotFound, Stale, Unauthenticated
from oer.models import KeptAnswer, Membership, Person, Resource, Token
from oer.policy import OPERATOR
from oer.workflow import Role

DAY = timedelta(days=1)
EMAIL, NAME = "amina@example.org", "أمينة بنت سالم"  # not the one that the records credit


@pytest.fixture
def amina(home):
    """A reviewer of the college who has left traces everywhere, as someone who acts."""
    actor = member(home, Role.REVIEWER, email=EMAIL)
    public_id = published(home, actor=actor)
    drafted(home, actor=actor)
    other = drafted(home)
    act(home, deposits.submit, other)
    act(home, reviews.request_changes, other, "أضف المصدر", actor=actor)
    with transaction(home.engine) as session:
        somebody, college = session.get(Person, actor.person_id), institutions.find(session, "college")
        somebody.name = NAME
        collections.create(session, actor, college, titles={"ar": "مجموعة"}, now=START)
        accounts.create_token(session, actor, somebody, name="حاسوب أمينة", scopes=["read"], longest=DAY, now=START)
        sessions.start(session, somebody, lifetime=DAY, now=START)
        place = institution(session, "other")
        invitations.invite(
            session, OPERATOR, place, email=EMAIL, role=Role.DEPOSITOR, language="ar", lifetime=DAY, now=START
        )
        answers.claim(session, owner=f"person:{actor.person_id}", key="k", fingerprint="f", now=START)
        answers.keep(session, owner=f"person:{actor.person_id}", key="k", status=201, headers={}, content=NAME.encode())
    return actor, public_id


def export(home, actor, person_id):
    with reading(home.engine) as session:
        return personal.export(session, actor, person_id)


def erase(home, actor, person_id, **rest):
    with transaction(home.engine) as session:
        return personal.erase(session, actor, person_id, now=START, **rest)


# ── export ──────────────────────────────────────────────────────────────────────────────────────


def test_an_export_tells_everything_and_no_hash_of_a_secret(home, amina):
    actor, public_id = amina
    told = export(home, actor, actor.person_id)
    assert told["person"]["email"] == EMAIL
    assert [row["institution"] for row in told["roles"]] == ["college"]
    assert [row["name"] for row in told["tokens"]] == ["حاسوب أمينة"]
    assert [row["whose"] for row in told["invitations"]] == ["to"]
    assert public_id in {row["public_id"] for row in told["resources"]}
    assert [row["resource"] for row in told["versions"]] == [public_id]
    assert [row["record"]["title"][0]["lang"] for row in told["drafts"]] == ["ar"]
    assert [row["comment"] for row in told["reviews"]] == ["أضف المصدر"]
    for kind in ("sessions", "collections", "answers", "log"):
        assert told[kind], kind
    with reading(home.engine) as session:
        hashes = [row.digest for row in session.exec(select(Token))]
    said = json.dumps(told, default=str, ensure_ascii=False)
    assert not any(one in said for one in hashes)


def test_an_export_tells_nothing_about_others(home, amina):
    actor, _ = amina
    with transaction(home.engine) as session:
        manager = accounts.actor_of(session, person(session, "chief@example.org", administrator=True))
        college = institutions.find(session, "college")
        invitations.invite(
            session, manager, college, email="secret@example.org", role=Role.MANAGER, language="ar",
            lifetime=DAY, now=START,
        )  # fmt: skip
    said = json.dumps(export(home, manager, manager.person_id), default=str, ensure_ascii=False)
    assert "secret@example.org" not in said
    assert "@example.org" not in json.dumps(export(home, actor, actor.person_id), default=str).replace(EMAIL, "")


def test_only_oneself_and_administrators_get_the_export_and_by_a_token_with_manage(home, amina):
    actor, _ = amina
    assert export(home, OPERATOR, actor.person_id)["person"]["name"] == NAME
    with pytest.raises(NotFound):
        export(home, member(home, Role.MANAGER), actor.person_id)
    with reading(home.engine) as session:
        reader = accounts.actor_of(session, session.get(Person, actor.person_id), scopes=["read"])
    with pytest.raises(Forbidden):
        export(home, reader, actor.person_id)


# ── erasure ─────────────────────────────────────────────────────────────────────────────────────


def test_after_an_erasure_the_name_and_the_address_are_nowhere(home, amina):
    actor, _ = amina
    before = repr(snapshots.tables(home))
    assert EMAIL in before
    assert NAME in before
    erase(home, actor, actor.person_id)
    after = repr(snapshots.tables(home))
    for trace in (EMAIL, NAME, "حاسوب أمينة", "amina"):
        assert trace not in after, trace
    with reading(home.engine) as session:
        assert NAME.encode() not in b"".join(row.content for row in session.exec(select(KeptAnswer)))


def test_authorship_stays(home, amina):
    actor, public_id = amina
    erase(home, OPERATOR, actor.person_id)
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        assert (resource.author_id, resource.state) == (actor.person_id, "published")
        assert len(session.exec(select(Resource).where(Resource.author_id == actor.person_id)).all()) == 2


def test_roles_tokens_and_sessions_end_with_an_erasure(home, amina):
    actor, _ = amina
    with transaction(home.engine) as session:
        somebody = session.get(Person, actor.person_id)
        _, token = accounts.create_token(session, OPERATOR, somebody, name="x", scopes=["read"], longest=DAY, now=START)
        _, cookie = sessions.start(session, somebody, lifetime=DAY, now=START)
    gone = erase(home, OPERATOR, actor.person_id)
    assert (gone.password, gone.active, gone.administrator, gone.erased) == (None, False, False, START)
    with reading(home.engine) as session:
        for speak, secret in ((accounts.actor_by_token, token), (accounts.actor_by_session, cookie)):
            with pytest.raises(Unauthenticated):
                speak(session, secret, now=START)
        assert session.exec(select(Membership).where(Membership.person_id == actor.person_id)).all() == []


def test_who_is_erased_is_not_there_any_more_and_the_address_is_free(home, amina):
    actor, _ = amina
    gone = erase(home, OPERATOR, actor.person_id)
    for verb in (lambda: erase(home, OPERATOR, gone.id), lambda: export(home, OPERATOR, gone.id)):
        with pytest.raises(NotFound):
            verb()
    with transaction(home.engine) as session:
        assert queries.people.by_email(session, email=gone.email) is None
        everybody = queries.people.listed(session, seen_by=accounts.policy.reach(OPERATOR), limit=100)
        assert gone.id not in [one.id for one in everybody]
        assert person(session, EMAIL).id != gone.id


def test_an_erasure_is_in_the_log_by_number(home, amina):
    actor, _ = amina
    erase(home, actor, actor.person_id)
    with reading(home.engine) as session:
        last = queries.audit.of_object(session, kind="person", object_id=str(actor.person_id))[-1]
    assert (last.action, last.by, last.details) == ("person.erase", f"person:{actor.person_id}", {})


def test_only_oneself_and_administrators_erase_in_the_state_that_was_read(home, amina):
    actor, _ = amina
    with pytest.raises(NotFound):
        erase(home, member(home, Role.MANAGER), actor.person_id)
    with pytest.raises(Stale):
        erase(home, actor, actor.person_id, expected=99)
    with reading(home.engine) as session:
        somebody = session.get(Person, actor.person_id)
        token = accounts.actor_of(session, somebody, scopes=["read", "deposit", "review"])
    with pytest.raises(Forbidden):
        erase(home, token, actor.person_id)


def test_the_last_administrator_is_not_erased(home):
    with transaction(home.engine) as session:
        chief = person(session, administrator=True)
    with pytest.raises(Conflict) as caught:
        erase(home, OPERATOR, chief.id)
    assert caught.value.code == "person.last-administrator"
