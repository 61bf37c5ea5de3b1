"""The table of pages: what stands at which address of the web site."""

from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api import conditional, render
from api.pages import (
    checks,
    choosing,
    finding,
    guide,
    home,
    invitation,
    linkset,
    places,
    reference,
    reporting,
    resource,
    shelves,
    signing_in,
    styles,
    subjects,
    versions,
)
from oer.installation import Installation
from oer.settings import Settings


def routes(settings: Settings) -> list[BaseRoute]:
    """Those of every installation; pages about the product itself only where the operator works on it."""
    return _PAGES + ([Route("/styleguide", styles.show)] if settings.development else [])


def search_description(request: Request) -> Response:
    """How browsers search here (OpenSearch 1.1)."""
    here: Installation = request.app.state.installation
    spoken = render.spoken(request)
    name, base_url = here.settings.name(spoken), here.settings.base_url
    content = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">'
        f"<ShortName>{escape(name[:16])}</ShortName><LongName>{escape(name[:48])}</LongName>"
        f"<Description>{escape(name)}</Description>"
        f"<Language>{spoken}</Language><InputEncoding>UTF-8</InputEncoding>"
        f'<Url type="text/html" template="{base_url}/search?q={{searchTerms}}"/>'
        f'<Url type="application/atom+xml" template="{base_url}/api/feed?q={{searchTerms}}"/>'
        "</OpenSearchDescription>\n"
    ).encode()
    return conditional.answer(
        request,
        content,
        media_type="application/opensearchdescription+xml",
        etag=conditional.tag(content),
        vary="Accept-Language, Cookie",
    )


_PAGES: list[BaseRoute] = [
    Route("/", home.show),
    Route("/search", finding.show),
    Route("/opensearch.xml", search_description),
    Route("/subjects", subjects.show),
    Route("/resources/{public_id}", resource.show),
    Route("/resources/{public_id}/versions/{number}", resource.show),
    Route("/resources/{public_id}/versions/{number}/diff/{other}", versions.difference),
    Route("/resources/{public_id}/report", reporting.form, methods=["GET"]),
    Route("/resources/{public_id}/report", reporting.file, methods=["POST"]),
    Route("/resources/{public_id}/linkset", linkset.as_text),
    Route("/resources/{public_id}/linkset.json", linkset.as_json),
    Route("/reports/{reference}", reporting.show),
    Route("/institutions", places.listed),
    Route("/institutions/{slug}", places.show),
    Route("/institutions/{slug}/colours.css", places.colouring),
    Route("/collections", shelves.listed),
    Route("/collections/{public_id}", shelves.show),
    Route("/help", guide.show),
    Route("/help/{chapter}", guide.show),
    Route("/preferences", choosing.show, methods=["GET"]),
    Route("/preferences", choosing.keep, methods=["POST"]),
    Route("/sign-in", signing_in.show, methods=["GET"]),
    Route("/sign-in", signing_in.sign_in, methods=["POST"]),
    Route("/sign-out", signing_in.sign_out, methods=["POST"]),
    Route("/invitation", invitation.show),
    Route("/oai/check", checks.listed, methods=["GET"]),
    Route("/oai/check", checks.order, methods=["POST"]),
    Route("/oai/check/{number}", checks.one),
    Route("/api", reference.show),
    Route("/api/openapi.json", reference.document),
]
