"""Words between tags: HTML, XHTML, and dialects of XML."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import BinaryIO

from oer.extraction.decoding import text_of
from oer.extraction.told import Told

_SILENT = frozenset({"script", "style", "template", "metadata", "m:annotation", "office:annotation", "w:instrtext"})
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "emphasis",
        "font",
        "i",
        "ins",
        "kbd",
        "link",
        "mark",
        "q",
        "ruby",
        "rt",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "term",
        "time",
        "tspan",
        "u",
        "var",
        "text:span",
        "text:a",
        "w:r",
        "w:t",
        "w:rpr",
        "w:hyperlink",
        "w:smarttag",
        "w:prooferr",
        "w:lang",
        "w:rtl",
        "w:b",
        "w:i",
        "w:bookmarkstart",
        "w:bookmarkend",
        "w:lastrenderedpagebreak",
        "a:r",
        "a:t",
        "a:rpr",
        "wbr",
    ]
)
_TITLES = frozenset({"title", "dc:title", "md:title", "h1"})
_SAID = ("alt", "title", "summary", "aria-label")


class _Markup(HTMLParser):
    """HTML, XHTML and every dialect of XML whose words stand between tags. Nothing is fetched, no entity unfolds."""

    def __init__(self, told: Told) -> None:
        super().__init__(convert_charrefs=True)
        self._silent = 0
        self._found: list[str] = []
        self._told = told
        self._title: list[str] | None = None  # of the element that names the document, while it is open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        if tag in _TITLES and self._title is None and not self._told.title:
            self._title = []
        if tag in ("html", "document"):
            self._told.name("", language=next((value for name, value in attrs if name in ("lang", "xml:lang")), ""))
        self._apart(tag)
        self._found += [f" {value} " for name, value in attrs if name in _SAID and value and not self._silent]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag in _SILENT:
            self._silent -= 1

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT and self._silent:
            self._silent -= 1
        if tag in _TITLES and self._title is not None:
            self._told.name("".join(self._title))
            self._title = None
        self._apart(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._found.append(data)
        if self._title is not None:
            self._title.append(data)

    def unknown_decl(self, data: str) -> None:
        if data.startswith("CDATA["):
            self.handle_data(data.removeprefix("CDATA["))

    def _apart(self, tag: str) -> None:
        if tag not in _INLINE:
            self._found.append("\n")

    def taken(self) -> str:
        found, self._found = "".join(self._found), []
        return found


def between_tags(text: str, told: Told) -> Iterator[str]:
    parser = _Markup(told)
    for start in range(0, len(text), 1 << 16):
        parser.feed(text[start : start + (1 << 16)])
        yield parser.taken()
    parser.close()
    yield parser.taken()


def markup(file: BinaryIO, told: Told) -> Iterator[str]:
    return between_tags(text_of(file), told)
