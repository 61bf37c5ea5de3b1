"""Lists in pages: one walk from the first page to the last, and all that tokens are held to on the way.

Source: OAI-PMH 2.0, sections 3.5 (flow control) and 3.5.1 (idempotency of resumptionTokens).
"""

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harvest.check import answers
from harvest.check.answers import SECOND, Answer, Header, Token
from harvest.check.examination import Examination
from harvest.check.exchange import Exchange, Looks, look, said
from harvest.check.report import Walk

_NUMBER = re.compile(r"[0-9]{1,15}")
_NOTHING = {"noRecordsMatch", "noSetHierarchy"}  # errors that mean an empty list, and no fault


@dataclass(slots=True)
class Walking:
    """A walk with what was met on it: headers by identifier, the latest of each; ``last`` is the answer that ended it.

    ``refused`` is the rule that is broken where the list is not given at all.
    """

    walk: Walk
    refused: str = "list.refused"
    headers: dict[str, Header] = field(default_factory=dict)
    last: Exchange | None = None

    @property
    def verb(self) -> str:
        return self.walk.verb

    def keys(self, answer: Answer) -> Sequence[Hashable]:
        """What tells the entries of a page apart."""
        if self.verb == "ListSets":
            return [one.spec for one in answer.sets()]
        return [header.identifier for header in answer.headers(self.verb)]


def pages(ex: Examination, on: Walking) -> Iterator[tuple[Exchange, Answer]]:
    """Each page of a list that could be read, first to last; ``on`` is filled on the way.

    A walk ends early at a limit of the scope, at a fault, and where it brings nothing new. Raises Stopped.
    """
    walk = on.walk
    asked = {"prefix": walk.prefix, "within": walk.within, "since": walk.since, "until": walk.until}
    sizes: list[tuple[Exchange, str]] = []
    known: set[Hashable] = set()
    tokens: set[str] = set()
    while True:
        exchange = on.last = ex.verb(walk.verb, **asked)
        answer = exchange.answer
        if answer is None:
            return
        if answer.errors:
            _refuse(ex, on, exchange)
            return
        found = on.keys(answer)
        ex.holds("token.refused" if walk.pages else on.refused, True, exchange)
        ex.holds("list.empty", bool(found), exchange, "oai.seen.empty")
        token = answer.token(walk.verb)
        ex.note(exchange, _token(token, answer, walk))
        if token is not None and token.size is not None:
            sizes.append((exchange, token.size))
        token = _reissued(ex, on, asked, answer) or token
        walk.entries += len(found)
        yield exchange, answer
        walk.pages += 1
        if token is None or not token.value:
            walk.complete = True
            _size(ex, walk, sizes)
            return
        ex.tokens.setdefault(walk.verb, token.value)
        is_going_on = token.value not in tokens and not known.issuperset(found)
        ok = ex.holds("token.stuck", is_going_on, exchange, "oai.seen.stuck", number=walk.pages)
        if not ok or _has_enough(ex, walk):
            return
        known.update(found)
        tokens.add(token.value)
        asked = {"token": token.value}


def _refuse(ex: Examination, on: Walking, exchange: Exchange) -> None:
    walk = on.walk
    walk.errors = exchange.errors
    is_nothing = not walk.pages and set(walk.errors) <= _NOTHING
    walk.complete = is_nothing
    rule = "token.refused" if walk.pages else on.refused
    ex.holds(rule, is_nothing, exchange, "oai.seen.error", codes=", ".join(walk.errors))


def _has_enough(ex: Examination, walk: Walk) -> bool:
    entries, most = ex.scope.entries, ex.scope.pages
    return bool(entries and walk.entries >= entries) or bool(most and walk.pages >= most)


def _token(token: Token | None, answer: Answer, walk: Walk) -> Looks:
    """Looks at how a page ends; ``walk`` is as it was before this page."""
    if walk.pages:
        yield look("token.final", token is not None, "oai.seen.no-token", number=walk.pages + 1)
    elif token is None or not token.value:
        yield look("token.needless", token is None, "oai.seen.needless")
    if token is None:
        return
    if token.cursor is not None:
        is_right = bool(_NUMBER.fullmatch(token.cursor)) and int(token.cursor) == walk.entries
        yield look("token.cursor", is_right, "oai.seen.cursor", value=token.cursor, number=walk.entries)
    if token.size is not None:
        yield said("token.size", bool(_NUMBER.fullmatch(token.size)), "completeListSize", token.size)
    if token.expires is not None:
        ends, date = answers.moment(token.expires), answers.moment(answer.date)
        is_ahead = ends is not None and (date is None or ends >= date)
        ok = answers.granularity(token.expires) == SECOND and is_ahead
        yield said("token.expiry", ok, "expirationDate", token.expires)


def _reissued(ex: Examination, on: Walking, asked: Mapping[str, str], answer: Answer) -> Token | None:
    """Ask with the same token again, once for each verb; the token of that answer, which is then the newest."""
    if "token" not in asked or on.verb in ex.reissued:
        return None
    ex.reissued.add(on.verb)
    exchange = ex.verb(on.verb, **asked)
    again = exchange.answer
    if again is None:
        return None
    if again.errors:
        ex.holds("token.reissued", False, exchange, "oai.seen.error", codes=", ".join(again.errors))
        return None
    there = set(on.keys(again))
    if on.verb == "ListSets":
        lost = next((str(key) for key in on.keys(answer) if key not in there), "")
    else:
        gone = (header for header in answer.headers(on.verb) if header.identifier not in there)
        found = ex.one_unchanged(gone, on.walk.prefix)
        lost = found.identifier if found else ""
    ex.holds("token.reissued", not lost, exchange, "oai.seen.lost", identifier=lost)
    return again.token(on.verb)


def _size(ex: Examination, walk: Walk, sizes: list[tuple[Exchange, str]]) -> None:
    """completeListSize may be an estimate, but of a list that nobody changes there is no reason for a wrong number."""
    if walk.changing:
        return
    for exchange, size in sizes:
        is_right = not _NUMBER.fullmatch(size) or int(size) == walk.entries
        ex.holds("token.size", is_right, exchange, "oai.seen.size", value=size, number=walk.entries)
