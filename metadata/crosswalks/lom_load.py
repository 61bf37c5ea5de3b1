"""LOM read into a record: what partners say in any of its bindings, and by whatever vocabularies.

Sources: IEEE 1484.12.1-2002 (numbers in comments are its elements), IMS Learning Resource Meta-data 1.2.1,
HS-OER-LOM 2021-09-09, NL LOM 1.0.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice

from metadata import licences, values, vocabularies
from metadata.crosswalks import lom_contributions, lom_references, lom_terms, understood
from metadata.crosswalks.described import Loaded
from metadata.crosswalks.fitting import fitted
from metadata.crosswalks.gathering import Gathering
from metadata.crosswalks.lom_document import MOST, Document, Said
from metadata.record import AgeRange, Text
from metadata.xml import Element

_REQUIREMENTS = "lom:technical/otherPlatformRequirements"
_NO_LANGUAGE = ("none", "x-none", "zxx", "und", "xx")
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_AGES = re.compile(r"(\d{1,3})(?:\s*[-–—]\s*(\d{1,3})|\s*([-–—]\s*[u*]?|\+))?", re.IGNORECASE)
_HOLDER = re.compile(r"©\s*(?:\d{4}(?:\s*[-–]\s*\d{4})?[\s,،]+)?(\S.*)")


def load(root: Element) -> Loaded:
    """The record that a ``<lom>`` describes, or several in a wrapper (ILOX); see :mod:`lom_document`.

    ``unmapped`` tells the path of what is left, such as ``lom:educational/difficulty/value: easy``. What describes
    the description (3) is passed over, and so are addresses and telephone numbers in vCards.
    """
    document, gathering = Document(root), Gathering()
    for read in (
        _general,
        lom_contributions.read,
        _technical,
        lom_references.classification,  # before the context, which is a vaguer word for the level
        _educational,
        _rights,
        lom_references.relations,
    ):
        read(document, gathering)
    for path, words in document.unread():
        gathering.leave(path, words)
    return fitted(gathering.loaded())


# ── 1 General ────────────────────────────────────────────────────────────────────────────────────


def _general(document: Document, gathering: Gathering) -> None:
    for node in document.parts("general", "identifier", "catalogentry"):
        found = lom_references.identifier(document, node)
        if found:
            gathering.add("identifiers", found, "lom:general/identifier", found.value)
            document.read(node)
    _titles(document, gathering)
    for said in _said(document, "general", "language"):
        tag = understood.language(said.words)
        if tag:
            gathering.add("languages", tag, "lom:general/language", said.words)
        if tag or said.words.lower() in _NO_LANGUAGE:
            document.read(said.node)
    for said in _read(document, _said(document, "general", "description")):
        gathering.text("description", "lom:general/description", *said.pair, joined="\n\n")
    for said in _read(document, _said(document, "general", "keyword")):
        gathering.keyword("lom:general/keyword", *said.pair)
    _coverage(document, gathering)


def _titles(document: Document, gathering: Gathering) -> None:
    """A second one in a language is an alternative, as we write them ourselves; repetitions are none."""
    first: dict[str, Text] = {}
    for said in _read(document, _said(document, "general", "title")):
        text = understood.text(*said.pair)
        known = text is None or first.setdefault(text.lang, text) == text
        gathering.text("title" if known else "alternative", "lom:general/title", *said.pair)


def _said(document: Document, category: str, name: str) -> Iterator[Said]:
    for node in document.parts(category, name):
        yield from document.strings(node)


def _read(document: Document, said: Iterator[Said]) -> list[Said]:
    found = list(islice(said, MOST))
    document.read(*(one.node for one in found))
    return found


def _coverage(document: Document, gathering: Gathering) -> None:
    for said in _read(document, _said(document, "general", "coverage")):
        when = understood.date(said.words)
        if values.is_country(said.words):
            gathering.add("coverage.countries", said.words, "lom:general/coverage", said.words)
        elif not (when and gathering.first("coverage.period", when)):
            gathering.text("coverage.places", "lom:general/coverage", *said.pair)


# ── 4 Technical ──────────────────────────────────────────────────────────────────────────────────


def _technical(document: Document, gathering: Gathering) -> None:
    """The first location names the work. Files of others have no place in a record, nor their formats and sizes."""
    for position, said in enumerate(document.locations()):
        found = understood.identifier(said.words)
        if found and (position == 0 or found in gathering.listed("identifiers")):
            gathering.add("identifiers", found, "lom:technical/location", said.words)
            document.read(said.node)
    _duration(document, gathering, "technical", "duration", "play_time")
    for said in _read(document, _said(document, "technical", "otherplatformrequirements")):
        own = [line for line in said.words.split("\n") if not _need(line.strip(), gathering)]
        gathering.text("classroom.equipment", _REQUIREMENTS, "\n".join(own), said.language)


def _need(line: str, gathering: Gathering) -> bool:
    """Whether the line is one of those that we write, which is then among the needs."""
    field, code = lom_terms.said_needs().get(line, ("", ""))
    if field == "devices":
        gathering.add("classroom.devices", code, _REQUIREMENTS, line)
    elif field == "internet":
        gathering.set("classroom.internet", code, _REQUIREMENTS, line)
    return bool(field)


def _duration(document: Document, gathering: Gathering, category: str, name: str, field: str) -> None:
    """ISO 8601, also where LOM has room for words alone, or ``HH:MM:SS``."""
    for part in document.parts(category, name):
        for said in document.inside(part, "duration", "datetime", "description"):
            clock = _CLOCK.fullmatch(said.words)
            numbers = [int(number or 0) for number in clock.groups()] if clock else []
            value = understood.duration("PT{}H{}M{}S".format(*numbers) if any(numbers) else said.words)
            if value and gathering.first(field, value):
                document.read(said.node)


# ── 5 Educational ────────────────────────────────────────────────────────────────────────────────


def _educational(document: Document, gathering: Gathering) -> None:
    for node, words in document.terms("educational", "interactivitytype"):
        uri = _meant(words, lambda word: vocabularies.canonical("interactivity", word))
        if uri and gathering.first("interactivity", uri):
            document.read(node)
    _resource_type(document, gathering)
    _audience(document, gathering)
    _levels(document, gathering)
    for said in _said(document, "educational", "typicalagerange"):
        ages = _ages(said.words)
        if ages and gathering.first("age_range", ages):
            document.read(said.node)
    _duration(document, gathering, "educational", "typicallearningtime", "study_time")
    _comments(document, gathering)
    for said in _said(document, "educational", "language"):
        if understood.language(said.words) in gathering.listed("languages"):
            document.read(said.node)


def _comments(document: Document, gathering: Gathering) -> None:
    """5.10: what we say there ourselves; comments of others have no place in a record."""
    for said in _said(document, "educational", "description"):
        use = vocabularies.canonical("educational-use", said.words)
        group = lom_terms.said_group(said.words)
        if use:
            gathering.add("educational_use", use, "lom:educational/description", said.words)
        for field, number in group.items():
            gathering.put(f"classroom.{field}", number)
        if use or group:
            document.read(said.node)


def _meant(words: list[str], understand: Callable[[str], str | None]) -> str | None:
    return next((uri for uri in map(understand, words) if uri), None)


def _resource_type(document: Document, gathering: Gathering) -> None:
    """The term of HCRT where there is one, else the first word that means one of its terms."""
    types = [
        (node, words, _meant([word.replace("/dini-ag-kim/", "/kim/") for word in words], understood.resource_type))
        for node, words in document.terms("educational", "learningresourcetype")
    ]
    known = [(any("/hcrt/" in word for word in words), uri) for _, words, uri in types if uri]
    if not known:
        return
    chosen = max(known, key=lambda one: one[0])[1]
    gathering.put("resource_type", chosen)
    for node, words, uri in types:
        if uri == chosen or lom_terms.word(lom_terms.TYPES, chosen) in [word.lower() for word in words]:
            document.read(node)


def _audience(document: Document, gathering: Gathering) -> None:
    """LRMI's roles by URI; LOM's words beside them only where they say more."""
    roles = [
        (node, words, _meant(words, understood.audience))
        for node, words in document.terms("educational", "intendedenduserrole")
    ]
    named = {uri for _, words, uri in roles if uri and any("://" in word for word in words)}
    implied = {lom_terms.word(lom_terms.ROLES, uri) for uri in named}
    for node, words, uri in roles:
        if uri:
            document.read(node)
            if uri in named or not implied & set(map(str.lower, words)):
                gathering.add("audience", uri, "lom:educational/intendedEndUserRole", words[0])


def _levels(document: Document, gathering: Gathering) -> None:
    """5.6, where 9 has not told the level already in other words."""
    implied = {lom_terms.word(lom_terms.CONTEXTS, uri) for uri in gathering.listed("levels")}
    for node, words in document.terms("educational", "context"):
        told = implied & set(map(str.lower, words))
        uri = None if told else _meant(words, understood.level) or _meant(words, lom_terms.level)
        if uri:
            gathering.add("levels", uri, "lom:educational/context", words[0])
        if uri or told:
            document.read(node)


def _ages(said: str) -> AgeRange | None:
    """``7-9``, ``18-``, ``12-U`` (LRE), ``12+``, ``15``: years."""
    match = _AGES.fullmatch(said.strip())
    if not match:
        return None
    low = int(match[1])
    return AgeRange(minimum=low, maximum=int(match[2]) if match[2] else None if match[3] else low)


# ── 6 Rights ─────────────────────────────────────────────────────────────────────────────────────


def _rights(document: Document, gathering: Gathering) -> None:
    notes: list[str] = []
    for said in _read(document, _said(document, "rights", "description")):
        lines = [line.strip() for line in said.words.split("\n")]
        note = "\n".join(line for line in lines if not _condition(line, gathering))
        gathering.text("rights_note", "lom:rights/description", note, said.language, joined="\n\n")
        notes.append(note)
    restrictions = list(document.terms("rights", "copyrightandotherrestrictions"))
    for words in (notes, *(words for _, words in restrictions)):
        licence = _meant(words, understood.licence)
        if licence:
            gathering.first("licence", licence)
    for said in _said(document, "rights", "url"):  # of Invenio, beside the description
        licence = understood.licence(said.words)
        if licence and gathering.first("licence", licence):
            document.read(said.node)
    if gathering.get("licence"):  # which says what is restricted
        document.read(*(node for node, _ in restrictions))
    document.read(*(node for node, words in document.terms("rights", "cost") if words[:1] == ["no"]))


def _condition(line: str, gathering: Gathering) -> bool:
    """Whether the line is one of those that stand for a field of their own: licence, access, holder."""
    known = licences.canonical(line)
    if known:
        return gathering.first("licence", known)
    access = understood.access(line) if line.startswith("info:eu-repo/") else None
    if access:
        if access.kind == "embargoed" or gathering.get("access") is None:
            gathering.put("access", access)
        return True
    holder = _HOLDER.fullmatch(line)
    return bool(holder and gathering.first("rights_holder", holder[1]))
