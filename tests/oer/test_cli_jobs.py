"""``oer job``, ``oer audit``, ``oer dump``, and updates at the command line."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import command_line
import factories
import pytest
from command_line import Terminal

from oer import jobs, working
from oer.db import transaction
from oer.installation import Installation
from oer.transfer import orders
from oer.transfer.orders import Order
from oer.workflow import Role

ROW = '{"item": "a", "title_ar": "درس"}\n{"item": "b", "licence": "x"}\n'


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        made.institution()
        yield made


def ordered(home: Installation, content: str = ROW) -> int:
    actor = factories.member(home, Role.MANAGER)
    stored = home.store.put([content.encode()])
    with transaction(home.engine) as session:
        order = Order("jsonl", "college", "lessons")
        return orders.place(session, actor, order, home.store, stored, now=home.now()).id or 0


def failed(home: Installation) -> int:
    """A job of the repository itself that was set aside."""
    with transaction(home.engine) as session:
        job_id = jobs.enqueue(session, "poison", now=home.now())
    held = jobs.claim(home.engine, now=home.now())
    assert held is not None
    jobs.fail(home.engine, held, "ValueError: no use", attempts=1, now=home.now())
    return job_id or 0


# ── Jobs ─────────────────────────────────────────────────────────────────────────────────────────


def test_an_import_of_the_web_is_watched_and_its_report_read(terminal: Terminal) -> None:
    with terminal.home() as home:
        job_id = ordered(home)
        assert terminal.json("job", "list")[0]["state"] == "waiting"
        working.drain(home)
    shown = terminal.json("job", "show", job_id, "--report")
    assert (shown["state"], shown["done"], shown["total"], shown["institution"]) == ("done", 2, 2, "college")
    assert shown["person"] == "manager.college@example.org"
    assert [(row["item"], row["status"]) for row in shown["rows"]] == [("a", "created"), ("b", "failed")]
    assert shown["rows"][1]["problems"][0]["message"]
    lines = terminal.good("job", "show", job_id, "--report").out.splitlines()
    assert lines[0].startswith(f"{job_id}  ")
    assert "done  2/2  college" in lines[0]
    assert "Created: 1, updated: 0, unchanged: 0, failed: 1." in lines
    assert any(line.startswith("row 2  failed  b") for line in lines)


def test_jobs_are_listed_by_state_and_kind(terminal: Terminal) -> None:
    with terminal.home() as home:
        one, poison = ordered(home), None
        working.drain(home)
        poison = failed(home)
    assert [job["id"] for job in terminal.json("job", "list", "--state", "failed")] == [poison]
    assert [job["id"] for job in terminal.json("job", "list", "--kind", "import")] == [one]
    assert terminal.json("job", "list", "--institution", "college", "--limit", "1")[0]["id"] == one
    assert terminal.json("job", "list", "--state", "cancelled") == []
    done = terminal("job", "list", "--state", "cancelled")
    assert (done.code, done.out, done.err) == (0, "", "No jobs.\n")
    assert terminal("job", "list", "--institution", "nowhere").code == 4


def test_jobs_are_ended_and_tried_again(terminal: Terminal) -> None:
    with terminal.home() as home:
        poison, waiting = failed(home), ordered(home)
    assert terminal.json("job", "cancel", waiting)["state"] == "cancelled"
    assert terminal("job", "cancel", waiting).code == 5
    assert terminal.json("job", "retry", poison)["state"] == "waiting"
    done = terminal("job", "retry", poison)
    assert (done.code, done.out) == (5, "")
    assert "has not failed" in done.err
    assert [job["id"] for job in terminal.json("job", "list", "--state", "waiting")] == [poison]
    for command in ("show", "cancel", "retry"):
        assert terminal("job", command, "999").code == 4
        assert terminal("job", command, "0").code == 2
    assert terminal("job", "show", poison, "--report").code == 4


def test_the_reason_of_a_failure_is_shown(terminal: Terminal) -> None:
    with terminal.home() as home:
        poison, bad = failed(home), ordered(home, "\ud83d".encode("utf-8", "surrogatepass").decode("latin-1"))
        working.drain(home)
    assert "ValueError: no use" in terminal.good("job", "show", poison).out
    assert terminal.json("job", "show", poison)["error"] == "ValueError: no use"
    assert terminal.good("job", "show", bad).code == 0


# ── The audit log ────────────────────────────────────────────────────────────────────────────────


def test_the_log_tells_who_did_what(terminal: Terminal) -> None:
    public_id = terminal.deposited()
    terminal.good("withdraw", public_id, "--reason", "rights")
    entries = terminal.json("audit", "list", "--object", f"resource:{public_id}")
    assert [entry["action"] for entry in entries][:2] == ["resource.withdraw", "resource.publish"]
    assert {entry["by"] for entry in entries} == {"operator"}
    (line,) = terminal.good("audit", "list", "--action", "resource.withdraw").out.splitlines()
    assert line.endswith(f"operator  resource.withdraw  resource:{public_id}  college")
    assert terminal.json("audit", "list", "--person", "operator", "--limit", "1") == entries[:1]
    assert terminal.json("audit", "list", "--person", "a@example.org") == []
    assert terminal.json("audit", "list", "--until", "2020-01-01") == []
    assert len(terminal.json("audit", "list", "--from", "2020-01-01", "--institution", "college")) >= 3
    assert terminal("audit", "list", "--from", "yesterday").code == 2
    assert terminal("audit", "list", "--object", "a\udcffb").code == 3
    assert terminal("audit", "list", "--action", "none").err == "Nothing in the log.\n"


# ── Updates and dumps ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_table_is_exported_edited_tried_and_read_back(terminal: Terminal, suffix: str) -> None:
    public_id = terminal.deposited()
    table = terminal.folder / f"out.{suffix}"
    assert terminal.json("export", table) == {"resources": 1, "target": str(table)}
    assert terminal.json("import", table, "--update")["counts"] == {"unchanged": 1}
    table.write_bytes(table.read_bytes().replace("الضوء والماء".encode(), "أوضح".encode()))
    told = terminal.json("import", table, "--update", "--publish", "--dry-run")
    assert (told["counts"], told["rows"][0]["changes"][0]["after"]) == ({"updated": 1}, "أوضح")
    assert len(terminal.json("show", public_id)["versions"]) == 1
    lines = terminal.good("import", table, "--update", "--dry-run").out.splitlines()
    assert lines[0] == f"row {2 if suffix == 'csv' else 1}  updated  {public_id}"
    assert lines[1] == "    title[ar]: changed  الضوء والماء → أوضح"
    assert terminal.json("import", table, "--update", "--publish")["counts"] == {"updated": 1}
    assert terminal.json("import", table, "--update", "--publish")["counts"] == {"unchanged": 1}


def test_drafts_are_exported_as_somebody_sees_them(terminal: Terminal) -> None:
    path = terminal.file("lesson.txt")
    terminal.good("deposit", path, "--record", terminal.record(), "--institution", "college")
    terminal.good("admin", "create", "a@example.org", "--ordinary", "--password-stdin", input="correct horse battery")
    out = terminal.folder / "mine.csv"
    assert terminal.json("export", out, "--state", "draft", "--as", "a@example.org")["resources"] == 0
    with out.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.DictReader(file)) == []
    assert terminal.json("export", terminal.folder / "all.csv", "--state", "draft")["resources"] == 1
    assert terminal("export", out).code == 3
    for wrong in (["--state", "gone"], ["--state", "draft"], ["--as", "a@example.org"]):
        assert terminal("export", terminal.folder / "folder", *wrong).code == 2
    assert not (terminal.folder / "folder").exists()


def test_an_import_that_is_no_update_needs_an_institution(terminal: Terminal) -> None:
    table = terminal.file("a.csv", "title_ar\nدرس\n")
    assert terminal("import", table).code == 2
    assert terminal("import", table, "--update").code == 1
    assert terminal("import", table, "--update", "--institution", "nowhere").code == 4
    for useless in (["--source", "x"], ["--defaults", table], ["--files", terminal.folder]):
        assert terminal("import", table, "--update", *useless).code == 2


def test_a_dump_goes_to_the_terminal_or_to_a_file(terminal: Terminal) -> None:
    public_id = terminal.deposited()
    header, item = (json.loads(line) for line in terminal.good("dump").out.splitlines())
    assert (header["count"], item["id"], item["change"]) == (1, public_id, 1)
    target = terminal.folder / "dump.jsonl"
    assert terminal.good("dump", target).out.splitlines()[0] == "Lines written: 2"
    assert [json.loads(line) for line in target.read_text("utf-8").splitlines()][1] == item
    assert len(terminal.good("dump", "--since", "1").out.splitlines()) == 1
    assert terminal("dump", "--since", "2").code == 3
    assert terminal("dump", target).code == 3


@pytest.mark.parametrize("locale", ["ar_TN.UTF-8", "fr_FR.UTF-8"])
def test_no_command_falls_back_to_english(terminal: Terminal, locale: str) -> None:
    said: list[str] = []

    def run(*arguments: object) -> None:
        done = terminal(*arguments, LC_ALL=locale)
        said.append(done.out + done.err)

    terminal.deposited()
    with terminal.home() as home:
        poison, one = failed(home), ordered(home)
        working.drain(home)
    for arguments in (
        ["job", "list"], ["job", "show", one, "--report"], ["job", "cancel", one], ["job", "retry", one],
        ["job", "retry", poison], ["job", "cancel", poison], ["job", "show", 99], ["job", "show", poison, "--report"],
        ["job", "list", "--state", "running"], ["audit", "list", "--action", "x"],
        ["dump", terminal.folder / "dump.jsonl"],
    ):  # fmt: skip
        run(*arguments)
    text = re.sub(r"\u2068[^\u2069]*\u2069|\S+[./_@:]\S*|\d+|poison|import|college", " ", "\n".join(said))
    english = set(re.findall(r"[a-z]{3,}", text.lower()))
    known = {"waiting", "running", "done", "failed", "cancelled", "there", "the", "job", "lines", "nothing"}
    assert not english & known, english
