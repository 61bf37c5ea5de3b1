"""What changes about institutions: their words, their logo, and what the world sees of it; how they go."""

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress

import pytest
from factories import START, act, institution, member, published, record
from institution_tree import edit, oai_record
from sqlmodel import select

from oer import collections, deposits, institutions, invitations, publishing, queries, refreshing, working
from oer.db import reading, transaction
from oer.errors import Conflict, Forbidden, Invalid, NotFound, OerError, Stale
from oer.exposure import renderings
from oer.models import AuditEntry, Rendering
from oer.policy import OPERATOR
from oer.workflow import Role

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50


def lock(home):
    with reading(home.engine) as session:
        return institutions.find(session, "school").lock


# ── words ───────────────────────────────────────────────────────────────────────────────────────


def test_words_change_in_the_languages_that_are_given(home, tree):
    changed = edit(home, "school", {"names": {"ar": " المدرسة ", "en": None}, "descriptions": {"fr": "Une\nécole"}})
    once = changed.lock
    assert (changed.names, changed.descriptions) == ({"ar": "المدرسة"}, {"fr": "Une\nécole"})
    changed = edit(
        home, "school", {"names": {"fr": "École"}, "descriptions": None, "country": "tn", "colour": "#AABBCC"}
    )
    assert (changed.names, changed.descriptions) == ({"ar": "المدرسة", "fr": "École"}, {})
    assert (changed.country, changed.colour, changed.lock) == ("TN", "#aabbcc", once + 1)
    changed = edit(home, "school", {"country": None, "colour": None, "publish_role": None})
    assert (changed.country, changed.colour, changed.publish_role) == (None, None, "reviewer")


def test_a_change_that_changes_nothing_is_none(home, tree):
    before = edit(home, "school", {"names": {"ar": "مدرسة"}}).lock
    assert edit(home, "school", {"names": {"ar": "مدرسة"}, "country": None, "parent": "ministry"}).lock == before
    assert edit(home, "school", {}).lock == before


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"names": {"ar": None, "en": ""}}, ["names"]),
        ({"names": None}, ["names"]),
        ({"names": {"de": "Schule"}}, ["names.de"]),
        ({"names": {"en": "a\nb"}}, ["names.en"]),
        ({"descriptions": {"en": "d" * 5001}}, ["descriptions.en"]),
        ({"kind": None}, ["kind"]),
        ({"colour": "red"}, ["colour"]),
        ({"colour": "#12345"}, ["colour"]),
        ({"homepage": "https://example.org/" + "a" * 2000}, ["homepage"]),
        ({"homepage": "javascript:alert(1)"}, ["homepage"]),
        ({"publish_role": "none"}, ["publish_role"]),
        ({"parent": "nowhere"}, ["parent"]),
        ({"parent": "a\0b"}, ["parent"]),
        ({"kind": "castle", "country": "ZZ", "ror": "x", "default_licence": "mine"}, ["kind", "country", "ror",
         "default_licence"]),
    ],
)  # fmt: skip
def test_everything_that_is_wrong_is_told_at_once_with_its_field(home, tree, changes, fields):
    before = lock(home)
    with pytest.raises(Invalid) as caught:
        edit(home, "school", changes)
    assert [problem.field for problem in caught.value.problems] == fields
    assert lock(home) == before


def test_only_managers_change_an_institution_in_the_state_that_they_have_read(home, tree):
    for actor in (member(home, Role.REVIEWER, "school"), member(home, Role.MANAGER, "other"),
                  member(home, Role.MANAGER, "club")):  # fmt: skip
        with pytest.raises(Forbidden):
            edit(home, "school", {"country": "TN"}, actor=actor)
    manager = member(home, Role.MANAGER, "ministry")
    with pytest.raises(Stale) as caught:
        edit(home, "school", {"country": "TN"}, actor=manager, expected=lock(home) + 1)
    assert caught.value.code == "institution.stale"
    assert edit(home, "school", {"country": "TN"}, actor=manager, expected=lock(home)).country == "TN"
    with pytest.raises(NotFound):
        edit(home, "nowhere", {"country": "TN"})


def test_the_log_tells_which_fields_changed(home, tree):
    edit(home, "school", {"names": {"ar": "سر"}, "country": "TN"})
    edit(home, "school", {"parent": "other"})
    with reading(home.engine) as session:
        log = queries.audit.of_object(session, kind="institution", object_id="school")
    assert [entry.details for entry in log[1:]] == [{"fields": ["country", "names"]}, {"fields": [], "parent": "other"}]


def test_a_new_name_is_the_publisher_of_its_own_resources_for_those_who_harvest(home, tree):
    own, above, hidden = published(home, at="school"), published(home, at="ministry"), published(home, at="school")
    act(home, publishing.hide, hidden, reason="legal", repository_id=home.repository_id)
    before = {one: oai_record(home, one).change for one in (own, above, hidden)}
    edit(home, "school", {"names": {"ar": "مدرسة النور"}})
    assert oai_record(home, own).change > before[own]
    assert oai_record(home, above).change == before[above]
    assert oai_record(home, hidden).deleted
    while renderings.catch_up(home.engine, home.issuer):
        pass
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=own)
        contents = session.exec(select(Rendering.content).where(Rendering.resource_id == resource.id)).all()
    assert any("مدرسة النور".encode() in content for content in contents)
    edit(home, "school", {"country": "TN"})
    assert oai_record(home, above).change == before[above]


# ── names of many resources ─────────────────────────────────────────────────────────────────────


def test_a_new_name_of_a_large_institution_is_shown_with_everything_it_has(home, tree, monkeypatch):
    ids = [published(home, at="school", described=record(str(n))) for n in range(7)]
    below = published(home, at="club")
    before = [oai_record(home, one).change for one in ids]
    monkeypatch.setattr(refreshing, "BATCH", 3)
    edit(home, "school", {"names": {"fr": "École nouvelle"}})
    working.drain(home)
    assert all(oai_record(home, one).change > change for one, change in zip(ids, before, strict=True))
    assert oai_record(home, below).change == 8  # its publisher has the name that it had


def test_what_is_withdrawn_while_its_institution_gets_a_new_name_stays_withdrawn(home, tree, monkeypatch):
    public_id = published(home, at="school")
    read, go, plain = threading.Event(), threading.Event(), queries.resources.exposed

    def slow(*args, **wanted):
        found = plain(*args, **wanted)
        read.set()
        assert go.wait(20)
        return found

    monkeypatch.setattr(queries.resources, "exposed", slow)
    with ThreadPoolExecutor(2) as both:
        renaming = both.submit(edit, home, "school", {"names": {"fr": "École nouvelle"}})
        assert read.wait(20)
        going = both.submit(
            act, home, publishing.withdraw, public_id, reason="rights", repository_id=home.repository_id
        )
        wait([going], timeout=0.5)
        go.set()
        renaming.result()
        going.result()
    assert oai_record(home, public_id).deleted


# ── the logo ────────────────────────────────────────────────────────────────────────────────────


def put(home, slug="school", *, content=PNG, media_type="image/png", actor=OPERATOR, **rest):
    stored = home.store.put([content])
    with transaction(home.engine) as session:
        return institutions.put_logo(
            session, actor, slug, home.store, stored, media_type=media_type, now=home.now(), **rest
        )


def test_a_logo_is_put_and_taken_away(home, tree):
    before = lock(home)
    made = put(home)
    assert (made.logo_type, made.lock, made.logo_changed) == ("image/png", before + 1, START)
    with reading(home.engine) as session:
        assert queries.blobs.is_referenced(session, key=made.logo)
    with transaction(home.engine) as session:
        gone = institutions.drop_logo(session, OPERATOR, "school", expected=made.lock, now=START)
    assert (gone.logo, gone.logo_type, gone.lock) == (None, None, before + 2)
    with reading(home.engine) as session:
        assert not queries.blobs.is_referenced(session, key=made.logo)
    with transaction(home.engine) as session, pytest.raises(NotFound) as caught:
        institutions.drop_logo(session, OPERATOR, "school", now=START)
    assert caught.value.code == "logo.unknown"


@pytest.mark.parametrize("media_type", ["image/svg+xml", "text/html", "application/pdf", "image/bmp"])
def test_only_raster_images_are_logos(home, tree, media_type):
    with pytest.raises(Invalid) as caught:
        put(home, media_type=media_type)
    assert caught.value.code == "logo.not-image"


def test_only_managers_touch_the_logo_in_the_state_that_they_have_read(home, tree):
    with pytest.raises(Forbidden):
        put(home, actor=member(home, Role.REVIEWER, "school"))
    with pytest.raises(Stale):
        put(home, expected=lock(home) + 5)


# ── removing ────────────────────────────────────────────────────────────────────────────────────


def test_an_institution_goes_with_its_open_invitations_and_its_number_never_comes_again(home, tree):
    with transaction(home.engine) as session:
        club = institutions.find(session, "club")
        number = club.id
        invitations.invite(
            session, OPERATOR, club, email="a@example.org", role=Role.MANAGER, language="ar",
            lifetime=START - START.replace(day=1, month=1), now=START,
        )  # fmt: skip
        other = institutions.find(session, "other")
    with transaction(home.engine) as session:
        for slug in ("club", "other"):
            institutions.remove(session, OPERATOR, institutions.find(session, slug), now=START)
    with transaction(home.engine) as session:
        made = institution(session, "club")
        assert made.id not in (number, other.id)
        remembered = session.exec(select(AuditEntry).where(AuditEntry.institution_id == made.id)).all()
        assert [entry.action for entry in remembered] == ["institution.add"]


def test_an_institution_with_a_collection_or_seen_otherwise_is_not_removed(home, tree):
    with transaction(home.engine) as session:
        club = institutions.find(session, "club")
        with pytest.raises(Stale):
            institutions.remove(session, OPERATOR, club, expected=club.lock + 1, now=START)
        collections.create(session, OPERATOR, club, titles={"ar": "مجموعة"}, now=START)
        with pytest.raises(Conflict):
            institutions.remove(session, OPERATOR, club, now=START)


def test_a_deposit_and_a_removal_at_once_leave_no_resource_without_an_institution(home, tree):
    def deposit():
        with suppress(NotFound), transaction(home.engine) as session:
            deposits.begin(session, OPERATOR, institutions.find(session, "club"), record(), now=START)

    def remove():
        with suppress(OerError), transaction(home.engine) as session:
            institutions.remove(session, OPERATOR, institutions.find(session, "club"), now=START)

    with ThreadPoolExecutor(2) as both:
        for one in [both.submit(remove), both.submit(deposit)]:
            one.result()
    with reading(home.engine) as session:
        there = queries.institutions.by_slug(session, slug="club")
        assert there is None or queries.institutions.has_resources(session, institution_id=there.id)
