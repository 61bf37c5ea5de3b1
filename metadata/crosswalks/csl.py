"""CSL-JSON, the input of citation processors: an array of one item.

Sources: CSL 1.0.2 specification, appendices III and IV (types, variables); ``csl-data.json`` of the same. Names are
whole: no initials, and ``literal`` for whoever is an organisation or has a name that nobody takes apart.
"""

import json
from typing import Any

from metadata import values
from metadata.crosswalks import citation, view
from metadata.crosswalks.citation import Kind
from metadata.crosswalks.described import Described
from metadata.crosswalks.uris import uri
from metadata.record import Agent, Record

_TYPES: dict[Kind, str] = {
    "audio": "song",
    "book": "book",
    "data": "dataset",
    "image": "graphic",
    "map": "map",
    "other": "document",
    "score": "musical_score",
    "slides": "speech",
    "software": "software",
    "video": "motion_picture",
    "web": "webpage",
}
# MARC relators whose bearers CSL has a variable for
_ROLES = {
    "edt": "editor",
    "trl": "translator",
    "com": "compiler",
    "ill": "illustrator",
    "drt": "director",
    "pro": "producer",
    "prf": "performer",
    "cmp": "composer",
}


def dump(described: Described, language: str) -> bytes:
    item = {name: value for name, value in _item(described, language).items() if value}
    return (json.dumps([item], ensure_ascii=False, indent=2) + "\n").encode()


def _item(described: Described, language: str) -> dict[str, Any]:
    record = described.record
    return {
        "id": citation.key(described),
        "type": _TYPES[citation.kind(record)],
        "title": citation.text(record.title, language),
        "container-title": citation.within(record),
        "author": [_name(agent) for agent in citation.authors(record)],
        **{variable: [_name(agent) for agent in citation.having(record, role)] for role, variable in _ROLES.items()},
        "issued": _issued(described),
        "publisher": citation.publisher(described, language),
        "version": str(described.version),
        "genre": citation.genre(record, language),
        "language": next(citation.languages(record), ""),
        "original-title": _original(record),
        "ISBN": next(iter(citation.identifiers(record, "isbn")), ""),
        "ISSN": next(iter(citation.identifiers(record, "issn")), ""),
        "DOI": next(iter(citation.identifiers(record, "doi")), ""),
        "URL": uri(described.url) or described.url,
        "keyword": ", ".join(citation.keywords(record, language)),
        "abstract": citation.text(record.description, language),
        "note": citation.text(record.citation_note, language),
        "custom": {"license": citation.rights(record)} if citation.rights(record) else {},
    }


def _name(agent: Agent) -> dict[str, str]:
    known = citation.parts(agent)
    return {"family": known[0], "given": known[1]} if known else {"literal": citation.line(agent.name)}


def _issued(described: Described) -> dict[str, Any]:
    """Day, month or year; ``circa`` where the record is not sure of it."""
    said = described.record.issued or ""
    unsure = bool(values.w3cdtf(said)) and any(mark in said for mark in "~?%")
    found: dict[str, Any] = {"date-parts": [[int(part) for part in view.issued(described).split("-")]]}
    return found | ({"circa": True} if unsure else {})


def _original(record: Record) -> str:
    """The title of what this is a translation of."""
    return citation.line(record.translation_of.title or "") if record.translation_of else ""
