"""Qualified Dublin Core: DCMI Metadata Terms in one container, for harvesters that want more than fifteen elements.

Sources: DCMI Metadata Terms, sections 2, 4 and 5; "Guidelines for implementing Dublin Core in XML" (2003-04-02), on
qualified Dublin Core; the DCMI schemas of 2008-02-11: encoding schemes by ``xsi:type``, on a value that is valid by
them, and never beside ``xml:lang``. Those schemas stop at RFC 4646, so language tags (RFC 5646) bear that type. DCMI
defines no root element: prefix, namespace and schema address are those of the OAI-PMH repositories of Omeka S.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC

from metadata import licences, values, vocabularies, xml
from metadata.crosswalks import wording
from metadata.crosswalks.described import Described
from metadata.record import Alignment, Classroom, Record, Text

PREFIX = "oai_dcterms"
NAMESPACE = xml.NAMESPACES["oai_dcterms"]
SCHEMA = "http://www.openarchives.org/OAI/2.0/oai_dcterms.xsd"
REVISION = "2"

Value = tuple[str, str, str | None, str | None]  # term, text, language, encoding scheme

AGES = {"ar": "الفئة العمرية: ", "fr": "Âge : ", "en": "Age: "}
STUDY_TIME = {"ar": "زمن الدراسة: ", "fr": "Temps d’étude : ", "en": "Study time: "}
INTERNET = {
    "ar": "اتصال دائم بالإنترنت",
    "fr": "connexion permanente à Internet",
    "en": "permanent internet connection",
}


def dump(described: Described) -> bytes:
    """``<oai_dcterms:dcterms>`` for any legal record, an empty one too; the same value of a term once."""
    schema = {"xsi:schemaLocation": f"{NAMESPACE} {SCHEMA}"}
    root = xml.root("oai_dcterms:dcterms", schema, prefixes=("oai_dcterms", "dcterms", "xsi"))
    for term, text, language, scheme in dict.fromkeys(_values(described)):
        if text:
            attributes = {"xsi:type": f"dcterms:{scheme}"} if scheme else {"xml:lang": language} if language else None
            root.leaf(f"dcterms:{term}", text, attributes)
    return root.tobytes()


def _values(described: Described) -> Iterator[Value]:
    record = described.record
    yield from _texts("title", record.title)
    yield from _texts("alternative", record.alternative)
    yield from (("creator", wording.name(agent), None, None) for agent in record.creators)
    yield from _subjects(record)
    yield from _texts("abstract", record.description)
    if record.publisher:
        yield "publisher", record.publisher.name, None, None
    yield from (("contributor", wording.name(agent), None, None) for agent in record.contributors)
    yield from _dates(described)
    yield from _types(described)
    yield from _formats(described)
    yield _uri("identifier", described.url)
    yield from (_uri("identifier", wording.followable(identifier)) for identifier in record.identifiers)
    yield from _texts("bibliographicCitation", record.citation_note)
    yield from (("source", wording.source(source), None, None) for source in record.sources)
    yield from (_language(tag) for tag in record.languages)
    yield from _relations(described)
    yield from _coverage(record)
    yield from _education(record)
    yield from _rights(record)
    yield from _texts("provenance", described.institution)


def _texts(term: str, texts: Iterable[Text]) -> Iterator[Value]:
    for text in texts:
        yield term, text.value, wording.language(text), None


def _uri(term: str, value: str) -> Value:
    return term, value, None, "URI" if values.is_iri(value) else None


def _term(term: str, known: vocabularies.Term | None, uri: str) -> Iterator[Value]:
    """The labels in the order ar, fr, en, then the URI; the URI alone where the vocabulary's term is unknown."""
    yield from ((term, label, language, None) for label, language in wording.labels(known))
    yield _uri(term, uri)


def _language(tag: str) -> Value:
    return "language", tag, None, "RFC4646" if values.language(tag) == tag else None


def _subjects(record: Record) -> Iterator[Value]:
    for uri in record.subjects:
        yield from _term("subject", vocabularies.find(uri), uri)
    yield from _texts("subject", record.keywords)


def _dates(described: Described) -> Iterator[Value]:
    record = described.record
    issued = values.w3cdtf(record.issued or "") or described.published.astimezone(UTC).date().isoformat()
    for term, date in (("created", record.created), ("issued", issued), ("modified", record.modified)):
        written = values.w3cdtf(date or "")
        if written:
            yield term, written, None, _w3cdtf(written)
    if record.access.kind == "embargoed" and record.access.until:
        until = record.access.until.isoformat()
        yield "available", until, None, _w3cdtf(until)


def _w3cdtf(written: str) -> str | None:
    """The scheme where the date is one: a draft may hold 30 February, and XML Schema 1.0 knows no year 0."""
    return "W3CDTF" if values.is_edtf(written) and not written.startswith("0000") else None


def _types(described: Described) -> Iterator[Value]:
    uri = described.record.resource_type
    if uri:
        yield from _term("type", vocabularies.term("hcrt", uri), uri)
    for file in described.files:
        yield "type", wording.dcmi_type(file), None, "DCMIType"


def _formats(described: Described) -> Iterator[Value]:
    yield from (("format", file.media_type, None, "IMT") for file in described.files)
    yield from (("extent", f"{file.size} bytes", None, None) for file in described.files)
    if described.record.play_time:
        yield "extent", described.record.play_time, None, None
    if described.record.study_time:
        for language, label in STUDY_TIME.items():
            yield "extent", label + described.record.study_time, language, None


def _relations(described: Described) -> Iterator[Value]:
    record = described.record
    yield "hasVersion", str(described.version), None, None
    if record.translation_of:
        yield _uri("isVersionOf", record.translation_of.identifier)
    yield from (_uri("isPartOf", reference.identifier) for reference in record.part_of)
    yield from (_uri("hasPart", reference.identifier) for reference in record.parts)
    for alignment in record.alignments:
        yield from _alignment(alignment)
    if record.classroom:
        yield from _requirements(record.classroom)


def _alignment(alignment: Alignment) -> Iterator[Value]:
    """A term of ours as labels and URI; else ``Framework — code — name``, in each language that has a name."""
    known = vocabularies.term("sdg" if alignment.kind == "sdg" else "ict-cft", alignment.target)
    if known:
        yield from _texts("conformsTo", alignment.name)
        yield from _term("conformsTo", known, alignment.target)
        return
    code = [part for part in (alignment.framework, alignment.target) if part]
    for name in alignment.name:
        yield "conformsTo", wording.SEPARATOR.join([*code, name.value]), wording.language(name), None
    if not alignment.name:
        said = ("conformsTo", wording.SEPARATOR.join(code), None, None)
        yield _uri("conformsTo", alignment.target) if len(code) == 1 else said


def _requirements(classroom: Classroom) -> Iterator[Value]:
    for device in (device for device in classroom.devices if device != "none"):
        yield from (("requires", word, language, None) for language, word in wording.DEVICES[device].items())
    if classroom.internet == "always":
        yield from (("requires", word, language, None) for language, word in INTERNET.items())
    yield from _texts("requires", classroom.equipment)


def _coverage(record: Record) -> Iterator[Value]:
    if not record.coverage:
        return
    yield from (
        ("spatial", code, None, "ISO3166" if values.is_country(code) else None) for code in record.coverage.countries
    )
    yield from _texts("spatial", record.coverage.places)
    if record.coverage.period:
        yield _period(record.coverage.period)


def _period(edtf: str) -> Value:
    """DCMI Period for an interval of plain dates, W3CDTF for a plain date; EDTF as it is where neither can say it."""
    start, slash, end = edtf.partition("/")
    plain = all(side in ("", "..") or (values.w3cdtf(side) == side and _w3cdtf(side)) for side in (start, end))
    if not plain or not values.is_edtf(edtf):
        return "temporal", edtf, None, None
    if not slash:
        return "temporal", edtf, None, "W3CDTF"
    named = (("start", start), ("end", end))
    said = [f"{name}={side};" for name, side in named if side not in ("", "..")]
    return "temporal", " ".join([*said, "scheme=W3C-DTF;"]), None, "Period"


def _education(record: Record) -> Iterator[Value]:
    for uri in record.audience:
        yield from _term("audience", vocabularies.term("audience", uri), uri)
    ages = record.age_range
    if ages and (ages.minimum is not None or ages.maximum is not None):
        years = f"{ages.minimum}+" if ages.maximum is None else f"{ages.minimum or 0}–{ages.maximum}"
        yield from (("audience", label + years, language, None) for language, label in AGES.items())
    for uri in record.levels:
        yield from _term("educationLevel", vocabularies.term("isced-levels", uri), uri)
    for uri in record.educational_use:
        yield from _term("instructionalMethod", vocabularies.term("educational-use", uri), uri)
    if record.interactivity:
        uri = record.interactivity
        yield from _term("instructionalMethod", vocabularies.term("interactivity", uri), uri)


def _rights(record: Record) -> Iterator[Value]:
    access = wording.access_term(record)
    yield from _term("accessRights", access, access.uri)
    if record.licence:
        licence = licences.get(record.licence)
        yield from (("license", label, language, None) for label, language in wording.labels(licence))
        yield _uri("license", licence.uri if licence else record.licence)
    if record.rights_holder:
        yield "rightsHolder", record.rights_holder, None, None
    yield from _texts("rights", record.rights_note)
