"""What all pages share: how they are sent, and institutions by name."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from api import conditional, render, security
from metadata.record import Text
from oer import institutions
from oer.models import Institution


def institution_name(institution: Institution, spoken: str) -> Text:
    name, lang = institutions.name_in(institution, spoken)
    return Text(value=name, lang=lang)


def sent(
    request: Request,
    content: bytes,
    spoken: str,
    *,
    policy: str = security.SCRIPTED,
    vary: str = "Accept, Accept-Language, Cookie, Save-Data",
    headers: Mapping[str, str] | None = None,
    **how: Any,
) -> Response:
    """A page that anybody may keep, as long as they ask about it. ``policy`` says what it may load."""
    return conditional.answer(
        request,
        content,
        media_type="text/html; charset=utf-8",
        etag=conditional.tag(content),
        vary=vary,
        packs=True,
        headers={"Content-Language": spoken, "Content-Security-Policy": policy, **(headers or {})},
        **how,
    )


def elsewhere(request: Request, path: str) -> Response:
    """To where what is asked for is kept: other headers of the same request may lead to the page itself."""
    told = {"Location": render.href(request, path), "Cache-Control": conditional.PUBLIC, "Vary": "Accept"}
    return Response(status_code=303, headers=told)
