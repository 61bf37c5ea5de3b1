"""The fields of the index. Nothing in it is stored but what is searched, counted or sorted: hits are read from the
database, so that nothing old is ever shown.

Text comes analysed (``metadata.analysis``), parted by blanks. What is counted lies in columns with exactly one value
for each resource, since the engine counts those twenty times as fast as several: a resource that is in several
languages has the one value ``ar fr``, and the counts of such values are taken apart afterwards.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from typing import Literal, get_args

import tantivy

from metadata import vocabularies

REVISION = 7
"""Step it with every change of what stands in the index: it is then built anew."""

TEXTS = ("title", "text", "subject", "name", "file")
"""Analysed fields: title and other titles; description, keywords and the like; names of subjects in all languages;
people and institutions; what the files say that everybody may download.
"""

NUMBERS = ("newest", "used")
"""Numbers to sort by, the greatest first; no two resources have the same."""

SORTS = ("ar", "fr", "en")
"""Languages in which titles are sorted, a column each."""


FacetName = Literal[
    "institution",
    "subject",
    "level",
    "type",
    "language",
    "licence",
    "permits",
    "audience",
    "media",
    "accessibility",
    "size",
    "duration",
    "offline",
    "year",
    "source",
]
FACETS: tuple[FacetName, ...] = get_args(FacetName)
"""What results are counted by."""
COLUMNS: Mapping[str, str] = {facet: f"by_{facet}" for facet in FACETS}
"""Where the values of each stand; of subjects the widest ones."""

_LIBRARIES = ("tantivy", "simplemma", "snowballstemmer", "pyicu-wheels")
NARROWER = "subjects"
"""The column with every subject of a resource and all that is wider, several to each: slow, for what is narrowed."""

WORDS = "word"
"""Words of titles, keywords and names as people write them, to be completed and put right: folded, a sign that no word
has, and as they are shown (:data:`WRITTEN`).
"""
WRITTEN = "\x1f"

FILTERS = "is"
"""``facet:value`` for everything that a resource can be found by."""


def build() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("id", indexed=True, fast=True)
    for name in NUMBERS:
        builder.add_integer_field(name, indexed=True, fast=True)
    for name in TEXTS:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    builder.add_text_field(WORDS, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("code", tokenizer_name="raw", index_option="basic")
    builder.add_text_field(FILTERS, tokenizer_name="raw", index_option="basic")
    for column in (*COLUMNS.values(), NARROWER):
        builder.add_text_field(column, tokenizer_name="raw", index_option="basic", fast=True)
    for lang in SORTS:
        builder.add_text_field(f"sort_{lang}", tokenizer_name="raw", index_option="basic", fast=True)
    return builder.build()


def revision() -> str:
    """Tells indexes apart that were made otherwise: by other fields, libraries, terms or labels."""
    return _revision(REVISION, vocabularies.digest())


@lru_cache(maxsize=8)
def _revision(number: int, terms: str) -> str:
    """Kept: every question asks for it, and to look up versions takes longer than to answer."""
    made_by = (number, *(version(name) for name in _LIBRARIES), terms)
    return hashlib.sha256(repr(made_by).encode()).hexdigest()[:12]
