"""One field of a MARC 21 record, and what every part of the crosswalk has in hand."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from metadata import vocabularies
from metadata.crosswalks import view
from metadata.crosswalks.described import Described
from metadata.crosswalks.marc21_words import WORDS
from metadata.record import Agent, Record, Text

_BLANKS = re.compile("[ \t\r\n]{2,}|[\t\r\n]")


class Field(NamedTuple):
    """A variable data field: tag, both indicators as one string, subfields in order."""

    tag: str
    indicators: str
    subfields: tuple[tuple[str, str], ...]


def field(tag: str, indicators: str, *subfields: tuple[str, str | None]) -> Field:
    """The field with those subfields that say something, each on one line."""
    said = [(code, _BLANKS.sub(" ", value).strip(" ")) for code, value in subfields if value]
    return Field(tag, indicators, tuple([one for one in said if one[1]]))


@dataclass(frozen=True, slots=True)
class Cataloguing:
    """What is described, and the language of cataloguing (040 $b): that of the title, or English for all but three."""

    described: Described
    title: Text | None
    language: str

    @property
    def record(self) -> Record:
        return self.described.record

    @property
    def creators(self) -> list[Agent]:
        """Those who are named; the first is the main entry."""
        return [agent for agent in self.record.creators if agent.name.strip()]

    @property
    def agency(self) -> str:
        """The institution; without one the domain of the OAI identifier."""
        parts = self.described.identifier.split(":")
        return view.institution(self.described, self.language) or parts[min(1, len(parts) - 1)]

    def word(self, key: str, *values: str) -> str:
        """A phrase of the cataloguer."""
        return WORDS[self.language][key].format(*values)

    def label(self, scheme: str, uri: str) -> str:
        return vocabularies.label(scheme, uri, self.language)

    def labels(self, scheme: str, uris: Iterable[str]) -> str:
        return "; ".join(self.label(scheme, uri) for uri in uris)

    def said(self, texts: list[Text]) -> str:
        return view.said(texts, self.language)


def cataloguing(described: Described) -> Cataloguing:
    title = main_title(described.record)
    spoken = title.lang if title and title.lang != "und" else next(iter(described.record.languages), "")
    language = view.primary(spoken)
    return Cataloguing(described, title, language if language in vocabularies.LANGUAGES else "en")


def main_title(record: Record) -> Text | None:
    """The title in a language of the content, else the first."""
    titles = [title for title in record.title if title.value]
    spoken = [view.primary(tag) for tag in record.languages]
    return next((title for title in titles if view.primary(title.lang) in spoken), titles[0] if titles else None)
