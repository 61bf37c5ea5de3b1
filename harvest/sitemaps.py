"""Sitemaps for search engines: our public pages, each with its forms in other languages.

Sources: sitemaps.org, protocol 0.9 (sitemap.xsd, siteindex.xsd); alternate languages as ``xhtml:link`` with
``hreflang``, where every address names all of them, itself too. A page without ``?lang=`` answers in the language of
its reader: that is ``x-default``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Engine

from harvest import resourcesync
from harvest.parts import Part, Shown
from metadata.oai_record import datestamp
from metadata.xml import NAMESPACES, escape
from oer import queries
from oer.db import reading
from oer.exposure import renderings

PAGES = ("/", "/api")  # the pages that are not of one resource
PAGES_NAME = "pages.xml"
_BATCH = 500  # resources read at a time
_DECLARED = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True, slots=True)
class Site:
    """``languages`` are those that pages can be asked for, the default first."""

    base_url: str
    languages: Sequence[str]

    @property
    def index_url(self) -> str:
        return f"{self.base_url}/sitemap.xml"

    def part_url(self, name: str) -> str:
        return f"{self.base_url}/sitemap/{name}"


def index(site: Site, parts: Sequence[Shown]) -> bytes:
    named: list[tuple[str, datetime | None]] = [(PAGES_NAME, None)]
    named += [(resourcesync.part_name(part.after, part.upto), part.modified) for part in parts]
    entries = "".join(
        f"<sitemap><loc>{escape(site.part_url(name))}</loc>{_modified(moment)}</sitemap>\n" for name, moment in named
    )
    return f'{_DECLARED}<sitemapindex xmlns="{NAMESPACES["sitemap"]}">\n{entries}</sitemapindex>\n'.encode()


def listing(engine: Engine, site: Site, part: Part | None, *, pages: bool) -> Iterator[bytes]:
    """One sitemap: the ``pages`` that are not of one resource, and the resources of the part, in pieces."""
    xhtml = f' xmlns:xhtml="{NAMESPACES["xhtml"]}"' if _alternates(site) else ""
    head = f'{_DECLARED}<urlset xmlns="{NAMESPACES["sitemap"]}"{xhtml}>\n'
    yield (head + "".join(_page(site, path) for path in (PAGES if pages else ()))).encode()
    after = part.after if part else 0
    while part:
        with reading(engine) as session:
            rows = queries.listings.walk(session, after=after, upto=part.seen, live=True, limit=_BATCH)
        landings = ((renderings.landing_url(site.base_url, row.public_id), row.stamp) for row in rows)
        yield "".join(_url(landing, stamp, alternates(site, landing)) for landing, stamp in landings).encode()
        if len(rows) < _BATCH:
            break
        after = rows[-1].change
    yield b"</urlset>\n"


def _page(site: Site, path: str) -> str:
    """In each language: unlike those of resources, these pages do not name the others themselves."""
    addresses = dict.fromkeys([site.base_url + path, *(href for _, href in alternates(site, site.base_url + path))])
    return "".join(_url(loc, None, alternates(site, site.base_url + path)) for loc in addresses)


def _url(loc: str, modified: datetime | None, others: Sequence[tuple[str, str]]) -> str:
    links = "".join(f'<xhtml:link rel="alternate" hreflang="{code}" href="{escape(href)}"/>' for code, href in others)
    return f"<url><loc>{escape(loc)}</loc>{_modified(modified)}{links}</url>\n"


def _modified(moment: datetime | None) -> str:
    return f"<lastmod>{datestamp(moment)}</lastmod>" if moment else ""


def _alternates(site: Site) -> bool:
    return len(site.languages) > 1


def alternates(site: Site, loc: str) -> list[tuple[str, str]]:
    """(hreflang, address) of a page in all its languages; none where there is only one."""
    if not _alternates(site):
        return []
    return [*((code, f"{loc}?lang={code}") for code in site.languages), ("x-default", loc)]
