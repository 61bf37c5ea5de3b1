"""A new user copies the commands of the guides into a shell, and sees what the guides say."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import servers
import serving
from conftest import ROOT
from serving import Home

GUIDE = (ROOT / "docs" / "api.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
CHAPTER = "Use the API"
SAMPLE = "ar/free-culture-guide.pdf"
PASSWORD = b"long enough, and mine\n"
MARK = "-- what follows was asked for by block"


@dataclass(frozen=True)
class Desk:
    """A folder with a lesson in it, and a server that runs."""

    home: Home
    folder: Path

    def type(self, blocks: list[str]) -> list[str]:
        """What each block shows, all typed into one shell at a terminal, which is asked for a password now and then."""
        script = self.folder / "typed.sh"
        script.write_text("".join(f"{block}\necho '{MARK}'\n" for block in blocks), "utf-8")
        ours, theirs = pty.openpty()
        environment = {**self.home.environment, "PATH": f"{self._commands()}:{os.environ['PATH']}", "PYTHONUTF8": "1"}
        shell = subprocess.Popen(
            ["bash", script.name],
            cwd=self.folder,
            env=environment,
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        told: list[bytes] = []
        asking = threading.Thread(target=self._answer, args=(ours, told))
        asking.start()
        assert shell.stdout is not None
        with shell.stdout:
            shown = shell.stdout.read().decode()
        asking.join()
        os.close(ours)
        assert shell.wait() == 0, b"".join(told).decode()
        found = [part.strip("\n") for part in shown.split(f"{MARK}\n")]
        assert len(found) == len(blocks) + 1, shown
        return found[:-1]

    @staticmethod
    def _answer(terminal: int, told: list[bytes]) -> None:
        with suppress(OSError):  # the shell has left its terminal
            while piece := os.read(terminal, 4096):
                told.append(piece)
                if piece.endswith(b" "):  # a question
                    os.write(terminal, PASSWORD)

    def _commands(self) -> Path:
        """``oer`` as it is on the path of somebody who has installed it."""
        folder = self.folder / "commands"
        folder.mkdir(exist_ok=True)
        command = folder / "oer"
        command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m oer.cli "$@"\n', "utf-8")
        command.chmod(0o755)
        return folder


@pytest.fixture
def desk(tmp_path: Path, shared: Path) -> Iterator[Desk]:
    if not (shared / "samples" / SAMPLE).is_file():
        servers.missing(f"a real Arabic PDF is not here: {shared / 'samples' / SAMPLE}")
    for tool in ("bash", "curl"):
        if shutil.which(tool) is None:
            servers.missing(f"{tool} is not installed")
    folder = tmp_path / "desk"
    folder.mkdir()
    shutil.copyfile(shared / "samples" / SAMPLE, folder / "lesson.pdf")
    with serving.home(tmp_path) as home, serving.serving(home):
        yield Desk(home, folder)


def _reads_like(shown: str, written: str) -> bool:
    """``…`` stands for anything; the id of the guide for any id."""
    pattern = "".join(
        {"…": ".*", "7k3v9qm2xd": "[0-9a-z]{10}"}.get(part, re.escape(part))
        for part in re.split("(…|7k3v9qm2xd)", written)
    )
    return re.fullmatch(pattern, shown, re.DOTALL) is not None


def test_the_guide_of_the_api_can_be_copied_from_its_first_line_to_its_last(desk: Desk) -> None:
    blocks = _blocks(desk)
    _follow(blocks, desk.type([text for kind, text in blocks if kind == "sh"]))


def test_the_chapter_of_the_readme_can_be_copied_twice_and_the_guide_of_the_api_after_it(desk: Desk) -> None:
    text = README.replace("http://localhost:8000", desk.home.url)
    record = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert record is not None
    (desk.folder / "record.json").write_text(record[1], "utf-8")
    beginning = _commands(text, "Start", "oer admin")
    beginning += _commands(text, "Fill it", "oer institution") + _commands(text, "Fill it", "oer deposit")
    chapter = "\n".join(_commands(text, CHAPTER))
    blocks = _blocks(desk)
    guide = [text for kind, text in blocks if kind == "sh"]
    shown = desk.type([*beginning, chapter, chapter, *guide])[len(beginning) :]
    assert _lived(shown[0]) != _lived(shown[1])
    assert shown[0].startswith("أمينة\n")
    _follow(blocks, shown[2:])
    assert (desk.folder / "record.json").read_text("utf-8") == record[1]


def _lived(shown: str) -> str:
    """The id of the resource that the chapter has taken through its whole life."""
    found = re.search(r"^\['([0-9a-z]{10})'\]$", shown, re.MULTILINE)
    assert found is not None, shown
    told = [
        "submitted",
        f"['{found[1]}']",
        "دورة الماء في الطبيعة",
        "published 1",
        "1",
        "keywords",
        "submitted",
        "published 2",
        "withdrawn",
    ]
    *before, last = [line for line in shown.splitlines() if "@" not in line]
    assert before[-len(told) :] == told, shown
    assert json.loads(last)["code"] == "resource.withdrawn"
    return found[1]


def _blocks(desk: Desk) -> list[tuple[str, str]]:
    """What the guide says to type (``sh``), and what it says is shown (``text``)."""
    text = GUIDE.replace("http://localhost:8000", desk.home.url)
    return re.findall(r"^```(sh|text)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def _follow(blocks: list[tuple[str, str]], shown: list[str]) -> None:
    """Each block of the guide shows what the guide says."""
    told = iter(shown)
    last, wrong = "", []
    for kind, text in blocks:
        if kind == "sh":
            last = next(told)
        elif not _reads_like(last, text.strip("\n")):
            wrong.append(f"written:\n{text}shown:\n{last}\n")
    assert not wrong, "\n".join(wrong)
    assert len(blocks) - len(shown) >= 10


def _commands(text: str, chapter: str, beginning: str = "") -> list[str]:
    """The indented lines of a chapter, without their indentation."""
    part = text.partition(f"\n## {chapter}\n")[2].partition("\n## ")[0]
    lines = [line[4:] for line in part.splitlines() if line.startswith("    ")]
    assert lines, f"no chapter {chapter!r}"
    return [line for line in lines if line.startswith(beginning)]


def test_a_guide_that_says_something_else_is_found() -> None:
    assert _reads_like("id: 0123456789", "id: 7k3v9qm2xd")
    assert _reads_like("size: 5\nname: a", "size: …\nname: a")
    assert not _reads_like("state: editing", "state: published")
    assert not _reads_like("state: published\nmore", "state: published")
