from itertools import product

import pytest

from oer import workflow
from oer.workflow import DraftAction, DraftState, ResourceAction, ResourceState, Role

# Written from the rules of the repository, not from the code. Columns: state, action, state after it, the least
# role that may do it to somebody else's, the least role that may do it to one's own.
DRAFTS = """
editing            edit             editing            reviewer  depositor
editing            submit           submitted          reviewer  depositor
editing            publish          published          reviewer  reviewer
editing            discard          discarded          manager   depositor
submitted          recall           editing            manager   depositor
submitted          request-changes  changes-requested  reviewer  reviewer
submitted          reject           rejected           reviewer  reviewer
submitted          publish          published          reviewer  reviewer
changes-requested  edit             editing            reviewer  depositor
changes-requested  submit           submitted          reviewer  depositor
changes-requested  discard          discarded          manager   depositor
rejected           discard          discarded          manager   depositor
"""

RESOURCES = """
unpublished  publish   published  depositor  depositor
published    publish   published  depositor  depositor
published    revise    published  reviewer   depositor
published    hide      hidden     reviewer   reviewer
published    withdraw  withdrawn  reviewer   reviewer
hidden       unhide    published  reviewer   reviewer
hidden       withdraw  withdrawn  reviewer   reviewer
withdrawn    restore   published  manager    manager
"""


def _rows(table: str) -> dict[tuple[str, str], tuple[str, str, str]]:
    split = (line.split() for line in table.strip().splitlines())
    return {(state, action): (to, others, own) for state, action, to, others, own in split}


@pytest.mark.parametrize(
    ("table", "steps", "states", "actions"),
    [
        (DRAFTS, workflow.DRAFT, DraftState, DraftAction),
        (RESOURCES, workflow.RESOURCE, ResourceState, ResourceAction),
    ],
)
def test_every_state_action_role_and_authorship_is_as_the_rules_say(table, steps, states, actions):
    expected = _rows(table)
    walked = 0
    for state, action, role, author in product(states, actions, Role, (False, True)):
        step = steps.get((state, action))
        to, others, own = expected.get((state.value, action.value), (None, None, None))
        assert (step.to.value if step else None) == to
        least = own if author else others
        may = least is not None and role >= Role.named(least)
        assert workflow.allowed(step, role, author=author) is may, (state, action, role, author)
        walked += 1
    assert walked == len(states) * len(actions) * 4 * 2
    assert len(expected) == len(steps)


def test_nobody_without_a_role_may_take_any_step():
    for step in (*workflow.DRAFT.values(), *workflow.RESOURCE.values()):
        assert not workflow.allowed(step, Role.NONE, author=True)


@pytest.mark.parametrize("state", [DraftState.PUBLISHED, DraftState.DISCARDED])
def test_a_draft_that_has_ended_has_no_steps(state):
    assert not [step for step in workflow.DRAFT if step[0] is state]


@pytest.mark.parametrize("trusted", [Role.DEPOSITOR, Role.REVIEWER, Role.MANAGER])
def test_the_institution_chooses_who_publishes_without_a_review(trusted):
    step = workflow.publishing_step(DraftState.EDITING, trusted)
    assert step is not None
    assert [role for role in Role if workflow.allowed(step, role)] == [role for role in Role if role >= trusted]


@pytest.mark.parametrize("trusted", [Role.DEPOSITOR, Role.REVIEWER, Role.MANAGER])
def test_what_was_submitted_is_published_by_reviewers_whoever_is_trusted(trusted):
    step = workflow.publishing_step(DraftState.SUBMITTED, trusted)
    assert step is not None
    assert step.role is Role.REVIEWER


@pytest.mark.parametrize("state", [DraftState.CHANGES_REQUESTED, DraftState.REJECTED])
def test_a_draft_with_an_unanswered_review_is_not_published(state):
    assert workflow.publishing_step(state, Role.DEPOSITOR) is None


def test_roles_are_ordered_and_named():
    assert Role.NONE < Role.DEPOSITOR < Role.REVIEWER < Role.MANAGER
    assert [Role.named(role.word) for role in Role if role] == [Role.DEPOSITOR, Role.REVIEWER, Role.MANAGER]


@pytest.mark.parametrize("word", ["none", "administrator", "Reviewer", ""])
def test_other_words_are_no_roles(word):
    with pytest.raises(KeyError):
        Role.named(word)
