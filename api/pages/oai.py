"""``/oai`` for people: what the door is for, and the answer to any request, readable.

Programs get XML at the same address (``api.routes.oai``). Everything shown is read from the bytes that
:func:`harvest.provider.respond` gives them for the same arguments, so the page cannot say anything else. The raw XML is
one button away: a form that sends the same arguments by POST, which this address answers with XML alone. So harvesting
has one address, and nobody can register a second one by mistake. ``lang``, the choice of a language by hand, is no
argument of the protocol: it is taken out before anything is asked.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from api import i18n, render, security
from api.pages import oai_answer
from api.pages.frame import sent
from api.pages.oai_answer import Answer, FormatShown, Identity, RecordShown, SetShown
from harvest import protocol, provider
from harvest.provider import Repository
from oer import identifiers, queries
from oer.db import reading
from oer.installation import Installation

_PATH = "/oai"
_COMMON = "oai_dc"  # the format that every repository has (section 4.1)


@dataclass(frozen=True, slots=True)
class Example:
    """A request that may be made by a click; ``code`` names its words."""

    code: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that the page leads to, each within the site."""

    spoken: str

    def records(self, prefix: str, within: str = "") -> str:
        return _path({"verb": "ListRecords", "metadataPrefix": prefix, **({"set": within} if within else {})})

    def record(self, record: RecordShown, prefix: str) -> str:
        return _path({"verb": "GetRecord", "metadataPrefix": prefix, "identifier": record.identifier})

    def purpose(self, format_: FormatShown) -> str:
        """What a format is for; empty where we have no words for it."""
        return self._words(f"page.oai.format.{format_.prefix}")

    def explained(self, code: str) -> str:
        return self._words(f"page.oai.error.{code}")

    def kept(self, policy: str) -> str:
        """What becomes of deleted records (deletedRecord, section 4.2)."""
        return self._words(f"page.oai.deleted.{policy}")

    def _words(self, code: str) -> str:
        spoken = i18n.supported(self.spoken)
        return i18n.message(code, spoken) if code in i18n.catalogue(spoken) else ""


@dataclass(frozen=True, slots=True)
class Guide:
    """``more_sets``: the answer has more than are shown."""

    endpoint: str
    identity: Identity | None
    formats: Sequence[FormatShown]
    sets: Sequence[SetShown]
    more_sets: bool
    examples: Sequence[Example]
    links: Links
    prefix: str = _COMMON


@dataclass(frozen=True, slots=True)
class AnswerPage:
    """``address`` is what a program would ask, ``again`` the same within the site, ``command`` a line for a shell.

    ``first`` and ``last`` count the items of the whole list from 1; ``following`` leads to the next page.
    """

    answer: Answer
    address: str
    again: str
    command: str
    verb: str
    prefix: str
    first: int
    last: int
    following: str
    links: Links
    landing: Mapping[str, str]


def show(request: Request) -> Response:
    """The guide, or where something is asked the answer. Raises Unavailable."""
    asked = render.query(request)
    spoken = render.spoken(request)
    if asked:
        content = render.html(request, "oai_answer.html", _answer(request, asked, spoken))
    else:
        content = render.html(request, "oai.html", _guide(request, spoken))
    vary = f"{render.BROWSING}, Accept-Language, Cookie, Save-Data"
    return sent(request, content, spoken, policy=security.PAGES, vary=vary)


def _asked(request: Request, query: bytes, spoken: str) -> Answer:
    here: Installation = request.app.state.installation
    repository: Repository = request.app.state.repository
    content = provider.respond(here.engine, repository, protocol.form_pairs(query), now=here.now())
    return oai_answer.read(content, spoken)


def _path(arguments: Mapping[str, str]) -> str:
    return f"{_PATH}?{urlencode(arguments, quote_via=quote, safe=':')}"


# ── The guide ────────────────────────────────────────────────────────────────────────────────────


def _guide(request: Request, spoken: str) -> Guide:
    identity = _asked(request, b"verb=Identify", spoken).identity
    sets = _asked(request, b"verb=ListSets", spoken)
    repository: Repository = request.app.state.repository
    return Guide(
        endpoint=repository.endpoint,
        identity=identity,
        formats=_asked(request, b"verb=ListMetadataFormats", spoken).formats,
        sets=sets.sets,
        more_sets=bool(sets.resumption and sets.resumption.token),
        examples=_examples(request, identity, sets.sets),
        links=Links(spoken),
    )


def _examples(request: Request, identity: Identity | None, sets: Sequence[SetShown]) -> list[Example]:
    """One for each verb, and for the arguments that make a harvest selective, with values that exist here."""
    listed = {"verb": "ListRecords", "metadataPrefix": _COMMON}
    found = [
        ("identify", {"verb": "Identify"}),
        ("formats", {"verb": "ListMetadataFormats"}),
        ("sets", {"verb": "ListSets"}),
        ("identifiers", {"verb": "ListIdentifiers", "metadataPrefix": _COMMON}),
        ("records", listed),
    ]
    if identity:
        found.append(("since", {**listed, "from": identity.earliest[:10]}))
    if sets:
        found.append(("within", {**listed, "set": sets[0].spec}))
    newest = _newest(request)
    if newest:
        found.append(("record", {"verb": "GetRecord", "metadataPrefix": _COMMON, "identifier": newest}))
    return [Example(code, urlencode(arguments, quote_via=quote, safe=":")) for code, arguments in found]


def _newest(request: Request) -> str | None:
    """The OAI identifier of what was published last."""
    here: Installation = request.app.state.installation
    with reading(here.engine) as session:
        rows = queries.resources.published(session, after=None, within=None, limit=1)
        return identifiers.oai_identifier(here.repository_id, rows[0][0].public_id) if rows else None


# ── An answer ────────────────────────────────────────────────────────────────────────────────────


def _answer(request: Request, query: bytes, spoken: str) -> AnswerPage:
    answer = _asked(request, query, spoken)
    repository: Repository = request.app.state.repository
    verb = answer.arguments.get("verb", "")
    count = len(answer.records) or answer.set_count
    rest = answer.resumption
    first = (rest.cursor or 0) + 1 if rest else 1
    address = f"{repository.endpoint}?{render.quoted(query)}"
    return AnswerPage(
        answer=answer,
        address=address,
        again=f"{request.app.state.prefix}{_PATH}?{render.quoted(query)}",
        command=f"curl {shlex.quote(address)}",
        verb=verb,
        prefix=_prefix(repository, answer, request.app.state.installation.now()),
        first=first,
        last=first + count - 1,
        following=_path({"verb": verb, "resumptionToken": rest.token}) if rest and rest.token else "",
        links=Links(spoken),
        landing=_landing(repository, answer.records),
    )


def _prefix(repository: Repository, answer: Answer, now: datetime) -> str:
    """The format of a list: named by an argument, or carried by the token."""
    if "resumptionToken" not in answer.arguments or answer.failures:
        return answer.arguments.get("metadataPrefix", _COMMON)
    resumed = protocol.request(answer.arguments, secret=repository.secret, now=now)
    return resumed.prefix if isinstance(resumed, protocol.Listing) else _COMMON


def _landing(repository: Repository, records: Sequence[RecordShown]) -> dict[str, str]:
    """The page of each live record that has one here, by identifier."""
    live = [one.identifier for one in records if not one.deleted]
    local = {identifier: identifiers.local_part(repository.repository_id, identifier) for identifier in live}
    return {identifier: f"/resources/{public_id}" for identifier, public_id in local.items() if public_id}
