"""The bytes of ResourceSync 1.1 documents. Pure; every text is escaped here.

Sources: ANSI/NISO Z39.99-2017 (http://www.openarchives.org/rs/1.1/resourcesync), sections 7 (document formats), 8 to 12
and 14 (links between resources); resourcesync.xsd over sitemap.xsd and siteindex.xsd. Documents come as a head, any
number of entries and a tail, so that long ones can be written while they are read.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from metadata.oai_record import datestamp
from metadata.xml import NAMESPACES, escape

URLSET = "urlset"
INDEX = "sitemapindex"
XML = "application/xml"
# resourcesync.xsd, contentType. It allows no dot and no parameter: of an Office file, for one, nothing can be said.
_SAYABLE = re.compile(r"[A-Za-z0-9+_-]+/[A-Za-z0-9+_-]+")
_ENTRY = {URLSET: "url", INDEX: "sitemap"}


@dataclass(frozen=True, slots=True)
class Link:
    """``rs:ln``: where something related is, and of which media type that is."""

    rel: str
    href: str
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One address of a list. ``about`` are the attributes of its ``rs:md``; None among them says nothing."""

    loc: str
    about: Mapping[str, str | None]
    modified: datetime | None = None
    links: Sequence[Link] = ()


def head(root: str, about: Mapping[str, str | None], links: Iterable[Link]) -> bytes:
    """How a document begins, up to its first entry. ``root`` is :data:`URLSET` or :data:`INDEX`."""
    opening = f'<{root} xmlns="{NAMESPACES["sitemap"]}" xmlns:rs="{NAMESPACES["rs"]}">'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{opening}{"".join(map(_ln, links))}{_md(about)}\n'.encode()


def entry(root: str, shown: Entry) -> bytes:
    modified = f"<lastmod>{datestamp(shown.modified)}</lastmod>" if shown.modified else ""
    name = _ENTRY[root]
    inner = f"<loc>{escape(shown.loc)}</loc>{modified}{_md(shown.about)}{''.join(map(_ln, shown.links))}"
    return f"<{name}>{inner}</{name}>\n".encode()


def tail(root: str) -> bytes:
    return f"</{root}>\n".encode()


def document(root: str, about: Mapping[str, str | None], links: Iterable[Link], entries: Iterable[Entry]) -> bytes:
    """A whole document, for short ones."""
    return b"".join([head(root, about, links), *(entry(root, one) for one in entries), tail(root)])


def _md(about: Mapping[str, str | None]) -> str:
    said = "".join(f' {name}="{escape(value)}"' for name, value in about.items() if value is not None)
    return f"<rs:md{said}/>" if said else ""


def _ln(link: Link) -> str:
    of_type = media_type(link.media_type)
    said = f' type="{escape(of_type)}"' if of_type else ""
    return f'<rs:ln rel="{escape(link.rel)}" href="{escape(link.href)}"{said}/>'


def media_type(found: str) -> str | None:
    """The media type as far as the schema can hold it, without parameters; None where it cannot."""
    bare = found.partition(";")[0].strip()
    return bare if _SAYABLE.fullmatch(bare) else None


def of_bytes(sha256: str, length: int, found: str) -> dict[str, str | None]:
    """The attributes that tell one representation from all others (section 7)."""
    return {"hash": f"sha-256:{sha256}", "length": str(length), "type": media_type(found)}


# ── The documents that name the others ──────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Source:
    """Where everything of this source is. ``base_url`` is the root of all addresses."""

    base_url: str

    @property
    def description(self) -> str:
        """Section 6.3.2 wants it at the root of the host: a proxy that shows us below a path has to pass it on."""
        return f"{self.base_url}/.well-known/resourcesync"

    @property
    def capabilities(self) -> str:
        return f"{self.base_url}/resourcesync/capabilitylist.xml"

    def whole(self, capability: str) -> str:
        """A list, or the index of its parts."""
        return f"{self.base_url}/resourcesync/{capability}.xml"

    def part(self, capability: str, after: int, upto: int | None) -> str:
        return f"{self.base_url}/resourcesync/{capability}/{part_name(after, upto)}"

    def manifest(self, public_id: str) -> str:
        return f"{self.base_url}/resourcesync/resources/{public_id}/manifest.xml"

    def above(self, capability: str, *, indexed: bool) -> list[Link]:
        """The links that lead up from a list: to the capability list, and to its index where there is one."""
        index = [Link("index", self.whole(capability))] if indexed else []
        return [Link("up", self.capabilities), *index]


def part_name(after: int, upto: int | None) -> str:
    """``1200-2400.xml``; ``2400.xml`` for the last part, which has no end yet."""
    return f"{after}.xml" if upto is None else f"{after}-{upto}.xml"


_PART = re.compile(r"(0|[1-9][0-9]{0,17})(?:-([1-9][0-9]{0,17}))?\.xml", re.ASCII)


def part_of(name: str) -> tuple[int, int | None] | None:
    """What :func:`part_name` was given, None for any other name."""
    match = _PART.fullmatch(name)
    if match is None:
        return None
    after, upto = int(match[1]), int(match[2]) if match[2] else None
    return (after, upto) if upto is None or after < upto else None


def description(source: Source) -> bytes:
    """The Source Description (section 8). What describes the source is Identify of OAI-PMH."""
    about = Entry(source.capabilities, {"capability": "capabilitylist"}, links=[_home(source)])
    links = [Link("describedby", f"{source.base_url}/oai?verb=Identify", "text/xml")]
    return document(URLSET, {"capability": "description"}, links, [about])


def capability_list(source: Source, capabilities: Iterable[str]) -> bytes:
    """The Capability List (section 9) of our one set of resources."""
    links = [Link("up", source.description), _home(source)]
    entries = [Entry(source.whole(one), {"capability": one}) for one in capabilities]
    return document(URLSET, {"capability": "capabilitylist"}, links, entries)


def _home(source: Source) -> Link:
    return Link("describedby", f"{source.base_url}/", "text/html")
