"""``/sitemap.xml`` and ``/robots.txt``: what search engines may find, and what is none of their business."""

from starlette.requests import Request
from starlette.responses import Response

from api import conditional
from api.routes.resourcesync import part_named, sent
from harvest import parts, resourcesync, sitemaps
from harvest.parts import Cuts
from harvest.sitemaps import Site
from oer.db import reading
from oer.installation import Installation

_ROBOTS = "User-agent: *\nDisallow: /oai\nDisallow: /health/\n\nSitemap: {sitemap}\n"


def whole(request: Request) -> Response:
    """Everything, or the index of its parts where it is long."""
    here: Installation = request.app.state.installation
    cuts: Cuts = request.app.state.cuts
    with reading(here.engine) as session:
        shown = parts.shown(session, cuts, live=True)
        if len(shown) > 1:
            content = sitemaps.index(_site(here), shown)
            return conditional.answer(
                request, content, media_type=resourcesync.XML, etag=conditional.tag(content), vary="", packs=True
            )
        found = parts.part(session, shown[0].after, None, size=cuts.size) if shown else None
    return sent(request, sitemaps.listing(here.engine, _site(here), found, pages=True), found, "sitemap")


def part(request: Request) -> Response:
    """A part of a long one. Raises NotFound for a name that no index gives out."""
    here: Installation = request.app.state.installation
    name = request.path_params["name"]
    found = None
    if name != sitemaps.PAGES_NAME:
        with reading(here.engine) as session:
            found = part_named(session, request.app.state.cuts, name)
    pages = found is None
    return sent(request, sitemaps.listing(here.engine, _site(here), found, pages=pages), found, "sitemap")


async def robots(request: Request) -> Response:
    content = _ROBOTS.format(sitemap=_site(request.app.state.installation).index_url)
    return Response(content, headers={"Cache-Control": "public, max-age=86400"}, media_type="text/plain; charset=utf-8")


def _site(here: Installation) -> Site:
    return Site(here.settings.base_url, here.settings.languages)
