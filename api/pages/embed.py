"""``/resources/{id}/embed``: a card of a resource for the pages of others; ``…/qr.svg``: its address for phones."""

import base64
import hashlib
import io
from dataclasses import dataclass
from functools import cache

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from api import conditional, i18n, lookup, render, standalone
from metadata import licences, vocabularies
from metadata.record import Text, pick
from oer import institutions, packs, queries, stored
from oer.db import reading
from oer.exposure import renderings
from oer.installation import Installation
from oer.policy import ANONYMOUS

_QR_KEPT = "public, max-age=86400"


@dataclass(frozen=True, slots=True)
class EmbedPage:
    """``download`` is None where the files are not for everybody, or there are none; ``size`` that of all, in bytes."""

    title: Text
    institution: Text
    kind: str
    licence: str
    licence_label: str
    licence_url: str
    files: int
    size: int
    url: str
    download: str | None
    repository: str
    style: Markup


def show(request: Request) -> Response:
    """Raises NotFound, Gone for what is not shown, and Unavailable for a damaged record."""
    here: Installation = request.app.state.installation
    public_id = request.path_params["public_id"]
    with reading(here.engine) as session:
        found = lookup.version(session, ANONYMOUS, public_id)
        every = queries.resources.files(session, version_id=found.version.id or 0)
    spoken = i18n.supported(render.language(request))
    record = stored.record_of(found.resource, found.version)
    files = packs.chosen(every, light=False) if found.is_open(today=here.now().date()) else []
    licence = licences.get(record.licence) if record.licence else None
    base_url = here.settings.base_url
    name, lang = institutions.name_in(found.institution, spoken)
    page = EmbedPage(
        title=pick(record.title, spoken) or Text(value=public_id),
        institution=Text(value=name, lang=lang),
        kind=vocabularies.label("hcrt", record.resource_type, spoken) if record.resource_type else "",
        licence=licence.short if licence else "",
        licence_label=(licence.labels.get(spoken) or licence.short) if licence else "",
        licence_url=licence.uri if licence else "",
        files=len(files),
        size=sum(file.size for file in files),
        url=f"{renderings.landing_url(base_url, public_id)}?lang={spoken}",
        download=_download(base_url, public_id, [file.name for file in files], spoken),
        repository=here.settings.name(spoken),
        style=Markup(_style()),  # noqa: S704 - ours
    )
    content = standalone.html("embed.html", spoken, page)
    return conditional.answer(
        request,
        content,
        media_type="text/html; charset=utf-8",
        etag=conditional.tag(content),
        vary="Accept-Language",
        packs=True,
        headers={
            "Content-Language": spoken,
            "Content-Security-Policy": _policy(),
            "Cross-Origin-Resource-Policy": "cross-origin",
        },
    )


def _download(base_url: str, public_id: str, names: list[str], spoken: str) -> str | None:
    if not names:
        return None
    if len(names) == 1:
        return renderings.file_url(base_url, public_id, names[0])
    return f"{base_url}/api/resources/{public_id}/pack?lang={spoken}"


def _style() -> str:
    return standalone.text("embed.css").decode()


@cache
def _policy() -> str:
    """The one page that anybody may put a frame around: it has no script, and nothing happens on it."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors *"


def code(request: Request) -> Response:
    """A QR code of the address of the resource's page. Raises NotFound, Gone."""
    here: Installation = request.app.state.installation
    public_id = request.path_params["public_id"]
    with reading(here.engine) as session:
        lookup.resource(session, ANONYMOUS, public_id)
    drawn = io.BytesIO()
    import segno  # late: not every server is asked for one

    made = segno.make(renderings.landing_url(here.settings.base_url, public_id), error="m", micro=False)
    # On white, whatever is behind: scanners want dark modules on a light ground.
    made.save(drawn, kind="svg", border=4, light="#fff", omitsize=True)
    content = drawn.getvalue()
    return conditional.answer(
        request,
        content,
        media_type="image/svg+xml",
        etag=conditional.tag(content),
        vary="",
        packs=True,
        headers={"Cache-Control": _QR_KEPT, "Cross-Origin-Resource-Policy": "cross-origin"},
    )
