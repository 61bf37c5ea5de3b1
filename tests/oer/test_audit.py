import pytest
import sqlalchemy as sa
from factories import START, undone
from sqlmodel import select

from oer import audit
from oer.db import reading, transaction
from oer.models import AuditEntry
from oer.policy import Actor


def write(session, number: int) -> None:
    audit.write(
        session,
        Actor(person_id=None, name="أمينة"),
        "resource.publish",
        kind="resource",
        object_id=f"r{number}",
        now=START,
        number=number,
        note="نص",
    )


@pytest.fixture
def chain(home):
    """Seven entries, sealed in two sittings."""
    for numbers in (range(1, 5), range(5, 8)):
        with transaction(home.engine) as session:
            for number in numbers:
                write(session, number)
        with transaction(home.engine) as session:
            audit.seal(session)
    return home.engine


def first_wrong(engine) -> int | None:
    with reading(engine) as session:
        return audit.verify(session)


def test_a_sealed_log_verifies(chain):
    assert first_wrong(chain) is None
    with reading(chain) as session:
        assert session.exec(select(AuditEntry.sequence).order_by(AuditEntry.sequence)).all() == list(range(1, 8))


def test_an_empty_log_verifies(home):
    assert first_wrong(home.engine) is None


def test_sealing_goes_on_where_it_stopped(home):
    with transaction(home.engine) as session:
        for number in range(5):
            write(session, number)
    sealed = []
    for _ in range(4):
        with transaction(home.engine) as session:
            sealed.append(audit.seal(session, limit=2))
    assert sealed == [2, 2, 1, 0]
    assert first_wrong(home.engine) is None


@pytest.mark.parametrize(
    "change",
    [
        {"by": "somebody else"},
        {"action": "resource.hide"},
        {"object_kind": "person"},
        {"object_id": "r5"},
        {"details": {"number": 4, "note": "another"}},
        {"at": START.replace(year=2020)},
        {"institution_id": 3},
        {"seal": "0" * 64},
    ],
)
def test_an_altered_entry_is_found(chain, change):
    with transaction(chain) as session:
        session.connection().execute(sa.update(AuditEntry).where(AuditEntry.sequence == 4).values(**change))
    assert first_wrong(chain) == 4


@pytest.mark.parametrize("sequence", [1, 4, 6])
def test_a_removed_entry_is_found(chain, sequence):
    with transaction(chain) as session:
        session.connection().execute(sa.delete(AuditEntry).where(AuditEntry.sequence == sequence))
    assert first_wrong(chain) == sequence


def test_an_entry_removed_with_the_gap_closed_is_found(chain):
    with transaction(chain) as session:
        connection = session.connection()
        connection.execute(sa.delete(AuditEntry).where(AuditEntry.sequence == 4))
        for sequence in (5, 6, 7):  # one after the other: the key is unique at every step
            connection.execute(
                sa.update(AuditEntry).where(AuditEntry.sequence == sequence).values(sequence=sequence - 1)
            )
    assert first_wrong(chain) == 4


def test_an_inserted_entry_is_found(chain):
    with transaction(chain) as session:
        connection = session.connection()
        for sequence in (7, 6, 5, 4):
            connection.execute(
                sa.update(AuditEntry).where(AuditEntry.sequence == sequence).values(sequence=sequence + 1)
            )
        write(session, 99)
        session.flush()
        forged = sa.update(AuditEntry).where(AuditEntry.object_id == "r99").values(sequence=4, seal="f" * 64)
        session.connection().execute(forged)
    assert first_wrong(chain) == 4


def test_two_entries_that_changed_places_are_found(chain):
    with transaction(chain) as session:
        rows = session.exec(select(AuditEntry).where(AuditEntry.sequence.in_((3, 4))).order_by(AuditEntry.sequence))
        third, fourth = rows.all()
        third.object_id, fourth.object_id = fourth.object_id, third.object_id
    assert first_wrong(chain) == 3


def test_an_entry_altered_and_sealed_anew_is_given_away_by_the_next(chain):
    with transaction(chain) as session:
        third, fourth = (
            session.exec(select(AuditEntry).where(AuditEntry.sequence == number)).one() for number in (3, 4)
        )
        fourth.by = "somebody else"
        fourth.seal = audit._seal_of(fourth, 4, third.seal)
    assert first_wrong(chain) == 5


def test_an_entry_goes_when_its_deed_is_undone(home):
    with undone(home) as session:
        write(session, 1)
    with reading(home.engine) as session:
        assert session.exec(select(AuditEntry)).all() == []
