from collections.abc import Iterator
from pathlib import Path

import command_line
import pytest
from command_line import Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        made.institution()
        yield made


def added(terminal: Terminal, *options: str) -> str:
    words = ("--ar", "ورشة", "--text", "ar=يوم **الخميس** = 5")
    return str(terminal.json("announcement", "add", "college", *words, *options)["id"])


def test_an_announcement_is_added_listed_edited_and_removed(terminal: Terminal) -> None:
    public_id = added(terminal, "--until", "2199-04-01", "--pinned")
    (told,) = terminal.json("announcement", "list", "college")
    published = told.pop("published")
    assert told == {
        "id": public_id, "institution": "college", "state": "current", "titles": {"ar": "ورشة"},
        "texts": {"ar": "يوم **الخميس** = 5"}, "until": "2199-04-01T00:00:00Z", "pinned": True,
    }  # fmt: skip
    assert terminal.good("announcement", "list", "college").out == (
        f"{public_id}  {published[:10]}  current  pinned  ورشة\n"
    )
    changes = ("--en", "Workshop", "--ar", "", "--not-pinned", "--until", "", "--text", "en=On Thursday")
    changed = terminal.json("announcement", "edit", "college", public_id, *changes)
    assert (changed["titles"], changed["until"], changed["pinned"]) == ({"en": "Workshop"}, None, False)
    assert changed["texts"] == {"ar": "يوم **الخميس** = 5", "en": "On Thursday"}
    assert terminal.good("announcement", "remove", "college", public_id).out == (
        f"The announcement {public_id} is removed.\n"
    )
    assert terminal.json("announcement", "list", "college") == []
    assert terminal.good("announcement", "list", "college").err == "No announcements.\n"
    assert terminal("announcement", "remove", "college", public_id).code == 4


def test_times_are_days_or_moments(terminal: Terminal) -> None:
    later = added(terminal, "--published", "2190-01-01T09:00:00+01:00")
    (told,) = terminal.json("announcement", "list", "college", "--state", "scheduled")
    assert (told["id"], told["published"]) == (later, "2190-01-01T08:00:00Z")
    assert terminal.json("announcement", "edit", "college", later, "--published", "")["state"] == "current"
    done = terminal("announcement", "add", "college", "--ar", "x", "--text", "ar=x", "--until", "tomorrow")
    assert done.code == 2
    done = terminal("announcement", "add", "college", "--ar", "x", "--text", "ar=x", "--until", "2001-01-01")
    assert (done.code, done.err) == (
        3, "This announcement is over before it begins. Choose an end that comes after it is published.\n"
    )  # fmt: skip


def test_people_announce_where_they_manage(terminal: Terminal) -> None:
    terminal.good("admin", "create", "m@example.org", "--ordinary", "--password-stdin", input="correct horse battery")
    terminal.good("role", "grant", "m@example.org", "college", "reviewer")
    words = ("announcement", "add", "college", "--ar", "ورشة", "--text", "ar=x", "--as", "m@example.org")
    assert terminal(*words).code == 5
    terminal.good("role", "grant", "m@example.org", "college", "manager")
    terminal.good(*words)
