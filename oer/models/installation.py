"""The installation itself: who it is and the change clock. One row each."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from oer.models.base import When


class Identity(SQLModel, table=True):
    """Made at first start. ``secret`` signs cursors and tokens of lists; it opens nothing."""

    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)

    id: int = Field(default=1, primary_key=True)
    repository_id: str
    secret: str
    created: datetime = Field(sa_type=When)


class Clock(SQLModel, table=True):
    """Counts what the world can see change (``change``) and what is indexed (``revision``).

    Whoever steps it holds its row until the commit, so the order of ``change`` is the order of commits.
    """

    __table_args__ = (sa.CheckConstraint("id = 1", name="single"),)

    id: int = Field(default=1, primary_key=True)
    change: int = Field(default=0, sa_type=sa.BigInteger)
    revision: int = Field(default=0, sa_type=sa.BigInteger)
    stamp: datetime = Field(sa_type=When)


class Projection(SQLModel, table=True):
    """How far a projection has followed the clock."""

    name: str = Field(primary_key=True)
    change: int = Field(default=0, sa_type=sa.BigInteger)
