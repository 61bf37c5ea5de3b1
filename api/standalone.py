"""Pages that stand alone: in packs and in the frames of other sites, without a request and without the site around."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api import i18n
from api.i18n import Language
from metadata import languages

_TEMPLATES = Path(__file__).resolve().parent / "templates"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        auto_reload=False,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["direction"] = languages.direction
    return made


def html(template: str, spoken: Language, page: Any) -> bytes:
    """One page. Templates see ``page``, the words ``t``, and ``day``, ``size``, ``number`` as the language has them."""

    def said(say: Callable[[Any, str], str]) -> Callable[[Any], str]:
        return lambda value: say(value, spoken)

    context = {
        "page": page,
        "lang": spoken,
        "direction": languages.direction(spoken),
        "t": lambda code, **params: i18n.message(code, spoken, **params),
        "day": said(i18n.day),
        "size": said(i18n.file_size),
        "number": said(i18n.number),
    }
    return _environment().get_template(template).render(context).encode()


@cache
def text(name: str) -> bytes:
    """A file of the templates as it is."""
    return (_TEMPLATES / name).read_bytes()
