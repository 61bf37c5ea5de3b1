"""A full disk: clear refusals, nothing half-done, reading goes on, and all is well once there is room again."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import soundness
from factories import drafted, institution, opened, published, record
from fault_counts import TIMEOUT
from killing import environment
from sqlmodel import select

from harvest import provider
from oer import deposits, publishing, queries
from oer.db import reading, transaction
from oer.errors import Full as DatabaseFull
from oer.exposure import renderings
from oer.installation import Installation
from oer.models import Draft, Resource
from oer.policy import OPERATOR
from storage.errors import Full as StoreFull

pytestmark = pytest.mark.timeout(TIMEOUT)

MIB = 1 << 20
ROOT = Path(__file__).resolve().parents[2]
FULL = (DatabaseFull, StoreFull)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB in memory."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"this machine lets nobody mount: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def fill(folder: Path, *, leave: int = 0) -> Path:
    """Take all room but ``leave`` bytes; remove the file that is returned to give it back."""
    filler = folder / "filler"
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while (room := free(folder) - leave) > 0:
            file.write(bytes(min(room, MIB)))
    return filler


@contextmanager
def on(small_disk: Path) -> Iterator[Installation]:
    """An installation whose store (and SQLite file) is on the small disk."""
    with opened(small_disk / "data", store_url="") as home:
        with transaction(home.engine) as session:
            institution(session)
        yield home


def tables(home: Installation) -> tuple[int, int, set[str]]:
    """What a half-done deposit would change."""
    with reading(home.engine) as session:
        resources, drafts = session.exec(select(Resource.id)).all(), session.exec(select(Draft.id)).all()
        return len(resources), len(drafts), soundness.referenced(session)


def require_readable(home: Installation, public_id: str, content: bytes) -> None:
    """Metadata, bytes and harvests, as on any other day."""
    with reading(home.engine) as session:
        resource = queries.resources.by_public_id(session, public_id=public_id)
        assert resource is not None
        version = queries.resources.version(session, resource_id=resource.id or 0, number=1)
        assert version is not None
        [file] = queries.resources.files(session, version_id=version.id or 0)
    assert b"".join(home.store.open(file.key)) == content
    asked = [(b"verb", b"ListRecords"), (b"metadataPrefix", b"oai_dc")]
    answer = provider.respond(home.engine, provider.repository_of(home), asked, now=home.now())
    assert public_id.encode() in answer


def refused(work: Callable[[], Any]) -> str:
    """The code of the refusal: any other error is a defect."""
    with pytest.raises(FULL) as caught:
        work()
    return str(caught.value.code)


def test_on_a_full_disk_deposits_are_refused_and_reading_goes_on(small_disk: Path) -> None:
    with on(small_disk) as home:
        content = os.urandom(300_000)
        public_id = published(home, files={"a.bin": content})
        waiting = drafted(home)
        before = tables(home)
        filler = fill(small_disk)
        for _ in range(3):
            assert refused(lambda: published(home, files={"b.bin": os.urandom(200_000)})) == "storage.full"
            assert tables(home) == before
            require_readable(home, public_id, content)
        assert list((small_disk / "data" / "store" / "temporary").iterdir()) == []
        filler.unlink()
        published(home, files={"c.bin": os.urandom(200_000)})
        with transaction(home.engine) as session:
            publishing.publish(session, OPERATOR, waiting, repository_id=home.repository_id, now=home.now())
        assert soundness.faults(home) == []


def test_a_disk_that_fills_during_an_upload_keeps_nothing_of_it(small_disk: Path) -> None:
    with on(small_disk) as home:
        content = b"small and safe"
        public_id = published(home, files={"a.txt": content})
        before, room = tables(home), free(small_disk)

        def endless() -> Iterator[bytes]:
            while True:
                yield os.urandom(MIB)

        code = refused(lambda: deposits.receive(home.store, endless(), name="big.bin", limit=10**10))
        assert code == "storage.full"
        assert free(small_disk) >= room - MIB
        assert tables(home) == before
        require_readable(home, public_id, content)
        upload = home.store.begin()
        assert refused(lambda: home.store.append(upload, 0, endless())) == "storage.full"
        durable = home.store.size(upload)
        home.store.abort(upload)
        assert durable < 24 * MIB
        published(home, files={"b.bin": os.urandom(MIB)})
        assert soundness.faults(home) == []


def test_a_database_without_room_refuses_and_recovers(small_disk: Path) -> None:
    """Changes that need no new bytes in the store, until the database itself finds no room."""
    with on(small_disk) as home:
        if home.engine.dialect.name != "sqlite":
            pytest.skip("only SQLite's file is on the small disk")
        content = b"small and safe"
        public_id = published(home, files={"a.txt": content})
        filler = fill(small_disk, leave=512 * 1024)
        described = record(description=[{"value": "وصف طويل " * 2000, "lang": "ar"}], access={"kind": "metadata-only"})
        made: list[str] = []

        def until_full() -> None:
            made.extend(published(home, described=described, files={}) for _ in range(1000))

        assert refused(until_full) == "database.full"
        assert made
        before = tables(home)
        for _ in range(3):
            assert refused(until_full) == "database.full"
            require_readable(home, public_id, content)
        assert refused(lambda: [_withdraw(home, each) for each in made]) == "database.full"
        assert refused(lambda: _render(home)) == "database.full"
        # The last draft may have been kept and its publication refused: each is whole.
        assert tables(home)[0] - before[0] <= 3
        require_readable(home, public_id, content)
        filler.unlink()
        _withdraw(home, public_id)
        while _render(home):
            pass
        published(home)
        assert soundness.faults(home) == []


def _withdraw(home: Installation, public_id: str) -> None:
    with transaction(home.engine) as session:
        named = {"reason": "error", "note": "ملاحظة " * 700, "repository_id": home.repository_id}
        publishing.withdraw(session, OPERATOR, public_id, now=home.now(), **named)


def _render(home: Installation) -> int:
    return renderings.catch_up(home.engine, home.issuer)


def test_the_command_line_says_that_the_disk_is_full(small_disk: Path, tmp_path: Path) -> None:
    described = tmp_path / "record.json"
    described.write_text(record().model_dump_json(exclude_defaults=True))
    big = tmp_path / "big.bin"
    big.write_bytes(os.urandom(8 * MIB))
    with on(small_disk) as home:
        before = tables(home)
        filler = fill(small_disk, leave=4 * MIB)
        run = [sys.executable, "-m", "oer.cli", "deposit", str(big), "--record", str(described)]
        run += ["--institution", "college", "--publish", "--json"]
        names = environment(home)
        first = subprocess.run(run, env={**os.environ, **names}, cwd=ROOT, capture_output=True, check=False)
        assert first.returncode == 6, first.stderr.decode()
        assert b'"storage.full"' in first.stdout
        assert b"Traceback" not in first.stderr
        assert tables(home) == before
        filler.unlink()
        second = subprocess.run(run, env={**os.environ, **names}, cwd=ROOT, capture_output=True, check=False)
        assert second.returncode == 0, second.stderr.decode()
        assert soundness.faults(home) == []


def test_with_room_nothing_is_refused(small_disk: Path) -> None:
    """What is refused above is refused for want of room alone."""
    with on(small_disk) as home:
        published(home, files={"a.bin": os.urandom(300_000)})
        filler = fill(small_disk, leave=4 * MIB)
        published(home, files={"b.bin": os.urandom(200_000)})
        assert filler.exists()
        assert soundness.faults(home) == []
