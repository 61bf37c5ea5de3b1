"""A record in the language of one reader, for formats that hold one text for each thing."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC

from metadata import values, vocabularies
from metadata.crosswalks.described import Described
from metadata.record import Record, Text, pick


def primary(tag: str) -> str:
    """``ar`` of ``ar-TN``."""
    return tag.partition("-")[0]


def one(texts: Sequence[Text], language: str) -> Text | None:
    """The text in this language, else the first that says anything."""
    return pick([text for text in texts if text.value], language)


def said(texts: Sequence[Text], language: str) -> str:
    """The words of :func:`one`, empty where there are none."""
    found = one(texts, language)
    return found.value if found else ""


def several(texts: Iterable[Text], language: str) -> list[Text]:
    """All in this language and those of no known one; where there is none in this language, all."""
    worded = [text for text in texts if text.value]
    if not any(primary(text.lang) == primary(language) for text in worded):
        return worded
    return [text for text in worded if primary(text.lang) in (primary(language), "und")]


def institution(described: Described, language: str) -> str:
    return said(described.institution, language)


def subjects(record: Record, language: str) -> Iterator[tuple[str, Text]]:
    """URI and label of the subjects; those that no vocabulary knows are left out."""
    for uri in record.subjects:
        term = vocabularies.find(uri)
        if term:
            yield uri, label(term, language)


def label(term: vocabularies.Term, language: str) -> Text:
    """The label of a term in this language, else in English, else in any, else its code."""
    for tag in dict.fromkeys((language, "en", *term.labels)):
        if tag in term.labels:
            return Text(value=term.labels[tag], lang=tag)
    return Text(value=term.notation)


def keywords(record: Record, language: str) -> list[Text]:
    """The keywords with the labels of the subjects, each word once."""
    found: dict[str, Text] = {}
    for text in (*several(record.keywords, language), *(text for _, text in subjects(record, language))):
        found.setdefault(text.value, text)
    return list(found.values())


def issued(described: Described) -> str:
    """W3CDTF: of the work, as far as it is known; without it the day of this version (UTC)."""
    known = values.w3cdtf(described.record.issued or "")
    return known or described.published.astimezone(UTC).date().isoformat()
