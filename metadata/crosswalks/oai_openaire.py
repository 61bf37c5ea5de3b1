"""OpenAIRE's application profile for literature repositories, which also takes other research products.

Sources: OpenAIRE Guidelines for Literature, institutional and thematic Repositories 4.0 (schema 4.0, COAR
vocabularies of access rights and resource types). The schema borrows DataCite's elements with the lists of DataCite
4.1: what came later (``Translator``, ``IsTranslationOf``) is said by the nearest older word.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC

from metadata import licences, values, vocabularies, xml
from metadata.crosswalks import datacite, datacite_subjects, wording
from metadata.crosswalks.datacite import Named, Value, value
from metadata.crosswalks.described import Described, FileLink
from metadata.record import Record

PREFIX = "oai_openaire"
NAMESPACE = xml.NAMESPACES["oaire"]
SCHEMA = "https://www.openaire.eu/schema/repo-lit/4.0/openaire.xsd"
REVISION = "2"

_COAR = "http://purl.org/coar/resource_type/"
_OTHER = "c_1843"
# Types of learning resources with a COAR term of the same meaning in schema 4.0. That schema lacks the learning
# object (c_e059): talks written down are lectures, everything else is "other".
_TYPES = {
    "application": "c_5ce6",
    "audio": "c_18cc",
    "data": "c_ddb1",
    "diagram": "c_ecc8",
    "image": "c_c513",
    "map": "c_12cd",
    "script": "c_8544",
    "sheet_music": "c_18cw",
    "slide": "c_8544",
    "text": "c_18cf",
    "textbook": "c_2f33",
    "video": "c_12ce",
    "web_page": "c_7ad9",
}
_GENERAL = {"c_18cf": "literature", "c_2f33": "literature", "c_8544": "literature", "c_5ce6": "software"}
_GENERAL |= {"c_ddb1": "dataset"}
_IDENTIFIER_TYPES = {"doi": "DOI", "handle": "HANDLE", "url": "URL"}
_OLDER = {"Translator": "Other", "IsTranslationOf": "IsVersionOf"}
_OBJECTS = {"Text": "fulltext", "Dataset": "dataset", "Software": "software"}
_OPEN = "http://purl.org/coar/access_right/c_abf2"


def dump(described: Described) -> bytes:
    """``<oaire:resource>``; what a half-written record lacks is left out, the schema insists on nothing."""
    record = described.record
    schema = {"xsi:schemaLocation": f"{NAMESPACE} {SCHEMA}"}
    root = xml.root("oaire:resource", schema, prefixes=("oaire", "datacite", "dc", "dcterms", "xsi"))
    datacite.wrapped(root, "titles", "title", datacite.titles(record))
    datacite.people(root, "creators", "creator", datacite.creators(record))
    datacite.people(root, "contributors", "contributor", _contributors(described))
    datacite.funding(root, "oaire", record)
    alternate = datacite.alternate_identifiers(described)
    datacite.wrapped(root, "alternateIdentifiers", "alternateIdentifier", alternate)
    datacite.wrapped(root, "relatedIdentifiers", "relatedIdentifier", _related(record))
    datacite.wrapped(root, "dates", "date", _dates(described))
    _repeated(root, "dc:language", (value(tag) for tag in record.languages))
    _repeated(root, "dc:publisher", _publishers(described))
    _resource_type(root, record)
    _repeated(root, "dc:description", datacite.texts(record.description))
    _repeated(root, "dc:format", (value(file.media_type) for file in described.files))
    main = datacite.main_identifier(described)
    kind = _IDENTIFIER_TYPES[main.scheme]
    root.leaf("datacite:identifier", wording.followable(main), {"identifierType": kind})
    access = wording.access_term(record)
    root.leaf("datacite:rights", access.labels["en"], {"rightsURI": access.uri})
    _repeated(root, "dc:source", _sources(record))
    kinds = datacite_subjects.term("hcrt", record.resource_type) if record.resource_type else ()
    subjects = (*kinds, *datacite_subjects.subjects(record, audience=False, codes=False))
    datacite.wrapped(root, "subjects", "subject", subjects)
    _licence(root, described)
    _repeated(root, "dc:coverage", [value(record.coverage.period or "")] if record.coverage else ())
    datacite.wrapped(root, "sizes", "size", datacite.sizes(described))
    datacite.places(root, record)
    root.leaf("oaire:version", str(described.version))
    for file in described.files:
        _file(root, file)
    _repeated(root, "dcterms:audience", _audience(record))
    return root.tobytes()


def _repeated(root: xml.Node, element: str, said: Iterable[Value]) -> None:
    for text, attributes in dict.fromkeys(said):
        if text:
            root.leaf(element, text, dict(attributes))


def _contributors(described: Described) -> Iterator[Named]:
    """The institution under one name, since names bear no language here and two names would be two institutions."""
    name = datacite.institution(described)
    for named in datacite.contributors(replace(described, institution=[name] if name else [])):
        yield named._replace(role=_OLDER.get(named.role or "", named.role), lang=None)


def _related(record: Record) -> Iterator[Value]:
    for other in datacite.relations(record):
        found = datacite.related(other.iri or "")
        if found:
            relation = _OLDER.get(other.relation, other.relation)
            yield value(found[1], {"relatedIdentifierType": found[0], "relationType": relation})


def _sources(record: Record) -> Iterator[Value]:
    """Adapted works that no identifier leads to: the guidelines keep ``dc:source`` for those."""
    for source in record.sources:
        if not datacite.related(source.identifier or ""):
            yield value(wording.source(source))


def _issued(described: Described) -> str:
    published = described.published.astimezone(UTC).date().isoformat()
    return values.w3cdtf(described.record.issued or "") or published


def _dates(described: Described) -> Iterator[Value]:
    """The date of publication, and of an embargo its first day and the day on which it ends."""
    issued = _issued(described)
    yield value(issued, {"dateType": "Issued"})
    access = described.record.access
    if access.kind == "embargoed" and access.until:
        yield value(issued, {"dateType": "Accepted"})
        yield value(access.until.isoformat(), {"dateType": "Available"})


def _publishers(described: Described) -> Iterator[Value]:
    who = datacite.publisher(described.record)
    if who and who.name:
        yield value(who.name)
    else:
        yield from datacite.texts(described.institution)


def _resource_type(root: xml.Node, record: Record) -> None:
    code = _TYPES.get((record.resource_type or "").removeprefix(wording.HCRT), _OTHER)
    label = vocabularies.label("coar-resource-types", _COAR + code, "en")
    general = _GENERAL.get(code, "other research product")
    root.leaf("oaire:resourceType", label, {"resourceTypeGeneral": general, "uri": _COAR + code})


def _licence(root: xml.Node, described: Described) -> None:
    """In force from the day of publication, or from the end of the embargo."""
    record = described.record
    if not record.licence:
        return
    licence = licences.get(record.licence)
    until = record.access.until if record.access.kind == "embargoed" else None
    start = until.isoformat() if until else _issued(described)
    name = licence.labels.get("en", licence.short) if licence else record.licence
    uri = licence.uri if licence else record.licence
    root.leaf("oaire:licenseCondition", name, {"startDate": start, "uri": uri})


def _file(root: xml.Node, file: FileLink) -> None:
    """Only files that anybody may have are described."""
    kind = _OBJECTS.get(wording.dcmi_type(file), "other")
    attributes = {"accessRightsURI": _OPEN, "mimeType": file.media_type, "objectType": kind}
    root.leaf("oaire:file", file.url, attributes)


def _audience(record: Record) -> Iterator[Value]:
    for uri in record.audience:
        for label, tag in wording.labels(vocabularies.term("audience", uri)):
            yield value(label, {"xml:lang": tag})
