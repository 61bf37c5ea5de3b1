"""Elements of MODS with parts of their own: titles, names, related items; and how any of them is written."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from metadata import licences, values, vocabularies, xml
from metadata.crosswalks import marc_languages, wording
from metadata.record import Agent, Record, Reference, Source

_RELATORS = "http://id.loc.gov/vocabulary/relators"
_IDENTIFIERS = "http://id.loc.gov/vocabulary/identifiers"


_NONE: Mapping[str, str] = MappingProxyType({})


class Item(NamedTuple):
    """An element to be written, with a text or with others inside; with neither it is left out."""

    element: str
    text: str | None = None
    attributes: Mapping[str, str] = _NONE
    inside: Sequence["Item"] = ()


def write(parent: xml.Node, item: Item) -> None:
    inside = [one for one in item.inside if one.text or one.inside]
    if inside:
        node = parent.sub(f"mods:{item.element}", item.attributes)
        for one in inside:
            write(node, one)
    elif item.text:
        parent.leaf(f"mods:{item.element}", item.text, item.attributes)


@lru_cache(maxsize=1024)
def spoken(lang: str) -> Mapping[str, str]:
    """``lang`` by ISO 639-2/B, as older readers want it, and ``xml:lang``; nothing for ``und``."""
    tag = wording.tag(lang)
    if not tag:
        return _NONE
    code = marc_languages.code(tag)
    return {**({"lang": code} if code else {}), "xml:lang": tag}


def address(attribute: str, said: str) -> dict[str, str]:
    """The attribute for what is an address, nothing for what is not: the schema checks."""
    return {attribute: said} if values.is_iri(said) else {}


def span(low: int | None, high: int | None) -> str:
    """``13-14``, ``13-``, ``-14``; empty where neither end is known."""
    if low is None and high is None:
        return ""
    return "-".join("" if end is None else str(end) for end in (low, high))


def titles(record: Record) -> Iterator[Item]:
    """Whole, article and all: many readers take nothing but ``title``."""
    for index, text in enumerate(record.title):
        kind = {"type": "translated"} if index else {"usage": "primary"}
        yield Item("titleInfo", None, {**kind, **spoken(text.lang)}, [Item("title", text.value)])
    for text in record.alternative:
        yield Item("titleInfo", None, {"type": "alternative", **spoken(text.lang)}, [Item("title", text.value)])


def names(record: Record) -> Iterator[Item]:
    """Creators, contributors, funders, and the holder of rights, of whom nobody says whether it is a person."""
    for index, agent in enumerate(record.creators):
        yield _name(agent, "cre", {} if index else {"usage": "primary"})
    for contributor in record.contributors:
        yield _name(contributor, contributor.role, {})
    for funder in record.funders:
        yield _name(wording.organisation(funder.name, funder.ror), "fnd", {}, Item("description", funder.award))
    if record.rights_holder:
        yield Item("name", inside=[Item("namePart", record.rights_holder), _role("cph")])


def _name(agent: Agent, role: str, attributes: Mapping[str, str], *more: Item) -> Item:
    kind = "personal" if agent.kind == "person" else "corporate"
    if agent.family and agent.given:
        parts = [
            Item("namePart", agent.family, {"type": "family"}),
            Item("namePart", agent.given, {"type": "given"}),
            Item("displayForm", agent.name),
        ]
    else:
        parts = [Item("namePart", agent.name)]
    parts += [Item("affiliation", affiliation.name) for affiliation in agent.affiliations]
    parts.append(_role(role))
    for scheme, uri in wording.agent_uris(agent).items():
        parts.append(Item("nameIdentifier", uri, {"type": scheme, "typeURI": f"{_IDENTIFIERS}/{scheme}"}))
    return Item("name", None, {"type": kind, **attributes} if agent.name else {}, [*parts, *more] if agent.name else [])


def _role(role: str) -> Item:
    """By code and in English, for a code or a URI of the MARC relators."""
    uri = role if "/" in role else f"{_RELATORS}/{role}"
    term = vocabularies.term("contributor-roles", uri)
    authority = {"authority": "marcrelator", "authorityURI": _RELATORS, **address("valueURI", uri)}
    terms = [Item("roleTerm", term.notation if term else role, {"type": "code", **authority})]
    if term:
        terms.append(Item("roleTerm", term.labels.get("en"), {"type": "text", **authority, **spoken("en")}))
    return Item("role", inside=terms)


def related(record: Record) -> Iterator[Item]:
    """Host and constituents, the original of a translation, the sources of a remix."""
    yield from (_reference(reference, {"type": "host"}) for reference in record.part_of)
    yield from (_reference(reference, {"type": "constituent"}) for reference in record.parts)
    if record.translation_of:
        yield _reference(record.translation_of, _other("translationOfWork"))
    yield from (_source(source) for source in record.sources)


def _other(name: str) -> dict[str, str]:
    return {"otherType": name, "otherTypeURI": f"https://schema.org/{name}"}


def _reference(reference: Reference, attributes: Mapping[str, str]) -> Item:
    inside = [Item("titleInfo", inside=[Item("title", reference.title)]), _identifier(reference.identifier)]
    return Item("relatedItem", None, attributes, inside)


def _identifier(said: str | None) -> Item:
    return Item("identifier", said, {"type": "uri"})


def _source(source: Source) -> Item:
    inside = [Item("titleInfo", inside=[Item("title", source.title)])]
    if source.creator:
        inside.append(Item("name", inside=[Item("namePart", source.creator), _role("cre")]))
    inside += [Item("note", text.value, {"type": "modifications", **spoken(text.lang)}) for text in source.changes]
    inside.append(_identifier(source.identifier))
    if source.licence:
        known = licences.get(source.licence)
        link = address("xlink:href", known.uri if known else source.licence)
        said = known.short if known else source.licence
        inside.append(Item("accessCondition", said, {"type": "use and reproduction", **link}))
    return Item("relatedItem", None, _other("isBasedOn"), inside)
