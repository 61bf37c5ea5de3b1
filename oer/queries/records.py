"""What harvesters read: OAI records with rendered bytes, walked by ``change``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from oer.models import Clock, Identity, OaiRecord, OaiSet, Rendering, Resource, SetMember, Version, VersionFile


class Row(NamedTuple):
    """One record of a page. ``content`` is None where no current rendering is kept (or the record is deleted).

    ``left``: the record has left the set that is asked for, or (``unformatted``) the format; to this harvester it is
    deleted.
    """

    resource_id: int
    public_id: str
    change: int
    stamp: datetime
    deleted: bool
    header: bytes
    content: bytes | None
    left: bool
    unformatted: bool


class Facts(NamedTuple):
    """What sets ask of a resource: the stored record of its current version, and whether that has files."""

    record: str
    files: bool


def facts(session: Session, *, resource_ids: Sequence[int]) -> dict[int, Facts]:
    """Of their current versions."""
    files = sa.exists().where(col(VersionFile.version_id) == col(Version.id))
    query = (
        sa.select(Version.resource_id, Version.record, files)  # type: ignore[call-overload]
        .join(Resource, sa.and_(col(Version.resource_id) == Resource.id, col(Version.number) == Resource.number))
        .where(col(Version.resource_id).in_(resource_ids))
    )
    return {resource_id: Facts(record, bool(any_)) for resource_id, record, any_ in session.connection().execute(query)}


def set_ids(session: Session, *, specs: Sequence[str]) -> dict[str, int]:
    query = sa.select(OaiSet.spec, OaiSet.id).where(col(OaiSet.spec).in_(specs))  # type: ignore[call-overload]
    return {row.spec: row.id for row in session.connection().execute(query)}


def members_of(session: Session, *, resource_ids: Sequence[int]) -> dict[int, dict[int, bool]]:
    """Resource → set → whether it is in it still."""
    query = sa.select(SetMember.resource_id, SetMember.set_id, SetMember.present)  # type: ignore[call-overload]
    found: dict[int, dict[int, bool]] = {}
    for resource_id, set_id, present in session.connection().execute(
        query.where(col(SetMember.resource_id).in_(resource_ids))
    ):
        found.setdefault(resource_id, {})[set_id] = present
    return found


def specs_of(session: Session, *, resource_ids: Sequence[int]) -> dict[int, set[str]]:
    """Resource → what it is in, as harvesters were told."""
    query = sa.select(SetMember.resource_id, OaiSet.spec).join(OaiSet, col(OaiSet.id) == SetMember.set_id)  # type: ignore[call-overload]
    query = query.where(col(SetMember.resource_id).in_(resource_ids), col(SetMember.present))
    found: dict[int, set[str]] = {}
    for resource_id, spec in session.connection().execute(query):
        found.setdefault(resource_id, set()).add(spec)
    return found


def set_specs(session: Session, *, below: str) -> Sequence[str]:
    """The specs under a root, such as ``subject``, that anything was ever in, itself too."""
    narrowed = sa.or_(col(OaiSet.spec) == below, col(OaiSet.spec).startswith(f"{below}:", autoescape=True))
    return session.exec(select(OaiSet.spec).where(narrowed)).all()


def _columns(prefix: str | None, revision: str) -> tuple[Any, list[Any]]:
    """What to select a row from, and its columns in the order of :class:`Row` but for the last two."""
    columns: list[Any] = [
        OaiRecord.resource_id,
        Resource.public_id,
        OaiRecord.change,
        OaiRecord.stamp,
        OaiRecord.deleted,
        OaiRecord.header,
    ]
    tables: Any = sa.join(OaiRecord, Resource, col(Resource.id) == OaiRecord.resource_id)
    if prefix is None:
        return tables, [*columns, sa.null().label("content")]
    fresh = sa.and_(
        col(Rendering.resource_id) == OaiRecord.resource_id,
        col(Rendering.prefix) == prefix,
        col(Rendering.change) == OaiRecord.change,
        col(Rendering.revision) == revision,
    )
    return tables.outerjoin(Rendering, fresh), [*columns, col(Rendering.content)]


@dataclass(frozen=True, slots=True)
class Part:
    """Which records a list is of: ``since < change <= upto``, of the set ``within`` or of all.

    ``format_`` is the spec of a format that not every record has. ``with_left`` False leaves out what has left the
    set; what has left the format is always told.
    """

    since: int = 0
    upto: int | None = None
    within: str | None = None
    format_: str | None = None
    with_left: bool = True


def page(
    session: Session,
    *,
    of: Part,
    after: int,
    limit: int,
    prefix: str | None = None,
    revision: str = "",
    last: bool = False,
) -> Sequence[Row]:
    """Records of the list that follow the change ``after``, in that order; without ``prefix`` no bodies.

    ``last``: the end of the list instead, newest first. No OFFSET and nothing but the walked key in WHERE: every page
    costs what the first costs.
    """
    walk = _walk(of)
    tables, columns = _columns(prefix, revision)
    if walk.table is not OaiRecord:
        tables = tables.join(walk.table, walk.table.resource_id == OaiRecord.resource_id)
    if walk.also is not None:
        tables = tables.join(walk.also, walk.also.change == walk.order)
    query = sa.select(*columns, walk.left.label("left"), walk.unformatted.label("unformatted")).select_from(tables)
    query = query.where(*walk.narrowed, walk.order > after)
    query = query.order_by(walk.order.desc() if last else walk.order).limit(limit)
    return [Row._make(found) for found in session.connection().execute(query)]


def count(session: Session, *, of: Part) -> int:
    """How many records a whole list has; asked once, for its first page."""
    walk = _walk(of)
    tables = walk.table if walk.also is None else sa.join(walk.table, walk.also, walk.also.change == walk.order)
    query = sa.select(sa.func.count()).select_from(tables).where(*walk.narrowed)
    return int(session.connection().execute(query).scalar_one())


class _Walk(NamedTuple):
    """The table that a list is walked along and its column ``change``, a second set it must be in, the conditions,
    and what says that a record has left the set or the format.
    """

    table: Any
    order: Any
    also: Any
    narrowed: list[Any]
    left: Any
    unformatted: Any


def _walk(of: Part) -> _Walk:
    """A membership always bears its record's change: the key (set, change) is all that a set needs."""
    narrowed: list[Any] = []
    table: Any = OaiRecord
    also: Any = None
    left: Any = sa.false()
    unformatted: Any = sa.false()
    if of.within is not None:
        table = aliased(SetMember)
        narrowed.append(table.set_id == _set_id(of.within))
        left = sa.not_(table.present)
        if not of.with_left:
            narrowed.append(table.present)
    if of.format_ is not None:
        having: Any = aliased(SetMember)
        narrowed.append(having.set_id == _set_id(of.format_))
        unformatted = sa.not_(having.present)
        if of.within is None:
            table = having
        else:
            also = having
    order = col(table.change)
    narrowed += [order > of.since] if of.since else []
    narrowed += [order <= of.upto] if of.upto is not None else []
    return _Walk(table, order, also, narrowed, left, unformatted)


def _set_id(spec: str) -> Any:
    return sa.select(OaiSet.id).where(col(OaiSet.spec) == spec).scalar_subquery()  # type: ignore[call-overload]


def change_before(session: Session, *, moment: datetime, inclusive: bool = False) -> int:
    """The last change stamped before ``moment`` (or at it), 0 where there is none.

    Stamps never fall while changes rise, so this turns a bound in time into one on the key that lists walk by.
    """
    stamp = col(OaiRecord.stamp)
    query = (
        sa.select(OaiRecord.change)  # type: ignore[call-overload]
        .where(stamp <= moment if inclusive else stamp < moment)
        .order_by(stamp.desc(), col(OaiRecord.change).desc())
        .limit(1)
    )
    return int(session.connection().execute(query).scalar() or 0)


def one(
    session: Session, *, public_id: str, prefix: str | None = None, revision: str = "", format_: str | None = None
) -> Row | None:
    """The record of one resource, None where it was never published. ``format_`` as in :class:`Part`: ``content`` is
    what it is, and ``left`` tells that the record was never in that format.
    """
    tables, columns = _columns(prefix, revision)
    never: Any = sa.false()
    unformatted: Any = sa.false()
    if format_ is not None:
        having: Any = aliased(SetMember)
        same = sa.and_(having.set_id == _set_id(format_), having.change == OaiRecord.change)
        tables = tables.outerjoin(having, same)
        never, unformatted = having.change.is_(None), sa.not_(sa.func.coalesce(having.present, sa.false()))
    query = sa.select(*columns, never.label("left"), unformatted.label("unformatted")).select_from(tables)
    found = session.connection().execute(query.where(col(Resource.public_id) == public_id)).one_or_none()
    return None if found is None else Row._make(found)


def changed(session: Session, *, after: int, upto: int | None = None, limit: int) -> Sequence[OaiRecord]:
    """Records that changed behind ``after``, for projections that follow the clock."""
    query = select(OaiRecord).where(OaiRecord.change > after).order_by(col(OaiRecord.change)).limit(limit)
    return session.exec(query if upto is None else query.where(OaiRecord.change <= upto)).all()


def end(session: Session, *, after: int, limit: int) -> int | None:
    """The change of the last of the ``limit`` records that follow ``after``; None where there are none."""
    changes = sa.select(OaiRecord.change).where(col(OaiRecord.change) > after)  # type: ignore[call-overload]
    some = changes.order_by(col(OaiRecord.change)).limit(limit).subquery()
    found: int | None = session.connection().execute(sa.select(sa.func.max(some.c.change))).scalar_one()
    return found


def clock(session: Session) -> Clock:
    return session.exec(select(Clock).execution_options(populate_existing=True)).one()


def rendered_sizes(session: Session) -> dict[str, float]:
    """Format → bytes of one rendering on average."""
    query: Any = sa.select(Rendering.prefix, sa.func.avg(sa.func.length(Rendering.content)))  # type: ignore[call-overload]
    return {prefix: float(size) for prefix, size in session.connection().execute(query.group_by(Rendering.prefix))}


def changed_ids(session: Session, *, upto: int, limit: int) -> Sequence[int]:
    """Numbers of resources whose records last changed at ``upto`` or before, in that order."""
    query = select(OaiRecord.resource_id).where(OaiRecord.change <= upto).order_by(col(OaiRecord.change)).limit(limit)
    return session.exec(query).all()


def count_upto(session: Session, *, change: int) -> int:
    query = select(sa.func.count()).select_from(OaiRecord).where(col(OaiRecord.change) <= change)
    return session.exec(query).one()


def repository_id(session: Session) -> str:
    """The domain-like name in all OAI identifiers, as it was fixed."""
    return session.exec(select(Identity.repository_id)).one()


def earliest(session: Session) -> datetime | None:
    """The smallest datestamp of any record, deleted ones included."""
    return session.exec(select(OaiRecord.stamp).order_by(col(OaiRecord.stamp)).limit(1)).first()


def any_published(session: Session) -> bool:
    return session.exec(select(OaiRecord.resource_id).limit(1)).first() is not None


def without_rendering(session: Session, *, upto: int) -> int:
    """How many records that are not deleted, changed at ``upto`` or before, have no rendering of that change."""
    kept = sa.exists().where(
        col(Rendering.resource_id) == col(OaiRecord.resource_id), col(Rendering.change) == col(OaiRecord.change)
    )
    query = select(sa.func.count()).select_from(OaiRecord)
    return session.exec(query.where(col(OaiRecord.change) <= upto, col(OaiRecord.deleted).is_(False), ~kept)).one()
