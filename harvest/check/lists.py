"""Lists of records: walked page by page, compared with each other, and with their records one by one.

Source: OAI-PMH 2.0, sections 2.7 (selective harvesting), 4.1 (GetRecord), 4.3 (ListIdentifiers), 4.5 (ListRecords).
"""

from collections.abc import Iterable, Sequence

from harvest.check import paging, records
from harvest.check.answers import Answer, Header
from harvest.check.examination import Examination
from harvest.check.exchange import Exchange, said
from harvest.check.paging import Walking
from harvest.check.report import Walk

LISTS = ("ListRecords", "ListIdentifiers")


def walk(ex: Examination, asked: Walk, *, refused: str = "list.refused") -> Walking:
    """Walk a list, holding every entry to what entries are held to. Raises Stopped."""
    on = Walking(asked, refused)
    for exchange, answer in paging.pages(ex, on):
        _entries(ex, exchange, answer, on)
    ex.walked(asked)
    return on


def _entries(ex: Examination, exchange: Exchange, answer: Answer, on: Walking) -> None:
    for header in answer.headers(on.verb):
        is_old = ex.is_old(header)
        ex.note(exchange, records.header(header, answer, ex.known, on.walk, is_old=is_old))
        before = on.headers.get(header.identifier)
        # A record that has changed meanwhile may come again, in the same second too.
        is_again = is_old and before is not None and before.whole and before.datestamp == header.datestamp
        ex.holds("list.repeated", not is_again, exchange, "oai.seen.identifier", identifier=header.identifier)
        on.headers[header.identifier] = header
        on.walk.deleted += header.deleted
        on.walk.changing = on.walk.changing or not is_old
    for record in answer.records(on.verb):
        ex.note(exchange, records.record(record, ex.known, on.walk.prefix))


def hold_all(ex: Examination, due: Iterable[Header], there: Walking, rule: str) -> None:
    """Hold a list that was seen to its end to have all of these headers. Raises Stopped."""
    if not there.walk.complete or there.last is None:
        return
    missing = [header for header in due if header.whole and header.identifier not in there.headers]
    lost = ex.one_unchanged(missing, there.walk.prefix)
    params = {"number": len(missing), "identifier": lost.identifier if lost else ""}
    ex.holds(rule, lost is None, there.last, "oai.seen.left-out", **params)


def of_format(ex: Examination, prefix: str) -> Walking:
    """Both lists of a format, against each other and against single records; that of the records. Raises Stopped."""
    full, headers = (walk(ex, Walk(verb, prefix, ex.scope.within)) for verb in LISTS)
    if full.walk.complete and headers.walk.complete:
        hold_all(ex, full.headers.values(), headers, "list.differs")
        hold_all(ex, headers.headers.values(), full, "list.differs")
    for header in _samples(ex, full.headers):
        _get(ex, header, prefix)
    return full


def _samples(ex: Examination, headers: dict[str, Header]) -> list[Header]:
    """Some live records and some deleted ones, spread over the list; a list of one set shows others as deleted."""
    live = [header for header in headers.values() if header.whole and not header.deleted]
    deleted = [header for header in headers.values() if header.whole and header.deleted]
    return _spread(live, ex.scope.samples) + ([] if ex.scope.within else _spread(deleted, ex.scope.samples))


def _spread(headers: Sequence[Header], number: int) -> list[Header]:
    """First, last, and what lies evenly between them."""
    if len(headers) <= number or number < 2:
        return list(headers[:number])
    return [headers[step * (len(headers) - 1) // (number - 1)] for step in range(number)]


def _get(ex: Examination, listed: Header, prefix: str) -> None:
    exchange = ex.verb("GetRecord", identifier=listed.identifier, prefix=prefix)
    answer = exchange.answer
    if answer is None:
        return
    found = answer.records("GetRecord")
    is_given = len(found) == 1 and not answer.errors
    codes = ", ".join(answer.errors)
    ex.holds("get.refused", is_given, exchange, "oai.seen.error" if codes else "oai.seen.empty", codes=codes)
    if not is_given:
        return
    [record] = found
    is_old = ex.is_old(record.header)
    asked = Walk("GetRecord", prefix)
    ex.note(exchange, records.header(record.header, answer, ex.known, asked, is_old=is_old))
    ex.note(exchange, records.record(record, ex.known, prefix))
    if is_old:
        same = _compared(record.header) == _compared(listed)
        ex.note(exchange, [said("get.differs", same, "header", _written(record.header), _written(listed))])
    if not record.header.deleted:
        ex.sample = ex.sample or listed.identifier
        _formats_of(ex, listed.identifier, prefix)


def _compared(header: Header) -> tuple[object, ...]:
    return header.identifier, header.datestamp, header.deleted, frozenset(header.sets)


def _written(header: Header) -> str:
    return " ".join(filter(None, (header.identifier, header.datestamp, header.status, *header.sets)))


def _formats_of(ex: Examination, identifier: str, prefix: str) -> None:
    exchange = ex.verb("ListMetadataFormats", identifier=identifier)
    if exchange.answer is None:
        return
    named = [one.prefix for one in exchange.answer.formats()]
    ok = prefix in named and (not ex.known.formats or ex.known.formats.keys() >= set(named))
    shown = ", ".join(exchange.errors or named)
    ex.note(exchange, [said("formats.of-record", ok, "ListMetadataFormats", shown)])


# ── Sets ─────────────────────────────────────────────────────────────────────────────────────────


def of_sets(ex: Examination, specs: Sequence[str], prefix: str, full: Walking) -> None:
    """Both lists of some sets, those first that some record is in. Raises Stopped."""
    used = {spec for header in full.headers.values() for spec in header.sets}
    ranked = sorted(specs, key=lambda spec: spec not in used)
    for spec in ranked[: ex.scope.sets]:
        due = [header for header in full.headers.values() if not header.deleted and records.is_within(header, spec)]
        for verb in LISTS:
            there = walk(ex, Walk(verb, prefix, spec))
            if due:
                hold_all(ex, due, there, "sets.left-out")
