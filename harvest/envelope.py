"""The bytes of OAI-PMH 2.0 answers around the records. Pure; every text is escaped here.

Source: OAI-PMH 2.0, sections 3.2 (XML response format), 3.5 (resumptionToken), 4 (verbs); guidelines for
oai-identifier (2.1) and for setDescription in Dublin Core. Schema: OAI-PMH.xsd.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from metadata import xml
from metadata.crosswalks import Format
from metadata.oai_record import datestamp
from metadata.xml import NAMESPACES, escape

_OAI = NAMESPACES["oai"]
_PROLOG = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<OAI-PMH xmlns="{_OAI}" xmlns:xsi="{NAMESPACES["xsi"]}" xsi:schemaLocation="{_OAI} {_OAI}OAI-PMH.xsd">'
)
_END = b"</OAI-PMH>\n"


def response(stamp: datetime, endpoint: str, arguments: Mapping[str, str], body: bytes) -> bytes:
    """The whole document. ``arguments`` are echoed: none after badVerb and badArgument, else exactly those given."""
    return b"".join((opening(datestamp(stamp), endpoint, arguments), body, _END))


def opening(stamp: str, endpoint: str, arguments: Mapping[str, str]) -> bytes:
    """The document as far as its answer."""
    echoed = "".join(f' {name}="{escape(value)}"' for name, value in arguments.items())
    return f"{_PROLOG}<responseDate>{stamp}</responseDate><request{echoed}>{escape(endpoint)}</request>".encode()


def around(verb: str, opened: bytes, resumption: bytes) -> tuple[bytes, bytes]:
    """What stands before and behind the items of a list, in a document that is ``opened``."""
    return b"%b<%b>" % (opened, verb.encode()), b"%b</%b>%b" % (resumption, verb.encode(), _END)


def error(code: str, message: str) -> bytes:
    return f'<error code="{code}">{escape(message)}</error>'.encode()


def identify(
    *,
    name: str,
    endpoint: str,
    admin_emails: Sequence[str],
    earliest: datetime,
    compression: Sequence[str] = (),
    descriptions: Iterable[bytes] = (),
) -> bytes:
    """``compression`` names what the door really does besides ``identity``, such as ``gzip``; ``descriptions`` are the
    contents of description containers (:mod:`harvest.descriptions`).
    """
    parts = [
        leaf("repositoryName", name),
        leaf("baseURL", endpoint),
        leaf("protocolVersion", "2.0"),
        *(leaf("adminEmail", email) for email in admin_emails),
        leaf("earliestDatestamp", datestamp(earliest)),
        leaf("deletedRecord", "persistent"),
        leaf("granularity", "YYYY-MM-DDThh:mm:ssZ"),
        *(leaf("compression", encoding) for encoding in compression),
    ]
    described = b"".join(b"<description>%b</description>" % one for one in descriptions)
    return b"<Identify>%b%b</Identify>" % ("".join(parts).encode(), described)


def leaf(element: str, text: str) -> str:
    """An element that holds text alone."""
    return f"<{element}>{escape(text)}</{element}>"


def metadata_formats(formats: Iterable[Format]) -> bytes:
    shown = (
        f"<metadataFormat>{leaf('metadataPrefix', one.prefix)}{leaf('schema', one.schema)}"
        f"{leaf('metadataNamespace', one.namespace)}</metadataFormat>"
        for one in formats
    )
    return f"<ListMetadataFormats>{''.join(shown)}</ListMetadataFormats>".encode()


@dataclass(frozen=True, slots=True)
class SetShown:
    """One set: ``name`` is what most harvesters show; ``names`` and ``descriptions`` map languages to words."""

    spec: str
    name: str
    names: Mapping[str, str]
    descriptions: Mapping[str, str]


def sets(shown: Iterable[SetShown], resumption: bytes = b"") -> bytes:
    """ListSets with at least one set."""
    return _list("ListSets", (_set(one) for one in shown), resumption)


def _set(shown: SetShown) -> bytes:
    described = xml.element(
        "oai_dc:dc",
        attributes={"xsi:schemaLocation": f"{NAMESPACES['oai_dc']} {_OAI}oai_dc.xsd"},
        prefixes=("oai_dc", "dc", "xsi"),
    )
    for lang, name in shown.names.items():
        xml.sub(described, "dc:title", name, {"xml:lang": lang})
    for lang, words in shown.descriptions.items():
        xml.sub(described, "dc:description", words, {"xml:lang": lang})
    head = leaf("setSpec", shown.spec) + leaf("setName", shown.name)
    return b"<set>%b<setDescription>%b</setDescription></set>" % (head.encode(), xml.tobytes(described))


def listing(verb: str, items: Iterable[bytes], resumption: bytes = b"") -> bytes:
    """ListRecords, ListIdentifiers or GetRecord with the bytes of at least one record or header."""
    return _list(verb, items, resumption)


def _list(verb: str, items: Iterable[bytes], resumption: bytes) -> bytes:
    return b"".join((b"<", verb.encode(), b">", *items, resumption, b"</", verb.encode(), b">"))


def resumption(token: str | None, *, size: int, cursor: int, expires: datetime | None = None) -> bytes:
    """The ``resumptionToken`` element; without a token the empty one that ends a list of several pages.

    ``cursor`` counts the items sent before this page; ``expires`` is given with a token.
    """
    until = f' expirationDate="{datestamp(expires)}"' if expires is not None else ""
    attributes = f'{until} completeListSize="{size}" cursor="{cursor}"'
    return f"<resumptionToken{attributes}>{escape(token or '')}</resumptionToken>".encode()
