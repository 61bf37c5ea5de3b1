"""IEEE Learning Object Metadata, the format that aggregators of educational resources ask for first.

Sources: IEEE 1484.12.1-2002 (numbers in comments are its elements), XML binding IEEE 1484.12.3-2005; addresses of
Creative Commons licences as ``x-t-cc-url`` and strings in no language as ``x-none``, as HS-OER-LOM and NL LOM write
them. Words of LOM's own vocabularies come first, with the source ``LOMv1.0``; our terms follow with the URI of their
vocabulary, which the loose schema of the binding allows. Without those a rendering is valid by the strict one too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC

from metadata import licences, values, vocabularies, xml
from metadata.crosswalks import lom_classification, lom_terms, vcard, wording
from metadata.crosswalks.described import Described
from metadata.crosswalks.lom_writing import (
    NEUTRAL,
    Strings,
    date,
    duration,
    identifier,
    labelled,
    lang_string,
    texts,
    vocabulary,
)
from metadata.record import Classroom, Funder, Identifier, Record, Source, Text
from metadata.xml import Node

PREFIX = "lom"
NAMESPACE = xml.NAMESPACES["lom"]
SCHEMA = "http://ltsc.ieee.org/xsd/lomv1.0/lomLoose.xsd"
REVISION = "2"

_CATALOGUES = {"doi": "DOI", "handle": "HDL", "isbn": "ISBN", "issn": "ISSN", "url": "URI", "urn": "URI"}
_FUNDER, _HOST = "fnd", "his"


def dump(described: Described) -> bytes:
    """``<lom>`` for any legal record, complete or not; categories in LOM's order, empty ones left out."""
    schema = {"xsi:schemaLocation": f"{NAMESPACE} {SCHEMA}"}
    root = xml.root("lom:lom", schema, prefixes=("xsi",), default="lom")
    for write in (_general, _life_cycle, _meta_metadata, _technical, _educational, _rights, _relations):
        write(root, described)
    lom_classification.write(root, described.record)
    return root.tobytes()


# ── 1 General ────────────────────────────────────────────────────────────────────────────────────


def _general(root: Node, described: Described) -> None:
    record = described.record
    node = root.sub("lom:general")
    for catalogue, entry in dict.fromkeys(_identifiers(described)):
        identifier(node, catalogue, entry)
    lang_string(node, "title", texts([*record.title, *record.alternative]))  # 1.2 takes one element
    _languages(node, record)
    lang_string(node, "description", texts(record.description))
    for keyword in record.keywords:
        lang_string(node, "keyword", texts([keyword]))
    if record.coverage:
        lang_string(node, "coverage", texts(record.coverage.places))
        for code in (*record.coverage.countries, record.coverage.period):
            lang_string(node, "coverage", [(code, NEUTRAL)] if code else ())


def _identifiers(described: Described) -> Iterator[tuple[str, str]]:
    yield "oai", described.identifier
    yield "URI", described.url
    for one in described.record.identifiers:
        yield _CATALOGUES.get(one.scheme, ""), _entry(one)


def _entry(one: Identifier) -> str:
    return one.value if one.scheme in ("url", "urn") else wording.bare(one)


def _languages(node: Node, record: Record) -> None:
    for tag in dict.fromkeys(values.language(tag) for tag in record.languages):
        if tag:
            node.leaf("lom:language", tag)


# ── 2 Life cycle ─────────────────────────────────────────────────────────────────────────────────


def _life_cycle(root: Node, described: Described) -> None:
    record = described.record
    node = root.sub("lom:lifeCycle")
    lang_string(node, "version", [(str(described.version), NEUTRAL)])
    vocabulary(node, "status", "final")
    _contribute(node, "author", [vcard.write(agent) for agent in record.creators], record.created)
    published = described.published.astimezone(UTC).date().isoformat()
    publishers = [vcard.write(record.publisher)] if record.publisher else []
    if described.institution:
        host = wording.organisation(described.institution[0].value)
        publishers.append(vcard.write(host, role=_relator(_HOST), names=described.institution))
    _contribute(node, "publisher", publishers, record.issued or published)
    grouped: dict[str, list[str]] = {}
    for contributor in record.contributors:
        term = vocabularies.term("contributor-roles", contributor.role)
        role = term.extra.get("lom_role", "unknown") if term else "unknown"
        card = vcard.write(contributor, role=_relator(contributor.role))
        grouped.setdefault(role, []).append(card)
    for role, cards in grouped.items():
        _contribute(node, role, cards, None)
    _contribute(node, "initiator", [_funder(funder) for funder in record.funders], None)
    _contribute(node, "editor", [], record.modified, "modified")


def _relator(uri: str) -> str:
    """The English name of a MARC relator, which LOM's fifteen roles are too few to tell."""
    term = vocabularies.term("contributor-roles", uri if "/" in uri else wording.RELATORS + uri)
    return term.labels.get("en", term.notation) if term else ""


def _funder(funder: Funder) -> str:
    return vcard.write(wording.organisation(funder.name, funder.ror), role=_relator(_FUNDER), note=funder.award or "")


def _contribute(node: Node, role: str, cards: Sequence[str], when: str | None, what: str = "") -> None:
    if not (cards or when):
        return
    one = node.sub("lom:contribute")
    vocabulary(one, "role", role)
    for card in dict.fromkeys(cards):
        one.leaf("lom:entity", card)
    if when:
        date(one, when, what)


# ── 3 Meta-metadata ──────────────────────────────────────────────────────────────────────────────


def _meta_metadata(root: Node, described: Described) -> None:
    node = root.sub("lom:metaMetadata")
    identifier(node, "oai", described.identifier)
    node.leaf("lom:metadataSchema", lom_terms.LOM)
    said = (wording.language(text) for text in (*described.record.title, *described.record.description))
    tag = next(filter(None, said), None)
    if tag:
        node.leaf("lom:language", tag)


# ── 4 Technical ──────────────────────────────────────────────────────────────────────────────────


def _technical(root: Node, described: Described) -> None:
    node = root.sub("lom:technical")
    for media_type in dict.fromkeys(file.media_type for file in described.files):
        node.leaf("lom:format", media_type)
    if described.files:
        node.leaf("lom:size", str(sum(file.size for file in described.files)))
    for url in dict.fromkeys((described.url, *(file.url for file in described.files))):
        node.leaf("lom:location", url)
    if described.record.classroom:
        lang_string(node, "otherPlatformRequirements", _requirements(described.record.classroom))
    duration(node, "duration", described.record.play_time)


def _requirements(classroom: Classroom) -> Iterator[tuple[str, str]]:
    """4.6: one string per language, each need on a line of its own, the author's own words last."""
    lines: dict[str, list[str]] = {tag: [] for tag in vocabularies.LANGUAGES}
    for need in lom_terms.needs(classroom):
        for tag, words in zip(vocabularies.LANGUAGES, need, strict=True):
            lines[tag].append(words)
    for words, tag in texts(classroom.equipment):
        lines.setdefault(tag, []).append(words)
    yield from (("\n".join(said), tag) for tag, said in lines.items() if said)


# ── 5 Educational ────────────────────────────────────────────────────────────────────────────────


def _educational(root: Node, described: Described) -> None:
    record = described.record
    node = root.sub("lom:educational")
    if record.interactivity:
        vocabulary(node, "interactivityType", lom_terms.local(record.interactivity))
    types = [record.resource_type] if record.resource_type else []
    _both(node, "learningResourceType", lom_terms.TYPES, types)
    _both(node, "intendedEndUserRole", lom_terms.ROLES, record.audience)
    contexts = (lom_terms.word(lom_terms.CONTEXTS, uri) for uri in record.levels)
    for context in dict.fromkeys(filter(None, contexts)):
        vocabulary(node, "context", context)
    _age_range(node, record)
    duration(node, "typicalLearningTime", record.study_time)
    for uri in record.educational_use:
        lang_string(node, "description", labelled("educational-use", uri))
    if record.classroom:
        lang_string(node, "description", texts(lom_terms.group(record.classroom)))
    _languages(node, record)
    if not len(node):
        root.remove(node)


def _both(node: Node, element: str, table: Mapping[str, str], uris: Iterable[str]) -> None:
    """LOM's words, each once, then our terms."""
    terms = list(uris)
    for word in dict.fromkeys(lom_terms.word(table, uri) for uri in terms):
        if word:
            vocabulary(node, element, word)
    for uri in terms:
        vocabulary(node, element, uri, lom_terms.vocabulary(uri))


def _age_range(node: Node, record: Record) -> None:
    """5.7: ``13-14``, ``18-``, ``15``; LOM has no range without a beginning, so it is 0."""
    ages = record.age_range
    if not ages or (ages.minimum is None and ages.maximum is None):
        return
    low, high = ages.minimum or 0, ages.maximum
    said = str(low) if low == high else f"{low}-{'' if high is None else high}"
    lang_string(node, "typicalAgeRange", [(said, NEUTRAL)])


# ── 6 Rights ─────────────────────────────────────────────────────────────────────────────────────


def _rights(root: Node, described: Described) -> None:
    record = described.record
    node = root.sub("lom:rights")
    if record.access.kind in ("open", "embargoed"):
        vocabulary(node, "cost", "no")
    if record.licence:
        licence = licences.get(record.licence)
        vocabulary(node, "copyrightAndOtherRestrictions", "no" if licence and licence.kind == "PD" else "yes")
    lang_string(node, "description", _conditions(record))


def _conditions(record: Record) -> Strings:
    """6.3: the address of the licence, who may have it, whose it is; then name and note, a string per language."""
    licence = licences.get(record.licence) if record.licence else None
    if record.licence:
        tag = "x-t-cc-url" if licence and licence.creative_commons else NEUTRAL
        yield licence.uri if licence else record.licence, tag
    yield wording.access_right(record), NEUTRAL
    yield wording.embargo_end(record) or "", NEUTRAL
    if record.rights_holder:
        yield f"© {record.rights_holder}", NEUTRAL
    said: dict[str, list[str]] = {}
    for label, tag in wording.labels(licence):
        said.setdefault(tag, []).append(label)
    for words, tag in texts(record.rights_note):
        said.setdefault(tag, []).append(words)
    yield from (("\n".join(lines), tag) for tag, lines in said.items())


# ── 7 Relation ───────────────────────────────────────────────────────────────────────────────────


def _relations(root: Node, described: Described) -> None:
    record = described.record
    one = [record.translation_of] if record.translation_of else []
    for kind, references in (("ispartof", record.part_of), ("haspart", record.parts), ("isversionof", one)):
        for reference in references:
            _relation(root, kind, reference.identifier, [texts([Text(value=reference.title or "")])])
    for source in record.sources:
        _relation(root, "isbasedon", source.identifier or "", _said_of(source))


def _said_of(source: Source) -> Iterator[Strings]:
    """Title and creator, what was changed, the licence: a description each."""
    yield texts([Text(value=wording.SEPARATOR.join(filter(None, (source.title, source.creator))))])
    yield texts(source.changes)
    if source.licence:
        licence = licences.get(source.licence)
        yield [(source.licence, "x-t-cc-url" if licence and licence.creative_commons else NEUTRAL)]


def _relation(root: Node, kind: str, iri: str, descriptions: Iterable[Strings]) -> None:
    node = root.sub("lom:relation")
    vocabulary(node, "kind", kind)
    resource = node.sub("lom:resource")
    scheme, _, rest = iri.partition(":")
    if scheme == "doi":
        identifier(resource, "DOI", rest)
    elif iri:
        identifier(resource, "oai" if scheme == "oai" else "URI", iri)
    for said in descriptions:
        lang_string(resource, "description", said)
