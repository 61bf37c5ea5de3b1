"""Where a hit says what was asked for: pieces of its title and description, with the words that count marked."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from metadata import analysis
from metadata.record import pick
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


class Told(NamedTuple):
    """A title or description in one language."""

    value: str
    lang: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question asks for: of each of its words all forms under which it may be found."""

    words: tuple[frozenset[str], ...]
    any: frozenset[str]
    _known: dict[tuple[str, str], bool] = field(default_factory=dict, compare=False, repr=False)

    def __bool__(self) -> bool:
        return bool(self.any)

    def has(self, written: str, lang: str) -> bool:
        """Whether a word of a text in this language is among what was asked for."""
        known = self._known.get((written, lang))
        if known is None:
            known = self._known[written, lang] = not self.any.isdisjoint(analysis.forms(written, lang))
        return known

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
                found[frozenset(form for form in analysis.asked(one) if form)] = None
    return Wanted(tuple(found), frozenset(form for word in found for form in word))


def is_all(wanted: Wanted, pieces: Sequence[Piece | None]) -> bool:
    """Whether the pieces together have everything that was asked for."""
    told = ((text, piece.lang) for piece in pieces if piece for text, hit in piece.parts if hit)
    return len({one for text, lang in told for one in wanted.met(text, lang)}) == len(wanted.words)


def title(titles: Sequence[Told], wanted: Wanted, lang: str) -> Piece | None:
    """The whole title in the reader's language, or in another where that alone says what was asked for."""
    chosen = _best(titles, wanted, lang)
    return None if chosen is None else Piece(chosen.text.lang, chosen.marked(0, len(chosen.text.value)))


def text(descriptions: Sequence[Told], wanted: Wanted, lang: str) -> Piece | None:
    """A piece of the description around the words that were asked for; its beginning where there are none."""
    chosen = _best(descriptions, wanted, lang)
    if chosen is None:
        return None
    words, value = chosen.words, chosen.text.value
    first = max(0, _densest(chosen.hits) - _BEFORE)
    last = min(len(words), first + _WINDOW)
    start = words[first][1] if first else 0
    end = words[last - 1][2] if last < len(words) else len(value)
    return Piece(chosen.text.lang, chosen.marked(start, end), (first > 0, last < len(words)))


def inside(value: str, lang: str, wanted: Wanted, budget: Budget) -> Piece | None:
    """A piece of what a file says, where the most of what was asked for stands together; None where nothing of it is
    in what is looked through.
    """
    starts: list[int] = []  # of words
    near: deque[tuple[int, frozenset[int]]] = deque()  # hits that one piece can show
    best, most = None, 0
    for at, (word, start, _) in enumerate(analysis.spans(value)):
        starts.append(start)
        if best is not None and at >= best + _WINDOW - _BEFORE and (most == len(wanted.words) or budget.words <= 0):
            break
        if budget.words <= 0:
            if best is None:
                return None
            continue
        budget.words -= 1
        if most < len(wanted.words) and wanted.has(word, lang):
            met = wanted.met(word, lang)
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
    return Piece(lang, _looked_through(Told(shown, lang), wanted).marked(0, len(shown)), (begin > 0, end < len(value)))


def _densest(hits: Sequence[int]) -> int:
    """The hit from which on a window holds the most; the first of several, 0 where there are none."""
    best, most, end = 0, 0, 0
    for start, at in enumerate(hits):
        while end < len(hits) and hits[end] < at + _WINDOW - _BEFORE:
            end += 1
        if end - start > most:
            best, most = at, end - start
    return best


@dataclass(frozen=True, slots=True)
class _Looked:
    """A text with its words, and which of them were asked for."""

    text: Told
    words: Sequence[tuple[str, int, int]]
    hits: Sequence[int]

    def marked(self, start: int, end: int) -> tuple[tuple[str, bool], ...]:
        """From one character to another, neither inside a word."""
        parts: list[tuple[str, bool]] = []
        value, at = self.text.value, start
        for hit in self.hits:
            _, begins, ends = self.words[hit]
            if begins < start or ends > end:
                continue
            if begins > at:
                parts.append((value[at:begins], False))
            parts.append((value[begins:ends], True))
            at = ends
        if at < end:
            parts.append((value[at:end], False))
        return tuple(parts)


def _looked_through(text: Told, wanted: Wanted) -> _Looked:
    words = list(analysis.spans(text.value))
    return _Looked(text, words, [at for at, (word, _, _) in enumerate(words) if wanted.has(word, text.lang)])


def _best(texts: Sequence[Told], wanted: Wanted, lang: str) -> _Looked | None:
    own = pick(texts, lang)
    if own is None:
        return None
    chosen = _looked_through(own, wanted)
    if chosen.hits or not wanted:
        return chosen
    others = (_looked_through(text, wanted) for text in texts if text is not own)
    return next((other for other in others if other.hits), chosen)
