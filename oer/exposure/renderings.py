"""Formats rendered once: a projection kept by (resource, format) that follows the change clock.

What is kept is all that follows a record's header: ``<metadata>`` in the format, and ``<about>`` with the licence of
the description (:class:`Issuer`).

Nobody waits for it. A page of records that meets one not yet rendered renders it on the spot (:func:`render`)
and writes nothing.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from metadata import oai_record, vocabularies
from metadata.crosswalks import FORMATS, Described, FileLink, Format
from metadata.record import Access, Record, Text
from oer import identifiers, queries, stored
from oer.db import is_sqlite, reading, transaction
from oer.errors import Unavailable
from oer.models import Institution, Projection, Rendering, Resource, Version, VersionFile
from oer.settings import Settings

logger = logging.getLogger(__name__)

BATCH = 200
"""Records rendered in one transaction."""

_PROJECTION = "renderings-"
_UNSTAMPED = "unstamped"
_EMPTY = Record.model_validate({})


@dataclass(frozen=True, slots=True)
class Issuer:
    """What renderings depend on besides the records. ``licence`` is the URI of the one that all descriptions are under;
    empty: each is under that of its resource.
    """

    repository_id: str
    base_url: str
    licence: str = ""


def issuer_of(settings: Settings, repository_id: str) -> Issuer:
    return Issuer(repository_id, settings.base_url, settings.oai_metadata_licence)


def landing_url(base_url: str, public_id: str) -> str:
    """Where a person finds the resource."""
    return f"{base_url}/resources/{public_id}"


def file_url(base_url: str, public_id: str, name: str) -> str:
    """Where anybody downloads a file of the current version."""
    return f"{base_url}/api/resources/{public_id}/files/{quote(name, safe='')}"


@dataclass(frozen=True, slots=True)
class Descriptions:
    """What crosswalks need of some resources, by id. ``unreadable``: described by their identifier and address alone,
    since the stored record is damaged; one such record must never keep harvesters from all the others.
    """

    of: dict[int, Described]
    unreadable: frozenset[int]


def describe(session: Session, resource_ids: Iterable[int], *, repository_id: str, base_url: str) -> Descriptions:
    """What crosswalks need of the current versions of these resources, in two queries."""
    query = (
        select(Resource, Version, Institution)
        .join(Version, sa.and_(col(Version.resource_id) == Resource.id, col(Version.number) == Resource.number))
        .join(Institution, col(Institution.id) == Resource.institution_id)
        .where(col(Resource.id).in_(list(resource_ids)))
    )
    rows = session.exec(query).all()
    files = queries.resources.files_of_many(session, version_ids=[version.id or 0 for _, version, _ in rows])
    described = {}
    unreadable = set()
    for resource, version, institution in rows:
        try:
            record = stored.record_of(resource, version)
        except Unavailable:
            record = _EMPTY
            unreadable.add(resource.id or 0)
        described[resource.id or 0] = Described(
            identifier=identifiers.oai_identifier(repository_id, resource.public_id),
            url=landing_url(base_url, resource.public_id),
            record=_as_of_now(resource, record),
            institution=tuple(Text(value=name, lang=lang) for lang, name in sorted(institution.names.items())),
            published=version.published,
            version=version.number,
            files=_links(resource, base_url, files.get(version.id or 0, [])),
        )
    return Descriptions(described, frozenset(unreadable))


def _links(resource: Resource, base_url: str, files: Sequence[VersionFile]) -> tuple[FileLink, ...]:
    """Files that anybody may download; links to others would only lead harvesters to a refusal."""
    return tuple(
        FileLink(
            url=file_url(base_url, resource.public_id, file.name),
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            sha256=file.key,
        )
        for file in files
        if resource.access == "open"
    )


def _as_of_now(resource: Resource, record: Record) -> Record:
    """The record, open where its embargo has ended since it was written (``publishing.lift_embargoes``)."""
    ended = record.access.kind == "embargoed" and resource.access == "open"
    return record.model_copy(update={"access": Access(kind="open")}) if ended else record


def render(session: Session, format_: Format, resource_ids: Iterable[int], *, issuer: Issuer) -> dict[int, bytes]:
    """What follows the headers of these resources, made now; nothing is written.

    A record that trips the crosswalk is told by its identifier and address alone, as a damaged one is.
    """
    described = describe(session, resource_ids, repository_id=issuer.repository_id, base_url=issuer.base_url)
    return {
        resource_id: _dumped(format_, found, issuer) or _body(format_, replace(found, record=_EMPTY), issuer)
        for resource_id, found in described.of.items()
    }


def _body(format_: Format, found: Described, issuer: Issuer) -> bytes:
    licence = issuer.licence or found.record.licence
    return oai_record.body(format_.dump(found), [oai_record.rights(licence)] if licence else [])


@dataclass(frozen=True, slots=True)
class Batch:
    """``count`` records looked at, the last with the change ``last``, and what was rendered of them as rows."""

    count: int
    last: int
    rows: Sequence[Mapping[str, Any]]


def catch_up(engine: Engine, issuer: Issuer, *, formats: Mapping[str, Format] = FORMATS) -> int:
    """Render one batch of what changed since the last; the number of records looked at, 0 when all is done.

    Unreadable records are passed over and logged, and keep no rendering (:func:`unrendered`). Killed anywhere it
    starts again at its last batch and doubles nothing.
    """
    with reading(engine) as session:
        after = progress(session, issuer, formats=formats)
    batch = made(engine, issuer, after=after, formats=formats)
    if batch is None:
        return 0
    keep(engine, issuer, batch, formats=formats)
    return batch.count


def made(
    engine: Engine, issuer: Issuer, *, after: int, upto: int | None = None, formats: Mapping[str, Format] = FORMATS
) -> Batch | None:
    """The next batch behind the change ``after``, not yet written; None where nothing follows (up to ``upto``)."""
    with reading(engine) as session:
        changed = queries.records.changed(session, after=after, upto=upto, limit=BATCH)
        if not changed:
            return None
        live = {record.resource_id: record.change for record in changed if not record.deleted}
        described = describe(session, live, repository_id=issuer.repository_id, base_url=issuer.base_url)
    revisions = {format_.prefix: revision(format_, issuer) for format_ in formats.values()}
    rows = [
        {
            "resource_id": resource_id,
            "prefix": format_.prefix,
            "change": live[resource_id],
            "revision": revisions[format_.prefix],
            "content": content,
        }
        for resource_id, found in described.of.items()
        if resource_id not in described.unreadable
        for format_ in formats.values()
        if not format_.needs_files or found.files
        if (content := _dumped(format_, found, issuer)) is not None
    ]
    return Batch(len(changed), changed[-1].change, rows)


def keep(engine: Engine, issuer: Issuer, batch: Batch, *, formats: Mapping[str, Format] = FORMATS) -> None:
    """Write a batch and how far the projection has come. Everything before it must be written already."""
    name = _projection_name(issuer, formats)
    with transaction(engine) as session:
        insert = (sqlite if is_sqlite(session) else postgresql).insert
        if batch.rows:
            statement = insert(Rendering)
            news = {column: statement.excluded[column] for column in ("change", "revision", "content")}
            # Rows beside the statement, not in it: with their values it would be compiled anew each time.
            session.connection().execute(
                statement.on_conflict_do_update(
                    index_elements=["resource_id", "prefix"],
                    set_=news,
                    where=col(Rendering.change) <= statement.excluded["change"],  # a slower worker never takes it back
                ),
                batch.rows,
            )
        _begin(session, name)
        session.merge(Projection(name=name, change=batch.last))


def _begin(session: Session, name: str) -> None:
    """Void the progress under other addresses and revisions: these rows replace theirs. What harvesters were given in
    a format that has changed since is noted, for :func:`unstamped`.
    """
    others = session.exec(
        select(Projection).where(col(Projection.name).startswith(_PROJECTION), col(Projection.name) != name)
    ).all()
    now = _made_from(name)
    for other in others:
        before = _made_from(other.name)
        if any(now[prefix] != before[prefix] for prefix in now.keys() & before.keys()):
            noted = session.get(Projection, _UNSTAMPED) or Projection(name=_UNSTAMPED)
            # Not what the other had come to: what followed was rendered as it was asked for.
            noted.change = queries.records.clock(session).change
            session.add(noted)
        session.delete(other)


def _made_from(name: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in name.removeprefix(_PROJECTION).split())
    return {prefix: digest for prefix, _, digest in pairs}


def unstamped(session: Session) -> int:
    """The last change whose records may show something else now than when they were stamped; 0 where all is told.

    A crosswalk, an address, a label has changed: a datestamp must cover it (``oer oai render``).
    """
    noted = session.get(Projection, _UNSTAMPED)
    return noted.change if noted else 0


def all_stamped(session: Session) -> None:
    """Every record noted by :func:`unstamped` has been shown again."""
    session.connection().execute(sa.delete(Projection).where(col(Projection.name) == _UNSTAMPED))


def _dumped(format_: Format, found: Described, issuer: Issuer) -> bytes | None:
    """The bytes, or None where a crosswalk fails: one record that trips it must not stop the projection for ever."""
    try:
        return _body(format_, found, issuer)
    except Exception:
        logger.exception("a record cannot be rendered", extra={"record": found.identifier, "format": format_.prefix})
        return None


def progress(session: Session, issuer: Issuer, *, formats: Mapping[str, Format] = FORMATS) -> int:
    """The change up to which everything has been rendered."""
    found = session.get(Projection, _projection_name(issuer, formats))
    return found.change if found else 0


def behind(session: Session, issuer: Issuer, *, formats: Mapping[str, Format] = FORMATS) -> int:
    """How many changes the projection has still to follow."""
    return queries.records.clock(session).change - progress(session, issuer, formats=formats)


def unrendered(session: Session, issuer: Issuer, *, formats: Mapping[str, Format] = FORMATS) -> int:
    """How many live records the projection has passed and could not render: their stored text is damaged."""
    return queries.records.without_rendering(session, upto=progress(session, issuer, formats=formats))


def revision(format_: Format, issuer: Issuer) -> str:
    """What a kept rendering depends on besides the record: crosswalk, issuer, the terms and labels in use."""
    return f"{format_.revision} {issuer.base_url} {issuer.licence} {vocabularies.digest()}"


def _projection_name(issuer: Issuer, formats: Mapping[str, Format]) -> str:
    """A new crosswalk revision or address is a new projection, which starts from the beginning."""
    digests = {prefix: hashlib.sha256(revision(one, issuer).encode()).hexdigest() for prefix, one in formats.items()}
    return _PROJECTION + " ".join(f"{prefix}={digest[:12]}" for prefix, digest in sorted(digests.items()))
