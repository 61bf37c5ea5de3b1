"""What operators get wrong: every mistake has a sentence and an exit code, and nothing is half-done."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import command_line
import pytest
import serving
import snapshots
from command_line import Terminal

from metadata import values

ILLEGAL = [0x0, 0x8, 0xB, 0xC, 0xE, 0x1F, 0x7F, 0x80, 0x85, 0x9F, 0x202A, 0x202E, 0x2066, 0x2069, 0xD800, 0xDFFF,
           0xFDD0, 0xFDEF, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF]  # fmt: skip


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        made.institution()
        yield made


def refused(terminal: Terminal, record: str | bytes, *options: str) -> list[dict[str, Any]]:
    """The problems that a deposit with this record is refused for; nothing may be left of it."""
    path = terminal.file("bad.json", record)
    with terminal.home() as home:
        before = snapshots.everything(home)
    arguments = ("deposit", terminal.file("a.txt"), "--record", path, "--institution", "college", *options)
    done = terminal(*arguments, "--json")
    assert done.code == 3
    assert done.err == ""
    spoken = terminal(*arguments)
    assert (spoken.code, spoken.out) == (3, "")
    problems: list[dict[str, Any]] = done.told["error"]["problems"]
    for problem in problems:
        assert problem["message"] != problem["code"]
        assert problem["message"] in spoken.err
    with terminal.home() as home:
        assert snapshots.everything(home) == before
    return problems


def found(terminal: Terminal, record: Any, *options: str) -> list[tuple[str, str]]:
    return [(problem["code"], problem["field"]) for problem in refused(terminal, json.dumps(record), *options)]


def whole(**changes: Any) -> dict[str, Any]:
    return {**command_line._RECORD, **changes}


def test_wrong_json_is_answered_with_line_and_column(terminal: Terminal) -> None:
    (problem,) = refused(terminal, '{\n  "title": [,]\n}')
    assert problem["code"] == "json.invalid"
    assert "line 2" in problem["message"]
    assert "column 13" in problem["message"]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ("", "json.invalid"),
        (b"\xff\xfe{}", "json.encoding"),
        ("[]", "json.not-object"),
        ('"text"', "json.not-object"),
        ('{"title": [], "title": []}', "json.duplicate-key"),
        ("[" * 100_000, "json.too-deep"),
        ('{"age_range": {"minimum": 1e999}}', "number.invalid"),
    ],
)
def test_what_is_no_record_says_why(terminal: Terminal, record: str | bytes, code: str) -> None:
    assert [problem["code"] for problem in refused(terminal, record)] == [code]


def test_a_record_is_read_up_to_the_limit_of_the_settings(terminal: Terminal) -> None:
    content = json.dumps({"x": "y" * 1_500_000})
    record = terminal.file("long.json", content)
    command = ("deposit", "--record", record, "--institution", "college", "--json")
    read = terminal(*command, OER_MAX_RECORD_SIZE=str(len(content)))
    assert [problem["code"] for problem in read.told["error"]["problems"]] == ["field.unknown"]
    assert terminal(*command, OER_MAX_RECORD_SIZE="1024").told["error"]["code"] == "record.too-large"


def test_a_record_above_the_limit_is_refused_unread(terminal: Terminal) -> None:
    arguments = ("deposit", "--record", "/dev/zero", "--institution", "college", "--json")
    done = terminal(*arguments)
    assert (done.code, done.told["error"]["code"]) == (3, "record.too-large")


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"titel": []}, [("field.unknown", "titel")]),
        ({"creators": [{"name": "x", "orcit": "y"}]}, [("field.unknown", "creators[0].orcit")]),
        ({"title": "words"}, [("field.type", "title")]),
        ({"licence": "https://example.org/mine"}, [("licence.unknown", "licence")]),
        ({"licence": "CC BY 4.0"}, [("licence.not-canonical", "licence")]),
        ({"title": [{"value": "x" * 5000, "lang": "ar"}]}, [("text.too-long", "title[0].value")]),
        ({"languages": ["klingonish"]}, [("language.invalid", "languages[0]")]),
        ({"subjects": ["https://example.org"]}, [("term.unknown", "subjects[0]")]),
        ({"created": "yesterday"}, [("date.invalid", "created")]),
        ({"creators": [{"name": "x", "orcid": "0000-0000-0000-0000"}]}, [("orcid.invalid", "creators[0].orcid")]),
        ({"titel": 1, "languages": 5}, [("field.type", "languages"), ("field.unknown", "titel")]),
    ],
)
def test_wrong_fields_are_named_all_at_once(
    terminal: Terminal, changes: dict[str, Any], problems: list[tuple[str, str]]
) -> None:
    assert sorted(found(terminal, whole(**changes))) == sorted(problems)


@pytest.mark.parametrize("point", ILLEGAL, ids=[f"U+{point:04X}" for point in ILLEGAL])
def test_no_illegal_code_point_gets_into_a_record(terminal: Terminal, point: int) -> None:
    assert values.illegal_characters(chr(point))
    record = whole(title=[{"value": f"a{chr(point)}b", "lang": "ar"}])
    (problem,) = refused(terminal, json.dumps(record))
    assert (problem["code"], problem["field"]) == ("text.illegal-character", "title[0].value")
    assert f"U+{point:04X}" in problem["message"]


def test_what_is_missing_to_publish_is_named_all_at_once(terminal: Terminal) -> None:
    codes = {code for code, _ in found(terminal, {}, "--publish")}
    assert codes >= {"title.missing", "description.missing", "languages.missing", "licence.missing", "levels.missing"}
    record = terminal.file("r.json", json.dumps(whole()))
    done = terminal("deposit", "--record", record, "--institution", "college", "--publish", "--json")
    assert [problem["code"] for problem in done.told["error"]["problems"]] == ["files.missing"]
    with terminal.home() as home:
        assert snapshots.tables(home)["resource"] == []


@pytest.mark.parametrize("record", ["missing.json", "."])
def test_a_record_that_cannot_be_read_is_named(terminal: Terminal, record: str) -> None:
    path = terminal.folder / record
    done = terminal("deposit", terminal.file("a.txt"), "--record", path, "--institution", "college")
    assert done.code == 3
    assert str(path) in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["deposit", "FILE", "--record", "RECORD", "--institution", "nowhere"],
        ["import", "FILE", "--institution", "nowhere"],
        ["export", "OUT", "--institution", "nowhere"],
        ["role", "grant", "amina@example.org", "nowhere", "manager"],
    ],
)
def test_an_unknown_institution_is_named(terminal: Terminal, arguments: list[str]) -> None:
    terminal.good("admin", "create", "amina@example.org", "--password-stdin", input="correct horse battery")
    places = {
        "FILE": terminal.file("index.csv", "title\nx\n"),
        "RECORD": terminal.record(),
        "OUT": terminal.folder / "out",
    }
    done = terminal(*[places.get(word, word) for word in arguments])
    assert (done.code, done.out) == (4, "")
    assert "nowhere" in done.err
    assert not (terminal.folder / "out").exists()


# ── Settings ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("variable", "value", "code", "words"),
    [
        ("OER_BASE_URL", "oer.example.org", 7, "OER_BASE_URL"),
        ("OER_MAX_FILES", "many", 7, "OER_MAX_FILES"),
        ("OER_LANGUAGES", "ar,de", 7, "OER_LANGUAGES"),
        ("OER_ADMIN_EMAIL", "me", 7, "OER_ADMIN_EMAIL"),
        ("OER_REPOSITORY_ID", "nodots", 7, "OER_REPOSITORY_ID"),
        ("OER_LOG_LEVEL", "LOUD", 7, "OER_LOG_LEVEL"),
        ("OER_DATABASE_URL", "nonsense", 7, "OER_DATABASE_URL"),
        ("OER_DATABASE_URL", "mysql://me:s3cret@localhost/oer", 7, "OER_DATABASE_URL"),
        ("OER_DATABASE_URL", "postgresql://me:s3cret@127.0.0.1:1/oer", 6, "database"),
        ("OER_DATABASE_URL", "sqlite:////proc/none/oer.sqlite3", 6, "database"),
        ("OER_STORE_URL", "s3://me:s3cret@localhost/bucket", 7, "OER_STORE_URL"),
        ("OER_STORE_URL", "s3://localhost/bucket", 7, "OER_STORE_URL"),
        ("OER_STORE_URL", "ftp://me:s3cret@localhost/x", 7, "OER_STORE_URL"),
        ("OER_STORE_URL", "file:/proc/none", 6, "store"),
        ("OER_DATA", "/proc/none", 7, "OER_DATA"),
        ("OER_DATA", "/dev/null", 7, "OER_DATA"),
        ("OER_LABELS", "/none.json", 7, "/none.json"),
    ],
)
def test_settings_that_cannot_work_are_named_and_secrets_are_not(
    terminal: Terminal, variable: str, value: str, code: int, words: str
) -> None:
    done = terminal("institution", "list", **{variable: value})
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert "s3cret" not in done.err
    told = terminal("institution", "list", "--json", **{variable: value})
    assert told.told["error"]["message"] in done.err
    assert "s3cret" not in told.out


@pytest.mark.parametrize("labels", ["{", "[]", '{"urn:none": {"ar": "x"}}', '{"urn:none": "x"}'])
def test_labels_that_cannot_be_used_are_named(terminal: Terminal, labels: str) -> None:
    path = terminal.file("labels.json", labels)
    done = terminal("institution", "list", OER_LABELS=str(path))
    assert (done.code, done.out) == (7, "")
    assert str(path) in done.err


def test_every_wrong_setting_is_named_at_once(terminal: Terminal) -> None:
    done = terminal("doctor", OER_BASE_URL="x", OER_PAGE_SIZE="0", OER_LOG_LEVEL="LOUD")
    assert done.code == 7
    assert all(name in done.err for name in ("OER_BASE_URL", "OER_PAGE_SIZE", "OER_LOG_LEVEL"))


def test_the_identity_of_a_repository_in_use_is_fixed(tmp_path: Path) -> None:
    with serving.home(tmp_path / "home") as home:

        def listed(name: str) -> subprocess.CompletedProcess[str]:
            named = replace(home, environment={**home.environment, "OER_REPOSITORY_ID": name})
            return named.oer("institution", "list", check=False)

        assert listed("first.example.org").returncode == 0
        assert listed("second.example.org").returncode == 0
        home.oer("bench", "seed", "1")
        done = listed("third.example.org")
        assert (done.returncode, done.stdout) == (7, "")
        assert "second.example.org" in done.stderr


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder that refuses every write, for root as well."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    if os.geteuid():
        for name in ("objects", "staging", "temporary"):
            (folder / name).mkdir(mode=0o500)
        folder.chmod(0o500)
        yield folder
        folder.chmod(0o700)
        return
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("root here may not mount file systems")
    try:
        for name in ("objects", "staging", "temporary"):
            (folder / name).mkdir()
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True, capture_output=True)
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True, capture_output=True)


def test_a_store_that_cannot_be_written_says_so_and_leaves_nothing(terminal: Terminal, read_only: Path) -> None:
    store = f"file:{read_only}"
    arguments = ("deposit", terminal.file("a.txt"), "--record", terminal.record(), "--institution", "college")
    done = terminal(*arguments, OER_STORE_URL=store)
    assert (done.code, done.out) == (6, "")
    assert len(done.err.splitlines()) == 1
    with terminal.home() as home:
        assert snapshots.tables(home)["resource"] == []
    assert terminal("doctor", OER_STORE_URL=store).code == 1
