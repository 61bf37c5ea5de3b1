import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import command_line
import pytest
import snapshots
from command_line import Terminal

from oer import deposits, queries
from oer.cli import deposits as commands
from oer.db import transaction
from oer.models import Blob
from oer.policy import OPERATOR
from oer.transfer import folders

NOWHERE = "7k3v9qm2xd"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        made.institution()
        yield made


def holdings(terminal: Terminal) -> Any:
    with terminal.home() as home:
        return snapshots.tables(home)


def draft(terminal: Terminal, *options: object) -> str:
    record = terminal.record()
    made = terminal.json("deposit", terminal.file("a.txt"), "--record", record, "--institution", "college", *options)
    return str(made["id"])


def test_a_deposit_is_a_draft_until_it_is_published(terminal: Terminal) -> None:
    public_id = draft(terminal)
    shown = terminal.json("show", public_id)
    assert (shown["state"], shown["draft"], shown["version"]) == ("unpublished", "editing", 0)
    assert shown["files"][0]["sha256"] == hashlib.sha256(b"content").hexdigest()
    told = terminal.json("publish", public_id, "--note", "أول نسخة")
    assert told == {"id": public_id, "state": "published", "url": shown["url"], "warnings": []}
    shown = terminal.json("show", public_id)
    assert (shown["state"], shown["draft"], shown["version"]) == ("published", None, 1)
    assert [version["note"] for version in shown["versions"]] == ["أول نسخة"]


def test_a_record_may_come_from_standard_input(terminal: Terminal) -> None:
    record = terminal.record().read_text("utf-8")
    terminal.good("deposit", terminal.file("a.txt"), "--institution", "college", "--publish", input=record)
    assert terminal("deposit", terminal.file("a.txt"), "--institution", "college", input="").code == 3


def test_several_files_keep_their_order_and_their_arabic_names(terminal: Terminal) -> None:
    files = [terminal.file(name, name) for name in ("ب.txt", "ا.md", "c.svg")]
    made = terminal.json(
        "deposit", *files, "--record", terminal.record(), "--institution", "college", "--publish", "--note", "x"
    )
    shown = terminal.json("show", made["id"])
    assert [file["name"] for file in shown["files"]] == ["ب.txt", "ا.md", "c.svg"]
    said = terminal.good("show", made["id"]).out
    assert said.index("ب.txt") < said.index("ا.md")


def test_warnings_are_told_and_do_not_stop(terminal: Terminal) -> None:
    nc = {"title": "x", "licence": "https://creativecommons.org/licenses/by-nc-nd/4.0/"}
    record = terminal.record(sources=[nc])
    arguments = ("deposit", terminal.file("a.txt"), "--record", record, "--institution", "college", "--publish")
    assert [warning["code"] for warning in terminal.json(*arguments)["warnings"]] == ["licence.remix-conflict"]
    done = terminal.good(*arguments)
    assert "(warning) licence: " in done.err


def test_a_new_version_carries_over_what_is_not_named(terminal: Terminal) -> None:
    public_id = draft(terminal, terminal.file("b.txt", "b"), "--publish")
    terminal.good("revise", public_id, terminal.file("a.txt", "other"), terminal.file("c.txt"), "--remove", "b.txt")
    terminal.good("publish", public_id)
    shown = terminal.json("show", public_id)
    assert shown["version"] == 2
    assert {file["name"]: file["size"] for file in shown["files"]} == {"a.txt": 5, "c.txt": 7}
    title = [{"value": "آخر", "lang": "ar"}]
    told = terminal.json("revise", public_id, "--record", terminal.record(title=title), "--publish")
    assert told["state"] == "published"
    assert terminal.json("show", public_id)["title"] == "آخر"


def test_a_revision_that_fails_leaves_no_draft(terminal: Terminal) -> None:
    public_id = draft(terminal, "--publish")
    before = holdings(terminal)
    assert terminal("revise", public_id, "--remove", "none.txt").code == 4
    assert terminal("revise", public_id, "--publish").code == 5  # nothing differs
    assert terminal("revise", public_id, "--record", terminal.record(licence=None), "--publish").code == 3
    assert terminal("revise", public_id, terminal.folder / "missing.txt").code == 3
    assert holdings(terminal) == before


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["publish", "ID"], 4, "has no draft"),
        (["submit", "ID"], 4, "has no draft"),
        (["restore", "ID"], 5, "not possible"),
        (["withdraw", "ID", "--reason", "boredom"], 3, "boredom"),
        (["withdraw", "ID"], 2, "--reason"),
        (["publish", NOWHERE], 4, NOWHERE),
        (["revise", NOWHERE], 4, NOWHERE),
        (["withdraw", NOWHERE, "--reason", "error"], 4, NOWHERE),
        (["restore", NOWHERE], 4, NOWHERE),
        (["show", NOWHERE], 4, NOWHERE),
        (["show", "not an id"], 4, "not an id"),
        (["publish", "ID", "--as", "nobody@example.org"], 4, "nobody@example.org"),
    ],
)
def test_steps_that_are_not_possible_say_so_and_change_nothing(
    terminal: Terminal, arguments: list[str], code: int, words: str
) -> None:
    public_id = terminal.deposited()
    before = holdings(terminal)
    done = terminal(*[public_id if word == "ID" else word for word in arguments])
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert holdings(terminal) == before


def test_a_resource_is_withdrawn_once_and_restored_once(terminal: Terminal) -> None:
    public_id = terminal.deposited()
    assert terminal.json("withdraw", public_id, "--reason", "rights", "--note", "x")["state"] == "withdrawn"
    assert terminal("withdraw", public_id, "--reason", "rights").code == 5
    assert terminal("revise", public_id).code == 5
    shown = terminal.json("show", public_id)
    assert (shown["state"], shown["reason"]) == ("withdrawn", "rights")
    assert terminal.json("restore", public_id)["state"] == "restored"
    assert terminal("restore", public_id).code == 5
    assert terminal.json("show", public_id)["state"] == "published"


def test_a_submitted_draft_is_shown_as_such_and_a_second_revision_goes_on_with_the_first(terminal: Terminal) -> None:
    public_id = draft(terminal)
    terminal.good("submit", public_id)
    assert "submitted" in terminal.good("show", public_id).out
    assert terminal("submit", public_id).code == 5
    terminal.good("publish", public_id)
    terminal.good("revise", public_id)
    terminal.good("revise", public_id)


def test_an_action_is_the_person_s_who_is_named(terminal: Terminal) -> None:
    email = "amina@example.org"
    terminal.good("admin", "create", email, "--ordinary", "--password-stdin", input="correct horse battery")
    terminal.good("role", "grant", email, "college", "reviewer")
    public_id = draft(terminal, "--publish", "--as", email.upper())
    with terminal.home() as home, transaction(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        person = queries.people.by_email(session, email=email)
        assert resource is not None
        assert person is not None
        assert resource.author_id == person.id
        assert ("resource.publish", email) in {
            (row.action, row.by) for row in queries.audit.unsealed(session, limit=100)
        }


def files_that_cannot_be_read(terminal: Terminal) -> dict[str, Path]:
    os.mkfifo(terminal.folder / "pipe")
    return {"missing": terminal.folder / "missing.txt", "folder": terminal.folder, "pipe": terminal.folder / "pipe"}


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_files_that_cannot_be_read_are_named_before_anything_is_written(terminal: Terminal, kind: str) -> None:
    bad = files_that_cannot_be_read(terminal)[kind]
    before = holdings(terminal)
    done = terminal("deposit", terminal.file("a.txt"), bad, "--record", terminal.record(), "--institution", "college")
    assert (done.code, done.out) == (3, "")
    assert str(bad) in done.err
    assert holdings(terminal) == before
    with terminal.home() as home:
        assert snapshots.kept(home) == {}


@pytest.mark.parametrize("kind", ["vanish", "grow", "shrink"])
def test_a_file_that_changes_while_it_is_read_leaves_nothing(
    terminal: Terminal, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = terminal.file("a.bin", os.urandom(3_000_000))
    before = holdings(terminal)
    monkeypatch.setattr(commands, "_require_readable", lambda _files: path.unlink() if kind == "vanish" else None)
    real = folders.read

    def changing(path: Path, *, name: str) -> Iterator[bytes]:
        for number, block in enumerate(real(path, name=name)):
            if number == 1:
                os.truncate(path, 3_000_001 if kind == "grow" else 2_500_000)
            yield block

    monkeypatch.setattr(folders, "read", changing)
    done = terminal("deposit", path, "--record", terminal.record(), "--institution", "college", "--json")
    assert done.code == 3
    assert done.told["error"]["code"] == "file.vanished"
    assert holdings(terminal) == before
    with terminal.home() as home:
        assert snapshots.kept(home) == {}


def test_limits_of_size_and_number_hold(terminal: Terminal) -> None:
    common = ("--record", terminal.record(), "--institution", "college")
    done = terminal("deposit", terminal.file("a.txt", "x" * 11), *common, OER_MAX_FILE_SIZE="10")
    assert done.code == 3
    files = [terminal.file(f"{number}.txt") for number in range(3)]
    assert terminal("deposit", *files, *common, OER_MAX_FILES="2").code == 3
    assert terminal("deposit", files[0], files[0], *common).code == 3
    with terminal.home() as home:
        assert snapshots.tables(home)["resource"] == []


def test_a_deposit_waits_for_a_sweep_that_has_marked_its_bytes(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = hashlib.sha256(b"content").hexdigest()
    with terminal.home() as home:
        with transaction(home.engine) as session:
            session.add(Blob(key=key, size=7, created=home.now(), marked=home.now()))
        waits: list[float] = []

        def swept(seconds: float) -> None:
            waits.append(seconds)
            with transaction(home.engine) as session:
                blob = session.get(Blob, key)
                assert blob is not None
                blob.marked = None

        monkeypatch.setattr(commands.time, "sleep", swept)
        draft(terminal)
        assert len(waits) == 1


def test_a_draft_that_was_discarded_is_not_there_any_more(terminal: Terminal) -> None:
    public_id = draft(terminal)
    with terminal.home() as home, transaction(home.engine) as session:
        deposits.discard(session, OPERATOR, public_id, now=home.now())
    assert terminal("publish", public_id).code == 4
    assert json.loads(terminal("show", public_id, "--json").out)["error"]["code"] == "resource.unknown"


def test_a_draft_can_be_changed_again_and_again_and_dropped(terminal: Terminal) -> None:
    public_id = draft(terminal, "--publish")
    terminal.good("revise", public_id)
    refused = terminal("publish", public_id)
    assert refused.code == 5, "nothing has changed"
    assert terminal("submit", public_id).code == 5
    terminal.good("revise", public_id, terminal.file("b.txt", "another"))
    terminal.good("submit", public_id)
    terminal.good("recall", public_id)
    terminal.good("discard", public_id)
    shown = terminal.json("show", public_id)
    assert (shown["draft"], shown["version"]) == (None, 1)
    terminal.good("revise", public_id, terminal.file("b.txt", "another"), "--publish")
    assert len(terminal.json("show", public_id)["files"]) == 2


def test_a_first_draft_can_be_corrected_before_it_is_published(terminal: Terminal) -> None:
    public_id = draft(terminal)
    terminal.good("revise", public_id, terminal.file("b.txt", "another"), "--remove", "a.txt", "--publish")
    assert [file["name"] for file in terminal.json("show", public_id)["files"]] == ["b.txt"]


def test_a_discarded_first_draft_leaves_nothing(terminal: Terminal) -> None:
    public_id = draft(terminal)
    terminal.good("discard", public_id)
    assert terminal("show", public_id).code == 4


def test_a_file_of_another_language_is_another_version(terminal: Terminal) -> None:
    terminal.file("l.txt", "كلمات")
    row = {"path": "l.txt", "record": json.loads(terminal.record().read_text("utf-8"))}
    for language, status in (("ar", "created"), ("ar", "unchanged"), ("fr", "updated")):
        rows = [{**row, "path": None, "item": "one", "files": [{"path": "l.txt", "language": language}]}]
        index = terminal.file("index.json", json.dumps(rows))
        report = terminal.json("import", index, "--institution", "college", "--publish")
        assert report["counts"] == {status: 1}
