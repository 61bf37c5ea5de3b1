"""People and tokens."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from oer.models import Institution, Membership, Person, Token
from oer.queries import reach
from oer.queries.reach import Reach


def by_email(session: Session, *, email: str) -> Person | None:
    query = select(Person).where(Person.email == email, col(Person.erased).is_(None))
    return session.exec(query).one_or_none()


def locked(session: Session, *, person_id: int) -> Person | None:
    """The person with the row held until the commit; what others add about them does not wait for it."""
    query = select(Person).where(Person.id == person_id).with_for_update(key_share=True)
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()


def administrators_locked(session: Session) -> Sequence[Person]:
    """Active administrators, their rows held until the commit, always in the same order."""
    query = select(Person).where(col(Person.administrator), col(Person.active)).order_by(col(Person.id))
    held = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.exec(held).all()


def any_administrator(session: Session) -> bool:
    """Whether an active one is there."""
    query = select(Person.id).where(col(Person.administrator), col(Person.active)).limit(1)
    return session.exec(query).first() is not None


def listed(
    session: Session,
    *,
    seen_by: Reach,
    within: str | None = None,
    active: bool | None = None,
    after: int = 0,
    limit: int,
) -> Sequence[Person]:
    """People by id, from behind ``after``: those with a role in a branch that the reader manages, or all of them.

    ``within`` is a path: people with a role there or below.
    """
    query = select(Person).where(col(Person.id) > after, col(Person.erased).is_(None)).order_by(col(Person.id))
    if active is not None:
        query = query.where(col(Person.active).is_(active))
    if within is not None or not seen_by.everywhere:
        roles = _roles(seen_by).where(col(Membership.person_id) == col(Person.id))
        if within is not None:
            roles = roles.where(col(Institution.path).startswith(within, autoescape=True))
        query = query.where(roles.exists())
    return session.exec(query.limit(limit)).all()


def is_within_reach(session: Session, *, person_id: int, seen_by: Reach) -> bool:
    """Whether :func:`listed` has this person."""
    found = listed(session, seen_by=seen_by, after=person_id - 1, limit=1)
    return bool(found) and found[0].id == person_id


def roles(
    session: Session, *, person_ids: Sequence[int], seen_by: Reach | None = None
) -> dict[int, list[tuple[Membership, Institution]]]:
    """Roles by person, ordered by slug; with ``seen_by`` those in branches that the reader manages."""
    query = sa.select(Membership, Institution).join(Institution, col(Institution.id) == Membership.institution_id)
    query = query.where(col(Membership.person_id).in_(person_ids)).order_by(col(Institution.slug))
    if seen_by is not None and not seen_by.everywhere:
        query = query.where(reach.managed(seen_by, path=col(Institution.path)))
    found: dict[int, list[tuple[Membership, Institution]]] = {}
    for membership, institution in session.execute(query):
        found.setdefault(membership.person_id, []).append((membership, institution))
    return found


def _roles(seen_by: Reach) -> sa.Select[int]:
    query = sa.select(col(Membership.person_id)).join(Institution, col(Institution.id) == Membership.institution_id)
    return query if seen_by.everywhere else query.where(reach.managed(seen_by, path=col(Institution.path)))


def token(session: Session, *, digest: str) -> tuple[Token, Person] | None:
    query = select(Token, Person).join(Person, col(Person.id) == Token.person_id).where(Token.digest == digest)
    return session.exec(query).one_or_none()


def tokens(session: Session, *, person_id: int, after: int = 0, limit: int | None = None) -> Sequence[Token]:
    query = select(Token).where(Token.person_id == person_id, col(Token.id) > after).order_by(col(Token.id))
    return session.exec(query.limit(limit)).all()


def token_of(session: Session, *, person_id: int, token_id: int) -> Token | None:
    """One token of this person, held until the commit."""
    query = select(Token).where(Token.id == token_id, Token.person_id == person_id).with_for_update()
    return session.exec(query).one_or_none()
