"""Text that stands in a file as it is, or nearly so: Markdown, subtitles, strings in JSON."""

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from oer.extraction.decoding import text_of
from oer.extraction.markup import between_tags
from oer.extraction.told import Told

_LINKS = re.compile(
    r"\]\([^)\s]*(?:\s[^)]*)?\)|<https?://[^>]*>|https?://\S+|<!--.*?-->|</?\w[^>]*>|^---$", re.DOTALL | re.MULTILINE
)
_HEADING = re.compile(r"^(?:title:[ \t]*(\S[^\n]*)|#[ \t]+([^\n]*\w[^\n]*))$", re.MULTILINE)
_CUES = re.compile(
    r"^(?:\ufeff?WEBVTT.*|NOTE\b.*|\d+|(?:\d+:)?\d\d:\d\d[.,]\d{3} --> .*)$|</?[^>]*>|\{\\[^}]*\}", re.MULTILINE
)


def plain(file: BinaryIO, _told: Told) -> Iterator[str]:
    yield text_of(file)


def markdown(file: BinaryIO, told: Told) -> Iterator[str]:
    """Without addresses and tags: nobody looks for them, and they are half of some lists."""
    text = text_of(file)
    heading = _HEADING.search(text)
    told.name(html.unescape(_LINKS.sub(" ", heading[1] or heading[2])).strip("\"' *_") if heading else "")
    yield html.unescape(_LINKS.sub(" ", text))


def subtitles(file: BinaryIO, _told: Told) -> Iterator[str]:
    """SubRip and WebVTT without their times and marks."""
    yield html.unescape(_CUES.sub("", text_of(file)))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from between_tags(value, Told())
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in ("library", "mime", "path", "subContentId", "license"):
                yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def json_strings(file: BinaryIO, told: Told) -> Iterator[str]:
    """Everything that is said in a JSON document, such as the content of H5P."""
    found = json.loads(text_of(file))
    told.name(found.get("title") if isinstance(found, dict) and isinstance(found.get("title"), str) else "")
    for text in _strings(found):
        yield f"{text}\n"


def notebook(file: BinaryIO, told: Told) -> Iterator[str]:
    """The cells of a Jupyter notebook, not what came out of them."""
    for cell in json.loads(text_of(file))["cells"]:
        source = cell.get("source", "")
        text = ("".join(source) if isinstance(source, list) else str(source)) + "\n"
        heading = _HEADING.search(text) if cell.get("cell_type") == "markdown" else None
        told.name(heading[2] or "" if heading else "")
        yield text
