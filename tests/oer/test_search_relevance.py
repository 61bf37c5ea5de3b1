"""What people expect to find, in two collections of records and questions.

``frozen`` was written by somebody who had not seen the analysis, and before it was first run; nobody looks into it to
make the analysis better. ``development`` may be. A question in one language is judged by the records of that language;
those in ``neutral`` are neither right nor wrong. Questions across languages are judged by all records.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import tantivy

from metadata import analysis, vocabularies
from oer.queries.search import Indexable, Place
from oer.search import documents, grammar, schema
from oer.search.meaning import Meaning

FLOORS = {"ar": 0.92, "fr": 0.92, "en": 0.92, "xx": 0.75}
MRR = {"ar": 0.93, "fr": 0.93, "en": 0.93, "xx": 0.93}


def collection(name: str) -> dict[str, Any]:
    path = Path(__file__).parent.parent / "relevance" / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


class Judged:
    """An index of the records of a collection."""

    def __init__(self, collected: Mapping[str, Any]) -> None:
        self._fields = schema.build()
        self._records = dict(enumerate(collected["documents"], 1))
        index = tantivy.Index(self._fields)
        writer = index.writer(50_000_000, 1)
        for number, told in self._records.items():
            writer.add_document(self._document(number, told))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self._searcher = index.searcher()
        self._meaning = Meaning(self._fields)

    def _document(self, number: int, told: Mapping[str, Any]) -> tantivy.Document:
        def texts(*values: str) -> list[dict[str, str]]:
            return [{"value": value, "lang": told["lang"]} for value in values]

        subjects = [vocabularies.canonical("unesco-thesaurus", name) for name in told["subjects"]]
        assert all(subjects), told
        record = {
            "title": texts(told["title"]),
            "description": texts(told["description"]),
            "keywords": texts(*told["keywords"]),
            "subjects": subjects,
            "creators": [{"name": told["creator"]}],
            "languages": [told["lang"]],
        }
        now = datetime(2026, 1, 1, tzinfo=UTC)
        row = Indexable(number, False, number, f"id{number}", "open", now, 1, number, json.dumps(record))
        return documents.document(self._fields, row, Place("/1/", {}), documents.Contents())

    def judge(self, question: Mapping[str, Any]) -> tuple[float, float]:
        """F1, and the reciprocal rank of the first right hit."""
        hits = self._searcher.search(self._meaning.query(grammar.parse(question["q"])), 1000).hits
        ids = self._searcher.fast_field_values("id", [address for _, address in hits]) if hits else []
        found = [self._records[int(one or 0)] for one in ids]
        if question["lang"] != "xx":
            found = [told for told in found if told["lang"] == question["lang"]]
        names = [told["id"] for told in found if told["id"] not in question.get("neutral", ())]
        right = set(question["relevant"])
        shared = len(right & set(names))
        rank = next((1 / at for at, name in enumerate(names, 1) if name in right), 0.0)
        return 2 * shared / (len(names) + len(right)), rank


def measured(name: str) -> dict[str, tuple[int, float, float]]:
    """Language → how many questions, and the means of F1 and reciprocal rank."""
    collected = collection(name)
    judged = Judged(collected)
    told: dict[str, list[tuple[float, float]]] = {}
    for question in collected["queries"]:
        told.setdefault(question["lang"], []).append(judged.judge(question))
    return {
        lang: (len(all_), sum(f1 for f1, _ in all_) / len(all_), sum(rank for _, rank in all_) / len(all_))
        for lang, all_ in told.items()
    }


@pytest.mark.parametrize("name", ["frozen", "development"])
def test_questions_find_what_people_expect(name: str) -> None:
    found = measured(name)
    print(name, {lang: (count, round(f1, 3), round(mrr, 3)) for lang, (count, f1, mrr) in found.items()})
    assert {lang: count for lang, (count, _, _) in found.items()} == {"ar": 75, "fr": 40, "en": 40, "xx": 30}
    assert [lang for lang, (_, f1, mrr) in found.items() if f1 < FLOORS[lang] or mrr < MRR[lang]] == []


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
    assert found["ar"][1] < 0.8
    assert found["fr"][1] < FLOORS["fr"]
