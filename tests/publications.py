"""What is published, hidden and withdrawn in tests, and what the world sees of it."""

from datetime import date, datetime

from factories import act, published, record
from memberships import members

from oer import publishing, queries
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import OaiRecord, Resource, Version

FIRST_OPEN_DAY = date(2026, 3, 10)


def publish(home: Installation, public_id: str, **named) -> Version:
    return act(home, publishing.publish, public_id, repository_id=home.repository_id, **named)


def show(home: Installation, verb, public_id: str, **named) -> Resource:
    """hide, unhide, withdraw or restore."""
    return act(home, verb, public_id, repository_id=home.repository_id, **named)


def resource_of(home: Installation, public_id: str) -> Resource:
    with reading(home.engine) as session:
        found = queries.resources.by_public_id(session, public_id=public_id)
        assert found is not None
        return found


def oai(home: Installation, public_id: str) -> tuple[OaiRecord, dict[str, bool]]:
    """The record that harvesters see, and its set memberships: set → still in it."""
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        row = session.get(OaiRecord, resource.id)
        assert all(member.change == row.change for member in members(session, resource.id, root=""))
        return row, {member.spec: member.present for member in members(session, resource.id)}


def clock_of(home: Installation) -> tuple[int, datetime]:
    with reading(home.engine) as session:
        clock = queries.records.clock(session)
        assert clock.revision == clock.change
        return clock.change, clock.stamp


def embargoed(home: Installation, title: str = "محجوب") -> str:
    access = {"kind": "embargoed", "until": FIRST_OPEN_DAY.isoformat()}
    return published(home, described=record(title, access=access))


def lift(home: Installation) -> int:
    with transaction(home.engine) as session:
        return publishing.lift_embargoes(session, repository_id=home.repository_id, now=home.now())
