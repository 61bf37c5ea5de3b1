"""``oer seed`` as an operator meets it."""

from collections.abc import Iterator
from pathlib import Path

import command_line
import pytest
from command_line import Terminal

from oer.cli import seed
from oer.demo import planting


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        yield made


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files whose bytes are soon made."""
    made = planting.made("picture", "dates:ar")
    monkeypatch.setattr(planting, "made", lambda *_: made)


pytestmark = pytest.mark.usefixtures("small")


def slugs(terminal: Terminal) -> list[str]:
    return [one["slug"] for one in terminal.json("institution", "list")]


def test_it_is_made_once_and_says_so(terminal: Terminal) -> None:
    assert terminal.json("seed", "demo") == {"institutions": 10, "resources": 41, "collections": 6, "new": True}
    assert terminal.json("seed", "demo")["new"] is False
    said = terminal.good("seed", "demo").out
    assert "there already" in said
    assert "oer seed remove" in said
    assert all(slug.startswith("demo-") for slug in slugs(terminal))


@pytest.mark.parametrize(("locale", "word"), [("ar", "العرض التجريبي"), ("fr_FR", "démonstration"), ("en_GB", "ready")])
def test_it_speaks_the_language_of_the_operator(terminal: Terminal, locale: str, word: str) -> None:
    assert word in terminal.good("seed", "demo", LC_ALL=f"{locale}.UTF-8").out


@pytest.mark.parametrize(("answer", "left", "code"), [("n", 10, 1), ("y", 0, 0)])
def test_it_asks_first(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, answer: str, left: int, code: int) -> None:
    terminal.good("seed", "demo")
    monkeypatch.setattr(seed, "_is_asked", lambda: True)
    done = terminal("seed", "remove", input=f"{answer}\n")
    assert "Resources: 41" in done.err
    assert done.code == code
    assert len(slugs(terminal)) == left


def test_where_nobody_can_be_asked_nothing_goes(terminal: Terminal) -> None:
    terminal.good("seed", "demo")
    done = terminal("seed", "remove")
    assert done.code == 2
    assert "--yes" in done.err
    assert len(slugs(terminal)) == 10


def test_it_goes_and_says_what_went(terminal: Terminal) -> None:
    terminal.institution()
    terminal.good("seed", "demo")
    went = terminal.json("seed", "remove", "--yes")
    assert (len(went["resources"]), len(went["institutions"]), len(went["collections"])) == (41, 10, 6)
    assert [went[f"kept_{name}"] for name in ("resources", "institutions", "collections")] == [[], [], []]
    assert slugs(terminal) == ["college"]
    assert "nothing to take away" in terminal.good("seed", "remove").out
    assert terminal.json("seed", "remove")["resources"] == []


def test_what_stays_is_named(terminal: Terminal) -> None:
    terminal.good("seed", "demo")
    path, record = terminal.file("lesson.txt"), terminal.record()
    terminal.good("deposit", path, "--record", record, "--institution", "demo-sky-club", "--publish")
    said = terminal.good("seed", "remove", "--yes").out
    assert "Resources: 41, institutions: 6" in said
    assert "demo-sky-club stays" in said
    assert slugs(terminal) == ["demo-afnan", "demo-ministry", "demo-lighthouse-school", "demo-sky-club"]


def test_a_slug_of_somebody_else_is_refused(terminal: Terminal) -> None:
    terminal.institution("demo-afnan")
    done = terminal("seed", "demo")
    assert done.code == 5
    assert "demo-afnan" in done.err
    assert slugs(terminal) == ["demo-afnan"]
