"""An OAI-PMH answer as values of a page, read from the very bytes that a harvester gets.

Source: OAI-PMH 2.0, sections 2.5 (record), 3.2 (response), 3.5 (resumptionToken), 3.6 (errors), 4 (verbs).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from markupsafe import Markup

from api.pages import markup
from metadata import xml
from metadata.record import Text, pick
from metadata.xml import Element

_LANGUAGE = xml.name("xml:lang")


@dataclass(frozen=True, slots=True)
class Failure:
    """A code of section 3.6, and what the protocol's answer says of it in English."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Container:
    """What a description container holds, such as ``eprints``."""

    name: str
    xml: Markup


@dataclass(frozen=True, slots=True)
class Identity:
    """What Identify tells."""

    name: str
    base_url: str
    version: str
    emails: Sequence[str]
    earliest: str
    deleted: str
    granularity: str
    compression: Sequence[str]
    descriptions: Sequence[Container]


@dataclass(frozen=True, slots=True)
class FormatShown:
    prefix: str
    schema: str
    namespace: str


@dataclass(slots=True)
class SetShown:
    """A set with those beneath it that are in the same answer."""

    spec: str
    name: Text
    description: Text | None
    below: list["SetShown"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RecordShown:
    """A record or a header: ``xml`` is the whole element. ``title`` where the format has an element of that name."""

    identifier: str
    datestamp: str
    sets: Sequence[str]
    deleted: bool
    title: Text | None
    xml: Markup


@dataclass(frozen=True, slots=True)
class Resumption:
    """``token`` is empty on the last page of several; ``cursor`` counts the items on the pages before."""

    token: str
    cursor: int | None
    size: int | None
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class Answer:
    """``moment`` is the responseDate, ``arguments`` those that the answer echoes: none where it could not read them."""

    moment: str
    arguments: dict[str, str]
    failures: Sequence[Failure]
    identity: Identity | None
    formats: Sequence[FormatShown]
    sets: Sequence[SetShown]
    set_count: int
    records: Sequence[RecordShown]
    resumption: Resumption | None


def read(content: bytes, spoken: str) -> Answer:
    """The values of one answer, texts in the language ``spoken`` where there is one. Raises XmlError."""
    root = xml.parse(content, size=len(content))
    request, identify = root.find(xml.name("oai:request")), root.find(xml.name("oai:Identify"))
    sets = [_set(node, spoken) for node in root.iter(xml.name("oai:set"))]
    listed = [node for name in ("GetRecord", "ListRecords", "ListIdentifiers") for node in _all(root, name)]
    return Answer(
        moment=_text(root, "responseDate"),
        arguments={str(name): str(value) for name, value in request.attrib.items()} if request is not None else {},
        failures=[Failure(node.get("code") or "", node.text or "") for node in _all(root, "error")],
        identity=_identity(identify) if identify is not None else None,
        formats=[_format(node) for node in root.iter(xml.name("oai:metadataFormat"))],
        sets=_tree(sets),
        set_count=len(sets),
        records=[_record(node, spoken) for within in listed for node in within if markup.local_name(node) in _ITEMS],
        resumption=next((_resumption(node) for node in root.iter(xml.name("oai:resumptionToken"))), None),
    )


_ITEMS = ("record", "header")


def _all(node: Element, name: str) -> list[Element]:
    return node.findall(xml.name(f"oai:{name}"))


def _text(node: Element, name: str) -> str:
    return node.findtext(xml.name(f"oai:{name}")) or ""


def _texts(node: Element, name: str) -> list[str]:
    return [found.text or "" for found in _all(node, name)]


def _identity(node: Element) -> Identity:
    return Identity(
        name=_text(node, "repositoryName"),
        base_url=_text(node, "baseURL"),
        version=_text(node, "protocolVersion"),
        emails=_texts(node, "adminEmail"),
        earliest=_text(node, "earliestDatestamp"),
        deleted=_text(node, "deletedRecord"),
        granularity=_text(node, "granularity"),
        compression=_texts(node, "compression"),
        descriptions=[
            Container(markup.local_name(inner), markup.pretty(inner))
            for container in _all(node, "description")
            for inner in container
        ],
    )


def _format(node: Element) -> FormatShown:
    return FormatShown(_text(node, "metadataPrefix"), _text(node, "schema"), _text(node, "metadataNamespace"))


# ── Sets ─────────────────────────────────────────────────────────────────────────────────────────


def _set(node: Element, spoken: str) -> SetShown:
    """The name in the reader's language where the description has one (:mod:`harvest.sets` writes them in DC)."""
    names = [_said(found) for found in node.iter(xml.name("dc:title"))]
    descriptions = [_said(found) for found in node.iter(xml.name("dc:description"))]
    name = pick(names, spoken) or Text(value=_text(node, "setName"))
    return SetShown(_text(node, "setSpec"), name, pick(descriptions, spoken))


def _said(node: Element) -> Text:
    return Text(value=node.text or "", lang=node.get(_LANGUAGE) or "und")


def _tree(sets: Sequence[SetShown]) -> list[SetShown]:
    """Each set beneath the nearest that is above it, in the order of the answer, which has parents first."""
    top: list[SetShown] = []
    above: list[SetShown] = []
    for one in sets:
        while above and not one.spec.startswith(f"{above[-1].spec}:"):
            above.pop()
        (above[-1].below if above else top).append(one)
        above.append(one)
    return top


# ── Records ──────────────────────────────────────────────────────────────────────────────────────


def _record(node: Element, spoken: str) -> RecordShown:
    found = node.find(xml.name("oai:header"))
    header = node if found is None else found
    described = node.find(xml.name("oai:metadata"))
    return RecordShown(
        identifier=_text(header, "identifier"),
        datestamp=_text(header, "datestamp"),
        sets=_texts(header, "setSpec"),
        deleted=header.get("status") == "deleted",
        title=pick(list(_titles(described)), spoken) if described is not None else None,
        xml=markup.pretty(node),
    )


def _titles(described: Element) -> Iterator[Text]:
    """The first element ``title`` and its like beside it: in DC and DataCite siblings, in MODS cousins, in LOM strings.

    Titles of other works stand deeper, or elsewhere.
    """
    places: tuple[Element | None, ...] = ()
    for node in described.iter():
        if markup.local_name(node) == "title":
            parent = node.getparent()
            grandparent = parent.getparent() if parent is not None else None
            places = places or (parent, grandparent)
            if parent is places[0] or grandparent is places[1]:
                yield from _named(node)


def _named(node: Element) -> Iterator[Text]:
    """The words of a title with the language that is told of them, at it or one element above."""
    for said in [node, *node]:
        if (said.text or "").strip():
            above = said.getparent()
            told = [said.get(_LANGUAGE), said.get("language"), above.get(_LANGUAGE) if above is not None else None]
            yield Text(value=said.text or "", lang=next((lang for lang in told if lang), "und"))


def _resumption(node: Element) -> Resumption:
    expires = node.get("expirationDate")
    return Resumption(
        token=node.text or "",
        cursor=_number(node.get("cursor")),
        size=_number(node.get("completeListSize")),
        expires=datetime.fromisoformat(expires) if expires else None,
    )


def _number(given: str | None) -> int | None:
    return int(given) if given and given.isdigit() else None
