"""Resources that are about the same: with the same subjects and the words that are rare elsewhere."""

from collections.abc import Iterator

import tantivy
from tantivy import Occur, Query

from metadata import analysis, subjects
from metadata.record import Record
from oer.search import schema

_WORDS = 10  # of a record, that are looked for: those that the fewest others have
_SUBJECT, _WIDER, _TITLE, _TEXT, _KIND = 4.0, 1.0, 2.0, 1.0, 0.5


def query(searcher: tantivy.Searcher, fields: tantivy.Schema, record: Record, resource_id: int) -> Query | None:
    """What finds them, and not the resource itself; None where its record says nothing to go by."""
    topical = [*_subjects(fields, record), *_words(searcher, fields, record)]
    if not topical:
        return None
    about = Query.boolean_query([(Occur.Should, one) for one in topical])
    itself = Query.term_query(fields, "id", resource_id)
    kind = ((Occur.Should, one) for one in _kind(fields, record))
    return Query.boolean_query([(Occur.Must, about), (Occur.MustNot, itself), *kind])


def _subjects(fields: tantivy.Schema, record: Record) -> Iterator[Query]:
    for uri in record.subjects:
        yield Query.boost_query(Query.term_query(fields, schema.FILTERS, f"concept:{uri}"), _SUBJECT)
    for wider in dict.fromkeys(one for uri in record.subjects for one in subjects.closure(uri)[1:2]):
        yield Query.boost_query(Query.term_query(fields, schema.FILTERS, f"subject:{wider}"), _WIDER)


def _words(searcher: tantivy.Searcher, fields: tantivy.Schema, record: Record) -> Iterator[Query]:
    texts = [*record.title, *record.keywords]
    told = ((word, text.lang) for text in texts for word in analysis.written(text.value))
    forms = dict.fromkeys(
        found[0] for word, lang in told if not analysis.is_stop_word(word) and (found := analysis.forms(word, lang))
    )
    counts = {form: searcher.doc_freq("title", form) + searcher.doc_freq("text", form) for form in forms}
    for form in sorted(forms, key=lambda one: (counts[one], one))[:_WORDS]:
        yield Query.boost_query(Query.term_query(fields, "title", form), _TITLE)
        yield Query.boost_query(Query.term_query(fields, "text", form), _TEXT)


def _kind(fields: tantivy.Schema, record: Record) -> Iterator[Query]:
    """Of two about the same, that for the same level and in the same language."""
    told = [("level", one) for one in record.levels]
    told += [("language", tag.partition("-")[0]) for tag in record.languages]
    for facet, value in told:
        term = Query.term_query(fields, schema.FILTERS, f"{facet}:{value}")
        yield Query.const_score_query(term, _KIND)
