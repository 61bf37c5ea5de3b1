"""Many records shown again: new datestamps for what shows something else than partners have."""

import dataclasses

import pytest
from factories import published, record

from oer import queries, refreshing
from oer.db import reading, transaction
from oer.exposure import blocks, renderings
from oer.models import OaiRecord


def stamps(home, ids) -> list[tuple[int, object]]:
    with reading(home.engine) as session:
        found = [queries.resources.by_public_id(session, public_id=one).id for one in ids]
        return [(row.change, row.stamp) for row in (session.get(OaiRecord, one) for one in found)]


def moved(home):
    """The installation at another address: every format shows other links."""
    return dataclasses.replace(home.issuer, base_url="https://new.example.org")


def render(home, issuer) -> None:
    while renderings.catch_up(home.engine, issuer) or blocks.catch_up(home.engine, issuer):
        pass


def restamped(home) -> list[int]:
    return [number for number in refreshing.restamp(home.engine, now=home.now) if number]


def test_what_shows_something_else_gets_a_new_datestamp_step_by_step(home, watch, monkeypatch):
    monkeypatch.setattr(refreshing, "BATCH", 2)
    ids = [published(home, described=record(str(number))) for number in range(5)]
    render(home, home.issuer)
    assert restamped(home) == []
    render(home, moved(home))
    later = published(home, described=record("later"))
    before = stamps(home, ids)
    watch.forward(hours=1)
    assert restamped(home) == [2, 2, 1]
    after = stamps(home, ids)
    assert all(new[0] > old[0] and new[1] > old[1] for new, old in zip(after, before, strict=True))
    assert stamps(home, [later])[0][0] == 6  # it was stamped as it shows now
    assert restamped(home) == []


def test_stopped_anywhere_it_goes_on_where_it_was(home, monkeypatch):
    monkeypatch.setattr(refreshing, "BATCH", 2)
    ids = [published(home, described=record(str(number))) for number in range(5)]
    render(home, home.issuer)
    render(home, moved(home))
    next(refreshing.restamp(home.engine, now=home.now))
    assert [change for change, _ in stamps(home, ids)] == [6, 7, 3, 4, 5]
    assert restamped(home) == [2, 1]
    assert [change for change, _ in stamps(home, ids)] == [6, 7, 8, 9, 10]


def test_what_was_harvested_before_it_was_rendered_gets_a_new_datestamp_too(home):
    rendered = published(home, described=record("rendered"))
    render(home, home.issuer)
    early = published(home, described=record("early"))
    render(home, moved(home))
    assert restamped(home) == [2]
    assert [change for change, _ in stamps(home, [rendered, early])] == [3, 4]


@pytest.mark.parametrize("renamed", [{}, {"renamed": 1}])
def test_a_branch_that_has_gone_has_nothing_to_show(home, renamed):
    published(home)
    refreshing.fulfil(home.engine, {"institution": 12345, **renamed}, now=home.now)
    with reading(home.engine) as session:
        assert queries.records.clock(session).change == 1


def test_a_job_for_a_renamed_institution_shows_everything_once(home):
    ids = [published(home, described=record(str(number))) for number in range(3)]
    with transaction(home.engine) as session:
        place = queries.institutions.by_slug(session, slug="college").id
        refreshing.ask(session, institution_id=place, renamed=True, now=home.now())
    job = {"institution": place, "renamed": 3}
    for _ in range(2):
        refreshing.fulfil(home.engine, job, now=home.now)
        assert [change for change, _ in stamps(home, ids)] == [4, 5, 6]
