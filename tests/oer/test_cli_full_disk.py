"""A disk that is full: words, an exit code, nothing half-done; reading goes on, and room is enough to recover."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import command_line
import pytest
import snapshots
from command_line import Terminal


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    if os.geteuid():
        pytest.skip("only root may mount a small file system")
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("root here may not mount file systems")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


@pytest.fixture
def terminal(tmp_path: Path, small: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path, OER_STORE_URL=f"file:{small / 'store'}") as made:
        made.institution()
        yield made


def left_over(store: Path) -> list[Path]:
    return [path for folder in ("temporary", "staging") for path in (store / folder).rglob("*") if path.is_file()]


def stored(store: Path) -> set[str]:
    return {path.name for path in (store / "objects").rglob("*") if path.is_file()}


@pytest.mark.parametrize("options", [(), ("--publish",)])
def test_a_deposit_on_a_full_disk_leaves_nothing_and_works_when_there_is_room(
    terminal: Terminal, small: Path, options: tuple[str, ...]
) -> None:
    public_id = terminal.deposited()
    ballast = small / "ballast"
    ballast.write_bytes(bytes(3_000_000))
    with terminal.home() as home:
        before = snapshots.tables(home)
    objects = stored(small / "store")
    content = os.urandom(6_000_000)
    large = terminal.file("large.bin", content)
    command = ("deposit", large, "--record", terminal.record(), "--institution", "college", *options)

    done = terminal(*command)
    assert (done.code, done.out) == (6, "")
    assert "no room left" in done.err
    assert len(done.err.splitlines()) == 1
    assert terminal(*command, "--json").told["error"]["code"] == "storage.full"
    with terminal.home() as home:
        assert snapshots.tables(home) == before
    assert stored(small / "store") == objects
    assert left_over(small / "store") == []

    assert terminal.json("show", public_id)["files"][0]["size"] == 7
    target = terminal.folder / "out"
    assert terminal.json("export", target)["resources"] == 1

    ballast.unlink()
    made = terminal.json(*command)
    shown = terminal.json("show", made["id"])
    assert shown["files"][0]["sha256"] == hashlib.sha256(content).hexdigest()


def test_an_import_on_a_full_disk_keeps_what_it_reported_and_goes_on_later(terminal: Terminal, small: Path) -> None:
    ballast = small / "ballast"
    ballast.write_bytes(bytes(3_000_000))
    for number in range(4):
        terminal.file(f"{number}.bin", os.urandom(1_500_000))
    rows = "".join(f"درس {number},{number}.bin\n" for number in range(4))
    command = ("import", terminal.file("index.csv", f"title_ar,file\n{rows}"), "--institution", "college")
    done = terminal(*command, "--json")
    assert done.code == 6
    assert done.told["error"]["code"] == "storage.full"
    assert left_over(small / "store") == []
    with terminal.home() as home:
        assert snapshots.tables(home)["draft"] == []
    ballast.unlink()
    assert terminal.json(*command)["counts"] == {"created": 4}


def test_an_export_to_a_full_disk_leaves_nothing(terminal: Terminal, small: Path) -> None:
    large = terminal.file("large.bin", os.urandom(3_000_000))
    terminal.good("deposit", large, "--record", terminal.record(), "--institution", "college", "--publish")
    (small / "ballast").write_bytes(bytes(3_000_000))
    for name in ("out", "out.zip"):
        done = terminal("export", small / name)
        assert (done.code, done.out) == (6, "")
        assert "no room left" in done.err
    assert sorted(path.name for path in small.iterdir()) == ["ballast", "store"]


def test_the_doctor_sees_that_room_is_scarce(terminal: Terminal) -> None:
    done = terminal("doctor", "--json")
    assert done.code == 1
    assert [finding["part"] for finding in done.told if finding["level"] == "error"] == ["store"]
