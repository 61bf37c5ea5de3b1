"""RIS, for reference managers: one record in UTF-8, a tag a line, lines ended by CR LF.

Sources: Research Information Systems, RIS Format Specifications (tags, order, lines); the tags that EndNote and Zotero
read since (``DO``, ``ED``, ``LA``, ``ET``). A name without its parts stands whole, as family names do.
"""

from collections.abc import Iterator

from metadata.crosswalks import citation, view
from metadata.crosswalks.citation import Kind
from metadata.crosswalks.described import Described
from metadata.crosswalks.uris import uri
from metadata.record import Agent

_TYPES: dict[Kind, str] = {
    "audio": "SOUND",
    "book": "BOOK",
    "data": "DATA",
    "image": "FIGURE",
    "map": "MAP",
    "other": "GEN",
    "score": "MUSIC",
    "slides": "SLIDE",
    "software": "COMP",
    "video": "VIDEO",
    "web": "ELEC",
}


def dump(described: Described, language: str) -> bytes:
    """From ``TY`` to ``ER``; a value that is empty has no line."""
    lines = [f"{tag}  - {value}" for tag, value in _tags(described, language) if value]
    return "".join(f"{line}\r\n" for line in [*lines, "ER  - "]).encode()


def _tags(described: Described, language: str) -> Iterator[tuple[str, str]]:
    record = described.record
    yield "TY", _TYPES[citation.kind(record)]
    yield "ID", citation.public_id(described)  # letters and digits alone
    yield from (("AU", _name(agent)) for agent in citation.authors(record))
    yield from (("ED", _name(agent)) for agent in citation.having(record, "edt"))
    yield from (("A4", _name(agent)) for agent in citation.having(record, "trl"))
    yield "TI", citation.text(record.title, language)
    yield "T2", citation.within(record)
    issued = view.issued(described)
    yield "PY", issued[:4]
    yield "DA", _date(issued)
    yield "PB", citation.publisher(described, language)
    yield "ET", str(described.version)
    yield "M3", citation.genre(record, language)
    yield "LA", ", ".join(citation.languages(record))
    yield from (("SN", number) for scheme in ("isbn", "issn") for number in citation.identifiers(record, scheme)[:1])
    yield "DO", next(iter(citation.identifiers(record, "doi")), "")
    yield "UR", uri(described.url) or described.url
    yield from (("L1", file.url) for file in described.files if file.media_type == "application/pdf")
    yield from (("KW", _plain(word)) for word in citation.keywords(record, language))
    yield "AB", citation.text(record.description, language)
    yield "N1", citation.text(record.citation_note, language)
    yield "N1", citation.rights(record)


def _name(agent: Agent) -> str:
    known = citation.parts(agent)
    return _plain(f"{known[0].replace(',', ' ')}, {known[1].replace(',', ' ')}" if known else agent.name)


def _plain(text: str) -> str:
    """Names and keywords may hold no asterisk."""
    return citation.line(text.replace("*", " "))


def _date(issued: str) -> str:
    """``YYYY/MM/DD/``, with nothing between slashes where nothing is known."""
    year, month, day, *_ = (*issued.split("-"), "", "")
    return f"{year}/{month}/{day}/"
