"""Text of others as HTML of ours: Markdown that people write, and Markdown or HTML files shown inside a page.

What comes out holds nothing that runs, that is loaded from anywhere, that names an element of the page around it, or
that changes how the page looks; headings begin below those of the page (h3). Links lead to the web or to a mailbox,
and tell search engines nothing.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

from babel import Locale
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape

from api.i18n import LANGUAGES
from oer.extraction import decoding

LONGEST = 128 * 1024
"""Bytes of a file that :func:`document` shows; the rest is left out."""

_BLOCKS = frozenset({"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "table", "td", "th", "ul"})
_INLINE = frozenset({"a", "br", "code", "del", "em", "hr", "s", "strong"})
_MORE = frozenset(
    {
        *(
            "abbr",
            "address",
            "article",
            "aside",
            "b",
            "bdi",
            "bdo",
            "caption",
            "cite",
            "col",
            "colgroup",
            "dd",
            "details",
        ),
        *(
            "dfn",
            "div",
            "dl",
            "dt",
            "figcaption",
            "figure",
            "footer",
            "header",
            "i",
            "img",
            "ins",
            "kbd",
            "mark",
            "pre",
        ),
        *("q", "rp", "rt", "ruby", "samp", "section", "small", "span", "sub", "summary", "sup", "tbody", "tfoot"),
        *("thead", "time", "tr", "u", "var", "wbr"),
    }
)
_ALLOWED = set(_BLOCKS | _INLINE | _MORE)
_EVERYWHERE = {"dir", "lang"}
_ATTRIBUTES = {
    "*": _EVERYWHERE,
    "a": {"href"},
    "abbr": {"title"},
    "col": {"span"},
    "colgroup": {"span"},
    "dfn": {"title"},
    "img": {"alt"},  # without an address there is nothing to load, and browsers show the words
    "ol": {"start", "reversed"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
}
# What is inside of these is no text: it goes with them.
_DROPPED = {
    *(
        "audio",
        "button",
        "canvas",
        "embed",
        "frame",
        "frameset",
        "head",
        "iframe",
        "math",
        "noembed",
        "noframes",
        "noscript",
    ),
    *("object", "picture", "script", "select", "style", "svg", "template", "textarea", "title", "video", "xmp"),
}
_VALUES = {
    "href": re.compile(r"(?:https?://|mailto:)[^\s<>\"\\]+", re.IGNORECASE),
    "dir": re.compile("ltr|rtl|auto", re.IGNORECASE),
    "lang": re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,8}"),
    "datetime": re.compile(r"[0-9TZ:.+W-]{1,40}"),
    "scope": re.compile("row|col|rowgroup|colgroup", re.IGNORECASE),
}
_NUMBERS = re.compile(r"[0-9]{1,4}")
_COUNTED = frozenset({"colspan", "rowspan", "span", "start"})
_HEADING = re.compile(r"<(/?)h([1-6])(?=[ >])")
_DEEPER, _DEEPEST = 2, 6

Kind = Literal["markdown", "html"]


def prose(text: str, lang: str) -> Markup:
    """Markdown (CommonMark with tables, no HTML, every line break kept) that somebody has written in a language.

    Every block finds its direction by itself. Pictures become the words that stand for them.
    """
    return _wrapped(_clean(_markdown(text)), lang)


def document(content: bytes | str, *, kind: Kind, lang: str | None = None, most: int = LONGEST) -> tuple[Markup, bool]:
    """A Markdown or HTML file, or its beginning (:data:`LONGEST`), to be shown inside a page; and whether that is
    shortened, as it has ``most`` characters, tags among them.

    ``lang`` is its language where somebody has said so (BCP 47). ``dir`` and ``lang`` inside of it are kept.
    """
    if isinstance(content, bytes):
        content = decoding.decoded(decoding.whole(content[:LONGEST]))
    content = content[:LONGEST]
    kept = _clean(_markdown(content) if kind == "markdown" else content)
    shown = kept if len(kept) <= most else _clean(_beginning(kept, most))
    return _wrapped(shown, lang), shown is not kept


def _beginning(html: str, most: int) -> str:
    """Of clean HTML, up to a word that is whole; elements stay open."""
    piece = html[:most]
    piece = piece[: max(piece.rfind(" "), piece.rfind("\n"), piece.rfind(">") + 1)] or piece
    return piece[: piece.rfind("<")] if piece.rfind("<") > piece.rfind(">") else piece


def _markdown(text: str) -> str:
    return str(_parser().render(text))


def _wrapped(html: str, lang: str | None) -> Markup:
    said = lang if lang is not None and _VALUES["lang"].fullmatch(lang) else None
    told = f' lang="{said}" dir="{_direction(said)}"' if said else ' dir="auto"'
    lowered = _HEADING.sub(_lowered, html)
    return Markup(f'<div class="prose"{told}>{lowered}</div>')  # noqa: S704 - what nh3 has let through


def _direction(lang: str) -> str:
    """By its name: words without a letter of their own, a number say, stand where those of the language would."""
    primary = lang.partition("-")[0].lower()
    if primary in LANGUAGES:
        return str(Locale.parse(primary).text_direction).lower()
    return "auto"


def _clean(html: str) -> str:
    import nh3  # late: a server that only takes files in does without its memory

    return nh3.clean(
        html,
        tags=_ALLOWED,
        clean_content_tags=_DROPPED,
        attributes=_ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener",
        strip_comments=True,
    )


def _kept(_tag: str, name: str, value: str) -> str | None:
    """The value of an attribute, None for one that goes."""
    if name in _VALUES:
        return value if _VALUES[name].fullmatch(value.strip()) else None
    if name in _COUNTED:
        return value if _NUMBERS.fullmatch(value.strip()) else None
    return value


def _lowered(match: re.Match[str]) -> str:
    return f"<{match[1]}h{min(int(match[2]) + _DEEPER, _DEEPEST)}"


@cache
def _parser() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "breaks": True}, renderer_cls=_Renderer)
    return made.enable(["table", "strikethrough"])


class _Renderer(RendererHTML):
    """Every block with text of its own has its own direction: an Arabic list with a French item reads well."""

    def renderToken(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: N802 - theirs
        token = tokens[idx]
        if token.nesting == 1 and token.tag in _BLOCKS:
            token.attrSet("dir", "auto")
        return super().renderToken(tokens, idx, options, env)

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        children: Any = tokens[idx].children or []
        return str(escape(self.renderInlineAsText(children, options, env)))

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002 - theirs
        return f'<pre dir="ltr"><code>{escape(tokens[idx].content)}</code></pre>\n'

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return self.fence(tokens, idx, options, env)
