"""Names of one thing in three languages: the thesaurus says that رياضيات, mathématiques and mathematics are one."""

import unicodedata
from collections.abc import Sequence
from functools import cache

from metadata import analysis, vocabularies
from metadata.vocabularies import Term

LONGEST = 5
"""Words of a name that is recognised."""
_SCHEMES = vocabularies.SUBJECTS


def concepts(words: Sequence[str]) -> tuple[str, ...]:
    """URIs of the subjects that these words, as they are written, are a name of."""
    return _names().get(tuple(_key(word) for word in words), ())


def names(uri: str) -> tuple[tuple[str, str], ...]:
    """All names of a subject, (name, language), in all languages; the preferred ones first."""
    term = vocabularies.find(uri)
    return () if term is None else tuple(_told(term))


def _told(term: Term) -> list[tuple[str, str]]:
    others = ((name, lang) for lang, told in term.alternative.items() for name in told)
    return [*((name, lang) for lang, name in term.labels.items()), *others]


@cache
def _names() -> dict[tuple[str, ...], tuple[str, ...]]:
    found: dict[tuple[str, ...], dict[str, None]] = {}
    for scheme in _SCHEMES:
        for term in vocabularies.terms(scheme).values():
            for name, _ in _told(term):
                key = tuple(_key(word) for word in analysis.written(name))
                if 0 < len(key) <= LONGEST:
                    found.setdefault(key, {})[term.uri] = None
    return {key: tuple(uris) for key, uris in found.items()}


def _key(word: str) -> str:
    """Near enough for a name: forms would need a dictionary, and half a minute for all of them."""
    plain = analysis.fold(unicodedata.normalize("NFC", word))
    if analysis.is_arabic(plain):
        return plain.removeprefix("ال") if len(plain) > 4 else plain
    return plain.removesuffix("s") if len(plain) > 3 else plain
