"""What an examination of an endpoint has shown: plain data, for a terminal, a page or a job to put into words.

``dataclasses.asdict(report)`` is JSON as it stands. ``seen`` and rules are codes; their words are in ``api/locale``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harvest.check.rules import RULES, Severity

EXAMPLES = 3
"""Of each rule so many different breaches are shown; the rest is counted."""

Stop = Literal["", "unreachable", "not-oai-pmh", "silent", "out-of-time"]


@dataclass(frozen=True, slots=True)
class Example:
    """One request and what was seen in its answer; a POST is written like the GET with the same arguments."""

    method: str
    request: str
    seen: str
    params: Mapping[str, object]


@dataclass(slots=True)
class Finding:
    """A rule that does not hold: how often it was seen broken, and the first few different breaches."""

    rule: str
    severity: Severity
    section: str
    count: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass(slots=True)
class Walk:
    """A list that was walked, with the arguments as given: ``complete`` to its end, or broken off by limit or fault.

    ``changing``: some of its entries bear a datestamp of after the beginning, so that it need not agree with others.
    ``errors`` are the protocol's codes where a page was refused.
    """

    verb: str
    prefix: str = ""
    within: str = ""
    since: str = ""
    until: str = ""
    pages: int = 0
    entries: int = 0
    deleted: int = 0
    complete: bool = False
    changing: bool = False
    errors: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """``started`` is UTC, ``stopped`` why it ended early; ``examined`` counts how often each rule was looked at."""

    url: str
    started: str
    repository: str = ""
    granularity: str = ""
    deleted_record: str = ""
    formats: list[str] = field(default_factory=list)
    sets: int = 0
    requests: int = 0
    records: int = 0
    stopped: Stop = ""
    reason: Example | None = None
    schemas: bool = False
    walks: list[Walk] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    examined: dict[str, int] = field(default_factory=dict)

    @property
    def breaks(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "breaks"]

    @property
    def warns(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "warns"]

    @property
    def unexamined(self) -> list[str]:
        """Rules that nothing in the endpoint gave a chance to look at: no second page, no deleted record and so on."""
        return [rule for rule in RULES if rule not in self.examined]


def loaded(plain: Mapping[str, Any]) -> Report:
    """The report of which ``dataclasses.asdict`` was kept as JSON."""
    walks = [Walk(**walk) for walk in plain["walks"]]
    findings = [
        Finding(**{**finding, "examples": [Example(**example) for example in finding["examples"]]})
        for finding in plain["findings"]
    ]
    reason = Example(**plain["reason"]) if plain["reason"] else None
    return Report(**{**plain, "walks": walks, "findings": findings, "reason": reason})
