"""MARC 21 as its documentation has it: a record read from its bytes, and everything wrong with it."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from formats import around
from lxml import etree

from metadata import xml
from metadata.crosswalks import FileLink, marc21, marc_languages
from metadata.record import Record

dump = marc21.dump

# Tag → first indicators, second indicators, subfields; those after the bar may be repeated; * for a field that may not.
# From MARC 21 Format for Bibliographic Data (loc.gov/marc/bibliographic), as far as this crosswalk writes.
DEFINED = {
    "020": (" ", " ", "az|"),
    "022": (" ", " ", "a|"),
    "024": ("78", " ", "a2|"),
    "040": (" ", " ", "abc|*"),
    "041": (" 01", " 7", "2|ad"),
    "043": (" ", " ", "|c"),
    "045": ("02", " ", "|b*"),
    "046": (" ", " ", "jkl2|"),
    "100": ("01", " ", "au|e41*"),
    "110": ("2", " ", "au|e41*"),
    "242": ("1", "0123456789", "aby|"),
    "245": ("01", "0123456789", "abc|*"),
    "246": ("3", "13", "ab|"),
    "250": (" ", " ", "a|"),
    "264": (" ", "1", "c|b"),
    "300": (" ", " ", "|a"),
    "306": (" ", " ", "|a"),
    "336": (" ", " ", "2|ab"),
    "337": (" ", " ", "2|ab"),
    "338": (" ", " ", "2|ab"),
    "341": ("0", " ", "a2|bcde"),
    "347": (" ", " ", "2|a"),
    "385": (" ", " ", "2|a0"),
    "500": (" ", " ", "a|"),
    "506": ("01", " ", "a2|fg"),
    "520": (" ", " ", "a|"),
    "521": ("12", " ", "b|a"),
    "524": (" ", " ", "a|"),
    "532": ("18", " ", "a|"),
    "536": (" ", " ", "a|c"),
    "538": (" ", " ", "a|"),
    "540": (" ", " ", "a2|fu"),
    "542": (" ", " ", "|d"),
    "546": (" ", " ", "a|"),
    "650": (" ", "7", "a2|0"),
    "651": (" ", "4", "a|"),
    "653": (" ", " 4", "|a"),
    "655": (" ", "7", "a2|0"),
    "658": (" ", " ", "ac2|b"),
    "700": ("01", " ", "au|e41"),
    "710": ("2", " ", "au|e41"),
    "765": ("0", " ", "t|o"),
    "773": ("0", " ", "t|o"),
    "774": ("0", " ", "t|o"),
    "786": ("0", "8", "at|ino"),
    "856": ("4", "0", "7|uqsy"),
    "884": (" ", " ", "ak|"),
}
# 008/18-34 by type of record, and 006/01-17 likewise: what may stand at each position. "|" is the fill character.
POSITIONS = {
    "a": r"\|{4}[ abcdefgj]o\|{8} \|\|",
    "c": r"\|{4}[ abcdefgj]o\|{8} \| ",
    "e": r"\|{6} \|  \|o \| \|\|",
    "g": r"(?:\d{3}|---) [ abcdefgj] {5}\|o {3}v\|",
    "i": r"nnnn[ abcdefgj]o\|{8} n ",
    "k": r"nnn [ abcdefgj] {5}\|o {3}kn",
    "m": r" {4}[ abcdefgj]o  [abcdghij] \| {6}",
}


class Datafield(NamedTuple):
    tag: str
    indicators: str
    subfields: tuple[tuple[str, str], ...]

    def get(self, code: str) -> list[str]:
        return [value for found, value in self.subfields if found == code]


class Marc(NamedTuple):
    """A record as read from its bytes."""

    leader: str
    control: list[tuple[str, str]]
    data: list[Datafield]

    def one(self, tag: str) -> str:
        (value,) = (value for found, value in self.control if found == tag)
        return value

    def fields(self, tag: str) -> list[Datafield]:
        return [field for field in self.data if field.tag == tag]


def read(written: bytes) -> Marc:
    root = xml.parse(written)
    by_name: dict[str, list[etree._Element]] = {"leader": [], "controlfield": [], "datafield": []}
    for node in root:
        by_name[etree.QName(node).localname].append(node)
    data = [
        Datafield(
            str(node.get("tag")),
            f"{node.get('ind1')}{node.get('ind2')}",
            tuple((str(subfield.get("code")), subfield.text or "") for subfield in node),
        )
        for node in by_name["datafield"]
    ]
    control = [(str(node.get("tag")), node.text or "") for node in by_name["controlfield"]]
    return Marc(by_name["leader"][0].text or "", control, data)


def marc(record: Record, files: tuple[FileLink, ...] = ()) -> Marc:
    return read(dump(around(record, files)))


def values(record: Record, tag: str) -> list[tuple[str, str]]:
    """Indicators and subfields, written as cataloguers do: ``$a Light $b a lesson``."""
    return [(field.indicators, " ".join(f"${code} {value}" for code, value in field.subfields))
            for field in marc(record).fields(tag)]  # fmt: skip


def mistakes(found: Marc) -> Iterator[str]:
    """Everything about a record that the documentation does not allow."""
    if not re.fullmatch(r"00000[nc][acegikm]m a22000003c 4500", found.leader):
        yield f"leader {found.leader!r}"
        return
    tags = [tag for tag, _ in found.control] + [field.tag for field in found.data]
    if tags != sorted(tags):
        yield f"order {tags}"
    yield from _coded_mistakes(found)
    counts = Counter(field.tag for field in found.data)
    for field in found.data:
        first, second, subfields = DEFINED[field.tag]
        once, _, often = subfields.partition("|")
        if field.indicators[0] not in first or field.indicators[1] not in second:
            yield f"{field.tag} indicators {field.indicators!r}"
        codes = Counter(code for code, _ in field.subfields)
        if not set(codes) <= set(once + often) or any(codes[code] > 1 for code in once):
            yield f"{field.tag} subfields {codes}"
        if often.endswith("*") and counts[field.tag] > 1:
            yield f"{field.tag} repeated"
        for code, value in field.subfields:
            if not value or value != value.strip(" \t\n\r") or re.search(r"[\t\n\r]", value):
                yield f"{field.tag} ${code} {value!r}"
    if counts["100"] + counts["110"] > 1:
        yield "two main entries"


def _coded_mistakes(found: Marc) -> Iterator[str]:
    kinds = found.leader[6]
    for tag, value in found.control:
        if tag == "006" and not re.fullmatch(POSITIONS[value[0]], value[1:]):
            yield f"006 {value!r}"
        if tag == "007" and len(value) != {"c": 14, "s": 14, "v": 9}[value[0]]:
            yield f"007 {value!r}"
        if tag == "006":
            kinds += value[0]
    if kinds.count("m") != 1 or len(set(kinds)) != len(kinds):
        yield f"an electronic resource is one of computer files once: {kinds}"
    coded = found.one("008")
    if len(coded) != 40 or not re.fullmatch(POSITIONS[found.leader[6]], coded[18:35]):
        yield f"008 {coded!r}"
    if not re.fullmatch(r"\d{6}(?:s(?:\d{4}|\d+u+) {4}|e\d{4}(?:\d\d  |\d{4})|m\d{8})xx ", coded[:18]):
        yield f"008/00-17 {coded[:18]!r}"
    if marc_languages.code(coded[35:38]) != coded[35:38] and coded[35:38] != "und":
        yield f"008/35-37 {coded[35:38]!r}"
    if coded[38:] != " d" or not re.fullmatch(r"\d{14}\.0", found.one("005")):
        yield f"008/38-39 or 005 of {found.control}"
