"""BibTeX in UTF-8, for BibTeX, biber and the programs that read it.

Sources: Oren Patashnik, BibTeXing (1988), sections 3 and 4 (entries, names); The biblatex Package, sections 2.1 and
2.2 (``translator``, ``langid``, verbatim fields). Braces count even behind a backslash, hence the commands for them.
"""

import re
from collections.abc import Iterator

from metadata.crosswalks import citation, view
from metadata.crosswalks.described import Described
from metadata.crosswalks.uris import uri
from metadata.record import Agent, Text

_COMMANDS = {
    "\\": "{\\textbackslash}",
    "{": "{\\textbraceleft}",
    "}": "{\\textbraceright}",
    "~": "{\\textasciitilde}",
    "^": "{\\textasciicircum}",
    "<": "{\\textless}",
    ">": "{\\textgreater}",
    "|": "{\\textbar}",
}
_ESCAPED = str.maketrans(_COMMANDS | {letter: f"\\{letter}" for letter in "&%$#_"})
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# as babel and polyglossia call them
_LANGID = {
    "ar": "arabic",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fa": "persian",
    "fr": "french",
    "tr": "turkish",
    "ur": "urdu",
}


def dump(described: Described, language: str) -> bytes:
    """One entry: ``@book`` for a textbook or what has an ISBN, ``@misc`` for the rest, which BibTeX has no type for."""
    kind = "book" if citation.kind(described.record) == "book" else "misc"
    fields = "".join(f",\n  {name} = {value}" for name, value in _fields(described, language) if value != "{}")
    return f"@{kind}{{{citation.key(described)}{fields}\n}}\n".encode()


def escaped(text: str) -> str:
    """For any field that TeX sets: on one line, with commands for what TeX takes for its own."""
    return citation.line(text).translate(_ESCAPED)


def _fields(described: Described, language: str) -> Iterator[tuple[str, str]]:
    record = described.record
    yield "author", _people(citation.authors(record))
    yield "editor", _people(citation.having(record, "edt"))
    yield "translator", _people(citation.having(record, "trl"))
    yield "title", _title(view.one(record.title, language))
    yield "series", _braced(citation.within(record))
    yield "publisher", _braced(citation.publisher(described, language))
    year, _, rest = view.issued(described).partition("-")
    yield "year", f"{{{year}}}"
    if rest:
        yield "month", _MONTHS[int(rest[:2]) - 1]
    yield "version", f"{{{described.version}}}"
    yield "type", _braced(citation.genre(record, language))
    yield "langid", f"{{{_langid(next(citation.languages(record), ''))}}}"
    yield "language", _braced(", ".join(citation.languages(record)))
    yield "isbn", _braced(next(iter(citation.identifiers(record, "isbn")), ""))
    yield "issn", _braced(next(iter(citation.identifiers(record, "issn")), ""))
    yield "doi", _verbatim(next(iter(citation.identifiers(record, "doi")), ""))
    yield "url", _verbatim(uri(described.url) or described.url)
    yield "copyright", _braced(citation.rights(record))
    yield "keywords", _braced(", ".join(word.replace(",", " ") for word in citation.keywords(record, language)))
    yield "abstract", _braced(citation.text(record.description, language))
    yield "note", _braced(citation.text(record.citation_note, language))


def _braced(text: str) -> str:
    return f"{{{escaped(text)}}}"


def _verbatim(text: str) -> str:
    """Of fields that are set as they are: whatever could end them or be split is percent-encoded."""
    return f"{{{re.sub(r'[ {}]', _percent, citation.line(text))}}}"


def _percent(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02X}"


def _title(title: Text | None) -> str:
    """Styles set titles in small letters: of English ones, words like DNA are kept from it, the others as a whole."""
    if title is None:
        return "{}"
    if view.primary(title.lang) != "en":
        return f"{{{_braced(title.value)}}}"
    words = re.findall(r"\w+|\W+", citation.line(title.value))
    return f"{{{''.join(map(_kept, words))}}}"


def _kept(word: str) -> str:
    return _braced(word) if any(letter.isupper() for letter in word[1:]) else word.translate(_ESCAPED)


def _people(agents: list[Agent]) -> str:
    return f"{{{' and '.join(map(_person, agents))}}}"


def _person(agent: Agent) -> str:
    """``Family, Given``, or the name in braces, so that nobody takes it apart."""
    known = citation.parts(agent)
    return f"{_part(known[0])}, {_part(known[1])}" if known else f"{{{escaped(agent.name)}}}"


def _part(name: str) -> str:
    """A comma or an "and" inside a name belongs to it."""
    return f"{{{escaped(name)}}}" if "," in name or re.search(r"\band\b", name, re.IGNORECASE) else escaped(name)


def _langid(tag: str) -> str:
    return _LANGID.get(tag.partition("-")[0], "")
