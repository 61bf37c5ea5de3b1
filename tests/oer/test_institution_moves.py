"""Institutions that move with all below them: who may move them, what harvesters see, and what happens meanwhile."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from factories import START, act, drafted, institution, member, published, record
from institution_tree import edit, oai_record, paths, sets_of

from oer import deposits, institutions, publishing, refreshing, working
from oer.db import transaction
from oer.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from oer.policy import OPERATOR
from oer.workflow import Role


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
