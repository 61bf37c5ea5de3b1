"""Access points and links of a MARC 21 record: fields 1XX and 6XX–8XX."""

from collections.abc import Iterator, Sequence

from metadata import licences, vocabularies
from metadata.crosswalks import marc_languages, view, wording
from metadata.crosswalks.marc21_description import period
from metadata.crosswalks.marc21_field import Cataloguing, Field, field
from metadata.record import Agent, Alignment, Reference, Source


def fields(told: Cataloguing, process: str) -> Iterator[Field]:
    """``process`` names the conversion, for 884."""
    yield from _names(told)
    yield from _subjects(told)
    yield from (_curriculum(told, alignment) for alignment in told.record.alignments)
    yield from _links(told)
    yield from _locations(told)
    yield field("884", "  ", ("a", process), ("k", told.described.identifier))


def _names(told: Cataloguing) -> Iterator[Field]:
    """The first creator is the main entry, everybody else an added one.

    Publisher and funders are named in 264 and 536; they come again where an identifier makes an access point of them.
    """
    for index, agent in enumerate(told.creators):
        yield _name(told, "7" if index else "1", agent, f"{wording.RELATORS}cre")
    for contributor in told.record.contributors:
        yield _name(told, "7", contributor, contributor.role)
    publisher = told.record.publisher
    if publisher and (publisher.orcid or publisher.ror):
        yield _name(told, "7", publisher, f"{wording.RELATORS}pbl")
    institution = view.institution(told.described, told.language)
    yield _name(told, "7", wording.organisation(institution), f"{wording.RELATORS}his")
    for funder in told.record.funders:
        if funder.ror:
            yield _name(told, "7", wording.organisation(funder.name, funder.ror), f"{wording.RELATORS}fnd")


def _name(told: Cataloguing, hundreds: str, agent: Agent, role: str) -> Field:
    """X00 or X10. A name with a comma is inverted, any other in direct order: we do not guess at surnames."""
    name = wording.name(agent)
    if agent.kind == "person":
        tag, entry = f"{hundreds}00", "1" if any(comma in name for comma in ",،") else "0"
        uri = wording.agent_uris(agent).get("orcid")
    else:
        tag, entry = f"{hundreds}10", "2"
        uri = wording.agent_uris(agent).get("ror")
    if not name.strip():
        return field(tag, f"{entry} ")
    term = vocabularies.term("contributor-roles", role)
    return field(
        tag,
        f"{entry} ",
        ("a", name),
        ("e", _relator(told.label("contributor-roles", role)) if term else None),
        ("u", "; ".join(affiliation.name for affiliation in agent.affiliations)),
        ("4", term.notation if term else role),
        ("1", uri),
    )


def _relator(label: str) -> str:
    """In lower case, as relator terms are written."""
    return label[:1].lower() + label[1:]


def _subjects(told: Cataloguing) -> Iterator[Field]:
    record = told.record
    for uri in record.subjects:
        yield from _term("650", uri, vocabularies.find(uri))
    yield from (field("653", "  ", ("a", text.value)) for text in record.keywords)
    if record.coverage:
        yield from (field("651", " 4", ("a", text.value)) for text in record.coverage.places)
        if not any(period(record.coverage.period or "")):
            yield field("653", " 4", ("a", record.coverage.period))
    if record.resource_type:
        yield from _term("655", record.resource_type, vocabularies.term("hcrt", record.resource_type))


def _term(tag: str, uri: str, term: vocabularies.Term | None) -> Iterator[Field]:
    """In three languages, each with the same $0. Only the thesaurus has a source code; other schemes are ``local``."""
    source = "unescot" if term and term.scheme == "unesco-thesaurus" else "local"
    for label, language in wording.labels(term):
        code = marc_languages.code(language)
        yield field(tag, " 7", ("a", label), ("0", uri), ("2", source if language == "en" else f"{source}/{code}"))


def _curriculum(told: Cataloguing, alignment: Alignment) -> Field:
    """658: the framework, where it is named, above the objective; code or URI in $c."""
    scheme = "sdg" if alignment.kind == "sdg" else "ict-cft"
    known = vocabularies.term(scheme, alignment.target)
    name = told.said(alignment.name) or (told.label(scheme, alignment.target) if known else "") or alignment.target
    names = (("a", alignment.framework), ("b", name)) if alignment.framework else (("a", name),)
    return field("658", "  ", *names, ("c", alignment.target), ("2", "local"))


def _links(told: Cataloguing) -> Iterator[Field]:
    record = told.record
    original: Sequence[Reference] = [record.translation_of] if record.translation_of else []
    for tag, references in (("765", original), ("773", record.part_of), ("774", record.parts)):
        for reference in references:
            yield field(tag, "0 ", ("t", reference.title), ("o", reference.identifier))
    yield from (_source(told, source) for source in record.sources)


def _source(told: Cataloguing, source: Source) -> Field:
    known = licences.get(source.licence) if source.licence else None
    licence = f"{known.short}, {known.uri}" if known else source.licence
    return field(
        "786",
        "08",
        ("i", told.word("adapted")),
        ("a", source.creator),
        ("t", source.title),
        *(("n", told.word("changes", text.value)) for text in source.changes),
        ("n", told.word("licence", licence) if licence else None),
        ("o", source.identifier),
    )


def _locations(told: Cataloguing) -> Iterator[Field]:
    yield field("856", "40", ("u", told.described.url), ("y", told.word("page")))
    status = "0" if told.record.access.kind == "open" else "1"
    for file in told.described.files:
        size = told.word("bytes", str(file.size))
        yield field("856", "40", ("u", file.url), ("q", file.media_type), ("s", size), ("y", file.name), ("7", status))
