"""What each header and each record is held to. Pure.

Source: OAI-PMH 2.0, sections 2.4 (identifiers), 2.5 (records), 2.5.1 (deleted records), 2.6 (sets), 2.7 (selective
harvesting), 3.3.2 (dates in responses), 3.4 (metadata and schemas).
"""

import re

from harvest.check import answers
from harvest.check.answers import Answer, Header, Record
from harvest.check.exchange import Known, Looks, look, said
from harvest.check.report import Walk

# RFC 3986: a scheme, and nothing that would have to be escaped.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")


def header(found: Header, answer: Answer, known: Known, walk: Walk, *, is_old: bool) -> Looks:
    """Looks at a header; ``walk`` says what was asked for. ``is_old``: it was so before we asked for the sets."""
    named = {"identifier": found.identifier}
    is_status = found.status in (None, "deleted")
    yield said("header.status", is_status, "status", found.status or "")
    yield look("header.complete", found.whole, "oai.seen.header", **named, datestamp=found.datestamp)
    if not found.whole:
        return
    yield look("header.identifier", bool(_URI.fullmatch(found.identifier)), "oai.seen.identifier", **named)
    if known.scheme is not None:
        ok = found.identifier.startswith(":".join((*known.scheme, "")))
        yield look("identify.oai-identifier", ok, "oai.seen.identifier", **named)
    if found.deleted:
        yield look("record.undeclared", known.deleted_record != "no", "oai.seen.identifier", **named)
    yield from _datestamp(found, answer, known, walk)
    yield from _sets(found, known, walk, is_old=is_old)


def _datestamp(found: Header, answer: Answer, known: Known, walk: Walk) -> Looks:
    shown = {"identifier": found.identifier, "datestamp": found.datestamp}
    form = answers.granularity(found.datestamp)
    ok = form == known.granularity if known.is_granularity_said else form is not None
    yield look("header.datestamp", ok, "oai.seen.header", **shown)
    first, last = answers.moment(found.datestamp), answers.last_moment(found.datestamp)
    if first is None or last is None:
        return
    date, earliest = answers.moment(answer.date), answers.moment(known.earliest)
    if date is not None:
        yield look("header.future", first <= date, "oai.seen.header", **shown)
    if earliest is not None:
        yield look("identify.earliest-limit", last >= earliest, "oai.seen.header", **shown)
    since, until = answers.moment(walk.since), answers.last_moment(walk.until)
    if since or until:
        ok = (since is None or last >= since) and (until is None or first <= until)
        yield look("range.bounds", ok, "oai.seen.header", **shown)


def _sets(found: Header, known: Known, walk: Walk, *, is_old: bool) -> Looks:
    if known.sets is not None and is_old:
        unknown = ", ".join(spec for spec in found.sets if spec not in known.sets)
        yield look("sets.undeclared", not unknown, "oai.seen.set", identifier=found.identifier, spec=unknown)
    if walk.within and not found.deleted:
        named = ", ".join(found.sets) or "—"
        ok = is_within(found, walk.within)
        yield look("sets.membership", ok, "oai.seen.set", identifier=found.identifier, spec=named)


def is_within(found: Header, spec: str) -> bool:
    """Whether a header names the set or one below it."""
    return any(one == spec or one.startswith(f"{spec}:") for one in found.sets)


def record(found: Record, known: Known, prefix: str) -> Looks:
    """Looks at what stands beside the header."""
    identifier = found.header.identifier
    if found.header.deleted:
        yield look("record.deleted", not found.containers, "oai.seen.identifier", identifier=identifier)
        return
    is_one = found.bodies == len(found.roots) == 1
    yield look("record.metadata", is_one, "oai.seen.identifier", identifier=identifier)
    declared = known.formats.get(prefix)
    if not is_one or declared is None:
        return
    [root] = found.roots
    is_right = root.namespace == declared.namespace
    yield said("record.namespace", is_right, "metadata", root.namespace or "—", declared.namespace)
    schemas = " ".join(root.schemas)
    yield said(
        "record.schema-location", declared.schema in root.schemas, "xsi:schemaLocation", schemas, declared.schema
    )
