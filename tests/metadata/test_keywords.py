"""What a text is about."""

import pytest

from metadata import keywords


def found(text: str, lang: str, limit: int = 5) -> list[str]:
    return [one.value for one in keywords.keywords(text, lang, rarity=lambda _form: 1.0, limit=limit)]


ARABIC = (
    "تمر دورة الماء بمراحل كثيرة. تبدأ دورة الماء بالتبخر من البحار، ثم يتكاثف البخار. "
    "وفي دورة الماء يعود المطر إلى الأرض. "
    "التبخر يحتاج إلى الحرارة، والتبخر أسرع في الصيف. وبالتبخر يرتفع البخار. "
) * 2
FRENCH = (
    "Le cycle de l'eau passe par l'évaporation. L'évaporation demande de la chaleur; dans le cycle, la pluie revient. "
    "Les nuages naissent de l'évaporation, et des nuages tombe la pluie. "
) * 2


def test_words_that_come_often_are_told_as_they_are_written() -> None:
    assert found(ARABIC, "ar")[0] == "دورة الماء"
    assert "التبخر" in found(ARABIC, "ar")  # without و and ب, which are written onto it half of the time
    told = found(FRENCH, "fr", 8)
    assert {"évaporation", "pluie", "nuages"} <= set(told)


@pytest.mark.parametrize(("text", "lang"), [(ARABIC, "ar"), (FRENCH, "fr")])
def test_stop_words_numbers_and_parts_of_pairs_are_not_told(text: str, lang: str) -> None:
    told = found(text + " 2026 2026 2026 xyz3 xyz3", lang, limit=50)
    for word in ("من", "إلى", "ثم", "في", "le", "la", "de", "par", "dans", "2026", "xyz3", "دورة", "الماء"):
        assert word not in told


def test_what_is_common_elsewhere_is_told_later() -> None:
    text = "photosynthesis lesson. " * 5
    rarity = {"lesson": 1.0}
    told = keywords.keywords(text.replace("sis l", "sis. l"), "en", rarity=lambda form: rarity.get(form, 5.0), limit=2)
    assert [one.value for one in told] == ["photosynthesis", "lesson"]
    assert told[0].score == 1.0 > told[1].score > 0


def test_a_short_text_has_keywords_too_and_an_empty_one_none() -> None:
    assert found("الكسور العشرية", "ar")
    assert found("", "ar") == found("12 — ؟", "und") == []


def test_names_that_a_text_has_are_known_the_longest_first() -> None:
    known = {("eau",): ["one"], ("cycle", "eau"): ["two"], ("le",): ["three"]}

    def concepts(words: list[str]) -> list[str]:
        return known.get(tuple(words), [])

    assert list(keywords.names("Cycle eau. eau, le", lambda words: concepts([w.lower() for w in words]), 5)) == [
        ("two", 2),
        ("one", 1),
    ]
