"""Schema changes by Alembic, shipped inside the package.

``oer`` never needs an ``alembic.ini``: :func:`upgrade` is called at start, and again by every node, harmlessly.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection, Engine

from oer.errors import Misconfigured

_LOCK = 0x0E12_0E12  # one number for all nodes; any other application in the same database uses another


def configuration(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The newest revision that this code knows."""
    revision = ScriptDirectory.from_config(configuration()).get_current_head()
    assert revision is not None
    return revision


def current(engine: Engine) -> str | None:
    """The revision of the database, or None where nothing was ever set up in it."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine) -> None:
    """Bring the database to :func:`head`, in one transaction that a kill undoes whole.

    Several nodes may call it at once: one works, the others wait and find nothing to do. Raises Misconfigured
    (``database.newer``) where the database was made by a newer release than this.
    """
    with engine.begin() as connection:  # on SQLite this takes the write lock
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        found = MigrationContext.configure(connection).get_current_revision()
        known = {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
        if found is not None and found not in known:
            raise Misconfigured("database.newer", found=found, known=head())
        if found != head():
            command.upgrade(configuration(connection), "head")
