"""Invitations."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from oer.models import Institution, Invitation


def by_digest(session: Session, *, digest: str, hold: bool = False) -> tuple[Invitation, Institution] | None:
    """With ``hold`` its row is kept until the commit: an invitation is accepted once."""
    query = select(Invitation, Institution).join(Institution, col(Institution.id) == Invitation.institution_id)
    query = query.where(Invitation.digest == digest)
    if hold:
        query = query.with_for_update(of=Invitation).execution_options(populate_existing=True)
    return session.exec(query).one_or_none()


def locked(session: Session, *, invitation_id: int) -> tuple[Invitation, Institution] | None:
    query = select(Invitation, Institution).join(Institution, col(Institution.id) == Invitation.institution_id)
    query = query.where(Invitation.id == invitation_id).with_for_update(of=Invitation)
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def of_institution(
    session: Session, *, institution_id: int, before: int | None = None, limit: int
) -> Sequence[Invitation]:
    """The newest first, from behind the number ``before``."""
    query = select(Invitation).where(Invitation.institution_id == institution_id)
    if before is not None:
        query = query.where(col(Invitation.id) < before)
    return session.exec(query.order_by(col(Invitation.id).desc()).limit(limit)).all()


def waiting(session: Session, *, institution_id: int, email: str) -> Sequence[Invitation]:
    """Those to this address that nobody has accepted or revoked."""
    query = select(Invitation).where(
        Invitation.institution_id == institution_id,
        Invitation.email == email,
        col(Invitation.accepted).is_(None),
        col(Invitation.revoked).is_(None),
    )
    return session.exec(query.with_for_update()).all()
