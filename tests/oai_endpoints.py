"""OAI-PMH endpoints to be examined: our own provider, sound, or with one thing spoiled in its answers."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from factories import Watch, institution, opened, published
from oai_partner import Partner

from harvest import check, protocol, provider
from harvest.check import Report, Scope
from harvest.fetching import Reply
from metadata.crosswalks import FORMATS, Format
from metadata.xml import Schema
from oer.db import transaction

HEADERS = {"content-type": "text/xml; charset=utf-8"}
LISTS = ("ListRecords", "ListIdentifiers")


@dataclass(frozen=True)
class Asked:
    """One request as it came: arguments in their order, and as a mapping."""

    method: str
    pairs: tuple[tuple[bytes, bytes], ...]
    headers: Mapping[str, str]

    @property
    def given(self) -> dict[str, str]:
        return {name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, value in self.pairs}

    @property
    def verb(self) -> str:
        return self.given.get("verb", "")

    def has(self, *names: str) -> bool:
        return all(name in self.given for name in names)

    def says(self, name: str, beginning: str) -> bool:
        return self.given.get(name, "\0").startswith(beginning)

    @property
    def is_page(self) -> bool:
        """A page of records behind a token, asked for rightly."""
        return self.verb in LISTS and self.has("resumptionToken") and len(self.pairs) == 2

    def but(self, **changes: str | None) -> "Asked":
        """The same with other arguments; None takes one away."""
        kept = [(name, value) for name, value in self.pairs if name.decode("utf-8", "replace") not in changes]
        added = [(name.encode(), value.encode()) for name, value in changes.items() if value is not None]
        return replace(self, pairs=(*kept, *added))


Answering = Callable[[Asked], Reply]
Spoil = Callable[[Asked, Answering], Reply]


@dataclass
class Endpoint:
    """Our provider, which answers a request in the same way each time: the clock stands still, so answers are kept."""

    partner: Partner
    kept: dict[tuple[tuple[bytes, bytes], ...], bytes] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Reply:
        if asked.pairs not in self.kept:
            self.kept[asked.pairs] = self.partner.raw(*asked.pairs)
        return Reply(self.url, 200, HEADERS, self.kept[asked.pairs])

    @property
    def url(self) -> str:
        return self.partner.repository.endpoint

    @property
    def watch(self) -> Watch:
        return self.partner.watch

    def check(self, *spoils: Spoil, scope: Scope | None = None, schema: Schema | None = None) -> Report:
        """Examine it, each spoil around what is within it."""
        answering: Answering = self.answer
        for spoil in spoils:
            answering = _around(spoil, answering)

        def fetch(
            url: str, *, form: bytes | None = None, headers: Mapping[str, str] | None = None, ill: bool = True
        ) -> Reply:
            query = urlsplit(url).query.encode() if form is None else form
            pairs = tuple(protocol.form_pairs(query))
            found = answering(Asked("GET" if form is None else "POST", pairs, headers or {}))
            return replace(found, url=url if found.url == self.url else found.url)

        return check.check(self.url, fetch, scope=scope or Scope(), now=self.watch, schema=schema)


@contextmanager
def kept(folder: Path, *, formats: Mapping[str, Format] = FORMATS) -> Iterator[Endpoint]:
    """Eight records over three days in two sets of one, two of them withdrawn, in pages of three."""
    watch = Watch()
    with pytest.MonkeyPatch.context() as patch, opened(folder, now=watch, oai_page_size=3) as home:
        patch.setattr(provider, "FORMATS", formats)
        partner = Partner(home, watch, provider.repository_of(home), checked=lambda _: pytest.fail("not asked for"))
        with transaction(home.engine) as session:
            top = institution(session, "top")
            institution(session, "left", parent=top)
            institution(session, "right", parent=top)
        made = []
        for number in range(8):
            made.append(published(home, at="left" if number % 2 else "right", files={"a.txt": b"%d" % number}))
            watch.forward(hours=9, seconds=7)
        for number in (2, 5):
            partner.withdraw(made[number])
            watch.forward(hours=9, seconds=7)
        watch.forward(days=2)
        yield Endpoint(partner)


def _around(spoil: Spoil, inner: Answering) -> Answering:
    return lambda asked: spoil(asked, inner)


# ── What spoils do ───────────────────────────────────────────────────────────────────────────────


def text(reply: Reply) -> str:
    return reply.content.decode()


def with_text(reply: Reply, content: str) -> Reply:
    return replace(reply, content=content.encode())


def edited(pattern: str, replacement: str | Callable[[re.Match[str]], str], *, verb: str = "", count: int = 0) -> Spoil:
    """A regular expression replaced in every answer, or in those to one verb."""

    def spoil(asked: Asked, inner: Answering) -> Reply:
        found = inner(asked)
        if verb and asked.verb != verb:
            return found
        return with_text(found, re.sub(pattern, replacement, text(found), count=count, flags=re.DOTALL))

    return spoil


def body(reply: Reply, content: str) -> Reply:
    """The same document with other content behind ``request``."""
    return with_text(reply, re.sub(r"(</request>).*(</OAI-PMH>)", rf"\1{content}\2", text(reply), flags=re.DOTALL))


def error(code: str) -> Spoil:
    """This error instead of any answer, with the arguments echoed where that is right."""

    def spoil(asked: Asked, inner: Answering) -> Reply:
        found = body(inner(asked), f'<error code="{code}">no</error>')
        is_silent = code in ("badVerb", "badArgument")
        return with_text(found, re.sub(r"<request [^>]*>", "<request>", text(found))) if is_silent else found

    return spoil


def other(**changes: str | None) -> Spoil:
    """The answer to a request with other arguments; it echoes those."""
    return lambda asked, inner: inner(asked.but(**changes))


def where(test: Callable[[Asked], bool], then: Spoil, *, found: bool = False) -> Spoil:
    """Spoils the requests that the test picks; with ``found`` only where records would be in the answer."""

    def spoil(asked: Asked, inner: Answering) -> Reply:
        is_picked = test(asked) and (not found or "<header" in text(inner(asked)))
        return then(asked, inner) if is_picked else inner(asked)

    return spoil


def token_of(reply: Reply) -> str | None:
    found = re.search("<resumptionToken[^>]*>([^<]+)<", text(reply))
    return found[1] if found else None


def by_days(asked: Asked, inner: Answering) -> Reply:
    """A sound endpoint whose finest granularity is the day."""
    if any("T" in asked.given.get(name, "") for name in ("from", "until")):
        return inner(Asked(asked.method, ((b"verb", b"ListRecords"),), {}))
    content = text(inner(asked)).replace("YYYY-MM-DDThh:mm:ssZ", "YYYY-MM-DD")
    pattern = r"(<(?:datestamp|earliestDatestamp)>[0-9-]{10})T[0-9:]{8}Z"
    return with_text(inner(asked), re.sub(pattern, r"\1", content))


def without_sets(asked: Asked, inner: Answering) -> Reply:
    """A sound endpoint that has no sets."""
    if asked.verb == "ListSets" and len(asked.pairs) == 1:
        return body(inner(asked), '<error code="noSetHierarchy"/>')
    found = inner(asked)
    if asked.has("set") and "badArgument" not in text(found) and "badVerb" not in text(found):
        return body(found, '<error code="noSetHierarchy"/>')
    return with_text(found, re.sub(r"<setSpec>[^<]*</setSpec>", "", text(found)))


def rules(report: Report) -> set[str]:
    return {finding.rule for finding in report.findings}


def told(report: Report) -> Any:
    """The findings for people who read a failing test."""
    return [(finding.rule, finding.count, finding.examples) for finding in report.findings]
