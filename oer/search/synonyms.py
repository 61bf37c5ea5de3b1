"""Names of one thing in three languages: the thesaurus says that رياضيات, mathématiques and mathematics are one."""

import unicodedata
from collections.abc import Sequence
from functools import cache

from metadata import analysis, vocabularies
from metadata.vocabularies import Term

LONGEST = 5
"""Words of a name that is recognised."""
_SCHEMES = vocabularies.SUBJECTS


def concepts(words: Sequence[str], lang: str | None = None) -> tuple[str, ...]:
    """URIs of the subjects that these words, as they are written, are a name of: in any language, or in ``lang``."""
    told = _names().get(tuple(_key(word) for word in words), {})
    return tuple(uri for uri, langs in told.items() if lang is None or lang in langs)


def names(uri: str) -> tuple[tuple[str, str], ...]:
    """All names of a subject, (name, language), in all languages; the preferred ones first."""
    term = vocabularies.find(uri)
    return () if term is None else tuple(_told(term))


def _told(term: Term) -> list[tuple[str, str]]:
    others = ((name, lang) for lang, told in term.alternative.items() for name in told)
    return [*((name, lang) for lang, name in term.labels.items()), *others]


@cache
def _names() -> dict[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Words → URI → languages in which they are a name of it."""
    found: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}
    for scheme in _SCHEMES:
        for term in vocabularies.terms(scheme).values():
            for name, lang in _told(term):
                key = tuple(_key(word) for word in analysis.written(name))
                if 0 < len(key) <= LONGEST:
                    known = found.setdefault(key, {})
                    known[term.uri] = (*known.get(term.uri, ()), lang)
    return found


def _key(word: str) -> str:
    """Near enough for a name: forms would need a dictionary, and half a minute for all of them."""
    plain = analysis.fold(unicodedata.normalize("NFC", word))
    if analysis.is_arabic(plain):
        return plain.removeprefix("ال") if len(plain) > 4 else plain
    return plain.removesuffix("s") if len(plain) > 3 else plain
