"""``oer import`` and ``oer export`` with the real samples, killed, doubled, tried, and by people."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import command_line
import pytest
import serving
import snapshots
from command_line import Terminal
from conftest import ROOT

from metadata import validate
from metadata.record import Record
from oer import queries
from oer.db import reading
from oer.transfer import imports
from oer.transfer.imports import Importer
from storage import errors as store_errors

RECORDS = ROOT / "tests" / "samples" / "index.json"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        made.institution()
        yield made


@pytest.fixture
def samples(shared: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((shared / "samples" / "index.json").read_text("utf-8"))
    return rows


def whole(terminal: Terminal) -> dict[str, tuple[str, str, str]]:
    """sha256 → (name, media type, state) of every file of every published resource."""
    with terminal.home() as home, reading(home.engine) as session:
        found = queries.resources.published(session, after=None, within=None, limit=1000)
        files = queries.resources.files_of_many(session, version_ids=[version.id or 0 for _, version, _ in found])
        states = {version.id: resource.state for resource, version, _ in found}
    return {
        file.key: (file.name, file.media_type, states[version_id])
        for version_id, attached in files.items()
        for file in attached
    }


def expected(samples: list[dict[str, Any]]) -> dict[str, tuple[str, str, str]]:
    return {row["sha256"]: (Path(row["path"]).name, row["media_type"], "published") for row in samples}


def test_the_samples_come_in_whole_and_only_once(
    terminal: Terminal, shared: Path, samples: list[dict[str, Any]]
) -> None:
    command = ("import", RECORDS, "--files", shared / "samples", "--institution", "college", "--publish")
    told = terminal.json(*command)
    assert told["counts"] == {"created": 49}
    assert told["ignored_columns"] == []
    assert whole(terminal) == expected(samples)
    with terminal.home() as home:
        before = snapshots.everything(home)
    again = terminal.json(*command)
    assert again["counts"] == {"unchanged": 49}
    assert [row["id"] for row in again["rows"]] == [row["id"] for row in told["rows"]]
    with terminal.home() as home:
        assert snapshots.everything(home) == before


def test_the_samples_own_table_comes_in_with_defaults(
    terminal: Terminal, shared: Path, samples: list[dict[str, Any]]
) -> None:
    defaults = terminal.file(
        "defaults.json",
        json.dumps(
            {
                "description_en": "One of many samples.",
                "type": "other",
                "subject": "Education",
                "audience": "teacher; student",
            }
        ),
    )
    command = ("import", shared / "samples", "--institution", "college", "--defaults", defaults, "--publish")
    told = terminal.json(*command)
    assert told["counts"] == {"created": 49}
    assert set(told["ignored_columns"]) == {
        "assembled", "contains_scripts", "note", "pages", "pdf_version", "source", "tagged",
    }  # fmt: skip
    assert whole(terminal) == expected(samples)
    with terminal.home() as home, reading(home.engine) as session:
        for _, version, _ in queries.resources.published(session, after=None, within=None, limit=100):
            record = version.description()
            (file,) = queries.resources.files(session, version_id=version.id or 0)
            row = next(row for row in samples if row["sha256"] == file.key)
            assert [agent.name for agent in record.creators] == row["creator"]
            assert record.title[0].lang == row["language"]
            assert record.licence is not None
            assert record.licence.rstrip("/") == row["license"].rstrip("/")
    assert terminal.json(*command)["counts"] == {"unchanged": 49}


def test_a_trial_writes_nothing_and_tells_what_the_import_then_does(terminal: Terminal, shared: Path) -> None:
    lessons = terminal.folder / "lessons"
    shutil.copytree(shared / "samples" / "ar", lessons)
    rows = [row for row in json.loads(RECORDS.read_text("utf-8")) if row["path"].startswith("ar/")]
    for row in rows:
        row["path"] = row["path"].removeprefix("ar/")
    rows[3]["sha256"] = "0" * 64
    rows[5]["record"]["licence"] = "none"
    (lessons / rows[7]["path"]).unlink()
    (lessons / "index.json").write_text(json.dumps(rows))
    with terminal.home() as home:
        before = snapshots.everything(home)
    command = ("import", lessons, "--institution", "college", "--publish", "--json")
    tried = terminal(*command, "--dry-run")
    with terminal.home() as home:
        assert snapshots.everything(home) == before
    done = terminal(*command)
    assert tried.code == done.code == 1
    assert tried.told.pop("dry_run") is True
    assert tried.told["counts"] == done.told["counts"] == {"created": len(rows) - 3, "failed": 3}
    for one, other in zip(tried.told["rows"], done.told["rows"], strict=True):
        assert {**one, "id": None} == {**other, "id": None}


def test_the_report_names_what_was_made_and_what_failed_and_why(terminal: Terminal) -> None:
    terminal.file("a.txt")
    table = "title_ar,file,colour\nدرس,a.txt,red\nآخر,none.txt,blue\n"
    done = terminal("import", terminal.file("index.csv", table), "--institution", "college")
    assert done.code == 1
    assert done.err == ""
    created, failed, reason, columns, *lacking, counts = done.out.splitlines()
    assert created.startswith("row 2  created  ")
    assert created.endswith("  a.txt")
    assert failed == "row 3  failed  none.txt"
    assert "none.txt" in reason
    assert columns == "Columns that were not used: colour."
    assert lacking[0] == "What publication needs and no column gives, with the names that are understood:"
    assert [line.partition(":")[0].strip() for line in lacking[1:]] == [
        "description", "languages", "resource_type", "subjects", "levels", "creators", "licence"
    ]  # fmt: skip
    assert "matière, matières, discipline" in lacking[4]
    assert counts == "Created: 1, updated: 0, unchanged: 0, failed: 1."
    again = terminal("import", terminal.file("index.csv", table), "--institution", "college").out
    assert "a.txt" not in again


def test_what_to_call_columns_is_told_where_one_was_not_used_and_one_is_lacking(terminal: Terminal) -> None:
    head = "title_fr,description_fr,langue,type,discipline,niveau,auteur,licence,file"
    line = "Eau,Cycle,fr,text,Physics,1,Amina,CC BY 4.0,rien.pdf"
    command = ("import", terminal.file("index.csv", f"{head}\n{line}\n"), "--institution", "college", "--publish")
    done = terminal(*command, "--dry-run")
    _, reason, *_ = done.out.splitlines()
    assert done.code == 1
    assert "rien.pdf is not in the folder" in reason.translate({0x2068: None, 0x2069: None})
    assert "not used" not in done.out
    terminal.file("index.csv", f"{head.replace('discipline', 'rayon')},couleur\n{line},x\n")
    told = terminal(*command, "--dry-run").out
    assert "not used: couleur, rayon." in told
    assert [line.partition(":")[0] for line in told.splitlines() if line.startswith("    ")] == [
        "    subjects", "    files[0]", "    subjects"
    ]  # fmt: skip
    defaults = terminal.file("defaults.json", '{"subject": "Physics"}')
    assert "publication needs" not in terminal(*command, "--dry-run", "--defaults", defaults).out


def test_a_table_without_rows_is_warned_of(terminal: Terminal) -> None:
    command = ("import", terminal.file("index.csv", "title,file\n"), "--institution", "college")
    done = terminal(*command)
    assert done.code == 0
    assert "no rows" in done.out
    assert [problem["code"] for problem in terminal.json(*command)["problems"]] == ["import.no-rows"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["none"], 3, "none"),
        (["none.zip"], 3, "none.zip"),
        (["empty.csv"], 3, "empty"),
        (["index.csv", "--defaults", "none.json"], 3, "none.json"),
        (["index.csv", "--defaults", "broken.json"], 3, "line 1"),
        (["index.csv", "--defaults", "list.json"], 3, "object"),
        (["index.csv", "--defaults", "unknown.json"], 3, "titel"),
        (["index.csv", "--defaults", "licence.json"], 3, "licence"),
        (["index.csv", "--files", "none"], 3, "none"),
        (["index.csv", "--as", "nobody@example.org"], 4, "nobody@example.org"),
    ],
)
def test_an_import_that_cannot_begin_says_why(terminal: Terminal, arguments: list[str], code: int, words: str) -> None:
    terminal.file("index.csv", "title\nx\n")
    for name, content in (
        ("empty.csv", ""),
        ("broken.json", "{"),
        ("list.json", "[]"),
        ("unknown.json", '{"titel": 1}'),
        ("licence.json", '{"license": "x"}'),
    ):
        terminal.file(name, content)
    paths = [terminal.folder / word if "." in word or word == "none" else word for word in arguments]
    paths = [word if "@" in str(word) else path for word, path in zip(arguments, paths, strict=True)]
    done = terminal("import", *paths, "--institution", "college")
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    told = terminal("import", *paths, "--institution", "college", "--json")
    assert (told.code, told.err) == (code, "")
    assert told.told["error"]["message"] in done.err


def test_a_person_imports_where_their_role_lets_them(terminal: Terminal) -> None:
    email = "amina@example.org"
    terminal.good("admin", "create", email, "--ordinary", "--password-stdin", input="correct horse battery")
    table = terminal.file("index.csv", "title_ar\nدرس\n")
    command = ("import", table, "--institution", "college", "--as", email)
    assert terminal(*command).code == 5
    terminal.good("role", "grant", email, "college", "depositor")
    assert terminal.json(*command)["counts"] == {"created": 1}


def test_an_import_that_breaks_off_still_says_what_is_safe(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "_BATCH", 1)
    for name in "abc":
        terminal.file(f"{name}.txt", name)
    table = terminal.file("index.csv", "title_ar,file\nا,a.txt\nب,b.txt\nج,c.txt\n")
    real = Importer._receive

    def breaking(self: Importer, judged: Any, folder: Any, store: Any) -> Any:
        if judged.row.item == "c.txt":
            raise store_errors.Unavailable("timeout")
        return real(self, judged, folder, store)

    monkeypatch.setattr(Importer, "_receive", breaking)
    told = terminal("import", table, "--institution", "college", "--json")
    assert told.code == 6
    assert told.told["counts"] == {"created": 2}
    assert told.told["error"]["code"] == "storage.unavailable"
    done = terminal("import", table, "--institution", "college")
    assert done.code == 6
    assert "Created: 0, updated: 0, unchanged: 2, failed: 0." in done.out
    assert "timeout" in done.err
    monkeypatch.undo()
    assert terminal.json("import", table, "--institution", "college")["counts"] == {"unchanged": 2, "created": 1}


# ── Killed, and twice at a time ──────────────────────────────────────────────────────────────────


def _sound(home: serving.Home, samples: list[dict[str, Any]], folder: Path) -> None:
    """49 resources, one version each, nothing begun and left, every byte in the store that a row refers to."""
    report = home.oer_json("import", RECORDS, "--files", folder, "--institution", "library", "--publish")
    assert sum(report["counts"].values()) == 49
    assert report["counts"].get("failed", 0) == report["counts"].get("updated", 0) == 0
    terminal = Terminal(folder, dict(home.environment))
    assert whole(terminal) == expected(samples)
    with terminal.home() as opened:
        tables = snapshots.tables(opened)
        assert Counter(len(tables[name]) for name in ("resource", "version", "version_file", "imported_item")) == {
            49: 4
        }
        assert (tables["draft"], tables["draft_file"]) == ([], [])
        assert set(snapshots.kept(opened)) >= {row["sha256"] for row in samples}
    assert home.oer_json("import", RECORDS, "--files", folder, "--institution", "library", "--publish")["counts"] == {
        "unchanged": 49
    }


def _importing(home: serving.Home, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "oer.cli", "import", str(RECORDS), "--files", str(folder), "--publish"]
    return subprocess.Popen(
        [*command, "--institution", "library"],
        env=home.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def test_an_import_killed_anywhere_goes_on_and_doubles_nothing(
    tmp_path: Path, shared: Path, samples: list[dict[str, Any]]
) -> None:
    with serving.home(tmp_path) as home:
        home.oer("institution", "add", "library", "--ar", "المكتبة")
        started = time.monotonic()
        first = _importing(home, shared / "samples")
        objects = tmp_path / "data" / "store" / "objects"
        killed = 0
        for wanted in (1, 15, 30, 45, 49):  # so many files stored, then the end
            process = first if wanted == 1 else _importing(home, shared / "samples")
            while process.poll() is None and (
                sum(path.is_file() for path in objects.rglob("*")) < wanted if objects.exists() else True
            ):
                if time.monotonic() - started > 120:
                    process.kill()
                    process.wait()
                    pytest.fail("the import neither ends nor stores anything")
                time.sleep(0.01)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                killed += 1
            process.wait()
        if objects.exists():
            assert killed >= 3
        _sound(home, samples, shared / "samples")


def test_two_imports_of_one_source_at_a_time_make_no_doubles(
    tmp_path: Path, shared: Path, samples: list[dict[str, Any]]
) -> None:
    with serving.home(tmp_path) as home:
        home.oer("institution", "add", "library", "--ar", "المكتبة")
        processes = [_importing(home, shared / "samples") for _ in range(3)]
        assert [process.wait(120) for process in processes] == [0, 0, 0]
        _sound(home, samples, shared / "samples")


_LONG = 1500  # rows: more than are through before a signal comes


def _long_table(folder: Path) -> Path:
    table = folder / "long.csv"
    table.write_text("title_ar\n" + "".join(f"درس {number}\n" for number in range(_LONG)), "utf-8")
    return table


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_import_ended_between_its_commits_goes_on_behind_the_last(tmp_path: Path, how: signal.Signals) -> None:
    with serving.home(tmp_path) as home:
        home.oer("institution", "add", "library", "--ar", "المكتبة")
        command = [sys.executable, "-m", "oer.cli", "import", str(_long_table(tmp_path)), "--institution", "library"]
        process = subprocess.Popen(command, env=home.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()  # a row is reported when it is safe
        process.send_signal(how)
        out, err = process.communicate(timeout=60)
        if how is signal.SIGINT:
            assert process.returncode == 130, (out[-400:], err[-2000:])
            assert b"Stopped" in err
            assert b"Created: " in out
        assert b"Traceback" not in err
        counts = home.oer_json(*command[3:])["counts"]
        assert counts["unchanged"] >= 50
        assert counts.get("created", 0) + counts["unchanged"] == _LONG
        assert home.oer_json(*command[3:])["counts"] == {"unchanged": _LONG}


# ── Out and in again ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_the_samples_survive_a_journey_to_another_installation(
    terminal: Terminal, tmp_path: Path, shared: Path, samples: list[dict[str, Any]], name: str
) -> None:
    rows = [row for row in json.loads(RECORDS.read_text("utf-8")) if row["path"].startswith(("ar/", "fr/"))]
    own = [row for row in samples if row["path"].startswith(("ar/", "fr/"))]
    index = terminal.file("some.json", json.dumps(rows))
    terminal.good("import", index, "--files", shared / "samples", "--institution", "college", "--publish")
    target = terminal.folder / name
    assert terminal.json("export", target) == {"resources": len(rows), "target": str(target)}
    with command_line.opened(tmp_path / "elsewhere") as other:
        other.institution("partner")
        told = other.json("import", target, "--institution", "partner", "--publish")
        assert told["counts"] == {"created": len(rows)}
        assert told["ignored_columns"] == []
        assert whole(other) == expected(own)
        with terminal.home() as one, other.home() as two:
            digests = []
            for home in (one, two):
                with reading(home.engine) as session:
                    found = queries.resources.published(session, after=None, within=None, limit=100)
                    digests.append({version.digest: version.record for _, version, _ in found})
            assert digests[0] == digests[1]
            for record in digests[0].values():
                read = Record.model_validate_json(record)
                assert not [p for p in validate.problems(read, "publish") if p.severity == "error"]


@pytest.mark.parametrize(
    ("target", "words"), [("files", "already"), ("a.txt", "already"), ("a.txt/x", "Not a directory")]
)
def test_an_export_that_cannot_be_written_says_why(terminal: Terminal, target: str, words: str) -> None:
    terminal.deposited()
    terminal.file("a.txt")
    place = terminal.folder.parent / target if target == "files" else terminal.folder / target
    done = terminal("export", place)
    assert (done.code, done.out) == (3, "")
    assert words in done.err
    assert sorted(path.name for path in terminal.folder.iterdir()) == ["a.txt", "lesson.txt", "record.json"]
