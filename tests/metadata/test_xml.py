import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metadata import xml
from metadata.xml import XmlError, element, escape, parse, sub, tobytes

BOMB = (
    "<!DOCTYPE a ["
    + "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    + '<!ENTITY e0 "boom">]><a b="&e9;">&e9;</a>'
)


def code(data: bytes, **limits: int) -> str:
    with pytest.raises(XmlError) as raised:
        parse(data, **limits)
    return raised.value.code


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.1:9/x.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]><a/>',
        b'\xef\xbb\xbf<?xml version="1.0"?><!-- x --><!DOCTYPE a><a/>',
        BOMB.encode(),
        BOMB.encode("utf-16"),
        b"<?xml version='1.0' encoding='utf-7'?><!DOCTYPE a><a/>",
    ],
)
def test_every_doctype_is_refused_in_every_encoding(data: bytes) -> None:
    before = time.monotonic()
    assert code(data) == "xml.doctype"
    assert time.monotonic() - before < 1


@pytest.mark.parametrize(
    "data", [b"", b"<a>", b"<a>&x;</a>", b"<a>\x01</a>", b"\x1f\x8b\x08", b"<a/><b/>", b"<a b='1' b='2'/>"]
)
def test_malformed_xml_is_refused_with_its_place(data: bytes) -> None:
    with pytest.raises(XmlError) as raised:
        parse(data)
    assert raised.value.code == "xml.malformed"
    assert set(raised.value.params) == {"line", "column"}


def test_size_depth_and_attributes_have_caps_that_are_met_exactly() -> None:
    nested = b"<a>" * 5 + b"</a>" * 5
    assert parse(nested, depth=5).tag == "a"
    assert code(nested, depth=4) == "xml.too-deep"
    assert parse(nested, elements=5).tag == "a"
    assert code(nested, elements=4) == "xml.too-many-elements"
    assert parse(nested, size=len(nested)).tag == "a"
    assert code(nested, size=len(nested) - 1) == "xml.too-large"
    wide = b'<a x="1" y="2" z="3"/>'
    assert len(parse(wide, attributes=3).attrib) == 3
    assert code(wide, attributes=2) == "xml.too-many-attributes"


def test_depth_counts_open_elements_not_siblings() -> None:
    assert len(parse(b"<a>" + b"<b/>" * 500 + b"</a>", depth=2)) == 500


def test_comments_and_processing_instructions_are_left_out() -> None:
    assert tobytes(parse(b"<?xml version='1.0'?><?p x?><a>1<!-- c -->2<?p?></a>")) == b"<a>12</a>"


@given(st.binary(max_size=300) | st.text(max_size=100).map(lambda text: f"<a>{text}</a>".encode("utf-8", "replace")))
@example(b"<a xmlns:x='y'/>")
def test_any_bytes_give_an_element_or_a_known_code(data: bytes) -> None:
    found = None
    try:
        parse(data)
    except XmlError as error:
        found = error.code
    assert found is None or found in xml.CODES


def test_a_builder_declares_its_prefixes_once_on_the_root() -> None:
    root = element("oai_dc:dc", prefixes=("oai_dc", "dc"))
    sub(root, "dc:title", "الماء & <x>", {"xml:lang": "ar"})
    assert tobytes(root).decode() == (
        '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<dc:title xml:lang="ar">الماء &amp; &lt;x&gt;</dc:title></oai_dc:dc>'
    )


def test_a_default_namespace_needs_no_prefix() -> None:
    assert tobytes(element("oai:header", default="oai")) == b'<header xmlns="http://www.openarchives.org/OAI/2.0/"/>'


@given(st.text(st.characters(exclude_categories=())))
@example("a\x00\x0b\ud800\ufffe\U0001f30d\r\n\t")
def test_any_text_can_be_built_and_comes_back_but_for_what_xml_cannot_hold(text: str) -> None:
    written = tobytes(element("dc:title", text, {"xml:lang": text}, prefixes=("dc",)))
    again = parse(written)
    assert (again.text or "") == xml.legal(text)
    assert again.get(xml.name("xml:lang")) == xml.legal(text)


ANY_TEXT = st.text(st.characters(exclude_categories=()) | st.sampled_from("&<>\"'\r\n\t\x00\ud800\ufffe"), max_size=12)
Branch = tuple[str, dict[str, str], str | list[Any] | None]


def branches() -> st.SearchStrategy[Branch]:
    """Name, attributes, and text, nothing or branches inside."""
    names = st.sampled_from(["dc:title", "dc:x", "oai_dc:dc"])
    attributes = st.dictionaries(st.sampled_from(["x", "xml:lang", "xsi:type"]), ANY_TEXT)
    leaves = st.tuples(names, attributes, st.none() | ANY_TEXT)
    return st.recursive(leaves, lambda inner: st.tuples(names, attributes, st.lists(inner)), max_leaves=12)


def as_tree(parent: xml.Element, branch: Branch) -> None:
    name, attributes, inside = branch
    node = sub(parent, name, inside if isinstance(inside, str) else None, attributes)
    for one in inside if isinstance(inside, list) else ():
        as_tree(node, one)


def as_node(parent: xml.Node, branch: Branch) -> None:
    name, attributes, inside = branch
    if isinstance(inside, list):
        node = parent.sub(name, attributes)
        for one in inside:
            as_node(node, one)
    else:
        parent.leaf(name, inside, attributes)


@given(st.lists(branches(), max_size=4), st.sampled_from([None, "dc"]), ANY_TEXT)
@example(
    [("dc:title", {"x": "\"'<>&\r\n\t]]>"}, "\"'<>&\r\n\t]]>\x00\ud800\ufffe\U0001f30d"), ("dc:x", {}, "")], "dc", ""
)
def test_what_is_only_written_has_the_bytes_of_an_lxml_tree(
    inside: list[Branch], default: str | None, text: str
) -> None:
    prefixes = ("xsi", "oai_dc") if default else ("oai_dc", "dc", "xsi")
    tree = element("oai_dc:dc", None, {"xsi:type": text}, prefixes=prefixes, default=default)
    node = xml.root("oai_dc:dc", {"xsi:type": text}, prefixes=prefixes, default=default)
    for one in inside:
        as_tree(tree, one)
        as_node(node, one)
    assert node.tobytes() == tobytes(tree)


def test_a_root_inside_another_declares_what_that_one_does_not() -> None:
    around = xml.root("oai_dc:dc", prefixes=("oai_dc", "xsi"))
    inner = xml.root("dc:title", {"xsi:type": "x"}, prefixes=("xsi",), default="dc")
    around.sub("oai_dc:dc").append(inner)
    assert around.tobytes().decode() == (
        '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<oai_dc:dc><title xmlns="http://purl.org/dc/elements/1.1/" xsi:type="x"/></oai_dc:dc></oai_dc:dc>'
    )
    assert b"xmlns:xsi" in inner.tobytes()


def test_a_child_can_be_taken_out_again() -> None:
    root = xml.root("dc:a", prefixes=("dc",))
    root.remove(root.sub("dc:b"))
    assert len(root) == 0
    assert root.tobytes() == b'<dc:a xmlns:dc="http://purl.org/dc/elements/1.1/"/>'


@pytest.mark.parametrize("wrong", ["xsi:type", "nobody:knows", "title"])
def test_no_element_is_written_outside_the_declared_namespaces(wrong: str) -> None:
    root = xml.root("dc:a", prefixes=("dc",))
    for write in (root.sub, lambda name: root.leaf(name, None), lambda name: xml.root(name, prefixes=("dc",))):
        with pytest.raises(KeyError):
            write(wrong)


def test_no_attribute_is_written_outside_the_declared_namespaces() -> None:
    root = xml.root("dc:a", prefixes=("dc",))
    root.leaf("dc:b", None, {"title": "", "xml:lang": "ar", "dc:x": ""})
    for wrong in ("xsi:type", "nobody:knows"):
        with pytest.raises(KeyError):
            root.leaf("dc:b", None, {wrong: ""})


@given(st.text(st.characters(exclude_categories=())))
@example("\"'<>&\r\n\t]]>")
def test_escaped_text_is_read_back_from_elements_and_attributes(text: str) -> None:
    again = parse(f'<a b="{escape(text)}">{escape(text)}</a>'.encode())
    assert (again.text or "") == again.get("b") == xml.legal(text)
