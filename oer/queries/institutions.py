"""Institutions, members and the people behind tokens."""

from collections.abc import Iterable, Sequence

from sqlmodel import Session, col, select

from oer.models import Institution, Membership, Resource


def by_slug(session: Session, *, slug: str) -> Institution | None:
    return session.exec(select(Institution).where(Institution.slug == slug)).one_or_none()


def locked(session: Session, *, slug: str) -> Institution | None:
    query = select(Institution).where(Institution.slug == slug).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def everyone(session: Session) -> Sequence[Institution]:
    """The whole forest, parents before children: ``path`` sorts so only by length first."""
    return sorted(session.exec(select(Institution)).all(), key=lambda one: (one.path.count("/"), one.slug))


def by_ids(session: Session, *, ids: Iterable[int]) -> dict[int, Institution]:
    found = session.exec(select(Institution).where(col(Institution.id).in_(set(ids))))
    return {one.id: one for one in found if one.id is not None}


def branch(session: Session, *, path: str) -> Sequence[Institution]:
    """An institution and all below it."""
    return session.exec(select(Institution).where(col(Institution.path).startswith(path, autoescape=True))).all()


def has_resources(session: Session, *, institution_id: int) -> bool:
    return (
        session.exec(select(Resource.id).where(Resource.institution_id == institution_id).limit(1)).first() is not None
    )


def memberships(session: Session, *, person_id: int) -> Sequence[Membership]:
    return session.exec(select(Membership).where(Membership.person_id == person_id)).all()


def members(session: Session, *, institution_id: int) -> Sequence[Membership]:
    return session.exec(select(Membership).where(Membership.institution_id == institution_id)).all()
