"""MARC 21 bibliographic records in MARCXML.

Sources: MARC 21 Format for Bibliographic Data (Library of Congress); MARCXML schema 1.1. Scripts are recorded by Model
B (Appendix D): every script stands in the regular fields, and there are no fields 880. Fields ascend by tag; within a
tag they keep the order of the record, so that unchanged records give unchanged bytes.
"""

from collections.abc import Iterator
from operator import attrgetter

from metadata import xml
from metadata.crosswalks import marc21_coded, marc21_description, marc21_entries, marc21_notes
from metadata.crosswalks.described import Described
from metadata.crosswalks.marc21_field import Cataloguing, Field, cataloguing

PREFIX = "marc21"
NAMESPACE = xml.NAMESPACES["marc"]
SCHEMA = "http://www.loc.gov/standards/marcxml/schema/MARC21slim.xsd"
REVISION = "2"

_ABOUT = frozenset("0124")  # subfields that only say something about others


def dump(described: Described) -> bytes:
    """``<record>`` for any legal record; without a title it lacks 245, which MARC asks for and nobody can make up."""
    told = cataloguing(described)
    schema = {"xsi:schemaLocation": f"{NAMESPACE} {SCHEMA}"}
    root = xml.root("marc:record", schema, default="marc", prefixes=("xsi",))
    root.leaf("marc:leader", marc21_coded.leader(told))
    for tag, value in marc21_coded.control_fields(told):
        root.leaf("marc:controlfield", value, {"tag": tag})
    for field in sorted(dict.fromkeys(_fields(told)), key=attrgetter("tag")):
        if any(code not in _ABOUT for code, _ in field.subfields):
            _write(root, field)
    return root.tobytes()


def _fields(told: Cataloguing) -> Iterator[Field]:
    yield from marc21_description.fields(told)
    yield from marc21_notes.fields(told)
    yield from marc21_entries.fields(told, f"OER record to MARC 21, revision {REVISION}")


def _write(root: xml.Node, field: Field) -> None:
    indicators = {"ind1": field.indicators[0], "ind2": field.indicators[1]}
    node = root.sub("marc:datafield", {"tag": field.tag, **indicators})
    for code, value in field.subfields:
        node.leaf("marc:subfield", value, {"code": code})
