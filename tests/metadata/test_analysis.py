import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata import analysis, arabic_words


def same(one: str, other: str, lang: str) -> bool:
    return bool(set(analysis.asked(one)) & set(analysis.forms(other, lang)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("L’eau et l'air d'aujourd'hui", ["eau", "et", "air", "aujourd", "hui"]),
        ("the teacher's O'Brien, e-learning", ["the", "teacher", "o", "brien", "e", "learning"]),
        ("مُعَلِّمٌ ومدرســـة", ["معلم", "ومدرسه"]),
        ("الصف ٥ و ۱۲ و 7", ["الصف", "5", "و", "12", "و", "7"]),
        ("ÉLÈVES de l’Œuvre", ["eleves", "de", "oeuvre"]),
        ("می\u200cخواهم کتاب", ["ميخواهم", "كتاب"]),
        ("snake_case (٪) — «»", ["snake", "case"]),
        ("", []),
    ],
)
def test_words_are_what_people_would_call_words(text: str, found: list[str]) -> None:
    assert [word.plain for word in analysis.words(text)] == found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("كتاب", "الكتب"), ("كتب", "كتاب"), ("درس", "دروسنا"), ("مدرسة", "وبالمدارس"), ("سؤال", "اسئلة")),
        *(("نهر", "الأنهار"), ("طالب", "للطلاب"), ("معلم", "المعلمون"), ("تجربة", "تجاربها"), ("نقش", "نقوش")),
        *(("مدرسه", "مَدْرَسَة"), ("کتاب", "كتاب"), ("مستشفي", "مستشفى"), ("سيارتان", "سيارة"), ("قصة", "القصص")),
        *(("الخوارزمي", "للخوارزمي"), ("علوم", "عِلم"), ("بمدرستنا", "المدرسة")),
    ],
)
def test_arabic_words_are_known_in_whatever_form(one: str, other: str) -> None:
    assert same(one, other, "ar")
    assert same(other, one, "ar")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(("كتاب", "مكتبة"), ("كاتب", "مكتب"), ("عملة", "العمل"), ("علم", "إعلام"), ("شعر", "شعار")),
        *(("طالب", "مطلب"), ("حرب", "محراب"), ("بحر", "بحث"), ("نبات", "بنات"), ("مدرسة", "تدريس")),
    ],
)
def test_what_merely_shares_a_root_or_looks_alike_is_kept_apart(one: str, other: str) -> None:
    assert not same(one, other, "ar")


@pytest.mark.parametrize(
    ("one", "other", "lang"),
    [
        *(("eleve", "Élèves", "fr"), ("travail", "travaux", "fr"), ("œil", "yeux", "fr"), ("cheval", "chevaux", "fr")),
        *(("ENSEIGNER", "enseignée", "fr"), ("child", "children", "en"), ("mouse", "Mice", "en")),
        *(("study", "studies", "en"), ("teach", "taught", "en"), ("running", "run", "en")),
    ],
)
def test_french_and_english_words_are_known_in_whatever_form(one: str, other: str, lang: str) -> None:
    assert same(one, other, lang)


def test_names_keep_their_letters() -> None:
    assert analysis.forms("الخوارزمي", analysis.NAMES) == ("الخوارزمي", "خوارزمي")
    assert analysis.forms("Deschamps", analysis.NAMES) == ("deschamps",)


def test_other_languages_are_folded_alone() -> None:
    assert analysis.forms("Schulbücher", "de") == ("schulbucher",)
    assert analysis.forms("کتاب\u200cها", "fa") == ("كتابها",)


def test_a_verb_that_is_a_plural_behind_an_article_is_both() -> None:
    assert set(arabic_words.lemmas("كتب")) == {"كتب", "كتاب"}
    assert arabic_words.lemmas("خنفشار") == ()


@given(st.text(max_size=200), st.sampled_from(["ar", "fr", "en", "und", "de", "fa", "zxx", ""]))
def test_whatever_is_written_is_found_under_itself(text: str, lang: str) -> None:
    first, others = analysis.all_forms(text, lang)
    assert len(first) == len([word for word in analysis.words(text) if word.plain])
    known = {*first, *others}
    for word in analysis.words(text):
        assert known & set(analysis.asked(word.written)), word
        assert all(form and not set(form) & set(" \t\n") for form in analysis.asked(word.written))
    assert "".join(text[word.start : word.end] for word in analysis.words(text)).count(" ") == 0


def test_words_that_say_nothing_are_known_and_water_is_none_of_them() -> None:
    for word in ("في", "من", "إلى", "الى", "مِنْ", "ما", "Les", "à", "The"):
        assert analysis.is_stop_word(word), word
    for word in ("ماء", "مِلْء", "eau", "water", ""):
        assert not analysis.is_stop_word(word), word


def test_threads_do_not_mix_up_their_words() -> None:
    """A stemmer holds the word that it is at: shared, it gave wrong stems, which were kept, and errors."""
    words = [f"{stem}{ending}" for stem in ("nation", "conjug", "photograph") for ending in ("ing", "ization", "s", "")]
    words = [f"{word}{number * 'x'}ations" for word in words for number in range(40)]
    expected = {(word, lang): analysis.forms.__wrapped__(word, lang) for word in words for lang in ("en", "fr")}
    found: list[tuple[tuple[str, str], tuple[str, ...]]] = []

    def look() -> None:
        found.extend((asked, analysis.forms.__wrapped__(*asked)) for asked in expected)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert len(found) == 4 * len(expected)
    assert [one for one in found if one[1] != expected[one[0]]] == []


def test_water_is_not_found_by_what() -> None:
    """Folded and without the article ماء is ما, which stands in every other text."""
    assert not set(analysis.forms("ما", "ar")) & set(analysis.asked("الماء"))
    assert set(analysis.forms("المياه", "ar")) & set(analysis.asked("الماء"))
    assert set(analysis.forms("ما", "ar")) & set(analysis.asked("ما"))
