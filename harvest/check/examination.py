"""An examination under way: it asks, keeps count of what was looked at, and collects what does not hold."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import quote, unquote

from harvest.check import answers, envelope
from harvest.check.answers import SECOND, Header
from harvest.check.exchange import Exchange, Known, Look, Pair, look
from harvest.check.report import EXAMPLES, Example, Finding, Report, Stop, Walk
from harvest.check.rules import RULES
from harvest.fetching import Reply, Unanswered
from metadata import findings, oai_record
from metadata.xml import Schema

_SILENCE = 3  # requests without any answer, one after the other, after which nobody is asked any more
_SURE = 3  # records that are asked for again before a difference is told: they may have changed meanwhile


class Fetch(Protocol):
    """As :meth:`harvest.fetching.Fetcher.fetch`. Raises Unanswered."""

    def __call__(
        self, url: str, *, form: bytes | None = None, headers: Mapping[str, str] | None = None, ill: bool = True
    ) -> Reply: ...


class Stopped(Exception):
    """No more is asked: nobody answers any more, or the time is up."""

    def __init__(self, why: Stop) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Scope:
    """How much is asked for. ``entries`` and ``pages`` are of one list, and 0 is all of them.

    ``formats`` and ``sets`` are how many of them are walked, ``samples`` how many records of a format are asked for
    one by one. ``within`` and ``prefix`` name the only set or format to walk. ``seconds`` is how long it may
    take; 0 is as long as it takes.
    """

    entries: int = 1000
    pages: int = 0
    formats: int = 50
    sets: int = 10
    samples: int = 3
    within: str = ""
    prefix: str = ""
    seconds: float = 0


class Examination:
    """``base`` is where requests go; ``began`` the first responseDate, before which what differs was so already.

    ``tokens`` has a good token of each verb, ``sample`` the identifier of a live record that GetRecord gives.
    """

    def __init__(
        self,
        url: str,
        fetch: Fetch,
        *,
        scope: Scope,
        now: Callable[[], datetime],
        schema: Schema | None = None,
        told: Callable[[int], None] | None = None,
    ) -> None:
        self.base = url
        self.scope = scope
        self.known = Known()
        self.report = Report(url, oai_record.datestamp(now()), schemas=schema is not None)
        self.began = ""
        self.tokens: dict[str, str] = {}
        self.sample = ""
        self.reissued: set[str] = set()
        self.encodings: set[str] = set()
        self.largest = 0
        self._fetch = fetch
        self._now = now
        self._schema = schema
        self._told = told or (lambda _done: None)
        self._until = now() + timedelta(seconds=scope.seconds) if scope.seconds else None
        self._silent = 0
        self._findings: dict[str, Finding] = {}

    # ── Asking ──

    def verb(self, verb: str, **arguments: str) -> Exchange:
        """Ask soundly; ``prefix``, ``within``, ``since``, ``token`` stand for the protocol's names. Empty ones go."""
        names = {"prefix": "metadataPrefix", "within": "set", "since": "from", "token": "resumptionToken"}
        pairs = ((names.get(name, name), value) for name, value in arguments.items() if value)
        return self.ask(("verb", verb), *pairs)

    def ask(self, *pairs: Pair, sound: bool = True, ill: bool = True) -> Exchange:
        """Ask by GET, and hold the answer to what every answer is held to. Raises Stopped."""
        exchange = self.exchange(*pairs, sound=sound, ill=ill)
        if exchange.reply is not None:
            self.judge(exchange)
        return exchange

    def exchange(
        self,
        *pairs: Pair,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        sound: bool = True,
        ill: bool = True,
        quiet: bool = False,
    ) -> Exchange:
        """Ask without a judgement, but for a request that nobody answers (``quiet``: not even that).

        ``ill``: ask again where the server says that it is broken. Raises Stopped.
        """
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
        address = f"{self.base}{'&' if '?' in self.base else '?'}{query}" if query else self.base
        form = query.encode() if method == "POST" else None
        asked = Exchange(method, address, pairs, sound)
        if self._until is not None and self._now() > self._until:
            raise Stopped("out-of-time")
        self.report.requests += 1
        self._told(self.report.requests)
        try:
            reply = self._fetch(self.base if form is not None else address, form=form, headers=headers, ill=ill)
        except Unanswered as error:
            if not quiet:
                self._miss(asked, error)
            return asked
        self._silent = 0
        self.holds("http.answer", True, asked)
        answer, looks = envelope.read(reply)
        return replace(asked, reply=reply, answer=answer, looks=tuple(looks))

    def _miss(self, asked: Exchange, error: Unanswered) -> None:
        self.holds("http.answer", False, asked, error.code, **error.params)
        self._silent += 1
        if self._silent >= _SILENCE:
            raise Stopped("silent") from error

    def judge(self, exchange: Exchange) -> None:
        """Hold an answer to what every answer is held to."""
        reply, now = exchange.reply, self._now()
        assert reply is not None
        self.encodings.add(reply.encoding)
        self.largest = max(self.largest, len(reply.content))
        self.note(exchange, envelope.transport(reply, now=now))
        self.note(exchange, exchange.looks)
        if exchange.answer is not None:
            self.note(exchange, envelope.document(exchange, self.known, now=now))
            if self._schema is not None:
                self.note(exchange, envelope.validity(exchange.answer, self._schema))
            self.began = self.began or self._beginning(exchange.answer.date)

    def _beginning(self, date: str) -> str:
        """The endpoint's own time where it can be read, else ours, early enough for clocks that differ."""
        is_date = answers.granularity(date) == SECOND
        return date if is_date else oai_record.datestamp(self._now() - timedelta(hours=1))

    # ── Finding ──

    def holds(self, rule: str, ok: bool, exchange: Exchange, seen: str = "", **params: object) -> bool:
        """Note one look at a rule, and say whether it holds."""
        self.note(exchange, [look(rule, ok, seen, **params)])
        return ok

    def note(self, exchange: Exchange, looks: Iterable[Look]) -> None:
        for one in looks:
            self.report.examined[one.rule] = self.report.examined.get(one.rule, 0) + 1
            if not one.ok:
                params = {
                    name: findings.shown(value) if isinstance(value, str) else value
                    for name, value in one.params.items()
                }
                self._add(one.rule, Example(exchange.method, findings.shown(exchange.request, 2000), one.seen, params))

    def _add(self, rule: str, example: Example) -> None:
        table = RULES[rule]
        finding = self._findings.setdefault(rule, Finding(rule, table.severity, table.section))
        finding.count += 1
        if len(finding.examples) < EXAMPLES and _kind(example) not in map(_kind, finding.examples):
            finding.examples.append(example)

    def walked(self, walk: Walk) -> None:
        self.report.walks.append(walk)
        self.report.records += walk.entries if walk.verb == "ListRecords" else 0

    def done(self) -> Report:
        """The report, findings in the order of the rules."""
        self.report.findings = [self._findings[rule] for rule in RULES if rule in self._findings]
        return self.report

    # ── What may have changed while we looked ──

    def is_old(self, header: Header) -> bool:
        """Whether it bears a datestamp of before we began: only then a difference is a fault, and no change."""
        last, began = answers.last_moment(header.datestamp), answers.moment(self.began)
        return last is not None and began is not None and last < began

    def one_unchanged(self, headers: Iterable[Header], prefix: str) -> Header | None:
        """One of the headers whose record has not moved meanwhile, as GetRecord shows it; None where all may have."""
        old = (header for header in headers if self.is_old(header))
        for _, header in zip(range(_SURE), old, strict=False):
            exchange = self.verb("GetRecord", identifier=header.identifier, prefix=prefix)
            found = exchange.answer.headers("GetRecord") if exchange.answer else []
            if [(one.datestamp, one.deleted) for one in found] == [(header.datestamp, header.deleted)]:
                return header
        return None


def _kind(example: Example) -> tuple[object, ...]:
    """What makes an example another one: the same mistake in another line is none."""
    return example.seen, {name: value for name, value in example.params.items() if name != "line"}


def base_of(url: str) -> str:
    """The base URL in an address, which may have been copied with a request or a fragment at its end."""
    address = url.strip().partition("#")[0]
    base, _, query = address.partition("?")
    return base if not query or "verb=" in unquote(query) else address
