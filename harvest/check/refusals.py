"""What has to be refused, and with which error: a table of wrong questions.

Source: OAI-PMH 2.0, sections 2.7.1 and 3.3.1 (dates), 3.5 (tokens), 3.6 (errors).
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from harvest.check import answers
from harvest.check.answers import SECOND
from harvest.check.examination import Examination
from harvest.check.exchange import Exchange, Pair
from harvest.check.rules import ERRORS
from metadata.oai_record import datestamp

_LISTS = ("ListRecords", "ListIdentifiers")
_NOBODY = "oai:nobody.invalid:there-is-no-such-record"
_NOTHING = "there-is-no-such-thing"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong question, and the errors of which one at least has to be in its answer.

    ``sound``: the arguments themselves are right, so the answer has to echo them.
    """

    rule: str
    pairs: tuple[Pair, ...]
    errors: frozenset[str]
    sound: bool = False


def ask_all(ex: Examination, prefix: str) -> None:
    """Ask every wrong question. Raises Stopped."""
    about = (_arguments, _dates, _sets, _tokens, _names)
    questions = (_verbs(prefix), *(questions(ex, prefix) for questions in about))
    for wrong in itertools.chain(*questions):
        _judge(ex, ex.ask(*wrong.pairs, sound=wrong.sound, ill=False), wrong)


def _judge(ex: Examination, exchange: Exchange, wrong: Wrong) -> None:
    """An answer that nobody can read breaks rules of its own, and says nothing about this one."""
    if exchange.answer is None:
        return
    codes = ", ".join(exchange.errors)
    ok = bool(wrong.errors & set(exchange.errors))
    params = {"codes": codes, "wanted": ", ".join(sorted(wrong.errors))}
    ex.holds(wrong.rule, ok, exchange, "oai.seen.wrong-error" if codes else "oai.seen.no-error", **params)


def _wrong(rule: str, errors: str, *pairs: Pair, sound: bool = False) -> Wrong:
    return Wrong(f"error.{rule}", pairs, frozenset(errors.split()), sound)


def _verbs(prefix: str) -> Iterator[Wrong]:
    yield _wrong("verb-missing", "badVerb")
    yield _wrong("verb-missing", "badVerb", ("metadataPrefix", prefix))
    yield _wrong("verb-unknown", "badVerb", ("verb", "ListEverything"))
    yield _wrong("verb-unknown", "badVerb", ("verb", "identify"))
    yield _wrong("verb-repeated", "badVerb", ("verb", "Identify"), ("verb", "Identify"))


def _arguments(ex: Examination, prefix: str) -> Iterator[Wrong]:
    """Wrong ones, but with nothing else wrong beside them: an endpoint need not tell more than one error."""
    dublin_core = ("metadataPrefix", prefix)
    yield _wrong("argument-unknown", "badArgument", ("verb", "Identify"), ("set", "a"))
    yield _wrong("argument-unknown", "badArgument", ("verb", "ListMetadataFormats"), dublin_core)
    if ex.known.has_sets:
        yield _wrong("argument-unknown", "badArgument", ("verb", "ListSets"), dublin_core)
    for verb in _LISTS:
        asked = (("verb", verb), dublin_core)
        yield _wrong("argument-unknown", "badArgument", *asked, ("page", "2"))
        yield _wrong("argument-repeated", "badArgument", *asked, dublin_core)
        yield _wrong("argument-missing", "badArgument", ("verb", verb))
    yield _wrong("argument-missing", "badArgument", ("verb", "GetRecord"), dublin_core)
    if ex.sample:
        one = (("verb", "GetRecord"), ("identifier", ex.sample))
        yield _wrong("argument-missing", "badArgument", *one)
        yield _wrong("argument-unknown", "badArgument", *one, dublin_core, ("from", "2020-01-01"))
    for value in (b"\xff\xfe", b"\x00"):
        asked = (("verb", "GetRecord"), dublin_core)
        yield _wrong("characters", "badArgument idDoesNotExist", *asked, ("identifier", value))


def _dates(ex: Examination, prefix: str) -> Iterator[Wrong]:
    for verb in _LISTS:
        asked = (("verb", verb), ("metadataPrefix", prefix))
        for value in ("2020-02-31", "2020-13-01"):
            yield _wrong("date-impossible", "badArgument", *asked, ("from", value))
        for value in ("2020-1-1", "2020", "2020-01-01T00:00:00+00:00", "2020-01-01T00:00:00.0Z", "01/01/2020"):
            yield _wrong("date-form", "badArgument", *asked, ("until", value))
        yield _wrong("range-reversed", "badArgument", *asked, ("from", "2020-01-02"), ("until", "2020-01-01"))
        mixed = (("from", "2020-01-01"), ("until", "2020-12-31T00:00:00Z"))
        yield _wrong("range-mixed", "badArgument", *asked, *mixed)
        before = _before(ex)
        if before:
            yield _wrong("range-empty", "noRecordsMatch", *asked, ("until", before), sound=True)


def _before(ex: Examination) -> str:
    """The day, or the second, before the first datestamp that the endpoint can have; empty where it says none."""
    earliest = answers.moment(ex.known.earliest)
    if earliest is None or earliest.year < 2:
        return ""
    is_fine = answers.granularity(ex.known.earliest) == SECOND and ex.known.granularity == SECOND
    return datestamp(earliest - timedelta(seconds=1)) if is_fine else (earliest - timedelta(days=1)).date().isoformat()


def _sets(ex: Examination, prefix: str) -> Iterator[Wrong]:
    rule, errors = ("set-unknown", "noRecordsMatch badArgument")
    if not ex.known.has_sets:
        rule, errors = ("set-unsupported", "noSetHierarchy")
    for verb in _LISTS:
        pairs = (("verb", verb), ("metadataPrefix", prefix), ("set", _NOTHING))
        yield _wrong(rule, errors, *pairs, sound=True)


def _tokens(ex: Examination, prefix: str) -> Iterator[Wrong]:
    dublin_core, bad = ("metadataPrefix", prefix), ("resumptionToken", _NOTHING)
    no_sets = "" if ex.known.has_sets else " noSetHierarchy"
    for verb in (*_LISTS, "ListSets"):
        more = no_sets if verb == "ListSets" else ""
        yield _wrong("token-bad", f"badResumptionToken{more}", ("verb", verb), bad, sound=True)
        empty = ("resumptionToken", "")
        yield _wrong("token-empty", f"badResumptionToken badArgument{more}", ("verb", verb), empty, sound=True)
    for verb in _LISTS:
        yield _wrong("token-and-more", "badArgument", ("verb", verb), dublin_core, bad)
        if verb in ex.tokens:
            good = ("resumptionToken", ex.tokens[verb])
            yield _wrong("token-exclusive", "badArgument", ("verb", verb), dublin_core, good)
    for verb, other in (("ListRecords", "ListIdentifiers"), ("ListIdentifiers", "ListRecords")):
        token = ex.tokens.get(verb)
        if token:
            yield _wrong("token-foreign", " ".join(ERRORS), ("verb", other), ("resumptionToken", token), sound=True)


def _names(ex: Examination, prefix: str) -> Iterator[Wrong]:
    dublin_core, nobody = ("metadataPrefix", prefix), ("identifier", _NOBODY)
    yield _wrong("identifier-unknown", "idDoesNotExist", ("verb", "GetRecord"), dublin_core, nobody, sound=True)
    yield _wrong("identifier-unknown", "idDoesNotExist", ("verb", "ListMetadataFormats"), nobody, sound=True)
    either = "badArgument idDoesNotExist"
    for value in ("not a URI", '<&">', "x" * 300):
        yield _wrong("identifier-malformed", either, ("verb", "GetRecord"), dublin_core, ("identifier", value))
        yield _wrong("identifier-malformed", either, ("verb", "ListMetadataFormats"), ("identifier", value))
    unknown = ("metadataPrefix", _NOTHING)
    for verb in _LISTS:
        yield _wrong("format-unknown", "cannotDisseminateFormat", ("verb", verb), unknown, sound=True)
    if ex.sample:
        one = ("identifier", ex.sample)
        yield _wrong("format-unknown", "cannotDisseminateFormat", ("verb", "GetRecord"), one, unknown, sound=True)
