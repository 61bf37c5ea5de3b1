"""What harvesters read: OAI records with rendered bytes, walked by ``change``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from oer.models import Clock, OaiRecord, Rendering, Resource, SetMember


class Row(NamedTuple):
    """One record of a page. ``content`` is None where no current rendering is kept (or the record is deleted).

    ``left``: the record has left the set that is asked for; to this harvester it is deleted.
    """

    resource_id: int
    public_id: str
    change: int
    stamp: datetime
    deleted: bool
    header: bytes
    content: bytes | None
    left: bool


def _columns(prefix: str | None, revision: str) -> tuple[Any, list[Any]]:
    """What to select a row from, and its columns in the order of :class:`Row` but for the last, ``left``."""
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

    ``with_left`` False leaves out what has left the set.
    """

    since: int = 0
    upto: int | None = None
    within: str | None = None
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
    tables, columns = _columns(prefix, revision)
    order, narrowed = _walk(of)
    if of.within is None:
        query = sa.select(*columns, sa.false().label("left")).select_from(tables)
    else:
        members = tables.join(SetMember, col(SetMember.resource_id) == OaiRecord.resource_id)
        query = sa.select(*columns, sa.not_(col(SetMember.present)).label("left")).select_from(members)
    query = query.where(*narrowed, order > after).order_by(order.desc() if last else order).limit(limit)
    return [Row._make(found) for found in session.connection().execute(query)]


def count(session: Session, *, of: Part) -> int:
    """How many records a whole list has; asked once, for its first page."""
    _, narrowed = _walk(of)
    table = OaiRecord if of.within is None else SetMember
    query = sa.select(sa.func.count()).select_from(table).where(*narrowed)
    return int(session.connection().execute(query).scalar_one())


def _walk(of: Part) -> tuple[Any, list[Any]]:
    """The column that a list is walked by, and its conditions.

    A membership always bears its record's change: the index (spec, change) is all that a set needs.
    """
    order = col(OaiRecord.change) if of.within is None else col(SetMember.change)
    narrowed: list[Any] = [order > of.since] if of.since else []
    if of.upto is not None:
        narrowed.append(order <= of.upto)
    if of.within is not None:
        narrowed.append(col(SetMember.spec) == of.within)
        if not of.with_left:
            narrowed.append(col(SetMember.present))
    return order, narrowed


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


def one(session: Session, *, public_id: str, prefix: str | None = None, revision: str = "") -> Row | None:
    """The record of one resource, None where it was never published."""
    tables, columns = _columns(prefix, revision)
    query = (
        sa.select(*columns, sa.false().label("left")).select_from(tables).where(col(Resource.public_id) == public_id)
    )
    found = session.connection().execute(query).one_or_none()
    return None if found is None else Row._make(found)


def changed(session: Session, *, after: int, limit: int) -> Sequence[OaiRecord]:
    """Records that changed behind ``after``, for projections that follow the clock."""
    query = select(OaiRecord).where(OaiRecord.change > after).order_by(col(OaiRecord.change)).limit(limit)
    return session.exec(query).all()


def clock(session: Session) -> Clock:
    return session.exec(select(Clock).execution_options(populate_existing=True)).one()


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
