"""``/api/oembed``: how pages of others show a resource of ours (oEmbed 1.0, https://oembed.com)."""

import html
import re
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Query, Request
from starlette.responses import Response

from api import conditional, lookup, paging
from api.deps import Here
from api.errors import DoorError
from api.routing import Router, refusals
from api.schemas.oembed import OembedOut
from metadata import xml
from metadata.record import pick
from oer import institutions, stored
from oer.db import reading
from oer.errors import Gone, NotFound
from oer.exposure import renderings
from oer.installation import Installation
from oer.policy import ANONYMOUS

router = Router(
    prefix="/api/oembed",
    tags=["oembed"],
    responses=refusals(
        {404: "No resource has this address, or none that is public", 501: "Neither JSON nor XML is wanted"}
    ),
)

_FORMATS = ("json", "xml")
_XML = "text/xml"
_WIDTH, _HEIGHT = 600, 240  # of the card where nobody asks for less
_KEPT = 3600  # seconds
_PATH = re.compile(r"/resources/([0-9a-z]+)(?:/embed)?/?", re.ASCII)
_LANG = re.compile(r"(?:^|&)lang=(ar|fr|en)(?:&|$)")
# What the card may do in its frame: open our page beside it, and download.
_SANDBOX = "allow-popups allow-popups-to-escape-sandbox allow-downloads"

_XML_EXAMPLE = '<?xml version="1.0" encoding="utf-8" standalone="yes"?><oembed><type>rich</type></oembed>'


@router.read(
    "",
    policy="public",
    response_model=OembedOut,
    responses={200: {"content": {_XML: {"schema": {"type": "string"}, "example": _XML_EXAMPLE}}}},
    summary="A resource as a card in pages of others (oEmbed)",
)
def oembed(
    request: Request,
    here: Here,
    url: Annotated[str, Query(max_length=2000, description="Address of the page of a resource")],
    form: Annotated[
        str, Query(alias="format", description="`json` or `xml`", json_schema_extra={"enum": list(_FORMATS)})
    ] = "json",
    maxwidth: Annotated[int | None, Query(ge=1, le=100_000, description="Pixels")] = None,
    maxheight: Annotated[int | None, Query(ge=1, le=100_000, description="Pixels")] = None,
) -> Response:
    """What is not public is as unknown here as what never was."""
    paging.require_each_once(request)
    if form not in _FORMATS:
        raise DoorError("oembed.format-unknown", formats=", ".join(_FORMATS))
    body = _card(here, url, maxwidth, maxheight)
    content, media_type = (body.content(), "application/json") if form == "json" else (_xml(body), _XML)
    return conditional.answer(request, content, media_type=media_type, etag=conditional.tag(content), vary="")


def _card(here: Installation, url: str, maxwidth: int | None, maxheight: int | None) -> OembedOut:
    """Raises NotFound; Unavailable for a damaged record."""
    public_id, lang = _asked(here, url)
    try:
        with reading(here.engine) as session:
            found = lookup.version(session, ANONYMOUS, public_id)
    except Gone:
        raise NotFound("resource.unknown", id=public_id) from None
    record = stored.record_of(found.resource, found.version)
    spoken = lang or here.settings.languages[0]
    title = pick(record.title, spoken)
    name, _ = institutions.name_in(found.institution, spoken)
    said = title.value if title else public_id
    width = min(maxwidth or _WIDTH, _WIDTH)
    height = min(maxheight or _HEIGHT, _HEIGHT)
    return OembedOut(
        type="rich",
        version="1.0",
        title=said,
        author_name=", ".join(creator.name for creator in record.creators) or name,
        provider_name=here.settings.name(spoken),
        provider_url=here.settings.base_url,
        cache_age=_KEPT,
        html=_frame(here.settings.base_url, public_id, lang, said, width, height),
        width=width,
        height=height,
    )


def _asked(here: Installation, url: str) -> tuple[str, str | None]:
    """Public id and language of an address of ours. Raises NotFound for any other."""
    try:
        base, given = urlsplit(here.settings.base_url), urlsplit(url.strip())
    except ValueError:
        raise NotFound("page.unknown") from None
    match = _PATH.fullmatch(given.path.removeprefix(base.path))
    if given.scheme not in ("http", "https") or given.netloc.lower() != base.netloc.lower() or match is None:
        raise NotFound("page.unknown")
    lang = _LANG.search(given.query)
    return match[1], lang[1] if lang and lang[1] in here.settings.languages else None


def _frame(base_url: str, public_id: str, lang: str | None, title: str, width: int, height: int) -> str:
    src = f"{renderings.landing_url(base_url, public_id)}/embed" + (f"?lang={lang}" if lang else "")
    return (
        f'<iframe src="{html.escape(src)}" title="{html.escape(title)}" width="{width}" height="{height}" '
        f'style="border:0;max-width:100%" loading="lazy" sandbox="{_SANDBOX}"></iframe>'
    )


def _xml(body: OembedOut) -> bytes:
    node = xml.element("oembed")
    for name, value in body.model_dump().items():
        xml.sub(node, name, str(value))
    return b'<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n' + xml.tobytes(node)
