"""What people expect to find, in two collections of records and questions.

``frozen`` was written by somebody who had not seen the analysis, and before it was first run; nobody looks into it to
make the analysis better. ``development`` may be. A question in one language is judged by the records of that language;
those in ``neutral`` are neither right nor wrong. Questions across languages are judged by all records.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from metadata import analysis
from oer.cli import judging
from oer.search import documents

FLOORS = {"ar": 0.92, "fr": 0.92, "en": 0.92, "xx": 0.75}
MRR = {"ar": 0.93, "fr": 0.93, "en": 0.93, "xx": 0.93}


def measured(name: str) -> dict[str, judging.Judgement]:
    return judging.judge(judging.read(Path(__file__).parent.parent / "relevance" / f"{name}.json"))


@pytest.mark.parametrize("name", ["frozen", "development"])
def test_questions_find_what_people_expect(name: str) -> None:
    found = measured(name)
    print(name, {lang: (one.questions, round(one.f1, 3), round(one.mrr, 3)) for lang, one in found.items()})
    assert {lang: one.questions for lang, one in found.items()} == {"ar": 75, "fr": 40, "en": 40, "xx": 30}
    assert [lang for lang, one in found.items() if one.f1 < FLOORS[lang] or one.mrr < MRR[lang]] == []


@pytest.fixture
def forgetful() -> Iterator[None]:
    """Nothing that is kept of texts comes from another test, or goes to one."""
    kept = (documents._subject, documents._plain, analysis._kept_forms)
    for one in kept:
        one.cache_clear()
    yield
    for one in kept:
        one.cache_clear()


def test_the_floors_are_not_reached_without_the_analysis(forgetful: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def plain(written: str, _lang: str = "") -> tuple[str, ...]:
        return (analysis.fold(written),) if analysis.fold(written) else ()

    monkeypatch.setattr(analysis, "forms", plain)
    monkeypatch.setattr(analysis, "asked", plain)
    found = measured("frozen")
    assert found["ar"].f1 < 0.8
    assert found["fr"].f1 < FLOORS["fr"]
