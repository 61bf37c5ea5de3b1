"""A partner's DataCite metadata as a record: kernels 2 to 4, bare or in the ``oai_datacite`` envelope.

Elements are known by their local names: partners write every version of the namespace, and some that of OAI-PMH.
Sources: DataCite Metadata Schema 2.2, 3.1 and 4.7; OpenAIRE Guidelines for Data Archives 2.0.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from metadata import values, vocabularies, xml
from metadata.crosswalks import datacite_reading as reading
from metadata.crosswalks import datacite_subjects, understood, wording
from metadata.crosswalks.datacite_reading import attribute, inside, said
from metadata.crosswalks.described import Loaded
from metadata.crosswalks.fitting import fitted
from metadata.crosswalks.gathering import Gathering
from metadata.crosswalks.nodes import local
from metadata.record import Access, AgeRange, Alignment

Nodes = list[xml.Element]

_LANG = xml.name("xml:lang")
_SCHEME = ("subjectScheme", "classificationCode", "valueURI")
_AGES = re.compile(r"(?P<low>\d{1,3})?-(?P<high>\d{1,3})?|(?P<only>\d{1,3})")
# resourceTypeGeneral → type of learning resource, where the free text beside it says nothing we know.
_TYPES = {
    "Audiovisual": "video",
    "Book": "text",
    "BookChapter": "text",
    "ConferencePaper": "text",
    "DataPaper": "text",
    "Dataset": "data",
    "Dissertation": "text",
    "Image": "image",
    "JournalArticle": "text",
    "Preprint": "text",
    "Presentation": "slide",
    "Report": "text",
    "Software": "application",
    "Sound": "audio",
    "Text": "text",
}
_DATES = {"Issued": "issued", "Created": "created", "Updated": "modified", "Coverage": "coverage.period"}
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EMBARGOED = re.compile(
    r"info:eu-repo/semantics/embargoedaccess|https?://purl\.org/coar/access_right/c_f1cf", re.IGNORECASE
)


def load(root: xml.Element) -> Loaded:
    """The ``resource`` at or below the root. Without one, all that is said is told as unmapped."""
    gathering = Gathering()
    resource = next((node for node in root.iter() if local(node) == "resource"), None)
    if resource is None:
        for node in root.iter():
            gathering.leave(local(node), node.text or "")
        return fitted(gathering.loaded())
    found: dict[str, Nodes] = {}
    for child in resource:
        found.setdefault(local(child), []).append(child)
    for name, nodes in found.items():
        if name not in _PROPERTIES and name not in _TOGETHER:
            for node in nodes:
                gathering.leave(name, said(node))
    for name, read in _PROPERTIES.items():
        read(gathering, found.get(name, []))
    embargoed = _rights(gathering, [*inside(found.get("rightsList", []), "rights"), *found.get("rights", [])])
    _dates(gathering, found.get("dates", []), found.get("publicationYear", []), embargoed)
    reading.related(gathering, found.get("relatedIdentifiers", []), found.get("relatedItems", []))
    return fitted(gathering.loaded())


def _texts(gathering: Gathering, field: str, nodes: Iterable[xml.Element]) -> None:
    """One text per language; the others are left."""
    for node in nodes:
        gathering.text(field, local(node), said(node), node.get(_LANG))


def _titles(gathering: Gathering, nodes: Nodes) -> None:
    """Main and translated titles, one per language; every other is an alternative."""
    others = []
    for node in inside(nodes, "title"):
        lang = (node.get(_LANG) and understood.language(node.get(_LANG) or "")) or "und"
        main = attribute(node, "titleType") in ("", "TranslatedTitle")
        if main and not gathering.speaks("title", lang):
            _texts(gathering, "title", [node])
        else:
            others.append(node)
    _texts(gathering, "alternative", others)


def _descriptions(gathering: Gathering, nodes: Nodes) -> None:
    """The abstract, or what is called "other" where there is none."""
    kinds: dict[str, Nodes] = {}
    for node in inside(nodes, "description"):
        kinds.setdefault(attribute(node, "descriptionType") if said(node) else "", []).append(node)
    _texts(gathering, "description", kinds.pop("Abstract", []) or kinds.pop("Other", []))
    for kind, others in kinds.items():
        for node in others:
            gathering.leave(f"description {kind}".strip(), said(node))


def _identifier(gathering: Gathering, nodes: Nodes) -> None:
    reading.identifiers(gathering, nodes, "identifierType")


def _alternate_identifiers(gathering: Gathering, nodes: Nodes) -> None:
    reading.identifiers(gathering, inside(nodes, "alternateIdentifier"), "alternateIdentifierType")


def _languages(gathering: Gathering, nodes: Nodes) -> None:
    for node in nodes:
        gathering.add("languages", understood.language(said(node)), "language", said(node))


def _resource_type(gathering: Gathering, nodes: Nodes) -> None:
    """By the free text, which may repeat the general type (``Dataset/Census Data``), else by the general type."""
    for node in nodes:
        text, general = said(node), attribute(node, "resourceTypeGeneral")
        exact = understood.resource_type(text) or understood.resource_type(text.rpartition("/")[2]) if text else None
        wide = wording.HCRT + _TYPES[general] if general in _TYPES else None
        told = f"{text} ({general})" if text and general else text or general
        if exact or wide:
            gathering.set("resource_type", exact or wide, "resourceType", told)
        if not exact and (text or not wide):
            gathering.leave("resourceType", told)


# ── Subjects ─────────────────────────────────────────────────────────────────────────────────────

_TERMS = {"isced-levels": "levels", "audience": "audience", "sdg": "alignments", "ict-cft": "alignments"}


def _subjects(gathering: Gathering, nodes: Nodes) -> None:
    """Terms by their addresses, ages, and keywords; where no subject was named so, keywords that name one exactly."""
    plain: Nodes = []
    aligned: dict[str, Nodes] = {}
    found = False
    for node in inside(nodes, "subject"):
        field, uri = _by_address(attribute(node, "valueURI"))
        found = found or field == "subjects"
        if field == "alignments":
            aligned.setdefault(uri, []).append(node)
        elif field:
            gathering.add(field, uri, "subject", said(node))
        elif not _by_age(gathering, node):
            plain.append(node)
    for uri, named in aligned.items():
        _aligned(gathering, uri, named)
    for node in plain:
        text = said(node)
        if any(character.isalpha() for character in text):  # "610" is no word
            gathering.keyword("subject", text, node.get(_LANG))
        scheme = " ".join(filter(None, (attribute(node, name) for name in _SCHEME)))
        gathering.leave("subject", f"{text} ({scheme})" if text and scheme else "")
        exact = None if found else understood.subject(text)
        if exact:
            gathering.add("subjects", exact, "subject", text)


def _by_address(address: str) -> tuple[str, str]:
    """(field, URI) of a term of a vocabulary that records know, two empty texts for any other address."""
    if "://" in address:
        subject = understood.subject(address)
        if subject:
            return "subjects", subject
        for scheme, field in _TERMS.items():
            uri = vocabularies.canonical(scheme, address)
            if uri:
                return field, uri
    return "", ""


def _aligned(gathering: Gathering, uri: str, nodes: Nodes) -> None:
    """A goal of the SDGs or of the ICT framework; names besides those of the vocabulary are the author's own."""
    scheme = "sdg" if vocabularies.term("sdg", uri) else "ict-cft"
    own = [(said(node), node.get(_LANG)) for node in nodes if said(node) not in _labels(scheme, uri)]
    kind, framework = ("sdg", None) if scheme == "sdg" else ("competency", "ict-cft")
    made = {"kind": kind, "target": uri, "framework": framework, "name": understood.texts(own)}
    gathering.add("alignments", Alignment.model_validate(made), "subject", uri)


def _labels(scheme: str, uri: str) -> set[str]:
    term = vocabularies.term(scheme, uri)
    return set(term.labels.values()) if term else set()


def _by_age(gathering: Gathering, node: xml.Element) -> bool:
    found = _AGES.fullmatch(said(node))
    if attribute(node, "subjectScheme") != datacite_subjects.AGE_RANGE[0] or not found or not any(found.groups()):
        return False
    low, high = found["only"] or found["low"], found["only"] or found["high"]
    ages = AgeRange(minimum=int(low) if low else None, maximum=int(high) if high else None)
    gathering.set("age_range", ages, "subject", said(node))
    return True


# ── Rights, dates, places ────────────────────────────────────────────────────────────────────────


def _rights(gathering: Gathering, nodes: Nodes) -> bool:
    """Access rights, the licence, and statements; whether the access is under an embargo.

    A licence's own name beside its address is no statement.
    """
    embargoed = False
    for node in nodes:
        text, uri = said(node), attribute(node, "rightsURI")
        access = understood.access(uri) or (None if uri else understood.access(text))
        if access:
            gathering.set("access", access, "rights", uri or text)
            embargoed = embargoed or bool(_EMBARGOED.fullmatch(uri))
            continue
        names = (uri, attribute(node, "rightsIdentifier"), text)
        licence = next(filter(None, map(understood.licence, filter(None, names))), None)
        if licence:
            gathering.set("licence", licence, "rights", uri or text)
        else:
            gathering.leave("rightsURI", uri)
        if not licence or understood.licence(text) is None:
            _texts(gathering, "rights_note", [node])
    return embargoed


def _dates(gathering: Gathering, nodes: Nodes, years: Nodes, embargoed: bool) -> None:
    """By type. ``Available`` ends an embargo where the rights say embargo; else it is a date of publication."""
    available = None
    for node in inside(nodes, "date"):
        kind, date = attribute(node, "dateType"), _date(node)
        field = _DATES.get(kind)
        if date and kind == "Available" and available is None:
            available = date
        elif date and field:
            gathering.set(field, date, kind, said(node))
        else:
            gathering.leave(kind or "date", said(node))
    if available and embargoed and _DAY.fullmatch(available):
        gathering.put("access", Access.model_validate({"kind": "embargoed", "until": available}))
    elif available:
        gathering.set("issued", available, "Available", available)
    for node in years:
        year = understood.date(said(node))
        if not year:
            gathering.leave("publicationYear", said(node))
        elif not str(gathering.get("issued") or "").startswith(year):
            gathering.set("issued", year, "publicationYear", year)


def _date(node: xml.Element) -> str | None:
    """The date itself, or what ``dateInformation`` says more exactly where we wrote it."""
    exact = attribute(node, "dateInformation").partition("EDTF ")[2]
    return exact if exact and values.is_edtf(exact) else understood.date(said(node))


def _places(gathering: Gathering, nodes: Nodes) -> None:
    """Names of places as one text, since nobody tells their language; countries by code; coordinates are left."""
    for node in (node for place in inside(nodes, "geoLocation") for node in place):
        text = " ".join(said(node).split())
        if local(node) != "geoLocationPlace":
            parts = (f"{local(inner)} {inner.text}" for inner in node.iter() if (inner.text or "").strip())
            gathering.leave(local(node), " ".join(parts))
        elif values.is_country(text):
            gathering.add("coverage.countries", text, "geoLocationPlace", text)
        else:
            gathering.text("coverage.places", "geoLocationPlace", text, None, joined="; ")


def _sizes(gathering: Gathering, nodes: Nodes) -> None:
    for node in inside(nodes, "size"):
        text = said(node)
        gathering.set("play_time", understood.duration(text), "size", text)


def _formats(gathering: Gathering, nodes: Nodes) -> None:
    for node in inside(nodes, "format"):
        gathering.leave("format", said(node))


_PROPERTIES: Mapping[str, Callable[[Gathering, Nodes], None]] = {
    "identifier": _identifier,
    "creators": reading.creators,
    "titles": _titles,
    "publisher": reading.publisher,
    "resourceType": _resource_type,
    "subjects": _subjects,
    "contributors": reading.contributors,
    "language": _languages,
    "alternateIdentifiers": _alternate_identifiers,
    "sizes": _sizes,
    "formats": _formats,
    "descriptions": _descriptions,
    "geoLocations": _places,
    "fundingReferences": reading.funders,
}
_TOGETHER = frozenset({"dates", "publicationYear", "relatedIdentifiers", "relatedItems", "rights", "rightsList"})
