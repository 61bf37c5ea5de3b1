import factories
import pytest
from factories import START, Watch, act, collected, member

from oer import collections, deposits, publishing, queries, units
from oer.db import reading, transaction
from oer.errors import Gone, Invalid, NotFound, TooLarge
from oer.installation import Installation
from oer.policy import ANONYMOUS, OPERATOR, Actor
from oer.units import Item, Unit
from oer.workflow import Role


def order(home: Installation, public_id: str, actor: Actor = OPERATOR) -> list[list[str]]:
    """Ids of the resources of every unit, as somebody sees them."""
    with reading(home.engine) as session:
        found = collections.find(session, actor, public_id)
        seen = units.contents(session, actor, collection_id=found.id, editing=found.edited_by(actor))
        return [[item.resource for item in unit.items] for unit in seen]


def codes(caught: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in caught.value.problems]


def test_resources_come_to_the_end_and_the_first_makes_a_unit(home: Installation) -> None:
    public_id = collected(home)
    one, two, three = (factories.published(home, files={"a.txt": b"%d" % number}) for number in range(3))
    act(home, collections.add, public_id, one, note="  أولًا ")
    act(home, collections.add, public_id, two)
    with reading(home.engine) as session:
        (unit,) = units.contents(
            session, OPERATOR, collection_id=collections.find(session, OPERATOR, public_id).id, editing=True
        )
        assert unit.titles == {}
        assert [(item.resource, item.note) for item in unit.items] == [(one, "أولًا"), (two, "")]
        assert unit.items[0].title == factories.record().title
    act(home, collections.arrange, public_id, [Unit({"ar": "أ"}, [Item(one), Item(two)], unit.id), Unit({"ar": "ب"})])
    act(home, collections.add, public_id, three)
    assert order(home, public_id) == [[one, two], [three]]
    act(home, collections.take_out, public_id, one)
    act(home, collections.add, public_id, one, unit=unit.id)
    assert order(home, public_id) == [[two, one], [three]]


def test_the_whole_order_is_put_at_once_and_what_stays_keeps_its_ids_and_its_giver(
    home: Installation, watch: Watch
) -> None:
    teacher = member(home, Role.REVIEWER)
    public_id = collected(home)
    one, two, three = (factories.published(home, files={"a.txt": b"%d" % number}) for number in range(3))
    act(home, collections.add, public_id, one, actor=teacher, note="قديم")
    act(home, collections.add, public_id, two, actor=teacher)
    with reading(home.engine) as session:
        (kept,) = queries.collections.units(session, collection_id=1)
    watch.forward(days=1)
    wanted = [Unit({"fr": "Nouvelle"}, [Item(three)]), Unit({"ar": "باقية"}, [Item(one, "جديد")], kept.public_id)]
    found = act(home, collections.arrange, public_id, wanted)
    assert order(home, public_id) == [[three], [one]]
    assert found.collection.changed == watch()
    with reading(home.engine) as session:
        first, second = queries.collections.units(session, collection_id=1)
        assert (second.public_id, second.titles) == (kept.public_id, {"ar": "باقية"})
        assert first.public_id != kept.public_id
        items = {item.public_id: item for item in queries.collections.placed(session, collection_id=1)}
        assert (items[one].added_by, items[one].added) == (teacher.person_id, START)
        assert (items[three].added_by, items[three].added) == (None, watch())
        log = queries.audit.of_object(session, kind="collection", object_id=public_id)[-1]
        assert (log.action, log.details) == ("collection.arrange", {"came": [three], "went": [two]})
    act(home, collections.arrange, public_id, [])
    assert order(home, public_id) == []


def test_all_mistakes_of_an_order_are_told_at_once_and_nothing_moves(home: Installation) -> None:
    public_id, other = collected(home), collected(home)
    one, hidden = factories.published(home), factories.drafted(home, files={"b.txt": b"b"})
    reviewer = member(home, Role.REVIEWER, "elsewhere")
    act(home, collections.add, public_id, one)
    act(home, collections.add, other, one)
    with reading(home.engine) as session:
        (mine,), (theirs,) = (queries.collections.units(session, collection_id=number) for number in (1, 2))
    elsewhere = collected(home, at="elsewhere")
    wrong = [
        Unit({"de": "x"}, [Item(one, "n" * 1001), Item(one)], mine.public_id),
        Unit({}, [Item("7k3v9qm2xd")], mine.public_id),
        Unit({}, [Item(one)], theirs.public_id),
    ]
    with pytest.raises(Invalid) as caught:
        act(home, collections.arrange, public_id, wrong)
    assert codes(caught) == [
        ("[0].titles.de", "field.unknown"),
        ("[1].id", "list.repeated"),
        ("[2].id", "collection.unit-unknown"),
        ("[0].items[1].resource", "collection.item-repeated"),
        ("[2].items[0].resource", "collection.item-repeated"),
        ("[1].items[0].resource", "resource.unknown"),
        ("[0].items[0].note", "text.too-long"),
    ]
    assert order(home, public_id) == [[one]]
    with pytest.raises(Invalid) as caught:
        act(home, collections.arrange, elsewhere, [Unit({}, [Item(hidden)])], actor=reviewer)
    assert codes(caught) == [("[0].items[0].resource", "resource.unknown")]


def test_a_collection_has_room_for_so_many_units_and_items(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "MOST_UNITS", 2)
    monkeypatch.setattr(units, "MOST_ITEMS", 2)
    public_id = collected(home)
    one, two, three = (factories.published(home, files={"a.txt": b"%d" % number}) for number in range(3))
    act(home, collections.arrange, public_id, [Unit(items=[Item(one)]), Unit(items=[Item(two)])])
    for verb, what, code in (
        (collections.arrange, [Unit()] * 3, "collection.too-many-units"),
        (
            collections.arrange,
            [Unit(items=[Item(one), Item(two)]), Unit(items=[Item(three)])],
            "collection.too-many-items",
        ),
        (collections.add, three, "collection.too-many-items"),
    ):
        with pytest.raises(TooLarge) as caught:
            act(home, verb, public_id, what)
        assert (caught.value.code, caught.value.params) == (code, {"limit": 2})
    assert order(home, public_id) == [[one], [two]]


def test_what_is_not_published_vanishes_from_view_and_keeps_its_place(home: Installation) -> None:
    one, two, three = (factories.published(home, files={"a.txt": b"%d" % number}) for number in range(3))
    draft = factories.drafted(home, files={"b.txt": b"b"})
    editor = member(home, Role.REVIEWER, "elsewhere")
    public_id = collected(home, at="elsewhere", shown=True)
    act(
        home,
        collections.arrange,
        public_id,
        [Unit(items=[Item(draft), Item(one), Item(two)]), Unit(items=[Item(three)])],
    )
    assert order(home, public_id, ANONYMOUS) == [[one, two], [three]]
    end = {"repository_id": home.repository_id}
    act(home, publishing.hide, one, reason="legal", **end)
    act(home, publishing.withdraw, three, reason="legal", **end)
    assert order(home, public_id, ANONYMOUS) == [[two], []]
    with reading(home.engine) as session:
        found = collections.find(session, editor, public_id)
        first, second = units.contents(session, editor, collection_id=found.id, editing=True)
        seen = [(item.resource, item.title is not None) for item in (*first.items, *second.items)]
        assert seen == [(draft, False), (one, False), (two, True), (three, False)]
    # Who may not see them puts them in order all the same.
    act(
        home,
        collections.arrange,
        public_id,
        [Unit(items=[Item(three), Item(two), Item(one), Item(draft)])],
        actor=editor,
    )
    act(home, publishing.unhide, one, **end)
    act(home, publishing.restore, three, **end)
    assert order(home, public_id, ANONYMOUS) == [[three, two, one]]
    act(home, publishing.publish, draft, **end)
    assert order(home, public_id, ANONYMOUS) == [[three, two, one, draft]]


def test_an_editor_adds_only_what_they_may_see(home: Installation) -> None:
    editor = member(home, Role.REVIEWER, "elsewhere")
    public_id = collected(home, at="elsewhere")
    draft, gone = factories.drafted(home), factories.published(home, files={"b.txt": b"b"})
    act(home, publishing.withdraw, gone, reason="legal", repository_id=home.repository_id)
    with pytest.raises(NotFound):
        act(home, collections.add, public_id, draft, actor=editor)
    with pytest.raises(Gone):
        act(home, collections.add, public_id, gone, actor=editor)
    own = factories.drafted(home, at="elsewhere", files={"c.txt": b"c"})
    act(home, collections.add, public_id, own, actor=editor)
    with reading(home.engine) as session:
        found = collections.find(session, editor, public_id)
        (unit,) = units.contents(session, editor, collection_id=found.id, editing=True)
        assert unit.items[0].title == factories.record().title
    act(home, collections.publish, public_id)
    assert order(home, public_id, ANONYMOUS) == [[]]


def test_a_discarded_resource_leaves_its_collections(home: Installation) -> None:
    public_id, draft = collected(home), factories.drafted(home)
    act(home, collections.add, public_id, draft)
    act(home, deposits.discard, draft)
    assert order(home, public_id) == [[]]


def test_a_record_that_is_damaged_stops_no_other(home: Installation) -> None:
    public_id = collected(home, shown=True)
    one, two = (factories.published(home, files={"a.txt": b"%d" % number}) for number in range(2))
    for resource in (one, two):
        act(home, collections.add, public_id, resource)
    with transaction(home.engine) as session:
        version = queries.resources.version(session, resource_id=1, number=1)
        assert version is not None
        version.record = "{"
        session.add(version)
    assert order(home, public_id, ANONYMOUS) == [[two]]
    assert order(home, public_id) == [[one, two]]
