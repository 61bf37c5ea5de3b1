"""What an endpoint says of itself: Identify, its formats and its sets.

Source: OAI-PMH 2.0, sections 2.6 (sets), 3.4 (formats), 4.2 (Identify), 4.4 (ListMetadataFormats), 4.6 (ListSets).
"""

import re
from collections import Counter
from collections.abc import Iterable

from harvest.check import answers, paging
from harvest.check.answers import DAY, SECOND, Answer, MetadataFormat, SetListed
from harvest.check.examination import Examination
from harvest.check.exchange import Exchange, Looks, look, said
from harvest.check.paging import Walking
from harvest.check.report import Walk
from metadata.findings import shown
from metadata.xml import NAMESPACES

_ONCE = ("repositoryName", "baseURL", "protocolVersion", "earliestDatestamp", "deletedRecord", "granularity")
_WORD = r"[A-Za-z0-9\-_.!~*'()]+"
_PREFIX = re.compile(_WORD)
_SPEC = re.compile(rf"{_WORD}(?::{_WORD})*")
_OAI_DC = MetadataFormat("oai_dc", "http://www.openarchives.org/OAI/2.0/oai_dc.xsd", NAMESPACES["oai_dc"])


# ── Identify ─────────────────────────────────────────────────────────────────────────────────────


def identify(ex: Examination) -> Exchange:
    """Ask who this is, and take down what later rules need. Raises Stopped."""
    exchange = ex.ask(("verb", "Identify"))
    _follow(ex, exchange)
    answer = exchange.answer
    if answer is None or answer.body("Identify") is None:
        return exchange
    known = ex.known
    known.base_url = _first(answer, "baseURL")
    ex.note(exchange, _identity(answer, ex.base))
    granularity = _first(answer, "granularity")
    known.is_granularity_said = granularity in (DAY, SECOND)
    known.granularity = granularity if known.is_granularity_said else SECOND
    earliest = _first(answer, "earliestDatestamp")
    known.earliest = earliest if answers.granularity(earliest) else ""
    known.deleted_record = _first(answer, "deletedRecord")
    known.compression = tuple(name.lower() for name in answer.identity("compression"))
    known.scheme = answer.oai_identifier()
    ex.report.repository = shown(_first(answer, "repositoryName"))
    ex.report.granularity = shown(granularity)
    ex.report.deleted_record = shown(known.deleted_record)
    return exchange


def _first(answer: Answer, name: str) -> str:
    found = answer.identity(name)
    return found[0] if found else ""


def _follow(ex: Examination, exchange: Exchange) -> None:
    """Where the address has moved for ever, the rest is asked for there: a POST would not survive being sent on."""
    reply = exchange.reply
    if reply is None:
        return
    ex.holds("http.moved", not reply.moved, exchange, "oai.seen.moved", url=reply.url)
    ending = f"{'&' if '?' in ex.base else '?'}verb=Identify"
    if reply.moved and reply.url.endswith(ending):
        ex.base = reply.url.removesuffix(ending)


def _identity(answer: Answer, base: str) -> Looks:
    for name in _ONCE:
        number = len([value for value in answer.identity(name) if value])
        yield look("identify.complete", number == 1, "oai.seen.times", name=name, number=number)
    emails = answer.identity("adminEmail")
    yield look("identify.complete", bool(emails), "oai.seen.times", name="adminEmail", number=0)
    for email in emails:
        yield said("identify.email", _is_email(email), "adminEmail", email)
    url = _first(answer, "baseURL")
    yield said("identify.base-url", url == base, "baseURL", url, base)
    granularity = _first(answer, "granularity")
    earliest = _first(answer, "earliestDatestamp")
    form = answers.granularity(earliest)
    is_fit = form == granularity if granularity in (DAY, SECOND) else form is not None
    is_policy = _first(answer, "deletedRecord") in ("no", "transient", "persistent")
    for rule, name, ok in (
        ("identify.version", "protocolVersion", _first(answer, "protocolVersion") == "2.0"),
        ("identify.granularity", "granularity", granularity in (DAY, SECOND)),
        ("identify.deleted-record", "deletedRecord", is_policy),
        ("identify.earliest", "earliestDatestamp", is_fit),
    ):
        yield said(rule, ok, name, _first(answer, name))
    encodings = answer.identity("compression")
    ok = "identity" not in (encoding.lower() for encoding in encodings)
    yield said("identify.compression", ok, "compression", ", ".join(encodings))


def _is_email(value: str) -> bool:
    """The schema's ``\\S+@(\\S+\\.)+\\S+``, which as a regular expression can take for ever."""
    name, _, domain = value.partition("@")
    return bool(name) and "." in domain[1:-1] and len(value.split()) == 1


# ── Formats ──────────────────────────────────────────────────────────────────────────────────────


def formats(ex: Examination) -> Exchange:
    """Raises Stopped."""
    exchange = ex.verb("ListMetadataFormats")
    if exchange.answer is not None and not exchange.errors:
        found = exchange.answer.formats()
        for one in found:
            if one.prefix:
                ex.known.formats.setdefault(one.prefix, one)
        ex.report.formats = [shown(prefix) for prefix in ex.known.formats]
        ex.note(exchange, _formats(found))
    return exchange


def _formats(found: list[MetadataFormat]) -> Looks:
    times = Counter(one.prefix for one in found)
    for one in found:
        is_whole = bool(one.prefix and one.schema and one.namespace)
        yield said("formats.complete", is_whole, "metadataFormat", _written(one))
        if one.prefix:
            yield said("formats.prefix", bool(_PREFIX.fullmatch(one.prefix)), "metadataPrefix", one.prefix)
            yield said("formats.repeated", times[one.prefix] == 1, "metadataPrefix", one.prefix)
            yield said("formats.reserved", one.prefix != "all", "metadataPrefix", one.prefix)
    dublin_core = [one for one in found if one.prefix == "oai_dc"]
    listed = "; ".join(map(_written, dublin_core)) or ", ".join(times)
    yield said("formats.oai-dc", _OAI_DC in found, "ListMetadataFormats", listed)


def _written(one: MetadataFormat) -> str:
    return " ".join(filter(None, (one.prefix, one.schema, one.namespace)))


# ── Sets ─────────────────────────────────────────────────────────────────────────────────────────


def sets(ex: Examination) -> list[str]:
    """The setSpecs of the endpoint in its own order. Raises Stopped."""
    on = Walking(Walk("ListSets"))
    found: dict[str, None] = {}
    for exchange, answer in paging.pages(ex, on):
        ex.note(exchange, _sets(answer.sets(), found))
    ex.walked(on.walk)
    if "noSetHierarchy" in on.walk.errors:
        ex.known.has_sets = False
    specs = list(found)
    if on.walk.complete and on.last is not None:
        ex.known.sets = frozenset(specs)
        ex.note(on.last, _parents(specs))
    ex.report.sets = len(specs)
    return specs


def _sets(listed: Iterable[SetListed], found: dict[str, None]) -> Looks:
    """Looks at sets; their setSpecs go into ``found``, which has those of pages before."""
    for one in listed:
        is_whole = one.whole and bool(one.spec and one.name)
        yield said("sets.complete", is_whole, "set", f"{one.spec} {one.name}".strip())
        if one.spec:
            yield said("sets.spec", bool(_SPEC.fullmatch(one.spec)), "setSpec", one.spec)
            yield said("sets.repeated", one.spec not in found, "setSpec", one.spec)
            found[one.spec] = None


def _parents(specs: list[str]) -> Looks:
    known = set(specs)
    for spec in specs:
        parent = spec.rpartition(":")[0]
        if parent:
            yield said("sets.parent", parent in known, "setSpec", spec)
