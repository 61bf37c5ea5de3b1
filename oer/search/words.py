"""Words that are there: how one that is being typed may go on, and what one that is not there was meant to be."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import tantivy
from tantivy import Query

from metadata import analysis
from oer.search import schema

_ARTICLE = "ال"
_MOST = 4000  # words with one beginning that are compared; the most frequent
_FIRST = 1  # letters that what is meant begins with
_WRONG = ((3, 0), (6, 1), (analysis.LONGEST, 2))  # letters of a word → letters of it that may be wrong


class Completion(NamedTuple):
    """A word as it is written, in how many resources."""

    word: str
    times: int


def completions(searcher: tantivy.Searcher, beginning: str, *, among: Query | None, limit: int) -> list[Completion]:
    """Words with this beginning, or with the Arabic article before it; the most frequent first.

    ``among``: count in the resources that this finds; words in none of them are left out.
    """
    plain = analysis.fold(beginning)
    if not plain:
        return []
    found = _with(searcher, plain, among, limit * 3)
    if analysis.is_arabic(plain) and len(plain) > 1 and not _ARTICLE.startswith(plain[:2]):
        found |= _with(searcher, _ARTICLE + plain, among, limit * 3)
    ranked = sorted(found.items(), key=lambda one: (-one[1].times, one[0]))
    return [completion for folded, completion in ranked if not analysis.is_stop_word(completion.word)][:limit]


def _with(searcher: tantivy.Searcher, beginning: str, among: Query | None, limit: int) -> dict[str, Completion]:
    """Folded word → how it is written most often, and how often in all its spellings."""
    found: dict[str, Completion] = {}
    for term, count in searcher.terms_with_prefix(schema.WORDS, beginning, among, limit):
        folded, _, written = term.partition(schema.WRITTEN)
        if count:
            known = found.get(folded)
            found[folded] = Completion(known.word, known.times + count) if known else Completion(written, count)
    return found


Common = Callable[[], Mapping[str, Completion]]


def most_frequent(searcher: tantivy.Searcher) -> Mapping[str, Completion]:
    """Folded word → how it is written. It goes through all words that there are: keep it for as long as they stay."""
    return _with(searcher, "", None, _MOST)


def is_known(searcher: tantivy.Searcher, written: str) -> bool:
    """Whether any resource has this word in any of its forms."""
    forms = analysis.asked(written)
    return any(searcher.doc_freq(place, form) for place in schema.TEXTS for form in forms)


def nearest(searcher: tantivy.Searcher, written: str, common: Common) -> str | None:
    """The word that is there and is the least unlike this one; of several the most frequent. None: none is near.

    ``common``: see :func:`most_frequent`. Letters may be missing, too many, others or exchanged with the next
    (Damerau's distance, optimal alignment).
    """
    from rapidfuzz.distance import OSA  # late: for questions without answers alone

    plain = analysis.fold(written)
    wrong = _wrong(plain)
    if not wrong:
        return None
    article = _article(plain)
    bare = plain.removeprefix(article)
    best: tuple[int, int, str] | None = None
    for beginning in dict.fromkeys(_beginnings(article, bare)):
        if best and not beginning:
            break
        near = _with(searcher, beginning, None, _MOST) if beginning else common()
        for folded, (word, times) in near.items():
            distance = OSA.distance(plain, folded, score_cutoff=wrong)
            fits = distance <= wrong
            if not fits and (other := _article(folded)) != article:
                least = min(wrong, _wrong(bare))
                distance = OSA.distance(bare, folded.removeprefix(other), score_cutoff=least)
                fits = distance <= least
            if fits and (best is None or (distance, -times, word) < best):
                best = distance, -times, word
    return best[2] if best else None


def _wrong(plain: str) -> int:
    """How many letters may be wrong; none of a word that is longer than any."""
    return next((wrong for letters, wrong in _WRONG if len(plain) <= letters), 0)  # folding may lengthen a word


def _article(plain: str) -> str:
    return _ARTICLE if plain.startswith(_ARTICLE) and len(plain) > 4 else ""


def _beginnings(article: str, bare: str) -> Iterator[str]:
    """What words that this may have been begin with: its own letter, the next one, each with the Arabic article and
    without, and at last anything.
    """
    other = "" if article or not analysis.is_arabic(bare) else _ARTICLE
    for letters in (bare[:_FIRST], bare[1 : 1 + _FIRST]):
        yield article + letters
        yield other + letters
    yield ""
