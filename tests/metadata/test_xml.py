import time

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


@given(st.text(st.characters(exclude_categories=())))
@example("\"'<>&\r\n\t]]>")
def test_escaped_text_is_read_back_from_elements_and_attributes(text: str) -> None:
    again = parse(f'<a b="{escape(text)}">{escape(text)}</a>'.encode())
    assert (again.text or "") == again.get("b") == xml.legal(text)
