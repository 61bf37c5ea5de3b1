"""Mutants: lists and their tokens, headers and records, bounds in time."""

import re

from oai_endpoints import (
    LISTS,
    Answering,
    Asked,
    Spoil,
    body,
    by_days,
    edited,
    error,
    other,
    text,
    token_of,
    where,
    with_text,
)
from oai_mutants import Mutants

from harvest.fetching import Reply

ALL_LISTS = Mutants()
mutant = ALL_LISTS.add


# ── Lists ────────────────────────────────────────────────────────────────────────────────────────


def is_set(asked: Asked) -> bool:
    return asked.verb in LISTS and asked.given.get("set") == "institution:top:left"


HEADER = "<header(?: [^>]*)?>(?:(?!</header>).)*</header>"
COUNTED = ("token.cursor", "token.size")
MISSED = ("range.left-out", "sets.left-out")

mutant("list.refused", where(is_set, error("noMetadataFormats")))
mutant("list.empty", where(is_set, lambda asked, inner: body(inner(asked), f"<{asked.verb}/>")), "sets.left-out")
mutant("list.repeated", edited(f"({HEADER})", r"\1\1", verb="ListIdentifiers", count=1), *COUNTED)
mutant("list.differs", edited(HEADER, "", verb="ListIdentifiers", count=1), *COUNTED, *MISSED, "list.empty")
undeleted = edited('<header status="deleted">(?:(?!</header>).)*</header>', "", verb="ListIdentifiers")
mutant("list.differs", undeleted, *COUNTED, "range.left-out", "list.empty", name="without deletions")


# ── Tokens ───────────────────────────────────────────────────────────────────────────────────────


def is_last(asked: Asked, inner: Answering) -> bool:
    return asked.is_page and bool(
        re.search("<resumptionToken[^>]*></resumptionToken>|<resumptionToken[^>]*/>", text(inner(asked)))
    )


def refused_at_the_end(asked: Asked, inner: Answering) -> Reply:
    return error("noRecordsMatch")(asked, inner) if is_last(asked, inner) else inner(asked)


def stuck(asked: Asked, inner: Answering) -> Reply:
    """From the second page on, the token leads to its own page."""
    if not asked.is_page:
        return inner(asked)
    token = f"<resumptionToken>{asked.given['resumptionToken']}</resumptionToken>"
    return with_text(inner(asked), re.sub("<resumptionToken.*</resumptionToken>", token, text(inner(asked))))


mutant("token.final", edited("<resumptionToken[^>]*(/>|></resumptionToken>)", ""))
mutant("token.needless", edited("(</header>|</record>)(</ListIdentifiers>|</ListRecords>)", r"\1<resumptionToken/>\2"))
mutant("token.cursor", edited('cursor="[0-9]+"', 'cursor="1"'))
mutant("token.cursor", edited('cursor="[0-9]+"', 'cursor="some"'), name="no number")
mutant("token.size", edited('completeListSize="[0-9]+"', 'completeListSize="1000"'))
mutant("token.expiry", edited('expirationDate="[^"]*"', 'expirationDate="2026-03-09"'))
mutant("token.expiry", edited('expirationDate="[^"]*"', 'expirationDate="2020-01-01T00:00:00Z"'), name="past")
mutant("token.refused", where(lambda asked: asked.is_page, error("badResumptionToken")))
mutant("token.refused", refused_at_the_end, name="at the end")
mutant("token.stuck", stuck)


@ALL_LISTS.add_made("token.reissued", name="used up")
def _used_up() -> Spoil:
    seen: set[str] = set()

    def spoil(asked: Asked, inner: Answering) -> Reply:
        token = asked.given.get("resumptionToken", "")
        if asked.is_page and token in seen:
            return error("badResumptionToken")(asked, inner)
        seen.add(token)
        return inner(asked)

    return spoil


@ALL_LISTS.add_made("token.reissued", "token.size", name="moves on")
def _moves_on() -> Spoil:
    """A cursor in the server's memory, moved by every request."""
    after: dict[str, str] = {}

    def spoil(asked: Asked, inner: Answering) -> Reply:
        if not asked.is_page:
            return inner(asked)
        token = asked.given["resumptionToken"]
        used = after.get(token, token)
        found = inner(asked.but(resumptionToken=used))
        after[token] = token_of(found) or used
        return with_text(found, text(found).replace(used, token))

    return spoil


# ── Headers and records ──────────────────────────────────────────────────────────────────────────

mutant("header.complete", edited("<datestamp>[^<]*</datestamp>", "", verb="GetRecord"))
mutant("header.identifier", edited("<identifier>oai:", "<identifier>oai "), "identify.oai-identifier", "get.refused")
mutant("header.datestamp", edited("(<datestamp>[^<]*)Z<", r"\1.0Z<"))
mutant("header.datestamp", edited("(<datestamp>2026-03-01)T[^<]*", r"\1"), name="day")
mutant("header.future", edited("<datestamp>2026", "<datestamp>2031"), "range.bounds")
mutant("header.status", edited("<header>", '<header status="live">'))
mutant("record.metadata", edited("<metadata>.*?</metadata>", "", verb="ListRecords"))
mutant("record.metadata", edited("(<metadata>)(.*?)(</metadata>)", r"\1\2\2\3", verb="GetRecord"), name="two in one")
mutant("record.deleted", edited('(<header status="deleted">.*?</header>)', r"\1<metadata/>"))
mutant("record.deleted", edited('(<header status="deleted">.*?</header>)', r"\1<about/>"), name="about")
mutant("record.undeclared", edited("<deletedRecord>persistent", "<deletedRecord>no"))
mutant("record.namespace", edited("OAI/2.0/oai_dc/", "OAI/1.1/oai_dc/", verb="ListRecords"))
mutant("record.schema-location", edited('(<oai_dc:dc [^>]*?) xsi:schemaLocation="[^"]*"', r"\1"))
mutant("get.refused", where(lambda asked: asked.verb == "GetRecord", error("idDoesNotExist"), found=True))
an_hour_before = edited("<datestamp>2026-03-01T08", "<datestamp>2026-03-01T07", verb="GetRecord")
mutant("get.differs", an_hour_before, "identify.earliest-limit")
mutant("get.differs", edited("<setSpec>[^<]*</setSpec>", "", verb="GetRecord"), name="without sets")
mutant("get.differs", edited(' status="deleted"', "", verb="GetRecord"), "record.metadata", name="deleted and not")


# ── Bounds in time ───────────────────────────────────────────────────────────────────────────────


def has_days(asked: Asked) -> bool:
    given = [asked.given[name] for name in ("from", "until") if asked.has(name)]
    return asked.verb in LISTS and bool(given) and all(len(value) == 10 for value in given)


def has_seconds(asked: Asked) -> bool:
    given = [asked.given[name] for name in ("from", "until") if asked.has(name)]
    return asked.verb in LISTS and bool(given) and all(len(value) == 20 for value in given)


def moved(name: str, seconds: int) -> Spoil:
    """A bound that is taken some seconds (1 at most) beside what was asked for."""

    def spoil(asked: Asked, inner: Answering) -> Reply:
        value = asked.given[name]
        return inner(asked.but(**{name: f"{value[:17]}{int(value[17:19]) + seconds:02d}Z"}))

    return spoil


def until_midnight(asked: Asked, inner: Answering) -> Reply:
    return inner(asked.but(until=f"{asked.given['until']}T00:00:00Z"))


unbound = other(**{"from": None, "until": None})
mutant("range.day", where(has_days, error("badArgument"), found=True))
mutant("range.seconds", where(has_seconds, error("badArgument"), found=True))
mutant("range.finer", where(has_seconds, other(**{"from": None})), within=by_days)
mutant("range.bounds", where(lambda asked: has_days(asked) and asked.says("from", "2026"), unbound), "request.echo")
mutant(
    "range.bounds",
    where(lambda asked: has_seconds(asked) and asked.says("until", "2026"), other(until=None), found=True),
    "request.echo",
    name="until",
)
mutant(
    "range.left-out",
    where(lambda asked: has_seconds(asked) and not asked.has("until"), moved("from", 1), found=True),
    "request.echo",
    name="from",
)
mutant(
    "range.left-out",
    where(lambda asked: has_seconds(asked) and not asked.has("from"), moved("until", -1), found=True),
    "request.echo",
    name="until",
)
mutant(
    "range.left-out",
    where(lambda asked: has_days(asked) and not asked.has("from"), until_midnight, found=True),
    "request.echo",
    name="until midnight",
)
