"""Reading DataCite's people, funders, identifiers and related works; the rest is in ``oai_datacite_load``."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from metadata import vocabularies, xml
from metadata.crosswalks import understood, wording
from metadata.crosswalks.gathering import Gathering
from metadata.crosswalks.nodes import local
from metadata.record import Affiliation, Agent, Contributor, Funder, Identifier, Reference, Source

# Standard values for unknown information (DataCite 4.7, appendix 3); before 4.4 they stood in brackets.
_UNKNOWN = re.compile(r"\(?:(?:unac|unal|unap|unas|unav|unkn|none|null|tba|etal)\b.*", re.DOTALL)

# What contributorType says of the role beyond the words of our own vocabulary.
_ROLES = {"DataCollector": "res", "DataManager": "cur", "ProjectManager": "pdr"}
_NOT_PEOPLE = frozenset({"RegistrationAgency", "RegistrationAuthority"})  # of the DOI, not of the work

# How an identifier of a type is written so that its scheme can be told.
_WRITTEN = {
    "arxiv": "arxiv:",
    "doi": "doi:",
    "eissn": "issn ",
    "handle": "hdl:",
    "isbn": "isbn ",
    "issn": "issn ",
    "lissn": "issn ",
    "pissn": "issn ",
    "pmid": "pmid:",
}
_LISTS = {"HasPart": "parts", "IsPartOf": "part_of", "IsPublishedIn": "part_of", "IsTranslationOf": "translation_of"}


# ── Nodes ────────────────────────────────────────────────────────────────────────────────────────


def said(node: xml.Element | None) -> str:
    """The text in and below an element, ``<br/>`` as a line end; empty where it says that the value is unknown."""
    if node is None:
        return ""
    text = "".join(_pieces(node)).strip()
    return "" if _UNKNOWN.fullmatch(text) else text


def _pieces(node: xml.Element) -> Iterator[str]:
    for inner in node.iter():
        if inner is not node and local(inner) == "br":
            yield "\n"
        yield inner.text or ""
        if inner is not node:
            yield inner.tail or ""


def line(node: xml.Element | None) -> str:
    """The text in one line and cleaned as names are."""
    found = understood.text(said(node), None)
    return " ".join(found.value.split()) if found else ""


def inside(nodes: Iterable[xml.Element], name: str) -> Iterator[xml.Element]:
    """The children with this local name of all the nodes: the items of a wrapper that may stand twice."""
    return (child for node in nodes for child in node if local(child) == name)


def one(node: xml.Element, name: str) -> xml.Element | None:
    return next(inside([node], name), None)


def attribute(node: xml.Element | None, name: str) -> str:
    return (node.get(name) or "").strip() if node is not None else ""


# ── People ───────────────────────────────────────────────────────────────────────────────────────


def creators(gathering: Gathering, nodes: Iterable[xml.Element]) -> None:
    for node in inside(nodes, "creator"):
        for who in _agents(gathering, node, "creatorName"):
            gathering.add("creators", who, "creator", who.name)


def contributors(gathering: Gathering, nodes: Iterable[xml.Element]) -> None:
    hosted = False
    for node in inside(nodes, "contributor"):
        kind = attribute(node, "contributorType") or "Other"
        for who in _agents(gathering, node, "contributorName"):
            if kind == "HostingInstitution" and hosted:
                gathering.leave(kind, who.name)  # the same one in another language, as a rule
            else:
                _contributor(gathering, kind, who)
            hosted = hosted or kind == "HostingInstitution"


def _contributor(gathering: Gathering, kind: str, who: Agent) -> None:
    if kind == "Funder":
        gathering.add("funders", Funder(name=who.name, ror=who.ror), "contributor", who.name)
    elif kind in _NOT_PEOPLE:
        gathering.leave(kind, who.name)
    elif kind == "RightsHolder" and not gathering.get("rights_holder"):
        gathering.put("rights_holder", who.name)
    else:
        code = _role(kind)
        if code is None:
            gathering.leave("contributorType", f"{kind} ({who.name})")
        whole = {**who.model_dump(), "role": wording.RELATORS + (code or "ctb")}
        if kind in ("HostingInstitution", "Distributor"):
            whole["kind"] = "organisation"
        gathering.add("contributors", Contributor.model_validate(whole), "contributor", who.name)


def _role(kind: str) -> str | None:
    """The code of the first role of our vocabulary that DataCite calls by this name."""
    if kind == "Other":
        return "ctb"
    for uri, term in vocabularies.terms("contributor-roles").items():
        if term.extra.get("datacite_role") == kind:
            return uri.removeprefix(wording.RELATORS)
    return _ROLES.get(kind)


def _agents(gathering: Gathering, node: xml.Element, name: str) -> Iterator[Agent]:
    """Usually one; a ``creatorName`` that follows another in the same ``creator`` begins the next person."""
    groups: list[list[xml.Element]] = []
    for child in node:
        if local(child) == name or not groups:
            groups.append([])
        groups[-1].append(child)
    for group in groups:
        who = _agent(gathering, name, group)
        if who:
            yield who


def _agent(gathering: Gathering, name: str, group: list[xml.Element]) -> Agent | None:
    first = next((child for child in group if local(child) == name), None)
    parts = {local(child): line(child) for child in group}
    given, family = parts.get("givenName"), parts.get("familyName")
    kind = {"Personal": "person", "Organizational": "organisation"}.get(attribute(first, "nameType"))
    who = understood.agent(said(first), kind or ("person" if given and family else None))
    if who is None:
        gathering.leave(name, said(first))
        return None
    details: dict[str, Any] = _identified(gathering, group, who)
    if given and family and who.kind == "person":
        details |= {"name": f"{given} {family}", "given": given, "family": family}
    return Agent.model_validate({**who.model_dump(), **details})


def _identified(gathering: Gathering, group: list[xml.Element], who: Agent) -> dict[str, Any]:
    """ORCID, ROR and affiliations; other identifiers are told with the name of their bearer."""
    found: dict[str, Any] = {"affiliations": []}
    for child in group:
        text = said(child)
        if local(child) == "affiliation" and text:
            scheme = attribute(child, "affiliationIdentifierScheme").upper()
            known = attribute(child, "affiliationIdentifier") if scheme in ("ROR", "") else ""
            place = Affiliation(name=line(child), ror=_ror(known))
            if place.name and place not in found["affiliations"]:
                found["affiliations"].append(place)
        elif local(child) == "nameIdentifier" and text:
            scheme = attribute(child, "nameIdentifierScheme").upper()
            if scheme == "ORCID" and re.search(r"\d{4}-?\d{4}-?\d{4}-?\d{3}[\dXx]", text):
                found["orcid"] = text.rstrip("/").rpartition("/")[2]
            elif scheme == "ROR" and _ror(text):
                found["ror"] = _ror(text)
            else:
                gathering.leave("nameIdentifier", f"{scheme} {text} ({who.name})")
    return found


def _ror(text: str) -> str | None:
    match = re.search(r"(?:^|ror\.org/)(0[a-z0-9]{6}\d\d)/?$", text.strip().lower())
    return match[1] if match else None


def publisher(gathering: Gathering, nodes: Iterable[xml.Element]) -> None:
    """The first; partners sent several before kernel 4."""
    for node in nodes:
        who = understood.agent(said(node), "organisation")
        ror = _ror(attribute(node, "publisherIdentifier"))
        known = who.model_copy(update={"ror": ror or who.ror}) if who else None
        gathering.set("publisher", known, "publisher", said(node))


def funders(gathering: Gathering, nodes: Iterable[xml.Element]) -> None:
    for node in inside(nodes, "fundingReference"):
        parts = {
            name: line(one(node, name)) for name in ("funderName", "funderIdentifier", "awardNumber", "awardTitle")
        }
        name, identifier, number, title = parts.values()
        ror = _ror(identifier)
        address = attribute(one(node, "awardNumber"), "awardURI")
        if name:
            made = Funder(name=name, ror=ror, award=number or title or address or None)
            gathering.add("funders", made, "funderName", name)
        rest = (
            ("fundingReference", "" if name else f"{identifier} {number} {title}"),
            ("funderIdentifier", "" if ror else identifier),
            ("awardTitle", title if number else ""),
            ("awardURI", address if number or title else ""),
        )
        for element, text in rest:
            gathering.leave(element, f"{text} ({name})" if text and name else text)


# ── Identifiers and related works ────────────────────────────────────────────────────────────────


def identifier(text: str, kind: str) -> Identifier | None:
    """By its type, else by how it looks."""
    written = _WRITTEN.get(kind.lower())
    found = understood.identifier(f"{written}{text}") if written else None
    return found or understood.identifier(text)


def identifiers(gathering: Gathering, nodes: Iterable[xml.Element], type_of: str) -> None:
    for node in nodes:
        text, kind = said(node), attribute(node, type_of)
        found = identifier(text, kind) if text else None
        gathering.add("identifiers", found, local(node), f"{text} ({kind})" if text and kind and not found else text)


def related(gathering: Gathering, identifiers: Iterable[xml.Element], items: Iterable[xml.Element]) -> None:
    """``relatedIdentifier`` with what ``relatedItem`` tells of the same work: title, creator, changes."""
    works: dict[tuple[str, str], dict[str, str]] = {}
    for node in inside(identifiers, "relatedIdentifier"):
        relation, text, kind = attribute(node, "relationType"), said(node), attribute(node, "relatedIdentifierType")
        iri = _iri(text, kind)
        if iri and (relation in _LISTS or relation == "IsDerivedFrom"):
            works.setdefault((relation, iri), {})["changes"] = attribute(node, "relationTypeInformation")
        else:
            gathering.leave("relatedIdentifier", f"{relation} {text}" if text else "")
    for node in inside(items, "relatedItem"):
        relation, known = attribute(node, "relationType"), one(node, "relatedItemIdentifier")
        title = line(next(inside(inside([node], "titles"), "title"), None))
        creator = line(next(inside(inside(inside([node], "creators"), "creator"), "creatorName"), None))
        iri = _iri(said(known), attribute(known, "relatedItemIdentifierType")) or ""
        if (relation in _LISTS and iri) or (relation == "IsDerivedFrom" and (iri or title)):
            work = works.setdefault((relation, iri or f"title:{title}"), {})
            work |= {"title": title, "creator": creator}
            work["changes"] = work.get("changes") or attribute(node, "relationTypeInformation")
        else:
            gathering.leave("relatedItem", " ".join(filter(None, (relation, title, said(known)))))
    for (relation, iri), work in works.items():
        _work(gathering, relation, iri, work)


def _work(gathering: Gathering, relation: str, iri: str, work: dict[str, str]) -> None:
    title, told = work.get("title") or None, f"{relation} {iri}"
    if relation == "IsDerivedFrom":
        changes = understood.texts([(work.get("changes", ""), None)])
        address = None if iri.startswith("title:") else iri
        made = Source(identifier=address, title=title or iri, creator=work.get("creator") or None, changes=changes)
        gathering.add("sources", made, "relatedIdentifier", told)
    elif _LISTS[relation] == "translation_of":
        gathering.set("translation_of", Reference(identifier=iri, title=title), "relatedIdentifier", told)
    else:
        gathering.add(_LISTS[relation], Reference(identifier=iri, title=title), "relatedIdentifier", told)


def _iri(text: str, kind: str) -> str | None:
    """The identifier as something to follow; an IRI of another scheme (``oai:``) as it is."""
    found = identifier(text, kind) if text else None
    if found is None:
        return None
    if found.scheme == "other":
        return found.value if re.match(r"(?i)(?:oai|ark|info):\S+$", found.value) else None
    return wording.followable(found)
