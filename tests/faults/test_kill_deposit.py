"""``kill -9`` in the middle of deposits: nothing acknowledged is lost, and no row is left without its bytes."""

import hashlib
import io
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import soundness
from factories import institution, opened, published, record
from fault_counts import TIMEOUT, count
from killing import Say, duration, environment, forked
from sqlmodel import Session, select

from oer import cli, deposits, exposure, installation, publishing, queries
from oer.db import reading, transaction
from oer.installation import Installation
from oer.models import Blob
from oer.policy import OPERATOR
from storage.store import Stored

pytestmark = pytest.mark.timeout(TIMEOUT)

ROOT = Path(__file__).resolve().parents[2]


def content(number: int) -> bytes:
    """The bytes of deposit ``number``; every fifth has bytes that others have too."""
    chance = random.Random(number % 3 if number % 5 == 0 else number)
    return chance.randbytes(chance.randrange(300_000))


def title(number: int) -> str:
    return f"الدرس رقم {number}"


def command(folder: Path, number: int) -> list[str]:
    """Arguments of ``oer`` for deposit ``number``, whose input is written to the folder."""
    path, described = folder / f"{number}.bin", folder / f"{number}.json"
    path.write_bytes(content(number))
    described.write_text(record(title(number)).model_dump_json(exclude_defaults=True))
    return ["deposit", str(path), "--record", str(described), "--institution", "college", "--publish", "--json"]


def deposit(home: Installation, folder: Path, numbers: Iterable[int], say: Say) -> None:
    """The real command again and again in one process; whoever has its answer has it on a pipe."""

    os.environ.update(environment(home))
    for number in numbers:
        say(f"begin {number}")
        with redirect_stdout(io.StringIO()) as answer:
            code = cli.app(command(folder, number), standalone_mode=False)
        assert code in (None, 0), f"exit code {code}"
        say(answer.getvalue().strip())


def acknowledged(lines: list[str]) -> dict[int, str]:
    """Deposit number → public id, of all that were told to be done."""
    done, number = {}, -1
    for line in lines:
        if line.startswith("begin "):
            number = int(line.split()[1])
        else:
            answer = json.loads(line)
            assert answer["state"] == "published"
            done[number] = answer["id"]
    return done


def lost(home: Installation, done: dict[int, str]) -> list[str]:
    """What is wrong with deposits that were acknowledged."""
    found = []
    for number, public_id in done.items():
        with reading(home.engine) as session:
            resource = queries.resources.by_public_id(session, public_id=public_id)
            version = resource and queries.resources.version(session, resource_id=resource.id or 0, number=1)
            if version is None:
                found.append(f"{public_id} is gone")
                continue
            [file] = queries.resources.files(session, version_id=version.id or 0)
            if version.description().title[0].value != title(number) or file.name != f"{number}.bin":
                found.append(f"{public_id} is another")
        if b"".join(home.store.open(file.key)) != content(number):
            found.append(f"{public_id} has other bytes")
    return found


@contextmanager
def reopened(home: Installation) -> Iterator[Installation]:
    """The installation as a new process would open it, which must not take long."""
    began = time.monotonic()
    again = installation.open_installation(home.settings)
    try:
        assert time.monotonic() - began < 10
        yield again
    finally:
        again.close()


@contextmanager
def college(folder: Path) -> Iterator[Installation]:
    """An installation that this process holds no connection to."""
    with opened(folder / "data") as home:
        with transaction(home.engine) as session:
            institution(session)
        home.engine.dispose()
        yield home


def examine(home: Installation, done: dict[int, str]) -> None:
    """After a kill: all is sound, what was acknowledged is there, and the next deposit works."""
    keys = {hashlib.sha256(content(number)).hexdigest() for number in done}
    with reopened(home) as again:
        assert soundness.faults(again, bytes_of=keys.__contains__) == []
        assert lost(again, done) == []
        published(again, files={"next.txt": os.urandom(20)})


def require_sweep_takes_orphans_only(home: Installation) -> int:
    """``oer sweep`` without grace leaves exactly what is referred to; how many objects it took."""
    with reopened(home) as again:
        again.store.put([b"nobody's"])
        before = set(again.store.keys())
    run = subprocess.run(
        [sys.executable, "-m", "oer.cli", "sweep", "--wait", "0", "--json"],
        env={**os.environ, **environment(home), "OER_SWEEP_GRACE_HOURS": "0"},
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    with reopened(home) as again:
        assert soundness.faults(again) == []
        with reading(again.engine) as session:
            wanted = soundness.referenced(session)
            assert set(session.exec(select(Blob.key)).all()) == wanted
        assert soundness.kept(again.store, wanted)
    removed = json.loads(run.stdout)["removed"]
    assert removed == len(before - wanted) > 0
    return int(removed)


def test_a_deposit_killed_anywhere_loses_nothing(tmp_path: Path) -> None:
    chance, numbers, everything = random.Random(), itertools.count(1), dict[int, str]()
    rounds = count(30, 300)
    with college(tmp_path) as home:
        typical = duration(lambda say: deposit(home, tmp_path, range(-3, 0), say)) / 3
        for _ in range(rounds):
            first = next(numbers) * 1000
            lines = forked(
                lambda say, first=first: deposit(home, tmp_path, itertools.count(first), say),
                kill_after=chance.uniform(0, 2.5 * typical),
            )
            done = acknowledged(lines)
            examine(home, done)
            everything |= done
        with reopened(home) as again:
            assert soundness.faults(again) == []
            assert lost(again, everything) == []
            leftovers = again.store.sweep_temporary(datetime.now(UTC))
        removed = require_sweep_takes_orphans_only(home)
    print(f"{rounds} kills, {typical:.2f} s a deposit, {len(everything)} acknowledged and all there,", end=" ")
    print(f"{removed} orphans swept, {leftovers} puts cut short")
    assert everything


def oer(home: Installation, arguments: list[str], before: tuple[str, ...] = ()) -> "subprocess.Popen[bytes]":
    """The command line as a person starts it."""
    return subprocess.Popen(
        [*before, sys.executable, "-m", "oer.cli", *arguments],
        env={**os.environ, **environment(home)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def test_the_command_itself_killed_at_any_time_loses_nothing(tmp_path: Path) -> None:
    chance, everything = random.Random(), dict[int, str]()
    with college(tmp_path) as home:
        began = time.monotonic()
        with oer(home, command(tmp_path, 0)) as process:
            assert process.wait() == 0
        typical = time.monotonic() - began
        for number in range(1, count(3, 60) + 1):
            with oer(home, command(tmp_path, number)) as process:
                # Its first second goes into imports, where nothing can happen.
                time.sleep(typical * (chance.uniform(0.5, 1.1) if number % 4 else chance.uniform(0, 1)))
                process.kill()
                answer = process.communicate()[0]
            done = {number: json.loads(answer)["id"]} if answer.endswith(b"}\n") else {}
            examine(home, done)
            everything |= done
        with reopened(home) as again:
            assert lost(again, everything) == []
        require_sweep_takes_orphans_only(home)
    print(f"{len(everything)} acknowledged of {number} killed")


CALLS = ("fsync", "fdatasync", "rename", "unlink", "pwrite64", "ftruncate", "mkdir", "sendto")


def strace(*options: str) -> tuple[str, ...]:
    return ("strace", "-f", "-qq", f"--trace={','.join(CALLS)}", *options)


def calls(home: Installation, folder: Path) -> dict[str, int]:
    """How often one thread of a deposit makes each of the calls that change something outside."""
    log = folder / "calls.txt"
    with oer(home, command(folder, 0), strace("-o", str(log))) as process:
        if process.wait() != 0:
            pytest.skip("strace may not trace here")
    seen = Counter(re.findall(r"^(\d+) +(\w+)\(", log.read_text(), re.MULTILINE))
    return {name: max((number for (_, each), number in seen.items() if each == name), default=0) for name in CALLS}


def test_a_deposit_killed_at_each_call_that_changes_anything_loses_nothing(tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (apt-get install strace)")
    with college(tmp_path) as home:
        points = [(name, turn) for name, most in calls(home, tmp_path).items() for turn in range(1, most + 1)]
        assert len(points) > 10
        killed = 0
        for number, (name, turn) in enumerate(random.sample(points, min(len(points), count(3, 10**6))), 1):
            inject = f"--inject={name}:signal=SIGKILL:when={turn}"
            with oer(home, command(tmp_path, number), strace("-o", "/dev/null", inject)) as process:
                answer = process.communicate()[0]
            killed += process.returncode != 0
            examine(home, {number: json.loads(answer)["id"]} if answer else {})
        assert killed > len(points) * 0.5 or killed >= 2
        require_sweep_takes_orphans_only(home)
    print(f"{killed} deposits killed at {len(points)} points")


# ── Negative controls ────────────────────────────────────────────────────────────────────────────


def found_after_kills(home: Installation, work: Any) -> list[str]:
    for _ in range(count(40, 100)):
        forked(work, kill_after=random.uniform(0.05, 0.8))  # opening alone takes 0.2 s on a busy machine
        with reopened(home) as again:
            if found := soundness.faults(again):
                return found
    return []


def test_the_row_before_the_bytes_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hold(session: Session, _store: Any, stored: Stored, *, now: datetime) -> None:
        session.add(Blob(key=stored.key, size=stored.size, created=now))

    def row_first(say: Say) -> None:
        with reopened(home) as again:
            while True:
                some = os.urandom(100_000)
                stored = Stored(hashlib.sha256(some).hexdigest(), len(some))
                with transaction(again.engine) as session:
                    place = queries.institutions.by_slug(session, slug="college")
                    assert place is not None
                    now = again.now()
                    public_id = deposits.begin(session, OPERATOR, place, record(), now=now).resource.public_id
                    named = {"name": "a.bin", "media_type": "application/octet-stream", "limits": again.settings}
                    deposits.attach(session, OPERATOR, public_id, again.store, stored, now=now, **named)
                    publishing.publish(session, OPERATOR, public_id, repository_id=again.repository_id, now=now)
                time.sleep(0.05)  # wide enough for a random kill to hit
                again.store.put([some])
                say(public_id)

    monkeypatch.setattr("oer.blobs.hold", hold)
    with college(tmp_path) as home:
        found = found_after_kills(home, row_first)
    assert any("row without bytes" in fault for fault in found)


def test_a_record_shown_after_the_commit_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expose = exposure.expose

    def show_later(say: Say) -> None:
        later: list[Any] = []
        monkeypatch.setattr(exposure, "expose", lambda _, shown, **named: later.append((shown, named)))
        with reopened(home) as again:
            while True:
                say(published(again))
                time.sleep(0.05)  # wide enough for a random kill to hit
                with transaction(again.engine) as session:
                    shown, named = later.pop()
                    expose(session, shown, **named)

    with college(tmp_path) as home:
        found = found_after_kills(home, show_later)
    assert any("published without a record" in fault for fault in found)
