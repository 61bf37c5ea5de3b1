"""Formats rendered once: a projection kept by (resource, format) that follows the change clock.

Nobody waits for it. A page of records that meets one not yet rendered renders it on the spot (:func:`render`)
and writes nothing.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine
from sqlmodel import Session, col, select

from metadata import vocabularies
from metadata.crosswalks import FORMATS, Described, FileLink, Format
from metadata.record import Access, Record, Text
from oer import identifiers, queries, stored
from oer.db import is_sqlite, reading, transaction
from oer.errors import Unavailable
from oer.models import Institution, Projection, Rendering, Resource, Version, VersionFile

logger = logging.getLogger(__name__)

_BATCH = 200
_PROJECTION = "renderings-"


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
            record = Record.model_validate({})
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


def render(
    session: Session, format_: Format, resource_ids: Iterable[int], *, repository_id: str, base_url: str
) -> dict[int, bytes]:
    """The content of ``<metadata>`` for these resources, made now; nothing is written."""
    described = describe(session, resource_ids, repository_id=repository_id, base_url=base_url)
    return {resource_id: format_.dump(found) for resource_id, found in described.of.items()}


def catch_up(engine: Engine, *, repository_id: str, base_url: str, formats: Mapping[str, Format] = FORMATS) -> int:
    """Render one batch of what changed since the last; the number of records looked at, 0 when all is done.

    Unreadable records are passed over and logged, and keep no rendering (:func:`unrendered`). Killed anywhere it
    starts again at its last batch and doubles nothing.
    """
    name = _projection_name(base_url, formats)
    with reading(engine) as session:
        progress = session.get(Projection, name)
        changed = queries.records.changed(session, after=progress.change if progress else 0, limit=_BATCH)
        if not changed:
            return 0
        live = {record.resource_id: record.change for record in changed if not record.deleted}
        described = describe(session, live, repository_id=repository_id, base_url=base_url)
    rows = [
        {
            "resource_id": resource_id,
            "prefix": format_.prefix,
            "change": live[resource_id],
            "revision": revision(format_, base_url),
            "content": content,
        }
        for resource_id, found in described.of.items()
        if resource_id not in described.unreadable
        for format_ in formats.values()
        if (content := _dumped(format_, found)) is not None
    ]
    with transaction(engine) as session:
        insert = (sqlite if is_sqlite(session) else postgresql).insert
        if rows:
            statement = insert(Rendering).values(rows)
            news = {column: statement.excluded[column] for column in ("change", "revision", "content")}
            session.connection().execute(
                statement.on_conflict_do_update(
                    index_elements=["resource_id", "prefix"],
                    set_=news,
                    where=col(Rendering.change) <= statement.excluded["change"],  # a slower worker never takes it back
                )
            )
        # The progress of other addresses and revisions is void: these rows have replaced theirs.
        others = sa.and_(col(Projection.name).startswith(_PROJECTION), col(Projection.name) != name)
        session.connection().execute(sa.delete(Projection).where(others))
        session.merge(Projection(name=name, change=changed[-1].change))
    return len(changed)


def _dumped(format_: Format, found: Described) -> bytes | None:
    """The bytes, or None where a crosswalk fails: one record that trips it must not stop the projection for ever."""
    try:
        return format_.dump(found)
    except Exception:
        logger.exception("a record cannot be rendered", extra={"record": found.identifier, "format": format_.prefix})
        return None


def behind(session: Session, *, base_url: str, formats: Mapping[str, Format] = FORMATS) -> int:
    """How many changes the projection has still to follow."""
    progress = session.get(Projection, _projection_name(base_url, formats))
    return queries.records.clock(session).change - (progress.change if progress else 0)


def unrendered(session: Session, *, base_url: str, formats: Mapping[str, Format] = FORMATS) -> int:
    """How many live records the projection has passed and could not render: their stored text is damaged."""
    progress = session.get(Projection, _projection_name(base_url, formats))
    return queries.records.without_rendering(session, upto=progress.change if progress else 0)


def revision(format_: Format, base_url: str) -> str:
    """What a kept rendering depends on besides the record: crosswalk, our own address, the operator's labels."""
    return f"{format_.revision} {base_url} {vocabularies.overrides_digest()}".rstrip()


def _projection_name(base_url: str, formats: Mapping[str, Format]) -> str:
    """A new crosswalk revision or address is a new projection, which starts from the beginning."""
    made_from = " ".join(f"{prefix}={revision(format_, base_url)}" for prefix, format_ in sorted(formats.items()))
    return f"{_PROJECTION}{hashlib.sha256(made_from.encode()).hexdigest()[:16]}"
