"""Lists of records: pages and tokens, bounds in time, sets, and what changes while somebody walks."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from factories import START, institution
from oai_partner import Answer, Partner

from harvest import provider
from metadata.crosswalks import FORMATS
from oer import queries
from oer.db import transaction
from oer.errors import Full, Unavailable
from oer.exposure import clock


def ids(pages: list[Answer]) -> list[str]:
    return [local for page in pages for local in page.ids]


def attributes(pages: list[Answer], name: str) -> list[str | None]:
    return [page.resumption.get(name) if page.resumption is not None else None for page in pages]


# ── Pages and tokens ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("verb", ["ListRecords", "ListIdentifiers"])
def test_pages_of_three_meet_each_of_ten_records_once_and_say_where_they_are(partner: Partner, verb: str) -> None:
    locals_ = partner.publish(10)
    pages = partner.pages(verb)
    assert [len(page.ids) for page in pages] == [3, 3, 3, 1]
    assert ids(pages) == locals_
    assert attributes(pages, "cursor") == ["0", "3", "6", "9"]
    assert attributes(pages, "completeListSize") == ["10"] * 4


def test_the_last_page_of_several_carries_an_empty_token_even_when_full(partner: Partner) -> None:
    partner.publish(6)
    pages = partner.pages()
    assert [len(page.ids) for page in pages] == [3, 3]
    assert pages[-1].resumption is not None
    assert pages[-1].token is None
    assert attributes(pages, "expirationDate")[-1] is None


def test_a_list_of_one_full_page_carries_no_token(partner: Partner) -> None:
    partner.publish(3)
    assert partner.begin().resumption is None


def test_list_identifiers_is_list_records_without_bodies(partner: Partner) -> None:
    partner.publish(2)
    records, headers = partner.begin("ListRecords"), partner.begin("ListIdentifiers")
    assert records.headers == headers.headers
    assert (records.bodies, headers.bodies) == (2, 0)


def test_the_same_token_twice_gives_the_same_page(partner: Partner) -> None:
    partner.publish(7)
    first = partner.begin()
    token = (first.token or "").encode()
    pair = ((b"verb", b"ListRecords"), (b"resumptionToken", token))
    assert partner.raw(*pair) == partner.raw(*pair)


def test_a_token_says_when_it_expires_and_is_refused_from_then_on(partner: Partner) -> None:
    partner.publish(4)
    brief = partner.but(token_days=2)
    first = brief.begin()
    assert attributes([first], "expirationDate") == ["2026-03-03T08:00:00Z"]
    partner.watch.forward(days=2, seconds=-1)
    assert brief.resume(first).error is None
    partner.watch.forward(seconds=1)
    assert brief.resume(first).error == "badResumptionToken"


def test_a_token_of_another_installation_or_verb_is_refused(partner: Partner) -> None:
    partner.publish(4)
    first = partner.begin()
    assert partner.but(secret=b"another").resume(first).error == "badResumptionToken"
    assert partner.resume(first, "ListIdentifiers").error == "badResumptionToken"
    assert partner.resume(first, "ListSets").error == "badResumptionToken"


def test_a_token_for_a_format_that_is_gone_is_refused(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    partner.publish(4)
    other: Mapping[str, Any] = {"other": FORMATS["oai_dc"]} | dict(FORMATS)
    monkeypatch.setattr(provider, "FORMATS", other)
    first = partner.begin(prefix="other")
    monkeypatch.setattr(provider, "FORMATS", FORMATS)
    assert partner.resume(first).error == "badResumptionToken"


def test_a_list_keeps_its_format_its_bounds_and_its_set_over_all_pages(partner: Partner) -> None:
    partner.publish(4, at="a")
    partner.watch.forward(seconds=1)
    wanted = partner.publish(4, at="a")
    partner.publish(4, at="b")
    partner.watch.forward(seconds=1)
    partner.publish(4, at="a")
    assert ids(partner.pages(since="2026-03-01T08:00:01Z", until="2026-03-01T08:00:01Z", set="institution:a")) == wanted


# ── Bounds in time ───────────────────────────────────────────────────────────────────────────────


def test_both_bounds_are_inclusive_to_the_second(partner: Partner) -> None:
    first, second, third = (partner.publish()[0] for _ in range(3) if partner.watch.forward(seconds=10))
    at = [f"2026-03-01T08:00:{second}Z" for second in (10, 20, 30)]
    assert partner.begin(since=at[1]).ids == [second, third]
    assert partner.begin(until=at[1]).ids == [first, second]
    assert partner.begin(since=at[1], until=at[1]).ids == [second]
    assert partner.begin(since=at[0], until=at[2]).ids == [first, second, third]


def test_a_day_reaches_from_its_first_second_to_its_last(partner: Partner) -> None:
    partner.watch.forward(hours=15, minutes=59, seconds=59)  # 23:59:59
    [evening] = partner.publish()
    partner.watch.forward(seconds=1)
    [midnight] = partner.publish()
    assert partner.begin(since="2026-03-01", until="2026-03-01").ids == [evening]
    assert partner.begin(since="2026-03-02", until="2026-03-02").ids == [midnight]
    assert partner.begin(since="2026-03-01", until="2026-03-02").ids == [evening, midnight]


@pytest.mark.parametrize(
    "bounds",
    [
        {"until": "2026-02-28"},
        {"since": "2026-03-02"},
        {"since": "2026-03-01T08:00:01Z", "until": "2026-03-01T08:00:09Z"},
        {"until": "0001-01-01"},
        {"since": "9999-12-31"},
        {"set": "institution:nobody"},
        {"set": "collection"},
    ],
)
def test_a_list_of_nothing_matches_nothing(partner: Partner, bounds: dict[str, str]) -> None:
    partner.publish()
    partner.watch.forward(seconds=10)
    partner.publish()
    assert partner.begin(**bounds).error == "noRecordsMatch"
    assert partner.begin(since="0001-01-01", until="9999-12-31").error is None


def test_an_empty_repository_matches_nothing(partner: Partner) -> None:
    assert partner.begin().error == "noRecordsMatch"


# ── While somebody walks ─────────────────────────────────────────────────────────────────────────


def test_a_record_that_changes_behind_a_harvester_is_met_again(partner: Partner) -> None:
    locals_ = partner.publish(5)
    first = partner.begin()
    partner.touch(locals_[0])
    rest = partner.resume(first)
    assert first.ids + rest.ids == [*locals_, locals_[0]]


def test_a_record_that_changes_ahead_of_a_harvester_moves_to_the_end(partner: Partner) -> None:
    locals_ = partner.publish(5)
    first = partner.begin()
    partner.touch(locals_[3])
    assert partner.resume(first).ids == [locals_[4], locals_[3]]


def test_a_withdrawal_and_a_publication_during_a_harvest_are_seen_by_it(partner: Partner) -> None:
    locals_ = partner.publish(4)
    first = partner.begin()
    partner.withdraw(locals_[0])
    [new] = partner.publish()
    rest = partner.resume(first)
    assert [(header.local, header.deleted) for header in rest.headers] == [
        (locals_[3], False),
        (locals_[0], True),
        (new, False),
    ]


def test_a_list_whose_rest_moved_out_of_its_bounds_ends_without_an_error(partner: Partner) -> None:
    locals_ = partner.publish(4)
    first = partner.begin(until="2026-03-01T08:00:00Z")
    partner.watch.forward(minutes=1)
    partner.touch(locals_[3])
    rest = partner.resume(first)
    assert rest.ids == [locals_[2]]
    assert rest.token is None
    assert rest.resumption is not None


def test_the_date_of_the_first_page_is_where_the_next_harvest_goes_on(partner: Partner) -> None:
    locals_ = partner.publish(4)
    partner.watch.forward(minutes=5)
    first = partner.begin()
    same_second = partner.publish()
    partner.withdraw(locals_[0])
    partner.watch.forward(minutes=5)
    later = partner.publish()
    assert first.date == "2026-03-01T08:05:00Z"
    assert ids(partner.pages(since=first.date)) == [*same_second, locals_[0], *later]


def test_an_answer_is_one_snapshot(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = partner.publish(2)
    page = queries.records.page

    def slowly(session: Any, **rest: Any) -> Any:
        partner.watch.forward(minutes=1)
        partner.publish()
        return page(session, **rest)

    monkeypatch.setattr(queries.records, "page", slowly)
    answer = partner.begin()
    assert answer.ids == seen
    assert answer.date == "2026-03-01T08:00:00Z"


def test_nobody_who_reads_waits_for_a_publication(partner: Partner) -> None:
    partner.publish()
    with transaction(partner.home.engine) as session:
        clock.step(session, now=partner.watch())  # holds the clock until the commit
        partner.watch.forward(minutes=1)
        answer = partner.begin()
    assert len(answer.ids) == 1
    assert answer.date == "2026-03-01T08:00:00Z"
    assert partner.begin().date == "2026-03-01T08:01:00Z"


@pytest.mark.parametrize("error", [Full("database.full"), Unavailable("database.busy")])
def test_a_clock_that_cannot_be_written_keeps_nobody_from_reading(
    partner: Partner, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    partner.publish()

    def fail(*_args: object, **_rest: object) -> None:
        raise error

    monkeypatch.setattr(clock, "refresh", fail)
    assert partner.begin().error is None


# ── Sets ─────────────────────────────────────────────────────────────────────────────────────────


def family(partner: Partner) -> None:
    """Institutions ``top`` with ``left`` and ``right`` below it, and ``other`` beside it."""
    with transaction(partner.home.engine) as session:
        top = institution(session, "top")
        institution(session, "left", parent=top)
        institution(session, "right", parent=top)
        institution(session, "other")


def test_a_set_holds_what_its_branches_hold(partner: Partner) -> None:
    family(partner)
    [top], [left], [other] = (partner.publish(at=slug) for slug in ("top", "left", "other"))
    assert ids(partner.pages(set="institution:top")) == [top, left]
    assert ids(partner.pages(set="institution:top:left")) == [left]
    assert ids(partner.pages(set="institution")) == [top, left, other]
    [_, header, _] = partner.begin().headers
    assert header.places == ("institution", "institution:top", "institution:top:left")


def test_every_set_in_a_header_is_listed_and_can_be_harvested(partner: Partner) -> None:
    family(partner)
    partner.publish(at="right")
    [header] = partner.begin().headers
    assert set(header.sets) <= set(partner.but(page_size=50).ask("ListSets").texts("setSpec"))
    for spec in header.sets:
        assert partner.begin(set=spec).headers == [header]


@pytest.mark.parametrize("verb", ["ListRecords", "ListIdentifiers"])
def test_a_record_that_left_a_set_is_deleted_to_those_who_harvest_the_set_and_to_nobody_else(
    partner: Partner, verb: str
) -> None:
    family(partner)
    [local] = partner.publish(at="left")
    since = (partner.watch.forward(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    partner.move(local, "right")
    answer = partner.begin(verb, since=since, set="institution:top:left")
    [old] = answer.headers
    assert answer.bodies == 0
    assert (old.local, old.deleted, old.sets, old.datestamp) == (local, True, ("institution:top:left",), since)
    for spec in ("institution:top:right", "institution:top", "institution"):
        [header] = partner.begin(verb, since=since, set=spec).headers
        assert not header.deleted
        assert header.places == ("institution", "institution:top", "institution:top:right")
    one = partner.ask("GetRecord", "oai_dc", identifier=old.identifier)
    assert not one.headers[0].deleted
    assert one.bodies == 1


def test_a_record_that_comes_back_to_a_set_is_live_in_it_again(partner: Partner) -> None:
    family(partner)
    [local] = partner.publish(at="left")
    partner.move(local, "other")
    partner.move(local, "left")
    assert [header.deleted for header in partner.begin(set="institution:top:left").headers] == [False]
    assert [header.deleted for header in partner.begin(set="institution:other").headers] == [True]


def test_partners_who_merge_sets_can_be_spared_deletions_on_leaving(partner: Partner) -> None:
    family(partner)
    quiet = partner.but(deleted_on_leaving=False)
    first, second, third, fourth = partner.publish(4, at="left")
    page = quiet.begin(set="institution:top:left")
    partner.move(first, "right")
    partner.withdraw(second)
    assert [(header.local, header.deleted) for header in quiet.resume(page).headers] == [
        (fourth, False),
        (second, True),
    ]
    page = quiet.begin(set="institution:top:left")
    assert page.ids == [third, fourth, second]
    assert page.resumption is None


def test_the_size_of_a_list_counts_what_the_list_shows(partner: Partner) -> None:
    family(partner)
    locals_ = partner.publish(6, at="left")
    partner.watch.forward(seconds=10)
    partner.move(locals_[0], "other")
    partner.withdraw(locals_[1])
    stays = {"set": "institution:top:left", "until": START.strftime("%Y-%m-%dT%H:%M:%SZ")}
    for way, wanted in ((partner, "6"), (partner.but(deleted_on_leaving=False), "5")):
        pages = way.pages(set="institution:top:left")
        assert set(attributes(pages, "completeListSize")) == {wanted}
        assert len(ids(pages)) == int(wanted)
        assert attributes(way.pages(**stays), "completeListSize") == ["4", "4"]


def test_a_day_is_long_enough_for_the_shortest_token(partner: Partner) -> None:
    partner.publish(4)
    first = partner.but(token_days=1).begin()
    partner.watch.forward(seconds=timedelta(days=1).total_seconds() - 1)
    assert partner.resume(first).error is None
