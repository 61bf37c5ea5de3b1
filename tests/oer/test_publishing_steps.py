"""Each step of a publication is one of the clock, is done whole or not at all, and stands in the log."""

from datetime import timedelta

import pytest
from factories import START, act, drafted, published, record, undone
from publications import clock_of, embargoed, lift, oai, show
from sqlmodel import select

from oer import deposits, exposure, institutions, publishing, queries
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import AuditEntry, Blob, Draft, DraftFile, OaiRecord, Resource, SetMember, Version, VersionFile
from oer.policy import OPERATOR

VERBS = {
    "publish": (publishing.publish, {}, "resource.publish"),
    "hide": (publishing.hide, {"reason": "privacy"}, "resource.hide"),
    "unhide": (publishing.unhide, {}, "resource.unhide"),
    "withdraw": (publishing.withdraw, {"reason": "error"}, "resource.withdraw"),
    "restore": (publishing.restore, {}, "resource.restore"),
}


def everything(home: Installation) -> list[object]:
    """All rows that a publication could touch, to compare."""
    tables = (Resource, Version, VersionFile, Draft, DraftFile, OaiRecord, SetMember, AuditEntry, Blob)
    with reading(home.engine) as session:
        return [sorted(repr(row) for row in session.exec(select(table))) for table in tables] + [clock_of(home)]


def ready_for(home: Installation, verb: str) -> str:
    """A resource to which the verb can happen next."""
    if verb == "publish":
        return drafted(home)
    public_id = published(home)
    if verb == "unhide":
        show(home, publishing.hide, public_id, reason="privacy")
    if verb == "restore":
        show(home, publishing.withdraw, public_id, reason="error")
    return public_id


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_takes_exactly_one_step_of_the_clock_and_one_entry_of_the_log(home, watch, name):
    public_id = ready_for(home, name)
    verb, named, action = VERBS[name]
    change, _ = clock_of(home)
    watch.forward(minutes=1)
    with reading(home.engine) as session:
        before = [entry.id for entry in session.exec(select(AuditEntry))]
    show(home, verb, public_id, **named)
    assert clock_of(home) == (change + 1, watch())
    with reading(home.engine) as session:
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.id.not_in(before))).all()
    assert (entry.action, entry.object_id, entry.by, entry.at) == (action, public_id, "operator", watch())


@pytest.mark.parametrize("name", VERBS)
def test_nothing_is_left_of_a_verb_whose_last_statement_fails(home, monkeypatch, name):
    public_id = ready_for(home, name)
    verb, named, _ = VERBS[name]
    before = everything(home)

    def fail(*_, **__):
        raise OSError("the last statement")

    monkeypatch.setattr(exposure, "expose", fail)
    monkeypatch.setattr(exposure, "bury", fail)
    with pytest.raises(OSError, match="the last statement"):
        show(home, verb, public_id, **named)
    assert everything(home) == before


@pytest.mark.parametrize("name", VERBS)
def test_nothing_is_left_of_a_verb_whose_commit_fails(home, name):
    public_id = ready_for(home, name)
    verb, named, _ = VERBS[name]
    before = everything(home)
    with undone(home) as session:
        verb(session, OPERATOR, public_id, repository_id=home.repository_id, now=home.now(), **named)
    assert everything(home) == before
    show(home, verb, public_id, **named)  # and it can be done afterwards
    assert everything(home) != before


def test_a_whole_life_in_the_log(home, watch):
    public_id = embargoed(home)
    show(home, publishing.withdraw, public_id, reason="error")
    show(home, publishing.restore, public_id)
    watch.forward(days=30)
    lift(home)
    show(home, publishing.hide, public_id, reason="privacy")
    show(home, publishing.unhide, public_id)
    act(home, deposits.revise, public_id)
    act(home, deposits.discard, public_id)
    with reading(home.engine) as session:
        log = queries.audit.of_object(session, kind="resource", object_id=public_id)
        place = institutions.find(session, "college").id
    assert [entry.action.partition(".")[2] for entry in log] == [
        *("begin", "attach", "publish", "withdraw", "restore", "embargo-ended", "hide", "unhide", "revise", "discard"),
    ]
    assert {entry.institution_id for entry in log} == {place}
    assert log[3].details["reason"] == "error"


def test_prepared_resources_are_exposed_by_the_caller_in_one_step(home):
    ids = [drafted(home, described=record(str(number))) for number in range(3)]
    with transaction(home.engine) as session:
        shown = []
        for public_id in ids:
            found = deposits.opened(session, public_id)
            publishing.prepare(session, OPERATOR, found, now=home.now())
            shown.append((found.resource, found.institution))
        assert queries.records.clock(session).change == 0
        exposure.expose(session, shown, repository_id=home.repository_id, now=home.now() + timedelta(seconds=1))
    assert clock_of(home) == (3, START + timedelta(seconds=1))
    assert [oai(home, public_id)[0].change for public_id in ids] == [1, 2, 3]
