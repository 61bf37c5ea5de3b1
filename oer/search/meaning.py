"""What a question means to the engine: a query built of parts, never of text."""

import re
from collections.abc import Iterator, Sequence

import tantivy
from tantivy import Occur, Query

from metadata import analysis
from oer.search import schema, synonyms, values
from oer.search.grammar import All, Node, One, Value, Without, Word

_WEIGHTS = {"title": 4.0, "text": 1.0, "subject": 1.0, "name": 2.0, "file": 0.3}
_ADDRESS = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|https?://orcid\.org/|https?://ror\.org/|urn:isbn:|doi:)")
_CODE = 20.0
_SYNONYM = 0.05  # of the score: what is found by another name stands below all that has the words themselves
_NAMES = 9  # names of one subject that are looked for


Weighted = tuple[float, Query]
"""By how much the score of a query counts."""
Either = Sequence[Weighted]
"""Alternatives side by side, none within another: only of terms that stand so the engine leaves out those documents
that cannot come among the best.
"""


class Meaning:
    """Turns questions into queries over one commit of an index."""

    def __init__(self, searcher: tantivy.Searcher, fields: tantivy.Schema) -> None:
        self._searcher = searcher
        self._fields = fields
        self._synonyms: dict[str, Either] = {}  # by subject, of which there are a few thousand

    def query(self, node: Node | None) -> Query:
        """What the question asks for; everything where it asks nothing."""
        found = None if node is None else self._node(node)
        return Query.all_query() if found is None else _any(found)

    def narrowed(self, facet: str, wanted: Sequence[str]) -> Query:
        """What has one of these values; it does not count for relevance."""
        found = Query.term_set_query(self._fields, schema.FILTERS, [f"{facet}:{value}" for value in wanted])
        return Query.const_score_query(found, 0.0)

    def _node(self, node: Node) -> Either | None:
        """None where it asks nothing."""
        if isinstance(node, Without):
            inner = self._node(node.part)
            return None if inner is None else [(1.0, _but(Query.all_query(), [_any(inner)]))]
        if isinstance(node, One):
            told = [found for part in node.parts if (found := self._node(part)) is not None]
            return [one for found in told for one in found] if told else None
        return self._all(node.parts if isinstance(node, All) else (node,))

    def _all(self, parts: Sequence[Node]) -> Either | None:
        wanted: list[Either] = []
        without: list[Query] = []
        run: list[Word] = []
        for part in (*parts, None):
            if isinstance(part, Word) and part.place is None:
                run += _parted(part)
                continue
            wanted += self._run(run)
            run = []
            if isinstance(part, Without):
                inner = self._node(part.part)
                without += [] if inner is None else [_any(inner)]
            elif isinstance(part, Word):
                wanted += [found for one in _parted(part) if (found := self._placed(one)) is not None]
            elif isinstance(part, Value):
                wanted += [found for found in (self._value(part),) if found is not None]
            elif part is not None and (found := self._node(part)) is not None:
                wanted.append(found)
        if not wanted:
            return [(1.0, _but(Query.all_query(), without))] if without else None
        found = wanted[0] if len(wanted) == 1 else [(1.0, _every(wanted))]
        return [(1.0, _but(_any(found), without))] if without else found

    def _run(self, run: Sequence[Word]) -> Iterator[Either]:
        """Words side by side: where some of them name a subject, what has another name of it is meant as well."""
        kept = [word for word in run if word.phrase or not _is_stop(word)] or list(run)
        at = 0
        while at < len(kept):
            length, uris = _named(kept, at)
            direct = [found for word in kept[at : at + length] if (found := self._placed(word)) is not None]
            at += length
            if not direct:
                continue
            both = direct[0] if len(direct) == 1 else [(1.0, _every(direct))]
            yield [*both, *((_SYNONYM * weight, one) for uri in uris for weight, one in self._synonym(uri))]

    def _synonym(self, uri: str) -> Either:
        """What is about a subject, or speaks of it by any of its names; each name in its own language."""
        known = self._synonyms.get(uri)
        if known is None:
            found = [*self._term(schema.FILTERS, f"concept:{uri}")]
            for name, lang in synonyms.names(uri)[:_NAMES]:
                forms = [analysis.forms(word, lang)[0] for word in analysis.written(name)]
                found += [one for place in ("title", "text") if forms for one in self._together(forms, place)]
            known = self._synonyms[uri] = [(1.0, one) for one in found]
        return known

    def _placed(self, word: Word) -> Either | None:
        places = [word.place] if word.place else [*_WEIGHTS]
        if word.place == "code":
            return self._code(word.words)
        written = analysis.written(word.words)
        if not written:
            return None
        found: list[Weighted] = []
        for place in places:
            told = self._phrase(written, place) if len(written) > 1 else self._word(written[0], place)
            found += [(_WEIGHTS[place], one) for one in told]
        if word.place is None and any(letter.isdigit() for letter in word.words):
            found += [(_CODE * weight, one) for weight, one in self._code(word.words)]
        return found

    def _word(self, written: str, place: str) -> Iterator[Query]:
        for form in analysis.asked(written):
            yield from self._term(place, form)

    def _phrase(self, written: Sequence[str], place: str) -> Iterator[Query]:
        readings = [analysis.primaries(word) for word in written]
        phrases = {tuple(one.get(lang, one["und"]) for one in readings) for lang in ("ar", "fr", "en", "und")}
        for phrase in sorted(phrases):
            yield from self._together(phrase, place)

    def _together(self, forms: Sequence[str], place: str) -> Iterator[Query]:
        if len(forms) == 1:
            yield from self._term(place, forms[0])
        elif all(self._searcher.doc_freq(place, form) for form in forms):
            yield Query.phrase_query(self._fields, place, list(forms))

    def _term(self, place: str, form: str) -> Iterator[Query]:
        """Nothing for a form that no document has: each costs time at every document that another one has."""
        if self._searcher.doc_freq(place, form):
            yield Query.term_query(self._fields, place, form)

    def _code(self, written: str) -> Either:
        bare = _ADDRESS.sub("", written.strip(" .,;،؛").lower())
        return [(1.0, one) for one in self._term("code", bare)]

    def _value(self, value: Value) -> Either | None:
        """What is no value is taken for words; so are institutions, which are known by their names here."""
        known = values.canonical(value.facet, value.value) if value.facet != "institution" else None
        if known is None:
            return self._placed(Word(value.value, "name" if value.facet == "institution" else None))
        return [(1.0, self.narrowed(value.facet, [known]))]


def _parted(word: Word) -> list[Word]:
    """What is written in one piece and is several words (l'eau-vive) stands together."""
    return (
        [Word(word.words, word.place, phrase=True)] if word.phrase or len(analysis.written(word.words)) > 1 else [word]
    )


def _is_stop(word: Word) -> bool:
    return all(analysis.is_stop_word(one) for one in analysis.written(word.words))


def _named(words: Sequence[Word], at: int) -> tuple[int, tuple[str, ...]]:
    """How many of the words, from ``at``, name subjects together, and which; one and none where they do not."""
    for length in range(min(synonyms.LONGEST, len(words) - at), 0, -1):
        some = [one for word in words[at : at + length] for one in analysis.written(word.words)]
        if some and (length == 1 or not any(word.phrase for word in words[at : at + length])):
            uris = synonyms.concepts(some)
            if uris:
                return length, uris
    return 1, ()


def _any(either: Either) -> Query:
    if not either:
        return Query.empty_query()
    found = [query if weight == 1 else Query.boost_query(query, weight) for weight, query in either]
    return found[0] if len(found) == 1 else Query.boolean_query([(Occur.Should, one) for one in found])


def _every(parts: Sequence[Either]) -> Query:
    return Query.boolean_query([(Occur.Must, _any(one)) for one in parts])


def _but(query: Query, without: Sequence[Query]) -> Query:
    if not without:
        return query
    return Query.boolean_query([(Occur.Must, query), *((Occur.MustNot, one) for one in without)])
