"""What a page tells of a resource beside its words: facts, and its licence in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from api import i18n
from metadata import licences, vocabularies
from metadata.licences import Licence
from metadata.record import Contributor, Record, Text
from oer.models import Version

# One condition of a licence, in the order in which people ask: the right or duty of ccREL, how it weighs, its words.
Weight = Literal["may", "must", "not"]


@dataclass(frozen=True, slots=True)
class Term:
    weight: Weight
    code: str


@dataclass(frozen=True, slots=True)
class LicenceShown:
    short: str
    label: str
    url: str
    terms: Sequence[Term]


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of the facts: the code of its name, and values that are words of their own language."""

    code: str
    values: Sequence[Text]


def of(record: Record, version: Version, spoken: i18n.Language) -> list[Fact]:
    def labels(scheme: str, uris: Sequence[str]) -> list[Text]:
        return [Text(value=vocabularies.label(scheme, uri, spoken), lang=spoken) for uri in uris]

    subjects = [vocabularies.find(uri) for uri in record.subjects]
    found = [
        Fact("field.resource_type", labels("hcrt", [record.resource_type] if record.resource_type else [])),
        Fact("field.languages", [_said(i18n.language_name(tag, spoken), spoken) for tag in record.languages]),
        Fact("field.subjects", [text for term in subjects if term for text in labels(term.scheme, [term.uri])]),
        Fact("field.levels", labels("isced-levels", record.levels)),
        Fact("field.audience", labels("audience", record.audience)),
        Fact("field.keywords", _keywords(record.keywords, spoken)),
        Fact("field.contributors", [_contributor(agent, spoken) for agent in record.contributors]),
        Fact("field.publisher", [Text(value=record.publisher.name)] if record.publisher else []),
        Fact("field.rights_holder", [Text(value=record.rights_holder)] if record.rights_holder else []),
        Fact("page.published", [_said(i18n.day(version.published.date(), spoken), spoken)]),
    ]
    return [fact for fact in found if fact.values]


def _keywords(keywords: Sequence[Text], spoken: str) -> list[Text]:
    """Those in the reader's language, or all where there is none; each word once."""
    own = [text for text in keywords if text.lang.partition("-")[0] == spoken]
    return list({text.value: text for text in own or keywords}.values())


def _contributor(agent: Contributor, spoken: str) -> Text:
    return Text(value=f"{agent.name} ({vocabularies.label('contributor-roles', agent.role, spoken)})")


def _said(words: str, spoken: str) -> Text:
    return Text(value=words, lang=spoken)


def licence(uri: str | None, spoken: str) -> LicenceShown | None:
    found = licences.get(uri) if uri else None
    if found is None:
        return None
    label = found.labels.get(spoken) or found.labels.get("en") or found.short
    return LicenceShown(found.short, label, found.uri, _terms(found))


def _terms(licence: Licence) -> list[Term]:
    """A licence in plain words. What it does not mention in ccREL is not said here either."""
    adapt: Weight = "may" if "DerivativeWorks" in licence.permits else "not"
    trade: Weight = "not" if "CommercialUse" in licence.prohibits else "may"
    terms = [Term("may", "page.licence.share")] if "Distribution" in licence.permits else []
    terms += [Term(adapt, f"page.licence.adapt-{adapt}"), Term(trade, f"page.licence.trade-{trade}")]
    duties = {"Attribution": "credit", "ShareAlike": "share-alike"}
    return terms + [Term("must", f"page.licence.{word}") for duty, word in duties.items() if duty in licence.requires]
