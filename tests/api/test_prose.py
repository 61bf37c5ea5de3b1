"""What others write and send, as HTML of ours: nothing of it may run, load, or change the page around it."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import prose

ALLOWED = prose._ALLOWED
HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//e.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://e.example/pixel.png' srcset='https://e.example/2x 2x' alt='x'>",
    "<svg><script>alert(1)</script></svg>",
    "<svg onload=alert(1)><a href='javascript:alert(1)'>x</a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<style>body{display:none}@import 'https://e.example/x.css'</style>",
    "<link rel=stylesheet href=https://e.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://e.example'>",
    "<base href=https://e.example/>",
    "<iframe src=https://e.example srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=x.swf></object><embed src=x>",
    "<form action=https://e.example id=document><input name=attributes><button>x</button></form>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='&#x6a;avascript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:x'>x</a><a href='//e.example'>x</a><a href='/sign-out'>x</a><a href='#main'>x</a>",
    "<p id=main name=cookie class=skip style='position:fixed' onclick=alert(1) tabindex=1 accesskey=x>x</p>",
    "<p dir='ltr\" onclick=\"alert(1)' lang='ar\" onclick=\"alert(1)'>x</p>",
    "<div contenteditable draggable hidden slot=x is=y role=alert aria-live=assertive>x</div>",
    "<video src=https://e.example/x poster=y></video><audio autoplay src=x></audio>",
    "<picture><source srcset=https://e.example/x><img src=y></picture>",
    "<table background=https://e.example/x><td background=https://e.example/x bgcolor=red>x</td></table>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<textarea></textarea><img src=x onerror=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<!--><script>alert(1)</script>--> <!-- x --!><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml-stylesheet href='javascript:alert(1)'?>",
    "<a ping=https://e.example href=https://a.example target=_blank rel=opener download>x</a>",
    "<q cite=https://e.example>x</q><ins cite='javascript:x' datetime='x onclick'>x</ins>",
    "<ol start='1e9999' reversed><li value=9>x</li></ol>",
    "</div></main><h1>x</h1><main><div>",
    "<plaintext>x",
    "<xmp><script>alert(1)</script></xmp>",
    "\0<scr\0ipt>alert(1)</script>",
    "<b <script>alert(1)</script>0",
]
MARKDOWN = [
    "[x](javascript:alert(1))",
    "[x](JAVASCRIPT:alert(1) 'title')",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    '[x](  https://a.example"onclick=alert(1))',
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "![x](https://e.example/pixel.png)",
    '![x" onerror="alert(1)](x)',
    "![<script>alert(1)</script>](x)",
    "```<script>\nalert(1)\n```",
    '```x" onclick="alert(1)\n</code></pre><script>alert(1)</script>\n```',
    "    </code></pre><script>alert(1)</script>",
    "`<script>alert(1)</script>`",
    "| <script>alert(1)</script> |\n|---|\n| ![x](y) |",
    "# <script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;script&#62;",
    *HOSTILE,
]
ATTRIBUTES = {
    "alt",
    "class",
    "colspan",
    "datetime",
    "dir",
    "href",
    "lang",
    "rel",
    "reversed",
    "rowspan",
    "scope",
    "span",
}
ATTRIBUTES |= {"start", "title"}


class Seen(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.depth = 0
        self.lowest = 0
        self.ended_at: list[int] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.depth += tag == "div"

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "div"
        if not self.depth:
            self.ended_at.append(self.getpos()[1])

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def require_sound(html: str) -> Seen:
    seen = Seen(html)
    assert seen.depth == 0
    assert html.startswith('<div class="prose"')
    assert html.endswith("</div>")
    for number, (tag, attributes) in enumerate(seen.tags):
        assert tag in ALLOWED, tag
        assert tag not in ("h1", "h2"), tag
        assert set(attributes) <= ATTRIBUTES, (tag, attributes)
        assert ("class" in attributes) is (number == 0), (tag, attributes)
        if "href" in attributes:
            assert re.match("(?i)(https?://|mailto:)", (attributes["href"] or "").strip()), attributes
        assert (attributes.get("dir") or "auto").lower() in ("ltr", "rtl", "auto")
        assert re.fullmatch("[A-Za-z0-9-]+", attributes.get("lang") or "x")
        assert (tag == "a") is (attributes.get("rel") == "nofollow noopener")
    return seen


@pytest.mark.parametrize("text", MARKDOWN)
def test_no_markdown_does_harm(text: str) -> None:
    for shown in (prose.prose(text, "ar"), prose.document(text, kind="markdown")[0]):
        seen = require_sound(str(shown))
        assert "img" not in {tag for tag, _ in seen.tags}
        assert not [attributes for _, attributes in seen.tags if "javascript" in (attributes.get("href") or "").lower()]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_html_does_harm(text: str) -> None:
    for around in (text, f"<html><body><p>قبل{text}بعد</p></body></html>", f"<table><tr><td>{text}", f"<ul><li>{text}"):
        require_sound(str(prose.document(around, kind="html", lang="ar")[0]))
        require_sound(str(prose.document(around.encode("utf-8"), kind="html")[0]))


@given(st.text(alphabet="<>/!-'\"=& \n\tabhpimgsrcxonjt:;#&`[]()*_|~\\ا\0", max_size=300))
def test_whatever_is_written_does_no_harm(text: str) -> None:
    require_sound(str(prose.prose(text, "fr")))
    require_sound(str(prose.document(text, kind="html")[0]))


@given(st.binary(max_size=300))
def test_whatever_bytes_come_do_no_harm(content: bytes) -> None:
    require_sound(str(prose.document(content, kind="html")[0]))
    require_sound(str(prose.document(content, kind="markdown")[0]))


def test_markdown_is_shown_as_it_is_meant() -> None:
    text = "# عنوان\n\nسطر **مهم**\nسطر ثان، [الموقع](https://a.example/?x=1&y=2)\n\n- a\n\n![صورة](x.png) <b>x</b>"
    shown = str(prose.prose(text, "ar"))
    assert shown == (
        '<div class="prose" lang="ar" dir="rtl"><h3 dir="auto">عنوان</h3>\n'
        '<p dir="auto">سطر <strong>مهم</strong><br>\n'
        'سطر ثان، <a href="https://a.example/?x=1&amp;y=2" rel="nofollow noopener">الموقع</a></p>\n'
        '<ul dir="auto">\n<li dir="auto">a</li>\n</ul>\n'
        '<p dir="auto">صورة &lt;b&gt;x&lt;/b&gt;</p>\n</div>'
    )


@pytest.mark.parametrize(
    ("lang", "told"),
    [("ar", 'lang="ar" dir="rtl"'), ("fr-CA", 'lang="fr-CA" dir="ltr"'), ("und", 'lang="und" dir="auto"'),
     ("tzm-Latn", 'lang="tzm-Latn" dir="auto"'), ('x" onclick="y', 'dir="auto"'), ("", 'dir="auto"')],
)  # fmt: skip
def test_a_text_is_in_its_language(lang: str, told: str) -> None:
    assert str(prose.prose("x", lang)).startswith(f'<div class="prose" {told}>')


def test_headings_come_below_those_of_the_page() -> None:
    for text in ("# a\n## b\n### c\n#### d\n##### e\n###### f", "a\n===\nb\n---\n### c\n#### d\n##### e\n###### f"):
        found = re.findall(r"<(h\d)", str(prose.prose(text, "en")))
        assert found == ["h3", "h4", "h5", "h6", "h6", "h6"]
    html = "<h1 dir=rtl>a</h1><h2>b</h2><h6>c</h6><p>&lt;h1&gt;</p><abbr title='<h1 x'>d</abbr>"
    shown = str(prose.document(html, kind="html")[0])
    assert re.findall(r"</?h\d", shown) == ["<h3", "</h3", "<h4", "</h4", "<h6", "</h6"]
    assert "&lt;h1&gt;" in shown


def test_a_document_keeps_its_languages_directions_and_tables() -> None:
    html = (
        '<p lang="ar" dir="rtl">نص</p><table><caption>c</caption><tr><th scope="row" colspan="2">a</th></tr></table>'
        '<ol start="3" reversed><li>x</li></ol><ruby>漢<rt>kan</rt></ruby><img src="x.png" alt="خريطة">'
    )
    shown = str(prose.document(html, kind="html", lang="fr")[0])
    for kept in ('<p lang="ar" dir="rtl">', 'scope="row"', 'colspan="2"', 'start="3"', "<ruby>", 'alt="خريطة"'):
        assert kept in shown
    assert "src" not in shown


@pytest.mark.parametrize(
    "content", ["﻿نص".encode(), "نص عربي طويل".encode("cp1256"), "نص".encode("utf-16"), "café".encode("cp1252")]
)
def test_bytes_are_read_in_the_encoding_they_are_in(content: bytes) -> None:
    shown = str(prose.document(content, kind="markdown")[0])
    assert "نص" in shown or "é" in shown


def test_a_long_file_is_shown_to_a_bound() -> None:
    for kind in ("markdown", "html"):
        shown = str(prose.document(b"<p>" + "س".encode() * prose.LONGEST, kind=kind)[0])  # type: ignore[arg-type]
        assert prose.LONGEST // 2 - 10 < shown.count("س") < prose.LONGEST
        require_sound(shown)
    for cut in range(4):  # wherever somebody else has cut it
        content = "نص😀".encode()
        assert "نص" in str(prose.document(content[: len(content) - cut], kind="markdown")[0])
