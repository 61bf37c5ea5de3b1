"""Reading titles, names, dates, identifiers and related items of MODS; the rest is in ``mods_load``."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from metadata import rules, values, vocabularies, xml
from metadata.crosswalks import understood, wording
from metadata.crosswalks.gathering import Gathering
from metadata.crosswalks.nodes import children, local
from metadata.record import Affiliation, Agent, Contributor, Funder, Identifier, Reference, Source, Text

_LANG = xml.name("xml:lang")
_CREATORS = frozenset(["aut", "cre"])
_KINDS = {"personal": "person", "corporate": "organisation", "conference": "organisation"}
_DATES = {"dateIssued": "issued", "dateCreated": "created", "dateModified": "modified"}
_MARKS = {"approximate": "~", "questionable": "?"}
_MARC_DATE = re.compile(r"\d{1,3}u{1,3}", re.ASCII)
_WHOLE = {"host": "part_of", "constituent": "parts"}
# Other relations, as otherType or the last part of otherTypeURI.
_TRANSLATED = frozenset(["translationofwork", "translationof", "istranslationof", "translation of"])
_BASED = frozenset(["isbasedon", "adaptationof", "isderivedfrom", "adaptation of", "based on"])


# ── Nodes ────────────────────────────────────────────────────────────────────────────────────────


def said(node: xml.Element) -> str:
    """The text in and below an element, its parts apart."""
    return (
        " ".join(" ".join(str(piece) for piece in node.itertext()).split()) if len(node) else (node.text or "").strip()
    )


def language(node: xml.Element) -> str | None:
    """``xml:lang``, else the code of MODS."""
    return node.get(_LANG) or node.get("lang")


def addresses(node: xml.Element) -> list[str]:
    """``valueURI`` and ``xlink:href``, where they say something."""
    found = (node.get("valueURI"), node.get(xml.name("xlink:href")))
    return [one.strip() for one in found if one and one.strip()]


def note_type(node: xml.Element) -> str:
    """The type of a note, or the property that its ``typeURI`` names, in small letters."""
    named = (node.get("typeURI") or "").rpartition("/")[2] or node.get("type") or ""
    return " ".join(named.lower().split())


# ── Titles ───────────────────────────────────────────────────────────────────────────────────────


def title(node: xml.Element) -> tuple[str, str | None]:
    """The words of a ``titleInfo`` in reading order, and their language."""
    parts = {name: [said(child) for child in children(node, name)] for name in ("nonSort", "title", "subTitle")}
    words = _articled("".join(parts["nonSort"][:1]), " ".join(parts["title"]))
    rest = [said(child) for child in children(node, "partNumber", "partName")]
    whole = ". ".join(one for one in (": ".join(one for one in (words, *parts["subTitle"]) if one), *rest) if one)
    titles = children(node, "title")
    return whole or (said(node) if not len(node) else ""), language(node) or (language(titles[0]) if titles else None)


def _articled(article: str, words: str) -> str:
    """An elided or Arabic article is part of its word."""
    apart = "" if not article or article[-1] in "'’-" or re.fullmatch("[\u0627\u0671]\u0644", article) else " "
    return f"{article}{apart}{words}".strip()


# ── Names ────────────────────────────────────────────────────────────────────────────────────────


def name(gathering: Gathering, node: xml.Element) -> None:
    """A creator without a role; with roles, each has its place."""
    agent = _agent(node)
    if agent is None:
        gathering.leave("name", said(node))
        return
    roles = [found for role in children(node, "role") for found in _roles(role)]
    for code, words in dict.fromkeys(roles) or {("cre", ""): None}:
        _placed(gathering, node, agent, code, words)
    for child in children(node, "description", "alternativeName"):
        if not any(code == "fnd" for code, _ in roles) or local(child) != "description":
            gathering.leave(f"name/{local(child)}", said(child))
    for part in children(node, "namePart"):
        if part.get("type") in ("date", "termsOfAddress"):
            gathering.leave(f"name/namePart[{part.get('type')}]", f"{agent.name}: {said(part)}")


def _placed(gathering: Gathering, node: xml.Element, agent: Agent, code: str, words: str) -> None:
    if code in _CREATORS:
        gathering.add("creators", agent, "name", agent.name)
    elif code == "fnd":
        award = next((said(child) for child in children(node, "description")), None)
        gathering.add("funders", Funder(name=agent.name, ror=agent.ror, award=award or None), "name", agent.name)
    elif code == "cph" and gathering.get("rights_holder") is None:
        gathering.put("rights_holder", agent.name)
    elif code == "pbl" and gathering.get("publisher") is None:
        gathering.put("publisher", agent)
    else:
        known = f"{wording.RELATORS}{code}" in vocabularies.terms("contributor-roles")
        role = wording.RELATORS + (code if known else "ctb")
        gathering.add("contributors", Contributor(**agent.model_dump(), role=role), "name", agent.name)
        if not known:
            gathering.leave("name/role", f"{words} ({agent.name})")


def _roles(role: xml.Element) -> Iterator[tuple[str, str]]:
    """Relator code and words of one role, which may be said as code and as text; the words where no code is known."""
    found = [(_code(term), said(term)) for term in children(role, "roleTerm")]
    known = [(code, words) for code, words in found if code]
    yield from known[:1] or [("", words) for _, words in found[:1] if words]


def _code(term: xml.Element) -> str:
    for one in (*addresses(term), said(term).strip(" .:")):
        uri = vocabularies.canonical("contributor-roles", one)
        if uri:
            return uri.rpartition("/")[2]
    return ""


def _agent(node: xml.Element) -> Agent | None:
    """Built from its parts; identifiers count where they are an ORCID or a ROR."""
    parts: dict[str, list[str]] = {"": [], "family": [], "given": []}
    for part in children(node, "namePart"):
        if (part.get("type") or "") in parts and said(part):
            parts[part.get("type") or ""].append(said(part))
    plain, family, given = parts.values()
    shown = next((said(child) for child in children(node, "displayForm") if said(child)), "")
    identifiers = [*(said(child) for child in children(node, "nameIdentifier")), *addresses(node)]
    known = " ".join(one for one in map(_name_address, identifiers) if one)
    if family and given:
        words, kind = f"{' '.join(family)}, {' '.join(given)}", "person"
    else:
        words, kind = " ".join(plain) or shown or " ".join([*given, *family]), _KINDS.get(node.get("type") or "", "")
    agent = understood.agent(f"{words} {known}", kind or None) if words else None
    if agent is None:
        return None
    more: dict[str, Any] = {}
    if family and given and (clean := understood.agent(shown, "person")) and not clean.family:
        more["name"] = clean.name
    affiliations = dict.fromkeys(" ".join(said(child).split()) for child in children(node, "affiliation"))
    more["affiliations"] = [Affiliation(name=one) for one in affiliations if one]
    return agent.model_copy(update=more)


def _name_address(said_identifier: str) -> str:
    """An ORCID or a ROR as an address, bare ORCIDs too."""
    if re.search(r"orcid\.org/|ror\.org/", said_identifier):
        return said_identifier.replace("http://", "https://")
    return said_identifier if re.fullmatch(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]", said_identifier) else ""


def publisher(gathering: Gathering, node: xml.Element) -> None:
    """``publisher``; what else is in ``originInfo`` and is no date is told."""
    for child in node:
        words = said(child)
        if local(child) == "publisher":
            address = next((one for one in map(_name_address, addresses(child)) if one), "")
            agent = understood.agent(f"{words} {address}")
            if agent and gathering.get("publisher") in (None, agent):
                gathering.put("publisher", agent)
            else:
                gathering.leave("originInfo/publisher", words)
        elif local(child) not in _DATES and local(child) != "dateOther":
            gathering.leave(f"originInfo/{local(child)}", words)


# ── Dates ────────────────────────────────────────────────────────────────────────────────────────


def dates(gathering: Gathering, origins: Iterable[xml.Element]) -> None:
    """The most exact date of each kind; another one of the same kind, unless it is the same said shorter, is told."""
    nodes = [child for origin in origins for child in origin]
    for element, field in _DATES.items():
        for value, words in sorted(_read(nodes, element), key=lambda read: -_worth(read[0])):
            held = gathering.get(field)
            if not value:
                gathering.leave(f"originInfo/{element}", words)
            elif not held or not (value == values.w3cdtf(held) or held.startswith(value)):
                gathering.set(field, value, f"originInfo/{element}", words)
    for node in nodes:
        if local(node) == "dateOther":
            day = understood.date(said(node)) or ""
            if (node.get("type") or "").lower() in ("available", "embargo", "embargoend") and len(day) == 10:
                gathering.set("available", date.fromisoformat(day), "originInfo/dateOther", said(node))
            else:
                gathering.leave("originInfo/dateOther", f"{node.get('type') or ''} {said(node)}")


def _worth(value: str) -> int:
    """EDTF that says more than W3CDTF before it, longer before shorter."""
    return 0 if not value else len(value) + (100 if value != values.w3cdtf(value) else 0)


def _read(nodes: list[xml.Element], element: str) -> Iterator[tuple[str, str]]:
    """(EDTF, words) of each date; two points are one interval."""
    points: dict[str, xml.Element] = {}
    for node in nodes:
        if local(node) == element:
            point = node.get("point") or ""
            if point in ("start", "end") and point not in points:
                points[point] = node
            elif said(node):
                yield _date(node), said(node)
    start, end = (_date(points[side]) if side in points else "" for side in ("start", "end"))
    words = " – ".join(said(node) for node in points.values())
    if start and end and start != end and "/" not in start + end:
        yield f"{start}/{end}", words
    elif points:
        yield start or end, words


def _date(node: xml.Element) -> str:
    words = said(node)
    if node.get("encoding") == "marc" and _MARC_DATE.fullmatch(words) and len(words) == 4:
        return words.replace("u", "X")
    found = understood.date(words) or ""
    mark = _MARKS.get(node.get("qualifier") or "", "")
    return found + mark if mark and found == values.w3cdtf(found) else found


# ── Identifiers and related items ────────────────────────────────────────────────────────────────


def identifier(node: xml.Element) -> Identifier | None:
    """By its own words, by its type, or as one of a kind that is the partner's own."""
    words = said(node)
    kind = ((node.get("typeURI") or "").rpartition("/")[2] or node.get("type") or "").lower()
    for scheme in ("isbn", "issn"):
        if scheme in kind:
            return understood.identifier(f"{scheme}:{words}")
    found = understood.identifier(words) or (understood.identifier(f"{kind}:{words}") if kind else None)
    if found or kind != "local" or not words or len(words) > rules.LIMITS["identifiers.value"]:
        return found
    return Identifier(scheme="other", value=words)


def related(gathering: Gathering, node: xml.Element) -> None:
    """Hosts, constituents, originals of translations, sources; of other relations a record knows nothing."""
    kind = node.get("type") or ""
    other = ((node.get("otherTypeURI") or "").rpartition("/")[2] or node.get("otherType") or "").lower()
    address = _address(node)
    words = _title(node)
    if kind in _WHOLE and address:
        gathering.add(_WHOLE[kind], Reference(identifier=address, title=words), "relatedItem", said(node))
    elif other in _TRANSLATED and address:
        gathering.set("translation_of", Reference(identifier=address, title=words), "relatedItem", said(node))
    elif other in _BASED and (words or address):
        gathering.add("sources", _source(node, words or str(address), address), "relatedItem", said(node))
    else:
        gathering.leave(f"relatedItem[{kind or other}]", said(node))


def _title(node: xml.Element) -> str | None:
    found = (understood.text(title(child)[0], None) for child in children(node, "titleInfo"))
    return next((text.value for text in found if text), None)


def _address(node: xml.Element) -> str | None:
    """The first thing about a related item that leads to it."""
    candidates: list[str] = []
    for child in children(node, "identifier"):
        known = identifier(child)
        candidates += [said(child), *([wording.followable(known)] if known else [])]
    urls = (said(url) for location in children(node, "location") for url in children(location, "url"))
    return next((one for one in (*candidates, *urls, *addresses(node)) if understood.is_iri(one)), None)


def _source(node: xml.Element, words: str, address: str | None) -> Source:
    creators = [agent.name for child in children(node, "name") if (agent := _agent(child))]
    conditions = children(node, "accessCondition")
    named = (understood.licence(one) for child in conditions for one in (*addresses(child), said(child)))
    notes = ((said(child), language(child)) for child in children(node, "note") if note_type(child) == "modifications")
    changes: list[Text] = understood.texts(notes)
    return Source(
        identifier=address,
        title=words,
        creator=", ".join(creators) or None,
        licence=next((uri for uri in named if uri), None),
        changes=changes,
    )
