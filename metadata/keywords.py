"""Words and pairs of words that a text is about: those that come often in it, and seldom elsewhere."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from metadata import analysis, arabic, arabic_words

LONGEST = 200_000
"""Characters of a text that are looked at: the beginning of a book tells what it is about."""
_LEAST_LETTERS = 3
_LEAST_TIMES = 2  # of a word in a text; a short text has none that comes again, and words of it are as good as others
_SHORT = 60  # words
_PAIR_TIMES = 3
_COHESION = 0.3  # of the rarer word's occurrences, those beside the other
_SENTENCE = re.compile(r"[.!?؟،,;؛:()\[\]{}\"«»“”\n\t|…]+")


class Keyword(NamedTuple):
    """As it is written most often; ``score`` from 0 to 1, of the best."""

    value: str
    score: float
    times: int


@cache
def _stop_words(lang: str) -> frozenset[str]:
    """Source: the lists of stopwords-iso (MIT); folded, as words are compared here."""
    from stopwordsiso import has_lang, stopwords  # late: for those who ask for keywords alone

    return frozenset(analysis.fold(word) for word in stopwords(lang)) if has_lang(lang) else frozenset()


def keywords(text: str, lang: str, *, rarity: Callable[[str], float], limit: int) -> list[Keyword]:
    """The best ``limit``. ``rarity`` of a form tells how seldom others have it: 1 for what is in all, and more."""
    sentences = [_content(sentence, lang) for sentence in _SENTENCE.split(text[:LONGEST])]
    spellings: dict[str, Counter[str]] = {}
    pairs: Counter[tuple[str, str]] = Counter()
    beside: dict[tuple[str, str], Counter[str]] = {}
    for sentence in sentences:
        for at, word in enumerate(sentence):
            if word is None:
                continue
            form, written = word
            spellings.setdefault(form, Counter())[written] += 1
            before = sentence[at - 1] if at else None
            if (
                before is not None
                and before[0] != form
                and analysis.is_arabic(before[1]) == analysis.is_arabic(written)
            ):
                pair = before[0], form
                pairs[pair] += 1
                beside.setdefault(pair, Counter())[f"{before[1]} {written}"] += 1
    times = {form: sum(found.values()) for form, found in spellings.items()}
    least = _LEAST_TIMES if sum(times.values()) > _SHORT else 1
    scores = {form: (1 + math.log(many)) * rarity(form) for form, many in times.items() if many >= least}
    found: dict[str, tuple[float, int]] = {}
    taken: Counter[str] = Counter()
    for (first, second), many in pairs.items():
        rarer = min(times[first], times[second])
        if many >= _PAIR_TIMES and many / rarer >= _COHESION:
            score = (scores.get(first, 0.0) + scores.get(second, 0.0)) * (0.6 + 0.4 * many / rarer)
            found[_shown(beside[first, second])] = score, many
            taken[first] += many
            taken[second] += many
    for form, score in scores.items():
        if taken[form] * 2 < times[form]:  # else a pair of it says more
            found[_shown(spellings[form])] = score, times[form]
    ranked = sorted(found.items(), key=lambda one: (-one[1][0], one[0]))[:limit]
    best = ranked[0][1][0] if ranked else 1.0
    return [Keyword(value, round(score / best, 3), many) for value, (score, many) in ranked]


def _content(sentence: str, lang: str) -> Sequence[tuple[str, str] | None]:
    """Form and spelling of each word; None for those that say nothing by themselves."""
    return [_word(word, lang) for word in analysis.written(sentence)]


def _word(written: str, lang: str) -> tuple[str, str] | None:
    plain = analysis.fold(written)
    stops = _stop_words("ar" if analysis.is_arabic(plain) else lang)
    bare = plain.removeprefix("و") if len(plain) > 4 else plain
    if len(plain) < _LEAST_LETTERS or not plain.isalpha() or not stops.isdisjoint((plain, bare)):
        return None
    if analysis.is_stop_word(written):
        return None
    return analysis.forms(written, lang)[0], _alone(arabic.bare(written))


_AND = re.compile(r"^و(?=[\u0621-\u064a]{3})")
_JOINED = re.compile(r"^(?:[بكف]ال|لل)(?=[\u0621-\u064a]{3})")


def _alone(written: str) -> str:
    """An Arabic word without *and* or a preposition that is written onto it; names and words that begin so stay."""
    for joined, instead in ((_AND, ""), (_JOINED, "ال")):
        bare = joined.sub(instead, written)
        if bare != written and arabic_words.lemmas(bare.removeprefix("ال")):
            written = bare
    return written


def _shown(spellings: Counter[str]) -> str:
    return max(spellings, key=lambda one: (spellings[one], one))


def names(text: str, concepts: Callable[[Sequence[str]], Sequence[str]], longest: int) -> Iterator[tuple[str, int]]:
    """Things that a text names, by URI: (URI, words of the name), once for each time. ``concepts`` knows names of up to
    ``longest`` words; the longest of two that overlap is meant.
    """
    for sentence in _SENTENCE.split(text[:LONGEST]):
        words = analysis.written(sentence)
        at = 0
        while at < len(words):
            found, length = _name(words, at, concepts, longest)
            yield from ((uri, length) for uri in found)
            at += length


def _name(
    words: Sequence[str], at: int, concepts: Callable[[Sequence[str]], Sequence[str]], longest: int
) -> tuple[Sequence[str], int]:
    for length in range(min(longest, len(words) - at), 0, -1):
        some = words[at : at + length]
        if not all(analysis.is_stop_word(word) for word in some) and (uris := concepts(some)):
            return uris, length
    return (), 1
