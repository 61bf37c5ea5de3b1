"""What an OAI-PMH endpoint is held to, as data: stable codes, where each comes from, and how bad a breach is.

``breaks`` is what the specification says with "must", and whatever makes a harvester miss or refuse something.
``warns`` is a "should", a guideline, or what is allowed and still trips harvesters up.
Sections are those of OAI-PMH 2.0 (document version 2015-01-08). Words: ``api/locale``, ``oai.rule.…``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["breaks", "warns"]


@dataclass(frozen=True, slots=True)
class Rule:
    section: str
    severity: Severity


def _table(severity: Severity, rules: Mapping[str, str]) -> dict[str, Rule]:
    return {code: Rule(section, severity) for code, section in rules.items()}


RULES: Mapping[str, Rule] = {
    **_table(
        "breaks",
        {
            # Any answer
            "http.answer": "3.1",
            "http.status": "3.1.2",
            "http.content-type": "3.1.2",
            "http.identity": "3.1.3",
            "http.post": "3.1.1",
            "xml.malformed": "3.2",
            "xml.encoding": "3.2",
            "xml.root": "3.2",
            "xml.schema-location": "3.2",
            "xml.body": "3.2",
            "xml.valid": "3.2.1",
            "response.date": "3.3.2",
            "request.base-url": "3.2",
            "request.echo": "3.2",
            "request.echo-on-error": "3.2",
            "error.code": "3.6",
            # Identify, formats, sets
            "identify.complete": "4.2",
            "identify.version": "4.2",
            "identify.email": "3.2.1",
            "identify.deleted-record": "4.2",
            "identify.granularity": "4.2",
            "identify.earliest": "4.2",
            "identify.earliest-limit": "4.2",
            "formats.complete": "3.4",
            "formats.prefix": "3.4",
            "formats.repeated": "3.4",
            "formats.oai-dc": "3.4",
            "formats.of-record": "4.4",
            "sets.complete": "2.6",
            "sets.spec": "2.6",
            "sets.repeated": "2.6",
            "sets.undeclared": "2.6",
            "sets.membership": "2.6",
            "sets.left-out": "2.7.2",
            # Lists
            "list.refused": "4.5",
            "list.empty": "3.6",
            "list.repeated": "3.5",
            "list.differs": "4.3",
            "token.final": "3.5",
            "token.reissued": "3.5.1",
            "token.refused": "3.5",
            "token.stuck": "3.5",
            "token.cursor": "3.5",
            "token.expiry": "3.3.2",
            # Headers and records
            "header.complete": "2.5",
            "header.identifier": "2.4",
            "header.datestamp": "3.3.2",
            "header.status": "2.5",
            "record.metadata": "2.5",
            "record.deleted": "2.5.1",
            "record.undeclared": "2.5.1",
            "record.namespace": "3.4",
            "record.schema-location": "3.4",
            "get.refused": "4.1",
            "get.differs": "2.5",
            # Selective harvesting
            "range.day": "2.7.1",
            "range.seconds": "3.3.1",
            "range.finer": "3.3.1",
            "range.bounds": "2.7.1",
            "range.left-out": "2.7.1",
            # What has to be refused
            "error.verb-missing": "3.6",
            "error.verb-unknown": "3.6",
            "error.verb-repeated": "3.6",
            "error.argument-unknown": "3.6",
            "error.argument-repeated": "3.6",
            "error.argument-missing": "3.6",
            "error.date-impossible": "3.3.1",
            "error.date-form": "3.3.1",
            "error.range-reversed": "2.7.1",
            "error.range-mixed": "3.3.1",
            "error.range-empty": "3.6",
            "error.set-unknown": "3.6",
            "error.token-exclusive": "4.5",
            "error.token-bad": "3.6",
            "error.token-empty": "3.6",
            "error.token-foreign": "3.5",
            "error.identifier-unknown": "3.6",
            "error.identifier-malformed": "3.6",
            "error.format-unknown": "3.6",
            "error.characters": "3.6",
        },
    ),
    **_table(
        "warns",
        {
            "http.retry-after": "3.1.2",
            "http.again": "3.1.2",
            "http.moved": "3.1.1",
            "http.compression-undeclared": "3.1.3",
            "http.compression-unkept": "3.1.3",
            "xml.declaration": "3.2",
            "xml.schema-missing": "3.4",
            "response.clock": "3.2",
            "request.host": "3.2",
            "identify.base-url": "4.2",
            "identify.compression": "4.2",
            "identify.oai-identifier": "2.4",
            "formats.reserved": "3.4",
            "sets.parent": "2.6",
            "token.needless": "3.5",
            "token.size": "3.5",
            "header.future": "2.7.1",
            "error.set-unsupported": "3.6",
            "error.token-and-more": "3.6",
        },
    ),
}

ERRORS = frozenset(
    {
        "badArgument",
        "badResumptionToken",
        "badVerb",
        "cannotDisseminateFormat",
        "idDoesNotExist",
        "noRecordsMatch",
        "noMetadataFormats",
        "noSetHierarchy",
    }
)
"""The error codes of section 3.6."""
