from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import command_line
import pytest
from command_line import Terminal

from oer import queries, usage
from oer.db import reading, transaction
from oer.usage import Use


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        made.institution()
        yield made


@pytest.fixture
def lesson(terminal: Terminal) -> str:
    """Seen six times forty days ago and five times today, downloaded twice today."""
    record = terminal.record()
    made = terminal.json("deposit", terminal.file("a.txt"), "--record", record, "--institution", "college")
    public_id = str(made["id"])
    terminal.good("publish", public_id)
    with terminal.home() as home:
        with reading(home.engine) as session:
            found = queries.resources.by_public_id(session, public_id=public_id)
            assert found is not None
        now = datetime.now(UTC)
        seen = [Use("views", found.id or 0, "", None, now - timedelta(days=40))] * 6
        seen += [Use("views", found.id or 0, "", None, now)] * 5
        taken = [Use("downloads", found.id or 0, "a", None, now)] * 2
        with transaction(home.engine) as session:
            usage.count(session, [*seen, *taken], now=now)
    return public_id


def test_a_resource_tells_how_often_it_was_used(terminal: Terminal, lesson: str) -> None:
    done = terminal.good("usage", "resource", lesson)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert done.out == f"{today}  views: 5, downloads: fewer than 5\n"
    assert done.err == "Views: 11, downloads: 2\n"
    told = terminal.json("usage", "resource", lesson)
    assert (told["views"], told["downloads"]) == (11, 2)
    assert told["days"] == [{"day": today, "views": 5, "downloads": None}]
    assert sum(month["views"] for month in told["months"]) == 11


def test_the_days_of_another_period(terminal: Terminal, lesson: str) -> None:
    before = f"{datetime.now(UTC) - timedelta(days=40):%Y-%m-%d}"
    for options in (("--until", before), ("--from", before, "--until", before)):
        [day] = terminal.json("usage", "resource", lesson, *options)["days"]
        assert day == {"day": before, "views": 6, "downloads": None}
    assert len(terminal.json("usage", "resource", lesson, "--from", before)["days"]) == 2
    assert terminal.json("usage", "resource", lesson, "--until", "0001-01-01")["days"] == []


def test_an_institution_tells_the_same_of_all_its_resources(terminal: Terminal, lesson: str) -> None:
    assert terminal.json("usage", "institution", "college") == terminal.json("usage", "resource", lesson)


def test_what_is_not_there_has_no_figures(terminal: Terminal) -> None:
    for words in (("resource", "7k3v9qm2xd"), ("institution", "nowhere")):
        done = terminal("usage", *words)
        assert (done.code, done.out) == (4, "")
    assert terminal("usage", "institution", "college", "--from", "yesterday").code == 2
