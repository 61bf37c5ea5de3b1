"""What a citation says of a resource: what BibTeX, RIS and CSL-JSON share."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from metadata import licences, vocabularies, xml
from metadata.crosswalks import view, wording
from metadata.crosswalks.described import Described
from metadata.record import Agent, Record, Text

Kind = Literal["audio", "book", "data", "image", "map", "other", "score", "slides", "software", "video", "web"]

_KINDS: dict[str, Kind] = {
    "application": "software",
    "audio": "audio",
    "data": "data",
    "diagram": "image",
    "educational_game": "software",
    "image": "image",
    "map": "map",
    "portal": "web",
    "sheet_music": "score",
    "simulation": "software",
    "slide": "slides",
    "textbook": "book",
    "video": "video",
    "web_page": "web",
}
_AUTHORS = ("aut", "cre")
_BREAKS = re.compile("[ \t-\r\x1c-\x1f\x85\u2028\u2029]+")


def line(text: str) -> str:
    """The words on one line, without characters that no format holds."""
    return _BREAKS.sub(" ", xml.legal(text)).strip(" ")


def public_id(described: Described) -> str:
    """Of the OAI identifier ``oai:<repository>:<public id>``; letters and digits."""
    return re.sub(r"[^A-Za-z0-9]", "", described.identifier.rpartition(":")[2])


def key(described: Described) -> str:
    """A name for citing that stays the same in every version and language: ``oer-k7m2p9qd``."""
    return f"oer-{public_id(described)}"


def kind(record: Record) -> Kind:
    """By the HCRT type; what has an ISBN and no type of its own is a book."""
    term = vocabularies.term("hcrt", record.resource_type or "")
    known = _KINDS.get(term.notation, "other") if term else "other"
    return "book" if known == "other" and identifiers(record, "isbn") else known


def genre(record: Record, language: str) -> str:
    """What the HCRT calls it: ``خطة درس``."""
    term = vocabularies.term("hcrt", record.resource_type or "")
    return line(view.label(term, language).value) if term else ""


def text(texts: Sequence[Text], language: str) -> str:
    return line(view.said(texts, language))


def authors(record: Record) -> list[Agent]:
    return [*(agent for agent in record.creators if line(agent.name)), *having(record, *_AUTHORS)]


def having(record: Record, *roles: str) -> list[Agent]:
    """Contributors in these roles (MARC relators, ``edt``)."""
    return [agent for agent in record.contributors if agent.role.rpartition("/")[2] in roles and line(agent.name)]


def parts(agent: Agent) -> tuple[str, str] | None:
    """Family and given name of a person, None where nobody knows them apart: then the name stands as it is."""
    family, given = line(agent.family or ""), line(agent.given or "")
    return (family, given) if agent.kind == "person" and family and given else None


def publisher(described: Described, language: str) -> str:
    """Whoever published the work; without one the institution, which publishes it here."""
    given = described.record.publisher
    return line(given.name) if given and line(given.name) else line(view.institution(described, language))


def identifiers(record: Record, scheme: str) -> list[str]:
    """Without what names the scheme: ``10.1234/x``."""
    return [found for each in record.identifiers if each.scheme == scheme and (found := line(wording.bare(each)))]


def keywords(record: Record, language: str) -> list[str]:
    return [found for text in view.keywords(record, language) if (found := line(text.value))]


def rights(record: Record) -> str:
    """``CC BY 4.0, https://creativecommons.org/licenses/by/4.0/``."""
    known = licences.get(record.licence) if record.licence else None
    return f"{known.short}, {known.uri}" if known else line(record.licence or "")


def within(record: Record) -> str:
    """The title of the first work that this is a part of."""
    return next((found for each in record.part_of if (found := line(each.title or ""))), "")


def languages(record: Record) -> Iterator[str]:
    yield from (found for tag in record.languages if (found := line(tag)))
