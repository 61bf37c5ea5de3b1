"""How fast the search is: the index built from nothing, questions to the engine, and the same questions over HTTP.

Words are taken from the index by how many resources have them: common ones, some in the middle, rare ones. Every
question asks for twenty hits and the counts of five facets.
"""

import random
import shutil
import string
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from statistics import mean, median
from urllib.parse import urlencode

import tantivy

from oer.cli import asking, scratch, seeding
from oer.cli.yardstick import Yardstick
from oer.db import reading
from oer.errors import Unavailable
from oer.installation import Installation
from oer.queries import records as queries
from oer.search import following, schema
from oer.search.answers import Question
from oer.search.index import Home, Reader

FACETS = ("institution", "subject", "level", "type", "language")
CLIENTS = 4
_CHOSEN = {
    "language": ("ar", "fr"),
    "level": tuple(f"https://w3id.org/kim/educationalLevel/level_{number}" for number in (1, 2, 3)),
}
_HITS = 20
_LOOK = 0.1  # seconds between looks at the memory
_EACH = 100  # questions of a kind, but of common words, of which there are few
_COMMON, _MID = 30, (100, 600)  # ranks
_RARE = 800  # the last of all
_LETTERS = (*string.ascii_lowercase, *"ابتثجحخدذرزسشصضطظعغفقكلمنهوي")


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of questions of one kind: the middle one, that which one in a hundred exceeds, and the mean."""

    p50: float
    p99: float
    mean: float


@dataclass(frozen=True, slots=True)
class Found:
    """Seconds to build, bytes of the index, bytes held at most while it was built, without the pages of files that were
    mapped and with them; kind of question → times.
    """

    records: int
    building: float
    size: int
    held: int
    mapped: int
    engine: dict[str, Times]
    http: dict[str, Times]
    memory: int  # of the server with all of its processes, bytes (PSS)
    postgresql: dict[str, Times]  # asked by as many clients, without HTTP; empty where it was not wanted


def measured(
    folder: Path, records: int, rounds: int, *, postgresql: str | None, told: Callable[[str, float], None]
) -> Found:
    """``told`` hears of each step with a figure. ``folder`` may hold the data of a run before, which is used again.
    ``postgresql``: the URL of a database to compare with.

    Raises Unavailable where the server does not answer, Invalid where the database does not.
    """
    yardstick = None if postgresql is None else Yardstick(postgresql)
    with scratch.opened(folder) as home:
        with reading(home.engine) as session:
            there = queries.count(session, of=queries.Part())
        if there < records:
            seeding.seed(home, records - there, progress=lambda _done: None)
        records = max(records, there)
        told("seeded", records)
        shutil.rmtree(home.search.folder, ignore_errors=True)
        began = time.monotonic()
        with _Memory() as memory_held:
            following.catch_up_here(home.engine, home.search.folder)
        told("built", building := time.monotonic() - began)
        current = Home(home.search.folder).current()
        size = sum(file.stat().st_size for file in current.iterdir()) if current else 0
        kinds = _kinds(_words(Reader(home.search.folder).open().searcher))
        engine = _rounds(kinds, lambda questions: _engine(home, questions), rounds)
        beside = {} if yardstick is None else _beside(home, yardstick, kinds, rounds, told)
    with scratch.served(folder, OER_RATE_LIMIT="0") as server:
        http = _rounds(kinds, lambda questions: _by_clients(questions, partial(_http, server.port)), rounds)
        memory = server.memory()
    return Found(records, building, size, *memory_held.peaks, engine, http, memory, beside)


class _Memory:
    """Watches this process: the most bytes of its own, and the most with the pages of files that it has mapped."""

    def __init__(self) -> None:
        self.peaks = (0, 0)
        self._over = threading.Event()
        self._watching = threading.Thread(target=self._watch)

    def __enter__(self) -> "_Memory":
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watching.join()

    def _watch(self) -> None:
        while True:
            lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
            told = {line[0]: int(line[1]) << 10 for line in lines if line[0] in ("VmRSS:", "RssAnon:")}
            self.peaks = max(self.peaks[0], told["RssAnon:"]), max(self.peaks[1], told["VmRSS:"])
            if self._over.wait(_LOOK):
                return


def _beside(
    home: Installation,
    yardstick: Yardstick,
    kinds: dict[str, list[Question]],
    rounds: int,
    told: Callable[[str, float], None],
) -> dict[str, Times]:
    began = time.monotonic()
    with yardstick.filled(home):
        told("filled", time.monotonic() - began)
        return _rounds(kinds, lambda questions: _by_clients(questions, partial(_lines, yardstick)), rounds)


def _words(searcher: tantivy.Searcher) -> list[str]:
    """All words that begin with a letter, the most frequent first."""
    found = [pair for letter in _LETTERS for pair in searcher.terms_with_prefix(schema.WORDS, letter)]
    ranked = (term.partition(schema.WRITTEN)[0] for term, _ in sorted(found, key=lambda pair: -pair[1]))
    return list(dict.fromkeys(ranked))


def _kinds(words: Sequence[str]) -> dict[str, list[Question]]:
    draw = random.Random(1)  # noqa: S311 - for variety, not for secrets
    common, mid, rare = words[:_COMMON], words[slice(*_MID)] or words, words[-_RARE:]

    def some(of: Sequence[str]) -> list[str]:
        return [draw.choice(of) for _ in range(_EACH)]

    single = [*common, *some(mid), *some(rare)]
    pairs = [" ".join(draw.sample([*common, *mid], 2)) for _ in range(_EACH)]
    texts = {
        "single": single,
        "pairs": pairs,
        "words": [*single, *pairs],
        "any-of-four": [" OR ".join(draw.sample(common, 4)) for _ in range(_EACH)] if len(common) > 3 else common,
        "everything": [""] * _EACH,
    }
    asked = {kind: [Question(text=text, limit=_HITS, facets=FACETS) for text in each] for kind, each in texts.items()}
    asked["two-facets"] = [Question(text=text, limit=_HITS, facets=FACETS, chosen=_CHOSEN) for text in some(mid)]
    return asked


def _rounds(
    kinds: dict[str, list[Question]], ask: Callable[[Sequence[Question]], list[float]], rounds: int
) -> dict[str, Times]:
    """Medians of rounds, of which one before is not counted: words are analysed, and files read, once."""
    for questions in kinds.values():
        ask(questions)
    done = [{kind: _times(ask(questions)) for kind, questions in kinds.items()} for _ in range(rounds)]
    names = [field.name for field in fields(Times)]
    return {kind: Times(*(median(getattr(one[kind], name) for one in done) for name in names)) for kind in kinds}


def _times(seconds: Sequence[float]) -> Times:
    ordered = sorted(1000 * one for one in seconds)
    return Times(ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], mean(ordered))


def _engine(home: Installation, questions: Sequence[Question]) -> list[float]:
    took = []
    for question in questions:
        began = time.perf_counter()
        home.search.find(question)
        took.append(time.perf_counter() - began)
    return took


def _by_clients(questions: Sequence[Question], asked: Callable[[Sequence[Question]], Iterable[object]]) -> list[float]:
    """Several clients, each with a share of the questions and a line of its own."""
    took: list[float] = []

    def one(share: Sequence[Question]) -> None:
        began = time.perf_counter()
        for _ in asked(share):
            took.append(time.perf_counter() - began)
            began = time.perf_counter()

    threads = [threading.Thread(target=one, args=(questions[start::CLIENTS],)) for start in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(took) != len(questions):
        raise Unavailable("bench.unanswered")
    return took


def _http(port: int, questions: Sequence[Question]) -> Iterator[object]:
    paths = (f"/api/resources?{urlencode(list(_parameters(one)))}" for one in questions)
    return asking.answers(port, (asking.get(port, path) for path in paths))


def _lines(yardstick: Yardstick, questions: Sequence[Question]) -> Iterator[object]:
    with yardstick.line() as line:
        for question in questions:
            yield line.find(question)


def _parameters(question: Question) -> Iterator[tuple[str, str]]:
    if question.text:
        yield "q", question.text
    yield "limit", str(question.limit)
    for facet in question.facets:
        yield "facets", facet
    for facet, values in question.chosen.items():
        for value in values:
            yield facet, value
