"""Pages from templates: the reader's language, its words, and values that carry a language of their own."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import HTTPConnection

from api import i18n
from api.i18n import Language
from metadata import languages
from oer.settings import Settings

_HERE = Path(__file__).resolve().parent

# Our own names, so that a reader finds theirs on a page they cannot read.
LANGUAGE_NAMES = {"ar": "العربية", "fr": "Français", "en": "English"}


def language(request: HTTPConnection) -> Language:
    """The language to answer in: ``?lang=`` first, then ``Accept-Language``, of those that the operator offers."""
    offered = request.app.state.installation.settings.languages
    default = i18n.supported(offered[0])
    asked = request.query_params.get("lang", "")
    if asked in offered:
        return i18n.supported(asked)
    found = i18n.negotiate(request.headers.get("accept-language"), default)
    return found if found in offered else default


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
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
    spoken = language(request)
    state = request.app.state
    context = {
        "page": page,
        "lang": spoken,
        "direction": languages.direction(spoken),
        "t": _words(spoken),
        "href": partial(_href, state.prefix, spoken if "lang" in request.query_params else None),
        "languages": state.installation.settings.languages,
        "repository": state.installation.settings.name(spoken),
        "email": _contact(state.installation.settings),
        "assets": state.assets,
        "day": _in(spoken, i18n.day),
        "size": _in(spoken, i18n.file_size),
        "number": _in(spoken, i18n.number),
    }
    return _environment().get_template(template).render(context).encode()


def _contact(settings: Settings) -> str | None:
    """None while it is the address that no operator has chosen and nobody reads."""
    given = settings.admin_email
    return None if given == Settings.model_fields["admin_email"].default else given


def _words(spoken: Language) -> Callable[..., str]:
    return lambda code, **params: i18n.message(code, spoken, **params)


def _in(spoken: Language, say: Callable[[Any, str], str]) -> Callable[[Any], str]:
    return lambda value: say(value, spoken)


def _href(prefix: str, chosen: Language | None, path: str) -> str:
    """Our own address behind the path of the base URL, in the language that the reader chose by hand, if one was."""
    return f"{prefix}{path}?{urlencode({'lang': chosen})}" if chosen else f"{prefix}{path}"
