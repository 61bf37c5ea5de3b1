"""schema.org ``LearningResource`` in JSON-LD, as AMB profiles it, in the language of one reader.

Sources: AMB, Allgemeines Metadatenprofil für Bildungsressourcen 20231019 (https://w3id.org/kim/amb/20231019/) and its
JSON Schemas; schema.org 30.0; JSON-LD 1.1, section 4.2.4 (languages). What AMB does not know stands beside it in plain
schema.org. AMB closes some lists: what is not on them is left out or said by another property, but for the licence,
which is told as it is.
"""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date
from typing import Any
from urllib.parse import urlsplit

from metadata import values, vocabularies
from metadata.crosswalks import schema_org_nodes as nodes
from metadata.crosswalks import view
from metadata.crosswalks.described import Described
from metadata.crosswalks.schema_org_nodes import Node
from metadata.crosswalks.uris import uri
from metadata.record import AgeRange, Record, Text

AMB = "https://w3id.org/kim/amb/context.jsonld"
SCHEMA_ORG = "https://schema.org"
_TERMS = "http://schema.org/"

Value = tuple[str, Any]

# The schema.org class of an HCRT type beside LearningResource, where there is one that AMB takes.
CLASSES = {
    "application": "SoftwareApplication",
    "assessment": "Quiz",
    "audio": "AudioObject",
    "course": "Course",
    "diagram": "ImageObject",
    "educational_game": "Game",
    "image": "ImageObject",
    "map": "Map",
    "sheet_music": "SheetMusic",
    "slide": "PresentationDigitalDocument",
    "textbook": "Book",
    "video": "VideoObject",
    "web_page": "WebPage",
}
_NO_CLASS = frozenset({"LearningResource", "MediaObject", "Dataset"})  # of files, that say nothing or AMB refuses

_DURATION = re.compile(
    r"P(?=\d|T\d)(?:\d+Y)?(?:\d+M)?(?:\d+[DW])?(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?", re.ASCII
)
_SEVERAL = frozenset({"alternateName", "keywords"})
_ROLES = {"edt": "editor", "trl": "translator"}
_LOGIN = {
    "open": "http://w3id.org/kim/conditionsOfAccess/no_login",
    "institution": "http://w3id.org/kim/conditionsOfAccess/login",
}


def dump(described: Described, language: str) -> bytes:
    """One JSON-LD object in UTF-8. ``language`` is the reader's: ar, fr or en.

    Valid by the schemas of AMB where the record has a title and a licence on AMB's list. The default language of the
    context is that of the title; other languages of single properties are told in the context.
    """
    record = described.record
    spoken = _default(record, language)
    texts = dict(_texts(described, language))
    body: Node = {"id": uri(described.url), "type": _types(described)}
    body |= {name: _written(name, found) for name, found in texts.items()}
    body |= _values(described, language)
    context: Node = {"@language": spoken}
    for name, found in texts.items():
        tag = _told(found, spoken)
        if tag != spoken:
            context[name] = {"@id": f"{_TERMS}{name}", "@language": tag}
    whole = nodes.legal(nodes.filled({"@context": [AMB, SCHEMA_ORG, context], **body}))
    return (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode()


def _default(record: Record, language: str) -> str:
    """The language of the title where AMB lets a description be in it, else the reader's."""
    title = view.one(record.title, language)
    spoken = view.primary(title.lang) if title else language
    return spoken if spoken in nodes.LANGUAGES else language


def _told(texts: Sequence[Text], spoken: str) -> str | None:
    """The language of a property: None (no language) where its values have several or none."""
    tags = {text.lang if view.primary(text.lang) != spoken else spoken for text in texts}
    (tag, *others) = tags
    return None if others or tag == "und" or values.language(tag) is None else tag


def _texts(described: Described, language: str) -> Iterator[tuple[str, list[Text]]]:
    """Properties that hold words in a language; those with words only."""
    record = described.record
    title, description = view.one(record.title, language), view.one(record.description, language)
    accessibility = record.accessibility
    found: dict[str, list[Text]] = {
        "name": [title] if title else [],
        "alternateName": view.several(record.alternative, language),
        "description": [description] if description else [],
        "keywords": view.keywords(record, language),
        "copyrightNotice": _one(record.rights_note, language),
        "creditText": _one(record.citation_note, language),
        "accessibilitySummary": _one(accessibility.summary, language) if accessibility else [],
    }
    yield from ((name, texts) for name, texts in found.items() if texts)


def _one(texts: Sequence[Text], language: str) -> list[Text]:
    found = view.one(texts, language)
    return [found] if found else []


def _written(name: str, texts: Sequence[Text]) -> str | list[str]:
    return [text.value for text in texts] if name in _SEVERAL else texts[0].value


def _types(described: Described) -> list[str]:
    term = vocabularies.term("hcrt", described.record.resource_type or "")
    known = CLASSES.get(term.notation) if term else None
    if known is None:
        named = {file.group.extra["schema_type"] for file in described.files}
        known = named.pop() if len(named) == 1 and not named & _NO_CLASS else None
    return ["LearningResource", known] if known else ["LearningResource"]


def _values(described: Described, language: str) -> Iterator[Value]:
    record = described.record
    yield "url", uri(described.url)
    yield "identifier", _identifiers(described)
    yield "sameAs", nodes.uris(each.value for each in record.identifiers if each.scheme == "url")
    yield "inLanguage", nodes.languages(record.languages)
    yield from _people(described, language)
    yield from _dates(described)
    yield "version", str(described.version)
    yield from _rights(record)
    yield from _teaching(record, language)
    yield "encoding", nodes.files(described.files)
    yield from _relations(record)
    yield "spatialCoverage", nodes.places(record, language)
    yield "temporalCoverage", record.coverage.period if record.coverage else None
    if record.accessibility:
        yield from nodes.accessibility(record.accessibility)
    yield "mainEntityOfPage", [_description(described)]


def _identifiers(described: Described) -> list[Node]:
    ours = {"type": "PropertyValue", "propertyID": "OAI", "value": described.identifier}
    return [ours, *(node for each in described.record.identifiers if (node := nodes.identifier(each)))]


def _people(described: Described, language: str) -> Iterator[Value]:
    record = described.record
    yield "creator", nodes.agents(record.creators)
    yield "contributor", nodes.agents(record.contributors)
    for role, name in _ROLES.items():
        yield name, nodes.agents(each for each in record.contributors if each.role.endswith(f"/{role}"))
    yield "publisher", nodes.agents([record.publisher] if record.publisher else [])
    owner = view.institution(described, language)
    yield "sourceOrganization", [{"type": "Organization", "name": owner}] if owner else []
    yield "funder", [node for each in record.funders if "name" in (node := nodes.funder(each))]
    yield "funding", [nodes.grant(each) for each in record.funders if each.award]


def _dates(described: Described) -> Iterator[Value]:
    """Whole days: AMB takes neither ``2024`` nor ``2024-05``, and nothing is added to what is known."""
    record = described.record
    yield "dateCreated", _day(record.created)
    issued = _day(record.issued) if record.issued else described.published.astimezone(UTC).date().isoformat()
    yield "datePublished", issued
    yield "dateModified", _day(record.modified)


def _day(edtf: str | None) -> str | None:
    try:
        return date.fromisoformat(edtf).isoformat() if edtf and len(edtf) == len("2024-05-17") else None
    except ValueError:
        return None


def _rights(record: Record) -> Iterator[Value]:
    yield "license", nodes.licence(record.licence) if record.licence else None
    yield "copyrightHolder", {"name": record.rights_holder} if record.rights_holder else None
    if record.access.kind == "open":
        yield "isAccessibleForFree", True
    login = _LOGIN.get(record.access.kind)
    yield "conditionsOfAccess", {"type": "Concept", "id": login} if login else None


def _teaching(record: Record, language: str) -> Iterator[Value]:
    yield "learningResourceType", nodes.concepts("hcrt", [record.resource_type or ""])
    yield "educationalLevel", nodes.concepts("isced-levels", record.levels)
    yield "audience", nodes.concepts("audience", record.audience)
    yield "typicalAgeRange", _ages(record.age_range) if record.age_range else None
    yield "educationalUse", nodes.concepts("educational-use", record.educational_use)
    yield "interactivityType", next(iter(nodes.concepts("interactivity", [record.interactivity or ""])), None)
    yield "timeRequired", record.study_time
    yield "duration", record.play_time if _DURATION.fullmatch(record.play_time or "") else None
    yield "teaches", nodes.aligned(record.alignments, "teaches")
    yield "assesses", nodes.aligned(record.alignments, "assesses")
    yield "competencyRequired", nodes.aligned(record.alignments, "prerequisite")
    subjects = [nodes.subject(address, label.value) for address, label in view.subjects(record, language)]
    yield "educationalAlignment", [*subjects, *(nodes.alignment(each, language) for each in record.alignments)]


def _ages(given: AgeRange) -> str:
    """``13-14``, ``13-``, ``0-14``; empty where neither end is known."""
    if given.minimum is None and given.maximum is None:
        return ""
    return f"{given.minimum or 0}-{'' if given.maximum is None else given.maximum}"


def _relations(record: Record) -> Iterator[Value]:
    yield "isBasedOn", [node for each in record.sources if (node := nodes.source(each))]
    yield "translationOfWork", nodes.reference(record.translation_of) if record.translation_of else None
    yield "isPartOf", nodes.references(record.part_of)
    yield "hasPart", nodes.references(record.parts)


def _description(described: Described) -> Node:
    """The description, which is not the resource, and the repository that gives it, by its host."""
    parts = urlsplit(described.url)
    provider = {"type": "Service", "id": uri(f"{parts.scheme}://{parts.netloc}"), "name": parts.hostname}
    moment = described.published.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    address = uri(f"{described.url}#description")
    page = {"type": "WebContent", "id": address, "provider": provider, "dateModified": moment}
    return nodes.filled(page)
