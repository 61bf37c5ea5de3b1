"""What lists show is what the policy lets a person see, for every place of the tree and every role in it."""

import itertools

import factories
import pytest
from factories import START, act
from sqlmodel import Session

from oer import accounts, deposits, institutions, policy, publishing, queries
from oer.db import reading, transaction
from oer.installation import Installation
from oer.policy import ANONYMOUS, OPERATOR, Actor
from oer.workflow import Role

TREE = ("ministry", "college", "club", "school")  # each below the one before, and "school" beside "college"


@pytest.fixture
def grown(home: Installation) -> Installation:
    """A tree of institutions and, in each, one draft of its own depositor."""
    with transaction(home.engine) as session:
        ministry = factories.institution(session, "ministry")
        college = factories.institution(session, "college", parent=ministry)
        factories.institution(session, "club", parent=college)
        factories.institution(session, "school", parent=ministry)
    for place in TREE:
        factories.drafted(home, at=place, actor=factories.member(home, Role.DEPOSITOR, place))
    return home


def everybody(home: Installation) -> list[Actor]:
    """Every role in every place, two roles at once, those who began the drafts, and those who are nobody."""
    found = [factories.member(home, Role.DEPOSITOR, place) for place in TREE]
    with transaction(home.engine) as session:
        places = {place: institutions.find(session, place) for place in TREE}
        for number, (first, second) in enumerate(itertools.combinations(itertools.product(TREE, Role), 2)):
            if first[0] == second[0]:
                continue
            person = factories.person(session, f"p{number}@example.org")
            for place, role in (first, second):
                if role is not Role.NONE:
                    accounts.grant(session, OPERATOR, person, places[place], role, now=START)
            session.flush()
            found.append(accounts.actor_of(session, person))
    return [*found, ANONYMOUS, OPERATOR, Actor(person_id=10**6, name="gone")]


def listed(session: Session, actor: Actor) -> set[str]:
    rows = queries.drafts.page(session, reach=policy.reach(actor), limit=100)
    return {row.resource.public_id for row in rows}


def test_lists_of_drafts_hold_what_the_policy_lets_a_person_see(grown: Installation) -> None:
    people = everybody(grown)
    assert len(people) > 60
    seen_by_some = set()
    with reading(grown.engine) as session:
        everything = queries.drafts.page(session, reach=policy.reach(OPERATOR), limit=100)
        assert len(everything) == len(TREE)
        for actor in people:
            allowed = {
                row.resource.public_id for row in everything if policy.may_see_draft(actor, row.draft, row.institution)
            }
            assert listed(session, actor) == allowed, actor
            seen_by_some.add(len(allowed))
    assert seen_by_some == {0, 1, 2, 3, 4}


def test_lists_of_what_is_out_of_sight_hold_what_the_policy_lets_a_person_see(grown: Installation) -> None:
    with reading(grown.engine) as session:
        ids = listed(session, OPERATOR)
    for number, public_id in enumerate(sorted(ids)):
        act(grown, publishing.publish, public_id, repository_id=grown.repository_id)
        verb = publishing.hide if number % 2 else publishing.withdraw
        act(grown, verb, public_id, reason="rights", repository_id=grown.repository_id)
    people = everybody(grown)
    with reading(grown.engine) as session:
        for state in ("hidden", "withdrawn"):
            wanted = {"state": state, "after": None, "within": None, "limit": 100}
            everything = queries.resources.concealed(session, reach=policy.reach(OPERATOR), **wanted)
            assert len(everything) == 2
            for actor in people:
                allowed = {
                    resource.public_id
                    for resource, _, institution in everything
                    if policy.may_see_unpublished(actor, resource, institution)
                }
                rows = queries.resources.concealed(session, reach=policy.reach(actor), **wanted)
                assert {resource.public_id for resource, _, _ in rows} == allowed


def test_a_path_that_begins_with_another_s_number_is_not_below_it(home: Installation) -> None:
    with transaction(home.engine) as session:
        places = [factories.institution(session, f"i{number}") for number in range(12)]
        assert places[0].path == "/1/"
        assert places[9].path == "/10/"
    manager = factories.member(home, Role.MANAGER, "i0")
    factories.drafted(home, at="i9")
    factories.drafted(home, at="i0")
    with reading(home.engine) as session:
        rows = queries.drafts.page(session, reach=policy.reach(manager), limit=100)
        assert [row.institution.slug for row in rows] == ["i0"]


def test_without_a_person_nothing_is_one_s_own(home: Installation) -> None:
    public_id = factories.drafted(home)  # by the operator: nobody is its author
    nobody = Actor(person_id=None, name="x", roles={1: Role.DEPOSITOR})
    with reading(home.engine) as session:
        found = queries.drafts.of_resource(session, public_id=public_id)
        assert found is not None
        assert found[2].author_id is None
        assert listed(session, nobody) == set()
        assert not policy.may_see_draft(nobody, found[2], found[1])


def test_the_actions_of_a_draft_are_those_that_its_verbs_allow(home: Installation) -> None:
    author = factories.member(home, Role.DEPOSITOR)
    people = [author, factories.member(home, Role.REVIEWER), factories.member(home, Role.MANAGER), ANONYMOUS]
    public_id = factories.drafted(home, actor=author)
    with reading(home.engine) as session:
        resource, place, draft = queries.drafts.of_resource(session, public_id=public_id) or pytest.fail("gone")
        told = [[str(action) for action in policy.draft_actions(who, draft, resource, place)] for who in people]
    assert told == [["edit", "submit", "discard"], ["edit", "submit", "publish"],
                    ["edit", "submit", "publish", "discard"], []]  # fmt: skip
    act(home, deposits.submit, public_id, actor=author)
    with reading(home.engine) as session:
        resource, place, draft = queries.drafts.of_resource(session, public_id=public_id) or pytest.fail("gone")
        told = [[str(action) for action in policy.draft_actions(who, draft, resource, place)] for who in people]
    assert told == [["recall"], ["request-changes", "reject", "publish"],
                    ["recall", "request-changes", "reject", "publish"], []]  # fmt: skip


def test_a_draft_of_what_was_withdrawn_cannot_be_published(home: Installation) -> None:
    public_id = factories.published(home)
    act(home, deposits.revise, public_id)
    act(home, publishing.withdraw, public_id, reason="rights", repository_id=home.repository_id)
    with reading(home.engine) as session:
        resource, place, draft = queries.drafts.of_resource(session, public_id=public_id) or pytest.fail("gone")
        assert "publish" not in policy.draft_actions(OPERATOR, draft, resource, place)
