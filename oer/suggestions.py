"""What a depositor may want to say of a resource, drawn from its files: languages, titles, keywords, subjects.

Every suggestion has a score (0 to 1, comparable within its kind) and says which files it comes from. Nothing is ever
written down by itself.
"""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal

from metadata import analysis, keywords, values
from oer import queries
from oer.errors import Unavailable
from oer.extraction import apart
from oer.extraction.apart import Stopped
from oer.extraction.texts import Reading
from oer.models import AttachedFile
from oer.search import synonyms
from oer.search.answers import Search

Origin = Literal["text", "metadata", "name"]

_SECONDS = 30.0  # for all files together; those that were not read by then are told
_SECONDS_OF_ONE = 10.0  # so that a slow one leaves time for those behind it
_MOST_FILES = 20
_LEAST_SHARE = 0.1  # of a text, in a language
_MOST = {"language": 3, "title": 5, "keyword": 12, "subject": 8}
# Short texts in written Arabic look like one of the spoken ones, in which hardly a lesson is written.
_SPOKEN = {"ary": "ar", "arz": "ar", "aeb": "ar", "apc": "ar"}
_LINE = range(4, 200)  # characters of a first line that may be a title
_MEANINGLESS = re.compile(
    r"(?i)(?:untitled|document|doc|presentation|présentation|slide|scan|img|image|file|fichier|مستند|ملف|بدون عنوان)"
    r"[\W_]*\d*|microsoft word.*|powerpoint presentation|[\W\d_]*"
)


@dataclass(frozen=True, slots=True)
class Source:
    """A file, and what of it told."""

    file: str
    origin: Origin


@dataclass(slots=True)
class Suggestion:
    """``value`` as a record would have it: a tag, a text, a URI. ``lang`` of a text."""

    value: str
    score: float
    lang: str | None = None
    sources: list[Source] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The best of each kind first. ``unread``: files that took too long."""

    languages: Sequence[Suggestion]
    titles: Sequence[Suggestion]
    keywords: Sequence[Suggestion]
    subjects: Sequence[Suggestion]
    unread: Sequence[str]


def suggest(work: Reading, search: Search, files: Sequence[AttachedFile]) -> Suggestions:
    """From what these files say and are called. Those that nobody has read yet are read now, which takes a while."""
    until = time.monotonic() + _SECONDS
    gathered = _Gathered()
    unread: list[str] = []
    for file in [one for one in files if one.role in queries.texts.SAYING][:_MOST_FILES]:
        stop = threading.Event()
        clock = threading.Timer(min(_SECONDS_OF_ONE, until - time.monotonic()), stop.set)
        clock.start()
        try:
            _read(work, search, file, gathered, stop)
        except Stopped:
            unread.append(file.name)
        finally:
            clock.cancel()
    return gathered.ranked(unread)


class _Gathered:
    """Suggestions of all files: the same from several is one, with all of its sources."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, Suggestion]] = {kind: {} for kind in _MOST}

    def add(self, kind: str, value: str, score: float, source: Source, lang: str | None = None) -> None:
        known = self._found[kind].setdefault(analysis.fold(value), Suggestion(value, 0.0, lang))
        # Each source makes it likelier, and none makes it sure.
        known.score = 1 - (1 - known.score) * (1 - min(max(score, 0.0), 0.99))
        if source not in known.sources:
            known.sources.append(source)

    def ranked(self, unread: Sequence[str]) -> Suggestions:
        best = {
            kind: sorted(found.values(), key=lambda one: -one.score)[: _MOST[kind]]
            for kind, found in self._found.items()
        }
        return Suggestions(best["language"], best["title"], best["keyword"], best["subject"], unread)


def _read(work: Reading, search: Search, file: AttachedFile, gathered: _Gathered, stop: threading.Event) -> None:
    if stop.wait(0.001):  # the time may have been up before it began
        raise Stopped
    found = work.said(file, stop=stop)
    languages = {lang: share for lang, share in _languages(found.text, stop).items() if share >= _LEAST_SHARE}
    said = Source(file.name, "text")
    for lang, share in languages.items():
        gathered.add("language", lang, share, said)
    declared = values.language(found.language) if found.language else None
    main = max(languages, key=lambda lang: languages[lang], default=(declared or "und").partition("-")[0])
    for title, score, origin in _titles(file.name, found.title, found.text):
        gathered.add("title", title, score, Source(file.name, origin), _lang(title, main))
    rarity = _rarity(search)
    for one in keywords.keywords(found.text, main, rarity=rarity, limit=_MOST["keyword"]):
        gathered.add("keyword", one.value, 0.9 * one.score, said, _lang(one.value, main))
    for uri, score in _subjects(f"{found.title}\n{found.text}", main):
        gathered.add("subject", uri, score, said)


def _languages(text: str, stop: threading.Event) -> dict[str, float]:
    shares: dict[str, float] = {}
    for told, share in (apart.languages(text, stop=stop) if any(map(str.isalpha, text)) else {}).items():
        lang = _SPOKEN.get(told, told)
        shares[lang] = shares.get(lang, 0.0) + share
    return shares


def _titles(name: str, declared: str, text: str) -> list[tuple[str, float, Origin]]:
    """Candidates with how likely each is: what the file says it is called, its first line, its name."""
    stem = " ".join(re.sub(r"[_\-.]+", " ", PurePath(name).stem).split())
    first = next((line.strip(" #*\t") for line in text.splitlines() if len(line.strip()) in _LINE), "")
    candidates: list[tuple[str, float, Origin]] = [
        (declared, 0.8, "metadata"),
        (first, 0.5, "text"),
        (stem, 0.3, "name"),
    ]
    return [one for one in candidates if len(one[0]) in _LINE and not _MEANINGLESS.fullmatch(one[0])]


def _lang(text: str, main: str) -> str:
    """The language of a short text out of a longer one in ``main``, as far as its letters tell."""
    arabic = analysis.is_arabic(analysis.fold(text))
    if arabic:
        return main if main in ("ar", "fa", "ur", "ps", "ku", "ug", "sd") else "ar"
    return main if main not in ("ar", "fa", "ur", "ps", "ug", "sd") else "und"


def _rarity(search: Search) -> Callable[[str], float]:
    try:
        search.rarity("")
    except Unavailable:  # the index is being built: all words are alike
        return lambda _form: 1.0
    return search.rarity


def _subjects(text: str, lang: str) -> list[tuple[str, float]]:
    """Terms of the thesaurus that are named, the most often first; a name of several words is seldom an accident."""
    times: Counter[str] = Counter()
    for uri, words in keywords.names(text, lambda some: synonyms.concepts(some, lang), synonyms.LONGEST):
        times[uri] += words * words
    most = max(times.values(), default=1)
    return [(uri, 0.9 * many / most) for uri, many in times.most_common(_MOST["subject"])]
