"""A LOM under test: made from a few fields of a record, and looked into by the names of its elements."""

from typing import Any

from formats import around
from lxml import etree

from metadata import xml
from metadata.crosswalks import Loaded, lom, lom_load
from metadata.record import Record
from metadata.validate import problems

LOM = "{http://ltsc.ieee.org/xsd/LOM}"
HCRT = "https://w3id.org/kim/hcrt/"
LEVEL = "https://w3id.org/kim/educationalLevel/"
AUDIENCE = "http://purl.org/dcx/lrmi-vocabs/educationalAudienceRole/"
RELATORS = "http://id.loc.gov/vocabulary/relators/"
CC_BY = "https://creativecommons.org/licenses/by/4.0/"


def written(**fields: Any) -> etree._Element:
    return etree.fromstring(lom.dump(around(Record(**fields))))


def at(root: etree._Element, path: str) -> list[etree._Element]:
    return root.findall("/".join(f"{LOM}{name}" for name in path.split("/")))


def texts(root: etree._Element, path: str) -> list[str | None]:
    return [node.text for node in at(root, path)]


def strings(root: etree._Element, path: str) -> list[tuple[str | None, str | None]]:
    return [(node.text, node.get("language")) for node in at(root, f"{path}/string")]


def values(root: etree._Element, path: str) -> list[tuple[str | None, str | None]]:
    """Source and value of vocabulary elements."""
    return [(node.findtext(f"{LOM}source"), node.findtext(f"{LOM}value")) for node in at(root, path)]


def without_our_terms(body: bytes) -> etree._Element:
    """The rendering without those vocabulary values whose source is not LOMv1.0."""
    root = etree.fromstring(body)
    for value in list(root.iter(f"{LOM}value")):
        pair = value.getparent()
        assert pair is not None
        if pair.findtext(f"{LOM}source") != "LOMv1.0":
            holder = pair.getparent()
            assert holder is not None
            holder.remove(pair)
    return root


def loaded(inside: str) -> Loaded:
    """What is read of a LOM with this inside."""
    return lom_load.load(xml.parse(f'<lom xmlns="http://ltsc.ieee.org/xsd/LOM">{inside}</lom>'.encode()))


def record(inside: str) -> Record:
    return loaded(inside).record


def errors(found: Record) -> list[str]:
    """What the rules refuse, for drafts."""
    return [f"{one.code} {one.field}" for one in problems(found, "draft") if one.severity == "error"]


def term(name: str, *values: str) -> str:
    """Vocabulary elements with these values."""
    return "".join(f"<{name}><source>LOMv1.0</source><value>{value}</value></{name}>" for value in values)


def contribute(role: str, card: str, date: str = "") -> str:
    when = f"<date><dateTime>{date}</dateTime></date>" if date else ""
    return f"<contribute>{term('role', role)}<entity>BEGIN:VCARD\n{card}\nEND:VCARD</entity>{when}</contribute>"
