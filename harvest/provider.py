"""Answers of the OAI-PMH 2.0 data provider: one request in, one document out, from one snapshot.

``responseDate`` of every answer is the clock's committed stamp in the snapshot that the answer was read from: a
later commit cannot bear an earlier datestamp, so a harvester that asks again ``from`` that second misses nothing.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.engine import Engine
from sqlmodel import Session

from harvest import envelope, protocol
from harvest.envelope import SetShown
from harvest.protocol import GetRecord, Identify, Listing, ListMetadataFormats, ListSets, OaiError, Pairs, Request
from metadata import oai_record
from metadata.crosswalks import FORMATS, Format
from oer import identifiers, institutions, queries
from oer.db import reading
from oer.errors import Full, Unavailable
from oer.exposure import clock, memberships, renderings
from oer.installation import Installation
from oer.queries.records import Part, Row

logger = logging.getLogger(__name__)

_SAMPLE = "7k3v9qm2xd"  # for Identify: what a local identifier looks like


@dataclass(frozen=True, slots=True)
class Repository:
    """What answers need to know of the repository.

    ``base_url`` is the root of all addresses, ``language`` that of set names, ``token_days`` how long a token is
    valid, ``compression`` what the door does besides ``identity``. With ``deleted_on_leaving`` a record that has left
    a set shows as deleted to those who harvest the set; partners who merge overlapping sets want that off.
    """

    name: str
    repository_id: str
    base_url: str
    admin_emails: Sequence[str]
    secret: bytes = field(repr=False)
    language: str = "ar"
    page_size: int = 100
    token_days: int = 7
    compression: Sequence[str] = ()
    deleted_on_leaving: bool = True

    @property
    def endpoint(self) -> str:
        return f"{self.base_url}/oai"


def repository_of(installation: Installation, *, compression: Sequence[str] = ()) -> Repository:
    """The repository that an installation's settings describe."""
    settings = installation.settings
    return Repository(
        name=settings.name(),
        repository_id=installation.repository_id,
        base_url=settings.base_url,
        admin_emails=(settings.admin_email,),
        secret=installation.secret,
        language=settings.languages[0],
        page_size=settings.oai_page_size,
        token_days=settings.oai_token_days,
        compression=compression,
        deleted_on_leaving=settings.oai_deleted_on_leaving,
    )


def respond(engine: Engine, repository: Repository, pairs: Pairs, *, now: datetime) -> bytes:
    """The answer to one request, protocol errors included; always HTTP 200 and ``text/xml``.

    ``pairs`` are the raw arguments in any order (:func:`harvest.protocol.form_pairs`). Raises only what the
    database raises: Unavailable, which a door answers with 503 and Retry-After.
    """
    given = list(pairs)
    if not any(name == b"resumptionToken" for name, _ in given):
        _freshen(engine, now=now)
    with reading(engine) as session:
        stamp = queries.records.clock(session).stamp
        echoed: Mapping[str, str] = {}
        try:
            echoed = protocol.arguments(given)
            asked = protocol.request(echoed, secret=repository.secret, now=now)
            body = _answer(session, repository, asked, now=now)
        except OaiError as error:
            body = envelope.error(error.code, error.message)
    return envelope.response(stamp, repository.endpoint, echoed, body)


def _freshen(engine: Engine, *, now: datetime) -> None:
    """Move the clock's stamp to now where it is free. A full disk or a replica must not keep anybody from reading."""
    with reading(engine) as session:
        seen = queries.records.clock(session).stamp
    try:
        clock.refresh(engine, now=now, seen=seen)
    except (Full, Unavailable) as error:
        logger.debug("the clock's stamp stays for now: %s", error)


def _answer(session: Session, repository: Repository, asked: Request, *, now: datetime) -> bytes:
    match asked:
        case Identify():
            return _identify(session, repository)
        case ListMetadataFormats():
            return _list_formats(session, repository, asked)
        case GetRecord():
            return _get(session, repository, asked)
        case ListSets():
            return _list_sets(session, repository, asked, now=now)
        case Listing():
            return _list(session, repository, asked, now=now)


def _identify(session: Session, repository: Repository) -> bytes:
    return envelope.identify(
        name=repository.name,
        endpoint=repository.endpoint,
        admin_emails=repository.admin_emails,
        earliest=queries.records.earliest(session) or queries.records.clock(session).stamp,
        repository_id=repository.repository_id,
        sample_id=identifiers.oai_identifier(repository.repository_id, _SAMPLE),
        compression=repository.compression,
    )


# ── Single records ───────────────────────────────────────────────────────────────────────────────


def _list_formats(session: Session, repository: Repository, asked: ListMetadataFormats) -> bytes:
    if asked.identifier is not None:
        _known(session, repository, asked.identifier, format_=None)
    return envelope.metadata_formats(FORMATS.values())


def _get(session: Session, repository: Repository, asked: GetRecord) -> bytes:
    row = _known(session, repository, asked.identifier, format_=FORMATS.get(asked.prefix))
    format_ = _format(asked.prefix)
    return envelope.listing("GetRecord", _records(session, repository, [row], format_, within=None))


def _known(session: Session, repository: Repository, identifier: str, *, format_: Format | None) -> Row:
    """The record of this OAI identifier. Raises OaiError idDoesNotExist."""
    public_id = identifiers.local_part(repository.repository_id, identifier)
    prefix, revision = _rendered_as(repository, format_)
    row = public_id and queries.records.one(session, public_id=public_id, prefix=prefix, revision=revision)
    if not row:
        raise OaiError("idDoesNotExist", "No record here has this identifier, or ever had.")
    return row


def _format(prefix: str) -> Format:
    found = FORMATS.get(prefix)
    if found is None:
        raise OaiError("cannotDisseminateFormat", f"The formats here are {', '.join(FORMATS)}.")
    return found


def _rendered_as(repository: Repository, format_: Format | None) -> tuple[str | None, str]:
    if format_ is None:
        return None, ""
    return format_.prefix, renderings.revision(format_, repository.base_url)


# ── Lists of records ─────────────────────────────────────────────────────────────────────────────


def _list(session: Session, repository: Repository, asked: Listing, *, now: datetime) -> bytes:
    if asked.after is not None and asked.prefix not in FORMATS:
        raise OaiError("badResumptionToken", "The format that this token was made for is no longer here.")
    format_ = _format(asked.prefix)
    part = _part(session, repository, asked)
    rows, more = _page(session, repository, asked, part, format_ if asked.bodies else None)
    size = asked.size
    if size is None:
        size = queries.records.count(session, of=part) if more else len(rows)
    last = rows[-1].change if more else None
    resumption = _resumption(repository, asked, last=last, sent=len(rows), size=size, now=now)
    if asked.bodies:
        items = _records(session, repository, rows, format_, within=asked.within)
    else:
        items = [_header(repository, row, asked.within) for row in rows]
    return envelope.listing(asked.verb, items, resumption)


def _part(session: Session, repository: Repository, asked: Listing) -> Part:
    """What the list is of. ``until`` is looked up for each page: what is stamped later, but within it, belongs too."""
    since, upto = 0, None
    if asked.since is not None:
        since = queries.records.change_before(session, moment=asked.since)
    if asked.until is not None:
        upto = queries.records.change_before(session, moment=asked.until, inclusive=True)
    return Part(since=since, upto=upto, within=asked.within, with_left=repository.deleted_on_leaving)


def _page(
    session: Session, repository: Repository, asked: Listing, part: Part, format_: Format | None
) -> tuple[Sequence[Row], bool]:
    """The rows of this page, one at least, and whether more follow. Raises OaiError noRecordsMatch."""
    prefix, revision = _rendered_as(repository, format_)
    size = repository.page_size
    rows = queries.records.page(
        session, of=part, after=asked.after or 0, limit=size + 1, prefix=prefix, revision=revision
    )
    if not rows and asked.after is not None:
        # All that was left has changed since the last page and is now later than ``until`` (or out of the set).
        # An empty list is not allowed and an error would void the harvest: the list ends with its last record again.
        rows = queries.records.page(session, of=part, after=0, limit=1, prefix=prefix, revision=revision, last=True)
    if not rows:
        raise OaiError("noRecordsMatch", "No record matches these arguments.")
    return rows[:size], len(rows) > size


def _resumption(
    repository: Repository,
    asked: Listing | ListSets,
    *,
    last: int | str | None,
    sent: int,
    size: int,
    now: datetime,
) -> bytes:
    """How a page ends: a token where more follows behind ``last``, an empty one after several pages, or nothing."""
    if last is not None:
        expires = protocol.expiry(now, repository.token_days)
        token = protocol.token(
            asked, after=last, sent=asked.cursor + sent, size=size, secret=repository.secret, expires=expires
        )
        return envelope.resumption(token, size=size, cursor=asked.cursor, expires=expires)
    if asked.after is not None:
        return envelope.resumption(None, size=size, cursor=asked.cursor)
    return b""


def _records(
    session: Session, repository: Repository, rows: Sequence[Row], format_: Format, *, within: str | None
) -> list[bytes]:
    """``<record>`` of each row; what is not rendered yet is rendered now, in one batch, and not kept."""
    gone = {row.resource_id for row in rows if row.deleted or row.left}
    missing = [row.resource_id for row in rows if row.content is None and row.resource_id not in gone]
    made: Mapping[int, bytes] = {}
    if missing:
        made = renderings.render(
            session, format_, missing, repository_id=repository.repository_id, base_url=repository.base_url
        )
    return [
        oai_record.record(
            _header(repository, row, within),
            None if row.resource_id in gone else row.content if row.content is not None else made[row.resource_id],
        )
        for row in rows
    ]


def _header(repository: Repository, row: Row, within: str | None) -> bytes:
    """The kept header; to the set that a record has left, a deleted one that names only this set."""
    if not row.left or within is None:
        return row.header
    name = identifiers.oai_identifier(repository.repository_id, row.public_id)
    return oai_record.header(name, row.stamp, [within], deleted=True)


# ── Sets ─────────────────────────────────────────────────────────────────────────────────────────

_UMBRELLA = {"ar": "المؤسسات", "fr": "Établissements", "en": "Institutions"}


def _list_sets(session: Session, repository: Repository, asked: ListSets, *, now: datetime) -> bytes:
    """The tree of institutions, parents before children, siblings by slug."""
    known = _sets(session, repository)
    if not known:
        raise OaiError("noSetHierarchy", "This repository has no sets yet.")
    rest = known if asked.after is None else [one for one in known if _place(one.spec) > _place(asked.after)]
    shown = (rest or known[-1:])[: repository.page_size]
    last = shown[-1].spec if len(rest) > len(shown) else None
    size = asked.size or len(known)
    return envelope.sets(shown, _resumption(repository, asked, last=last, sent=len(shown), size=size, now=now))


def _place(spec: str) -> list[str]:
    """Where a set stands in the tree: compared part by part, since ``-`` sorts before ``:``."""
    return spec.split(":")


def _sets(session: Session, repository: Repository) -> list[SetShown]:
    everyone = queries.institutions.everyone(session)
    slugs = {institution.id: institution.slug for institution in everyone}
    found = [
        SetShown(
            spec=memberships.institution_spec([slugs[above] for above in institution.ancestors] + [institution.slug]),
            name=institutions.name_in(institution, repository.language)[0],
            names=institution.names,
            descriptions=institution.descriptions,
        )
        for institution in everyone
    ]
    if found:
        name = _UMBRELLA.get(repository.language, _UMBRELLA["en"])
        found.append(SetShown(memberships.INSTITUTIONS, name, _UMBRELLA, {}))
    return sorted(found, key=lambda one: _place(one.spec))
