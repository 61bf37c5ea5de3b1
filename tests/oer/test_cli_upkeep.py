"""``doctor``, ``sweep``, ``worker --once``, ``bench seed``: looking after an installation."""

import json
import os
import random
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import command_line
import pytest
import snapshots
from command_line import Terminal
from sqlmodel import select

from api import i18n
from harvest import checks
from metadata import validate
from metadata.crosswalks import FORMATS
from oer import deposits, jobs, queries, working
from oer.cli import output, seeding
from oer.db import reading, transaction
from oer.exposure import renderings
from oer.models import Job, Version
from oer.policy import OPERATOR
from oer.transfer import orders


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        made.institution()
        yield made


@pytest.mark.parametrize("locale", ["ar_TN.UTF-8", "fr_FR.UTF-8", "en_GB.UTF-8"])
def test_the_doctor_speaks_in_sentences(terminal: Terminal, locale: str) -> None:
    terminal.deposited()
    done = terminal.good("doctor", LC_ALL=locale)
    language = i18n.supported(locale)
    codes = set(i18n.catalogue(language))
    for finding in terminal.json("doctor", LC_ALL=locale):
        assert finding["code"] in codes
        assert _unmeasured(finding["message"]) in _unmeasured(done.out)  # the disk has changed between the two
        assert "…" not in finding["message"]
        assert "%(" not in finding["message"]


def _unmeasured(words: str) -> str:
    return re.sub(r"[0-9][0-9.,]*", "#", words)


def test_the_doctor_finds_a_sound_installation_sound(terminal: Terminal) -> None:
    told = terminal.json("doctor")
    assert {finding["part"] for finding in told} >= {"settings", "versions", "disk", "database", "store", "clock"}
    assert not [finding for finding in told if finding["level"] == "error"]


@pytest.mark.parametrize(
    ("variable", "value", "part"),
    [
        ("OER_DATABASE_URL", "nonsense", "database"),
        ("OER_DATABASE_URL", "postgresql://me:s3cret@127.0.0.1:1/oer", "database"),
        ("OER_STORE_URL", "s3://me:s3cret@localhost/bucket", "store"),
        ("OER_STORE_URL", "file:/proc/none", "store"),
    ],
)
def test_the_doctor_names_the_part_that_is_wrong_and_ends_with_one(
    terminal: Terminal, variable: str, value: str, part: str
) -> None:
    done = terminal("doctor", "--json", **{variable: value})
    assert done.code == 1
    assert {finding["part"] for finding in done.told if finding["level"] == "error"} == {part}
    assert "s3cret" not in done.out
    spoken = terminal("doctor", **{variable: value})
    assert spoken.code == 1
    assert f"✗ {output.sentence('cli.part.' + part)}: " in spoken.out


@pytest.mark.skipif("OER_TEST_DATABASE_URL" in os.environ, reason="about SQLite; this run is on PostgreSQL")
@pytest.mark.parametrize("start", [0, 4096])
def test_a_damaged_sqlite_file_is_said_and_not_thrown(terminal: Terminal, start: int) -> None:
    terminal.deposited()
    file = Path(str(terminal.environment["OER_DATA"])) / "oer.sqlite3"
    with file.open("r+b") as opened:
        opened.seek(start)
        opened.write(b"\xaa" * 200_000)
    done = terminal("doctor", "--json")
    assert done.code == 1
    assert ("database", "doctor.sqlite-broken") in {
        (finding["part"], finding["code"]) for finding in done.told if finding["level"] == "error"
    }
    other = terminal("institution", "list", "--json")
    assert (other.code, other.told["error"]["code"]) == (6, "database.damaged")


def test_the_doctor_writes_nothing(terminal: Terminal) -> None:
    terminal.deposited()
    with terminal.home() as home:
        before = snapshots.everything(home)
    terminal.good("doctor")
    with terminal.home() as home:
        assert snapshots.everything(home) == before


def test_a_sweep_takes_what_nothing_refers_to_and_only_when_it_is_old(terminal: Terminal) -> None:
    terminal.deposited()
    with terminal.home() as home:
        lost = home.store.put([b"nobody's"]).key
        kept = set(home.store.keys()) - {lost}
    assert terminal.json("sweep", "--wait", "0")["removed"] == 0  # a day old at least, by default
    old = {"OER_SWEEP_GRACE_HOURS": "0"}
    assert terminal.json("sweep", "--dry-run", **old) == {
        "dry_run": True, "marked": 1, "kept": 0, "removed": 0, "bytes": 0,
    }  # fmt: skip
    with terminal.home() as home:
        assert set(home.store.keys()) == kept | {lost}
        assert len(snapshots.tables(home)["blob"]) == 1
    assert "1" in terminal.good("sweep", "--wait", "0", **old).out
    with terminal.home() as home:
        assert set(home.store.keys()) == kept


def test_the_worker_renders_and_runs_what_is_due_and_leaves_what_recurs_for_later(terminal: Terminal) -> None:
    public_id = terminal.deposited()
    with terminal.home() as home, reading(home.engine) as session:
        assert renderings.behind(session, home.issuer) == 1
    terminal.good("worker", "--once")
    with terminal.home() as home:
        tables = snapshots.tables(home)
        with reading(home.engine) as session:
            assert renderings.behind(session, home.issuer) == 0
    assert len(tables["rendering"]) >= 1
    assert len(tables["job"]) == len(working.RECURRING)  # a call every hour by cron is a worker too
    terminal.good("worker", "--once")
    with terminal.home() as home:
        assert len(snapshots.tables(home)["job"]) == len(working.RECURRING)
    assert terminal.json("show", public_id)["state"] == "published"


def test_every_job_kind_runs_and_may_run_twice(terminal: Terminal) -> None:
    with terminal.home() as home:
        for kind, function in working.KINDS.items():
            if kind != "blobs.sweep":  # waits half a minute
                function(home, {})
                function(home, {})
        assert set(working.RECURRING) <= set(working.KINDS)


def test_a_worker_in_the_middle_of_a_sweep_stops_at_once_and_sweeps_again_later(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    with terminal.home() as home:
        with transaction(home.engine) as session:
            jobs.enqueue(session, "blobs.sweep", now=home.now(), name="blobs.sweep")
        threading.Timer(0.5, stop.set).start()
        began = time.monotonic()
        working.work(home, stop, alive=lambda: True, name="test")
        assert time.monotonic() - began < 10
        with reading(home.engine) as session:
            (job,) = session.exec(select(Job).where(Job.kind == "blobs.sweep")).all()
        assert (job.state, job.attempts) == ("waiting", 1)
        assert "Stopped" in (job.error or "")


def test_seeded_records_can_be_published_and_have_three_languages() -> None:
    languages = set()
    for record in seeding.records(500, seed=7):
        assert [problem for problem in validate.problems(record, "publish") if problem.severity == "error"] == []
        languages.update(title.lang for title in record.title)
    assert languages == {"ar", "fr", "en"}


def test_seeding_adds_whole_resources_that_can_be_revised_and_exported(terminal: Terminal) -> None:
    assert terminal.json("bench", "seed", "30")["resources"] == 30
    assert terminal.json("bench", "seed", "5", "--seed", "2")["resources"] == 5
    with terminal.home() as home:
        tables = snapshots.tables(home)
        assert len(tables["resource"]) == len(tables["version"]) == len(tables["oai_record"]) == 35
        with reading(home.engine) as session:
            found = queries.resources.published(session, after=None, within=None, limit=50)
            files = queries.resources.files_of_many(session, version_ids=[version.id or 0 for _, version, _ in found])
        for _, version, _ in found:
            record = version.description()
            assert not [problem for problem in validate.problems(record, "publish") if problem.severity == "error"]
            for file in files[version.id or 0]:
                assert home.store.stat(file.key).size == file.size
        with transaction(home.engine) as session:
            deposits.revise(session, OPERATOR, random.choice(found)[0].public_id, now=home.now())
    assert terminal.json("export", terminal.folder / "out")["resources"] == 35


def test_the_same_number_makes_the_same_records() -> None:
    assert list(seeding.records(20, seed=3)) == list(seeding.records(20, seed=3))
    assert list(seeding.records(20, seed=3)) != list(seeding.records(20, seed=4))


def test_a_first_start_makes_the_folder_with_everything_in_it(tmp_path: Path) -> None:
    with command_line.opened(tmp_path) as terminal:
        place = tmp_path / "deep" / "data"
        environment = {"OER_DATA": str(place)}
        if terminal.environment["OER_DATABASE_URL"] and "sqlite" in terminal.environment["OER_DATABASE_URL"]:
            environment["OER_DATABASE_URL"] = ""
        terminal.good("institution", "list", **environment)
        assert place.is_dir()
        assert os.access(place, os.W_OK)


def found_by_the_doctor(terminal: Terminal, **environment: str) -> dict[str, str]:
    return {one["code"]: one["level"] for one in json.loads(terminal("doctor", "--json", **environment).out)}


def test_the_doctor_asks_for_a_name_as_long_as_it_can_be_given(terminal: Terminal) -> None:
    assert found_by_the_doctor(terminal)["doctor.repository-id-default"] == "warning"
    found = found_by_the_doctor(terminal, OER_REPOSITORY_ID="oer.example.org")
    assert found["doctor.repository-id"] == "ok"


def test_the_doctor_says_what_would_keep_the_server_from_starting(terminal: Terminal, tmp_path: Path) -> None:
    terminal.deposited()
    assert (
        found_by_the_doctor(terminal, OER_REPOSITORY_ID="other.example.org")["settings.repository-id-fixed"] == "error"
    )
    assert found_by_the_doctor(terminal)["doctor.repository-id-default-fixed"] == "warning"
    assert found_by_the_doctor(terminal, OER_LABELS=str(tmp_path / "none.json"))["labels.invalid"] == "error"
    assert found_by_the_doctor(terminal, OER_PAGE_SIZ="3")["doctor.setting-unknown"] == "warning"
    folder = Path(terminal.environment["OER_DATA"])
    folder.chmod(0o755)
    assert found_by_the_doctor(terminal)["doctor.data-readable"] == "warning"


def test_the_doctor_counts_records_that_cannot_be_read(terminal: Terminal) -> None:
    terminal.deposited()
    with terminal.home() as home, transaction(home.engine) as session:
        version = session.exec(select(Version)).one()
        version.record = '{"title": 5}'
        session.add(version)
    terminal.good("worker", "--once")
    assert found_by_the_doctor(terminal)["doctor.records-unreadable"] == "error"


def test_resources_are_measured_against_datasette_with_the_same_records(terminal: Terminal) -> None:
    told = terminal.json("bench", "resources", "--records", "30", "--rounds", "2", "--seconds", "0.2")
    assert told["records"] == 30
    assert len(told["rounds"]) == 2
    assert all(told[name]["answers"] > 0 for name in ("ours", "known", "datasette"))
    assert told["known"]["size"] < told["ours"]["size"]
    assert told["ratio"] > 0
    missing = terminal("bench", "resources", "--datasette", str(terminal.folder / "none"))
    assert missing.code == 2
    assert "pip install datasette" in missing.err


def test_rendering_writes_every_format_and_stamps_what_shows_something_else(terminal: Terminal) -> None:
    public_id = terminal.deposited()
    told = terminal.json("oai", "render")
    assert (told["records"], told["stamped"]) == (1, 0)
    with terminal.home() as home:
        assert {row[1] for row in snapshots.tables(home)["rendering"]} == set(FORMATS)
    moved = {"OER_BASE_URL": "https://new.example.org"}
    assert terminal.json("oai", "render", "--no-stamp", **moved)["stamped"] == 0
    findings = {finding["code"]: finding["message"] for finding in terminal.json("doctor", **moved)}
    assert "1" in findings["doctor.unstamped"]
    assert terminal.json("oai", "render", **moved)["stamped"] == 1
    assert "doctor.unstamped" not in {finding["code"] for finding in terminal.json("doctor", **moved)}
    assert terminal.json("oai", "render", **moved)["records"] == 0
    assert public_id


def test_the_kinds_of_jobs_that_come_late_are_theirs():
    assert (working.IMPORTS, working.CHECKS) == (orders.KIND, checks.KIND)
