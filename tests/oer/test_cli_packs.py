import zipfile
from collections.abc import Iterator
from pathlib import Path

import command_line
import pytest
from command_line import Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        made.institution()
        yield made


def filled(terminal: Terminal) -> str:
    made = terminal.json("collection", "create", "--institution", "college", "--ar", "الضوء")
    terminal.good("collection", "add", made["id"], terminal.deposited(), "--note", "قبل التجربة")
    return str(made["id"])


def test_a_collection_is_written_as_a_pack(terminal: Terminal, tmp_path: Path) -> None:
    public_id, target = filled(terminal), tmp_path / "science.zip"
    told = terminal.json("collection", "pack", public_id, "--output", target)
    assert told == {
        "id": public_id, "path": str(target), "size": target.stat().st_size, "files": told["files"], "left_out": 0,
    }  # fmt: skip
    with zipfile.ZipFile(target) as found:
        assert found.testzip() is None
        assert len([name for name in found.namelist() if name.startswith("files/")]) == told["files"] > 0
        assert 'lang="en"' in found.read("index.html").decode()
    said = terminal.good("collection", "pack", public_id, "--output", target, "--light").out
    assert said.startswith(f"{target}: ")


def test_a_place_that_cannot_be_written_is_said_and_nothing_is_left(terminal: Terminal, tmp_path: Path) -> None:
    public_id = filled(terminal)
    done = terminal("collection", "pack", public_id, "--output", tmp_path / "missing" / "a.zip")
    assert done.code != 0
    assert "cannot be written" in done.err
    assert terminal("collection", "pack", "0000000000", "--output", tmp_path / "a.zip").code == 4
    assert list(tmp_path.glob("*.zip*")) == list(tmp_path.glob(".*.part")) == []
