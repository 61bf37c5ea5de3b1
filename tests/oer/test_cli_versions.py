import json
from collections.abc import Iterator
from pathlib import Path

import command_line
import pytest
from command_line import Terminal

NOWHERE = "7k3v9qm2xd"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        made.institution()
        yield made


@pytest.fixture
def draft(terminal: Terminal) -> str:
    """The next version of a published resource, with two files."""
    public_id = terminal.deposited()
    terminal.good("revise", public_id, terminal.file("captions.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nماء\n"))
    return public_id


def names(terminal: Terminal, public_id: str) -> list[str]:
    return [file["name"] for file in terminal.json("file", "list", public_id)]


def test_files_of_a_draft_are_listed_described_and_put_in_order(terminal: Terminal, draft: str) -> None:
    assert names(terminal, draft) == ["lesson.txt", "captions.vtt"]
    told = terminal.json("file", "edit", draft, "captions.vtt", "--role", "caption", "--language", "ar")
    assert [(file["role"], file["language"]) for file in told] == [("main", None), ("caption", "ar")]
    terminal.good("file", "edit", draft, "captions.vtt", "--language", "")
    (renamed,) = (file for file in terminal.json("file", "edit", draft, "lesson.txt", "--rename", "درس.md")
                  if file["name"] == "درس.md")  # fmt: skip
    assert (renamed["media_type"], renamed["role"]) == ("text/markdown", "main")
    assert terminal.good("file", "order", draft, "captions.vtt", "درس.md").out.splitlines() == [
        "captions.vtt  caption  text/vtt  39 bytes",
        "درس.md  main  text/markdown  7 bytes",
    ]
    assert names(terminal, draft) == ["captions.vtt", "درس.md"]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["edit", "{id}", "nothing.txt", "--role", "extra"], 4),
        (["edit", "{id}", "captions.vtt", "--rename", "lesson.txt"], 3),
        (["edit", "{id}", "captions.vtt", "--language", "قديم"], 3),
        (["order", "{id}", "captions.vtt"], 3),
        (["order", "{id}", "captions.vtt", "captions.vtt"], 3),
        (["list", NOWHERE], 4),
        (["list", "no id at all"], 4),
    ],
)
def test_what_cannot_be_done_to_files_changes_nothing(
    terminal: Terminal, draft: str, command: list[str], code: int
) -> None:
    before = terminal.json("file", "list", draft)
    done = terminal("file", *(word.format(id=draft) for word in command))
    assert done.code == code, done.err
    assert done.err
    assert terminal.json("file", "list", draft) == before


def test_strangers_see_no_files_of_drafts(terminal: Terminal, draft: str) -> None:
    stranger = "stranger@example.org"
    terminal.good("admin", "create", stranger, "--ordinary", "--password-stdin", input="correct horse battery")
    for command in (["file", "list", draft], ["diff", draft], ["file", "order", draft, "captions.vtt", "lesson.txt"]):
        assert terminal(*command, "--as", stranger).code == 4


def test_the_draft_is_compared_with_the_current_version(terminal: Terminal, draft: str) -> None:
    terminal.good("revise", draft, "--record", terminal.record(title=[{"value": "الماء", "lang": "ar"}]))
    made = terminal.json("diff", draft)
    assert (made["before"], made["after"], made["files_moved"]) == (1, None, False)
    assert [(change["field"], change["kind"]) for change in made["record"]] == [("title[ar]", "changed")]
    assert [(file["name"], file["kind"], file["before"]) for file in made["files"]] == [("captions.vtt", "added", None)]
    assert terminal.good("diff", draft).out.splitlines() == [
        "title[ar]: changed  الضوء والماء → الماء",
        "captions.vtt: added",
    ]


def test_versions_are_compared_in_both_directions(terminal: Terminal, draft: str) -> None:
    terminal.good("file", "order", draft, "captions.vtt", "lesson.txt")
    terminal.good("publish", draft)
    there = terminal.json("diff", draft, 1, 2)
    back = terminal.json("diff", draft, 2, 1)
    assert (there["before"], there["after"], there["files"][0]["kind"]) == (1, 2, "added")
    assert (back["before"], back["after"], back["files"][0]["kind"]) == (2, 1, "removed")
    assert back["files"][0]["before"] == there["files"][0]["after"]
    assert terminal.json("diff", draft, 1) == there
    assert terminal.good("diff", draft, 2).out == "Nothing differs.\n"
    assert terminal("diff", draft).code == 4  # no draft any more
    assert terminal("diff", draft, 1, 3).code == 4


def test_files_that_only_changed_places_are_told(terminal: Terminal, draft: str) -> None:
    terminal.good("publish", draft)
    terminal.good("revise", draft)
    terminal.good("file", "order", draft, "captions.vtt", "lesson.txt")
    assert terminal.json("diff", draft)["files_moved"] is True
    assert terminal.good("diff", draft).out == "The files stand in another order.\n"
    terminal.good("revise", draft, terminal.file("lesson.txt", "other words"))
    assert "lesson.txt: changed  size: 7 → 11" in terminal.good("diff", draft).out


def test_a_past_version_is_shown_and_its_record_can_be_taken_again(terminal: Terminal, draft: str) -> None:
    record = terminal.record(title=[{"value": "الماء", "lang": "ar"}])
    terminal.good("revise", draft, "--record", record, "--publish")
    first, current = terminal.json("show", draft, "--version", 1), terminal.json("show", draft)
    assert (first["title"], current["title"]) == ("الضوء والماء", "الماء")
    assert [file["name"] for file in first["files"]] == ["lesson.txt"]
    assert terminal("show", draft, "--version", 3).code == 4
    taken = terminal.file("taken.json", json.dumps(first["record"]))
    terminal.good("revise", draft, "--record", taken, "--publish")
    assert terminal.json("show", draft)["record"] == first["record"]
