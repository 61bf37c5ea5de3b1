"""How well the search finds what people expect: a collection of records and of questions with what is right.

The collection is a JSON object. ``documents``: id, lang, title, description, keywords, subjects (names of the UNESCO
thesaurus), creator. ``queries``: ``q``, ``lang`` (``xx`` asks across languages), ``relevant`` ids, and ``neutral`` ones
that are neither right nor wrong. A question in one language is judged by the records of that language.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tantivy

from metadata import vocabularies
from oer.errors import Invalid
from oer.queries.search import Indexable, Place
from oer.search import documents, grammar, schema
from oer.search.meaning import Meaning

_DEEPEST = 1000  # hits that are judged


@dataclass(frozen=True, slots=True)
class Judgement:
    """How many questions are in one language; their mean F1 and reciprocal rank of the first right one."""

    questions: int
    f1: float
    mrr: float


def judge(collection: Mapping[str, Any]) -> dict[str, Judgement]:
    """By language of the questions. Raises Invalid for what is no such collection."""
    try:
        index = _Index(collection["documents"])
        told: dict[str, list[tuple[float, float]]] = {}
        for question in collection["queries"]:
            told.setdefault(question["lang"], []).append(index.judge(question))
    except (KeyError, TypeError, AttributeError) as error:
        raise Invalid("bench.no-collection", reason=repr(error)) from None
    return {
        lang: Judgement(len(all_), sum(f1 for f1, _ in all_) / len(all_), sum(rank for _, rank in all_) / len(all_))
        for lang, all_ in told.items()
    }


def read(path: Path) -> dict[str, Any]:
    """Raises Invalid where the file is no JSON object."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Invalid("bench.no-collection", reason=str(error)) from None
    if not isinstance(found, dict):
        raise Invalid("bench.no-collection", reason=type(found).__name__)
    return found


class _Index:
    """An index of the records of a collection, in memory."""

    def __init__(self, told: list[Mapping[str, Any]]) -> None:
        self._fields = schema.build()
        self._records = dict(enumerate(told, 1))
        index = tantivy.Index(self._fields)
        writer = index.writer(50_000_000, 1)
        for number, record in self._records.items():
            writer.add_document(self._document(number, record))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self._searcher = index.searcher()
        self._meaning = Meaning(self._searcher, self._fields)

    def _document(self, number: int, told: Mapping[str, Any]) -> tantivy.Document:
        def texts(*values: str) -> list[dict[str, str]]:
            return [{"value": value, "lang": told["lang"]} for value in values]

        record = {
            "title": texts(told["title"]),
            "description": texts(told["description"]),
            "keywords": texts(*told["keywords"]),
            "subjects": [_subject(name) for name in told["subjects"]],
            "creators": [{"name": told["creator"]}],
            "languages": [told["lang"]],
        }
        now = datetime(2026, 1, 1, tzinfo=UTC)
        row = Indexable(number, False, number, f"id{number}", "open", now, 1, number, json.dumps(record), 0)
        return documents.document(self._fields, row, Place("/1/", {}), documents.Contents())

    def judge(self, question: Mapping[str, Any]) -> tuple[float, float]:
        """F1, and the reciprocal rank of the first right hit."""
        hits = self._searcher.search(self._meaning.query(grammar.parse(question["q"])), _DEEPEST).hits
        ids = self._searcher.fast_field_values("id", [address for _, address in hits]) if hits else []
        found = [self._records[int(one or 0)] for one in ids]
        if question["lang"] != "xx":
            found = [told for told in found if told["lang"] == question["lang"]]
        names = [told["id"] for told in found if told["id"] not in question.get("neutral", ())]
        right = set(question["relevant"])
        shared = len(right & set(names))
        rank = next((1 / at for at, name in enumerate(names, 1) if name in right), 0.0)
        return 2 * shared / max(1, len(names) + len(right)), rank


def _subject(name: str) -> str:
    found = vocabularies.canonical("unesco-thesaurus", name)
    if found is None:
        raise Invalid("bench.no-collection", reason=name)
    return found
