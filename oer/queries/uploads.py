"""Uploads under way, and how many bytes drafts take."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from oer.models import Draft, DraftFile, Institution, Person, Resource, Upload


def locked(session: Session, *, upload_id: str) -> Upload | None:
    query = select(Upload).where(Upload.id == upload_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def target(session: Session, *, draft_id: int) -> tuple[Draft, Resource, Institution] | None:
    """A draft with its resource and institution; no row is held."""
    query = (
        select(Draft, Resource, Institution)
        .join(Resource, col(Resource.id) == Draft.resource_id)
        .join(Institution, col(Institution.id) == Resource.institution_id)
        .where(Draft.id == draft_id)
    )
    return session.exec(query).one_or_none()


def unfinished(
    session: Session, *, person_id: int, now: datetime, after: tuple[datetime, str] | None, limit: int
) -> Sequence[tuple[Upload, Resource]]:
    """A person's uploads that can go on, with the resources they are for, the newest first from behind ``after``."""
    query = (
        select(Upload, Resource)
        .join(Draft, col(Draft.id) == Upload.draft_id)
        .join(Resource, col(Resource.id) == Draft.resource_id)
        .where(Upload.person_id == person_id, col(Upload.key).is_(None), Upload.expires > now)
        .order_by(col(Upload.created).desc(), col(Upload.id).desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(sa.tuple_(col(Upload.created), col(Upload.id)) < sa.tuple_(*after))
    return session.exec(query).all()


def bytes_of_person(session: Session, *, person_id: int, now: datetime) -> int:
    """What the drafts of an author hold, and what was announced to come to them."""
    return _bytes(session, col(Draft.author_id) == person_id, now)


def bytes_in_institution(session: Session, *, institution_id: int, now: datetime) -> int:
    return _bytes(session, col(Resource.institution_id) == institution_id, now)


def _bytes(session: Session, whose: sa.ColumnElement[bool], now: datetime) -> int:
    attached = (
        select(sa.func.coalesce(sa.func.sum(DraftFile.size), 0))
        .join(Draft, col(Draft.id) == DraftFile.draft_id)
        .join(Resource, col(Resource.id) == Draft.resource_id)
        .where(whose)
    )
    awaited = (
        select(sa.func.coalesce(sa.func.sum(Upload.size), 0))
        .join(Draft, col(Draft.id) == Upload.draft_id)
        .join(Resource, col(Resource.id) == Draft.resource_id)
        .where(whose, col(Upload.key).is_(None), Upload.expires > now)
    )
    # PostgreSQL sums big integers as decimals.
    return int(session.exec(attached).one()) + int(session.exec(awaited).one())


def hold_quotas(session: Session, *, institution_id: int, person_id: int | None) -> None:
    """Let whoever else would count these bytes wait for the commit. References to the rows go on (NO KEY UPDATE)."""
    held = select(Institution.id).where(Institution.id == institution_id).with_for_update(key_share=True)
    session.exec(held).all()
    if person_id is not None:
        session.exec(select(Person.id).where(Person.id == person_id).with_for_update(key_share=True)).all()
