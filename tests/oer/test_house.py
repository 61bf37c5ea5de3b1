"""The chart of the house is what import-linter holds."""

import re
import tomllib

from conftest import ROOT

HOUSE = (ROOT / "docs" / "house.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def names(line: str) -> list[str]:
    return re.findall(r"[a-z][a-z_.]*", line)


def test_the_chart_has_every_layer_in_its_place() -> None:
    (contract,) = [
        each
        for each in PROJECT["tool"]["importlinter"]["contracts"]
        if each["type"] == "layers" and "containers" not in each
    ]
    chart = HOUSE.split("```\n")[1].splitlines()
    assert [names(line.partition("  ")[0]) for line in chart] == [names(layer) for layer in contract["layers"]]


def test_the_table_names_every_module_of_the_services() -> None:
    told = set(re.findall(r"\boer/(\w+)", HOUSE))
    there = {path.stem for path in (ROOT / "oer").iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert told <= there
    assert there - told <= {"__init__", "identifiers", "logs", "migrations"}
