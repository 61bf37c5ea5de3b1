"""``/help``: chapters for readers, in ``api/help/<language>/<chapter>.md``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from api import i18n, render
from api.pages import frame
from api.pages.steps import Step
from oer.errors import NotFound
from oer.installation import Installation

CHAPTERS = ("index", "licences", "citing", "accessibility", "policies", "harvesting")

_FOLDER = Path(__file__).resolve().parent.parent / "help"
_TITLE = re.compile(r"\A#\s+(.+?)\s*\n+")
_OWN = re.compile(r'href="(/[^"]*)"')
_ARABIC_CODE = re.compile(r"<code>(?=[^<]*[\u0621-\u064a])")  # letters of one width make Arabic hard to read


@dataclass(frozen=True, slots=True)
class HelpPage:
    """``chapters``: path and title of each."""

    title: str
    text: Markup
    chapters: Sequence[tuple[str, str]]
    trail: Sequence[Step]


@cache
def chapter(language: str, name: str) -> tuple[str, str]:
    """Title and text (Markdown) of a chapter; both may hold ``{repository}``, ``{base_url}``, ``{contact}``."""
    whole = (_FOLDER / language / f"{name}.md").read_text(encoding="utf-8")
    title = _TITLE.match(whole)
    assert title is not None, f"{language}/{name}.md has no title"
    return title[1], whole[title.end() :]


def show(request: Request) -> Response:
    """Raises NotFound."""
    here: Installation = request.app.state.installation
    spoken, name = render.spoken(request), request.path_params.get("chapter", "index")
    if name not in CHAPTERS or (name == "index" and "chapter" in request.path_params):
        raise NotFound("page.unknown")
    title, text = chapter(spoken, name)
    words = _words(request, here)
    page = HelpPage(
        title=_filled(title, words),
        text=_linked(request, _parser().render(_filled(text, words))),
        chapters=[(_path(one), _filled(chapter(spoken, one)[0], words)) for one in CHAPTERS],
        trail=[] if name == "index" else [Step("/help", code="site.help")],
    )
    return frame.sent(request, render.html(request, "help.html", page), spoken)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "xhtmlOut": False}).enable("table")


def _path(name: str) -> str:
    return "/help" if name == "index" else f"/help/{name}"


def _words(request: Request, here: Installation) -> dict[str, str]:
    spoken, email = render.spoken(request), render.contact(here.settings)
    contact = i18n.message("help.contact", spoken).replace("{email}", email) if email else ""
    return {
        "{repository}": here.settings.name(spoken),
        "{base_url}": here.settings.base_url,
        "{contact}": contact,
        "{email}": email or "",
    }


def _filled(text: str, words: dict[str, str]) -> str:
    for name, value in words.items():
        text = text.replace(name, value)
    return text


def _linked(request: Request, html: str) -> Markup:
    """Commands read from left to right, and a long one is scrolled by keyboard too. Links to this site go behind the
    path of the base URL, in the language that was chosen by hand.
    """
    html = html.replace("<pre>", '<pre dir="ltr" tabindex="0">')
    html = _ARABIC_CODE.sub('<code class="letters" dir="auto">', html).replace("<code>", '<code dir="auto">')
    return Markup(_OWN.sub(lambda match: f'href="{escape(render.href(request, match[1]))}"', html))  # noqa: S704 - ours
