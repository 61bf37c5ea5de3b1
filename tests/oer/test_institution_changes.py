"""What changes about institutions: their words, their logo, their place, and what the world sees of it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress

import pytest
from factories import START, act, drafted, institution, member, published, record
from memberships import members
from sqlmodel import select

from oer import collections, deposits, institutions, invitations, publishing, queries, refreshing, working
from oer.db import reading, transaction
from oer.errors import Conflict, Forbidden, Invalid, NotFound, OerError, Stale, Unavailable
from oer.exposure import renderings
from oer.models import AuditEntry, Institution, OaiRecord, Rendering
from oer.policy import OPERATOR
from oer.workflow import Role

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50


@pytest.fixture
def tree(home):
    """ministry > school > club, other; each below the one before but the last."""
    with transaction(home.engine) as session:
        ministry = institution(session, "ministry")
        school = institution(session, "school", parent=ministry)
        institution(session, "club", parent=school)
        institution(session, "other")


def edit(home, slug, changes, *, actor=OPERATOR, **rest):
    with transaction(home.engine) as session:
        return institutions.edit(
            session, actor, slug, changes, repository_id=home.repository_id, now=home.now(), **rest
        )


def paths(home):
    """Slugs from the root down, by slug."""
    with reading(home.engine) as session:
        everyone = session.exec(select(Institution)).all()
        named = {one.id: one.slug for one in everyone}
        for one in everyone:
            assert (one.ancestors[-1] if one.ancestors else None) == one.parent_id
        return {one.slug: [named[int(part)] for part in one.path.split("/") if part] for one in everyone}


def sets_of(home, public_id):
    """Specs that the resource is in, and those that it has left."""
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        rows = members(session, resource.id)
        return {row.spec for row in rows if row.present}, {row.spec for row in rows if not row.present}


def oai_record(home, public_id):
    with reading(home.engine) as session:
        return session.get(OaiRecord, queries.resources.by_public_id(session, public_id=public_id).id)


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


# ── moving ──────────────────────────────────────────────────────────────────────────────────────


def test_a_branch_moves_with_all_below_it(home, tree):
    edit(home, "school", {"parent": "other"})
    assert paths(home) == {
        "ministry": ["ministry"],
        "other": ["other"],
        "school": ["other", "school"],
        "club": ["other", "school", "club"],
    }
    edit(home, "school", {"parent": None})
    assert paths(home)["club"] == ["school", "club"]


def test_resources_of_a_moved_branch_leave_the_old_sets_and_come_into_the_new(home, tree):
    at_school, at_club, beside = (published(home, at=place) for place in ("school", "club", "other"))
    before = oai_record(home, beside).change
    edit(home, "school", {"parent": "other"})
    assert sets_of(home, at_school) == (
        {"institution", "institution:other", "institution:other:school"},
        {"institution:ministry", "institution:ministry:school"},
    )
    assert "institution:other:school:club" in sets_of(home, at_club)[0]
    assert b"<setSpec>institution:other:school</setSpec>" in oai_record(home, at_school).header
    assert b"ministry" not in oai_record(home, at_school).header
    assert oai_record(home, beside).change == before


def test_tombstones_of_a_moved_branch_stay_tombstones_and_name_sets_that_there_are(home, tree):
    gone = published(home, at="club")
    act(home, publishing.withdraw, gone, reason="rights", repository_id=home.repository_id)
    draft = drafted(home, at="club")
    edit(home, "school", {"parent": "other"})
    assert oai_record(home, gone).deleted
    assert b"institution:other:school:club" in oai_record(home, gone).header
    assert b"ministry" not in oai_record(home, gone).header
    assert oai_record(home, draft) is None


def test_more_resources_than_are_shown_at_a_time_all_move_each_with_a_change_of_its_own(home, tree, monkeypatch):
    ids = [published(home, at=place, described=record(str(n))) for n, place in enumerate(["school", "club"] * 4)]
    monkeypatch.setattr(refreshing, "BATCH", 3)
    edit(home, "school", {"parent": "other"})
    assert ["institution:other" in sets_of(home, one)[0] for one in ids] == [True] * 3 + [False] * 5
    working.drain(home)
    assert all("institution:other" in sets_of(home, one)[0] for one in ids)
    assert len({oai_record(home, one).change for one in ids}) == 8
    changes = [oai_record(home, one).change for one in ids]
    ask_again(home)
    working.drain(home)
    assert [oai_record(home, one).change for one in ids] == changes  # nothing has left a set since


def ask_again(home):
    with transaction(home.engine) as session:
        refreshing.ask(session, now=home.now())


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


def test_roles_above_the_new_place_count_and_those_of_the_old_do_not(home, tree):
    draft = drafted(home, at="club")
    old, new = member(home, Role.MANAGER, "ministry"), member(home, Role.MANAGER, "other")
    with transaction(home.engine) as session, pytest.raises(NotFound):
        deposits.seen(session, new, draft)
    edit(home, "school", {"parent": "other"})
    with transaction(home.engine) as session:
        assert deposits.seen(session, new, draft)
        with pytest.raises(NotFound):
            deposits.seen(session, old, draft)


@pytest.mark.parametrize(
    ("roles", "slug", "to", "may"),
    [
        (["ministry", "other"], "school", "other", True),
        (["ministry"], "school", "other", False),
        (["other"], "school", "other", False),
        (["school", "other"], "school", "other", False),  # it would be taken from the ministry behind its back
        (["ministry"], "club", "ministry", True),
        (["ministry"], "school", None, False),
        (["ministry", "other"], "other", "ministry", True),
        (["other"], "other", "ministry", False),
    ],
)
def test_managers_of_both_places_may_move(home, tree, roles, slug, to, may):
    actor = None
    for place in roles:
        actor = member(home, Role.MANAGER, place, email="head@example.org")
    before = paths(home)
    if may:
        edit(home, slug, {"parent": to}, actor=actor)
        assert paths(home)[slug][-2:-1] == [to]
    else:
        with pytest.raises(Forbidden):
            edit(home, slug, {"parent": to}, actor=actor)
        assert paths(home) == before


@pytest.mark.parametrize("to", ["ministry", "school", "club"])
def test_nothing_moves_below_itself(home, tree, to):
    with pytest.raises(Invalid) as caught:
        edit(home, "ministry", {"parent": to})
    assert (caught.value.code, caught.value.params) == ("institution.parent-below", {"slug": to})


def test_the_tree_is_ten_levels_deep_at_most(home):
    with transaction(home.engine) as session:
        place = None
        for number in range(institutions.DEPTH):
            place = institution(session, f"level-{number}", parent=place)
        institution(session, "child", parent=institution(session, "root"))
        with pytest.raises(Invalid) as caught:
            institution(session, "below", parent=place)
    assert caught.value.code == "institution.too-deep"
    with pytest.raises(Invalid):
        edit(home, "root", {"parent": "level-8"})
    edit(home, "root", {"parent": "level-7"})


def test_moves_at_once_never_make_a_circle(home, tree):
    def move(slug, to):
        with suppress(Invalid, Unavailable, Conflict):
            edit(home, slug, {"parent": to})

    for _ in range(5):
        with ThreadPoolExecutor(2) as both:
            list(both.map(move, ("ministry", "other"), ("other", "ministry")))
        found = paths(home)  # checks that each is right below its parent
        assert all(len(set(path)) == len(path) for path in found.values())
        for slug in ("ministry", "other"):
            edit(home, slug, {"parent": None})


def test_a_move_waits_for_a_publication_under_way_and_then_takes_it_along(home, tree):
    public_id = drafted(home, at="club")
    with ThreadPoolExecutor(1) as beside:
        with transaction(home.engine) as session:
            deposits.opened(session, public_id)
            move = beside.submit(edit, home, "school", {"parent": "other"})
            time.sleep(0.5)
            assert not move.done()
            publishing.publish(session, OPERATOR, public_id, repository_id=home.repository_id, now=START)
        move.result()
    assert "institution:other:school:club" in sets_of(home, public_id)[0]


def test_an_institution_added_under_a_branch_that_moves_moves_with_it(home, tree):
    with ThreadPoolExecutor(1) as beside:
        with transaction(home.engine) as session:
            institution(session, "new", parent=institutions.find(session, "club"))
            move = beside.submit(edit, home, "school", {"parent": "other"})
            time.sleep(0.5)
            assert not move.done()
        move.result()
    assert paths(home)["new"] == ["other", "school", "club", "new"]


def test_what_is_published_or_added_during_a_move_is_where_the_move_has_put_it(home, tree):
    drafts = [drafted(home, at="club", described=record(str(number))) for number in range(6)]

    def publish(public_id):
        act(home, publishing.publish, public_id, repository_id=home.repository_id)

    def move(to):
        edit(home, "school", {"parent": to})

    def add(number):
        with transaction(home.engine) as session:
            institution(session, f"new-{number}", parent=institutions.find(session, "club"))

    with ThreadPoolExecutor(4) as crowd:
        work = [crowd.submit(publish, one) for one in drafts]
        work += [crowd.submit(move, to) for to in ("other", "ministry", "other")]
        work += [crowd.submit(add, number) for number in range(4)]
        for one in work:
            one.result()
    found = paths(home)
    spec = ":".join(["institution", *found["club"]])
    for public_id in drafts:
        present, _ = sets_of(home, public_id)
        assert present == {spec.rsplit(":", n)[0] for n in range(1, spec.count(":") + 1)} | {spec}
    for number in range(4):
        assert found[f"new-{number}"] == [*found["club"], f"new-{number}"]


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
