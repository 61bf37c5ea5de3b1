from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import factories
import pytest
from factories import START, act, collected, member
from sqlmodel import col, select

from oer import collections, deposits, institutions, policy, publishing, queries, units, workflow
from oer.collections import Found
from oer.db import reading, transaction
from oer.errors import Conflict, Forbidden, Invalid, NotFound, OerError, Stale
from oer.installation import Installation
from oer.models import Collection, CollectionItem, CollectionUnit, Institution
from oer.policy import ANONYMOUS, OPERATOR, Actor
from oer.units import Item, Unit
from oer.workflow import CollectionAction, CollectionState, Role

TITLES = {"ar": "الضوء", "en": "Light"}

# Written from the rules, not from the code: state, action, state after it, the least role that may do it to somebody
# else's, the least role that may do it to one's own.
STEPS = """
draft      edit       draft      reviewer  depositor
draft      publish    published  reviewer  reviewer
draft      delete     deleted    reviewer  depositor
published  edit       published  reviewer  reviewer
published  unpublish  draft      reviewer  reviewer
published  delete     deleted    manager   manager
"""


def order(home: Installation, public_id: str, actor: Actor = OPERATOR) -> list[list[str]]:
    """Ids of the resources of every unit, as somebody sees them."""
    with reading(home.engine) as session:
        found = collections.find(session, actor, public_id)
        seen = units.contents(session, actor, collection_id=found.id, editing=found.edited_by(actor))
        return [[item.resource for item in unit.items] for unit in seen]


def lock(home: Installation, public_id: str) -> int:
    with reading(home.engine) as session:
        found = queries.collections.by_public_id(session, public_id=public_id)
        assert found is not None
        return found.lock


def answer(question: Callable[..., object], *arguments: Any, **named: Any) -> str:
    """What a question gives: ``yes``, or the class of the error."""
    try:
        question(*arguments, **named)
    except OerError as error:
        return type(error).__name__
    return "yes"


def codes(caught: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in caught.value.problems]


def test_every_state_action_role_and_authorship_is_as_the_rules_say() -> None:
    expected = {
        (state, action): (to, others, own)
        for state, action, to, others, own in map(str.split, STEPS.strip().split("\n"))
    }
    assert len(workflow.COLLECTION) == len(expected)
    for state, action, role, author in product(CollectionState, CollectionAction, Role, (False, True)):
        step = workflow.COLLECTION.get((state, action))
        to, others, own = expected.get((state.value, action.value), (None, None, None))
        assert (step.to.value if step else None) == to
        least = own if author else others
        may = least is not None and role >= Role.named(least)
        assert workflow.allowed(step, role, author=author) is may, (state, action, role, author)


COLLEGE = Institution(id=2, slug="college", path="/1/2/", kind="school", names={}, created=START)
ACTORS = {
    "anonymous": ANONYMOUS,
    "no role": Actor(1, "x"),
    "author without role": Actor(7, "x"),
    "author": Actor(7, "x", roles={2: Role.DEPOSITOR}),
    "depositor": Actor(1, "x", roles={2: Role.DEPOSITOR}),
    "reviewer": Actor(1, "x", roles={2: Role.REVIEWER}),
    "manager": Actor(1, "x", roles={2: Role.MANAGER}),
    "manager above": Actor(1, "x", roles={1: Role.MANAGER}),
    "reviewer above": Actor(1, "x", roles={1: Role.REVIEWER}),
    "manager beside": Actor(1, "x", roles={3: Role.MANAGER}),
    "operator": OPERATOR,
}
MAY = """
who                 | draft: see edit  publish delete | published: see edit publish unpublish delete
anonymous           | NotFound NotFound  NotFound  NotFound  | yes Forbidden Conflict Forbidden Forbidden
no role             | NotFound NotFound  NotFound  NotFound  | yes Forbidden Conflict Forbidden Forbidden
author without role | NotFound NotFound  NotFound  NotFound  | yes Forbidden Conflict Forbidden Forbidden
author              | yes      yes       Forbidden yes       | yes Forbidden Conflict Forbidden Forbidden
depositor           | NotFound NotFound  NotFound  NotFound  | yes Forbidden Conflict Forbidden Forbidden
reviewer            | yes      yes       yes       yes       | yes yes       Conflict yes       Forbidden
manager             | yes      yes       yes       yes       | yes yes       Conflict yes       yes
manager above       | yes      yes       yes       yes       | yes yes       Conflict yes       yes
reviewer above      | NotFound NotFound  NotFound  NotFound  | yes Forbidden Conflict Forbidden Forbidden
manager beside      | NotFound NotFound  NotFound  NotFound  | yes Forbidden Conflict Forbidden Forbidden
operator            | yes      yes       yes       yes       | yes yes       Conflict yes       yes
"""


def test_who_sees_edits_publishes_and_ends_a_collection() -> None:
    def asked(actor: Actor, state: CollectionState, actions: Sequence[CollectionAction]) -> list[str]:
        one = Collection(
            public_id="7k3v9qm2xd", institution_id=2, author_id=7, titles={}, state=state, created=START, changed=START
        )
        sight = answer(policy.require_collection_sight, actor, one, COLLEGE)
        return [sight, *(answer(policy.require_collection_step, actor, action, one, COLLEGE) for action in actions)]

    rows = [[cell.strip() for cell in line.split("|")] for line in MAY.strip().splitlines()[1:]]
    assert {who for who, *_ in rows} == set(ACTORS)
    edit, publish, unpublish, delete = CollectionAction
    for who, draft, published in rows:
        # The public has no scope but read, and is told so before its role is looked at: Forbidden either way.
        assert asked(ACTORS[who], CollectionState.DRAFT, (edit, publish, delete)) == draft.split(), who
        assert asked(ACTORS[who], CollectionState.PUBLISHED, (edit, publish, unpublish, delete)) == published.split(), (
            who
        )


@pytest.mark.parametrize(
    ("state", "action", "scope"),
    [("draft", "edit", "deposit"), ("draft", "delete", "deposit"), ("draft", "publish", "review"),
     ("published", "edit", "deposit"), ("published", "unpublish", "review"), ("published", "delete", "review")],
)  # fmt: skip
def test_a_token_needs_the_scope_of_the_step(state: str, action: str, scope: str) -> None:
    one = Collection(
        public_id="7k3v9qm2xd", institution_id=2, author_id=7, titles={}, state=state, created=START, changed=START
    )
    for scopes in (frozenset({scope}), frozenset(policy.SCOPES) - {scope}):
        actor = Actor(1, "x", roles={2: Role.MANAGER}, scopes=scopes)
        given = answer(policy.require_collection_step, actor, CollectionAction(action), one, COLLEGE)
        assert given == ("yes" if scope in scopes else "Forbidden")


def test_a_depositor_begins_a_draft_in_their_institution_and_nowhere_else(home: Installation) -> None:
    teacher = member(home, Role.DEPOSITOR)
    public_id = collected(home, actor=teacher)
    with transaction(home.engine) as session:
        found = collections.find(session, teacher, public_id)
        assert (found.collection.state, found.collection.membership) == ("draft", "closed")
        assert found.collection.author_id == teacher.person_id
        elsewhere = factories.institution(session, "elsewhere")
        for actor in (teacher, ANONYMOUS):
            with pytest.raises(Forbidden):
                collections.create(session, actor, elsewhere, titles=TITLES, now=START)
    act(home, collections.change, public_id, actor=teacher, titles={"fr": "Lumière"})
    act(home, collections.publish, public_id)
    with pytest.raises(Forbidden):
        act(home, collections.change, public_id, actor=teacher, titles={"fr": "Autre"})
    act(home, collections.unpublish, public_id)
    act(home, collections.change, public_id, actor=teacher, titles={"fr": "Autre"})
    with pytest.raises(NotFound):
        act(home, collections.change, public_id, actor=member(home, Role.DEPOSITOR, email="b@example.org"))


@pytest.mark.parametrize(
    ("wanted", "problems"),
    [
        ({"titles": {}}, [("titles", "title.missing")]),
        ({"titles": {"ar": " \u200f ", "en": None}}, [("titles", "title.missing")]),
        ({"titles": {"de": "Licht"}}, [("titles.de", "field.unknown")]),
        ({"titles": {"ar": "x" * 301}}, [("titles.ar", "text.too-long")]),
        ({"titles": {"ar": "a\u202eb", "fr": "\ud800"}}, [("titles.ar", "text.illegal-character"),
                                                           ("titles.fr", "text.illegal-character")]),
        ({"titles": {"ar": "a\0b"}, "descriptions": {"fr": "x" * 5001}},
         [("titles.ar", "text.illegal-character"), ("descriptions.fr", "text.too-long")]),
        ({"titles": {"en": "a\nb"}, "descriptions": {"en": "a\nb"}}, [("titles.en", "text.illegal-character")]),
        ({"membership": "secret"}, [("membership", "field.choice")]),
    ],
)  # fmt: skip
def test_what_a_collection_cannot_be(home: Installation, wanted: dict[str, Any], problems: list[Any]) -> None:
    with pytest.raises(Invalid) as caught:
        collected(home, **wanted)
    assert codes(caught) == problems
    with reading(home.engine) as session:
        assert queries.collections.drafts(session, of=policy.reach(OPERATOR), limit=5) == []


def test_words_change_by_language_and_the_last_title_stays(home: Installation) -> None:
    public_id = collected(home, descriptions={"ar": "وصف"})

    def changed(**words: Any) -> Found:
        return act(home, collections.change, public_id, **words)

    found = changed(titles={"en": None, "fr": " Lumière\u200f "}, descriptions={"ar": ""}, membership="open")
    assert (found.collection.titles, found.collection.descriptions) == ({"ar": "الضوء", "fr": "Lumière"}, {})
    assert (found.collection.membership, found.collection.lock) == ("open", 2)
    with pytest.raises(Invalid) as caught:
        changed(titles={"ar": None, "fr": ""})
    assert codes(caught) == [("titles", "title.missing")]
    assert changed().collection.titles == {"ar": "الضوء", "fr": "Lumière"}


def test_a_resource_is_in_a_collection_once(home: Installation) -> None:
    public_id, one = collected(home), factories.published(home)
    act(home, collections.add, public_id, one)
    before = lock(home, public_id)
    with pytest.raises(Conflict) as caught:
        act(home, collections.add, public_id, one)
    assert caught.value.code == "collection.holds-already"
    assert lock(home, public_id) == before


@pytest.mark.parametrize("wrong", ["7k3v9qm2xd", "", "a\0b", "\ud800", "x" * 5000, "../..", "7K3V9QM2XD", "٧"])
def test_ids_that_are_none_are_not_found_anywhere(home: Installation, wrong: str) -> None:
    public_id = collected(home)
    for verb, arguments, code in (
        (collections.change, (wrong,), "collection.unknown"),
        (collections.publish, (wrong,), "collection.unknown"),
        (collections.remove, (wrong,), "collection.unknown"),
        (collections.arrange, (wrong, []), "collection.unknown"),
        (collections.find, (wrong,), "collection.unknown"),
        (collections.add, (wrong, wrong), "collection.unknown"),
        (collections.add, (public_id, wrong), "resource.unknown"),
        (collections.take_out, (public_id, wrong), "collection.item-unknown"),
    ):
        with transaction(home.engine) as session, pytest.raises(NotFound) as caught:
            verb(session, OPERATOR, *arguments, **({} if verb is collections.find else {"now": START}))
        assert caught.value.code == code
    with pytest.raises(Invalid) as refused:
        act(home, collections.arrange, public_id, [Unit(items=[Item(wrong)], id=wrong)])
    assert codes(refused) == [("[0].id", "collection.unit-unknown"), ("[0].items[0].resource", "resource.unknown")]
    with pytest.raises(Invalid) as refused:
        act(home, collections.add, public_id, factories.published(home), unit=wrong)
    assert codes(refused) == [("unit", "collection.unit-unknown")]


def test_into_an_open_collection_depositors_bring_what_their_own_institutions_publish(home: Installation) -> None:
    public_id = collected(home, shown=True, membership="open")
    teacher, stranger = member(home, Role.DEPOSITOR, "school"), member(home, Role.DEPOSITOR, "other")
    theirs, foreign = factories.published(home, at="school"), factories.published(home, at="other")
    draft = factories.drafted(home, at="school", actor=teacher, files={"c.txt": b"c"})

    def adding(actor: Actor, resource: str) -> str:
        try:
            act(home, collections.add, public_id, resource, actor=actor)
        except OerError as error:
            return error.code
        return "yes"

    assert adding(stranger, theirs) == "collection.not-own"
    assert adding(teacher, foreign) == "collection.not-own"
    assert adding(teacher, draft) == "resource.not-published"
    assert adding(stranger, draft) == "resource.unknown"
    assert adding(ANONYMOUS, theirs) == "scope.missing"
    assert adding(teacher, theirs) == "yes"
    assert order(home, public_id, ANONYMOUS) == [[theirs]]
    act(home, collections.change, public_id, membership="closed")
    assert adding(stranger, foreign) == "collection.closed"
    act(home, collections.unpublish, public_id)
    act(home, collections.change, public_id, membership="open")
    assert adding(stranger, foreign) == "collection.unknown"


def test_who_has_brought_something_takes_it_back_and_nothing_else(home: Installation) -> None:
    public_id = collected(home, shown=True, membership="open")
    teacher, colleague = (member(home, Role.DEPOSITOR, "school", email=f"{name}@example.org") for name in "ab")
    one, two = (factories.published(home, at="school", files={"a.txt": b"%d" % number}) for number in range(2))
    secret = factories.drafted(home, files={"b.txt": b"b"})
    act(home, collections.add, public_id, one, actor=teacher)
    act(home, collections.add, public_id, two, actor=colleague)
    act(home, collections.add, public_id, secret)

    def taking(actor: Actor, resource: str) -> str:
        try:
            act(home, collections.take_out, public_id, resource, actor=actor)
        except OerError as error:
            return error.code
        return "yes"

    assert taking(teacher, two) == "action.forbidden"
    assert taking(teacher, secret) == taking(teacher, "7k3v9qm2xd") == "collection.item-unknown"
    act(home, collections.change, public_id, membership="closed")
    assert taking(teacher, one) == "collection.closed"
    act(home, collections.change, public_id, membership="open")
    act(home, publishing.hide, one, reason="legal", repository_id=home.repository_id)
    assert taking(Actor(teacher.person_id, "without a role"), one) == "collection.not-own"
    assert taking(teacher, one) == "yes"
    assert taking(teacher, one) == "collection.item-unknown"
    assert taking(member(home, Role.REVIEWER), two) == "yes"
    assert order(home, public_id) == [[secret]]


def test_every_write_counts_and_insists_on_what_was_read(home: Installation) -> None:
    public_id, resource = collected(home), factories.published(home)
    steps: list[tuple[Any, tuple[Any, ...]]] = [
        (collections.change, ()),
        (collections.add, (resource,)),
        (collections.take_out, (resource,)),
        (collections.arrange, ([Unit(items=[Item(resource)])],)),
        (collections.publish, ()),
        (collections.unpublish, ()),
    ]
    for number, (verb, arguments) in enumerate(steps, 1):
        with pytest.raises(Stale) as caught:
            act(home, verb, public_id, *arguments, expected=number + 1)
        assert caught.value.code == "collection.stale"
        assert act(home, verb, public_id, *arguments, expected=number).collection.lock == number + 1
    with pytest.raises(Stale):
        act(home, collections.remove, public_id, expected=1)
    act(home, collections.remove, public_id, expected=len(steps) + 1)
    with reading(home.engine) as session:
        log = [entry.action for entry in queries.audit.of_object(session, kind="collection", object_id=public_id)]
    assert log == [
        "collection.create", "collection.change", "collection.add", "collection.remove", "collection.arrange",
        "collection.publish", "collection.unpublish", "collection.delete",
    ]  # fmt: skip


def test_an_ended_collection_leaves_nothing_but_its_resources_and_the_log(home: Installation) -> None:
    public_id, resource = collected(home, shown=True), factories.published(home)
    act(home, collections.add, public_id, resource)
    with pytest.raises(Forbidden):
        act(home, collections.remove, public_id, actor=member(home, Role.REVIEWER))
    act(home, collections.remove, public_id, actor=member(home, Role.MANAGER))
    with reading(home.engine) as session:
        for table in (Collection, CollectionUnit, CollectionItem):
            assert session.exec(select(table)).all() == []
        last = queries.audit.of_object(session, kind="collection", object_id=public_id)[-1]
        assert (last.action, last.details) == ("collection.delete", {"state": "published", "resources": [resource]})
        found = queries.resources.by_public_id(session, public_id=resource)
        assert found is not None
        assert found.state == "published"


def test_an_institution_with_a_collection_is_not_removed(home: Installation) -> None:
    public_id = collected(home)
    with transaction(home.engine) as session, pytest.raises(Conflict) as caught:
        institutions.remove(session, OPERATOR, institutions.find(session, "college"), now=START)
    assert caught.value.code == "institution.not-empty"
    act(home, collections.remove, public_id)
    with transaction(home.engine) as session:
        institutions.remove(session, OPERATOR, institutions.find(session, "college"), now=START)


def test_lists_hold_what_is_published_and_the_drafts_that_one_edits(home: Installation) -> None:
    with transaction(home.engine) as session:
        ministry = factories.institution(session, "ministry")
        factories.institution(session, "school", parent=ministry)
    teacher = member(home, Role.DEPOSITOR, "school")
    own = collected(home, at="school", actor=teacher)
    theirs, other, public = (
        collected(home, at="school"),
        collected(home, at="ministry"),
        collected(home, at="school", shown=True),
    )

    def drafts(actor: Actor, **wanted: Any) -> list[str]:
        with reading(home.engine) as session:
            rows = queries.collections.drafts(session, of=policy.reach(actor), limit=9, **wanted)
            return [collection.public_id for collection, _ in rows]

    assert drafts(OPERATOR) == [other, theirs, own]
    assert drafts(member(home, Role.MANAGER, "ministry")) == [other, theirs, own]
    assert drafts(member(home, Role.REVIEWER, "ministry")) == [other]
    assert drafts(member(home, Role.REVIEWER, "school")) == [theirs, own]
    assert drafts(teacher) == [own]
    assert drafts(ANONYMOUS) == drafts(Actor(99, "nobody")) == []
    assert drafts(OPERATOR, within="/1/2/") == [theirs, own]
    with reading(home.engine) as session:
        rows = queries.collections.published(session, limit=9)
        assert [collection.public_id for collection, _ in rows] == [public]


def test_many_add_at_once_and_each_comes_in_once(home: Installation) -> None:
    public_id = collected(home)
    ids = [factories.published(home, files={"a.txt": b"%d" % number}) for number in range(6)]

    def adding(resource: str) -> str:
        return answer(act, home, collections.add, public_id, resource)

    with ThreadPoolExecutor(6) as pool:
        given = list(pool.map(adding, [*ids, *ids]))
    assert sorted(given) == ["Conflict"] * 6 + ["yes"] * 6
    with reading(home.engine) as session:
        (unit,) = queries.collections.units(session, collection_id=1)
        items = session.exec(select(CollectionItem).order_by(col(CollectionItem.position))).all()
        assert [item.position for item in items] == [1, 2, 3, 4, 5, 6]
        assert {item.unit_id for item in items} == {unit.id}
    assert lock(home, public_id) == 7


def test_a_resource_that_is_discarded_while_it_is_put_in_order_is_in_or_gone(home: Installation) -> None:
    public_id = collected(home)
    for number in range(4):
        draft = factories.drafted(home, files={"a.txt": b"%d" % number})
        act(home, collections.add, public_id, draft)
        wanted = [units.Unit(items=[units.Item(draft)])]
        with ThreadPoolExecutor(2) as pool:
            arranged = pool.submit(answer, act, home, collections.arrange, public_id, wanted)
            discarded = pool.submit(answer, act, home, deposits.discard, draft)
            assert arranged.result() in {"yes", "Invalid"}
            assert discarded.result() == "yes"
        assert not any(order(home, public_id))
