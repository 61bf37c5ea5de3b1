"""What is counted of uses, what is kept of visitors, and by what the most used are ranked."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from factories import Watch, act, published
from searching import index, named, search
from sqlmodel import select

from oer import institutions, publishing, queries, usage, working
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import OaiRecord, UsageDay, UsageMark, UsageSalt, UsageTotal
from oer.queries.usage import Count, Day
from oer.search.documents import used
from oer.usage import Kind, Use

SOMEBODY = "192.0.2.77 Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0"
ALWAYS = {"since": date(2000, 1, 1), "until": date(2100, 1, 1)}


def number(home: Installation, public_id: str) -> int:
    with reading(home.engine) as session:
        found = queries.resources.by_public_id(session, public_id=public_id)
    assert found is not None
    return found.id or 0


def use(
    resource_id: int, at: datetime, *, kind: Kind = "views", thing: str = "", visitor: str | None = SOMEBODY
) -> Use:
    return Use(kind, resource_id, thing, visitor, at)


def counted(home: Installation, uses: Sequence[Use]) -> int:
    with transaction(home.engine) as session:
        return usage.count(session, uses, now=home.now())


def seen(home: Installation, resource_id: int, times: int, at: datetime | None = None) -> None:
    assert counted(home, [use(resource_id, at or home.now(), visitor=None)] * times) == times


def total(home: Installation, resource_id: int) -> Count:
    with reading(home.engine) as session:
        return queries.usage.total(session, resource_id=resource_id)


def days(home: Installation, resource_id: int) -> list[Day]:
    with reading(home.engine) as session:
        return list(queries.usage.days(session, resource_id=resource_id, **ALWAYS))


def rows(home: Installation, table: type[Any]) -> list[Any]:
    with reading(home.engine) as session:
        return list(session.exec(select(table)))


# ── Double clicks ────────────────────────────────────────────────────────────────────────────────


def test_uses_are_added_up_by_day(home: Installation, watch: Watch) -> None:
    lesson = number(home, published(home))
    counted(home, [use(lesson, watch()), use(lesson, watch(), kind="downloads", thing="a")])
    later = watch.forward(days=1)
    counted(home, [use(lesson, later), use(lesson, later, visitor="another")])
    assert days(home, lesson) == [(date(2026, 3, 1), 1, 1), (date(2026, 3, 2), 2, 0)]
    assert total(home, lesson) == (3, 1)


def test_a_use_belongs_to_its_own_day_whenever_it_is_written(home: Installation, watch: Watch) -> None:
    lesson = number(home, published(home))
    before = watch()
    watch.forward(days=1)
    counted(home, [use(lesson, before)])
    assert [row.day for row in days(home, lesson)] == [before.date()]


@pytest.mark.parametrize("at_once", [True, False])
def test_a_double_click_counts_once(home: Installation, watch: Watch, at_once: bool) -> None:
    """Whether both come in one batch, or from two processes."""
    lesson = number(home, published(home))
    clicks = [use(lesson, watch() + timedelta(seconds=after)) for after in (0, 1, 29)]
    batches = [clicks] if at_once else [[click] for click in clicks]
    assert sum(counted(home, batch) for batch in batches) == 1
    assert total(home, lesson) == (1, 0)


def test_half_a_minute_later_it_counts_again(home: Installation, watch: Watch) -> None:
    """Counted from the click that counts: else a class behind one address would be one visitor for an hour."""
    lesson = number(home, published(home))
    clicks = [use(lesson, watch() + timedelta(seconds=after)) for after in range(0, 100, 10)]
    assert counted(home, clicks) == 4


def test_only_the_same_thing_and_the_same_visitor_make_a_double_click(home: Installation, watch: Watch) -> None:
    lesson, other = number(home, published(home)), number(home, published(home))
    different = [
        use(lesson, watch()),
        use(other, watch()),
        use(lesson, watch(), visitor="another"),
        use(lesson, watch(), kind="downloads", thing="a"),
        use(lesson, watch(), kind="downloads", thing="b"),
    ]
    assert counted(home, different) == 5
    assert counted(home, different) == 0


def test_who_asks_not_to_be_followed_leaves_no_mark_and_counts_every_time(home: Installation, watch: Watch) -> None:
    lesson = number(home, published(home))
    assert counted(home, [use(lesson, watch(), visitor=None)] * 2) == 2
    assert rows(home, UsageMark) == []


def test_what_is_no_resource_any_more_stops_nothing(home: Installation, watch: Watch) -> None:
    lesson = number(home, published(home))
    counted(home, [use(lesson + 1000, watch()), use(lesson, watch())])
    assert total(home, lesson) == (1, 0)


def test_many_count_at_a_time_and_none_is_lost(home: Installation, watch: Watch) -> None:
    lessons = [number(home, published(home)) for _ in range(3)]

    def batch(process: int) -> int:
        mine = [use(lesson, watch(), visitor=f"{process} {one}") for one in range(20) for lesson in lessons]
        return counted(home, [*mine, *(use(lesson, watch()) for lesson in lessons)])

    with ThreadPoolExecutor(8) as processes:
        done = sum(processes.map(batch, range(8)))
    assert done == 8 * 60 + 3, "what eight processes saw of one visitor is one use each"
    assert [total(home, lesson) for lesson in lessons] == [(8 * 20 + 1, 0)] * 3
    with reading(home.engine) as session:
        assert sum(row.views for row in session.exec(select(UsageDay))) == done


# ── Visitors ─────────────────────────────────────────────────────────────────────────────────────


def contents(home: Installation) -> bytes:
    """Every value of every table; of SQLite the bytes of its files too."""
    with home.engine.connect() as connection:
        tables = [sa.text(f'SELECT * FROM "{name}"') for name in sa.inspect(connection).get_table_names()]
        values = [value for table in tables for row in connection.execute(table) for value in row]
    told = [value if isinstance(value, bytes) else str(value).encode() for value in values]
    files = Path(home.settings.data).glob("oer.sqlite3*")
    return b"\0".join([*told, *(file.read_bytes() for file in files)])


def test_no_address_and_no_program_is_in_the_database(home: Installation, watch: Watch) -> None:
    lesson = number(home, published(home))
    counted(home, [use(lesson, watch()), use(lesson, watch(), kind="downloads", thing="a")])
    assert len(rows(home, UsageMark)) == 2, "there is something to find"
    for trace in (b"192.0.2.77", b"Firefox", bytes([192, 0, 2, 77])):
        assert trace not in contents(home)


def test_marks_are_of_no_use_without_the_salt(home: Installation, watch: Watch) -> None:
    """The same visitor has other marks tomorrow, and for each thing another today."""
    lesson, other = number(home, published(home)), number(home, published(home))
    counted(home, [use(lesson, watch()), use(other, watch())])
    today = {row.mark for row in rows(home, UsageMark)}
    assert len(today) == 2
    watch.forward(days=1)
    counted(home, [use(lesson, watch()), use(other, watch())])
    tomorrow = {row.mark for row in rows(home, UsageMark)}
    assert len(tomorrow) == 2
    assert not today & tomorrow


def test_a_mark_goes_when_no_double_click_can_follow(home: Installation, watch: Watch) -> None:
    lesson = number(home, published(home))
    counted(home, [use(lesson, watch())])
    watch.forward(minutes=6)
    counted(home, [use(lesson, watch(), visitor=None)])
    assert rows(home, UsageMark) == []


def test_the_salt_of_a_day_is_destroyed_after_it(home: Installation, watch: Watch) -> None:
    lesson = number(home, published(home))
    counted(home, [use(lesson, watch())])
    [kept] = rows(home, UsageSalt)
    assert len(kept.salt) == 32
    assert kept.salt in contents(home)
    working.KINDS["usage.forget"](home, {})
    assert [row.salt for row in rows(home, UsageSalt)] == [kept.salt], "of today it stays"
    watch.forward(days=1)
    working.KINDS["usage.forget"](home, {})
    assert rows(home, UsageSalt) == []
    if home.engine.dialect.name == "sqlite":
        raw = home.engine.raw_connection()
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()
    assert kept.salt not in contents(home), "neither in a table nor in what SQLite has freed"
    assert working.RECURRING["usage.forget"] <= timedelta(days=1)


def test_the_first_who_counts_on_another_day_destroys_the_salt_too(home: Installation, watch: Watch) -> None:
    lesson = number(home, published(home))
    counted(home, [use(lesson, watch())])
    [before] = rows(home, UsageSalt)
    watch.forward(days=1)
    counted(home, [use(lesson, watch())])
    [after] = rows(home, UsageSalt)
    assert (after.day, before.day) == (date(2026, 3, 2), date(2026, 3, 1))
    assert after.salt != before.salt


def test_a_clock_that_was_wrong_leaves_no_salt_behind(home: Installation, watch: Watch) -> None:
    lesson = number(home, published(home))
    right = watch()
    watch.forward(days=400)
    counted(home, [use(lesson, watch())])
    watch.moment = right
    working.KINDS["usage.forget"](home, {})
    assert rows(home, UsageSalt) == rows(home, UsageMark) == []


# ── Institutions ─────────────────────────────────────────────────────────────────────────────────


def branch(home: Installation, slug: str) -> Count:
    with reading(home.engine) as session:
        return queries.usage.branch_total(session, path=institutions.find(session, slug).path)


def test_an_institution_has_what_was_counted_below_it(home: Installation, tree: None, watch: Watch) -> None:
    for at, times in (("ministry", 1), ("school", 2), ("club", 4), ("other", 8)):
        seen(home, number(home, published(home, at=at)), times)
    assert {slug: branch(home, slug).views for slug in ("ministry", "school", "club", "other")} == {
        "ministry": 7,
        "school": 6,
        "club": 4,
        "other": 8,
    }
    with reading(home.engine) as session:
        path = institutions.find(session, "school").path
        assert queries.usage.branch_days(session, path=path, **ALWAYS) == [(watch().date(), 6, 0)]
        assert queries.usage.branch_months(session, path=path) == [(date(2026, 3, 1), 6, 0)]
        assert queries.usage.branch_days(session, path=path, since=date(2026, 3, 2), until=date(2026, 3, 9)) == []


def test_an_institution_without_any_use_has_none(home: Installation, tree: None) -> None:
    assert branch(home, "ministry") == (0, 0)


def test_an_institution_that_moves_takes_its_uses_along(home: Installation, tree: None) -> None:
    seen(home, number(home, published(home, at="club")), 5)
    act(home, institutions.edit, "school", {"parent": "other"}, repository_id=home.repository_id)
    assert (branch(home, "ministry").views, branch(home, "other").views) == (0, 5)


# ── Small numbers ────────────────────────────────────────────────────────────────────────────────


def test_of_small_numbers_nothing_is_told(home: Installation, watch: Watch) -> None:
    lesson = number(home, published(home))
    seen(home, lesson, 4)
    second = watch.forward(days=1)
    seen(home, lesson, 5)
    counted(home, [use(lesson, watch(), kind="downloads", visitor=None)] * 4)
    with reading(home.engine) as session:
        told = usage.of_resource(session, resource_id=lesson, **ALWAYS)
    assert [(one.day, one.views, one.downloads) for one in told.days] == [(second.date(), 5, None)]
    assert [(one.day, one.views, one.downloads) for one in told.months] == [(date(2026, 3, 1), 9, None)]
    assert total(home, lesson) == (9, 4)


def test_months_are_told_apart_by_their_years(home: Installation) -> None:
    lesson = number(home, published(home))
    for year, month, times in ((2025, 12, 6), (2026, 1, 7), (2026, 12, 8)):
        seen(home, lesson, times, datetime.fromisoformat(f"{year}-{month:02}-15T12:00:00+00:00"))
    with reading(home.engine) as session:
        told = usage.of_resource(session, resource_id=lesson, **ALWAYS)
    assert [(f"{one.day}", one.views) for one in told.months] == [
        ("2025-12-01", 6),
        ("2026-01-01", 7),
        ("2026-12-01", 8),
    ]


# ── The most used ────────────────────────────────────────────────────────────────────────────────


def ranked(home: Installation) -> int:
    moved = usage.rank(home.engine, now=home.now())
    index(home)
    return moved


def walked(home: Installation, size: int = 2) -> list[str]:
    found, after = [], None
    while (page := search(home, sort="used", limit=size, after=after)).ids:
        found += named(home, page.ids)
        after = page.keys[-1]
    return found


def test_the_most_used_come_first_and_of_the_others_the_newest(home: Installation, watch: Watch) -> None:
    ids = []
    for times in (0, 3, 0, 9, 3):
        ids.append(published(home))
        watch.forward(minutes=1)
        if times:
            seen(home, number(home, ids[-1]), times)
    assert ranked(home) == 3
    wanted = [ids[at] for at in (3, 4, 1, 2, 0)]
    assert walked(home) == walked(home, 1) == walked(home, 50) == wanted
    assert ranked(home) == 0, "nothing has changed"


def test_what_was_used_more_than_a_year_ago_counts_no_more(home: Installation, watch: Watch) -> None:
    old = published(home)
    watch.forward(minutes=1)
    new = published(home)
    seen(home, number(home, old), 10)
    watch.forward(days=10)
    seen(home, number(home, new), 5)
    ranked(home)
    assert walked(home) == [old, new]
    watch.forward(days=354)
    assert ranked(home) == 0
    watch.forward(days=3)
    assert ranked(home) == 1
    assert walked(home) == [new, old]
    assert total(home, number(home, old)) == (10, 0), "its total stays"


def test_the_worker_may_rest_for_years(home: Installation, watch: Watch) -> None:
    lesson = number(home, published(home))
    seen(home, lesson, 10)
    ranked(home)
    watch.forward(days=3000)
    ranked(home)
    [row] = rows(home, UsageTotal)
    assert (row.used, row.ranked, row.views) == (0, 0, 10)


def test_the_index_looks_again_at_what_has_changed_enough(home: Installation) -> None:
    lesson = number(home, published(home))
    seen(home, lesson, 100)
    assert ranked(home) == 1
    seen(home, lesson, 5)
    assert ranked(home) == 0, "a twentieth more is the same"
    [row] = rows(home, UsageTotal)
    assert (row.used, row.ranked) == (105, 100)
    seen(home, lesson, 1)
    assert ranked(home) == 1


def test_harvesters_see_nothing_of_it(home: Installation) -> None:
    lesson = number(home, published(home))

    def told() -> tuple[int, datetime, bytes]:
        [record] = rows(home, OaiRecord)
        return record.change, record.stamp, record.header

    before = told()
    seen(home, lesson, 3)
    assert ranked(home) == 1
    assert told() == before


def test_what_is_withdrawn_stays_out_of_the_search(home: Installation) -> None:
    public_id = published(home)
    seen(home, number(home, public_id), 3)
    wanted = {"reason": "rights", "note": "", "repository_id": home.repository_id}
    act(home, publishing.withdraw, public_id, **wanted)
    ranked(home)
    assert walked(home) == []


def test_many_are_ranked_in_steps(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "_BATCH", 2)
    ids = [published(home) for _ in range(5)]
    for times, public_id in enumerate(ids, 1):
        seen(home, number(home, public_id), times)
    assert ranked(home) == 5
    assert walked(home) == ids[::-1]


def test_the_key_of_use_keeps_the_order(watch: Watch) -> None:
    times = [0, 1, 2, 1022, 1023, 1024, 1026, 2047, 2048, 4096, 10**5, 10**6, 2**31 - 1]
    keys = [used(one, watch(), 7) for one in times]
    assert keys == sorted(set(keys))
    assert keys[-1] < 2**63
    late = watch() + timedelta(days=70_000)
    assert used(3, watch(), 2**31) < used(3, watch() + timedelta(seconds=1), 1) < used(3, late, 1) < used(4, watch(), 1)
