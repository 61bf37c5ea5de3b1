"""OAI-PMH 2.0 requests: from raw arguments to typed values, and resumption tokens. Pure.

Arguments come as percent-decoded bytes, so that what is not UTF-8 can be refused instead of guessed. Whatever is
wrong raises :class:`OaiError` with the protocol's own code and a sentence in English, as the protocol is written.
Source: OAI-PMH 2.0, sections 2.7 (selective harvesting), 3.1 (requests), 3.3 (dates), 3.5 (flow), 3.6 (errors).
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_to_bytes

from metadata.oai_record import datestamp
from metadata.xml import legal

Pairs = Iterable[tuple[bytes, bytes]]


class OaiError(Exception):
    """``code`` is one of the protocol's eight (section 3.6); ``message`` is for the people behind the harvester."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class _Verb:
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    resumable: bool = False


_LIST = _Verb(frozenset({"metadataPrefix"}), frozenset({"from", "until", "set"}), resumable=True)

VERBS: Mapping[str, _Verb] = {
    "Identify": _Verb(),
    "ListMetadataFormats": _Verb(optional=frozenset({"identifier"})),
    "ListSets": _Verb(resumable=True),
    "GetRecord": _Verb(frozenset({"identifier", "metadataPrefix"})),
    "ListIdentifiers": _LIST,
    "ListRecords": _LIST,
}


@dataclass(frozen=True, slots=True)
class Identify:
    pass


@dataclass(frozen=True, slots=True)
class ListMetadataFormats:
    identifier: str | None


@dataclass(frozen=True, slots=True)
class GetRecord:
    identifier: str
    prefix: str


@dataclass(frozen=True, slots=True)
class ListSets:
    """``after`` is the setSpec of the last set sent, None at the beginning; ``cursor`` counts the sets sent."""

    after: str | None = None
    cursor: int = 0
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """ListRecords or ListIdentifiers. ``since`` and ``until`` are both inclusive, in whole UTC seconds.

    ``after`` is the ``change`` of the last record sent, ``cursor`` the number of records sent and ``size`` that of
    the whole list when it began; a list that begins has none of them.
    """

    verb: str
    prefix: str
    since: datetime | None
    until: datetime | None
    within: str | None
    after: int | None = None
    cursor: int = 0
    size: int | None = None

    @property
    def bodies(self) -> bool:
        return self.verb == "ListRecords"


Request = Identify | ListMetadataFormats | GetRecord | ListSets | Listing


def form_pairs(form: bytes) -> list[tuple[bytes, bytes]]:
    """The arguments of a query string or of an ``application/x-www-form-urlencoded`` body.

    ``urllib.parse.parse_qsl`` would replace what is not UTF-8, or raise on bytes above 127.
    """
    parts = (part.replace(b"+", b" ").partition(b"=") for part in form.split(b"&") if part)
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in parts]


# ── Arguments ────────────────────────────────────────────────────────────────────────────────────


def arguments(pairs: Pairs) -> dict[str, str]:
    """The arguments as given, each well-formed and allowed with this verb: fit to be echoed.

    Raises OaiError badVerb or badArgument; such an answer must echo nothing (section 3.2).
    """
    given = [(_text(name), _text(value)) for name, value in pairs]
    verbs = [value for name, value in given if name == "verb"]
    if len(verbs) != 1:
        raise OaiError("badVerb", "Give the argument verb exactly once.")
    verb = VERBS.get(verbs[0] or "")
    if verb is None:
        raise OaiError("badVerb", f"The verbs are {', '.join(VERBS)}.")
    found: dict[str, str] = {}
    for name, value in given:
        if name is None or value is None:
            raise _bad("An argument holds bytes that are not UTF-8, or a character that XML cannot hold.")
        if name in found:
            raise _bad(f"The argument {name[:40]} is repeated.")
        found[name] = value
    _require_allowed(verb, found)
    for name, value in found.items():
        if name in _CHECKS and not _CHECKS[name](value):
            raise _bad(f"The value of {name} is not well-formed.")
    _require_range(found)
    return found


def _text(raw: bytes) -> str | None:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return text if legal(text) == text else None


def _bad(message: str) -> OaiError:
    return OaiError("badArgument", message)


def _require_allowed(verb: _Verb, found: Mapping[str, str]) -> None:
    names = found.keys() - {"verb"}
    if verb.resumable and "resumptionToken" in names:
        if len(names) > 1:
            raise _bad("resumptionToken goes with no other argument but verb.")
        return
    unknown = sorted(names - verb.required - verb.optional)
    if unknown:
        raise _bad(f"{found['verb']} knows no argument {unknown[0][:40]}.")
    missing = sorted(verb.required - names)
    if missing:
        raise _bad(f"{found['verb']} needs the argument {missing[0]}.")


# The schema's types for the attributes that echo these arguments (OAI-PMH.xsd: metadataPrefixType, setSpecType,
# identifierType = anyURI). Identifiers: RFC 3986 without the forms that XML libraries disagree about.
_WORD = r"[A-Za-z0-9\-_.!~*'()]+"
_PREFIX = re.compile(_WORD)
_SPEC = re.compile(rf"{_WORD}(?::{_WORD})*")
_CHAR = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
_IDENTIFIER = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.\-]*:(?://[A-Za-z0-9.\-]+(?::[0-9]{{1,5}})?(?:/{_CHAR}*)*|{_CHAR}+(?:/{_CHAR}*)*)"
    rf"(?:\?(?:{_CHAR}|[/?])*)?(?:#(?:{_CHAR}|[/?])*)?"
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SECOND = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def _is_moment(value: str) -> bool:
    if not (_DAY.fullmatch(value) or _SECOND.fullmatch(value)):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


_CHECKS: Mapping[str, Callable[[str], object]] = {
    "metadataPrefix": _PREFIX.fullmatch,
    "set": _SPEC.fullmatch,
    "identifier": _IDENTIFIER.fullmatch,
    "from": _is_moment,
    "until": _is_moment,
}


def _require_range(found: Mapping[str, str]) -> None:
    since, until = found.get("from"), found.get("until")
    if since is None or until is None:
        return
    if len(since) != len(until):
        raise _bad("from and until differ in granularity.")
    if since > until:
        raise _bad("from is later than until.")


def _first_second(value: str) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def _last_second(value: str) -> datetime:
    moment = _first_second(value)
    return moment.replace(hour=23, minute=59, second=59) if _DAY.fullmatch(value) else moment


def request(found: Mapping[str, str], *, secret: bytes, now: datetime) -> Request:
    """What is asked for. Raises OaiError badResumptionToken, for whatever reason a token cannot be used."""
    verb = found["verb"]
    if "resumptionToken" in found:
        return _resumed(verb, found["resumptionToken"], secret=secret, now=now)
    match verb:
        case "Identify":
            return Identify()
        case "ListMetadataFormats":
            return ListMetadataFormats(found.get("identifier"))
        case "GetRecord":
            return GetRecord(found["identifier"], found["metadataPrefix"])
        case "ListSets":
            return ListSets()
    return Listing(
        verb=verb,
        prefix=found["metadataPrefix"],
        since=_first_second(found["from"]) if "from" in found else None,
        until=_last_second(found["until"]) if "until" in found else None,
        within=found.get("set"),
    )


# ── Resumption tokens ────────────────────────────────────────────────────────────────────────────

# Part of what is signed: a token of another shape, or of another door, never passes. Count it up with the shape.
_PURPOSE = b"oai-pmh resumption token 1\0"


def token(
    asked: Listing | ListSets, *, after: int | str, sent: int, size: int, secret: bytes, expires: datetime
) -> str:
    """A token that goes on behind ``after``; it carries all it needs, so the server keeps nothing."""
    if isinstance(asked, ListSets):
        rest: list[Any] = ["ListSets"]
    else:
        bounds = [None if moment is None else datestamp(moment) for moment in (asked.since, asked.until)]
        rest = [asked.verb, asked.prefix, *bounds, asked.within]
    fields = [int(expires.timestamp()), after, sent, size, *rest]
    packed = json.dumps(fields, separators=(",", ":")).encode()
    body = base64.urlsafe_b64encode(packed).rstrip(b"=").decode()
    return f"{body}.{_signature(body, secret)}"


def _signature(body: str, secret: bytes) -> str:
    return hmac.new(secret, _PURPOSE + body.encode(), hashlib.sha256).hexdigest()


def _resumed(verb: str, given: str, *, secret: bytes, now: datetime) -> Listing | ListSets:
    body, _, signature = given.partition(".")
    if not hmac.compare_digest(signature.encode(), _signature(body, secret).encode()):
        raise OaiError("badResumptionToken", "This token was not made by this repository, or was altered.")
    expires, after, sent, size, made_for, *rest = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    if now.timestamp() >= expires:
        raise OaiError("badResumptionToken", "This token has expired.")
    if made_for != verb:
        raise OaiError("badResumptionToken", f"This token was made for {made_for}.")
    if verb == "ListSets":
        return ListSets(after, sent, size)
    prefix, since, until, within = rest
    return Listing(
        verb=verb,
        prefix=prefix,
        since=_first_second(since) if since else None,
        until=_first_second(until) if until else None,
        within=within,
        after=after,
        cursor=sent,
        size=size,
    )


def expiry(now: datetime, days: int) -> datetime:
    """The whole second at which a token made now is no longer valid."""
    return now.astimezone(UTC).replace(microsecond=0) + timedelta(days=days)
