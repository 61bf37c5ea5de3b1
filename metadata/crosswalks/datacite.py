"""Properties of DataCite kernel 4 as ``oai_datacite`` and ``oai_openaire`` both write them.

Source: DataCite Metadata Schema 4.7 (properties and appendix 1). OpenAIRE's profile of 4.0 knows only the lists of
DataCite 4.1 and fewer attributes; where the two differ, a parameter says so. Each function adds a whole property to
the element it is given, or nothing where there is nothing to say.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from metadata import values, vocabularies, xml
from metadata.crosswalks import wording
from metadata.crosswalks.described import Described
from metadata.record import Agent, Contributor, Funder, Identifier, Record, Text, pick

Attributes = tuple[tuple[str, str], ...]
Value = tuple[str, Attributes]

NAME_TYPES = {"person": "Personal", "organisation": "Organizational"}

# Marc roles that DataCite says with an element of its own: how the vocabulary names that element.
_ELEMENTS = frozenset({"creator", "publisher", "fundingReference"})

IDENTIFIER_TYPES: Mapping[str, str] = {
    "doi": "DOI",
    "handle": "Handle",
    "isbn": "ISBN",
    "issn": "ISSN",
    "url": "URL",
    "urn": "URN",
    "other": "Other",
}
_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/\S+")
_RELATED = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("DOI", r"(?:doi:|https?://(?:dx\.)?doi\.org/)(10\.\S+)"),
        ("Handle", r"(?:hdl:|https?://hdl\.handle\.net/)(\S+)"),
        ("ISBN", r"urn:isbn:(\S+)"),
        ("ISSN", r"urn:issn:(\S+)"),
        ("URN", r"(urn:\S+)"),
        ("ARK", r"(ark:\S+)"),
        ("URL", r"(https?://\S+)"),
    )
)


class Named(NamedTuple):
    """Somebody with their contributorType (creators have none), nameType where it is known, language of the name."""

    who: Agent
    role: str | None
    name_type: str | None
    lang: str | None = None


class Related(NamedTuple):
    """Another work: relationType, IRI, title, creator, and what was changed of it."""

    relation: str
    iri: str | None
    title: str | None
    creator: str | None = None
    changes: str | None = None


def value(text: str, attributes: Mapping[str, str | None] | None = None) -> Value:
    """A text with those of the attributes that have a value."""
    return text, tuple((name, said) for name, said in (attributes or {}).items() if said)


def wrapped(parent: xml.Node, wrapper: str, item: str, said: Iterable[Value]) -> None:
    """``<wrapper><item>…</item>…</wrapper>``, each text with the same attributes once; no wrapper around nothing."""
    kept = [entry for entry in dict.fromkeys(said) if entry[0]]
    if kept:
        around = parent.sub(f"datacite:{wrapper}")
        for text, attributes in kept:
            around.leaf(f"datacite:{item}", text, dict(attributes))


def texts(said: Iterable[Text], attributes: Mapping[str, str | None] | None = None) -> Iterator[Value]:
    for text in said:
        yield value(text.value, {**(attributes or {}), "xml:lang": wording.language(text)})


def address(said: str) -> str | None:
    """The value where it is an IRI: libxml2 refuses anything else as ``xs:anyURI``, and so would harvesters."""
    return said if values.is_iri(said) else None


# ── Titles, people, places ───────────────────────────────────────────────────────────────────────


def titles(record: Record) -> Iterator[Value]:
    """The first title is the main one; others say the same in other languages."""
    for index, text in enumerate(text for text in record.title if text.value):
        yield from texts([text], {"titleType": "TranslatedTitle" if index else None})
    yield from texts(record.alternative, {"titleType": "AlternativeTitle"})


def creators(record: Record) -> Iterator[Named]:
    """Creators, then contributors whose role (author, creator) DataCite counts among them."""
    for who in (*record.creators, *(one for one in record.contributors if role(one) == "creator")):
        yield Named(who, None, NAME_TYPES[who.kind])


def role(contributor: Contributor) -> str:
    """DataCite's contributorType, or ``creator``, ``publisher``, ``fundingReference`` for an element of its own."""
    term = vocabularies.term("contributor-roles", contributor.role)
    return term.extra.get("datacite_role", "Other") if term else "Other"


def contributors(described: Described) -> Iterator[Named]:
    """Whoever is no creator, publisher or funder; the institution and the holder of the rights."""
    record = described.record
    for name in described.institution:
        yield Named(wording.organisation(name.value), "HostingInstitution", "Organizational", wording.language(name))
    for one in record.contributors:
        kind = role(one)
        if kind not in _ELEMENTS:
            yield Named(one, kind, NAME_TYPES[one.kind])
        elif kind == "publisher" and one is not publisher(record):
            yield Named(one, "Distributor", NAME_TYPES[one.kind])
    holders = {one.name for one in record.contributors if role(one) == "RightsHolder"}
    if record.rights_holder and record.rights_holder not in holders:
        yield _holder(record, record.rights_holder)


def _holder(record: Record, name: str) -> Named:
    """With all that is known of the holder where the record names it elsewhere too, as person or organisation."""
    known = (*record.creators, *record.contributors, *filter(None, [record.publisher]))
    who = next((one for one in known if one.name == name), None)
    return Named(who or Agent(name=name), "RightsHolder", NAME_TYPES[who.kind] if who else None)


def publisher(record: Record) -> Agent | None:
    """The publisher of the record, else the first contributor who is one by role."""
    return record.publisher or next((one for one in record.contributors if role(one) == "publisher"), None)


def people(parent: xml.Node, wrapper: str, item: str, named: Iterable[Named]) -> None:
    """``<creators>`` or ``<contributors>`` with names, identifiers (ORCID, ROR) and affiliations."""
    known = [(entry, name) for entry in named if (name := _name(entry.who))]
    if not known:
        return
    around = parent.sub(f"datacite:{wrapper}")
    for entry, name in known:
        node = around.sub(f"datacite:{item}", {"contributorType": entry.role} if entry.role else None)
        _, attributes = value(name, {"nameType": entry.name_type, "xml:lang": entry.lang})
        node.leaf(f"datacite:{item}Name", name, dict(attributes))
        _details(node, entry.who)


def _name(who: Agent) -> str:
    return wording.name(who) if who.kind == "person" else who.name


def _details(node: xml.Node, who: Agent) -> None:
    for part, said in (("givenName", who.given), ("familyName", who.family)):
        if said and who.kind == "person":
            node.leaf(f"datacite:{part}", said)
    for scheme, uri in wording.agent_uris(who).items():
        attributes = {"nameIdentifierScheme": scheme.upper(), "schemeURI": uri.rpartition("/")[0]}
        node.leaf("datacite:nameIdentifier", uri, attributes)
    for affiliation in who.affiliations:
        if affiliation.name:
            uri = wording.agent_uri("ror", affiliation.ror) if affiliation.ror else ""
            by_ror = {"affiliationIdentifierScheme": "ROR", "schemeURI": "https://ror.org"}
            attributes = {"affiliationIdentifier": uri, **by_ror} if uri else {}
            node.leaf("datacite:affiliation", affiliation.name, attributes)


def institution(described: Described) -> Text | None:
    """The institution's name in the language of the main title, else the first."""
    spoken = next((text.lang for text in described.record.title if text.value), "und")
    return pick([name for name in described.institution if name.value], spoken.partition("-")[0])


def funders(record: Record) -> Iterator[Funder]:
    """The funders of the record, and contributors whose role is to fund."""
    yield from record.funders
    for one in record.contributors:
        if role(one) == "fundingReference":
            yield Funder(name=one.name, ror=one.ror)


def funding(root: xml.Node, prefix: str, record: Record, attributes: Mapping[str, str] | None = None) -> None:
    """``fundingReferences``, each funder once; ``attributes`` are those of an identifier besides its type."""
    known = [funder for funder in dict.fromkeys(funders(record)) if funder.name]
    if not known:
        return
    around = root.sub(f"{prefix}:fundingReferences")
    for funder in known:
        node = around.sub(f"{prefix}:fundingReference")
        node.leaf(f"{prefix}:funderName", funder.name)
        if funder.ror:
            said = {"funderIdentifierType": "ROR", **(attributes or {})}
            node.leaf(f"{prefix}:funderIdentifier", wording.agent_uri("ror", funder.ror), said)
        if funder.award:
            node.leaf(f"{prefix}:awardNumber", funder.award)


def places(parent: xml.Node, record: Record) -> None:
    """Places by name and countries by code (ISO 3166-1), each a ``geoLocation``."""
    coverage = record.coverage
    said = [*(text.value for text in coverage.places), *coverage.countries] if coverage else []
    kept = [place for place in dict.fromkeys(said) if place]
    if kept:
        around = parent.sub("datacite:geoLocations")
        for place in kept:
            around.sub("datacite:geoLocation").leaf("datacite:geoLocationPlace", place)


def sizes(described: Described) -> Iterator[Value]:
    """Bytes of each file, and how long the resource plays (ISO 8601)."""
    yield from (value(f"{file.size} B") for file in described.files)
    if described.record.play_time:
        yield value(described.record.play_time)


# ── Identifiers ──────────────────────────────────────────────────────────────────────────────────


def main_identifier(described: Described) -> Identifier:
    """What names the work best: its DOI, else its handle, else our page about it."""
    identifiers = described.record.identifiers
    doi = (one for one in identifiers if one.scheme == "doi" and _DOI.fullmatch(wording.bare(one)))
    handle = (one for one in identifiers if one.scheme == "handle" and wording.bare(one))
    return next(doi, None) or next(handle, None) or described.page


def alternate_identifiers(described: Described) -> Iterator[Value]:
    """All other names of the work, our page and the OAI identifier among them."""
    main = main_identifier(described)
    for one in (described.page, *described.record.identifiers):
        if one != main:
            yield value(wording.bare(one), {"alternateIdentifierType": IDENTIFIER_TYPES[one.scheme]})
    yield value(described.identifier, {"alternateIdentifierType": "oai"})


def related(iri: str) -> tuple[str, str] | None:
    """(relatedIdentifierType, value) of an IRI, None for schemes that DataCite has no type for, such as ``oai:``."""
    for kind, pattern in _RELATED:
        match = pattern.fullmatch(iri)
        if match:
            return kind, match[1]
    return None


def relations(record: Record) -> Iterator[Related]:
    """Everything the record points at."""
    if record.translation_of:
        yield Related("IsTranslationOf", record.translation_of.identifier, record.translation_of.title)
    for source in record.sources:
        changes = source.changes[0].value if source.changes else None
        yield Related("IsDerivedFrom", source.identifier, source.title, source.creator, changes)
    for relation, references in (("IsPartOf", record.part_of), ("HasPart", record.parts)):
        for reference in references:
            yield Related(relation, reference.identifier, reference.title)
