import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

from api.pages import markup
from metadata import xml

NAMES = st.sampled_from(["oai:record", "dc:title", "mods:mods", "mets:div", "header", "x"])
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=12) | st.sampled_from(
    ["<script>alert(1)</script>", "]]>", "a & b", '" onclick="x', "&lt;", "درس (1)", "  \n "]
)
ATTRIBUTES = st.dictionaries(st.sampled_from(["xml:lang", "xlink:href", "status", "n"]), WORDS, max_size=3)


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> etree._Element:
    node = xml.element(draw(NAMES), draw(WORDS), draw(ATTRIBUTES), default=draw(st.sampled_from([None, "oai"])))
    for child in draw(st.lists(elements(depth - 1), max_size=3)) if depth else ():
        child.tail = xml.legal(draw(WORDS))
        node.append(child)
    return node


def shown(node: etree._Element) -> str:
    """What a reader sees, line by line."""
    page = html.fromstring(f"<div>{markup.pretty(node)}</div>")
    assert {element.tag for element in page.iter()} <= {"div", "bdi"}
    assert {name for element in page.iter() for name in element.attrib} <= {"class", "lang"}
    return "\n".join(line.text_content() for line in page.xpath(".//div[not(@class) and not(div)]"))


def bare(node: etree._Element) -> bytes:
    """The element in canonical form, without white space around words."""
    read = xml.parse(xml.tobytes(node))
    for each in read.iter():
        each.text, each.tail = ((words or "").strip() for words in (each.text, each.tail))
    return etree.tostring(read, method="c14n2")


@settings(max_examples=60, deadline=None)
@given(elements().map(lambda node: xml.parse(xml.tobytes(node))))
def test_what_is_shown_is_the_document_itself(node: etree._Element) -> None:
    assert bare(xml.parse(shown(node).encode())) == bare(node)


def test_each_level_stands_further_in_and_each_value_in_its_own_direction() -> None:
    written = '<record xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title xml:lang="ar">درس &lt;1&gt;</dc:title><a/>'
    node = xml.parse(f"{written}</record>".encode())
    assert str(markup.pretty(node)) == (
        '<div>&lt;record xmlns:dc="<bdi>http://purl.org/dc/elements/1.1/</bdi>"&gt;</div>'
        '<div class="in">'
        '<div>&lt;dc:title xml:lang="<bdi>ar</bdi>"&gt;'
        '<bdi lang="ar">درس &amp;lt;1&amp;gt;</bdi>&lt;/dc:title&gt;</div>'
        "<div>&lt;a/&gt;</div>"
        "</div>"
        "<div>&lt;/record&gt;</div>"
    )


@pytest.mark.parametrize("depth", [xml.MAX_DEPTH])
def test_the_deepest_tree_that_is_read_is_shown(depth: int) -> None:
    content = b"<a>" * depth + b"x" + b"</a>" * depth
    assert shown(xml.parse(content)).count("<a>") == depth
