"""Which bytes are referred to."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select

from oer.models import Blob, Derivative, DraftFile, Institution, Job, VersionFile


def locked(session: Session, *, key: str) -> Blob | None:
    query = select(Blob).where(Blob.key == key).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def is_referenced(session: Session, *, key: str) -> bool:
    return bool(session.exec(select(_references(sa.literal(key)))).one())


def unreferenced(session: Session, *, before: datetime, after_key: str, limit: int) -> Sequence[str]:
    """Keys of unmarked blobs older than ``before`` that nothing refers to, in key order behind ``after_key``."""
    query = (
        select(Blob.key)
        .where(
            col(Blob.marked).is_(None), Blob.created < before, Blob.key > after_key, sa.not_(_references(col(Blob.key)))
        )
        .order_by(col(Blob.key))
        .limit(limit)
    )
    return session.exec(query).all()


def marked(session: Session) -> Sequence[str]:
    return session.exec(select(Blob.key).where(col(Blob.marked).is_not(None)).order_by(col(Blob.key))).all()


def known(session: Session, *, keys: Sequence[str]) -> set[str]:
    return set(session.exec(select(Blob.key).where(col(Blob.key).in_(keys))).all())


def _references(key: sa.ColumnElement[str] | Mapped[str]) -> sa.ColumnElement[bool]:
    return sa.or_(
        sa.exists().where(col(VersionFile.key) == key),
        sa.exists().where(col(DraftFile.key) == key),
        sa.exists().where(col(Institution.logo) == key),
        sa.exists().where(col(Job.input) == key),
        sa.exists().where(col(Job.report) == key),
        sa.exists().where(col(Derivative.key) == key, col(Derivative.source) != key),  # some are made of themselves
    )
