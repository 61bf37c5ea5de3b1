"""Unqualified Dublin Core as OAI-PMH requires it of every repository.

Sources: OAI-PMH 2.0, section 4.1 and ``oai_dc.xsd``; DCMI Metadata Element Set 1.1; access rights as
``info:eu-repo/semantics`` of the DRIVER Guidelines 2.0. The order of elements is fixed, so that unchanged records
give unchanged bytes.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC

from metadata import licences, values, vocabularies, xml
from metadata.crosswalks import wording
from metadata.crosswalks.described import Described
from metadata.record import Record, Text

PREFIX = "oai_dc"
NAMESPACE = xml.NAMESPACES["oai_dc"]
SCHEMA = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
REVISION = "3"

Value = tuple[str, str, str | None]  # element, text, language or None


def dump(described: Described) -> bytes:
    """``<oai_dc:dc>`` for any legal record, an empty one too; each element with the same language and text once."""
    schema = {"xsi:schemaLocation": f"{NAMESPACE} {SCHEMA}"}
    root = xml.root("oai_dc:dc", schema, prefixes=("oai_dc", "dc", "xsi"))
    for element, text, language in dict.fromkeys(_values(described)):
        if text:
            root.leaf(f"dc:{element}", text, {"xml:lang": language} if language else None)
    return root.tobytes()


def _values(described: Described) -> Iterator[Value]:
    record = described.record
    yield from _texts("title", [*record.title, *record.alternative])
    yield from (("creator", wording.name(agent), None) for agent in record.creators)
    yield from _subjects(record)
    yield from _texts("description", record.description)
    if record.publisher:
        yield "publisher", record.publisher.name, None
    yield from _texts("publisher", described.institution)
    yield from (("contributor", wording.name(agent), None) for agent in record.contributors)
    yield from _dates(described)
    yield from _types(described)
    yield from (("format", file.media_type, None) for file in described.files)
    yield "identifier", described.url, None
    yield from (("identifier", wording.followable(identifier), None) for identifier in record.identifiers)
    yield from (("identifier", file.url, None) for file in described.files)
    yield from (("source", wording.source(source), None) for source in record.sources)
    yield from (("language", tag, None) for tag in record.languages)
    yield from _relations(record)
    yield from _coverage(record)
    yield from _rights(record)


def _texts(element: str, texts: Iterable[Text]) -> Iterator[Value]:
    for text in texts:
        yield element, text.value, wording.language(text)


def _term(element: str, term: vocabularies.Term | None, uri: str) -> Iterator[Value]:
    """The labels in the order ar, fr, en, then the URI; the URI alone where the term is unknown."""
    yield from ((element, label, language) for label, language in wording.labels(term))
    yield element, uri, None


def _subjects(record: Record) -> Iterator[Value]:
    for uri in record.subjects:
        yield from _term("subject", vocabularies.find(uri), uri)
    yield from _texts("subject", record.keywords)
    for alignment in record.alignments:
        yield from _texts("subject", alignment.name)
        scheme = "sdg" if alignment.kind == "sdg" else "ict-cft"
        yield from _term("subject", vocabularies.term(scheme, alignment.target), alignment.target)


def _dates(described: Described) -> Iterator[Value]:
    record = described.record
    issued, *others = (values.w3cdtf(date or "") for date in (record.issued, record.created, record.modified))
    yield from (("date", date, None) for date in (issued, *others) if date)
    if not issued:
        yield "date", described.published.astimezone(UTC).date().isoformat(), None
    yield "date", wording.embargo_end(record) or "", None


def _types(described: Described) -> Iterator[Value]:
    uri = described.record.resource_type
    if uri:
        yield from _term("type", vocabularies.term("hcrt", uri), uri)
    for file in described.files:
        yield "type", wording.dcmi_type(file), None


def _relations(record: Record) -> Iterator[Value]:
    one = [record.translation_of] if record.translation_of else []
    for reference in (*one, *record.part_of, *record.parts):
        yield "relation", reference.identifier, None


def _coverage(record: Record) -> Iterator[Value]:
    if record.coverage:
        yield from _texts("coverage", record.coverage.places)
        yield from (("coverage", country, None) for country in record.coverage.countries)
        if record.coverage.period:
            yield "coverage", record.coverage.period, None


def _rights(record: Record) -> Iterator[Value]:
    yield "rights", wording.access_right(record), None
    if record.licence:
        licence = licences.get(record.licence)
        yield "rights", licence.uri if licence else record.licence, None
        yield from (("rights", label, language) for label, language in wording.labels(licence))
    if record.rights_holder:
        yield "rights", record.rights_holder, None
    yield from _texts("rights", record.rights_note)
