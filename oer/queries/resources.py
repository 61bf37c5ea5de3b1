"""Resources, versions, drafts and their files."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from oer.models import Draft, DraftFile, Institution, OaiRecord, Resource, Review, Version, VersionFile
from oer.queries import reach as reaches
from oer.queries.reach import Reach
from oer.workflow import ResourceState


def by_public_id(session: Session, *, public_id: str) -> Resource | None:
    return session.exec(select(Resource).where(Resource.public_id == public_id)).one_or_none()


def shown(session: Session, *, public_id: str) -> tuple[Any, ...] | None:
    """Everything that may change in what is shown of a published resource, as one comparable row; None for others."""
    row = session.execute(_SHOWN, {"public_id": public_id}).first()
    return None if row is None else tuple(row)


def shown_of_many(session: Session, *, ids: Iterable[int]) -> dict[int, tuple[str, tuple[Any, ...]]]:
    """The same by resource, behind the public id."""
    rows = session.connection().execute(_SHOWN_OF_MANY, {"ids": list(ids)})
    return {row[2]: (row[1], tuple(row[2:])) for row in rows if row[0] == ResourceState.PUBLISHED}


_FROM: tuple[Any, ...] = (
    Resource.id,
    Resource.lock,
    Resource.number,
    *(sa.type_coerce(col(one), sa.Text) for one in (Resource.changed, Resource.published)),  # compared, never read
    Resource.access,
    Resource.available,
    Institution.slug,
    sa.cast(col(Institution.names), sa.Text),
)
_SHOWN = (
    select(*_FROM)
    .join(Institution, col(Institution.id) == Resource.institution_id)
    .where(Resource.public_id == sa.bindparam("public_id"), Resource.state == ResourceState.PUBLISHED)
)
# The state is looked at afterwards: SQLite would go through all that is published, by the index on it.
_SHOWN_OF_MANY = (
    select(Resource.state, Resource.public_id, *_FROM)
    .join(Institution, col(Institution.id) == Resource.institution_id)
    .where(col(Resource.id).in_(sa.bindparam("ids", expanding=True)))
)


def locked(session: Session, *, public_id: str) -> Resource | None:
    """The resource with its row held until the commit: every write to it or to its draft comes through here first.

    Rows that refer to it may be written meanwhile: a move of its institution does so.
    """
    query = select(Resource).where(Resource.public_id == public_id).with_for_update(key_share=True)
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def version(session: Session, *, resource_id: int, number: int) -> Version | None:
    return session.exec(
        select(Version).where(Version.resource_id == resource_id, Version.number == number)
    ).one_or_none()


def versions(session: Session, *, resource_id: int) -> Sequence[Version]:
    """All of a resource, the first one first. Their records, of up to a megabyte each, are read when asked for."""
    query = select(Version).where(Version.resource_id == resource_id).order_by(col(Version.number))
    return session.exec(query.options(orm.defer(Version.record))).all()  # type: ignore[arg-type]


def files(session: Session, *, version_id: int) -> Sequence[VersionFile]:
    query = select(VersionFile).where(VersionFile.version_id == version_id).order_by(col(VersionFile.position))
    return session.exec(query).all()


def files_of_many(session: Session, *, version_ids: Iterable[int]) -> dict[int, list[VersionFile]]:
    """Files by version id, each list in order; one query for a whole page."""
    query = (
        select(VersionFile)
        .where(col(VersionFile.version_id).in_(list(version_ids)))
        .order_by(col(VersionFile.version_id), col(VersionFile.position))
    )
    found: dict[int, list[VersionFile]] = {}
    for file in session.exec(query):
        found.setdefault(file.version_id, []).append(file)
    return found


def file(session: Session, *, version_id: int, name: str) -> VersionFile | None:
    query = select(VersionFile).where(VersionFile.version_id == version_id, VersionFile.name == name)
    return session.exec(query).one_or_none()


def draft(session: Session, *, resource_id: int) -> Draft | None:
    return session.exec(select(Draft).where(Draft.resource_id == resource_id)).one_or_none()


def draft_files(session: Session, *, draft_id: int) -> Sequence[DraftFile]:
    query = select(DraftFile).where(DraftFile.draft_id == draft_id).order_by(col(DraftFile.position), col(DraftFile.id))
    return session.exec(query).all()


def reviews(session: Session, *, resource_id: int) -> Sequence[Review]:
    return session.exec(select(Review).where(Review.resource_id == resource_id).order_by(col(Review.id))).all()


def published(
    session: Session, *, after: tuple[datetime, int] | None, within: str | None, limit: int
) -> Sequence[tuple[Resource, Version, Institution]]:
    """Published resources, newest publication first, from behind the key ``after`` = (published, id).

    ``within`` is the path of an institution: its branch of the tree only.
    """
    return session.exec(_newest(ResourceState.PUBLISHED, after=after, within=within, limit=limit)).all()


def published_by_id(
    session: Session, *, ids: Sequence[int], records: bool = True
) -> Sequence[tuple[Resource, Version, Institution]]:
    """Those of these that are published now, in the order of ``ids``; without ``records`` none of these is loaded."""
    query = (
        select(Resource, Version, Institution)
        .join(Version, sa.and_(col(Version.resource_id) == Resource.id, col(Version.number) == Resource.number))
        .join(Institution, col(Institution.id) == Resource.institution_id)
        .where(col(Resource.id).in_(list(ids)))
    )
    if not records:
        query = query.options(orm.defer(Version.record))  # type: ignore[arg-type]
    # As above, it is not the database that looks at the state.
    rows = {row[0].id or 0: row for row in session.exec(query) if row[0].state == ResourceState.PUBLISHED}
    return [rows[one] for one in ids if one in rows]


def concealed(
    session: Session,
    *,
    state: str,
    reach: Reach,
    after: tuple[datetime, int] | None,
    within: str | None,
    limit: int,
) -> Sequence[tuple[Resource, Version, Institution]]:
    """Hidden or withdrawn resources within reach, as :func:`published` lists the others."""
    query = _newest(state, after=after, within=within, limit=limit)
    return session.exec(query.where(reaches.condition(reach, author=col(Resource.author_id)))).all()


def _newest(
    state: str, *, after: tuple[datetime, int] | None, within: str | None, limit: int
) -> Select[Resource, Version, Institution]:
    query = (
        select(Resource, Version, Institution)
        .join(Version, sa.and_(col(Version.resource_id) == Resource.id, col(Version.number) == Resource.number))
        .join(Institution, col(Institution.id) == Resource.institution_id)
        .where(Resource.state == state)
        .order_by(col(Resource.published).desc(), col(Resource.id).desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(sa.tuple_(col(Resource.published), col(Resource.id)) < sa.tuple_(*after))
    if within is not None:
        query = query.where(col(Institution.path).startswith(within, autoescape=True))
    return query


def embargo_ends(session: Session, *, today: date, limit: int) -> Sequence[Resource]:
    """Published resources whose files have become open by ``today`` and that still say embargoed.

    Their rows are held until the commit; those that somebody else holds, to withdraw them perhaps, are passed over.
    """
    query = (
        select(Resource)
        .where(
            Resource.state == ResourceState.PUBLISHED,
            Resource.access == "embargoed",
            col(Resource.available) <= today,
        )
        .order_by(col(Resource.id))
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return session.exec(query.execution_options(populate_existing=True)).all()


def exposed(
    session: Session, *, within: str | None = None, institution_id: int | None = None, after: int, limit: int
) -> Sequence[tuple[Resource, Institution]]:
    """What the world sees, or sees as deleted, by the number of the resource, from behind ``after``.

    ``within`` is the path of a branch; ``institution_id`` means this institution alone.
    """
    query = (
        select(Resource, Institution)
        .join(Institution, col(Institution.id) == Resource.institution_id)
        .where(Resource.state != ResourceState.UNPUBLISHED, col(Resource.id) > after)
        .order_by(col(Resource.id))
        .limit(limit)
    )
    if within is not None:
        query = query.where(col(Institution.path).startswith(within, autoescape=True))
    if institution_id is not None:
        query = query.where(Resource.institution_id == institution_id)
    return session.exec(query.execution_options(populate_existing=True)).all()


def exposed_locked(session: Session, *, resource_ids: Iterable[int]) -> Sequence[Resource]:
    """Those of these that the world sees, or sees as deleted, held as by :func:`locked`, in one order for everybody."""
    query = select(Resource).where(
        Resource.state != ResourceState.UNPUBLISHED, col(Resource.id).in_(list(resource_ids))
    )
    query = query.order_by(col(Resource.id)).with_for_update(key_share=True)
    return session.exec(query.execution_options(populate_existing=True)).all()


def exposed_ids(
    session: Session,
    *,
    after: int,
    within: str | None = None,
    institution_id: int | None = None,
    upto: int | None = None,
    limit: int,
) -> Sequence[int]:
    """Numbers behind ``after`` of what the world sees, or sees as deleted; places as for :func:`exposed`.

    ``upto``: only what has not been shown again since this change.
    """
    query = select(Resource.id).where(Resource.state != ResourceState.UNPUBLISHED, col(Resource.id) > after)
    if within is not None:
        query = query.join(Institution, col(Institution.id) == Resource.institution_id)
        query = query.where(col(Institution.path).startswith(within, autoescape=True))
    if institution_id is not None:
        query = query.where(Resource.institution_id == institution_id)
    if upto is not None:
        query = query.join(OaiRecord, col(OaiRecord.resource_id) == Resource.id).where(OaiRecord.change <= upto)
    return [one for one in session.exec(query.order_by(col(Resource.id)).limit(limit)) if one is not None]


def counts_by_state(session: Session) -> dict[str, int]:
    return dict(session.exec(select(Resource.state, sa.func.count()).group_by(Resource.state)).all())


def withdrawn(session: Session) -> Sequence[Resource]:
    query = select(Resource).where(Resource.state == ResourceState.WITHDRAWN).order_by(col(Resource.id))
    return session.exec(query).all()
