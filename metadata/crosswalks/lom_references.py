"""LOM 1.1, 7 and 9 read: identifiers, related works, and places in systems of others."""

from collections.abc import Iterator
from itertools import islice

from metadata import values, vocabularies
from metadata.crosswalks import understood
from metadata.crosswalks.gathering import Gathering
from metadata.crosswalks.lom_document import MOST, Document, Said, children
from metadata.record import Alignment, Identifier, Reference, Source
from metadata.xml import Element

# What 1.1.1 calls a catalogue → what goes before its entries.
_CATALOGUES = {
    "doi": "doi:",
    "handle": "hdl:",
    "handle.net": "hdl:",
    "hdl": "hdl:",
    "isbn": "urn:isbn:",
    "issn": "urn:issn:",
}
_PLAIN = ("uri", "url", "oai", "")


def identifier(document: Document, node: Element) -> Identifier | None:
    """1.1. An entry whose catalogue means nothing to us keeps it: ``ZOERR: 4711``."""
    catalogue, entry = _entry(document, node)
    if not entry:
        return None
    before = _CATALOGUES.get(catalogue.lower(), "")
    found = understood.identifier(before + entry) or understood.identifier(entry)
    if found or before or catalogue.lower() in ("uri", "url"):
        return found
    text = understood.text(f"{catalogue}: {entry}" if catalogue else entry, None)
    return Identifier(scheme="other", value=text.value) if text else None


def _entry(document: Document, node: Element) -> tuple[str, str]:
    """Catalogue and entry; IMS lets an identifier be text alone."""
    catalogues = [said.words for said in document.inside(node, "catalog")] if len(node) else []
    entries = [said.words for said in document.inside(node, "entry")]
    return " ".join("".join(catalogues[:1]).split()), " ".join("".join(entries[:1]).split())


# ── 7 Relation ───────────────────────────────────────────────────────────────────────────────────


def relations(document: Document, gathering: Gathering) -> None:
    """Parts, wholes and what the work is based on. Versions, formats, requirements have no place in a record."""
    for node in document.categories("relation")[:MOST]:
        kind = document.word(node, "kind").replace(" ", "")
        for resource in children(node, "resource"):
            if kind in ("ispartof", "haspart"):
                _part(document, gathering, "part_of" if kind == "ispartof" else "parts", resource)
            elif kind == "isbasedon":
                _source(document, gathering, resource)


def _part(document: Document, gathering: Gathering, field: str, resource: Element) -> None:
    iri = _iri(document, resource)
    if iri:
        said = _descriptions(document, resource)[:1]
        document.read(*(one.node for one in said))
        title = next((text.value for one in said if (text := understood.text(*one.pair))), None)
        gathering.add(field, Reference(identifier=iri, title=title), "lom:relation", iri)


def _source(document: Document, gathering: Gathering, resource: Element) -> None:
    """As we write one: title, what was changed, licence; of others a title is enough."""
    iri = _iri(document, resource)
    said = _descriptions(document, resource)
    licences = [one for one in said if values.is_iri(one.words) and one.words.startswith("http")]
    words = [text for one in said if one not in licences and (text := understood.text(*one.pair))]
    if words or iri:
        document.read(*(one.node for one in said))
        licence = next(((understood.licence(one.words) or one.words) for one in licences), None)
        title = words[0].value if words else str(iri)
        changes = understood.texts((text.value, text.lang) for text in words[1:])
        made = Source(identifier=iri, title=title, licence=licence, changes=changes)
        gathering.add("sources", made, "lom:relation", title)


def _descriptions(document: Document, resource: Element) -> list[Said]:
    return [said for node in children(resource, "description")[:MOST] for said in document.strings(node)]


def _iri(document: Document, resource: Element) -> str | None:
    """The first identifier that is an IRI, or that its catalogue makes one; read."""
    for node in children(resource, "identifier", "catalogentry"):
        catalogue, entry = _entry(document, node)
        before = _CATALOGUES.get(catalogue.lower(), "")
        for iri in (entry, before + entry):
            if understood.is_iri(iri):
                document.read(node)
                return iri
    return None


# ── 9 Classification ─────────────────────────────────────────────────────────────────────────────

_TAXON = "lom:classification/taxonPath/taxon"
_SUBJECTS = ("", "discipline", "idea")
_ALIGNED = {"competency": "competency", "educational objective": "curriculum", "prerequisite": "competency"}


def classification(document: Document, gathering: Gathering) -> None:
    for node in document.categories("classification")[:MOST]:
        purpose = document.word(node, "purpose")
        for path in children(node, "taxonpath")[:MOST]:
            taxons = list(islice(_taxons(document, path), MOST))
            if taxons and _placed(gathering, purpose, _source_of(document, path), taxons):
                document.read(path)
        if purpose in _SUBJECTS:
            for said in _strings(document, node, "keyword"):
                gathering.keyword("lom:classification/keyword", *said.pair)
                document.read(said.node)
        elif purpose == "accessibility restrictions":
            said_of = _strings(document, node, "description")
            document.read(*(said.node for said in said_of))
            for said in said_of:
                gathering.text("accessibility.summary", "lom:classification/description", *said.pair)


def _strings(document: Document, node: Element, name: str) -> list[Said]:
    return [said for child in children(node, name)[:MOST] for said in document.strings(child)][:MOST]


Taxon = tuple[str, list[Said]]  # id, entries


def _taxons(document: Document, path: Element) -> Iterator[Taxon]:
    """From the widest down: one beside the other (IEEE) or one inside the other (IMS)."""
    for node in children(path, "taxon"):
        identifiers = _strings(document, node, "id")
        yield identifiers[0].words if identifiers else "", _strings(document, node, "entry")
        yield from _taxons(document, node)


def _source_of(document: Document, path: Element) -> str:
    return next((said.words for said in _strings(document, path, "source")), "")


def _placed(gathering: Gathering, purpose: str, source: str, taxons: list[Taxon]) -> bool:
    """Whether the path found a place in the record."""
    names = _names(taxons[-1])
    framed = _framed(taxons[-1][0])
    if purpose in _SUBJECTS and not framed:
        return _subject(gathering, taxons, keywords=bool(purpose))
    if purpose == "educational level":
        level = next((uri for uri in map(understood.level, names) if uri), None)
        if level:
            gathering.add("levels", level, _TAXON, names[0])
        return bool(level)
    if purpose == "accessibility restrictions":
        return any(_accessible(gathering, name) for name in names)
    alignment = _alignment(purpose, source, taxons[-1]) if framed or purpose in _ALIGNED else None
    if alignment:
        gathering.add("alignments", alignment, _TAXON, names[0])
    return bool(alignment)


def _names(taxon: Taxon) -> list[str]:
    identifier, entries = taxon
    return [name for name in (identifier, *(said.words for said in entries)) if name]


def _subject(gathering: Gathering, taxons: list[Taxon], *, keywords: bool) -> bool:
    """The narrowest term that we know, and what lies below it as keywords; without one the narrowest as keyword."""
    for position in range(len(taxons) - 1, -1, -1):
        known = next((uri for uri in map(understood.subject, _names(taxons[position])) if uri), None)
        if known:
            gathering.add("subjects", known, _TAXON, known)
            for _, below in taxons[position + 1 :]:
                for said in below:
                    gathering.keyword(_TAXON, *said.pair)
            return True
    for said in taxons[-1][1] if keywords else ():
        gathering.keyword(_TAXON, *said.pair)
    return keywords and bool(taxons[-1][1]) and len(taxons) == 1


def _framed(identifier: str) -> vocabularies.Term | None:
    """The term of a framework that is never a subject, whatever the purpose and however alike the names."""
    return next((found for scheme in ("sdg", "ict-cft") if (found := vocabularies.term(scheme, identifier))), None)


def _alignment(purpose: str, source: str, taxon: Taxon) -> Alignment | None:
    names = understood.texts(said.pair for said in taxon[1])
    target = taxon[0] or (names[0].value if names else "")
    if not target:
        return None
    term = _framed(target)
    kind, framework = _ALIGNED.get(purpose, ""), source or None
    if term:
        kind, framework = ("sdg", None) if term.scheme == "sdg" else ("competency", "ict-cft")
        names = [] if {text.lang: text.value for text in names} == dict(term.labels) else names
    elif "/esco/" in target:  # occupations of ESCO and ISCO
        kind = "occupation"
    relation = vocabularies.canonical("alignment-relations", "prerequisite") if purpose == "prerequisite" else None
    return Alignment.model_validate(
        {"kind": kind, "target": target, "name": names, "framework": framework, "relation": relation}
    )


def _accessible(gathering: Gathering, uri: str) -> bool:
    for field, scheme in (
        ("modes", "access-modes"),
        ("features", "accessibility-features"),
        ("hazards", "accessibility-hazards"),
        ("controls", "accessibility-controls"),
    ):
        if vocabularies.term(scheme, uri):
            gathering.add(f"accessibility.{field}", uri, _TAXON, uri)
            return True
    return False
