"""Announcements of institutions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from oer.models import Announcement


def by_public_id(session: Session, *, public_id: str) -> Announcement | None:
    return session.exec(select(Announcement).where(Announcement.public_id == public_id)).one_or_none()


def locked(session: Session, *, public_id: str) -> Announcement | None:
    """With its row held until the commit."""
    query = select(Announcement).where(Announcement.public_id == public_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def of_institution(
    session: Session,
    *,
    institution_id: int,
    state: str,
    now: datetime,
    before: tuple[bool, datetime, int] | None = None,
    limit: int,
) -> Sequence[Announcement]:
    """Those that are ``current``, ``past`` or ``scheduled`` now: pinned ones first, then the newest.

    ``before`` is (pinned, published, number) of the last one that was seen.
    """
    query = select(Announcement).where(Announcement.institution_id == institution_id, _is(state, now))
    pinned, published, number = (col(getattr(Announcement, name)) for name in ("pinned", "published", "id"))
    if before is not None:
        later = sa.or_(published < before[1], sa.and_(published == before[1], number < before[2]))
        # Behind the pinned ones come those that are not.
        behind = sa.or_(sa.and_(pinned.is_(True), later), pinned.is_(False))
        query = query.where(behind if before[0] else sa.and_(pinned.is_(False), later))
    return session.exec(query.order_by(pinned.desc(), published.desc(), number.desc()).limit(limit)).all()


def newest(
    session: Session, *, institution_id: int, now: datetime, before: tuple[datetime, int] | None = None, limit: int
) -> Sequence[Announcement]:
    """What is current now, pinned or not, the newest first, from behind (published, number)."""
    query = select(Announcement).where(Announcement.institution_id == institution_id, _is("current", now))
    published, number = col(Announcement.published), col(Announcement.id)
    if before is not None:
        query = query.where(sa.or_(published < before[0], sa.and_(published == before[0], number < before[1])))
    return session.exec(query.order_by(published.desc(), number.desc()).limit(limit)).all()


def _is(state: str, now: datetime) -> Any:
    published, until = col(Announcement.published), col(Announcement.until)
    if state == "scheduled":
        return published > now
    if state == "past":
        return sa.and_(published <= now, until <= now)
    return sa.and_(published <= now, sa.or_(until.is_(None), until > now))
