"""Institutions and their members."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from oer.db import is_postgresql, is_sqlite
from oer.models import AuditEntry, Institution, Membership, Person, Resource


def by_slug(session: Session, *, slug: str) -> Institution | None:
    return session.exec(select(Institution).where(Institution.slug == slug)).one_or_none()


def locked(session: Session, *, slug: str, alone: bool = False) -> Institution | None:
    """The institution with its row held until the commit, against others who change it; ``alone`` against those too
    who use it (:func:`used`): nobody publishes or withdraws in it meanwhile.
    """
    query = select(Institution).where(Institution.slug == slug).with_for_update(key_share=not alone)
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def used(session: Session, *, institution_id: int) -> Institution | None:
    """The institution as it is now, kept from moving and going until the commit; many may use it at once.

    Whoever puts something below it, or shows a resource of it, comes through here: its path must be the one that
    counts at the commit.
    """
    query = select(Institution).where(Institution.id == institution_id).with_for_update(read=True, key_share=True)
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def branch_locked(session: Session, *, path: str, also: int | None) -> Sequence[Institution]:
    """A branch with all rows held until the commit, and that of the institution ``also``, always in the same order.

    Asked until nothing is new: somebody who held a row may have added below it meanwhile.
    """
    rows: Sequence[Institution] = ()
    wanted = sa.or_(col(Institution.path).startswith(path, autoescape=True), col(Institution.id) == also)
    query = select(Institution).where(wanted).order_by(col(Institution.id)).with_for_update()
    while len(found := session.exec(query.execution_options(populate_existing=True)).all()) != len(rows):
        rows = found
    return rows


def walked(
    session: Session,
    *,
    after: str = "",
    parent_id: int | None = None,
    top: bool = False,
    within: str | None = None,
    kind: str | None = None,
    country: str | None = None,
    limit: int,
) -> Sequence[Institution]:
    """Institutions from behind the path ``after``, each right before those below it; ``within`` is a path too."""
    path: Any = col(Institution.path)
    # A language's order of text would pass over the slashes.
    order = sa.collate(path, "C") if is_postgresql(session) else path
    query = select(Institution).where(order > after).order_by(order).limit(limit)
    if top:
        query = query.where(col(Institution.parent_id).is_(None))
    if within is not None:
        query = query.where(path.startswith(within, autoescape=True))
    for column, value in (
        (Institution.parent_id, parent_id),
        (Institution.kind, kind),
        (Institution.country, country),
    ):
        if value is not None:
            query = query.where(column == value)
    return session.exec(query).all()


def unused_id(session: Session) -> int | None:
    """A number that no institution ever had, where the database would give one again that the audit log remembers."""
    if not is_sqlite(session):
        return None
    highest = sa.select(sa.func.coalesce(sa.func.max(col(Institution.id)), 0)).scalar_subquery()
    remembered = sa.select(sa.func.coalesce(sa.func.max(col(AuditEntry.institution_id)), 0)).scalar_subquery()
    return int(session.connection().execute(sa.select(sa.func.max(highest, remembered))).scalar_one()) + 1


def everyone(session: Session) -> Sequence[Institution]:
    """The whole forest, parents before children: ``path`` sorts so only by length first."""
    return sorted(session.exec(select(Institution)).all(), key=lambda one: (one.path.count("/"), one.slug))


def by_ids(session: Session, *, ids: Iterable[int], hold: bool = False) -> dict[int, Institution]:
    """With ``hold`` each is kept as by :func:`used`."""
    query = select(Institution).where(col(Institution.id).in_(set(ids))).order_by(col(Institution.id))
    if hold:
        query = query.with_for_update(read=True, key_share=True).execution_options(populate_existing=True)
    return {one.id: one for one in session.exec(query) if one.id is not None}


def above(session: Session, *, institution: Institution) -> list[Institution]:
    """Those that this one is in, the highest first."""
    found = by_ids(session, ids=institution.ancestors)
    return [found[one] for one in institution.ancestors if one in found]


class Named(NamedTuple):
    """What a list of institutions tells of one."""

    slug: str
    names: dict[str, str]
    path: str

    @property
    def above(self) -> str | None:
        """The id of the institution right above, as it stands in paths."""
        ids = self.path.strip("/").split("/")
        return ids[-2] if len(ids) > 1 else None


def named(session: Session, *, ids: Iterable[int]) -> dict[int, Named]:
    rows = session.connection().execute(_NAMED, {"ids": list(ids)})
    return {institution_id: Named(*row) for institution_id, *row in rows}


_NAMED = sa.select(Institution.id, Institution.slug, Institution.names, Institution.path).where(  # type: ignore[call-overload]
    col(Institution.id).in_(sa.bindparam("ids", expanding=True))
)


def branch(session: Session, *, path: str) -> Sequence[Institution]:
    """An institution and all below it."""
    return session.exec(select(Institution).where(col(Institution.path).startswith(path, autoescape=True))).all()


def has_resources(session: Session, *, institution_id: int) -> bool:
    return (
        session.exec(select(Resource.id).where(Resource.institution_id == institution_id).limit(1)).first() is not None
    )


def membership_locked(session: Session, *, person_id: int, institution_id: int) -> Membership | None:
    query = select(Membership).where(Membership.person_id == person_id, Membership.institution_id == institution_id)
    return session.exec(query.with_for_update().execution_options(populate_existing=True)).one_or_none()


def member(session: Session, *, person_id: int, institution_id: int) -> tuple[Membership, Person] | None:
    query = select(Membership, Person).join(Person, col(Person.id) == Membership.person_id)
    query = query.where(Membership.person_id == person_id, Membership.institution_id == institution_id)
    return session.exec(query).one_or_none()


def people(session: Session, *, institution_id: int, after: int = 0, limit: int) -> Sequence[tuple[Membership, Person]]:
    """Members of this very institution by the number of the person, from behind ``after``."""
    query = select(Membership, Person).join(Person, col(Person.id) == Membership.person_id)
    query = query.where(Membership.institution_id == institution_id, col(Membership.person_id) > after)
    return session.exec(query.order_by(col(Membership.person_id)).limit(limit)).all()


def memberships(session: Session, *, person_id: int) -> Sequence[Membership]:
    return session.exec(select(Membership).where(Membership.person_id == person_id)).all()


def members(session: Session, *, institution_id: int) -> Sequence[Membership]:
    return session.exec(select(Membership).where(Membership.institution_id == institution_id)).all()
