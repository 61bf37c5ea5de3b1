"""The one XML module: namespaces, the safe parser, the builder. Nothing else imports lxml.

Parsing takes bytes only, never a path or an address (libxml2 unpacks ``.gz`` paths and fetches addresses).
Building never raises on text: a character that XML 1.0 cannot hold becomes U+FFFD, because one bad label must
not break a page of a hundred records.
"""

import re
from collections.abc import Mapping
from typing import Any

from lxml import etree

NAMESPACES: Mapping[str, str] = {
    "oai": "http://www.openarchives.org/OAI/2.0/",
    "oai_dc": "http://www.openarchives.org/OAI/2.0/oai_dc/",
    "oai_dcterms": "http://www.openarchives.org/OAI/2.0/oai_dcterms/",
    "oai_id": "http://www.openarchives.org/OAI/2.0/oai-identifier",
    "provenance": "http://www.openarchives.org/OAI/2.0/provenance",
    "rights": "http://www.openarchives.org/OAI/2.0/rights/",
    "friends": "http://www.openarchives.org/OAI/2.0/friends/",
    "branding": "http://www.openarchives.org/OAI/2.0/branding/",
    "eprints": "http://www.openarchives.org/OAI/1.1/eprints",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "lom": "http://ltsc.ieee.org/xsd/LOM",
    "marc": "http://www.loc.gov/MARC21/slim",
    "mods": "http://www.loc.gov/mods/v3",
    "mets": "http://www.loc.gov/METS/",
    "datacite": "http://datacite.org/schema/kernel-4",
    "oaire": "http://namespace.openaire.eu/schema/oaire/",
    "xlink": "http://www.w3.org/1999/xlink",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xml": "http://www.w3.org/XML/1998/namespace",
}
"""Prefix → namespace, as written in our own output."""

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 100
MAX_ATTRIBUTES = 200

CODES = frozenset({"xml.too-large", "xml.too-deep", "xml.too-many-attributes", "xml.doctype", "xml.malformed"})

Element = etree._Element

# https://www.w3.org/TR/xml/#charsets
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class XmlError(ValueError):
    """XML that we refuse. ``code`` is one of :data:`CODES`, ``params`` what its sentence needs."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params: Mapping[str, object] = params


class _Guard:
    """A parser target that builds nothing and stops at the first thing that has no place in a partner's XML."""

    def __init__(self, depth: int, attributes: int) -> None:
        self._allowed_depth = depth
        self._allowed_attributes = attributes
        self._depth = 0

    def start(self, _tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > self._allowed_depth:
            raise XmlError("xml.too-deep", limit=self._allowed_depth)
        if len(attributes) > self._allowed_attributes:
            raise XmlError("xml.too-many-attributes", limit=self._allowed_attributes)

    def end(self, _tag: str) -> None:
        self._depth -= 1

    def doctype(self, _name: str | None, _public: str | None, _system: str | None) -> None:
        raise XmlError("xml.doctype")

    def close(self) -> None:
        pass


def _feed(data: bytes, target: Any) -> Any:
    # Never set collect_ids=False: it makes libxml2 load external DTDs (lxml 6.1).
    parser: Any = etree.XMLParser(
        target=target,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        parser.feed(data)
        return parser.close()
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise XmlError("xml.malformed", line=line, column=column) from error


def parse(
    data: bytes, *, size: int = MAX_BYTES, depth: int = MAX_DEPTH, attributes: int = MAX_ATTRIBUTES
) -> etree._Element:
    """The root element of untrusted XML bytes, without comments and processing instructions.

    ``size`` in bytes, ``depth`` in nested elements, ``attributes`` per element. The bytes are read twice: once
    by a guard that keeps nothing, so that a DOCTYPE or a deep tree is refused before anything is built.
    Raises :class:`XmlError`: ``xml.too-large``, ``xml.too-deep``, ``xml.too-many-attributes``, ``xml.doctype``
    (any, with or without entities) and ``xml.malformed`` with line and column.
    """
    if len(data) > size:
        raise XmlError("xml.too-large", size=len(data), limit=size)
    _feed(data, _Guard(depth, attributes))
    root: etree._Element = _feed(data, None)
    return root


def name(qualified: str) -> str:
    """``dc:title`` as lxml's ``{namespace}title``; a name without prefix as it is. KeyError on an unknown prefix."""
    prefix, colon, local = qualified.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}" if colon else qualified


def legal(text: str) -> str:
    """The text with every character that XML 1.0 cannot hold replaced by U+FFFD."""
    return _UNWRITABLE.sub("\ufffd", text)


def element(
    qualified: str,
    text: str | None = None,
    attributes: Mapping[str, str] | None = None,
    *,
    prefixes: tuple[str, ...] = (),
    default: str | None = None,
) -> etree._Element:
    """A root: ``element("oai_dc:dc", prefixes=("oai_dc", "dc", "xsi"))`` declares those prefixes on it.

    ``default`` is the prefix whose namespace is declared as the default one.
    """
    declared: dict[str | None, str] = {prefix: NAMESPACES[prefix] for prefix in prefixes if prefix != "xml"}
    if default is not None:
        declared[None] = NAMESPACES[default]
    root = etree.Element(name(qualified), nsmap=declared)  # type: ignore[arg-type]
    return _filled(root, text, attributes)


def sub(
    parent: etree._Element, qualified: str, text: str | None = None, attributes: Mapping[str, str] | None = None
) -> etree._Element:
    """A new last child: ``sub(root, "dc:title", "درس", {"xml:lang": "ar"})``."""
    return _filled(etree.SubElement(parent, name(qualified)), text, attributes)


def _filled(node: etree._Element, text: str | None, attributes: Mapping[str, str] | None) -> etree._Element:
    if text is not None:
        node.text = legal(text)
    for key, value in (attributes or {}).items():
        node.set(name(key), legal(value))
    return node


def tobytes(node: etree._Element) -> bytes:
    """The element as UTF-8 without an XML declaration: a fragment to be set into another document."""
    written: bytes = etree.tostring(node, encoding="utf-8", xml_declaration=False, with_tail=False)
    return written


def escape(text: str) -> str:
    """The text for an element or a double-quoted attribute, for callers that join bytes by hand.

    Tabs and line ends are written as references: a parser would turn them into spaces inside an attribute.
    """
    plain = legal(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return plain.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")
