"""MODS 3.7.

Sources: MODS User Guidelines, version 3; ``mods-3-7.xsd``. MODS has no element for most of what is said of teaching:
such values stand in notes whose ``typeURI`` is the property of schema.org, with the term's URI in ``xlink:href``. What
one value is called in several languages, or is both name and code, is bound by ``altRepGroup``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from functools import lru_cache

from metadata import licences, values, vocabularies, xml
from metadata.crosswalks import marc_languages, material, mods_parts, view, wording
from metadata.crosswalks.described import Described
from metadata.crosswalks.mods_parts import Item
from metadata.record import Accessibility, Record, Text

PREFIX = "mods"
NAMESPACE = xml.NAMESPACES["mods"]
SCHEMA = "http://www.loc.gov/standards/mods/v3/mods-3-7.xsd"
REVISION = "2"

_SUBJECTS = {
    "unesco-thesaurus": {"authority": "unescot", "authorityURI": "http://vocabularies.unesco.org/thesaurus"},
    "isced-f": {"authorityURI": "http://data.europa.eu/snb/isced-f"},
}
_IDENTIFIERS = {"handle": "hdl", "url": "uri", "other": "local"}


def dump(described: Described) -> bytes:
    """``<mods>`` for any legal record, in the same order each time."""
    return element(described).tobytes()


@lru_cache(maxsize=1)
def element(described: Described) -> xml.Node:
    """The element itself, which METS wraps: a record is rendered in all formats, one after the other."""
    attributes = {"version": "3.7", "xsi:schemaLocation": f"{NAMESPACE} {SCHEMA}"}
    root = xml.root("mods:mods", attributes, default="mods", prefixes=("xlink", "xsi"))
    for item in _items(described):
        mods_parts.write(root, item)
    return root


def _items(described: Described) -> Iterator[Item]:
    record = described.record
    language = view.primary(record.title[0].lang) if record.title else "en"
    yield from mods_parts.titles(record)
    yield from mods_parts.names(record)
    yield from _kind(described)
    yield _origin(described)
    yield from _languages(record)
    yield from _files(described)
    yield from _texts("abstract", record.description)
    yield from _audience(record)
    yield from _notes(record, language)
    yield from _subjects(record)
    yield from _alignments(record)
    yield from mods_parts.related(record)
    yield from _identifiers(record)
    yield _location(described)
    yield from _access(record, language)
    yield _record_info(described)


def _texts(element: str, texts: Iterable[Text], attributes: Mapping[str, str] | None = None) -> Iterator[Item]:
    for text in texts:
        yield Item(element, text.value, {**(attributes or {}), **mods_parts.spoken(text.lang)})


def _term(element: str, uri: str, term: vocabularies.Term | None, attributes: Mapping[str, str]) -> Iterator[Item]:
    """The labels in three languages as one group, or the URI where we know none."""
    known = {**attributes, **mods_parts.address("valueURI", uri)}
    for label, language in wording.labels(term):
        group = {"altRepGroup": f"term-{uri.rpartition('/')[2]}"}
        yield Item(element, label, {**known, **group, **mods_parts.spoken(language)})
    if term is None:
        yield Item(element, uri, known)


def _kind(described: Described) -> Iterator[Item]:
    first = {"usage": "primary"}
    materials = [material.main(described), *material.others(described)]
    for index, said in enumerate(dict.fromkeys(one.mods for one in materials)):
        yield Item("typeOfResource", said, {} if index else first)
    uri = described.record.resource_type
    if uri:
        attributes = {"type": "learning resource type", "authorityURI": "https://w3id.org/kim/hcrt/scheme"}
        yield from _term("genre", uri, vocabularies.term("hcrt", uri), attributes)


def _origin(described: Described) -> Item:
    record = described.record
    inside = []
    if record.publisher:
        authority = next((uri for uri in wording.agent_uris(record.publisher).values()), "")
        inside.append(Item("publisher", record.publisher.name, mods_parts.address("valueURI", authority)))
    key = {"keyDate": "yes"}
    inside += _date("dateIssued", record.issued or view.issued(described), key)
    inside += [*_date("dateCreated", record.created), *_date("dateModified", record.modified)]
    if record.access.kind == "embargoed" and record.access.until:
        inside += _date("dateOther", record.access.until.isoformat(), {"type": "available"})
    inside.append(Item("edition", str(described.version)))
    return Item("originInfo", inside=inside)


def _date(element: str, said: str | None, attributes: Mapping[str, str] | None = None) -> Iterator[Item]:
    """As W3CDTF, and again as EDTF where that says more."""
    known = values.w3cdtf(said or "")
    if known:
        yield Item(element, known, {"encoding": "w3cdtf", **(attributes or {})})
    if said and said != known:
        yield Item(element, said, {"encoding": "edtf", **({} if known else attributes or {})})


def _languages(record: Record) -> Iterator[Item]:
    for index, tag in enumerate(record.languages):
        code = marc_languages.code(tag)
        inside = [Item("languageTerm", tag, {"type": "code", "authority": "rfc5646"})]
        if code:
            inside.append(Item("languageTerm", code, {"type": "code", "authority": "iso639-2b"}))
        yield Item("language", None, {} if index else {"usage": "primary"}, inside)


def _files(described: Described) -> Iterator[Item]:
    yield Item("physicalDescription", inside=[Item("form", "electronic", {"authority": "marcform"})])
    if described.record.play_time:
        extent = Item("extent", described.record.play_time, {"unit": "duration"})
        yield Item("physicalDescription", inside=[extent])
    for file in described.files:
        size = Item("extent", str(file.size), {"unit": "bytes"})
        yield Item("physicalDescription", inside=[Item("internetMediaType", file.media_type), size])


def _audience(record: Record) -> Iterator[Item]:
    for scheme, uris, display in (
        ("isced-levels", record.levels, "educational level"),
        ("audience", record.audience, "educational role"),
    ):
        for uri in uris:
            base = {"displayLabel": display, "authorityURI": uri.rpartition("/")[0]}
            yield from _term("targetAudience", uri, vocabularies.term(scheme, uri), base)
    if record.age_range:
        ages = mods_parts.span(record.age_range.minimum, record.age_range.maximum)
        yield Item("targetAudience", ages, {"displayLabel": "typical age range"})


def _notes(record: Record, language: str) -> Iterator[Item]:
    yield from _texts("note", record.citation_note, {"type": "preferred citation"})
    for scheme, uris, name in (
        ("educational-use", record.educational_use, "educationalUse"),
        ("interactivity", [record.interactivity] if record.interactivity else [], "interactivityType"),
    ):
        yield from _facts(name, scheme, uris, language)
    if record.study_time:
        yield _fact("timeRequired", record.study_time)
    if record.accessibility:
        yield from _accessibility(record.accessibility, language)
    if record.classroom:
        classroom = record.classroom
        yield from (Item("note", device, {"type": "device"}) for device in classroom.devices)
        yield Item("note", classroom.internet, {"type": "internet connection"})
        group = mods_parts.span(classroom.group_minimum, classroom.group_maximum)
        yield Item("note", group, {"type": "group size"})
        yield from _texts("note", classroom.equipment, {"type": "equipment"})


def _accessibility(accessibility: Accessibility, language: str) -> Iterator[Item]:
    yield from _facts("accessMode", "access-modes", accessibility.modes, language)
    for one in accessibility.sufficient:
        terms = (vocabularies.term("access-modes-sufficient", uri) for uri in one)
        yield _fact("accessModeSufficient", ", ".join(term.notation for term in terms if term))
    for name, scheme, uris in (
        ("accessibilityFeature", "accessibility-features", accessibility.features),
        ("accessibilityHazard", "accessibility-hazards", accessibility.hazards),
        ("accessibilityControl", "accessibility-controls", accessibility.controls),
    ):
        yield from _facts(name, scheme, uris, language)
    yield from _texts("note", accessibility.summary, _fact("accessibilitySummary", "").attributes)


def _fact(name: str, said: str, attributes: Mapping[str, str] | None = None) -> Item:
    return Item("note", said, {"type": name, "typeURI": f"https://schema.org/{name}", **(attributes or {})})


def _facts(name: str, scheme: str, uris: Sequence[str], language: str) -> Iterator[Item]:
    for uri in uris:
        term = vocabularies.term(scheme, uri)
        label = view.label(term, language) if term else Text(value=uri)
        yield _fact(name, label.value, {**mods_parts.address("xlink:href", uri), **mods_parts.spoken(label.lang)})


def _subjects(record: Record) -> Iterator[Item]:
    for uri in record.subjects:
        term = vocabularies.find(uri)
        for topic in _term("topic", uri, term, _SUBJECTS[term.scheme] if term else {}):
            yield _subject(topic)
    yield from (_subject(topic) for topic in _texts("topic", record.keywords))
    if record.coverage:
        yield from (_subject(place) for place in _texts("geographic", record.coverage.places))
        for country in record.coverage.countries:
            yield _subject(Item("geographicCode", country, {"authority": "iso3166"}))
        yield _subject(Item("temporal", record.coverage.period, {"encoding": "edtf"}))


def _subject(inside: Item) -> Item:
    """The group of an alternative stands on the subject, where the schema has it."""
    attributes = dict(inside.attributes)
    group = attributes.pop("altRepGroup", None)
    return Item(
        "subject", None, {"altRepGroup": group} if group else {}, [Item(inside.element, inside.text, attributes)]
    )


def _alignments(record: Record) -> Iterator[Item]:
    """The code as classification, the names as subjects of the same group; ``displayLabel`` says kind and relation."""
    for number, alignment in enumerate(record.alignments, 1):
        relation = vocabularies.term("alignment-relations", alignment.relation or "")
        display = ", ".join([alignment.kind, *([relation.notation] if relation else [])])
        group = {"altRepGroup": f"alignment-{number}", "displayLabel": display}
        scheme = "sdg" if alignment.kind == "sdg" else "ict-cft"
        known = vocabularies.term(scheme, alignment.target)
        framework = alignment.framework or (scheme if known else None)
        source = {**({"authority": framework} if framework else {}), **mods_parts.address("valueURI", alignment.target)}
        yield Item("classification", known.notation if known else alignment.target, {**source, **group})
        names = alignment.name or [Text(value=label, lang=tag) for label, tag in wording.labels(known)]
        yield from (Item("subject", None, group, [topic]) for topic in _texts("topic", names))


def _identifiers(record: Record) -> Iterator[Item]:
    for identifier in record.identifiers:
        kind = _IDENTIFIERS.get(identifier.scheme, identifier.scheme)
        yield Item("identifier", wording.bare(identifier), {"type": kind})


def _location(described: Described) -> Item:
    inside = list(_texts("physicalLocation", described.institution))
    inside.append(Item("url", described.url, {"usage": "primary", "access": "object in context"}))
    for file in described.files:
        attributes = {"displayLabel": file.name, "note": file.media_type, "access": "raw object"}
        inside.append(Item("url", file.url, attributes))
    return Item("location", inside=inside)


def _access(record: Record, language: str) -> Iterator[Item]:
    access = wording.access_term(record)
    label = view.label(access, language)
    restriction = {"type": "restriction on access", "xlink:href": access.uri}
    yield Item("accessCondition", label.value, {**restriction, **mods_parts.spoken(label.lang)})
    use = {"type": "use and reproduction"}
    if record.licence:
        known = licences.get(record.licence)
        tag = next((tag for tag in (language, "en") if known and tag in known.labels), "und")
        name = known.labels.get(tag, known.short) if known else record.licence
        link = mods_parts.address("xlink:href", known.uri if known else record.licence)
        yield Item("accessCondition", name, {**use, **link, **mods_parts.spoken(tag)})
    yield from _texts("accessCondition", record.rights_note, use)


def _record_info(described: Described) -> Item:
    inside = list(_texts("recordContentSource", described.institution))
    changed = described.published.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    inside += [
        Item("recordChangeDate", changed, {"encoding": "w3cdtf"}),
        Item("recordIdentifier", described.identifier),
        Item("recordOrigin", f"OER record to MODS 3.7, revision {REVISION}"),
    ]
    return Item("recordInfo", inside=inside)
