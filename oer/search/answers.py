"""What a question finds: hits, how many, and what they are counted by."""

import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

import tantivy
from tantivy import Occur, Order, Query

from metadata import subjects
from metadata.record import Record
from oer.search import asking, grammar, schema, similar, words
from oer.search.index import Opened, Reader
from oer.search.meaning import Meaning

Sort = Literal["relevance", "newest", "used", "title"]

DEEPEST = 10_000
"""Hits that can be reached in the order of relevance."""
_VALUES = 65_000  # of one column: more than there are
_PAGES = 64  # of all that there is, in each of its orders


@dataclass(frozen=True, slots=True)
class Question:
    """``text`` in the language of ``grammar``; ``chosen``: facet → values, of which a hit has at least one.

    ``after``: the key of the last hit of the page before (all orders but ``relevance``); ``offset``: how many hits come
    before the page (``relevance``). ``lang``: in which language titles are sorted.
    """

    text: str = ""
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sort: Sort = "relevance"
    lang: str = "ar"
    limit: int = 20
    offset: int = 0
    after: str | None = None
    facets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """``ids`` of resources in their order, ``keys`` to go on behind each; ``total`` of all hits.

    ``counts``: facet → value → hits, as if nothing were chosen in that facet. Subjects are the widest ones, and those
    right below a chosen one, of the hits themselves.
    """

    ids: Sequence[int]
    keys: Sequence[str]
    total: int
    counts: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Meant:
    """Another question, which has ``total`` hits."""

    text: str
    total: int


@dataclass(frozen=True, slots=True)
class Completed:
    """``texts``: whole questions, each with how many resources have its last word; ``ids``: what they find."""

    texts: Sequence[tuple[str, int]]
    ids: Sequence[int]


class Search:
    """Answers questions on the index of this node, always as it was last committed. For any number of threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._reader = Reader(folder)
        self._finder: _Finder | None = None

    def find(self, question: Question) -> Found:
        """Raises Unavailable while the first index is still being built; so does all that follows."""
        return self._now().find(question)

    def meant(self, question: Question) -> Meant | None:
        """What was meant by a question that finds nothing, if that finds something."""
        return self._now().meant(question)

    def complete(self, text: str, *, limit: int) -> Completed:
        """How a question that is being typed may go on, and what it finds then."""
        return self._now().complete(text, limit)

    def similar(self, record: Record, resource_id: int, *, limit: int) -> Sequence[int]:
        """Ids of other resources that are about the same, the nearest first."""
        return self._now().similar(record, resource_id, limit)

    def counts(self, facet: str, values: Iterable[str]) -> Mapping[str, int]:
        """How many resources have each of these values."""
        searcher = self._now().opened.searcher
        return {value: int(searcher.doc_freq(schema.FILTERS, f"{facet}:{value}")) for value in values}

    def rarity(self, form: str) -> float:
        """How seldom a word is, by its form: 1 where everything has it, and the more the fewer do (as in BM25)."""
        searcher = self._now().opened.searcher
        have = max(int(searcher.doc_freq(place, form)) for place in ("title", "text", "file"))
        return 1 + math.log((1 + searcher.num_docs) / (1 + have))

    def _now(self) -> "_Finder":
        opened = self._reader.open()
        finder = self._finder
        if finder is None or finder.opened is not opened:
            finder = self._finder = _Finder(opened)
        return finder


class _Finder:
    """One commit of the index; counts of everything are kept for as long as nothing changes."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self._meaning = Meaning(opened.searcher, opened.fields)
        self._whole: dict[str, Mapping[str, int]] = {}
        self._pages: dict[tuple[object, ...], tuple[list[int], list[str]]] = {}
        self._frequent: Mapping[str, words.Completion] | None = None

    def find(self, question: Question) -> Found:
        asked = self._meaning.query(grammar.parse(question.text))
        narrowed = {facet: self._meaning.narrowed(facet, values) for facet, values in question.chosen.items() if values}
        if not narrowed and not question.text.strip():
            return self._everything(asked, question)
        wanted = _both(asked, narrowed.values())
        plain = [facet for facet in question.facets if facet not in narrowed]
        chosen = [facet for facet in question.facets if facet in narrowed]
        (ids, keys), (counts, total), *apart = _at_once(
            lambda: self._hits(wanted, question),
            lambda: self._count(wanted, plain) if plain else ({}, self._total(wanted)),
            *(partial(self._as_if_free, asked, narrowed, facet) for facet in chosen),
        )
        for counted in apart:
            counts |= counted
        if "subject" in chosen:
            counts["subject"] |= self._narrower(wanted, frozenset(question.chosen["subject"]))
        return Found(ids, keys, total, counts)

    def meant(self, question: Question) -> Meant | None:
        for text in asking.others(self.opened.searcher, question.text, self._common):
            total = self.find(replace(question, text=text, limit=0, offset=0, after=None, facets=())).total
            if total:
                return Meant(text, total)
        return None

    def _common(self) -> Mapping[str, words.Completion]:
        if self._frequent is None:
            self._frequent = words.most_frequent(self.opened.searcher)
        return self._frequent

    def complete(self, text: str, limit: int) -> Completed:
        before, last = asking.begun(text)
        if last is None:
            found = [] if before is None else self._best(self._meaning.query(before), limit)
            return Completed([], found)
        among = None if before is None else self._meaning.query(before)
        completions = words.completions(self.opened.searcher, last.written, among=among, limit=limit)
        asked = asking.goes_on(before, last, completions)
        texts = [(text[: last.start] + one.word, one.times) for one in completions]
        return Completed(texts, self._best(self._meaning.query(asked), limit))

    def similar(self, record: Record, resource_id: int, limit: int) -> Sequence[int]:
        query = similar.query(self.opened.searcher, self.opened.fields, record, resource_id)
        return [] if query is None else self._best(query, limit)

    def _best(self, query: Query, limit: int) -> list[int]:
        return self._hits(query, Question(limit=limit))[0]

    def _total(self, query: Query) -> int:
        told = self.opened.searcher.aggregate(query, {"all": {"value_count": {"field": "id"}}})
        return int(told["all"]["value"])

    def _hits(self, query: Query, question: Question) -> tuple[list[int], list[str]]:
        searcher = self.opened.searcher
        if question.limit == 0:
            return [], []
        if question.sort == "relevance":
            limit = min(question.limit, max(0, DEEPEST - question.offset))
            if not limit:
                return [], []
            hits = searcher.search(query, limit, count=False, offset=question.offset).hits
        else:
            numbered = question.sort in schema.NUMBERS
            column = question.sort if numbered else f"sort_{question.lang}"
            order = Order.Desc if numbered else Order.Asc
            if question.after is not None:
                query = _both(query, [self._behind(column, question.after)])
            hits = searcher.search(query, question.limit, count=False, order_by_field=column, order=order).hits
        addresses = [address for _, address in hits]
        ids = [int(one or 0) for one in searcher.fast_field_values("id", addresses)] if addresses else []
        return ids, [str(key) for key, _ in hits]

    def _behind(self, column: str, key: str) -> Query:
        if column in schema.NUMBERS:
            number = int(key)
            return Query.range_query(
                self.opened.fields, column, tantivy.FieldType.Integer, upper_bound=number, include_upper=False
            )
        # Ranges of text come through the engine's own language alone; a key has letters and digits, and nothing else.
        assert key.isalnum()
        assert key.isascii()
        return self.opened.index.parse_query(f"{column}:{{{key} TO *}}", [column])

    def _as_if_free(self, asked: Query, narrowed: Mapping[str, Query], facet: str) -> dict[str, dict[str, int]]:
        """The counts by one facet, whatever is chosen in it."""
        others = [query for other, query in narrowed.items() if other != facet]
        return self._count(_both(asked, others), [facet])[0]

    def _narrower(self, query: Query, chosen: Set[str]) -> Mapping[str, int]:
        """Of the hits, how many are about each chosen subject, and about each right below one."""
        wanted = {"all": {"terms": {"field": schema.NARROWER, "size": _VALUES}}}
        told = self.opened.searcher.aggregate(query, wanted)["all"]["buckets"]
        counts = {one["key"]: one["doc_count"] for one in told}
        return {
            uri: count for uri, count in counts.items() if uri in chosen or not chosen.isdisjoint(subjects.wider(uri))
        }

    def _everything(self, every: Query, question: Question) -> Found:
        """What most people ask for, and what takes longest: done once."""
        missing = [facet for facet in question.facets if facet not in self._whole]
        self._whole |= self._count(every, missing)[0] if missing else {}
        page = (question.sort, question.lang, question.limit, question.offset, question.after)
        found = self._pages.get(page) or self._hits(every, question)
        if len(self._pages) < _PAGES:
            self._pages[page] = found
        counts = {facet: self._whole[facet] for facet in question.facets}
        return Found(*found, int(self.opened.searcher.num_docs), counts)

    def _count(self, query: Query, facets: Sequence[str]) -> tuple[dict[str, dict[str, int]], int]:
        """The counts, and of all hits: a column has one value for each."""
        wanted = {facet: {"terms": {"field": schema.COLUMNS[facet], "size": _VALUES}} for facet in facets}
        told = {name: found["buckets"] for name, found in self.opened.searcher.aggregate(query, wanted).items()}
        total = sum(bucket["doc_count"] for bucket in told[facets[0]])
        return {facet: _taken_apart(facet, told[facet]) for facet in facets}, total


def _taken_apart(facet: str, buckets: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Values that stand together in one, counted each; of institutions with all that lie above."""
    counts: Counter[str] = Counter()
    parting = "/" if facet == "institution" else " "
    for bucket in buckets:
        for value in bucket["key"].split(parting):
            if value:
                counts[value] += bucket["doc_count"]
    return dict(counts)


def _at_once(first: Callable[[], Any], *others: Callable[[], Any]) -> list[Any]:
    """What each gives. The engine looks at one segment after the other, and holds no lock of Python meanwhile."""
    futures = [_helpers().submit(other) for other in others]
    try:
        return [first(), *(future.result() for future in futures)]
    finally:
        for future in futures:
            future.cancel()


@cache
def _helpers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="search")


def _both(query: Query, others: Iterable[Query]) -> Query:
    more = list(others)
    return Query.boolean_query([(Occur.Must, one) for one in (query, *more)]) if more else query
