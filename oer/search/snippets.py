"""Where a hit says what was asked for: pieces of its title and description, with the words that count marked."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from metadata import analysis
from metadata.record import Record, Text, pick
from oer.search import grammar
from oer.search.grammar import Node

_WINDOW = 30  # words of a piece
_LONGEST = 600  # characters of it, out of a file: not every file has words
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question asks for: of each of its words all forms under which it may be found."""

    words: tuple[frozenset[str], ...]
    any: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.any)

    def met(self, written: str, lang: str) -> frozenset[int]:
        """Which of the words this one is."""
        forms = analysis.forms(written, lang)
        if self.any.isdisjoint(forms):
            return frozenset()
        return frozenset(at for at, word in enumerate(self.words) if not word.isdisjoint(forms))


def wanted(node: Node | None) -> Wanted:
    """What counts for this question."""
    found: dict[frozenset[str], None] = {}
    for word in grammar.words(node):
        for one in analysis.written(word.words):
            if word.phrase or not analysis.is_stop_word(one):
                found[frozenset(analysis.asked(one))] = None
    return Wanted(tuple(found), frozenset(form for word in found for form in word))


def is_all(wanted: Wanted, pieces: Sequence[Piece | None]) -> bool:
    """Whether the pieces together have everything that was asked for."""
    told = ((text, piece.lang) for piece in pieces if piece for text, hit in piece.parts if hit)
    return len({one for text, lang in told for one in wanted.met(text, lang)}) == len(wanted.words)


def title(record: Record, wanted: Wanted, lang: str) -> Piece | None:
    """The whole title in the reader's language, or in another where that alone says what was asked for."""
    chosen = _best(record.title, wanted, lang)
    if chosen is None:
        return None
    return Piece(chosen.lang, _marked(chosen.value, chosen.lang, wanted))


def text(record: Record, wanted: Wanted, lang: str) -> Piece | None:
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


def inside(value: str, lang: str, wanted: Wanted, budget: Budget) -> Piece | None:
    """A piece of what a file says, where the most of what was asked for stands together; None where nothing of it is
    in what is looked through.
    """
    starts: list[int] = []  # of words
    near: deque[tuple[int, frozenset[int]]] = deque()  # hits that one piece can show
    best, most = None, 0
    for at, word in enumerate(analysis.words(value)):
        starts.append(word.start)
        if best is not None and at >= best + _WINDOW - _BEFORE and (most == len(wanted.words) or budget.words <= 0):
            break
        if budget.words <= 0:
            if best is None:
                return None
            continue
        budget.words -= 1
        if most < len(wanted.words) and (met := wanted.met(word.written, lang)):
            near.append((at, met))
            while near[0][0] <= at - (_WINDOW - _BEFORE):
                near.popleft()
            if (together := len(frozenset().union(*(one for _, one in near)))) > most:
                best, most = near[0][0], together
    if best is None:
        return None
    after = best + _WINDOW - _BEFORE
    begin = max(starts[best - _BEFORE] if best > _BEFORE else 0, starts[best] - _LONGEST // 3)
    end = min(starts[after] if after < len(starts) else len(value), starts[best] + _LONGEST)
    shown = " ".join(value[begin:end].split())
    return Piece(lang, _marked(shown, lang, wanted), (begin > 0, end < len(value)))


def _densest(hits: Sequence[int]) -> int:
    """The hit from which on a window holds the most; the first of several, 0 where there are none."""
    best, most, end = 0, 0, 0
    for start, at in enumerate(hits):
        while end < len(hits) and hits[end] < at + _WINDOW - _BEFORE:
            end += 1
        if end - start > most:
            best, most = at, end - start
    return best


def _best(texts: Sequence[Text], wanted: Wanted, lang: str) -> Text | None:
    own = pick(texts, lang)
    if own is None or not wanted or _has(own, wanted):
        return own
    return next((text for text in texts if _has(text, wanted)), own)


def _has(text: Text, wanted: Wanted) -> bool:
    return any(_counts(word, text.lang, wanted) for word in analysis.words(text.value))


def _counts(word: analysis.Word, lang: str, wanted: Wanted) -> bool:
    return not wanted.any.isdisjoint(analysis.forms(word.written, lang))


def _marked(value: str, lang: str, wanted: Wanted) -> tuple[tuple[str, bool], ...]:
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
