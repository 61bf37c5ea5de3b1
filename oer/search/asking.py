"""Questions that are still being typed, or that find nothing: how they may go on, and what was meant."""

import re
from collections.abc import Iterator

import tantivy

from metadata import analysis, keyboards
from oer.search import grammar, words
from oer.search.grammar import All, Node, One, Word
from oer.search.words import Common, Completion

_LIKELY = 3  # completions that are searched for at once
_UNKNOWN = 4  # words of a question that are put right; more are no slip of the hand
_TYPED = re.compile(r"\S*\Z")


def begun(text: str) -> tuple[Node | None, analysis.Word | None]:
    """What stands whole before the word that is being typed, and that word; None where the text ends behind one."""
    text = text[: grammar.LONGEST]
    typed = _TYPED.search(text)
    assert typed is not None
    words_of_it = list(analysis.words(typed[0]))
    if not words_of_it or words_of_it[-1].end < len(typed[0]):
        return grammar.parse(text), None
    last = words_of_it[-1]
    start = typed.start() + last.start
    return grammar.parse(text[: typed.start()]), last._replace(start=start, end=len(text))


def goes_on(before: Node | None, last: analysis.Word, found: list[Completion]) -> Node:
    """What is asked where the word is one of the likely ones, or whole as it stands."""
    likely = dict.fromkeys([last.written, *(one.word for one in found[:_LIKELY])])
    either = One(tuple(Word(one) for one in likely))
    return either if before is None else All((before, either))


def others(searcher: tantivy.Searcher, text: str, common: Common) -> Iterator[str]:
    """What may have been meant by a question that finds nothing, the likeliest first; to be tried."""
    if corrected := _corrected(searcher, text, common):
        yield corrected
    yield from keyboards.meant(text)


def _corrected(searcher: tantivy.Searcher, text: str, common: Common) -> str | None:
    """With the nearest words that are there in the place of those that are not; None where one has none, all are there,
    or too many are not.
    """
    asked = {one for word in grammar.words(grammar.parse(text)) for one in analysis.written(word.words)}
    parts, at, unknown = [], 0, 0
    for word in analysis.words(text[: grammar.LONGEST]):
        if word.written not in asked or words.is_known(searcher, word.written):
            continue
        unknown += 1
        nearest = words.nearest(searcher, word.written, common) if unknown <= _UNKNOWN else None
        if nearest is None:
            return None
        parts += [text[at : word.start], nearest]
        at = word.end
    return "".join([*parts, text[at:]]) if parts else None
