"""What a collection is made of: its words, its units and their items, as they shall be and as they are seen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session

from metadata import findings
from metadata.findings import Findings, Problem
from metadata.record import Text
from oer import identifiers, policy, queries, stored
from oer.errors import Invalid, OerError, TooLarge, Unavailable
from oer.models import CollectionUnit
from oer.policy import Actor
from oer.queries.collections import Entry
from oer.texts import Words, by_language
from oer.texts import text as plain_text

MOST_UNITS = 200
MOST_ITEMS = 2000

# The longest of each, in characters.
TITLE = 300
DESCRIPTION = 5000
NOTE = 1000


@dataclass(frozen=True, slots=True)
class Item:
    """A resource that shall be in a unit, by its public id."""

    resource: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as it shall be; ``id`` is that of one which stays, None for a new one."""

    titles: Words = field(default_factory=dict)
    items: Sequence[Item] = ()
    id: str | None = None


@dataclass(frozen=True, slots=True)
class SeenItem:
    """``title`` is None where the reader may know that something is here, but not what, or where it is damaged."""

    resource: str
    state: str
    title: list[Text] | None
    note: str


@dataclass(frozen=True, slots=True)
class SeenUnit:
    id: str
    titles: Mapping[str, str]
    items: Sequence[SeenItem]


def contents(session: Session, actor: Actor, *, collection_id: int, editing: bool) -> list[SeenUnit]:
    """The units with the items that are published; for those who edit, with all, since they put them in order."""
    units = queries.collections.units(session, collection_id=collection_id)
    items: dict[int | None, list[SeenItem]] = {unit.id: [] for unit in units}
    secret = _secret(session, actor, collection_id) if editing else frozenset()
    for entry in queries.collections.entries(session, collection_id=collection_id, shown=not editing):
        title = None if entry.resource_id in secret else _title(entry)
        if title is not None or editing:
            items[entry.unit_id].append(SeenItem(entry.public_id, entry.state, title, entry.note))
    return [SeenUnit(unit.public_id, unit.titles, items[unit.id]) for unit in units]


def _secret(session: Session, actor: Actor, collection_id: int) -> frozenset[int | None]:
    """Resources of the collection that the actor may not see."""
    found = []
    for resource, owner in queries.collections.unseen(session, collection_id=collection_id):
        try:
            policy.require_sight(actor, resource, owner)
        except OerError:
            found.append(resource.id)
    return frozenset(found)


def _title(entry: Entry) -> list[Text] | None:
    try:
        return stored.title_of(entry.record or "", resource=entry.public_id)
    except Unavailable:
        return None


def text(problems: Findings, place: str, given: str, *, longest: int, lines: bool = True) -> str:
    """``texts.text`` for who gathers findings."""
    found: list[Problem] = []
    cleaned = plain_text(given, place, found, longest=longest, lines=lines)
    _gather(problems, found)
    return cleaned


def texts(
    problems: Findings, place: str, before: Mapping[str, str], given: Words, *, longest: int, lines: bool = False
) -> dict[str, str]:
    """``texts.by_language`` for who gathers findings."""
    found: list[Problem] = []
    kept = by_language(before, given, place, found, longest=longest, lines=lines)
    _gather(problems, found)
    return kept


def _gather(problems: Findings, found: Sequence[Problem]) -> None:
    for problem in found:
        problems.add(problem.code, problem.field, **problem.params)


def require_none(problems: Findings) -> None:
    """Raises Invalid with all that was found."""
    found = problems.all()
    if found:
        raise Invalid("request.invalid", problems=found, field=found[0].field)


def require_sizes(units: Sequence[Unit]) -> None:
    if len(units) > MOST_UNITS:
        raise TooLarge("collection.too-many-units", limit=MOST_UNITS)
    if sum(len(unit.items) for unit in units) > MOST_ITEMS:
        raise TooLarge("collection.too-many-items", limit=MOST_ITEMS)


def places(units: Sequence[Unit]) -> Iterator[tuple[str, Item]]:
    """Every item with the path of its place: ``[0].items[2]``."""
    for number, unit in enumerate(units):
        for position, item in enumerate(unit.items):
            yield f"[{number}].items[{position}]", item


def check_units(problems: Findings, units: Sequence[Unit], kept: Mapping[str, CollectionUnit]) -> None:
    """Units that stay are units of this collection, each once."""
    first: dict[str, int] = {}
    for number, unit in enumerate(units):
        if unit.id is None:
            continue
        if unit.id not in kept:
            problems.add("collection.unit-unknown", f"[{number}].id", id=findings.shown(unit.id, 40))
        elif unit.id in first:
            problems.add("list.repeated", f"[{number}].id", first=first[unit.id] + 1)
        first.setdefault(unit.id, number)


def check_items(problems: Findings, units: Sequence[Unit]) -> None:
    """A resource is in a collection once."""
    first: dict[str, str] = {}
    for place, item in places(units):
        if item.resource in first:
            problems.add("collection.item-repeated", f"{place}.resource", first=first[item.resource])
        first.setdefault(item.resource, place)


def resources(
    session: Session, actor: Actor, problems: Findings, units: Sequence[Unit], known: Mapping[str, object]
) -> dict[str, int]:
    """Ids of the resources by public id. What is not ``known`` to be in the collection must be visible to the actor."""
    wanted = {item.resource for _, item in places(units) if identifiers.is_public_id(item.resource)}
    found = {
        resource.public_id: (resource, owner)
        for resource, owner in queries.collections.resources(session, public_ids=wanted)
    }
    for place, item in places(units):
        if item.resource not in found:
            problems.add("resource.unknown", f"{place}.resource", id=findings.shown(item.resource, 40))
        elif item.resource not in known:
            try:
                policy.require_sight(actor, *found[item.resource])
            except OerError as error:
                problems.add(error.code, f"{place}.resource", id=item.resource)
    return {public_id: resource.id or 0 for public_id, (resource, _) in found.items()}
