"""Where a hit says what was asked for: pieces of its title and description, with the words that count marked."""

from collections.abc import Sequence
from dataclasses import dataclass

from metadata import analysis
from metadata.record import Record, Text, pick
from oer.search import grammar
from oer.search.grammar import Node

_WINDOW = 30  # words of a piece
_BEFORE = 6  # of them in front of the first that counts


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of a text in one language, in ``parts``: (characters, whether they were asked for). ``cut``: there is more
    text before, and behind.
    """

    lang: str
    parts: tuple[tuple[str, bool], ...]
    cut: tuple[bool, bool] = (False, False)


@dataclass(slots=True)
class Budget:
    """How many words of files may still be looked through for one answer."""

    words: int = 40_000


def forms(node: Node | None) -> frozenset[str]:
    """Everything that a word may be found under which counts for this question."""
    found: set[str] = set()
    for word in grammar.words(node):
        for one in analysis.written(word.words):
            if word.phrase or not analysis.is_stop_word(one):
                found.update(analysis.asked(one))
    return frozenset(found)


def title(record: Record, wanted: frozenset[str], lang: str) -> Piece | None:
    """The whole title in the reader's language, or in another where that alone says what was asked for."""
    chosen = _best(record.title, wanted, lang)
    if chosen is None:
        return None
    return Piece(chosen.lang, _marked(chosen.value, chosen.lang, wanted))


def text(record: Record, wanted: frozenset[str], lang: str) -> Piece | None:
    """A piece of the description around the words that were asked for; its beginning where there are none."""
    chosen = _best(record.description, wanted, lang)
    if chosen is None:
        return None
    words = list(analysis.words(chosen.value))
    hits = [at for at, word in enumerate(words) if _counts(word, chosen.lang, wanted)]
    first = max(0, _densest(hits) - _BEFORE)
    last = min(len(words), first + _WINDOW)
    start = words[first].start if first else 0
    end = words[last - 1].end if last < len(words) else len(chosen.value)
    return Piece(chosen.lang, _marked(chosen.value[start:end], chosen.lang, wanted), (first > 0, last < len(words)))


def inside(value: str, lang: str, wanted: frozenset[str], budget: Budget) -> Piece | None:
    """A piece of what a file says around the first words that were asked for; None where they are not in what is
    looked through.
    """
    starts: list[int] = []  # of the words before the piece ends
    first = None
    for at, word in enumerate(analysis.words(value)):
        starts.append(word.start)
        if first is None:
            if budget.words <= 0:
                return None
            budget.words -= 1
            first = at if _counts(word, lang, wanted) else None
        elif at >= first + _WINDOW - _BEFORE:
            break
    if first is None:
        return None
    begin = starts[max(0, first - _BEFORE)] if first > _BEFORE else 0
    whole = len(starts) <= first + _WINDOW - _BEFORE
    end = len(value) if whole else starts[-1]
    shown = " ".join(value[begin:end].split())
    return Piece(lang, _marked(shown, lang, wanted), (begin > 0, not whole))


def _densest(hits: Sequence[int]) -> int:
    """The hit from which on a window holds the most; the first of several, 0 where there are none."""
    best, most, end = 0, 0, 0
    for start, at in enumerate(hits):
        while end < len(hits) and hits[end] < at + _WINDOW - _BEFORE:
            end += 1
        if end - start > most:
            best, most = at, end - start
    return best


def _best(texts: Sequence[Text], wanted: frozenset[str], lang: str) -> Text | None:
    own = pick(texts, lang)
    if own is None or not wanted or _has(own, wanted):
        return own
    return next((text for text in texts if _has(text, wanted)), own)


def _has(text: Text, wanted: frozenset[str]) -> bool:
    return any(_counts(word, text.lang, wanted) for word in analysis.words(text.value))


def _counts(word: analysis.Word, lang: str, wanted: frozenset[str]) -> bool:
    return not wanted.isdisjoint(analysis.forms(word.written, lang))


def _marked(value: str, lang: str, wanted: frozenset[str]) -> tuple[tuple[str, bool], ...]:
    parts: list[tuple[str, bool]] = []
    at = 0
    for word in analysis.words(value):
        if not _counts(word, lang, wanted):
            continue
        if word.start > at:
            parts.append((value[at : word.start], False))
        parts.append((value[word.start : word.end], True))
        at = word.end
    if at < len(value):
        parts.append((value[at:], False))
    return tuple(parts)
