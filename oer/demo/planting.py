"""The demonstration comes into an installation: by the verbs that everybody uses, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from metadata import record as records
from metadata.record import Record
from oer import collections, deposits, exposure, institutions, publishing, queries
from oer.db import transaction
from oer.demo import MAKER, content
from oer.demo.content import Lesson, Piece, Place, Shelf
from oer.demo.making import logos, made
from oer.deposits import Open, Received
from oer.errors import Conflict
from oer.exposure import renderings
from oer.installation import Installation
from oer.models import Institution, Resource
from oer.units import Item, Unit
from oer.workflow import Role


@dataclass(frozen=True, slots=True)
class Planted:
    """How much there is of each; ``new`` is False where it had all been there before."""

    institutions: int
    resources: int
    collections: int
    new: bool


@dataclass(frozen=True, slots=True)
class _Bytes:
    """What the store keeps already: files of lessons by their making, logos by institution."""

    files: Mapping[tuple[str, str, str], Received]
    logos: Mapping[str, Received]


def plant(found: Installation) -> Planted:
    """Make the demonstration, unless it is there: all of it, or nothing where anything fails.

    Raises Conflict (``demo.slug-taken``) where an institution of somebody else has the slug of one of ours, and
    (``demo.partly-there``) where some of it was taken away by hand.
    """
    with transaction(found.engine) as session:
        there = _there(session)
    if there is not None:
        return there
    kept = _receive(found)
    with transaction(found.engine) as session:
        there = _there(session)
        return there if there is not None else _all(session, found, kept)


def _there(session: Session) -> Planted | None:
    """What is there of the demonstration; None where nothing is."""
    wanted = [place.slug for place in content.places()]
    rows = queries.demo.institutions(session, slugs=wanted)
    ours = queries.demo.made_institutions(session, maker=MAKER.name, ids=[row.id or 0 for row in rows])
    others = sorted(row.slug for row in rows if row.id not in ours)
    if others:
        raise Conflict("demo.slug-taken", slugs=", ".join(others))
    if not rows:
        return None
    if len(rows) < len(wanted):
        raise Conflict("demo.partly-there")
    resources = queries.demo.resources(session, maker=MAKER.name, institution_ids=ours)
    collected = queries.demo.collections(session, maker=MAKER.name, institution_ids=ours)
    return Planted(len(rows), len(resources), len(collected), new=False)


def _receive(found: Installation) -> _Bytes:
    """Make the files and put them into the store, each once; no transaction is open."""
    files: dict[tuple[str, str, str], Received] = {}
    for lesson in content.lessons():
        for table in lesson.versions:
            for piece in lesson.pieces(table):
                key = _key(piece)
                if key not in files:
                    files[key] = _put(found, made(piece.make, piece.of), piece.name)
    signs = {
        place.slug: _put(found, logos.logo(place.logo, place.told["colour"]), "logo.png")
        for place in content.places()
        if place.logo
    }
    return _Bytes(files, signs)


def _key(piece: Piece) -> tuple[str, str, str]:
    return piece.make, piece.of, piece.name


def _put(found: Installation, body: bytes, name: str) -> Received:
    return deposits.receive(found.store, [body], name=name, limit=found.settings.max_file_size)


def _all(session: Session, found: Installation, kept: _Bytes) -> Planted:
    now = found.now()
    places: dict[str, Institution] = {}
    for place in content.places():
        places[place.slug] = _place(session, found, place, places, kept, now=now)
    known: dict[str, Resource] = {}
    addresses: dict[str, tuple[str, str, str]] = {}
    for lesson in content.lessons():
        resource, record = _lesson(session, found, lesson, places[lesson.institution], kept, addresses, now=now)
        known[lesson.name] = resource
        title = records.pick(record.title, record.languages[0])
        address = renderings.landing_url(found.settings.base_url, resource.public_id)
        addresses[lesson.name] = address, title.value if title else "", record.creators[0].name
    at = {place.id: place for place in places.values()}
    shown = [(resource, at[resource.institution_id]) for resource in known.values()]
    exposure.expose(session, shown, repository_id=found.repository_id, now=now)
    shelves = [_shelf(session, shelf, places[shelf.institution], known, now=now) for shelf in content.shelves()]
    return Planted(len(places), len(known), len(shelves), new=True)


def _place(
    session: Session,
    found: Installation,
    place: Place,
    places: Mapping[str, Institution],
    kept: _Bytes,
    *,
    now: datetime,
) -> Institution:
    parent = places[place.parent] if place.parent else None
    role = Role.named(place.told.get("publish_role", "reviewer"))
    told = {name: value for name, value in place.told.items() if name != "publish_role"}
    institutions.add(session, MAKER, slug=place.slug, parent=parent, publish_role=role, now=now, **told)
    if place.slug in kept.logos:
        logo = kept.logos[place.slug]
        kind = logo.media_type
        institutions.put_logo(session, MAKER, place.slug, found.store, logo.stored, media_type=kind, now=now)
    return institutions.find(session, place.slug)


def _lesson(
    session: Session,
    found: Installation,
    lesson: Lesson,
    institution: Institution,
    kept: _Bytes,
    addresses: Mapping[str, tuple[str, str, str]],
    *,
    now: datetime,
) -> tuple[Resource, Record]:
    """All versions of a lesson, yet to be shown."""
    opened: Open | None = None
    for number, table in enumerate(lesson.versions, 1):
        record = content.record(table, addresses=addresses, today=now.date())
        if opened is None:
            opened = deposits.begin(session, MAKER, institution, record, now=now)
        else:
            opened = deposits.revise(session, MAKER, opened.resource.public_id, now=now)
            deposits.save(session, MAKER, opened.resource.public_id, record, now=now)
        _fill(session, found, opened, lesson.pieces(table), kept, now=now)
        publishing.prepare(session, MAKER, opened, note=lesson.note if number > 1 else "", now=now)
        session.flush()
    assert opened is not None
    return opened.resource, record


def _fill(
    session: Session, found: Installation, opened: Open, pieces: list[Piece], kept: _Bytes, *, now: datetime
) -> None:
    """The draft's files become these, in this order."""
    public_id = opened.resource.public_id
    wanted = {piece.name for piece in pieces}
    for file in queries.resources.draft_files(session, draft_id=opened.draft.id or 0):
        if file.name not in wanted:
            deposits.detach(session, MAKER, public_id, file.name, now=now)
    for position, piece in enumerate(pieces, 1):
        received = kept.files[_key(piece)]
        attached = deposits.attach(
            session,
            MAKER,
            public_id,
            found.store,
            received.stored,
            name=piece.name,
            media_type=received.media_type,
            role=piece.role,
            language=piece.language,
            replace=True,
            limits=found.settings,
            now=now,
        )
        attached.position = position


def _shelf(
    session: Session, shelf: Shelf, institution: Institution, known: Mapping[str, Resource], *, now: datetime
) -> str:
    """A published collection; its id."""
    made_now = collections.create(
        session,
        MAKER,
        institution,
        titles=shelf.titles,
        descriptions=shelf.descriptions,
        membership=shelf.membership,
        now=now,
    )
    public_id = made_now.collection.public_id
    order = [Unit(titles, [Item(known[name].public_id, note) for name, note in items]) for titles, items in shelf.units]
    collections.arrange(session, MAKER, public_id, order, now=now)
    collections.publish(session, MAKER, public_id, now=now)
    return public_id
