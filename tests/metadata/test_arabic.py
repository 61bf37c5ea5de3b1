"""Folding and title keys."""

import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metadata import arabic, vocabularies

LETTERS = st.text(st.characters(min_codepoint=0x0600, max_codepoint=0x06FF), max_size=30)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("أإآٱ", "اااا"),
        ("الإسلام", "الاسلام"),
        ("فتى", "فتي"),
        ("مدرسة", "مدرسه"),
        ("سؤال", "سوال"),
        ("بيئة", "بييه"),
        ("ماء", "ما"),
        ("مُدَرِّسٌ", "مدرس"),
        ("هٰذا", "هذا"),
        ("كتـــاب", "كتاب"),
        ("٠١٢٣٤٥٦٧٨٩", "0123456789"),
        ("۰۱۲۳۴۵۶۷۸۹", "0123456789"),
        ("کتاب", "كتاب"),
        ("فارسی", "فارسي"),
        ("مدرسۃ", "مدرسه"),
        ("پچگڤ", "پچگڤ"),
        ("می\u200cخواهم", "ميخواهم"),
        ("ﻣﺪرﺳﺔ", "مدرسه"),
        ("ﻻ", "لا"),
        ("ﷲ", "الله"),
        ("ا\u0655سلام", "اسلام"),
        ("قُرْءَان", "قران"),
        ("صفحة\u200f (1)\u202c", "صفحه (1)"),
        ("École PRIMAIRE", "école primaire"),
        ("e\u200d\u0301", "é"),
        ("ﬁn", "fin"),
        ("", ""),
    ],
)
def test_spellings_of_one_word_fold_to_one_form(written: str, folded: str) -> None:
    assert arabic.fold(written) == folded


@pytest.mark.parametrize(
    ("one", "other"),
    [("تعليم أساسي", "تعليم اساسي"), ("ألعاب تعليمية", "العاب تعليميه"), ("الذَّكاءُ الاِصطناعيّ", "الذكاء الاصطناعى")],
)
def test_careful_and_careless_writing_meet(one: str, other: str) -> None:
    assert arabic.fold(one) == arabic.fold(other)


@given(st.text() | LETTERS)
@example("e\u200d\u0301")
@example("\u0627\u0640\u0653")
def test_folding_twice_changes_nothing(text: str) -> None:
    once = arabic.fold(text)
    assert arabic.fold(once) == once


def test_folding_any_single_character_twice_changes_nothing() -> None:
    characters = (chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF)
    assert [char for char in characters if arabic.fold(arabic.fold(char)) != arabic.fold(char)] == []


def test_no_format_character_survives() -> None:
    formats = "".join(chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Cf")
    assert arabic.fold(f"a{formats}b") == "ab"


@given(LETTERS)
def test_folded_arabic_holds_no_letter_that_folding_unifies(text: str) -> None:
    assert not set(arabic.fold(text)) & set("أإآٱىیةۃکؤئء\u0640\u064b\u0651\u0670٠۹")


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("التعليم المفتوح", "تعليم المفتوح"),
        ("اَلْكِتَابُ الأول", "كتاب الأول"),
        ("ٱلقرآن", "قرآن"),
        ("الـكتاب", "كتاب"),
        ("«الدليل» الشامل", "دليل» الشامل"),
        ("!زاما المميز", "زاما المميز"),
        ("  الأرض", "أرض"),
        ("التزامن", "تزامن"),
        ("الالتزام", "التزام"),
        ("التزام المعلم", "التزام المعلم"),
        ("التزامات", "التزامات"),
        ("الله نور السماوات", "الله نور السماوات"),
        ("اللغة العربية", "لغة العربية"),
        ("المانيا", "المانيا"),
        ("الكترونيات", "الكترونيات"),
        ("الإلكترونيات", "إلكترونيات"),
        ("الى الأمام", "الى الأمام"),
        ("الف", "الف"),
        ("إلى اللقاء", "إلى اللقاء"),
        ("ألم", "ألم"),
        ("Le livre", "Le livre"),
        ("The book", "The book"),
        ("…", "…"),
        ("", ""),
    ],
)
def test_the_article_does_not_count_in_title_lists(title: str, key: str) -> None:
    assert arabic.title_key(title) == key


@given(st.text() | LETTERS)
@example("0 ")
def test_a_title_key_only_leaves_out(title: str) -> None:
    rest = iter(unicodedata.normalize("NFC", title))
    assert all(char in rest for char in arabic.title_key(title))


def test_a_definite_title_sorts_with_its_indefinite_form() -> None:
    labels = [term.labels.get("ar", "") for term in vocabularies.terms("hcrt").values()]
    plain = [label for label in labels if label and not label.startswith("ال")]
    assert len(plain) > 15
    assert [arabic.title_key("ال" + label) for label in plain] == [arabic.title_key(label) for label in plain]
