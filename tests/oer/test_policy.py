from datetime import UTC, date, datetime

import pytest

from oer import policy
from oer.errors import Conflict, Forbidden, Gone, NotFound, OerError
from oer.models import Draft, Institution, Resource
from oer.policy import ANONYMOUS, OPERATOR, Actor
from oer.workflow import DraftAction, DraftState, ResourceAction, ResourceState, Role

NOW = datetime(2026, 3, 1, tzinfo=UTC)
AUTHOR = 7
MINISTRY, COLLEGE, SIBLING = 1, 2, 3

COLLEGE_ITSELF = Institution(id=COLLEGE, slug="college", path="/1/2/", kind="school", names={}, created=NOW)


def actor(person_id: int | None = 1, *, scopes: tuple[str, ...] = policy.SCOPES, **roles: Role) -> Actor:
    """``actor(college=Role.REVIEWER)``; who is no author unless the person id says so."""
    places = {"ministry": MINISTRY, "college": COLLEGE, "sibling": SIBLING, "branch": 21}
    granted = {places[name]: role for name, role in roles.items()}
    return Actor(person_id=person_id, name="somebody", roles=granted, scopes=frozenset(scopes))


ACTORS = {
    "anonymous": ANONYMOUS,
    "no role": actor(),
    "author without role": actor(AUTHOR),
    "depositor": actor(college=Role.DEPOSITOR),
    "author": actor(AUTHOR, college=Role.DEPOSITOR),
    "reviewer": actor(college=Role.REVIEWER),
    "manager": actor(college=Role.MANAGER),
    "manager above": actor(ministry=Role.MANAGER),
    "reviewer above": actor(ministry=Role.REVIEWER),
    "manager beside": actor(sibling=Role.MANAGER),
    "manager below": actor(branch=Role.MANAGER),
    "administrator": Actor(person_id=99, name="administrator", administrator=True),
    "operator": OPERATOR,
}


def resource(state: str = ResourceState.PUBLISHED) -> Resource:
    return Resource(
        id=5,
        public_id="7k3v9qm2xd",
        institution_id=COLLEGE,
        author_id=AUTHOR,
        state=state,
        created=NOW,
        changed=NOW,
        reason=None if state in {ResourceState.UNPUBLISHED, ResourceState.PUBLISHED} else "rights",
    )


def draft(state: str = DraftState.EDITING) -> Draft:
    return Draft(id=6, resource_id=5, author_id=AUTHOR, state=state, record="{}", created=NOW, changed=NOW)


def answer(question, *arguments, **named) -> str:
    """What a question gives: ``yes``, or the class of the error."""
    try:
        question(*arguments, **named)
    except OerError as error:
        return type(error).__name__
    return "yes"


def grid(table: str) -> list[tuple[str, list[str]]]:
    """Lines of ``name | cell | cell``; the first names the columns."""
    lines = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return [(line[0], line[1:]) for line in lines]


ROLES = """
who                 | role
anonymous           | NONE
no role             | NONE
author without role | NONE
depositor           | DEPOSITOR
author              | DEPOSITOR
reviewer            | REVIEWER
manager             | MANAGER
manager above       | MANAGER
reviewer above      | NONE
manager beside      | NONE
manager below       | NONE
administrator       | MANAGER
operator            | MANAGER
"""


def test_the_role_that_counts_is_the_one_here_or_manager_from_above():
    rows = grid(ROLES)[1:]
    assert {who for who, _ in rows} == set(ACTORS)
    for who, (role,) in rows:
        assert policy.role_in(ACTORS[who], COLLEGE_ITSELF).name == role, who


SIGHT = """
who                 | unpublished | published | hidden | withdrawn
anonymous           | NotFound    | yes       | Gone   | Gone
no role             | NotFound    | yes       | Gone   | Gone
author without role | NotFound    | yes       | Gone   | Gone
depositor           | NotFound    | yes       | Gone   | Gone
author              | yes         | yes       | yes    | yes
reviewer            | yes         | yes       | yes    | yes
manager             | yes         | yes       | yes    | yes
manager above       | yes         | yes       | yes    | yes
reviewer above      | NotFound    | yes       | Gone   | Gone
manager beside      | NotFound    | yes       | Gone   | Gone
manager below       | NotFound    | yes       | Gone   | Gone
administrator       | yes         | yes       | yes    | yes
operator            | yes         | yes       | yes    | yes
"""


def test_what_was_never_public_is_hidden_and_what_was_has_a_tombstone():
    (_, states), *rows = grid(SIGHT)
    assert states == [state.value for state in ResourceState]
    assert {who for who, _ in rows} == set(ACTORS)
    for who, expected in rows:
        given = [answer(policy.require_sight, ACTORS[who], resource(state), COLLEGE_ITSELF) for state in states]
        assert given == expected, who


DOWNLOAD = """
who                 | open | embargoed | embargo over | institution | metadata-only
anonymous           | yes  | Forbidden | yes          | Forbidden   | Forbidden
no role             | yes  | Forbidden | yes          | Forbidden   | Forbidden
author without role | yes  | Forbidden | yes          | Forbidden   | Forbidden
depositor           | yes  | yes       | yes          | yes         | yes
author              | yes  | yes       | yes          | yes         | yes
reviewer            | yes  | yes       | yes          | yes         | yes
manager             | yes  | yes       | yes          | yes         | yes
manager above       | yes  | yes       | yes          | yes         | yes
reviewer above      | yes  | Forbidden | yes          | Forbidden   | Forbidden
manager beside      | yes  | Forbidden | yes          | Forbidden   | Forbidden
manager below       | yes  | Forbidden | yes          | Forbidden   | Forbidden
administrator       | yes  | yes       | yes          | yes         | yes
operator            | yes  | yes       | yes          | yes         | yes
"""

TODAY = date(2026, 3, 1)
KINDS = {
    "open": ("open", None),
    "embargoed": ("embargoed", date(2026, 3, 2)),
    "embargo over": ("embargoed", TODAY),
    "institution": ("institution", None),
    "metadata-only": ("metadata-only", None),
}


def download(who: Actor, state: str, kind: str) -> str:
    access, available = KINDS[kind]
    return answer(
        policy.require_download,
        who,
        resource(state),
        COLLEGE_ITSELF,
        access=access,
        available=available,
        today=TODAY,
    )


def test_files_of_a_published_resource_go_to_whom_its_access_says():
    (_, kinds), *rows = grid(DOWNLOAD)
    assert kinds == list(KINDS)
    assert {who for who, _ in rows} == set(ACTORS)
    for who, expected in rows:
        assert [download(ACTORS[who], ResourceState.PUBLISHED, kind) for kind in kinds] == expected, who


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", [state for state in ResourceState if state is not ResourceState.PUBLISHED])
def test_nobody_downloads_what_they_may_not_see(state, kind):
    for who in ACTORS.values():
        sight = answer(policy.require_sight, who, resource(state), COLLEGE_ITSELF)
        given = download(who, state, kind)
        assert given == sight, who


@pytest.mark.parametrize(
    ("today", "expected"),
    [(date(2026, 5, 31), "Forbidden"), (date(2026, 6, 1), "yes"), (date(2026, 6, 2), "yes")],
)
def test_an_embargo_ends_with_the_beginning_of_its_day(today, expected):
    given = answer(
        policy.require_download,
        ANONYMOUS,
        resource(),
        COLLEGE_ITSELF,
        access="embargoed",
        available=date(2026, 6, 1),
        today=today,
    )
    assert given == expected


def test_an_embargo_without_a_day_does_not_end():
    with pytest.raises(Forbidden) as caught:
        policy.require_download(
            ANONYMOUS, resource(), COLLEGE_ITSELF, access="embargoed", available=None, today=date.max
        )
    assert caught.value.code == "files.embargoed"


def test_a_refused_download_says_until_when():
    with pytest.raises(Forbidden) as caught:
        policy.require_download(
            ANONYMOUS, resource(), COLLEGE_ITSELF, access="embargoed", available=date(2026, 6, 1), today=TODAY
        )
    assert (caught.value.code, caught.value.params) == ("files.embargoed", {"until": "2026-06-01"})


def test_files_beside_a_description_that_alone_is_public_have_words_of_their_own():
    with pytest.raises(Forbidden) as caught:
        policy.require_download(
            ANONYMOUS, resource(), COLLEGE_ITSELF, access="metadata-only", available=None, today=TODAY
        )
    assert caught.value.code == "files.metadata-only"


def test_of_two_accesses_the_stricter_counts():
    soon, later = date(2026, 6, 1), date(2027, 1, 1)
    rising = [
        ("open", None),
        ("embargoed", soon),
        ("embargoed", later),
        ("embargoed", None),
        ("institution", None),
        ("metadata-only", None),
        ("unheard of", None),
    ]
    for place, milder in enumerate(rising):
        for stricter in rising[place:]:
            assert policy.strictest(milder, stricter) == policy.strictest(stricter, milder) == stricter


def test_an_unknown_access_kind_gives_nothing_to_strangers():
    with pytest.raises(Forbidden):
        policy.require_download(ANONYMOUS, resource(), COLLEGE_ITSELF, access="", available=None, today=TODAY)


@pytest.mark.parametrize(
    ("state", "code"), [(ResourceState.HIDDEN, "resource.hidden"), (ResourceState.WITHDRAWN, "resource.withdrawn")]
)
def test_a_tombstone_tells_its_reason(state, code):
    with pytest.raises(Gone) as caught:
        policy.require_sight(
            ANONYMOUS, resource(state).model_copy(update={"reason_note": "Words for everybody"}), COLLEGE_ITSELF
        )
    assert (caught.value.code, caught.value.params["reason"]) == (code, "rights")
    assert caught.value.params["note"] == "Words for everybody"


# For each draft state, the steps that the state table has; who may not even see the draft gets NotFound.
SEEING = {"author", "reviewer", "manager", "manager above", "administrator", "operator"}
REVIEWING = SEEING - {"author"}
MANAGING = REVIEWING - {"reviewer"}
DRAFT_STEPS = {
    ("editing", "edit"): SEEING,
    ("editing", "submit"): SEEING,
    ("editing", "publish"): REVIEWING,
    ("editing", "discard"): MANAGING | {"author"},
    ("submitted", "recall"): MANAGING | {"author"},
    ("submitted", "request-changes"): REVIEWING,
    ("submitted", "reject"): REVIEWING,
    ("submitted", "publish"): REVIEWING,
    ("changes-requested", "edit"): SEEING,
    ("changes-requested", "submit"): SEEING,
    ("changes-requested", "discard"): MANAGING | {"author"},
    ("rejected", "discard"): MANAGING | {"author"},
}


@pytest.mark.parametrize("state", ["editing", "submitted", "changes-requested", "rejected"])
@pytest.mark.parametrize("who", ACTORS)
def test_draft_steps(who, state):
    for action in DraftAction:
        given = answer(
            policy.require_draft_step, ACTORS[who], action, draft(state), resource("unpublished"), COLLEGE_ITSELF
        )
        may = DRAFT_STEPS.get((state, action.value))
        if who not in SEEING:
            expected = "NotFound"
        elif may is None:
            expected = "Conflict"
        else:
            expected = "yes" if who in may else "Forbidden"
        assert given == expected, action


RESOURCE_STEPS = {
    ("unpublished", "publish"): SEEING,
    ("published", "publish"): SEEING | {"depositor"},
    ("published", "revise"): SEEING,
    ("published", "hide"): REVIEWING,
    ("published", "withdraw"): REVIEWING,
    ("hidden", "unhide"): REVIEWING,
    ("hidden", "withdraw"): REVIEWING,
    ("withdrawn", "restore"): MANAGING,
}


@pytest.mark.parametrize("state", [state.value for state in ResourceState])
@pytest.mark.parametrize("who", ACTORS)
def test_resource_steps(who, state):
    everyone_scoped = {**ACTORS, "anonymous": Actor(person_id=None, name="anonymous")}  # its role alone stops it
    for action in ResourceAction:
        given = answer(policy.require_resource_step, everyone_scoped[who], action, resource(state), COLLEGE_ITSELF)
        may = RESOURCE_STEPS.get((state, action.value))
        if state == "unpublished" and who not in SEEING:
            expected = "NotFound"
        elif may is None:
            expected = "Conflict"
        else:
            expected = "yes" if who in may else "Forbidden"
        assert given == expected, action


def test_an_impossible_step_names_action_and_state():
    with pytest.raises(Conflict) as caught:
        policy.require_draft_step(OPERATOR, DraftAction.RECALL, draft(), resource("unpublished"), COLLEGE_ITSELF)
    assert caught.value.code == "transition.impossible"
    assert caught.value.params == {"action": "recall", "state": "editing"}


def test_a_trusting_institution_lets_depositors_publish_their_own():
    trusting = COLLEGE_ITSELF.model_copy(update={"publish_role": "depositor"})
    step = (DraftAction.PUBLISH, draft(), resource("unpublished"), trusting)
    assert policy.require_draft_step(ACTORS["author"], *step) is DraftState.PUBLISHED
    with pytest.raises(NotFound):
        policy.require_draft_step(ACTORS["depositor"], *step)


NEEDED = {
    ("editing", "edit"): "deposit",
    ("editing", "submit"): "deposit",
    ("editing", "publish"): "deposit",
    ("editing", "discard"): "deposit",
    ("submitted", "recall"): "deposit",
    ("submitted", "request-changes"): "review",
    ("submitted", "reject"): "review",
    ("submitted", "publish"): "review",
    ("changes-requested", "discard"): "deposit",
}


@pytest.mark.parametrize(("state", "action"), NEEDED)
@pytest.mark.parametrize("scope", policy.SCOPES)
def test_a_token_takes_draft_steps_of_its_scope_alone(state, action, scope):
    holder = Actor(person_id=99, name="x", administrator=True, scopes=frozenset({scope}))
    step = (DraftAction(action), draft(state), resource("unpublished"), COLLEGE_ITSELF)
    if scope == NEEDED[state, action]:
        policy.require_draft_step(holder, *step)
        if action == "publish":  # publishing takes a step of both tables
            policy.require_resource_step(holder, ResourceAction.PUBLISH, resource("unpublished"), COLLEGE_ITSELF)
    else:
        with pytest.raises(Forbidden) as caught:
            policy.require_draft_step(holder, *step)
        assert (caught.value.code, caught.value.params) == ("scope.missing", {"scope": NEEDED[state, action]})


@pytest.mark.parametrize(
    ("state", "action", "needed"),
    [
        ("published", "revise", "deposit"),
        ("published", "hide", "review"),
        ("hidden", "unhide", "review"),
        ("published", "withdraw", "review"),
        ("withdrawn", "restore", "review"),
    ],
)
@pytest.mark.parametrize("scope", policy.SCOPES)
def test_a_token_takes_resource_steps_of_its_scope_alone(state, action, needed, scope):
    holder = Actor(person_id=99, name="x", administrator=True, scopes=frozenset({scope}))
    given = answer(policy.require_resource_step, holder, ResourceAction(action), resource(state), COLLEGE_ITSELF)
    assert given == ("yes" if scope == needed else "Forbidden")


@pytest.mark.parametrize("who", ACTORS)
def test_who_may_deposit_manage_and_grant(who):
    one = ACTORS[who]
    depositing = SEEING | {"depositor"}
    assert answer(policy.require_deposit, one, COLLEGE_ITSELF) == ("yes" if who in depositing else "Forbidden")
    assert answer(policy.require_manage, one, COLLEGE_ITSELF) == ("yes" if who in MANAGING else "Forbidden")
    for role in Role:
        given = answer(policy.require_grant, one, COLLEGE_ITSELF, role)
        assert given == ("yes" if who in MANAGING else "Forbidden")
    administers = who in {"administrator", "operator"}
    assert answer(policy.require_administrator, one) == ("yes" if administers else "Forbidden")


@pytest.mark.parametrize("scope", ["read", "deposit", "review"])
def test_managing_needs_the_scope_manage(scope):
    holder = Actor(person_id=99, name="x", administrator=True, scopes=frozenset({scope}))
    assert answer(policy.require_manage, holder, COLLEGE_ITSELF) == "Forbidden"
    assert answer(policy.require_administrator, holder) == "Forbidden"
    assert answer(policy.require_grant, holder, COLLEGE_ITSELF, Role.DEPOSITOR) == "Forbidden"
