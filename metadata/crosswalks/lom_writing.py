"""The data types of the LOM binding (IEEE 1484.12.3, 5.2) as elements: LangString, vocabulary value, date, duration."""

import re
from collections.abc import Iterable, Iterator

from metadata import values, vocabularies
from metadata.crosswalks import lom_terms, wording
from metadata.record import Text
from metadata.xml import Node

Strings = Iterable[tuple[str, str]]  # words, language

NEUTRAL = "x-none"
"""The language of what is in none: codes, numbers, addresses."""

_DATE = re.compile(r"(?!0000)\d{4}(?:-\d\d){0,2}", re.ASCII)
_DURATION = re.compile(
    r"P(?:(?P<Y>\d+)Y)?(?:(?P<M>\d+)M)?(?:(?P<W>\d+)W)?(?:(?P<D>\d+)D)?(?P<T>T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?",
    re.ASCII,
)


def texts(said: Iterable[Text]) -> Iterator[tuple[str, str]]:
    """Words and language. Without one LOM would take them to be in the language of the metadata (3.4): ``und``."""
    yield from ((text.value, wording.language(text) or "und") for text in said)


def labelled(scheme: str, uri: str) -> Strings:
    """The labels of a term in ar, fr, en; its URI where it is unknown."""
    term = vocabularies.term(scheme, uri)
    return list(wording.labels(term)) or [(uri, NEUTRAL)]


def lang_string(parent: Node, name: str, said: Strings) -> None:
    """An element with a ``<string>`` for each that says something; none where nothing does."""
    strings = [(words, tag) for words, tag in dict.fromkeys(said) if words]
    if strings:
        node = parent.sub(f"lom:{name}")
        for words, tag in strings:
            node.leaf("lom:string", words, {"language": tag})


def vocabulary(parent: Node, name: str, value: str, source: str = lom_terms.LOM) -> None:
    node = parent.sub(f"lom:{name}")
    node.leaf("lom:source", source)
    node.leaf("lom:value", value)


def identifier(parent: Node, catalogue: str, entry: str) -> None:
    node = parent.sub("lom:identifier")
    if catalogue:
        node.leaf("lom:catalog", catalogue)
    node.leaf("lom:entry", entry)


def date(parent: Node, edtf: str, what: str = "") -> None:
    """What of the date LOM can hold, with the EDTF itself beside it where that says more."""
    node = parent.sub("lom:date")
    known = values.w3cdtf(edtf)
    plain = known if known and _DATE.fullmatch(known) else None
    if plain:
        node.leaf("lom:dateTime", plain)
    said = [(edtf, NEUTRAL)] if edtf != plain else []
    lang_string(node, "description", [*said, (what, "en")])


def duration(parent: Node, name: str, value: str | None) -> None:
    """ISO 8601 without weeks and broken hours, which LOM does not know; the value in words where it has such."""
    if not value:
        return
    node = parent.sub(f"lom:{name}")
    written = _in_days(value)
    if written:
        node.leaf("lom:duration", written)
    else:
        lang_string(node, "description", [(value, NEUTRAL)])


def _in_days(value: str) -> str | None:
    match = _DURATION.fullmatch(value)
    if not match or value == "P":
        return None
    if not match["W"]:
        return value
    days = int(match["W"]) * 7 + int(match["D"] or 0)
    return "".join(("P", *(f"{match[unit]}{unit}" for unit in "YM" if match[unit]), f"{days}D", match["T"] or ""))
