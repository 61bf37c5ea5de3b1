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


class Meaning:
    """Turns questions into queries over one index."""

    def __init__(self, fields: tantivy.Schema) -> None:
        self._fields = fields
        self._synonyms: dict[str, Query] = {}  # by subject, of which there are a few thousand

    def query(self, node: Node | None) -> Query:
        """What the question asks for; everything where it asks nothing."""
        return (None if node is None else self._node(node)) or Query.all_query()

    def narrowed(self, facet: str, wanted: Sequence[str]) -> Query:
        """What has one of these values; it does not count for relevance."""
        found = [Query.term_query(self._fields, schema.FILTERS, f"{facet}:{value}") for value in wanted]
        return Query.const_score_query(_any(found), 0.0)

    def _node(self, node: Node) -> Query | None:
        if isinstance(node, Without):
            inner = self._node(node.part)
            return None if inner is None else _but(Query.all_query(), [inner])
        if isinstance(node, One):
            return _any([found for part in node.parts if (found := self._node(part)) is not None])
        return self._all(node.parts if isinstance(node, All) else (node,))

    def _all(self, parts: Sequence[Node]) -> Query | None:
        wanted: list[Query] = []
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
                without += [] if inner is None else [inner]
            elif isinstance(part, Word):
                wanted += [found for one in _parted(part) if (found := self._placed(one)) is not None]
            elif isinstance(part, Value):
                wanted += [found for found in (self._value(part),) if found is not None]
            elif part is not None and (found := self._node(part)) is not None:
                wanted.append(found)
        if not wanted:
            return _but(Query.all_query(), without) if without else None
        found = wanted[0] if len(wanted) == 1 else Query.boolean_query([(Occur.Must, one) for one in wanted])
        return _but(found, without)

    def _run(self, run: Sequence[Word]) -> Iterator[Query]:
        """Words side by side: where some of them name a subject, what has another name of it is meant as well."""
        kept = [word for word in run if word.phrase or not _is_stop(word)] or list(run)
        at = 0
        while at < len(kept):
            length, uris = _named(kept, at)
            direct = [found for word in kept[at : at + length] if (found := self._placed(word)) is not None]
            at += length
            if not direct:
                continue
            both = direct[0] if len(direct) == 1 else Query.boolean_query([(Occur.Must, one) for one in direct])
            yield _any([both, *(Query.boost_query(self._synonym(uri), _SYNONYM) for uri in uris)]) if uris else both

    def _synonym(self, uri: str) -> Query:
        """What is about a subject, or speaks of it by any of its names; each name in its own language."""
        known = self._synonyms.get(uri)
        if known is None:
            found = [Query.term_query(self._fields, schema.FILTERS, f"concept:{uri}")]
            for name, lang in synonyms.names(uri)[:_NAMES]:
                forms = [analysis.forms(word, lang)[0] for word in analysis.written(name)]
                found += [self._together(forms, place) for place in ("title", "text") if forms]
            known = self._synonyms[uri] = _any(found)
        return known

    def _placed(self, word: Word) -> Query | None:
        places = [word.place] if word.place else [*_WEIGHTS]
        if word.place == "code":
            return self._code(word.words)
        written = analysis.written(word.words)
        if not written:
            return None
        found = []
        for place in places:
            one = self._phrase(written, place) if len(written) > 1 else self._word(written[0], place)
            found.append(Query.boost_query(one, _WEIGHTS[place]))
        if word.place is None and any(letter.isdigit() for letter in word.words):
            found.append(Query.boost_query(self._code(word.words), _CODE))
        return _any(found)

    def _word(self, written: str, place: str) -> Query:
        return _any([Query.term_query(self._fields, place, form) for form in analysis.asked(written)])

    def _phrase(self, written: Sequence[str], place: str) -> Query:
        if len(written) == 1:
            return self._word(written[0], place)
        readings = [analysis.primaries(word) for word in written]
        phrases = {tuple(one.get(lang, one["und"]) for one in readings) for lang in ("ar", "fr", "en", "und")}
        return _any([self._together(phrase, place) for phrase in sorted(phrases)])

    def _together(self, forms: Sequence[str], place: str) -> Query:
        if len(forms) == 1:
            return Query.term_query(self._fields, place, forms[0])
        return Query.phrase_query(self._fields, place, list(forms))

    def _code(self, written: str) -> Query:
        bare = _ADDRESS.sub("", written.strip(" .,;،؛").lower())
        return Query.term_query(self._fields, "code", bare)

    def _value(self, value: Value) -> Query | None:
        """What is no value is taken for words; so are institutions, which are known by their names here."""
        known = values.canonical(value.facet, value.value) if value.facet != "institution" else None
        if known is None:
            return self._placed(Word(value.value, "name" if value.facet == "institution" else None))
        return self.narrowed(value.facet, [known])


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


def _any(queries: Sequence[Query]) -> Query:
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Should, one) for one in queries]) if queries else Query.empty_query()


def _but(query: Query, without: Sequence[Query]) -> Query:
    if not without:
        return query
    return Query.boolean_query([(Occur.Must, query), *((Occur.MustNot, one) for one in without)])
