"""Alembic's entry: the caller hands over a connection with its transaction open (``oer.migrations.upgrade``)."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import oer.models  # noqa: F401 - fills SQLModel.metadata
from oer.db import UtcDateTime


def _render(kind: str, value: Any, autogen: AutogenContext) -> str | Literal[False]:
    if kind == "type" and isinstance(value, UtcDateTime):
        autogen.imports.add("from oer.db import UtcDateTime")
        return "UtcDateTime()"
    if kind == "type" and isinstance(value, AutoString):
        return "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    render_item=_render,
    compare_type=True,
    compare_server_default=True,
    transaction_per_migration=False,
)
context.run_migrations()
