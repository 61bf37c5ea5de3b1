import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oer.search import grammar
from oer.search.grammar import All, Node, One, Value, Without, Word, parse


def phrase(words: str, place: str | None = None) -> Word:
    return Word(words, place, phrase=True)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", None),
        ("   ", None),
        ("(((", None),
        ("OR OR", None),
        ('""', phrase("")),
        ("ماء", Word("ماء")),
        ("نهر النيل", All((Word("نهر"), Word("النيل")))),
        ('"دورة الماء"', phrase("دورة الماء")),
        ("« cycle de l’eau »", phrase("cycle de l’eau")),
        ("type:(video OR -image)", One((Value("type", "video"), Without(Value("type", "image"))))),
        ("https://doi.org/10.5281/z", Word("https://doi.org/10.5281/z")),
        ('"never closed', phrase("never closed")),
        ("a -b", All((Word("a"), Without(Word("b"))))),
        ('-"a b"', Without(phrase("a b"))),
        ("NOT (a OR b)", Without(One((Word("a"), Word("b"))))),
        ("- b", All((Word("-"), Word("b")))),
        ("2020-2021 e-learning", All((Word("2020-2021"), Word("e-learning")))),
        ("a OR b c", One((Word("a"), All((Word("b"), Word("c")))))),
        ("النيل أو الفرات", One((Word("النيل"), Word("الفرات")))),
        ("(a | b) c", All((One((Word("a"), Word("b"))), Word("c")))),
        ("a) b", All((Word("a"), Word("b")))),
        ("creator:أمينة", Word("أمينة", "name")),
        ("مؤلف:أمينة", Word("أمينة", "name")),
        ('titre:"a b" x', All((phrase("a b", "title"), Word("x")))),
        ("title:(a -b)", All((Word("a", "title"), Without(Word("b", "title"))))),
        ("type:video", Value("type", "video")),
        ("نوع:video", Value("type", "video")),
        ("-language:ar", Without(Value("language", "ar"))),
        ("foo:bar", All((Word("foo"), Word("bar")))),
        ("title:", Word("title:")),
        ("doi:10.5281/zenodo.1", Word("10.5281/zenodo.1", "code")),
        ("caf\udce9", Word("caf?")),
    ],
)
def test_what_is_written_means_something(text: str, meant: Node | None) -> None:
    assert parse(text) == meant


def test_what_is_too_deep_or_too_much_is_read_as_far_as_it_goes() -> None:
    assert list(grammar.words(parse("(" * 500 + "a" + ")" * 500)))
    for text in ("a " * 500, "a:b " * 250, '"a b" ' * 200, "title:a " * 100, '"' + "a " * 400):
        assert sum(len(word.words.split()) for word in grammar.words(parse(text))) == grammar.MOST, text
    assert len([one for one in grammar.words(parse('"a b" ' * 9)) if one.phrase]) == 4
    assert list(grammar.words(parse("x" * 5000))) == [Word("x" * grammar.LONGEST)]


_SIGNS = st.sampled_from(
    [*'()"«»“-–:|&*~^[]{}\\/+!?', " OR ", " NOT ", "title:", "type:", "أو", "ماء", "a", " ", "\n", "\x00"]
)


@example("Ⱥ:(")
@given(st.lists(_SIGNS | st.characters(), max_size=60).map("".join))
def test_nothing_that_can_be_written_is_an_error(text: str) -> None:
    node = parse(text)
    told = text.encode("utf-8", "replace").decode()
    assert all(word.words in told or word.words in " ".join(told.split()) for word in grammar.words(node))
