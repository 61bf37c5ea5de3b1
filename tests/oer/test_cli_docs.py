"""docs/cli.md against the commands themselves."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from conftest import ROOT

from oer import fields
from oer.cli import app, output

TEXT = (ROOT / "docs" / "cli.md").read_text("utf-8")
SECTIONS = {
    match[1]: match[2]
    for match in re.finditer(r"^### `oer ([a-z ]+)`\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL)
}


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    inside = getattr(command, "commands", None)
    if inside is None:
        yield " ".join(path), command
        return
    for name, each in inside.items():
        yield from leaves(each, (*path, name))


COMMANDS = dict(leaves(typer.main.get_command(app)))


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert set(SECTIONS) == set(COMMANDS)
    assert len(COMMANDS) > 15


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_options_of_a_section_are_those_of_its_command(name: str) -> None:
    written = {option for line in re.findall(r"^\| (`.*?) \|", SECTIONS[name], re.MULTILINE)
               for option in re.findall(r"`(--[a-z-]+)`", line)}  # fmt: skip
    options = {
        option
        for parameter in COMMANDS[name].params
        if parameter.param_type_name == "option" and not parameter.hidden
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert written == options - {"--help"}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_section_names_every_argument(name: str) -> None:
    prose = SECTIONS[name].split("```")[0]
    for parameter in COMMANDS[name].params:
        if parameter.param_type_name == "argument":
            assert f"`{parameter.metavar or parameter.name.upper()}`" in prose, parameter.name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_section_has_an_example_that_its_command_takes(name: str) -> None:
    examples = [
        line for block in re.findall(r"```sh\n(.*?)```", SECTIONS[name], re.DOTALL) for line in block.splitlines()
    ]
    assert examples
    for example in examples:
        words = shlex.split(example)
        assert words[: 1 + len(name.split())] == ["oer", *name.split()]
        COMMANDS[name].make_context(name, words[1 + len(name.split()) :])  # raises where the command would refuse


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_and_argument_has_help(name: str) -> None:
    assert COMMANDS[name].help
    for parameter in COMMANDS[name].params:
        if parameter.param_type_name == "option":
            assert getattr(parameter, "help", None), f"{name} {parameter.name}"


def test_kinds_of_institutions_are_told_by_their_words() -> None:
    row = re.search(r"^\| `--kind` \| (.*?);", SECTIONS["institution add"], re.MULTILINE)
    assert row is not None
    assert set(row[1].split(", ")) == fields.kinds()
    for name in ("institution add", "institution edit"):
        (option,) = [one for one in COMMANDS[name].params if one.name == "kind"]
        assert set(re.split(", | or ", option.help.rstrip("."))) == fields.kinds()


def test_the_table_of_exit_codes_is_the_one_in_the_code() -> None:
    table = TEXT.partition("## Exit codes")[2].partition("## Serving")[0]
    written = [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)]
    codes = (output.OK, output.INCOMPLETE, output.USAGE, output.INVALID, output.NOT_FOUND, output.REFUSED)
    assert written == [*codes, output.UNAVAILABLE, output.MISCONFIGURED, output.INTERRUPTED]
