from datetime import UTC, datetime, timedelta

import pytest
from factories import START, act, institution, member, undone
from sqlmodel import select

from oer import announcements, institutions, queries
from oer.db import reading, transaction
from oer.errors import Forbidden, Invalid, NotFound, Stale
from oer.models import Announcement, AuditEntry
from oer.policy import ANONYMOUS, OPERATOR
from oer.workflow import Role

DAY = timedelta(days=1)
WORDS = {"titles": {"ar": "ورشة", "en": "A workshop"}, "texts": {"ar": "يوم **الخميس**"}}


def announced(home, slug="college", *, actor=OPERATOR, **changes):
    return act(home, announcements.announce, slug, actor=actor, **WORDS | changes).announcement


def seen(home, announcement, *, actor=ANONYMOUS, slug="college"):
    with reading(home.engine) as session:
        found = announcements.find(session, actor, slug, announcement.public_id, now=home.now())
        return announcements.state(found.announcement, now=home.now())


def listed(home, state="current", **rest):
    with reading(home.engine) as session:
        place = institutions.find(session, "college")
        rows = queries.announcements.of_institution(
            session, institution_id=place.id, state=state, now=home.now(), **{"limit": 100} | rest
        )
        return [row.titles["ar"] for row in rows]


def test_words_are_kept_as_they_were_written(place):
    made = announced(place, texts={"ar": "يوم **الخميس**\n\n- أولًا", "fr": "Jeudi <b>soir</b>"})
    assert made.texts == {"ar": "يوم **الخميس**\n\n- أولًا", "fr": "Jeudi <b>soir</b>"}
    assert (made.published, made.until, made.pinned) == (START, None, False)


def test_an_announcement_is_scheduled_then_current_then_past(place, watch):
    made = announced(place, published=START + DAY, until=START + 3 * DAY)
    manager = member(place, Role.MANAGER)
    with pytest.raises(NotFound):
        seen(place, made)
    with pytest.raises(NotFound):
        seen(place, made, actor=member(place, Role.REVIEWER))
    assert seen(place, made, actor=manager) == "scheduled"
    states = []
    for _ in range(3):
        watch.forward(days=1)
        states.append((seen(place, made), listed(place), listed(place, "past")))
    assert states == [("current", ["ورشة"], []), ("current", ["ورشة"], []), ("past", [], ["ورشة"])]


def test_pinned_ones_come_first_then_the_newest_page_by_page(place, watch):
    for number in range(7):
        watch.forward(minutes=number % 3)  # some at the same moment
        announced(place, titles={"ar": str(number)}, pinned=number in (1, 4))
    whole = listed(place)
    assert whole == ["4", "1", "6", "5", "3", "2", "0"]
    paged, before = [], None
    while rows := listed(place, before=before, limit=2):
        paged += rows
        with reading(place.engine) as session:
            last = next(row for row in session.exec(select(Announcement)) if row.titles["ar"] == rows[-1])
        before = (last.pinned, last.published, last.id)
    assert paged == whole


def test_another_institution_has_none_of_it(place):
    made = announced(place)
    with transaction(place.engine) as session:
        institution(session, "school")
    with pytest.raises(NotFound) as unknown:
        seen(place, made, slug="school")
    assert unknown.value.code == "announcement.unknown"
    for strange in ("", "feed", "x\0", "7k3v9qm2xd"):
        with reading(place.engine) as session, pytest.raises(NotFound):
            announcements.find(session, OPERATOR, "college", strange, now=START)


@pytest.mark.parametrize("role", [Role.DEPOSITOR, Role.REVIEWER])
def test_managers_alone_write(place, role):
    made, actor = announced(place), member(place, role)
    for verb, what in (
        (announcements.announce, ("college",)),
        (announcements.edit, ("college", made.public_id, {"pinned": True})),
        (announcements.remove, ("college", made.public_id)),
    ):
        with pytest.raises(Forbidden):
            act(place, verb, *what, actor=actor, **(WORDS if verb is announcements.announce else {}))
    assert announced(place, actor=member(place, Role.MANAGER)).public_id


def test_what_is_wrong_is_told_by_its_field(place):
    wrong = [
        ({"titles": {}}, "titles", "title.missing"),
        ({"titles": {"ar": " "}}, "titles", "title.missing"),
        ({"titles": {"ar": "ا" * (announcements.TITLE + 1)}}, "titles.ar", "text.too-long"),
        ({"titles": {"ar": "سطر\nآخر"}}, "titles.ar", "text.illegal-character"),
        ({"titles": {"de": "Werkstatt"}}, "titles.de", "field.unknown"),
        ({"texts": {}}, "texts", "announcement.text-missing"),
        ({"texts": {"fr": "x" * (announcements.TEXT + 1)}}, "texts.fr", "text.too-long"),
        ({"until": START}, "until", "announcement.until-early"),
        ({"until": datetime(1, 1, 1, tzinfo=UTC)}, "until", "announcement.time-far"),
        ({"published": datetime(9999, 12, 31, tzinfo=UTC)}, "published", "announcement.time-far"),
    ]
    for changes, field, code in wrong:
        with pytest.raises(Invalid) as caught:
            announced(place, **changes)
        assert [(problem.field, problem.code) for problem in caught.value.problems] == [(field, code)], changes


def test_an_edit_changes_what_it_names(place, watch):
    made = announced(place, until=START + DAY)
    watch.forward(minutes=5)
    changes = {"titles": {"en": None, "fr": "Atelier"}, "until": None, "pinned": True}
    changed = act(place, announcements.edit, "college", made.public_id, changes, expected=made.lock).announcement
    assert (changed.titles, changed.texts) == ({"ar": "ورشة", "fr": "Atelier"}, made.texts)
    assert (changed.until, changed.pinned, changed.lock, changed.changed) == (None, True, made.lock + 1, watch())
    with pytest.raises(Stale):
        act(place, announcements.edit, "college", made.public_id, {"pinned": False}, expected=made.lock)
    again = act(place, announcements.edit, "college", made.public_id, {"pinned": True}).announcement
    assert again.lock == changed.lock
    later = act(place, announcements.edit, "college", made.public_id, {"published": None}).announcement
    assert later.published == watch()
    with pytest.raises(Invalid):
        act(place, announcements.edit, "college", made.public_id, {"titles": {"ar": None, "fr": ""}})


def test_every_deed_is_in_the_log(place):
    made = announced(place)
    act(place, announcements.edit, "college", made.public_id, {"pinned": True})
    act(place, announcements.remove, "college", made.public_id)
    with pytest.raises(NotFound):
        seen(place, made)
    with reading(place.engine) as session:
        rows = [row for row in session.exec(select(AuditEntry)) if row.object_kind == "announcement"]
    assert [row.action.partition(".")[2] for row in rows] == ["add", "edit", "remove"]
    assert {row.object_id for row in rows} == {made.public_id}
    assert rows[1].details == {"fields": ["pinned"]}


def test_announcements_go_with_their_institution(place):
    announced(place)
    with transaction(place.engine) as session:
        institutions.remove(session, OPERATOR, institutions.find(session, "college"), now=START)
    with reading(place.engine) as session:
        assert session.exec(select(Announcement)).all() == []


def test_what_breaks_off_leaves_nothing(place):
    with undone(place) as session:
        announcements.announce(session, OPERATOR, "college", **WORDS, now=START)
    assert listed(place) == []


@pytest.mark.parametrize(
    ("lang", "found"), [("ar", ("ورشة", "ar")), ("en", ("A workshop", "en")), ("fr", ("ورشة", "ar"))]
)
def test_words_are_in_the_reader_s_language_where_they_are_there(lang, found):
    assert announcements.in_language(WORDS["titles"], lang) == found
    assert announcements.in_language({}, lang) == ("", "und")
