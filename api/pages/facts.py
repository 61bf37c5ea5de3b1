"""The facts that a page tells of a resource beside its words."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from api import i18n
from metadata import vocabularies
from metadata.record import Contributor, Record, Text
from oer.models import Version
from oer.search import grammar

_NO_QUOTES = str.maketrans(dict.fromkeys(grammar.QUOTES, " "))


@dataclass(frozen=True, slots=True)
class Value:
    """Words in their own language; ``path`` is where there is more of the same."""

    text: Text
    path: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of the facts: the code of its name, and its values."""

    code: str
    values: Sequence[Value]


def of(record: Record, version: Version, spoken: i18n.Language) -> list[Fact]:
    def labels(scheme: str, uris: Sequence[str], facet: str = "") -> list[Value]:
        told = [_said(vocabularies.label(scheme, uri, spoken), spoken) for uri in uris]
        return [Value(one.text, _more(facet, uri)) for one, uri in zip(told, uris, strict=True)]

    subjects = [vocabularies.find(uri) for uri in record.subjects]
    found = [
        Fact("field.resource_type", labels("hcrt", [record.resource_type] if record.resource_type else [], "type")),
        Fact("field.languages", [_said(i18n.language_name(tag, spoken), spoken) for tag in record.languages]),
        Fact(
            "field.subjects", [one for term in subjects if term for one in labels(term.scheme, [term.uri], "subject")]
        ),
        Fact("field.levels", labels("isced-levels", record.levels, "level")),
        Fact("field.audience", labels("audience", record.audience, "audience")),
        Fact(
            "field.study_time", [_said(i18n.duration(record.study_time, spoken), spoken)] if record.study_time else []
        ),
        Fact("field.play_time", [_said(i18n.duration(record.play_time, spoken), spoken)] if record.play_time else []),
        Fact("field.educational_use", labels("educational-use", record.educational_use)),
        Fact("field.accessibility", labels("accessibility-features", _features(record))),
        Fact("field.keywords", _keywords(record.keywords, spoken)),
        Fact("field.contributors", [_contributor(agent, spoken) for agent in record.contributors]),
        Fact("field.publisher", [Value(Text(value=record.publisher.name))] if record.publisher else []),
        Fact("field.rights_holder", [Value(Text(value=record.rights_holder))] if record.rights_holder else []),
        Fact("page.published", [_said(i18n.day(version.published.date(), spoken), spoken)]),
    ]
    return [fact for fact in found if fact.values]


def _features(record: Record) -> Sequence[str]:
    return record.accessibility.features if record.accessibility else ()


def _keywords(keywords: Sequence[Text], spoken: str) -> list[Value]:
    """Those in the reader's language, or all where there is none; each word once."""
    own = [text for text in keywords if text.lang.partition("-")[0] == spoken]
    distinct = {text.value: text for text in own or keywords}
    return [Value(text, f"/search?{urlencode({'q': _phrase(word)})}") for word, text in distinct.items()]


def _phrase(word: str) -> str:
    """As the search reads it: one word as it stands, what it would take for more, or for a sign, as a phrase."""
    if grammar.parse(word) == grammar.Word(word):
        return word
    return f'"{" ".join(word.translate(_NO_QUOTES).split())}"'


def _more(facet: str, uri: str) -> str:
    return f"/search?{urlencode({facet: uri})}" if facet else ""


def _contributor(agent: Contributor, spoken: str) -> Value:
    return Value(Text(value=f"{agent.name} ({vocabularies.label('contributor-roles', agent.role, spoken)})"))


def _said(words: str, spoken: str) -> Value:
    return Value(Text(value=words, lang=spoken))
