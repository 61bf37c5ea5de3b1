from collections.abc import Iterator
from pathlib import Path

import command_line
import pytest
from command_line import Terminal

from oer import queries, reports
from oer.db import transaction


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        made.institution()
        yield made


def filed(terminal: Terminal, public_id: str, reason: str = "copyright") -> str:
    with terminal.home() as home, transaction(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        assert resource is not None
        told = {"reason": reason, "words": "الصفحة 4", "email": "salma@example.org", "lang": "ar"}
        return reports.file(session, resource, **told, now=home.now()).reference  # type: ignore[arg-type]


def test_a_report_is_listed_shown_examined_and_answered(terminal: Terminal) -> None:
    assert terminal.good("report", "list").err == "No reports.\n"
    public_id = terminal.deposited()
    reference = filed(terminal, public_id)
    (told,) = terminal.json("report", "list", "--institution", "college")
    assert {name: told[name] for name in ("reference", "state", "reason", "resource", "resource_state", "email")} == {
        "reference": reference, "state": "open", "reason": "copyright", "resource": public_id,
        "resource_state": "published", "email": "salma@example.org",
    }  # fmt: skip
    line = f"{reference}  {told['created'][:10]}  open  {public_id}  Copyright"
    assert terminal.good("report", "list").out == f"{line}\n"
    assert terminal.good("report", "show", reference.upper()).out.splitlines() == [
        line, "Address: salma@example.org", "Report: الصفحة 4",
    ]  # fmt: skip
    held = terminal.json("report", "examine", reference, "--note", "قيد الفحص")
    assert (held["state"], held["resource_state"]) == ("examining", "hidden")
    assert terminal("report", "examine", reference).code == 5
    assert terminal("report", "answer", reference, "--outcome", "lost").code == 3
    done = terminal.good("report", "answer", reference, "--outcome", "kept", "--words", "لا مشكلة").out
    assert done == f"{reference}  {told['created'][:10]}  kept as it is  {public_id}  Copyright\n"
    shown = terminal.json("report", "show", reference)
    assert (shown["answer"], shown["resource_state"]) == ("لا مشكلة", "published")
    assert terminal.json("report", "list") == []
    assert [one["reference"] for one in terminal.json("report", "list", "--state", "answered")] == [reference]
    assert terminal("report", "show", "7k3v-9qm2-xd4h").code == 4


def test_people_see_and_answer_what_they_review(terminal: Terminal) -> None:
    reference = filed(terminal, terminal.deposited())
    terminal.institution("school")
    for email, place, role in (("r@example.org", "college", "reviewer"), ("m@example.org", "school", "manager")):
        terminal.good("admin", "create", email, "--ordinary", "--password-stdin", input="correct horse battery")
        terminal.good("role", "grant", email, place, role)
    assert terminal.json("report", "list", "--as", "m@example.org") == []
    assert terminal("report", "show", reference, "--as", "m@example.org").code == 5
    assert terminal("report", "answer", reference, "--outcome", "kept", "--as", "m@example.org").code == 5
    assert len(terminal.json("report", "list", "--as", "r@example.org")) == 1
    terminal.good("report", "answer", reference, "--outcome", "withdrawn", "--note", "للناشر", "--as", "r@example.org")
    assert "person:" in terminal.good("audit", "list", "--json").out
