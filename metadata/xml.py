"""The one XML module: namespaces, the safe parser, the builder. Nothing else imports lxml.

Parsing takes bytes only, never a path or an address (libxml2 unpacks ``.gz`` paths and fetches addresses).
Building never raises on text: a character that XML 1.0 cannot hold becomes U+FFFD, because one bad label must
not break a page of a hundred records. What is only written is a :class:`Node`, which costs a third of an lxml tree.
Schemas come from a folder alone, whatever addresses they name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

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
    "sitemap": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "rs": "http://www.openarchives.org/rs/terms/",
    "xhtml": "http://www.w3.org/1999/xhtml",
    "xlink": "http://www.w3.org/1999/xlink",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xml": "http://www.w3.org/XML/1998/namespace",
}
"""Prefix → namespace, as written in our own output."""

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 100
MAX_ATTRIBUTES = 200
MAX_ELEMENTS = 1_000_000  # 120 MB of memory, which 4 MB of XML may ask for

CODES = frozenset(
    {
        "xml.too-large",
        "xml.too-deep",
        "xml.too-many-elements",
        "xml.too-many-attributes",
        "xml.doctype",
        "xml.malformed",
        "xml.schema-unusable",
    }
)

Element = etree._Element

# https://www.w3.org/TR/xml/#charsets
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Where there is none of these a text is written as it is: what no XML holds, and what is written as a reference.
_IN_TEXT = re.compile("[^\t\n -%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class XmlError(ValueError):
    """XML that we refuse. ``code`` is one of :data:`CODES`, ``params`` what its sentence needs."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params: Mapping[str, object] = params


class _Guard:
    """A parser target that builds nothing and stops at the first thing that has no place in a partner's XML."""

    def __init__(self, depth: int, attributes: int, elements: int) -> None:
        self._allowed_depth = depth
        self._allowed_attributes = attributes
        self._allowed_elements = elements
        self._depth = 0
        self._elements = 0

    def start(self, _tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._elements > self._allowed_elements:
            raise XmlError("xml.too-many-elements", limit=self._allowed_elements)
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
    data: bytes,
    *,
    size: int = MAX_BYTES,
    depth: int = MAX_DEPTH,
    attributes: int = MAX_ATTRIBUTES,
    elements: int = MAX_ELEMENTS,
) -> etree._Element:
    """The root element of untrusted XML bytes, without comments and processing instructions.

    ``size`` in bytes, ``depth`` in nested elements, ``attributes`` per element, ``elements`` in all. The bytes are
    read twice: once by a guard that keeps nothing, so that a DOCTYPE or a large tree is refused before anything is
    built. Raises :class:`XmlError`: ``xml.too-large``, ``xml.too-deep``, ``xml.too-many-elements``,
    ``xml.too-many-attributes``, ``xml.doctype`` (any, with or without entities) and ``xml.malformed`` with line and
    column.
    """
    if len(data) > size:
        raise XmlError("xml.too-large", size=len(data), limit=size)
    _feed(data, _Guard(depth, attributes, elements))
    root: etree._Element = _feed(data, None)
    return root


@lru_cache(maxsize=4096)
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


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────


class _Scope(dict[str, str]):
    """What a root declares. ``scope["dc:title"]`` is how the element is written there; KeyError where it cannot be."""

    def __init__(self, prefixes: tuple[str, ...], default: str | None) -> None:
        self.prefixes = frozenset(prefixes)
        self.default = default
        self.declared = {f"xmlns:{prefix}": NAMESPACES[prefix] for prefix in prefixes}
        if default:
            self.declared["xmlns"] = NAMESPACES[default]

    def __missing__(self, qualified: str) -> str:
        prefix, _, local = qualified.rpartition(":")
        if prefix != self.default and prefix not in self.prefixes:
            raise KeyError(qualified)
        self[qualified] = written = local if prefix == self.default else qualified
        return written


_scope = lru_cache(maxsize=64)(_Scope)


class Node:
    """An element that is written and never read, made by :func:`root`; its bytes are those that lxml would give.

    Names are qualified as in :func:`element`. KeyError for a prefix that the root does not declare.
    """

    __slots__ = ("_inside", "_name", "_scope", "_start")

    def __init__(self, scope: _Scope, qualified: str, attributes: Mapping[str, str] | None) -> None:
        self._scope = scope
        self._name = scope[qualified]
        self._start = _attributes(scope, attributes) if attributes else ""
        self._inside: list[str | Node] = []

    def leaf(self, qualified: str, text: str | None, attributes: Mapping[str, str] | None = None) -> None:
        """A new last child without children: ``root.leaf("dc:title", "درس", {"xml:lang": "ar"})``."""
        name = self._scope[qualified]
        start = f"<{name}{_attributes(self._scope, attributes)}" if attributes else f"<{name}"
        if text is None:
            self._inside.append(f"{start}/>")
        else:
            self._inside.append(f"{start}>{_text(text)}</{name}>")

    def sub(self, qualified: str, attributes: Mapping[str, str] | None = None) -> "Node":
        """A new last child for others inside it."""
        node = Node(self._scope, qualified, attributes)
        self._inside.append(node)
        return node

    def append(self, node: "Node") -> None:
        """Another root as the last child; it declares what this one does not."""
        self._inside.append(node)

    def remove(self, node: "Node") -> None:
        self._inside.remove(node)

    def __len__(self) -> int:
        return len(self._inside)

    def tobytes(self) -> bytes:
        """UTF-8 without an XML declaration: a fragment to be set into another document."""
        written: list[str] = []
        self._write(written, None)
        return "".join(written).encode()

    def _write(self, written: list[str], around: _Scope | None) -> None:
        declared = "" if self._scope is around else _declarations(self._scope, around)
        start = f"<{self._name}{declared}{self._start}"
        if not self._inside:
            written.append(f"{start}/>")
            return
        written.append(f"{start}>")
        for one in self._inside:
            if isinstance(one, str):
                written.append(one)
            else:
                one._write(written, self._scope)
        written.append(f"</{self._name}>")


def root(
    qualified: str,
    attributes: Mapping[str, str] | None = None,
    *,
    prefixes: tuple[str, ...] = (),
    default: str | None = None,
) -> Node:
    """As :func:`element`, for what is only written."""
    return Node(_scope(prefixes, default), qualified, attributes)


def _declarations(scope: _Scope, around: _Scope | None) -> str:
    known = around.declared if around else {}
    news = ((name, uri) for name, uri in scope.declared.items() if known.get(name) != uri)
    return "".join(f' {name}="{uri}"' for name, uri in news)


def _attributes(scope: _Scope, attributes: Mapping[str, str]) -> str:
    written = ""
    for name, value in attributes.items():
        written += _attribute(scope.prefixes, name, value)
    return written


@lru_cache(maxsize=2048)  # most are the same in every record
def _attribute(prefixes: frozenset[str], name: str, value: str) -> str:
    prefix = name.rpartition(":")[0]
    if prefix not in ("", "xml") and prefix not in prefixes:
        raise KeyError(name)
    return f' {name}="{escape(value)}"'


def _text(text: str) -> str:
    if not _IN_TEXT.search(text):
        return text
    plain = legal(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.replace("\r", "&#13;")


# ── Schemas ──────────────────────────────────────────────────────────────────────────────────────

_XS = "{http://www.w3.org/2001/XMLSchema}"
_CATALOGUE = "{urn:oasis:names:tc:entity:xmlns:xml:catalog}"
_UNDECLARED = "SCHEMAV_CVC_ELT_1"  # libxml2: a wildcard or a root wants an element that no schema declares


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """What a schema has against a document: the line, counted from 1, and libxml2's sentence in English.

    ``foreign`` is the namespace of an element that could not be judged: no schema of the folder is about it.
    """

    line: int
    message: str
    foreign: str | None = None


class Schema:
    """XML Schemas, compiled once: see :func:`schema`. One thread at a time may ask it."""

    def __init__(self, compiled: etree.XMLSchema, namespaces: frozenset[str]) -> None:
        self._compiled: Any = compiled
        self.namespaces = namespaces

    def problems(self, root: etree._Element) -> list[SchemaProblem]:
        """What is not valid in a document that :func:`parse` has read. ``xsi:schemaLocation`` in it loads nothing."""
        try:
            if self._compiled.validate(root):
                return []
        except etree.LxmlError as error:  # a pattern of the schema that takes this text too long
            return [SchemaProblem(1, str(error))]
        return [self._problem(entry) for entry in self._compiled.error_log]

    def _problem(self, entry: Any) -> SchemaProblem:
        foreign = None
        if entry.type_name == _UNDECLARED:
            found = re.match(r"Element '(?:\{([^}]*)\})?", entry.message)
            namespace = (found[1] or "") if found else ""
            foreign = namespace if namespace not in self.namespaces else None
        return SchemaProblem(entry.line, entry.message, foreign)


class _Inside(etree.Resolver):
    """Gives libxml2 what lies in the folder, or what its catalogue maps into it, and nothing else."""

    def __init__(self, folder: Path, catalogue: Mapping[str, str]) -> None:
        self._folder = folder
        self._catalogue = catalogue

    def resolve(self, url: str, _public: str | None, context: Any) -> Any:  # type: ignore[override] # stubs err
        found = self._path(self._catalogue.get(url, url))
        if found is None:
            raise XmlError("xml.schema-unusable", reason=f"{url} is not in the folder")
        return self.resolve_string(found.read_bytes(), context, base_url=found.as_uri())

    def _path(self, url: str) -> Path | None:
        parts = urlsplit(url)
        if parts.scheme not in ("", "file"):
            return None
        path = Path(unquote(parts.path) if parts.scheme else url).resolve()
        return path if path.is_relative_to(self._folder) and path.is_file() else None


def schema(folder: Path) -> Schema:
    """The schemas that ``all.xsd`` of this folder imports, without a look at the network or outside the folder.

    Addresses in them are looked up in the folder's ``catalog.xml`` (OASIS XML Catalogs 1.1: ``uri``, ``system``),
    where there is one. Raises XmlError ``xml.schema-unusable`` with the ``reason``.
    """
    place = folder.resolve()
    try:
        main = parse((place / "all.xsd").read_bytes())
        inside = _Inside(place, _catalogue(place))
        parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
        parser.resolvers.add(inside)
        document = etree.fromstring((place / "all.xsd").read_bytes(), parser, base_url=(place / "all.xsd").as_uri())
        compiled = etree.XMLSchema(document)
    except (OSError, ValueError, etree.LxmlError) as error:
        reason = error.params.get("reason", error.code) if isinstance(error, XmlError) else error
        raise XmlError("xml.schema-unusable", reason=str(reason)) from error
    named = {imported.get("namespace") for imported in main.iter(f"{_XS}import")} | {main.get("targetNamespace")}
    return Schema(compiled, frozenset(filter(None, named)))


def _catalogue(folder: Path) -> dict[str, str]:
    file = folder / "catalog.xml"
    if not file.is_file():
        return {}
    base = file.as_uri()
    names = {f"{_CATALOGUE}uri": "name", f"{_CATALOGUE}system": "systemId"}
    return {
        entry.get(names[entry.tag], ""): urljoin(base, entry.get("uri", ""))
        for entry in parse(file.read_bytes()).iter(*names)
    }
