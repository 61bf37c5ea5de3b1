"""The examination of an OAI-PMH endpoint, ours or anybody's: what it does against the protocol, rule by rule."""

from collections.abc import Callable
from datetime import datetime

from harvest.check import describing, lists, ranges, refusals, transport
from harvest.check.examination import Examination, Fetch, Scope, Stopped, base_of
from harvest.check.report import Report, Stop
from metadata.xml import Schema

__all__ = ["QUICK", "Fetch", "Report", "Scope", "check"]

QUICK = Scope(entries=0, pages=2, formats=1, sets=1, samples=1)
"""Two pages of each list, one format, one set, one record: enough to see most of what goes wrong."""


def check(
    url: str,
    fetch: Fetch,
    *,
    scope: Scope,
    now: Callable[[], datetime],
    schema: Schema | None = None,
    told: Callable[[int], None] | None = None,
) -> Report:
    """Walk the lists of an endpoint and tell what does not hold. Never raises on what a server answers.

    ``url`` is its base URL, or any request to it. ``schema`` adds validity by XML Schema. ``told`` is called with the
    number of requests made. Asks one question at a time; takes no more of a list than the scope says.
    """
    ex = Examination(base_of(url), fetch, scope=scope, now=now, schema=schema, told=told)
    try:
        ex.report.stopped = _examine(ex)
    except Stopped as stopped:
        ex.report.stopped = stopped.why
    return ex.done()


def _examine(ex: Examination) -> Stop:
    first = describing.identify(ex)
    if first.reply is None:
        ex.report.reason = ex.done().findings[0].examples[0]
        return "unreachable"
    second = describing.formats(ex)
    if first.answer is None and second.answer is None:
        return "not-oai-pmh"
    specs = describing.sets(ex)
    main, *others = _prefixes(ex)
    full = lists.of_format(ex, main)
    for prefix in others:
        lists.of_format(ex, prefix)
    if not ex.scope.within:
        lists.of_sets(ex, specs, main, full)
    ranges.windows(ex, main, full)
    is_there = full.walk.complete or full.walk.pages > 0
    good = main if is_there else _listed(ex)[0]  # a wrong question is to be wrong in one way only
    refusals.ask_all(ex, good)
    transport.doors(ex, good)
    return ""


def _prefixes(ex: Examination) -> list[str]:
    """The formats to walk."""
    return [ex.scope.prefix] if ex.scope.prefix else _listed(ex)[: ex.scope.formats or None]


def _listed(ex: Examination) -> list[str]:
    """The formats of the endpoint, ``oai_dc`` before all others; it alone where none are told."""
    return sorted(ex.known.formats, key=lambda prefix: prefix != "oai_dc") or ["oai_dc"]
