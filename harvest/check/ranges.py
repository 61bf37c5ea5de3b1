"""Selective harvesting by date: both bounds, both granularities, over days and seconds that records are known of.

Source: OAI-PMH 2.0, sections 2.7.1 (selective harvesting and datestamps), 3.3.1 (dates in requests).
"""

from collections.abc import Iterator

from harvest.check import answers, lists
from harvest.check.answers import DAY, SECOND, Header
from harvest.check.examination import Examination
from harvest.check.paging import Walking
from harvest.check.report import Walk


def windows(ex: Examination, prefix: str, full: Walking) -> None:
    """Ask for windows around a datestamp from the middle of a list, and look for its records there. Raises Stopped."""
    stamps = sorted(header.datestamp for header in full.headers.values() if answers.granularity(header.datestamp))
    if not stamps:
        return
    pivot = stamps[len(stamps) // 2]
    for since, until in _bounds(pivot, ex.known.granularity):
        given = since or until
        rule = "range.day" if answers.granularity(given) == DAY else "range.seconds"
        verb = "ListRecords" if since == until else "ListIdentifiers"
        there = lists.walk(ex, Walk(verb, prefix, ex.scope.within, since, until), refused=rule)
        due = [header for header in full.headers.values() if _is_due(ex, header) and _is_between(header, since, until)]
        lists.hold_all(ex, due, there, "range.left-out")
    if ex.known.granularity == DAY:
        finer = f"{pivot[:10]}T00:00:00Z"
        exchange = ex.ask(("verb", "ListIdentifiers"), ("metadataPrefix", prefix), ("from", finer), sound=False)
        if exchange.answer is not None:
            codes = ", ".join(exchange.errors)
            ok = "badArgument" in exchange.errors
            ex.holds("range.finer", ok, exchange, "oai.seen.error" if codes else "oai.seen.no-error", codes=codes)


def _bounds(pivot: str, granularity: str) -> Iterator[tuple[str, str]]:
    """From and until: one day, that day to the end, the beginning to that day; then the same with seconds."""
    day = pivot[:10]
    forms = [day, pivot] if granularity == SECOND and answers.granularity(pivot) == SECOND else [day]
    for bound in forms:
        yield bound, bound
        yield bound, ""
        yield "", bound


def _is_due(ex: Examination, header: Header) -> bool:
    """Deleted records have to be in lists where the endpoint promises to keep them."""
    return not header.deleted or ex.known.deleted_record == "persistent"


def _is_between(header: Header, since: str, until: str) -> bool:
    first, last = answers.moment(header.datestamp), answers.last_moment(header.datestamp)
    lower, upper = answers.moment(since), answers.last_moment(until)
    if first is None or last is None:
        return False
    return (lower is None or first >= lower) and (upper is None or last <= upper)
