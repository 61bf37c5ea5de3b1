"""What the head of a resource's page says to programs: search engines, reference managers, readers of links."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from sqlmodel import Session
from starlette.requests import Request

from api import render, showing
from api.lookup import Found
from api.pages.cards import Card
from harvest import sitemaps
from harvest.sitemaps import Site
from metadata.crosswalks import Described
from metadata.crosswalks.exports import EXPORTS
from metadata.record import Record, Text
from oer.exposure import renderings
from oer.installation import Installation
from oer.models import Version, VersionFile


@dataclass(frozen=True, slots=True)
class Head:
    """``alternates``: language and address of the same page; ``meta``: name and value."""

    canonical: str
    alternates: Sequence[tuple[str, str]]
    api_url: str
    oembed_url: str
    cover_url: str | None
    meta: Sequence[tuple[str, str]]
    linked_data: Markup


def of(
    request: Request,
    session: Session,
    found: Found,
    record: Record,
    files: Sequence[VersionFile],
    *,
    title: Text,
    card: Card,
) -> Head:
    """``files`` are those that anybody may have. Of a past version neither they, the cover nor linked data are told:
    those are of the resource as it is now.
    """
    here: Installation = request.app.state.installation
    spoken, base_url, public_id = render.spoken(request), here.settings.base_url, found.resource.public_id
    url = renderings.landing_url(base_url, public_id)
    now = found.is_current
    cover = f"{base_url}{card.cover.removeprefix(request.app.state.prefix)}" if card.cover and now else None
    attached = [
        renderings.file_url(base_url, public_id, file.name)
        for file in files
        if now and file.media_type == "application/pdf" and file.role == "main"
    ]
    return Head(
        canonical=f"{url}?lang={spoken}" if request.query_params.get("lang") == spoken else url,
        alternates=sitemaps.alternates(Site(base_url, here.settings.languages), url),
        api_url=f"{base_url}/api/resources/{public_id}",
        oembed_url=showing.oembed_url(base_url, public_id),
        cover_url=cover,
        meta=[*_meta(record, found.version, title, url), *(("citation_pdf_url", address) for address in attached)],
        linked_data=_linked_data(session, here, found.resource.id or 0, spoken) if now else Markup(),
    )


def _meta(record: Record, version: Version, title: Text, url: str) -> Iterator[tuple[str, str]]:
    """Highwire tags, as Google Scholar and Zotero read them, and Dublin Core."""
    yield "citation_title", title.value
    yield "DC.title", title.value
    for creator in record.creators:
        yield "citation_author", creator.name
        yield "DC.creator", creator.name
    yield "citation_publication_date", version.published.date().strftime("%Y/%m/%d")
    yield "DC.date", version.published.date().isoformat()
    for tag in record.languages:
        yield "citation_language", tag
        yield "DC.language", tag
    if record.publisher:
        yield "citation_publisher", record.publisher.name
        yield "DC.publisher", record.publisher.name
    if record.licence:
        yield "DC.rights", record.licence
    yield "citation_public_url", url
    yield "DC.identifier", url


def _linked_data(session: Session, here: Installation, resource_id: int, spoken: str) -> Markup:
    """schema.org for search engines. Nothing in it ends the element that it stands in."""
    place = {"repository_id": here.repository_id, "base_url": here.settings.base_url}
    described: Described | None = renderings.describe(session, [resource_id], **place).of.get(resource_id)
    if described is None:
        return Markup()
    written = EXPORTS["jsonld"].dump(described, spoken).decode()
    safe = written.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(safe)  # noqa: S704 - see above
