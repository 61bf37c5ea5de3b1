"""An OAI-PMH answer as plain values, read without belief: whatever is not there is empty, and nothing raises.

Names are looked up in the namespace that the root really has, so that a wrong one costs one finding and not all others.
Source: OAI-PMH 2.0, sections 2.5 (record), 3.2 (XML response format), 3.3 (dates), 3.5 (flow control).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from metadata import xml
from metadata.xml import NAMESPACES, Element

VERBS = ("Identify", "ListMetadataFormats", "ListSets", "GetRecord", "ListIdentifiers", "ListRecords")
DAY, SECOND = "YYYY-MM-DD", "YYYY-MM-DDThh:mm:ssZ"

_FORMS = {DAY: "[0-9]{4}-[0-9]{2}-[0-9]{2}", SECOND: "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"}
_SCHEMA_LOCATION = xml.name("xsi:schemaLocation")


def granularity(value: str) -> str | None:
    """:data:`DAY` or :data:`SECOND` where the value is a UTCdatetime of that form that can be (section 3.3)."""
    for form, pattern in _FORMS.items():
        if re.fullmatch(pattern, value):
            try:
                datetime.fromisoformat(value)
            except ValueError:
                return None
            return form
    return None


def moment(value: str) -> datetime | None:
    """The first second that a UTCdatetime means."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if granularity(value) else None


def last_moment(value: str) -> datetime | None:
    """The last second that a UTCdatetime means: of a day 23:59:59."""
    first = moment(value)
    return first + timedelta(hours=23, minutes=59, seconds=59) if first and granularity(value) == DAY else first


@dataclass(frozen=True, slots=True)
class Header:
    """``whole``: identifier and datestamp stand in it exactly once. ``status`` is None where there is no attribute."""

    identifier: str
    datestamp: str
    sets: tuple[str, ...]
    status: str | None
    whole: bool

    @property
    def deleted(self) -> bool:
        return self.status == "deleted"


@dataclass(frozen=True, slots=True)
class Root:
    """The root of what stands in ``metadata``: its namespace, and the schema addresses named for that namespace."""

    namespace: str
    schemas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """``bodies`` counts ``metadata``, ``containers`` these and ``about``; ``roots`` are what stands in ``metadata``."""

    header: Header
    bodies: int
    containers: int
    roots: tuple[Root, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """A ``resumptionToken`` element with its attributes as they stand."""

    value: str
    cursor: str | None
    size: str | None
    expires: str | None


@dataclass(frozen=True, slots=True)
class MetadataFormat:
    prefix: str
    schema: str
    namespace: str


@dataclass(frozen=True, slots=True)
class SetListed:
    spec: str
    name: str
    whole: bool


@dataclass(frozen=True)
class Answer:
    """One document whose root is called ``OAI-PMH``."""

    root: Element

    @cached_property
    def namespace(self) -> str:
        return _split(self.root.tag)[0]

    def _all(self, parent: Element | None, name: str) -> list[Element]:
        return [] if parent is None else parent.findall(f"{{{self.namespace}}}{name}" if self.namespace else name)

    def _one(self, parent: Element | None, name: str) -> Element | None:
        found = self._all(parent, name)
        return found[0] if found else None

    def _text(self, parent: Element | None, name: str) -> str:
        return text(self._one(parent, name))

    @cached_property
    def names(self) -> list[str]:
        """The names of the root's children in their order; those of another namespace in Clark's notation."""
        own = f"{{{self.namespace}}}" if self.namespace else ""
        return [str(child.tag).removeprefix(own) for child in self.root]

    @property
    def date(self) -> str:
        return self._text(self.root, "responseDate")

    @property
    def base_url(self) -> str:
        return self._text(self.root, "request")

    @property
    def echoed(self) -> dict[str, str]:
        found = self._one(self.root, "request")
        return {} if found is None else {str(name): str(value) for name, value in found.attrib.items()}

    @cached_property
    def errors(self) -> list[str]:
        return [error.get("code", "") for error in self._all(self.root, "error")]

    def body(self, verb: str) -> Element | None:
        return self._one(self.root, verb)

    # ── What verbs answer ──

    def identity(self, name: str) -> list[str]:
        """The values of one element of Identify."""
        return [text(found) for found in self._all(self.body("Identify"), name)]

    def oai_identifier(self) -> tuple[str, str] | None:
        """Scheme and repository identifier that an ``oai-identifier`` description promises for every identifier."""
        body = self.body("Identify")
        found = None if body is None else next(body.iter(xml.name("oai_id:oai-identifier")), None)
        if found is None:
            return None
        parts = (found.findtext(xml.name(f"oai_id:{name}")) or "" for name in ("scheme", "repositoryIdentifier"))
        scheme, repository = (part.strip() for part in parts)
        return scheme, repository

    def formats(self) -> list[MetadataFormat]:
        return [
            MetadataFormat(*(self._text(found, name) for name in ("metadataPrefix", "schema", "metadataNamespace")))
            for found in self._all(self.body("ListMetadataFormats"), "metadataFormat")
        ]

    def sets(self) -> list[SetListed]:
        return [
            SetListed(
                self._text(found, "setSpec"),
                self._text(found, "setName"),
                len(self._all(found, "setSpec")) == len(self._all(found, "setName")) == 1,
            )
            for found in self._all(self.body("ListSets"), "set")
        ]

    def records(self, verb: str) -> list[Record]:
        return [self._record(found) for found in self._all(self.body(verb), "record")]

    def headers(self, verb: str) -> list[Header]:
        """Of ListIdentifiers, ListRecords or GetRecord; a record without one gives a header that is not whole."""
        if verb == "ListIdentifiers":
            return [self._header(found) for found in self._all(self.body(verb), "header")]
        return [record.header for record in self.records(verb)]

    def token(self, verb: str) -> Token | None:
        found = self._one(self.body(verb), "resumptionToken")
        if found is None:
            return None
        value = found.text if found.text and found.text.strip() else ""
        return Token(value, found.get("cursor"), found.get("completeListSize"), found.get("expirationDate"))

    def _record(self, element: Element) -> Record:
        headers, bodies = self._all(element, "header"), self._all(element, "metadata")
        containers = len(bodies) + len(self._all(element, "about"))
        roots = tuple(_root(child) for body in bodies for child in body)
        return Record(self._header(headers[0] if len(headers) == 1 else None), len(bodies), containers, roots)

    def _header(self, element: Element | None) -> Header:
        identifiers, stamps = self._all(element, "identifier"), self._all(element, "datestamp")
        return Header(
            identifier=text(identifiers[0]) if identifiers else "",
            datestamp=text(stamps[0]) if stamps else "",
            sets=tuple(text(found) for found in self._all(element, "setSpec")),
            status=None if element is None else element.get("status"),
            whole=len(identifiers) == len(stamps) == 1 and bool(text(identifiers[0]) and text(stamps[0])),
        )


def text(element: Element | None) -> str:
    """The element's own text without the spaces around it."""
    return "" if element is None else (element.text or "").strip()


def schema_locations(element: Element) -> list[tuple[str, str]] | None:
    """The pairs of ``xsi:schemaLocation``: namespace and address. None where there is none, or half a pair."""
    words = element.get(_SCHEMA_LOCATION, "").split()
    if not words or len(words) % 2:
        return None
    return list(zip(words[::2], words[1::2], strict=True))


def _root(element: Element) -> Root:
    namespace, _ = _split(element.tag)
    pairs = schema_locations(element) or []
    return Root(namespace, tuple(address for name, address in pairs if name == namespace))


def _split(tag: object) -> tuple[str, str]:
    """Namespace and local name of lxml's ``{namespace}name``."""
    namespace, _, local = str(tag).rpartition("}")
    return namespace.removeprefix("{"), local


def is_oai(root: Element) -> bool:
    """Whether the root is ``OAI-PMH`` in whatever namespace."""
    return _split(root.tag)[1] == "OAI-PMH"


def is_right_root(root: Element) -> bool:
    return root.tag == f"{{{NAMESPACES['oai']}}}OAI-PMH"
