from collections.abc import Iterator
from pathlib import Path
from typing import Any

import command_line
import pytest
import snapshots
from command_line import Terminal

from oer import queries
from oer.db import reading

NOWHERE = "7k3v9qm2xd"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        made.institution()
        yield made


def draft(terminal: Terminal, *options: object, **changes: Any) -> str:
    record = terminal.record(**changes)
    made = terminal.json("deposit", terminal.file("a.txt"), "--record", record, "--institution", "college", *options)
    return str(made["id"])


def holdings(terminal: Terminal) -> Any:
    with terminal.home() as home:
        return snapshots.tables(home)


def said(terminal: Terminal, public_id: str) -> list[tuple[str, str]]:
    with terminal.home() as home, reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        assert resource is not None
        kept = queries.resources.reviews(session, resource_id=resource.id or 0)
        return [(review.decision, review.comment) for review in kept]


def test_a_queue_is_worked_through(terminal: Terminal) -> None:
    first = draft(terminal, title=[{"value": "الأول", "lang": "ar"}])
    second = draft(terminal, title=[{"value": "Second", "lang": "en"}])
    assert [line["id"] for line in terminal.json("drafts")["drafts"]] == [first, second]
    assert terminal.json("drafts", "--state", "submitted") == {"drafts": []}
    terminal.good("submit", second)
    (line,) = terminal.json("drafts", "--state", "submitted", "--institution", "college")["drafts"]
    assert (line["id"], line["title"], line["institution"], line["author"]) == (second, "Second", "college", None)
    shown = terminal.good("drafts").out
    assert shown.index("الأول") < shown.index("Second")
    assert len(terminal.json("drafts", "--limit", "1")["drafts"]) == 1
    told = terminal.json("review", second, "request-changes", "--comment", " أضف وصفًا ")
    assert told["state"] == "changes-requested"
    terminal.good("submit", second)
    assert terminal.json("review", second, "publish", "--comment", "جيد")["state"] == "published"
    assert said(terminal, second) == [("request-changes", "أضف وصفًا"), ("publish", "جيد")]
    terminal.good("submit", first)
    assert "rejected" in terminal.good("review", first, "reject", "--comment", "no").out


def test_people_list_what_they_may_see(terminal: Terminal) -> None:
    email = "amina@example.org"
    terminal.good("admin", "create", email, "--ordinary", "--password-stdin", input="correct horse battery")
    public_id = draft(terminal)
    assert terminal.json("drafts", "--as", email) == {"drafts": []}
    assert terminal("validate", public_id, "--as", email).code == 4
    terminal.good("role", "grant", email, "college", "reviewer")
    assert [line["id"] for line in terminal.json("drafts", "--as", email)["drafts"]] == [public_id]


def test_everything_that_forbids_a_publication_is_told(terminal: Terminal) -> None:
    sound = draft(terminal)
    assert terminal.json("validate", sound) == {"publishable": True, "problems": []}
    assert "Nothing forbids" in terminal.good("validate", sound).out
    before = holdings(terminal)
    faulty = terminal("validate", draft(terminal, licence=None), "--json")
    assert (faulty.code, faulty.told["publishable"]) == (3, False)
    assert [problem["code"] for problem in faulty.told["problems"]] == ["licence.missing"]
    assert terminal.json("validate", sound)["publishable"] is True
    assert before["resource"][0] in holdings(terminal)["resource"]
    published = terminal.deposited()
    terminal.good("revise", published)
    unchanged = terminal("validate", published)
    assert unchanged.code == 3
    assert "version 1" in unchanged.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["review", "ID", "reject", "--comment", "x"], 5, "not possible"),
        (["review", "ID", "publish"], 5, "not possible"),
        (["review", "ID", "approve"], 2, "approve"),
        (["review", NOWHERE, "publish"], 4, NOWHERE),
        (["validate", NOWHERE], 4, NOWHERE),
        (["validate", "not an id"], 4, "not an id"),
        (["drafts", "--state", "published"], 2, "published"),
        (["drafts", "--institution", "nowhere"], 4, "nowhere"),
        (["hide", "ID", "--reason", "legal"], 5, "not possible"),
        (["unhide", "ID"], 5, "not possible"),
        (["hide", NOWHERE, "--reason", "legal"], 4, NOWHERE),
        (["hide", "ID"], 2, "--reason"),
    ],
)
def test_what_is_not_possible_says_so_and_changes_nothing(
    terminal: Terminal, arguments: list[str], code: int, words: str
) -> None:
    public_id = draft(terminal)
    before = holdings(terminal)
    done = terminal(*[public_id if word == "ID" else word for word in arguments])
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert holdings(terminal) == before


def test_whoever_does_not_publish_says_why(terminal: Terminal) -> None:
    public_id = draft(terminal)
    terminal.good("submit", public_id)
    for decision in ("reject", "request-changes"):
        assert terminal("review", public_id, decision).code == 3
    assert terminal.json("show", public_id)["draft"] == "submitted"


def test_a_resource_is_hidden_once_and_shown_once(terminal: Terminal) -> None:
    public_id = terminal.deposited()
    assert terminal.json("hide", public_id, "--reason", "legal", "--note", "x")["state"] == "hidden"
    assert terminal("hide", public_id, "--reason", "legal").code == 5
    shown = terminal.json("show", public_id)
    assert (shown["state"], shown["reason"]) == ("hidden", "legal")
    assert terminal.json("unhide", public_id)["state"] == "published"
    assert terminal("unhide", public_id).code == 5
    assert terminal("hide", public_id, "--reason", "boredom").code == 3


def test_what_reviewers_have_said_is_read_over_all_drafts(terminal: Terminal) -> None:
    public_id = draft(terminal)
    assert terminal.json("reviews", public_id) == []
    terminal.good("submit", public_id)
    terminal.good("review", public_id, "request-changes", "--comment", "The table\nis missing.")
    terminal.good("submit", public_id)
    terminal.good("review", public_id, "publish", "--comment", "عمل جيد")
    told = terminal.json("reviews", public_id)
    assert [(each["decision"], each["comment"], each["reviewer"]) for each in told] == [
        ("request-changes", "The table\nis missing.", None),
        ("publish", "عمل جيد", None),
    ]
    lines = terminal.good("reviews", public_id).out.splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == [
        "changes requested",
        "The table",
        "is missing.",
        "published",
        "عمل جيد",
    ]
    assert terminal("reviews", NOWHERE).code == 4
    stranger = "stranger@example.org"
    terminal.good("admin", "create", stranger, "--ordinary", "--password-stdin", input="correct horse battery")
    assert terminal("reviews", public_id, "--as", stranger).code == 5
