"""What every table shares: names of constraints that migrations can rely on, and column shorthands."""

import secrets
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from oer.db import UtcDateTime

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

When = UtcDateTime()


def first_lock() -> int:
    """Where the count of a row's writes begins: what comes later under the same name must not match its ETags."""
    return 1 + secrets.randbelow(2**29)


def one_of(column: str, values: Any) -> sa.CheckConstraint:
    """Only these words: the database refuses a state that the code does not know."""
    words = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({words})", name=f"{column}_known")
