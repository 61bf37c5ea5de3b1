"""The audit log."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from oer.models import AuditEntry


def of_object(session: Session, *, kind: str, object_id: str) -> Sequence[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.object_kind == kind, AuditEntry.object_id == object_id)
    return session.exec(query.order_by(col(AuditEntry.id))).all()


def unsealed(session: Session, *, limit: int) -> Sequence[AuditEntry]:
    """Committed entries that the chain does not hold yet, oldest first, held until the commit."""
    query = select(AuditEntry).where(col(AuditEntry.sequence).is_(None)).order_by(col(AuditEntry.id)).limit(limit)
    return session.exec(query.with_for_update()).all()


def last_sealed(session: Session) -> AuditEntry | None:
    query = select(AuditEntry).where(col(AuditEntry.sequence).is_not(None))
    return session.exec(query.order_by(col(AuditEntry.sequence).desc()).limit(1)).first()


def sealed(session: Session, *, after: int, limit: int) -> Sequence[AuditEntry]:
    query = select(AuditEntry).where(col(AuditEntry.sequence) > after)
    return session.exec(query.order_by(col(AuditEntry.sequence)).limit(limit)).all()
