"""``oer show --format``: the current version as the doors write it, on standard output."""

import json
from collections.abc import Iterator
from pathlib import Path

import command_line
import factories
import pytest
from command_line import Terminal
from typer.testing import CliRunner

from metadata.crosswalks import exports
from oer.cli import app
from oer.db import reading
from oer.exposure import renderings


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    with command_line.opened(tmp_path) as made:
        made.institution()
        yield made


def published(terminal: Terminal, **changes: object) -> str:
    described = factories.record(**changes).model_dump(mode="json", exclude_defaults=True)
    described["title"].append({"value": "Titre", "lang": "fr"})
    record = terminal.file("record.json", json.dumps(described))
    file = terminal.file("a.txt")
    told = terminal.json("deposit", file, "--record", record, "--institution", "college", "--publish")
    return str(told["id"])


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
@pytest.mark.parametrize("name", sorted(exports.EVERY))
def test_a_resource_is_written_in_every_format(terminal: Terminal, name: str, language: str) -> None:
    public_id = published(terminal)
    done = terminal.good("show", public_id, "--format", name, LC_ALL=language)
    with terminal.home() as home, reading(home.engine) as session:
        (resource_id,) = session.connection().exec_driver_sql("SELECT id FROM resource").scalars()
        place = {"repository_id": home.repository_id, "base_url": home.settings.base_url}
        described = renderings.describe(session, [resource_id], **place).of[resource_id]
    # the runner reads line ends as any text file's
    assert done.out.splitlines() == exports.EVERY[name].dump(described, language).decode().splitlines()
    assert done.err == ""


def test_line_ends_are_those_of_the_format(terminal: Terminal) -> None:
    asked = ["show", published(terminal), "--format", "ris"]
    written = CliRunner().invoke(app, asked, env=terminal.environment).stdout_bytes
    assert written.startswith(b"TY  - VIDEO\r\n")
    assert written.endswith(b"\r\nER  - \r\n")


@pytest.mark.parametrize(
    "options", [("--format", "xml"), ("--format", "csl", "--json"), ("--format", "csl", "--version", "1")]
)
def test_what_cannot_be_meant_is_a_mistake_of_the_command(terminal: Terminal, options: tuple[str, ...]) -> None:
    assert terminal("show", published(terminal), *options).code == 2


def test_what_is_not_there_has_no_format(terminal: Terminal) -> None:
    assert terminal("show", "7k3v9qm2xd", "--format", "csl").code == 4
    record = terminal.record()
    draft = terminal.json("deposit", terminal.file("a.txt"), "--record", record, "--institution", "college")
    done = terminal("show", draft["id"], "--format", "csl")
    assert (done.code, done.out) == (4, "")


def test_a_format_of_files_needs_files_that_everybody_may_have(terminal: Terminal) -> None:
    public_id = published(terminal, access={"kind": "metadata-only"})
    for name, export in exports.EVERY.items():
        done = terminal("show", public_id, "--format", name)
        assert (done.code, bool(done.out)) == ((3, False) if export.needs_files else (0, True)), name
