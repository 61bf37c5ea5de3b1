"""Pages from templates: the reader's language, its words, and values that carry a language of their own."""

import re
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import HTTPConnection

from api import i18n, preferences
from api.i18n import Language
from metadata import languages
from oer.search import schema
from oer.settings import Settings

_HERE = Path(__file__).resolve().parent

# Our own names, so that a reader finds theirs on a page they cannot read.
LANGUAGE_NAMES = {"ar": "العربية", "fr": "Français", "en": "English"}

# What a page depends on where programs ask at the same address (:func:`browsing`).
BROWSING = "Accept, Sec-Fetch-Mode, Upgrade-Insecure-Requests"

# Of OAI-PMH, whose answers are pages too.
_ARGUMENTS = frozenset([b"verb", b"metadataPrefix", b"identifier", b"set", b"from", b"until", b"resumptionToken"])
_ONWARD = b"next"  # where the form to sign in leads
# Of our own pages: what was searched for and chosen.
_CHOICES = frozenset([b"q", b"sort", b"kind", b"country", b"page", *(name.encode() for name in schema.FACETS)])

_RANGE = re.compile(r"\s*([\w.+*-]+/[\w.+*-]+)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?", re.ASCII)


def browsing(request: HTTPConnection) -> bool:
    """Whether a person opened this address in a browser, at a door where programs must never get a page.

    ``Accept`` alone does not tell: Java's own client asks for text/html first, and Scrapy sends the very header of
    Firefox; harvesters are built on both. So it must be one of a browser *and* come with what only browsers add when
    somebody goes to an address: ``Sec-Fetch-Mode`` (over https and to localhost) or ``Upgrade-Insecure-Requests``.
    """
    matches = (_RANGE.fullmatch(part) for part in request.headers.get("accept", "").lower()[:1000].split(","))
    weights = {match[1]: float(match[2] or 1) for match in matches if match}
    wanted = min(weights.get("text/html", 0.0), weights.get("application/xhtml+xml", 0.0))
    others = max(weights.get("text/xml", 0.0), weights.get("application/xml", 0.0))
    going = (request.headers.get("sec-fetch-mode"), request.headers.get("upgrade-insecure-requests"))
    return wanted > others and (going[0] == "navigate" or (going[0] is None and going[1] == "1"))


def language(request: HTTPConnection) -> Language:
    """The language to answer in: ``?lang=`` first, then ``Accept-Language``, of those that the operator offers."""
    offered = request.app.state.installation.settings.languages
    default = i18n.supported(offered[0])
    asked = request.query_params.get("lang", "")
    if asked in offered:
        return i18n.supported(asked)
    found = i18n.negotiate(request.headers.get("accept-language"), default)
    return found if found in offered else default


def spoken(request: HTTPConnection) -> Language:
    """The language of a page: as :func:`language`, but what the reader has chosen for this site comes before what the
    browser asks for.
    """
    wished = preferences.of(request).lang
    offered = request.app.state.installation.settings.languages
    if wished in offered and request.query_params.get("lang", "") not in offered:
        return i18n.supported(wished)
    return language(request)


def query(request: HTTPConnection) -> bytes:
    """The query as it came, without the choice of a language, which belongs to our pages and to no door behind them."""
    choices = {f"lang={code}".encode() for code in request.app.state.installation.settings.languages}
    return b"&".join(part for part in request.scope["query_string"].split(b"&") if part and part not in choices)


def _kept(request: HTTPConnection) -> bytes:
    """Of the query what another language of the page needs: arguments of harvesting, what was searched for and chosen,
    and where to go on. What else people put into an address, a token even, is written into no page.
    """
    parts = query(request).split(b"&")
    return b"&".join(part for part in parts if part.partition(b"=")[0] in (*_ARGUMENTS, *_CHOICES, _ONWARD))


def quoted(query: bytes) -> str:
    """A query to be put into an address: what has no place in one is percent-encoded, the rest stays as it is."""
    return quote(query, safe="%=&+/:?@!$()*,;~")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        auto_reload=False,  # else pages meet templates of a newer release than their code's while it is installed
        autoescape=True,  # for every name: Jinja's own choice by extension leaves .html.j2 bare
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["language_names"] = LANGUAGE_NAMES
    made.filters["direction"] = languages.direction
    return made


def html(request: HTTPConnection, template: str, page: Any) -> bytes:
    """One page. Templates see ``page`` (a dataclass of theirs), the words ``t``, and addresses by ``href``."""
    lang = spoken(request)
    state = request.app.state
    context = {
        "page": page,
        "lang": lang,
        "direction": languages.direction(lang),
        "preferences": preferences.of(request),
        "here": request.scope["path"],
        "t": _words(lang),
        "href": partial(href, request),
        "in_language": partial(_in_language, quoted(_kept(request))),
        "languages": state.installation.settings.languages,
        "repository": state.installation.settings.name(lang),
        "email": contact(state.installation.settings),
        "assets": state.assets,
        "day": _in(lang, i18n.day),
        "size": _in(lang, i18n.file_size),
        "number": _in(lang, i18n.number),
    }
    return _environment().get_template(template).render(context).encode()


def contact(settings: Settings) -> str | None:
    """None while it is the address that no operator has chosen and nobody reads."""
    given = settings.admin_email
    return None if given == Settings.model_fields["admin_email"].default else given


def _words(spoken: Language) -> Callable[..., str]:
    return lambda code, **params: i18n.message(code, spoken, **params)


def _in(spoken: Language, say: Callable[[Any, str], str]) -> Callable[[Any], str]:
    return lambda value: say(value, spoken)


def href(request: HTTPConnection, path: str) -> str:
    """Our own address behind the path of the base URL, in the language that the reader chose by hand, if one was."""
    address = f"{request.app.state.prefix}{path}"
    if "lang" not in request.query_params:
        return address
    return f"{address}{'&' if '?' in path else '?'}{urlencode({'lang': language(request)})}"


def onward(request: HTTPConnection, address: str | None) -> str | None:
    """The next page of a list, by its whole address, as a link of a page: of this site, and in the language chosen."""
    if address is None:
        return None
    base_url: str = request.app.state.installation.settings.base_url
    return href(request, address.removeprefix(base_url))


def _in_language(kept: str, code: str) -> str:
    """This very page in another language."""
    return f"?{kept}&{urlencode({'lang': code})}" if kept else f"?{urlencode({'lang': code})}"
