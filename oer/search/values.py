"""The values that results are counted by, as people and programs may write them."""

from collections.abc import Mapping, Sequence

from metadata import licences, subjects, values, vocabularies
from oer.search import schema

VOCABULARIES: Mapping[str, tuple[str, ...]] = {
    "subject": subjects.SCHEMES,
    "level": ("isced-levels",),
    "type": ("hcrt",),
    "licence": ("licences",),
    "audience": ("audience",),
    "media": ("media-groups",),
    "accessibility": ("accessibility-features",),
}
"""Facet → the schemes whose terms are its values."""

CLOSED: Mapping[str, Sequence[str]] = {
    "permits": ("adapt", "sell"),
    "size": ("small", "medium", "large", "huge"),
    "duration": ("short", "medium", "long", "longer"),
    "offline": ("yes", "no"),
    "source": ("own",),
}
"""Facet → all of its values, in their order. Sizes end at 1, 10 and 100 MB, durations at 5, 20 and 60 minutes."""


def canonical(facet: str, written: str) -> str | None:
    """The value as the index has it: a term by URI, code or name in any language, a tag, a year; None for no value.

    Institutions are known by their ids, which the database tells.
    """
    text = written.strip()
    if facet in VOCABULARIES:
        if facet == "licence" and (known := licences.canonical(text)):
            return known
        found = (vocabularies.canonical(scheme, text) for scheme in VOCABULARIES[facet])
        return next((uri for uri in found if uri), None)
    if facet in CLOSED:
        return text.lower() if text.lower() in CLOSED[facet] else None
    if facet == "language":
        tag = values.language(text)
        return tag.partition("-")[0] if tag else None
    if facet == "year":
        return f"{int(text):04}" if text.isdecimal() and len(text) <= 4 else None
    return text if facet in schema.FACETS and text.isdecimal() and text.isascii() else None
