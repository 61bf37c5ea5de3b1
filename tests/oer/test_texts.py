import pytest
from hypothesis import given
from hypothesis import strategies as st

from metadata import values
from oer import texts
from oer.errors import Invalid


def test_words_are_kept_clean():
    assert texts.words("  e\u0301\r\nx\ufeff ", "note") == "\u00e9\nx"
    assert texts.words("", "note") == ""


@pytest.mark.parametrize(
    ("text", "code"),
    [("a\0", "text.illegal-character"), ("\ud800", "text.illegal-character"), ("a\u202eb", "text.illegal-character"),
     ("x" * (texts.LONGEST + 1), "text.too-long")],
)  # fmt: skip
def test_words_that_nothing_may_hold_are_refused_with_their_field(text, code):
    with pytest.raises(Invalid) as caught:
        texts.words(text, "comment")
    assert [(problem.code, problem.field) for problem in caught.value.problems] == [(code, "comment")]
    assert texts.words("x" * texts.LONGEST, "comment")


@given(st.text())
def test_whatever_is_kept_may_be_shown(text):
    try:
        kept = texts.words(text, "note")
    except Invalid:
        return
    assert not values.illegal_characters(kept)
    assert texts.words(kept, "note") == kept


def test_languages_are_canonical_or_refused():
    assert (texts.language("ara"), texts.language("fr_FR"), texts.language(None), texts.language("")) == (
        "ar",
        "fr-FR",
        None,
        None,
    )
    for tag in ("no language", "x" * 5000, "\0", "\ud800"):
        with pytest.raises(Invalid) as caught:
            texts.language(tag)
        assert caught.value.problems[0].code == "language.invalid"
