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

from harvest import descriptions, envelope, protocol, sets
from harvest.answers import Answer, Packed
from harvest.descriptions import Policies
from harvest.protocol import GetRecord, Identify, Listing, ListMetadataFormats, ListSets, OaiError, Pairs, Request
from metadata import oai_record
from metadata.crosswalks import FORMATS, Format
from oer import identifiers, queries
from oer.db import reading
from oer.errors import Full, Unavailable
from oer.exposure import clock, memberships, renderings
from oer.exposure.renderings import Issuer
from oer.installation import Installation
from oer.queries.records import Part, Row

logger = logging.getLogger(__name__)

_ANY = 1_000_000
_SAMPLE = "7k3v9qm2xd"  # for Identify: what a local identifier looks like


@dataclass(frozen=True, slots=True)
class Repository:
    """What answers need to know of the repository.

    ``language`` is that of set names, ``token_days`` how long a token is valid, ``compression`` what the door does
    besides ``identity``. With ``deleted_on_leaving`` a record that has left a set shows as deleted to those who
    harvest the set; partners who merge overlapping sets want that off.
    """

    name: str
    issuer: Issuer
    admin_emails: Sequence[str]
    secret: bytes = field(repr=False)
    language: str = "ar"
    page_size: int = 100
    token_days: int = 7
    compression: Sequence[str] = ()
    deleted_on_leaving: bool = True
    policies: Policies = field(default_factory=Policies)
    friends: Sequence[str] = ()
    icon: str = ""

    @property
    def endpoint(self) -> str:
        return f"{self.issuer.base_url}/oai"

    @property
    def repository_id(self) -> str:
        return self.issuer.repository_id


def repository_of(installation: Installation, *, compression: Sequence[str] = ()) -> Repository:
    """The repository that an installation's settings describe."""
    settings = installation.settings
    return Repository(
        name=settings.name(),
        issuer=installation.issuer,
        admin_emails=(settings.admin_email,),
        secret=installation.secret,
        language=settings.languages[0],
        page_size=settings.oai_page_size,
        token_days=settings.oai_token_days,
        compression=compression,
        deleted_on_leaving=settings.oai_deleted_on_leaving,
        policies=Policies(
            settings.oai_content,
            settings.oai_metadata_policy,
            settings.oai_data_policy,
            settings.oai_submission_policy,
        ),
        friends=settings.oai_friends,
        icon=settings.oai_icon,
    )


def respond(engine: Engine, repository: Repository, pairs: Pairs, *, now: datetime) -> bytes:
    """The plain document of :func:`answer`."""
    return answer(engine, repository, pairs, now=now).plain()


def answer(engine: Engine, repository: Repository, pairs: Pairs, *, now: datetime) -> Answer:
    """The answer to one request, protocol errors included; always HTTP 200 and ``text/xml``.

    ``pairs`` are the raw arguments in any order (:func:`harvest.protocol.form_pairs`). Raises only what the
    database raises: Unavailable, which a door answers with 503 and Retry-After.
    """
    given = list(pairs)
    echoed, asked = _asked(repository, given, now=now)
    if isinstance(asked, Listing) and (found := _packed(engine, repository, asked, echoed, now=now)):
        return found
    if not any(name == b"resumptionToken" for name, _ in given):
        _freshen(engine, now=now)
    with reading(engine) as session:
        stamp = queries.records.clock(session).stamp
        try:
            if isinstance(asked, OaiError):
                raise asked
            body = _body(session, repository, asked, now=now)
        except OaiError as error:
            body = envelope.error(error.code, error.message)
    return Answer(envelope.response(stamp, repository.endpoint, echoed, body))


def packed(engine: Engine, repository: Repository, pairs: Pairs, *, now: datetime) -> Answer | None:
    """The answer where it is a page that is packed as it stands, else None. One short statement; nothing is written."""
    echoed, asked = _asked(repository, list(pairs), now=now)
    return _packed(engine, repository, asked, echoed, now=now) if isinstance(asked, Listing) else None


def _asked(
    repository: Repository, pairs: Sequence[tuple[bytes, bytes]], *, now: datetime
) -> tuple[Mapping[str, str], Request | OaiError]:
    """The arguments that an answer echoes, and what they ask for or what is wrong with them."""
    echoed: Mapping[str, str] = {}
    try:
        echoed = protocol.arguments(pairs)
        return echoed, protocol.request(echoed, secret=repository.secret, now=now)
    except OaiError as error:
        return echoed, error


def _packed(
    engine: Engine, repository: Repository, asked: Listing, echoed: Mapping[str, str], *, now: datetime
) -> Answer | None:
    """A page from within the whole list, where it is packed as it stands; a hundred times as fast as row by row.

    First pages are not: they count, and move the clock's stamp.
    """
    format_ = FORMATS.get(asked.prefix)
    if format_ is None or format_.needs_files or not _whole(asked) or asked.after is None or asked.size is None:
        return None
    revision = renderings.revision(format_, repository.issuer)
    after = max(asked.after, 0)
    found = queries.blocks.following(engine, prefix=format_.prefix, revision=revision, after=after)
    if found is None or found.first <= after or found.left != found.records or found.records > repository.page_size:
        return None
    last = found.last if found.more else None
    resumption = _resumption(repository, asked, last=last, sent=found.records, size=asked.size, now=now)
    stamp = f"{found.stamp[:10]}T{found.stamp[11:]}Z"
    head, tail = envelope.around(asked.verb, envelope.opening(stamp, repository.endpoint, echoed), resumption)
    return Answer(head, (Packed(found.content, found.size, found.crc),), tail)


def _whole(asked: Listing) -> bool:
    """Whether the list goes on to the end of everything, as packed ones do."""
    return asked.bodies and asked.within is None and asked.until is None


def _freshen(engine: Engine, *, now: datetime) -> None:
    """Move the clock's stamp to now where it is free. A full disk or a replica must not keep anybody from reading."""
    with reading(engine) as session:
        seen = queries.records.clock(session).stamp
    try:
        clock.refresh(engine, now=now, seen=seen)
    except (Full, Unavailable) as error:
        logger.debug("the clock's stamp stays for now: %s", error)


def _body(session: Session, repository: Repository, asked: Request, *, now: datetime) -> bytes:
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
        compression=repository.compression,
        descriptions=descriptions.everything(
            name=repository.name,
            base_url=repository.issuer.base_url,
            repository_id=repository.repository_id,
            sample_id=identifiers.oai_identifier(repository.repository_id, _SAMPLE),
            policies=repository.policies,
            friendly=repository.friends,
            icon=repository.icon,
            licence=repository.issuer.licence,
        ),
    )


# ── Single records ───────────────────────────────────────────────────────────────────────────────


def _list_formats(session: Session, repository: Repository, asked: ListMetadataFormats) -> bytes:
    """All formats, or those that a record is in."""
    if asked.identifier is None:
        return envelope.metadata_formats(FORMATS.values())
    shown = []
    for format_ in FORMATS.values():
        row = _known(session, repository, asked.identifier, format_=format_)
        if not row.left:
            shown.append(format_)
    return envelope.metadata_formats(shown)


def _get(session: Session, repository: Repository, asked: GetRecord) -> bytes:
    row = _known(session, repository, asked.identifier, format_=FORMATS.get(asked.prefix))
    format_ = _format(asked.prefix)
    if row.left:
        raise OaiError("cannotDisseminateFormat", f"This record is not in {asked.prefix}.")
    return envelope.listing("GetRecord", _records(session, repository, [row], format_, within=None))


def _known(session: Session, repository: Repository, identifier: str, *, format_: Format | None) -> Row:
    """The record of this OAI identifier. Raises OaiError idDoesNotExist."""
    public_id = identifiers.local_part(repository.repository_id, identifier)
    prefix, revision = _rendered_as(repository, format_)
    row = public_id and queries.records.one(
        session, public_id=public_id, prefix=prefix, revision=revision, format_=_kept_as(format_)
    )
    if not row:
        raise OaiError("idDoesNotExist", "No record here has this identifier, or ever had.")
    return row


def _kept_as(format_: Format | None) -> str | None:
    """The spec under which membership in the format is kept, where not every record has it."""
    return memberships.format_spec(format_.prefix) if format_ and format_.needs_files else None


def _format(prefix: str) -> Format:
    found = FORMATS.get(prefix)
    if found is None:
        raise OaiError("cannotDisseminateFormat", f"The formats here are {', '.join(FORMATS)}.")
    return found


def _rendered_as(repository: Repository, format_: Format | None) -> tuple[str | None, str]:
    if format_ is None:
        return None, ""
    return format_.prefix, renderings.revision(format_, repository.issuer)


# ── Lists of records ─────────────────────────────────────────────────────────────────────────────


def _list(session: Session, repository: Repository, asked: Listing, *, now: datetime) -> bytes:
    if asked.after is not None and asked.prefix not in FORMATS:
        raise OaiError("badResumptionToken", "The format that this token was made for is no longer here.")
    format_ = _format(asked.prefix)
    part = _part(session, repository, asked, format_)
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


def _part(session: Session, repository: Repository, asked: Listing, format_: Format) -> Part:
    """What the list is of. ``until`` is looked up for each page: what is stamped later, but within it, belongs too."""
    since, upto = 0, None
    if asked.since is not None:
        since = queries.records.change_before(session, moment=asked.since)
    if asked.until is not None:
        upto = queries.records.change_before(session, moment=asked.until, inclusive=True)
    return Part(
        since=since,
        upto=upto,
        within=asked.within,
        format_=_kept_as(format_),
        with_left=repository.deleted_on_leaving,
    )


def _page(
    session: Session, repository: Repository, asked: Listing, part: Part, format_: Format | None
) -> tuple[Sequence[Row], bool]:
    """The rows of this page, one at least, and whether more follow. Raises OaiError noRecordsMatch."""
    prefix, revision = _rendered_as(repository, format_)
    size = repository.page_size
    after = asked.after or 0
    rows = queries.records.page(session, of=part, after=after, limit=size + 1, prefix=prefix, revision=revision)
    if not rows and asked.after is not None:
        # All that was left has changed since the last page and is now later than ``until`` (or out of the set).
        # An empty list is not allowed and an error would void the harvest: the list ends with its last record again.
        rows = queries.records.page(session, of=part, after=0, limit=1, prefix=prefix, revision=revision, last=True)
    if not rows:
        raise OaiError("noRecordsMatch", "No record matches these arguments.")
    shown = rows[:size]
    if prefix is not None and _whole(asked):
        shown = _to_the_edge(session, shown, prefix, after=max(after, part.since))
    return shown, len(rows) > len(shown)


def _to_the_edge(session: Session, rows: Sequence[Row], prefix: str, *, after: int) -> Sequence[Row]:
    """The rows as far as a packed block ends, so that the pages behind this one can be packed ones."""
    edge = queries.blocks.next_edge(session, prefix=prefix, behind=after)
    return [row for row in rows if row.change <= edge] or rows if edge else rows


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
    gone = {row.resource_id for row in rows if row.deleted or row.left or row.unformatted}
    missing = [row.resource_id for row in rows if row.content is None and row.resource_id not in gone]
    made: Mapping[int, bytes] = {}
    if missing:
        made = renderings.render(session, format_, missing, issuer=repository.issuer)
    return [
        oai_record.record(
            _header(repository, row, within),
            b"" if row.resource_id in gone else row.content if row.content is not None else made[row.resource_id],
        )
        for row in rows
    ]


def _header(repository: Repository, row: Row, within: str | None) -> bytes:
    """The kept header; to the set that a record has left, a deleted one that names only this set."""
    name = identifiers.oai_identifier(repository.repository_id, row.public_id)
    if row.left and within is not None:
        return oai_record.header(name, row.stamp, [within], deleted=True)
    if row.unformatted:
        return oai_record.as_deleted(row.header)
    return row.header


# ── Sets ─────────────────────────────────────────────────────────────────────────────────────────


def _list_sets(session: Session, repository: Repository, asked: ListSets, *, now: datetime) -> bytes:
    """Sets in the order of the alphabet, parents before children; the last one again where all behind it have gone."""
    limit, language = repository.page_size, repository.language
    found = sets.after(session, asked.after, language=language, limit=limit + 1)
    if not found and asked.after is not None:
        found = sets.after(session, None, language=language, limit=_ANY)[-1:]
    if not found:
        raise OaiError("noSetHierarchy", "This repository has no sets yet.")
    shown, last = found[:limit], found[limit - 1].spec if len(found) > limit else None
    size = asked.size
    if size is None:
        size = sets.count(session, language=language) if last else len(shown)
    return envelope.sets(shown, _resumption(repository, asked, last=last, sent=len(shown), size=size, now=now))
