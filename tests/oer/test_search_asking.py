"""Questions that are still being typed, or that find nothing; and what is like a resource."""

import pytest
from factories import published, record
from searching import index, named

from metadata.record import Text
from oer.db import reading
from oer.installation import Installation
from oer.queries import resources
from oer.search import values
from oer.search.answers import Question
from oer.stored import record_of

MATHS = values.canonical("subject", "Mathematics")
HISTORY = values.canonical("subject", "History")


@pytest.fixture
def lessons(home: Installation) -> Installation:
    for title, lang in [
        ("دورة الماء في الطبيعة", "ar"),
        ("المدرسة والبيئة", "ar"),
        ("مدرسةٌ في القرية", "ar"),
        ("المدرسة الخضراء", "ar"),
        ("Les fractions à l'école", "fr"),
        ("Les fractions décimales", "fr"),
        ("Photosynthesis in plants", "en"),
    ]:
        published(home, described=record(languages=[lang]).model_copy(update={"title": [Text(value=title, lang=lang)]}))
    index(home)
    return home


def texts(home: Installation, text: str) -> list[str]:
    return [told for told, _ in home.search.complete(text, limit=8).texts]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("المدر", "المدرسة"),
        ("مدر", "المدرسة"),  # the article before what is typed
        ("مَدْر", "مدرسة"),  # marks make no difference, and are not shown
        ("دورة الم", "دورة الماء"),
        ("frac", "fractions"),
        ("les fractions dé", "les fractions décimales"),
        ("les fractions de", "les fractions décimales"),
        ("Photo", "photosynthesis"),
        ("l'éc", "l'école"),
        ('"دورة الم', '"دورة الماء'),
        ("title:frac", "title:fractions"),
    ],
)
def test_a_word_is_completed(lessons: Installation, typed: str, expected: str) -> None:
    assert expected in texts(lessons, typed)


def test_words_go_on_with_what_stands_beside_them(lessons: Installation) -> None:
    assert texts(lessons, "دورة مدر") == []
    assert lessons.search.complete("المدر", limit=1).texts == [("المدرسة", 2)]


def test_what_would_be_found_is_told(lessons: Installation) -> None:
    found = lessons.search.complete("fract", limit=8)
    assert len(found.ids) == 2
    assert len(lessons.search.complete("fractions ", limit=8).ids) == 2  # a whole word, and nothing of the next
    assert lessons.search.complete("", limit=8).texts == []
    assert lessons.search.complete("   ", limit=8).ids == []
    assert lessons.search.complete("«", limit=8).texts == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("فوتوسنتيز", None),
        ("المدرشة", "المدرسة"),
        ("دورة الماغ", "دورة الماء"),
        ("مدرصة", "المدرسة"),  # without the article that the word has there
        ("الطيبعة", "الطبيعة"),  # two letters have changed places
        ("fracions", "fractions"),
        ("les fractoins décimals", "les fractions décimals"),
        ("photosyntesis", "photosynthesis"),
        ("hotosynthesis", "photosynthesis"),
        ("hg]v]vsm", None),
        ("hgl]vsm", "المدرسة"),  # the keyboard was in English
        ("بقشؤفهخىس", "fractions"),
        ("xyzzy", None),
    ],
)
def test_what_was_meant_by_words_that_find_nothing(lessons: Installation, typed: str, meant: str | None) -> None:
    question = Question(text=typed)
    told = lessons.search.meant(question)
    assert (told.text if told else None) == meant
    if told:
        assert lessons.search.find(Question(text=told.text)).total == told.total > 0


@pytest.mark.parametrize("text", ["ß" * 60, "œ" * 31, "ﷺ" * 4, "ﷺ ﷺ" * 200, "a" * 1000, "\u0640" * 40])
def test_whatever_is_asked_has_an_answer(lessons: Installation, text: str) -> None:
    assert lessons.search.meant(Question(text=text)) is None
    assert lessons.search.complete(text, limit=8).texts == []


def test_names_of_subjects_are_words_that_are_there(home: Installation) -> None:
    """Nobody has to have written the word: the resource is about it."""
    maths = "http://vocabularies.unesco.org/thesaurus/concept118"
    published(home, described=record(subjects=[maths], languages=["ar", "fr-TN"]))
    index(home)
    assert home.search.find(Question(text="Maths")).total == home.search.find(Question(text="mathématiques")).total == 1
    for typed, meant in (("الريضيات", "رياضيات"), ("mathematiqes", "mathématiques")):
        told = home.search.meant(Question(text=typed))
        assert told is not None, typed
        assert told.text == meant
    assert "رياضيات" in texts(home, "رياض")
    assert texts(home, "mathem") == ["mathématiques"]  # nothing of it is in English


def test_many_unknown_words_are_no_slip_of_the_hand(lessons: Installation) -> None:
    assert lessons.search.meant(Question(text="fracions " * 2)) is not None
    assert lessons.search.meant(Question(text=" ".join(f"fracion{letter}" for letter in "abcdefgh"))) is None


def test_what_was_meant_has_hits_with_the_same_choices(lessons: Installation) -> None:
    assert lessons.search.meant(Question(text="fracions", chosen={"language": ["fr"]})) is not None
    assert lessons.search.meant(Question(text="fracions", chosen={"language": ["en"]})) is None


def similar(home: Installation, public_id: str) -> list[str]:
    with reading(home.engine) as session:
        found = resources.published_by_id(session, ids=range(1, 100))
        resource, version, _ = next(one for one in found if one[0].public_id == public_id)
    return named(home, home.search.similar(record_of(resource, version), resource.id or 0, limit=10))


def test_the_nearest_comes_first_and_never_the_resource_itself(home: Installation) -> None:
    about = {"subjects": [MATHS], "keywords": [{"value": "كسور", "lang": "ar"}]}
    one = published(home, described=record("الكسور العشرية", **about))
    twin = published(home, described=record("الكسور العادية", **about))
    cousin = published(home, described=record("جمع الأعداد", subjects=[MATHS]))
    stranger = published(
        home, described=record("تاريخ الأندلس", subjects=[HISTORY], description=[{"value": "ملوك", "lang": "ar"}])
    )
    index(home)
    assert similar(home, one)[:2] == [twin, cousin]
    assert one not in similar(home, one)
    assert stranger not in similar(home, one)
