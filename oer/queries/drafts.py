"""Lists of drafts, and what reviewers said."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from oer.models import Draft, DraftFile, Institution, Person, Resource, Review
from oer.queries import reach as reaches
from oer.queries.reach import Reach


class Row(NamedTuple):
    """``author`` is a name."""

    draft: Draft
    resource: Resource
    institution: Institution
    author: str | None


def of_resource(session: Session, *, public_id: str) -> tuple[Resource, Institution, Draft] | None:
    query = (
        select(Resource, Institution, Draft)
        .join(Institution, col(Institution.id) == Resource.institution_id)
        .join(Draft, col(Draft.resource_id) == Resource.id)
        .where(Resource.public_id == public_id)
    )
    return session.exec(query).one_or_none()


def page(
    session: Session,
    *,
    reach: Reach,
    within: str | None = None,
    state: str | None = None,
    author_id: int | None = None,
    after: tuple[datetime, int] | None = None,
    oldest_first: bool = False,
    limit: int,
) -> Sequence[Row]:
    """Drafts within reach by their last change, from behind the key ``after`` = (changed, id).

    ``within`` is the path of an institution: its branch of the tree only.
    """
    key = sa.tuple_(col(Draft.changed), col(Draft.id))
    query = (
        select(Draft, Resource, Institution, Person.name)
        .join(Resource, col(Resource.id) == Draft.resource_id)
        .join(Institution, col(Institution.id) == Resource.institution_id)
        .outerjoin(Person, col(Person.id) == Draft.author_id)
        .where(reaches.condition(reach, author=col(Draft.author_id)))
        .order_by(*(part.asc() if oldest_first else part.desc() for part in (col(Draft.changed), col(Draft.id))))
        .limit(limit)
    )
    if within is not None:
        query = query.where(col(Institution.path).startswith(within, autoescape=True))
    if state is not None:
        query = query.where(Draft.state == state)
    if author_id is not None:
        query = query.where(Draft.author_id == author_id)
    if after is not None:
        query = query.where(key > sa.tuple_(*after) if oldest_first else key < sa.tuple_(*after))
    return [Row(*found) for found in session.exec(query)]


def file_counts(session: Session, *, draft_ids: Iterable[int]) -> dict[int, int]:
    query = (
        select(DraftFile.draft_id, sa.func.count())
        .where(col(DraftFile.draft_id).in_(list(draft_ids)))
        .group_by(col(DraftFile.draft_id))
    )
    return dict(session.exec(query).all())


def reviews(session: Session, *, resource_id: int, after: int, limit: int) -> Sequence[tuple[Review, str | None]]:
    """With the reviewers' names, the oldest first, from behind the review with the id ``after``."""
    query = (
        select(Review, Person.name)
        .outerjoin(Person, col(Person.id) == Review.reviewer_id)
        .where(Review.resource_id == resource_id, col(Review.id) > after)
        .order_by(col(Review.id))
        .limit(limit)
    )
    return session.exec(query).all()
