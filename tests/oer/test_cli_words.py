"""Languages, JSON, terminals: how commands speak."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import command_line
import pytest
import serving
from command_line import Terminal

from api import i18n
from oer import errors
from oer.cli import output
from storage import errors as store_errors

ANSI = re.compile(rb"\x1b")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        made.institution()
        yield made


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"LC_ALL": "ar_TN.UTF-8"}, "لا مورد بالمعرّف"),
        ({"LC_ALL": "", "LANG": "fr_FR.UTF-8"}, "Aucune ressource"),
        ({"LC_ALL": "", "LC_MESSAGES": "ar", "LANG": "fr_FR"}, "مورد"),
        ({"LC_ALL": "fr", "LANG": "ar"}, "ressource"),
        ({"LC_ALL": "de_DE.UTF-8"}, "There is no resource"),
        ({"LC_ALL": "", "LANG": ""}, "There is no resource"),
    ],
)
def test_errors_are_said_in_the_operator_s_language(
    terminal: Terminal, environment: dict[str, str], words: str
) -> None:
    done = terminal("show", "7k3v9qm2xd", **environment)
    language = i18n.supported(next(filter(None, environment.values()), "")[:2], "en")
    assert done.err.strip() == i18n.message("resource.unknown", language, id="7k3v9qm2xd")
    assert words.split()[0] in done.err or language != "en"


@pytest.mark.parametrize(("language", "locale"), [("ar", "ar_TN.UTF-8"), ("fr", "fr_FR.UTF-8")])
def test_no_command_falls_back_to_english(terminal: Terminal, language: str, locale: str) -> None:
    said: list[str] = []

    def run(*arguments: object, **options: str) -> str:
        done = terminal(*arguments, LC_ALL=locale, **options)
        said.append(done.out + done.err)
        return done.out

    run("institution", "add", "school", "--ar", "مدرسة", "--fr", "École")
    run("admin", "create", "a@example.org", "--password-stdin", input="correct horse battery")
    run("role", "grant", "a@example.org", "college", "manager")
    run("role", "grant", "a@example.org", "college", "none")
    run("token", "create", "a@example.org")
    public_id = terminal.deposited()
    run("show", public_id)
    run("withdraw", public_id, "--reason", "rights")
    run("show", public_id)
    run("publish", public_id)
    table = terminal.file("index.csv", "title_ar,file,x\nدرس,lesson.txt,1\nدرس,none,1\n")
    run("import", table, "--institution", "college")
    run("import", table, "--institution", "college", "--dry-run")
    run("export", terminal.folder / "out")
    run("sweep", "--dry-run")
    run("sweep", "--wait", "0")
    run("worker", "--once")
    run("bench", "seed", "2")
    run("doctor")
    text = re.sub(r"\u2068[^\u2069]*\u2069|\S+[./_@:]\S*|✓|✗", " ", "\n".join(said))
    english = {"created", "added", "failed", "unchanged", "removed", "exported", "jobs", "the", "is", "now", "row",
               "shown", "published", "withdrawn", "was", "not", "there", "has", "no"}  # fmt: skip
    assert not english & set(re.findall(r"\w+", text.lower())), text


def test_every_state_and_status_has_a_word() -> None:
    for code in ("draft", "submitted", "changes-requested", "rejected", "unpublished", "published", "hidden",
                 "withdrawn", "restored"):  # fmt: skip
        assert i18n.message(f"cli.state.{code}", "ar") != f"cli.state.{code}"
    for code in ("created", "updated", "unchanged", "failed"):
        assert i18n.message(f"cli.{code}", "fr") != f"cli.{code}"


def json_commands(terminal: Terminal) -> list[Sequence[object]]:
    """Every command that takes ``--json``, called well and called wrongly."""
    public_id = terminal.deposited()
    path, record = terminal.file("a.txt"), terminal.record()
    table = terminal.file("index.csv", "title_ar,file\nدرس,a.txt\nدرس,none\n")
    return [
        ["admin", "create", "b@example.org", "--password-stdin"],
        ["admin", "create", "bad", "--password-stdin"],
        ["institution", "add", "x1", "--ar", "ا"],
        ["institution", "add", "x1"],
        ["institution", "list"],
        ["role", "grant", "b@example.org", "x1", "manager"],
        ["role", "grant", "b@example.org", "x1", "king"],
        ["token", "create", "b@example.org"],
        ["token", "create", "c@example.org"],
        ["deposit", path, "--record", record, "--institution", "college"],
        ["deposit", path, "--record", record, "--institution", "nowhere"],
        ["revise", public_id, "--note", "x"],
        ["revise", public_id],
        ["submit", public_id],
        ["submit", public_id],
        ["publish", public_id],
        ["publish", "none"],
        ["show", public_id],
        ["show", "none"],
        ["withdraw", public_id, "--reason", "error"],
        ["withdraw", public_id, "--reason", "error"],
        ["restore", public_id],
        ["restore", public_id],
        ["import", table, "--institution", "college"],
        ["import", table, "--institution", "nowhere"],
        ["export", terminal.folder / "out"],
        ["export", terminal.folder / "out"],
        ["doctor"],
        ["sweep", "--dry-run"],
        ["bench", "seed", "1"],
    ]


def test_json_is_one_document_on_standard_output_and_nothing_else(terminal: Terminal) -> None:
    codes = set()
    for arguments in json_commands(terminal):
        done = terminal(*arguments, "--json", input="correct horse battery")
        codes.add(done.code)
        assert done.err == "", arguments
        assert done.out.count("\n") == 1, arguments
        told = json.loads(done.out)
        assert ("error" in told) == (done.code > 1), arguments
        if done.code > 1:
            assert told["error"]["message"] != told["error"]["code"]
    assert codes == {0, 1, 3, 4, 5}


def test_usage_errors_are_exit_two_on_standard_error(terminal: Terminal) -> None:
    for arguments in (["fly"], ["show"], ["import", "x"], ["deposit"], ["bench", "seed", "0"], ["serve", "--port", "0"],
                      ["admin", "create", "a@example.org", "--language", "de"]):  # fmt: skip
        done = terminal(*arguments)
        assert (done.code, done.out) == (2, ""), arguments
        assert "Usage" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["withdraw", "7k3v9qm2xd"], "Missing option '--reason'. One of author-request, rights, privacy, "),
        (["hide", "7k3v9qm2xd"], "Missing option '--reason'. One of author-request, rights, privacy, "),
        (["report", "answer", "x"], "Missing option '--outcome'. One of kept, mended, withdrawn."),
        (["role", "grant", "a@example.org", "x"], "Missing argument 'ROLE'. One of depositor, reviewer, manager; "),
        (["invitation", "create", "a@example.org", "x"], "Missing argument 'ROLE'. One of depositor, reviewer, "),
        (["deposit", "--record", "x"], "Missing option '--institution'. Slug of the institution."),
        (["review", "7k3v9qm2xd"], "Missing argument 'DECISION'. Choose from:\n\trequest-changes,"),
        (["admin", "create"], "Missing argument 'email'.\n"),
        (["import", "."], "Invalid value for --institution: needed"),
    ],
)
def test_a_word_that_is_missing_is_told_with_what_it_may_be(
    terminal: Terminal, arguments: list[str], words: str
) -> None:
    done = terminal(*arguments)
    assert (done.code, done.out) == (2, "")
    assert f"Error: {words}" in done.err


def test_every_kind_of_error_has_an_exit_code_of_its_own_meaning() -> None:
    wanted = {
        errors.Invalid: 3, errors.TooLarge: 3, errors.NotFound: 4, errors.Gone: 4, errors.Forbidden: 5,
        errors.Unauthenticated: 5, errors.Conflict: 5, errors.Stale: 5, errors.TooMany: 5,
        errors.Full: 6, errors.Unavailable: 6,
        errors.Misconfigured: 7,
    }  # fmt: skip
    assert set(wanted) == set(errors.CODES)
    assert {kind: output.exit_code(kind("x")) for kind in wanted} == wanted
    assert output.exit_code(store_errors.Full()) == output.exit_code(store_errors.Unavailable("x")) == 6


# ── Terminals ────────────────────────────────────────────────────────────────────────────────────


def on_terminal(
    command: list[str], environment: dict[str, str], *, stdout: bool
) -> tuple[subprocess.Popen[bytes], bytes, bytes]:
    """Run with standard error (and output, if wanted) on a terminal: process, terminal's and pipe's bytes."""
    there, here = pty.openpty()
    process = subprocess.Popen(
        command, env={**environment, "TERM": "xterm"}, stdin=subprocess.DEVNULL,
        stdout=here if stdout else subprocess.PIPE, stderr=here,
    )  # fmt: skip
    os.close(here)
    seen = b""
    try:
        while block := os.read(there, 4096):
            seen += block
    except OSError:  # the last process on the other side has closed it
        pass
    os.close(there)
    piped = process.communicate(timeout=60)[0] or b""
    return process, seen, piped


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "index.csv"
    path.write_text("title_ar\n" + "".join(f"درس {number}\n" for number in range(60)), "utf-8")
    return path


def test_a_bar_stands_on_terminals_only_and_reports_go_where_they_are_sent(tmp_path: Path, table: Path) -> None:
    with serving.home(tmp_path / "home") as home:
        home.oer("institution", "add", "library", "--ar", "المكتبة")
        command = [sys.executable, "-m", "oer.cli", "import", str(table), "--institution", "library"]

        plain = subprocess.run(command, env=home.environment, capture_output=True, check=True)
        assert plain.stderr == b""
        assert not ANSI.search(plain.stdout)
        assert len(plain.stdout.splitlines()) == 61

        process, seen, piped = on_terminal([*command, "--source", "two"], home.environment, stdout=False)
        assert process.returncode == 0
        assert b"Importing index.csv" in seen
        assert b"60/60" in seen
        assert ANSI.search(seen)
        assert not ANSI.search(piped)
        assert len(piped.splitlines()) == 61

        process, seen, _ = on_terminal([*command, "--source", "three"], home.environment, stdout=True)
        assert process.returncode == 0
        assert b"60/60" in seen
        assert seen.count(b"created  ") == 60


def test_errors_on_a_terminal_are_marked_and_their_brackets_stay(tmp_path: Path) -> None:
    with serving.home(tmp_path / "home") as home:
        command = [sys.executable, "-m", "oer.cli", "import", "[bold]x[/red].csv", "--institution", "library"]
        process, seen, _ = on_terminal(command, home.environment, stdout=True)
        assert process.returncode == 3
        assert b"[bold]x[/red].csv" in seen
        assert "✗".encode() in seen
        plain = subprocess.run(command, env=home.environment, capture_output=True, check=False)
        assert not ANSI.search(plain.stderr)
        assert "✗".encode() not in plain.stderr


def test_output_is_utf_8_whatever_the_locale_says(tmp_path: Path) -> None:
    with serving.home(tmp_path / "home", LC_ALL="C", PYTHONIOENCODING="ascii") as home:
        home.oer("institution", "add", "library", "--ar", "المكتبة")
        command = [sys.executable, "-m", "oer.cli", "institution", "list"]
        done = subprocess.run(command, env=home.environment, capture_output=True, check=True)
        assert done.stdout.decode("utf-8") == "library  المكتبة\n"


def test_a_reader_that_leaves_early_gets_no_traceback(tmp_path: Path, table: Path) -> None:
    with serving.home(tmp_path / "home") as home:
        home.oer("institution", "add", "library", "--ar", "المكتبة")
        command = f"{sys.executable} -m oer.cli import {table} --institution library | head -n 1"
        done = subprocess.run(["bash", "-c", command], env=home.environment, capture_output=True, check=False)
        assert len(done.stdout.splitlines()) == 1
        assert b"Traceback" not in done.stderr


def test_terms_for_records_are_found(terminal: Terminal) -> None:
    listed = {one["name"]: one["fields"] for one in terminal.json("terms")}
    assert listed["isced-levels"] == ["levels"]
    assert "isced-levels  levels" in terminal.good("terms").out.splitlines()
    told = terminal.good("terms", "isced-levels", "الابتدائي", LC_ALL="fr_FR.UTF-8").out
    assert told == "https://w3id.org/kim/educationalLevel/level_1  Enseignement primaire\n"
    (primary,) = terminal.json("terms", "isced-levels", "1")
    assert (primary["code"], primary["labels"]["en"]) == ("1", "Primary education")
    assert terminal("terms", "nothing").code == 4


def test_terms_of_a_field_are_those_of_all_its_vocabularies(terminal: Terminal) -> None:
    assert terminal.json("terms", "levels") == terminal.json("terms", "isced-levels")
    both = [one for name in ("unesco-thesaurus", "isced-f") for one in terminal.json("terms", name, "physics")]
    assert terminal.json("terms", "subjects", "physics") == both
    said = terminal.good("terms", "subjects", "physics", LC_ALL="fr_FR.UTF-8").out.splitlines()
    assert "http://data.europa.eu/snb/isced-f/0533  Physique" in said
    assert len(said) == len(both)
    for one in terminal.json("terms"):
        assert all(terminal.json("terms", field) for field in one["fields"])
