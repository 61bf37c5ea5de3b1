"""Text as a search engine sees it: words, and the forms under which each is found.

The same words come out of a description and of a question. A word has one form or a few; two words mean the same where
they share one. Arabic words have their light10 stem (Larkey, Ballesteros and Connell, "Light Stemming for Arabic
Information Retrieval", 2007) and that of their lemma, which brings a broken plural to its singular; French and English
ones their Snowball stem and that of their lemma, both without accents. Words of other languages are folded alone.
"""

import re
import threading
import unicodedata
from collections.abc import Iterator, Sequence, Set
from functools import cache, lru_cache
from typing import NamedTuple

from metadata import arabic, arabic_words

LONGEST = 60
"""Letters of a word that count: what is longer is no word."""

NAMES = "zxx"
"""The language of names: they are in none, and have no stems."""

_STEMMED = {"fr": "french", "en": "english"}
_ARABIC = re.compile(r"[\u0621-\u064a\u066e-\u06d3\u06fa-\u06ff\u0750-\u077f]")
# Marks and joiners are no letters to ``\w``: without them a vocalised word would fall into its letters.
_MARKS = r"\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u08d3-\u08ff\u200c\u200d"
_APOSTROPHE = "['’ʼ]"
_LETTERS = rf"\w[\w{_MARKS}]*"
_WORD = re.compile(_LETTERS)
_APART = re.compile(  # where there are apostrophes; to look for them everywhere takes twice as long
    rf"(?:(?<!\w)(?:[cdjlmnst]|(?:jus|lors|puis|quoi)?qu){_APOSTROPHE}(?=[^\W\d]))?"  # l'eau
    rf"({_LETTERS})"
    rf"(?:{_APOSTROPHE}s(?!\w))?",  # the teacher's
    re.IGNORECASE,
)
_ANY_APOSTROPHE = re.compile(_APOSTROPHE)
_STOP_WORDS = frozenset(
    word
    for line in (
        "في من على عن إلى الى مع أن إن ان أو او ثم لا ما لم لن قد كل بين هذا هذه ذلك تلك التي الذي الذين هو هي هم",
        "كان كانت يكون تكون حول عند منذ حتى إذا اذا لكن بل كما غير بعد قبل دون ضمن عبر خلال لدى نحو",
        "و ف ب ل ك أي اي أيضا ايضا كيف هل",
        "le la les un une des du de d l et ou où a à au aux en dans par pour sur avec sans sous ce cet cette ces son",
        "sa ses leur leurs qui que qu quoi dont est sont ne pas plus se s il elle ils elles on nous vous je tu comment",
        "the an of and or to in at by for with from as is are be was were it its this that these those how what your",
        "our their his her",
    )
    for word in line.split()
)
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "đ": "d", "ł": "l", "ı": "i"})
_ARTICLES = ("ال", "وال", "بال", "كال", "فال", "لل")
_SUFFIXES = ("ها", "ان", "ات", "ون", "ين", "يه", "ه", "ي")  # of folded words: ية is يه and ة is ه


class Word(NamedTuple):
    """A word as it is written at ``start`` to ``end`` (characters) of a text, and folded."""

    written: str
    plain: str
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """The words of a text in their order, without elided articles (l'), the English possessive and signs."""
    for written, start, end in spans(text):
        if plain := fold(written):
            yield Word(written, plain, start, end)


def spans(text: str) -> Iterator[tuple[str, int, int]]:
    """The same, each as it is written, and from where to where."""
    shape, group = _shape(text)
    for found in shape.finditer(text.replace("_", " ")):
        yield found[group][:LONGEST], *found.span(group)


def _shape(text: str) -> tuple[re.Pattern[str], int]:
    """What a word of this text looks like, and which group of it is the word."""
    return (_APART, 1) if _ANY_APOSTROPHE.search(text) else (_WORD, 0)


def written(text: str) -> list[str]:
    """The words of a text as :func:`words` finds them, where nothing else is asked of them."""
    found: list[str] = _shape(text)[0].findall(text.replace("_", " "))
    return found


def all_forms(text: str, lang: str) -> tuple[Sequence[str], Set[str]]:
    """The first form of each word of a text, in order, and all other forms that they have."""
    return _kept_forms(text, lang) if len(text) <= _SHORT else _all_forms(text, lang)


def _all_forms(text: str, lang: str) -> tuple[Sequence[str], Set[str]]:
    found = [forms(word, lang) for word in written(text)]
    others = {form for one in found if len(one) > 1 for form in one[1:]}
    return [one[0] for one in found if one], others


_SHORT = 60  # letters of a text that may come again: a keyword, a name
_kept_forms = lru_cache(maxsize=1 << 14)(_all_forms)


@lru_cache(maxsize=1 << 15)
def fold(text: str) -> str:
    """As ``arabic.fold`` does, and Latin letters without accents and ligatures."""
    folded = arabic.fold(text)
    if folded.isascii():
        return folded
    parted = unicodedata.normalize("NFD", folded.translate(_LIGATURES))
    return unicodedata.normalize("NFC", "".join(letter for letter in parted if not "\u0300" <= letter <= "\u036f"))


@lru_cache(maxsize=1 << 16)
def forms(written: str, lang: str) -> tuple[str, ...]:
    """What a word of a text in this language (BCP 47) is indexed under; the first stands for it in phrases.

    ``und``, or an Arabic word amid Latin ones: the script decides, and Latin letters may be French or English.
    """
    written = written[:LONGEST]
    plain = fold(written)
    primary = lang.partition("-")[0].lower()
    if primary == NAMES or not plain:
        return _once([plain, plain.removeprefix("ال")]) if plain else ()
    if _ARABIC.search(plain):
        return _arabic(written, plain) if primary not in _OTHER_ARABIC_SCRIPT else (plain,)
    if primary in _STEMMED:
        return _latin(written, plain, primary)
    if primary in ("und", "ar", "mul"):
        return _once([plain, *_latin(written, plain, "fr"), *_latin(written, plain, "en")])
    return (plain,)


_OTHER_ARABIC_SCRIPT = frozenset({"fa", "ur", "ps", "ku", "ckb", "sd", "ug", "ms", "prs", "azb"})


@lru_cache(maxsize=1 << 12)
def asked(written: str) -> tuple[str, ...]:
    """All forms that a word of a question may be found under: nobody says in which language one asks."""
    written = written[:LONGEST]
    plain = fold(written)
    if _ARABIC.search(plain):
        return _once([*_arabic(written, plain), plain, plain.removeprefix("ال")])
    return forms(written, "und")


def primaries(written: str) -> dict[str, str]:
    """Language → the form that stands for a word in the phrases of that language; ``und`` for all others."""
    plain = fold(written[:LONGEST])
    if _ARABIC.search(plain):
        return {"ar": forms(written, "ar")[0], "und": plain}
    return {"fr": forms(written, "fr")[0], "en": forms(written, "en")[0], "und": plain} if plain else {}


def is_stop_word(written: str) -> bool:
    """Whether a word says nothing by itself in Arabic, French or English. Not judged folded: ماء would be ما."""
    return arabic.bare(written) in _STOP_WORDS


def is_arabic(word: str) -> bool:
    return _ARABIC.search(word) is not None


def light10(word: str) -> str:
    """The stem of a folded Arabic word: without *and*, the article with what is written onto it, and common endings."""
    if word.startswith("و") and len(word) > 3:
        word = word[1:]
    for article in _ARTICLES:
        if word.startswith(article) and len(word) >= len(article) + 2:
            word = word[len(article) :]
            break
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) >= len(suffix) + 2:
            word = word[: -len(suffix)]
    return word


_SILENT = "="
"""Begins the form of a word that says nothing: folded, *what* (ما) would be found by whoever looks for water (ماء)."""


def _arabic(written: str, plain: str) -> tuple[str, ...]:
    if is_stop_word(written):
        return (_SILENT + plain,)
    return _once([fold(lemma) for lemma in arabic_words.lemmas(written)]) or (light10(plain),)


def _latin(written: str, plain: str, lang: str) -> tuple[str, ...]:
    stem = _stemmer(lang)
    small = unicodedata.normalize("NFC", written).lower()
    return _once([fold(stem(one)) for one in (plain, small, _lemma(small, lang))])


def _once(found: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in found if one))


def _lemma(word: str, lang: str) -> str:
    found: str = _lemmatizer().lemmatize(word, lang)
    return found


@cache
def _lemmatizer():  # type: ignore[no-untyped-def]  # the library is typed only in part
    # late: whoever never searches does not pay for it
    from simplemma import Lemmatizer
    from simplemma.strategies import DefaultStrategy

    # Words are kept by `forms`; the dictionaries of three languages take 70 MB the other way, and are 10 times faster.
    return Lemmatizer(cache_max_size=1, lemmatization_strategy=DefaultStrategy(low_memory=True))


_own = threading.local()


def _stemmer(lang: str):  # type: ignore[no-untyped-def]
    """One for each thread: a stemmer works on the word within itself, and two threads would mix up theirs."""
    found = getattr(_own, lang, None)
    if found is None:
        from snowballstemmer import stemmer

        found = stemmer(_STEMMED[lang]).stemWord
        setattr(_own, lang, found)
    return found
