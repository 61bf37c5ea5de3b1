"""Every page loads the style sheets of what it shows."""

import re
from pathlib import Path

import pytest

import api

_HERE = Path(api.__file__).parent
_STATIC, _TEMPLATES = _HERE / "static", _HERE / "templates"
_ALWAYS = ("site.css",)  # as base.html has it
_SHEET = re.compile(r"assets\['([\w.-]+\.css)'\]")
_USED = re.compile(r'class="([^"]*)"')
_TOLD = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_SELECTED = re.compile(r"\.(-?[a-zA-Z][\w-]*)")
_QUOTED = re.compile(r'url\([^)]*\)|"[^"]*"')


def styled(*sheets: str) -> set[str]:
    """Classes that the style sheets say something of."""
    found: set[str] = set()
    for name in sheets:
        folder = _STATIC if (_STATIC / name).exists() else _TEMPLATES
        found.update(_SELECTED.findall(_QUOTED.sub("", (folder / name).read_text(encoding="utf-8"))))
    return found


@pytest.mark.parametrize("template", sorted(_TEMPLATES.glob("*.html")), ids=lambda path: path.stem)
def test_classes_of_a_page_are_styled_by_its_sheets(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    macros = {"oai_macros.html": ["machines.css"], "check_macros.html": ["machines.css"], "embed.html": ["embed.css"]}
    sheets = [*_ALWAYS, *_SHEET.findall(text), *macros.get(template.name, [])]
    used = {name for given in _USED.findall(text) for name in _TOLD.sub(" ", given).split()}
    assert used - styled(*sheets) <= {"t"}  # the beginning of the name of a tint
