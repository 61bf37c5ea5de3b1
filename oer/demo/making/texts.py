"""Markdown as it is laid out: the few blocks that the texts of the demonstration use."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from markdown_it import MarkdownIt

from oer.demo import content

_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")
_PICTURE = re.compile(r"!\[(.*?)\]\((.*?)\)")
_MARKS = re.compile(r"[*_`]")

Kind = Literal["heading", "text", "item", "number", "row", "picture", "quote"]


@dataclass(frozen=True, slots=True)
class Block:
    """``level`` of a heading, or the number of an item; ``cells`` of a row; ``target`` of a picture."""

    kind: Kind
    words: str
    level: int = 0
    cells: tuple[str, ...] = ()
    target: str = ""


def language(name: str) -> str:
    """``water-cycle.ar`` is in Arabic."""
    return name.rpartition(".")[2]


def is_arabic(name: str) -> bool:
    return language(name) == "ar"


def title(name: str) -> str:
    """The first line, which is a heading in all of them."""
    return content.text(name).partition("\n")[0].lstrip("# ")


def html(name: str) -> str:
    """The text as HTML, without a head."""
    return str(_PARSER.render(content.text(name)))


def blocks(name: str) -> Iterator[Block]:
    """The text, block by block, its marks of emphasis gone."""
    for part in content.text(name).split("\n\n"):
        lines = [line.rstrip() for line in part.strip().splitlines()]
        if not lines:
            continue
        picture = _PICTURE.fullmatch(lines[0])
        if picture:
            yield Block("picture", picture[1], target=picture[2])
        elif lines[0].startswith("#"):
            marks, _, words = lines[0].partition(" ")
            yield Block("heading", _plain(words), level=len(marks))
            if lines[1:]:
                yield from _lines(lines[1:])
        else:
            yield from _lines(lines)


def _lines(lines: list[str]) -> Iterator[Block]:
    first = lines[0]
    if first.startswith("|"):
        rows = [line for line in lines if not re.fullmatch(r"[|:\- ]+", line) or "---" not in line]
        for row in rows:
            yield Block("row", "", cells=tuple(_plain(cell.strip()) for cell in row.strip("|").split("|")))
    elif first.startswith("> "):
        yield Block("quote", _plain(" ".join(line.removeprefix(">").strip() for line in lines)))
    elif re.match(r"(?:- |\d+\. )", first):
        for line in _items(lines):
            number = re.match(r"(\d+)\. ", line)
            if number:
                yield Block("number", _plain(line[number.end() :]), level=int(number[1]))
            else:
                yield Block("item", _plain(line.removeprefix("- ")))
    else:
        yield Block("text", _plain(" ".join(lines)))


def _items(lines: list[str]) -> Iterator[str]:
    """Items with the lines that go on with them."""
    item = ""
    for line in lines:
        if re.match(r"(?:- |\d+\. )", line):
            if item:
                yield item
            item = line
        else:
            item += " " + line.strip()
    yield item


def _plain(words: str) -> str:
    return _MARKS.sub("", words)
