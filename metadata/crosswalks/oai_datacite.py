"""DataCite kernel 4 for OAI-PMH: the bare ``resource`` element.

Sources: DataCite Metadata Schema 4.7; OpenAIRE Guidelines for Data Archives 2.0 (metadataPrefix ``oai_datacite``,
identifier types besides DOI, access rights as ``info:eu-repo/semantics``, embargo as ``Accepted`` and ``Available``);
RKMS-ISO8601 for periods. The envelope of http://schema.datacite.org/oai/oai-1.1/ names the DataCite account that
registered the DOI, which a repository need not have: it is read, not written.
"""

from collections.abc import Iterator
from datetime import UTC

from metadata import licences, values, vocabularies, xml
from metadata.crosswalks import datacite, datacite_subjects, wording
from metadata.crosswalks.datacite import Value, value
from metadata.crosswalks.described import Described
from metadata.record import Agent, Record

PREFIX = "oai_datacite"
NAMESPACE = xml.NAMESPACES["datacite"]
SCHEMA = "https://schema.datacite.org/meta/kernel-4/metadata.xsd"
REVISION = "2"

UNAVAILABLE = ":unav"  # DataCite 4.7, appendix 3: value unavailable, possibly unknown
_NOBODY = datacite.Named(Agent(name=UNAVAILABLE), None, None)

# What a type says of the medium whatever the files are; the others go by their files.
_GENERAL = {
    "application": "Software",
    "audio": "Sound",
    "case_study": "Text",
    "course": "InteractiveResource",  # DataCite names training modules among its examples
    "data": "Dataset",
    "diagram": "Image",
    "educational_game": "InteractiveResource",
    "image": "Image",
    "index": "Text",
    "lesson_plan": "Text",
    "map": "Image",
    "portal": "InteractiveResource",
    "script": "Text",
    "simulation": "InteractiveResource",
    "slide": "Presentation",
    "text": "Text",
    "textbook": "Book",
    "video": "Audiovisual",
    "worksheet": "Text",
}
_BY_MEDIUM = {
    "Collection": "Collection",
    "Dataset": "Dataset",
    "Image": "Image",
    "InteractiveResource": "InteractiveResource",
    "MovingImage": "Audiovisual",
    "Software": "Software",
    "Sound": "Sound",
    "StillImage": "Image",
    "Text": "Text",
}


def dump(described: Described) -> bytes:
    """``<resource>`` with every mandatory property, ``:unav`` where a half-written record has none."""
    record = described.record
    schema = {"xsi:schemaLocation": f"{NAMESPACE} {SCHEMA}"}
    root = xml.root("datacite:resource", schema, prefixes=("xsi",), default="datacite")
    main = datacite.main_identifier(described)
    kind = datacite.IDENTIFIER_TYPES[main.scheme]
    root.leaf("datacite:identifier", wording.bare(main) or UNAVAILABLE, {"identifierType": kind})
    creators = [named for named in datacite.creators(record) if named.who.name]
    datacite.people(root, "creators", "creator", creators or [_NOBODY])
    titles = list(datacite.titles(record))
    untitled = not any(text for text, attributes in titles if ("titleType", "AlternativeTitle") not in attributes)
    datacite.wrapped(root, "titles", "title", [*([value(UNAVAILABLE)] if untitled else []), *titles])
    _publisher(root, described)
    root.leaf("datacite:publicationYear", _issued(described)[0].strip("/")[:4])
    _resource_type(root, described)
    datacite.wrapped(root, "subjects", "subject", datacite_subjects.subjects(record))
    datacite.people(root, "contributors", "contributor", datacite.contributors(described))
    datacite.wrapped(root, "dates", "date", _dates(described))
    language = next((tag for tag in map(values.language, record.languages) if tag), None)
    if language:
        root.leaf("datacite:language", language)
    alternate = datacite.alternate_identifiers(described)
    datacite.wrapped(root, "alternateIdentifiers", "alternateIdentifier", alternate)
    datacite.wrapped(root, "relatedIdentifiers", "relatedIdentifier", _related_identifiers(record))
    datacite.wrapped(root, "sizes", "size", datacite.sizes(described))
    datacite.wrapped(root, "formats", "format", (value(file.media_type) for file in described.files))
    root.leaf("datacite:version", str(described.version))
    datacite.wrapped(root, "rightsList", "rights", _rights(record))
    abstract = datacite.texts(record.description, {"descriptionType": "Abstract"})
    datacite.wrapped(root, "descriptions", "description", abstract)
    datacite.places(root, record)
    datacite.funding(root, "datacite", record, {"schemeURI": "https://ror.org/"})
    _related_items(root, record)
    return root.tobytes()


def _publisher(root: xml.Node, described: Described) -> None:
    """The publisher, else the institution: the schema means whoever holds, archives or publishes."""
    who = datacite.publisher(described.record)
    if who and who.name:
        scheme = {"publisherIdentifierScheme": "ROR", "schemeURI": "https://ror.org/"} if who.ror else {}
        identifier = {"publisherIdentifier": wording.agent_uri("ror", who.ror), **scheme} if who.ror else {}
        root.leaf("datacite:publisher", who.name, identifier)
        return
    name = datacite.institution(described)
    text, attributes = next(datacite.texts([name] if name else []), value(UNAVAILABLE))
    root.leaf("datacite:publisher", text, dict(attributes))


def _resource_type(root: xml.Node, described: Described) -> None:
    """The kind of learning resource in English beside DataCite's general type."""
    uri = described.record.resource_type or ""
    term = vocabularies.term("hcrt", uri)
    label = vocabularies.label("hcrt", uri, "en") if term else uri
    attributes = {"resourceTypeGeneral": resource_type_general(described)}
    root.leaf("datacite:resourceType", label or UNAVAILABLE, attributes)


def resource_type_general(described: Described) -> str:
    """By the type of the resource where it fixes the medium; else what all files are, a collection if they differ."""
    known = _GENERAL.get((described.record.resource_type or "").removeprefix(wording.HCRT))
    if known:
        return known
    media = {wording.dcmi_type(file) for file in described.files}
    if len(media) > 1:
        return "Collection"
    return _BY_MEDIUM.get(next(iter(media), ""), "Other")


def _issued(described: Described) -> Value:
    published = described.published.astimezone(UTC).date().isoformat()
    return _date(described.record.issued, "Issued") or value(published, {"dateType": "Issued"})


def _dates(described: Described) -> Iterator[Value]:
    record = described.record
    issued = _issued(described)
    yield issued
    if record.access.kind == "embargoed" and record.access.until:
        yield value(issued[0].strip("/").partition("/")[0], {"dateType": "Accepted"})
        yield value(record.access.until.isoformat(), {"dateType": "Available"})
    period = record.coverage.period if record.coverage else None
    for edtf, kind in ((record.created, "Created"), (record.modified, "Updated"), (period, "Coverage")):
        said = _date(edtf, kind)
        if said:
            yield said


def _date(edtf: str | None, kind: str) -> Value | None:
    """W3CDTF, or a period by RKMS-ISO8601 (``2020/2021``, ``/1950``); what these cannot say stands beside as EDTF."""
    sides = (edtf or "").split("/")
    said = [values.w3cdtf(side) or "" for side in sides]
    if not any(said) or len(sides) > 2:
        return None
    text = "/".join(said)
    return value(text, {"dateType": kind, "dateInformation": None if text == edtf else f"EDTF {edtf}"})


def _related_identifiers(record: Record) -> Iterator[Value]:
    for other in datacite.relations(record):
        found = datacite.related(other.iri or "")
        if found:
            attributes = {"relatedIdentifierType": found[0], "relationType": other.relation}
            yield value(found[1], {**attributes, "relationTypeInformation": other.changes})


def _related_items(root: xml.Node, record: Record) -> None:
    """What is known by title, or by an identifier of a scheme that ``relatedIdentifier`` has no type for."""
    others = [other for other in datacite.relations(record) if other.title or _untyped(other)]
    if not others:
        return
    around = root.sub("datacite:relatedItems")
    for other in others:
        kind = "Collection" if other.relation == "IsPartOf" else "Other"
        attributes = {"relatedItemType": kind, "relationType": other.relation}
        if other.changes:
            attributes["relationTypeInformation"] = other.changes
        item = around.sub("datacite:relatedItem", attributes)
        found = datacite.related(other.iri or "")
        if found:
            item.leaf("datacite:relatedItemIdentifier", found[1], {"relatedItemIdentifierType": found[0]})
        elif other.iri:
            item.leaf("datacite:relatedItemIdentifier", other.iri)
        if other.creator:
            creator = item.sub("datacite:creators").sub("datacite:creator")
            creator.leaf("datacite:creatorName", other.creator)
        datacite.wrapped(item, "titles", "title", [value(other.title or "")])


def _untyped(other: datacite.Related) -> bool:
    return bool(other.iri) and datacite.related(other.iri or "") is None


def _rights(record: Record) -> Iterator[Value]:
    """Access rights first, then the licence in each language, then what else is said of rights."""
    label = wording.access_term(record).labels["en"]
    yield value(label, {"rightsURI": wording.access_right(record), "xml:lang": "en"})
    licence = licences.get(record.licence or "")
    if licence:
        spdx = {"rightsIdentifierScheme": "SPDX", "schemeURI": "https://spdx.org/licenses/"} if licence.spdx else {}
        attributes = {"rightsURI": licence.uri, "rightsIdentifier": licence.spdx, **spdx}
        yield from (value(label, {**attributes, "xml:lang": tag}) for label, tag in wording.labels(licence))
    elif record.licence:
        yield value(record.licence, {"rightsURI": datacite.address(record.licence)})
    yield from datacite.texts(record.rights_note)
