"""Names that people see."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.file_names import LONGEST, safe_name


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("درس في الثقافة الحرة.pdf", "درس في الثقافة الحرة.pdf"),
        ("e\u0301te\u0301.odt", "été.odt"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\lesson.docx", "lesson.docx"),
        ("folder/", "folder"),
        ("annexe\u202efdp.exe", "annexefdp.exe"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie_ x.txt"),
        (".htaccess", "htaccess"),
        ("...", "file"),
        ("", "file"),
        ("/", "file"),
        ("\u200b\u2066", "file"),
        ("a\U000e0041\U000e007f.pdf", "a.pdf"),
        ("می\u200cخواهم.txt", "می\u200cخواهم.txt"),
        ("lesson .pdf ", "lesson .pdf"),
        ("what?.pdf", "what_.pdf"),
        ("\udcff.pdf", "pdf"),
    ],
)
def test_a_name_is_kept_without_its_traps(given_name: str, kept: str) -> None:
    assert safe_name(given_name) == kept


def test_a_long_name_is_cut_before_its_extension_and_between_letters() -> None:
    name = safe_name("ع" * 300 + ".tar.gz")
    assert name.endswith("ع.tar.gz")
    assert len(name.encode()) in (LONGEST, LONGEST - 1)
    assert len(safe_name("a" * 300 + "." + "b" * 300).encode()) == LONGEST


OVERRIDES = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(st.text(max_size=400) | st.text(alphabet="./\\ ab\u0301\u202e\u200cع", max_size=300))
def test_any_name_becomes_safe_and_stays_as_it_is(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert len(safe.encode()) <= LONGEST
    assert not safe.startswith((".", " "))
    assert not set(safe) & set("/\\")
    assert not any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in safe)
    assert not any(
        unicodedata.bidirectional(each) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        for each in safe
    )
    assert unicodedata.is_normalized("NFC", safe)
    assert safe_name(safe) == safe
