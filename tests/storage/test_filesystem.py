"""What can go wrong with a folder: damage, a full disk, a process killed anywhere."""

import errno
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import filesystem
from storage.errors import Busy, Damaged, Full, Missing, StoreError, Unavailable
from storage.filesystem import FilesystemStore

MIB = 1 << 20
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def store(tmp_path: Path) -> FilesystemStore:
    return FilesystemStore(tmp_path / "store")


def path_of(store: FilesystemStore, key: str) -> Path:
    path = store.local_path(key)
    assert path is not None
    return path


def test_a_truncated_object_is_damaged_and_never_short(store: FilesystemStore) -> None:
    key = store.put([b"0123456789" * MIB]).key
    os.truncate(path_of(store, key), 5 * MIB)
    with pytest.raises(Damaged):
        store.open(key, 0, 10 * MIB)
    with pytest.raises(Damaged):
        store.open(key, 6 * MIB)
    reader = store.open(key)
    with pytest.raises(Damaged):
        list(reader)


def test_an_object_that_shrinks_while_read_is_damaged(store: FilesystemStore) -> None:
    key = store.put([os.urandom(20 * MIB)]).key
    reader = store.open(key, 1)
    next(reader)
    os.truncate(path_of(store, key), 9 * MIB)
    with pytest.raises(Damaged):
        list(reader)


def test_an_upload_that_is_aborted_while_uploads_are_listed_does_not_stop_the_list(
    store: FilesystemStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept = store.begin(), store.begin()
    look = Path.stat

    def aborting(path: Path, **named: bool) -> os.stat_result:
        found = look(path, **named)
        if path.name == gone:
            store.abort(gone)
        return found

    monkeypatch.setattr(Path, "stat", aborting)
    assert kept in dict(store.uploads())
    assert dict(store.uploads()).keys() == {kept}


def test_a_folder_that_fails_while_it_is_listed_is_an_error_of_the_store(
    store: FilesystemStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing:
        def __enter__(self) -> Iterator[os.DirEntry[str]]:
            raise OSError(errno.ESTALE, "stale")

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(filesystem.os, "scandir", lambda _: Failing())
    with pytest.raises(StoreError):
        list(store.keys())


def test_one_flipped_bit_is_damage_and_another_put_heals_it(store: FilesystemStore) -> None:
    content = os.urandom(9 * MIB)
    key = store.put([content]).key
    with path_of(store, key).open("r+b") as file:
        file.seek(MIB)
        file.write(bytes([content[MIB] ^ 1]))
    with pytest.raises(Damaged):
        list(store.open(key))
    store.put([content])
    assert b"".join(store.open(key)) == content


def test_an_object_deleted_while_read_is_read_to_its_end(store: FilesystemStore) -> None:
    content = os.urandom(20 * MIB)
    reader = store.open(store.put([content]).key)
    first = next(reader)
    store.delete(hashlib.sha256(content).hexdigest())
    assert first + b"".join(reader) == content


def test_bytes_behind_the_durable_size_never_count(store: FilesystemStore) -> None:
    """What a power cut may leave: a longer file whose end was never synced."""
    upload = store.begin()
    store.append(upload, 0, [b"durable"])
    staged = store.folder / "staging" / upload / "bytes"
    for garbage in (b"\0" * 5000, b"\0" * 3):
        with staged.open("ab") as file:
            file.write(garbage)
        assert store.size(upload) == 7
    assert store.append(upload, 7, [b"!"]) == 8
    with staged.open("ab") as file:
        file.write(b"garbage")
    assert b"".join(store.open(store.finish(upload).key)) == b"durable!"


def test_an_append_is_durable_step_by_step_while_it_arrives(
    store: FilesystemStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filesystem, "_DURABLE_EVERY", 8 * MIB)
    monkeypatch.setattr(filesystem, "_DURABLE_APART", 0.0)
    upload = store.begin()
    due = {3: 8 * MIB, 5: 16 * MIB}  # behind so many pieces so much has begun to be synced

    def arriving() -> Iterator[bytes]:
        for number in range(6):
            yield bytes([number]) * (4 * MIB)
            until = time.monotonic() + 20
            while store.size(upload) < due.get(number, 0):
                assert time.monotonic() < until, f"nothing is durable behind piece {number}"
                time.sleep(0.01)

    assert store.append(upload, 0, arriving()) == 24 * MIB
    assert store.size(upload) == 24 * MIB


def test_a_disk_that_is_full_at_a_sync_beside_the_writing_stops_the_append(
    store: FilesystemStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = store.begin()
    store.append(upload, 0, [b"durable"])
    monkeypatch.setattr(filesystem, "_DURABLE_EVERY", 4 * MIB)

    def fsync(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, f"no room for {descriptor}")

    with monkeypatch.context() as patched:
        patched.setattr(filesystem.os, "fsync", fsync)
        with pytest.raises(Full):
            store.append(upload, 7, (bytes(4 * MIB) for _ in range(50)))
    assert store.size(upload) == 7
    assert (store.folder / "staging" / upload / "bytes").stat().st_size == 7
    assert store.append(upload, 7, [b"!"]) == 8


def test_staged_bytes_that_are_lost_are_damage(store: FilesystemStore) -> None:
    upload = store.begin()
    store.append(upload, 0, [b"0123456789"])
    os.truncate(store.folder / "staging" / upload / "bytes", 4)
    with pytest.raises(Damaged):
        store.finish(upload)
    (store.folder / "staging" / upload / "size").write_text("?")
    with pytest.raises(Damaged):
        store.size(upload)


def test_a_second_append_at_the_same_time_is_told_so(store: FilesystemStore) -> None:
    upload = store.begin()

    def chunks() -> Iterator[bytes]:
        yield b"a"
        for act in (lambda: store.append(upload, 0, [b"b"]), lambda: store.finish(upload)):
            with pytest.raises(Busy):
                act()
        yield b"c"

    assert FilesystemStore(store.folder).append(upload, 0, chunks()) == 2


def test_an_upload_aborted_while_it_arrives_is_missing(store: FilesystemStore) -> None:
    upload = store.begin()

    def chunks() -> Iterator[bytes]:
        yield b"a"
        store.abort(upload)

    with pytest.raises(Missing):
        store.append(upload, 0, chunks())
    assert list(store.uploads()) == []


def test_leftovers_of_crashed_puts_are_swept_when_they_are_old(store: FilesystemStore) -> None:
    leftover = store.folder / "temporary" / "0123"
    leftover.write_bytes(b"half")
    now = datetime.now(UTC)
    assert store.sweep_temporary(now - timedelta(hours=1)) == 0
    assert store.sweep_temporary(now + timedelta(hours=1)) == 1
    assert not leftover.exists()


def test_a_crash_between_receipt_and_rename_is_finished_by_the_next(
    store: FilesystemStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = store.begin()
    store.append(upload, 0, [b"content"])

    class Crash(BaseException):
        pass

    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(FilesystemStore, "_place", crash)
        with pytest.raises(Crash):
            store.finish(upload)
    stored = FilesystemStore(store.folder).finish(upload)
    assert b"".join(store.open(stored.key)) == b"content"


def test_every_put_is_synced_before_it_is_seen_and_its_folders_after(
    store: FilesystemStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    sync, replace = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        seen.append("sync " + Path(f"/proc/self/fd/{descriptor}").readlink().parent.name)
        sync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        seen.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", renamed)
    key = store.put([b"x"]).key
    assert seen == ["sync temporary", "rename", f"sync {key[:2]}", "sync objects", "sync store"]


def test_a_folder_that_went_away_is_unavailable(store: FilesystemStore) -> None:
    for name in ("temporary", "staging"):
        (store.folder / name).rmdir()
    for act in (lambda: store.put([b"x"]), store.begin):
        with pytest.raises(Unavailable):
            act()
    assert [finding.code for finding in store.check() if not finding.ok] == ["storage.round-trip", "storage.free-space"]


def test_a_place_that_cannot_be_a_folder_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        FilesystemStore(tmp_path / "file" / "store")


# ── a disk that is really full ───────────────────────────────────────────────────────────────────


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True)
    if made.returncode:
        pytest.skip("a small tmpfs cannot be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_full_leaves_nothing_and_recovers(small_disk: Path) -> None:
    store = FilesystemStore(small_disk / "store")
    kept = store.put([b"k" * (5 * MIB)])
    with pytest.raises(Full):
        store.put(os.urandom(MIB) for _ in range(40))
    assert list((store.folder / "temporary").iterdir()) == []
    assert list(store.keys()) == [kept.key]

    upload = store.begin()
    content = os.urandom(3 * MIB)
    assert store.append(upload, 0, [content]) == len(content)
    with pytest.raises(Full):
        store.append(upload, len(content), (os.urandom(MIB) for _ in range(40)))
    assert store.size(upload) == len(content)
    assert sum(map(len, store.open(kept.key))) == 5 * MIB

    store.delete(kept.key)
    assert store.append(upload, len(content), [b"end"]) == len(content) + 3
    assert store.finish(upload).key == hashlib.sha256(content + b"end").hexdigest()


# ── processes killed anywhere ────────────────────────────────────────────────────────────────────

# Byte number n of the stream is what this generator gives for its MiB: every prefix can be recognised.
WRITER = """
import random, sys
from pathlib import Path
from storage.filesystem import FilesystemStore
store = FilesystemStore(Path(sys.argv[1]))
def chunks(start):
    for number in range(start, 160):
        print("chunk", number, flush=True)
        yield random.Random(number).randbytes(1 << 20)
if sys.argv[2] == "put":
    print("done", store.put(chunks(0)).key, flush=True)
else:
    size = store.size(sys.argv[2])
    print("done", store.append(sys.argv[2], size, chunks(size >> 20)), flush=True)
"""


def stream(size: int) -> bytes:
    return b"".join(random.Random(number).randbytes(MIB) for number in range(-(-size // MIB)))[:size]


def killed_writer(folder: Path, what: str, chunks: int) -> str:
    """Start a writer, kill it with SIGKILL a moment after so many chunks; what it printed last."""
    command = [sys.executable, "-c", WRITER, str(folder), what]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if len(lines) == chunks:
                time.sleep(random.Random(chunks).random() / 50)
                process.send_signal(signal.SIGKILL)
    return lines[-1]


@pytest.mark.parametrize("chunks", [1, 40, 160])
def test_a_put_killed_anywhere_shows_all_or_nothing(store: FilesystemStore, chunks: int) -> None:
    last = killed_writer(store.folder, "put", chunks)
    keys = list(store.keys())
    if last.startswith("done"):
        assert keys == [last.split()[1]]
    for key in keys:
        assert hashlib.sha256(path_of(store, key).read_bytes()).hexdigest() == key
    store.sweep_temporary(datetime.now(UTC) + timedelta(hours=1))
    assert list((store.folder / "temporary").iterdir()) == []


def test_an_append_killed_again_and_again_resumes_to_the_right_bytes(store: FilesystemStore) -> None:
    upload = store.begin()
    staged = store.folder / "staging" / upload / "bytes"
    for chunks in (2, 70, 66, 75, 150):
        before = store.size(upload)
        if before == 160 * MIB:
            break
        killed_writer(store.folder, upload, chunks)
        size = store.size(upload)
        assert size >= before
        assert size % MIB == 0
        assert staged.stat().st_size >= size
        if size < 160 * MIB:
            # Only the synced part may be relied on; the rest is as if the power had gone.
            with staged.open("r+b") as file:
                file.truncate(size)
                file.seek(size)
                file.write(b"\0" * 10)
    assert size >= filesystem._DURABLE_EVERY
    size = store.append(upload, size, [stream(160 * MIB)[size:]])
    assert store.finish(upload).key == hashlib.sha256(stream(160 * MIB)).hexdigest()
