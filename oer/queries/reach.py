"""What a person sees of things that are not public, as a condition of SQL: lists are never cut after the page."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col

from oer.models import Institution


@dataclass(frozen=True, slots=True)
class Reach:
    """Institutions by id: ``reviewing`` itself, ``managing`` with all below, ``member`` for the person's own things."""

    everywhere: bool
    person_id: int | None
    member: frozenset[int]
    reviewing: frozenset[int]
    managing: frozenset[int]


def condition(reach: Reach, *, author: Any) -> sa.ColumnElement[bool]:
    """Rows joined with their Institution that are within reach; ``author`` is the column that names whose they are."""
    if reach.everywhere:
        return sa.true()
    here = col(Institution.id)
    below = managed(reach, path=col(Institution.path))
    # Compared with None the author would be whoever is not known.
    own = sa.false() if reach.person_id is None else sa.and_(author == reach.person_id, here.in_(reach.member))
    return sa.or_(here.in_(reach.reviewing), below, own)


def managed(reach: Reach, *, path: Any) -> sa.ColumnElement[bool]:
    """Whether an institution's ``path`` lies in a branch that the person manages."""
    above = aliased(Institution)
    return sa.exists().where(
        col(above.id).in_(reach.managing),
        path.like(col(above.path).concat("%")),
    )
