"""All that an installation holds, to compare before and after."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from oer.db import reading
from oer.installation import Installation

# What moves without any resource having changed: the stamp that reading a list may renew.
_RESTLESS = frozenset({"clock"})


def tables(home: Installation) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, by table."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with reading(home.engine) as session:
        for table in SQLModel.metadata.sorted_tables:
            if table.name not in _RESTLESS:
                rows = session.connection().execute(sa.select(table)).all()
                found[table.name] = sorted((tuple(row) for row in rows), key=repr)
    return found


def kept(home: Installation) -> dict[str, Any]:
    """Every object of the store with the moment of its last put."""
    return {key: home.store.stat(key).modified for key in home.store.keys()}  # noqa: SIM118 - a store is no mapping


def everything(home: Installation) -> tuple[dict[str, list[tuple[Any, ...]]], dict[str, Any]]:
    return tables(home), kept(home)
