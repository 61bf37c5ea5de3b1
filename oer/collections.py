"""Collections: resources that belong together, in ordered units.

Every function that writes holds the collection's row from its first query to the commit, counts its ``lock`` up and
writes the audit log; :func:`_touched` is the one place that every change comes through. ``expected`` is the ``lock``
that the caller has read (from an ETag); None where the caller insists on nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, delete

from metadata import findings
from metadata.findings import Findings
from oer import audit, exposure, identifiers, policy, queries, units
from oer.errors import Conflict, NotFound, Stale, TooLarge
from oer.models import MEMBERSHIPS, Collection, CollectionItem, CollectionUnit, Institution, Resource
from oer.policy import Actor
from oer.queries.collections import Placed
from oer.texts import Words
from oer.units import Unit
from oer.workflow import CollectionAction, CollectionState


@dataclass(frozen=True, slots=True)
class Found:
    """A collection and its institution; where something is written, its row is held until the commit."""

    collection: Collection
    institution: Institution

    @property
    def id(self) -> int:
        assert self.collection.id is not None
        return self.collection.id

    def edited_by(self, actor: Actor) -> bool:
        return policy.may_edit_collection(actor, self.collection, self.institution)


def create(
    session: Session,
    actor: Actor,
    institution: Institution,
    *,
    titles: Words,
    descriptions: Words | None = None,
    membership: str = "closed",
    now: datetime,
) -> Found:
    """A draft of a collection, its author's to edit. Raises Forbidden, Invalid with every problem of its texts."""
    assert institution.id is not None
    if queries.institutions.used(session, institution_id=institution.id) is None:
        raise NotFound("institution.unknown", slug=institution.slug)
    policy.require_deposit(actor, institution)
    collection = Collection(
        public_id=identifiers.new_public_id(),
        institution_id=institution.id,
        author_id=actor.person_id,
        titles={},
        created=now,
        changed=now,
    )
    _describe(collection, titles, descriptions, membership)
    session.add(collection)
    session.flush()
    found = Found(collection, institution)
    _log(session, actor, "collection.create", found, now=now)
    return found


def find(session: Session, actor: Actor, public_id: str) -> Found:
    """A collection that the actor may see. Raises NotFound."""
    known = identifiers.is_public_id(public_id)  # PostgreSQL raises for text with a NUL
    found = _found(
        session, queries.collections.by_public_id(session, public_id=public_id) if known else None, public_id
    )
    policy.require_collection_sight(actor, found.collection, found.institution)
    return found


def change(
    session: Session,
    actor: Actor,
    public_id: str,
    *,
    titles: Words | None = None,
    descriptions: Words | None = None,
    membership: str | None = None,
    expected: int | None = None,
    now: datetime,
) -> Found:
    """Other words in some languages, or another membership; what is not named stays."""
    found = _step(session, actor, public_id, CollectionAction.EDIT, expected)
    _describe(found.collection, titles, descriptions, membership)
    return _touched(session, actor, "collection.change", found, now=now, membership=found.collection.membership)


def publish(session: Session, actor: Actor, public_id: str, *, expected: int | None = None, now: datetime) -> Found:
    """Show it to everybody, and what is in it as members of its set."""
    found = _step(session, actor, public_id, CollectionAction.PUBLISH, expected)
    _touched(session, actor, "collection.publish", found, now=now)
    return _shown(session, found, _resource_ids(session, found), now=now)


def unpublish(session: Session, actor: Actor, public_id: str, *, expected: int | None = None, now: datetime) -> Found:
    """Make it a draft again, which nobody but its editors sees."""
    found = _step(session, actor, public_id, CollectionAction.UNPUBLISH, expected)
    _touched(session, actor, "collection.unpublish", found, now=now)
    return _shown(session, found, _resource_ids(session, found), now=now)


def remove(session: Session, actor: Actor, public_id: str, *, expected: int | None = None, now: datetime) -> None:
    """End a collection: its units and notes go, the resources stay. Its id is never given again."""
    found = _step(session, actor, public_id, CollectionAction.DELETE, expected)
    left = _resource_ids(session, found)
    gone = [item.public_id for item in queries.collections.placed(session, collection_id=found.id)]
    _log(session, actor, "collection.delete", found, now=now, state=found.collection.state, resources=gone)
    _clear(session, found)
    session.exec(delete(CollectionUnit).where(col(CollectionUnit.collection_id) == found.id))
    session.flush()
    session.delete(found.collection)
    _shown(session, found, left, now=now)


def arrange(
    session: Session, actor: Actor, public_id: str, order: Sequence[Unit], *, expected: int | None = None, now: datetime
) -> Found:
    """Put the whole collection into this order: units and items that are not named go, new ones come in.

    What is in the collection may stay, seen or not; what comes in must be visible to the actor. Raises TooLarge,
    and Invalid with every problem at once.
    """
    found = _step(session, actor, public_id, CollectionAction.EDIT, expected)
    units.require_sizes(order)
    before = {item.public_id: item for item in queries.collections.placed(session, collection_id=found.id)}
    kept = {unit.public_id: unit for unit in queries.collections.units(session, collection_id=found.id)}
    problems = Findings()
    titles = [
        units.texts(problems, f"[{number}].titles", {}, unit.titles, longest=units.TITLE)
        for number, unit in enumerate(order)
    ]
    units.check_units(problems, order, kept)
    units.check_items(problems, order)
    ids = units.resources(session, actor, problems, order, before)
    notes = {
        item.resource: units.text(problems, f"{place}.note", item.note, longest=units.NOTE)
        for place, item in units.places(order)
    }
    units.require_none(problems)
    were = _resource_ids(session, found)
    _clear(session, found)
    rows = _units(session, found, order, titles, kept)
    items = []
    for unit, row in zip(order, rows, strict=True):
        for position, item in enumerate(unit.items, 1):
            was = before.get(item.resource) or Placed(item.resource, actor.person_id, now)
            place = {"unit_id": row.id, "position": position, "resource_id": ids[item.resource]}
            items.append({**place, "note": notes[item.resource], "added_by": was.added_by, "added": was.added})
    _place(session, found, items)
    came, went = sorted(set(notes) - set(before)), sorted(set(before) - set(notes))
    _touched(session, actor, "collection.arrange", found, now=now, came=came, went=went)
    return _shown(session, found, were ^ set(ids.values()), now=now)


def _units(
    session: Session,
    found: Found,
    order: Sequence[Unit],
    titles: Sequence[dict[str, str]],
    kept: Mapping[str, CollectionUnit],
) -> list[CollectionUnit]:
    """The rows of the units in their new order; those that are not in it go."""
    staying = {unit.id for unit in order}
    for public_id, row in kept.items():
        if public_id not in staying:
            session.delete(row)
    rows = []
    for position, (unit, words) in enumerate(zip(order, titles, strict=True), 1):
        row = kept[unit.id] if unit.id is not None else _new_unit(found)
        row.position, row.titles = position, words
        session.add(row)
        rows.append(row)
    session.flush()
    return rows


def _new_unit(found: Found) -> CollectionUnit:
    return CollectionUnit(public_id=identifiers.new_public_id(), collection_id=found.id, position=1, titles={})


def _clear(session: Session, found: Found) -> None:
    session.exec(delete(CollectionItem).where(col(CollectionItem.collection_id) == found.id))


def _place(session: Session, found: Found, items: Sequence[Mapping[str, Any]]) -> None:
    if items:
        session.connection().execute(sa.insert(CollectionItem), [{"collection_id": found.id, **item} for item in items])


def add(
    session: Session,
    actor: Actor,
    public_id: str,
    resource_id: str,
    *,
    unit: str | None = None,
    note: str = "",
    expected: int | None = None,
    now: datetime,
) -> Found:
    """Put a resource at the end of a unit (of the last one; of a first one, where there is none yet).

    Raises Conflict where it is in the collection already.
    """
    found = _entered(session, actor, public_id, expected)
    resource, owner = _resource(session, resource_id)
    if found.edited_by(actor):
        policy.require_sight(actor, resource, owner)
    else:
        policy.require_contribution(actor, resource, owner)
    assert resource.id is not None
    if queries.collections.item(session, collection_id=found.id, resource_id=resource.id) is not None:
        raise Conflict("collection.holds-already", id=public_id, resource=resource_id)
    if queries.collections.item_count(session, collection_id=found.id) >= units.MOST_ITEMS:
        raise TooLarge("collection.too-many-items", limit=units.MOST_ITEMS)
    problems = Findings()
    words = units.text(problems, "note", note, longest=units.NOTE)
    row = _unit(session, found, problems, unit)
    units.require_none(problems)
    session.add(row)
    session.flush()
    position = queries.collections.last_position(session, unit_id=row.id or 0) + 1
    place = {"unit_id": row.id, "position": position, "resource_id": resource.id}
    _place(session, found, [{**place, "note": words, "added_by": actor.person_id, "added": now}])
    _touched(session, actor, "collection.add", found, now=now, resource=resource_id)
    return _shown(session, found, {resource.id}, now=now)


def _unit(session: Session, found: Found, problems: Findings, public_id: str | None) -> CollectionUnit:
    """The unit of this id, without one the last; a first one where there is none yet."""
    there = queries.collections.units(session, collection_id=found.id)
    if public_id is None:
        return there[-1] if there else _new_unit(found)
    chosen = next((unit for unit in there if unit.public_id == public_id), None)
    if chosen is None:
        problems.add("collection.unit-unknown", "unit", id=findings.shown(public_id, 40))
        return _new_unit(found)
    return chosen


def take_out(
    session: Session, actor: Actor, public_id: str, resource_id: str, *, expected: int | None = None, now: datetime
) -> Found:
    """Take a resource out: its editors any, in an open collection others what they have put in themselves."""
    found = _entered(session, actor, public_id, expected)
    unknown = NotFound("collection.item-unknown", resource=resource_id)
    try:
        resource, owner = _resource(session, resource_id)
    except NotFound:
        raise unknown from None
    item = queries.collections.item(session, collection_id=found.id, resource_id=resource.id or 0)
    if item is None:
        raise unknown
    if not found.edited_by(actor):
        policy.require_taking_back(actor, item, resource, owner)
    session.delete(item)
    _touched(session, actor, "collection.remove", found, now=now, resource=resource_id)
    return _shown(session, found, {item.resource_id}, now=now)


def _entered(session: Session, actor: Actor, public_id: str, expected: int | None) -> Found:
    """The collection, held, where the actor may put something in or take something out."""
    found = _held(session, public_id)
    policy.require_collection_entry(actor, found.collection, found.institution)
    _require_fresh(found, expected)
    return found


def _resource(session: Session, public_id: str) -> tuple[Resource, Institution]:
    known = [public_id] if identifiers.is_public_id(public_id) else []
    found = queries.collections.resources(session, public_ids=known)
    if not found:
        raise NotFound("resource.unknown", id=findings.shown(public_id, 40))
    return found[0]


def _held(session: Session, public_id: str) -> Found:
    known = identifiers.is_public_id(public_id)
    return _found(session, queries.collections.locked(session, public_id=public_id) if known else None, public_id)


def _found(session: Session, collection: Collection | None, public_id: str) -> Found:
    institution = session.get(Institution, collection.institution_id) if collection else None
    if collection is None or institution is None:
        raise NotFound("collection.unknown", id=findings.shown(public_id, 40))
    return Found(collection, institution)


def _step(session: Session, actor: Actor, public_id: str, action: CollectionAction, expected: int | None) -> Found:
    """The collection, held, with the step taken; the row of one that ends keeps its state."""
    found = _held(session, public_id)
    to = policy.require_collection_step(actor, action, found.collection, found.institution)
    _require_fresh(found, expected)
    if to is not CollectionState.DELETED:
        found.collection.state = to
    return found


def _require_fresh(found: Found, expected: int | None) -> None:
    if expected is not None and expected != found.collection.lock:
        raise Stale("collection.stale", id=found.collection.public_id)


def _describe(collection: Collection, titles: Words | None, descriptions: Words | None, membership: str | None) -> None:
    problems = Findings()
    collection.titles = units.texts(problems, "titles", collection.titles, titles or {}, longest=units.TITLE)
    collection.descriptions = units.texts(
        problems, "descriptions", collection.descriptions, descriptions or {}, longest=units.DESCRIPTION, lines=True
    )
    if not collection.titles and not problems.all():
        problems.add("title.missing", "titles")
    if membership is not None and membership not in MEMBERSHIPS:
        problems.add("field.choice", "membership", choices=", ".join(MEMBERSHIPS))
    units.require_none(problems)
    collection.membership = membership or collection.membership


def _touched(session: Session, actor: Actor, action: str, found: Found, *, now: datetime, **details: Any) -> Found:
    collection = found.collection
    collection.lock += 1
    collection.changed = now
    session.add(collection)
    session.flush()
    _log(session, actor, action, found, now=now, **details)
    return found


def _resource_ids(session: Session, found: Found) -> set[int]:
    return set(queries.collections.resource_ids(session, collection_id=found.id))


def _shown(session: Session, found: Found, resource_ids: Iterable[int], *, now: datetime) -> Found:
    """Tell harvesters of the resources that came into the collection's set or left it. Last in the transaction."""
    session.flush()
    exposure.refresh(session, resource_ids, now=now)
    return found


def _log(session: Session, actor: Actor, action: str, found: Found, *, now: datetime, **details: Any) -> None:
    audit.write(
        session,
        actor,
        action,
        kind="collection",
        object_id=found.collection.public_id,
        institution_id=found.institution.id,
        now=now,
        **details,
    )
