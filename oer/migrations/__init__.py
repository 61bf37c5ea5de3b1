"""Schema changes by Alembic, shipped inside the package.

``oer`` never needs an ``alembic.ini``: :func:`upgrade` is called at start, and again by every node, harmlessly.
Alembic itself is imported only where there is something to change: it costs every process 10 MB.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from oer.errors import Misconfigured

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent
_LOCK = 0x0E12_0E12  # one number for all nodes; any other application in the same database uses another


def revisions() -> list[str]:
    """All revisions that this code knows, oldest first: files are named by number (a test asks Alembic the same)."""
    return sorted(path.name.partition("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*.py"))


def head() -> str:
    """The newest revision that this code knows."""
    return revisions()[-1]


def current(engine: Engine) -> str | None:
    """The revision of the database, or None where nothing was ever set up in it."""
    with engine.execution_options(oer_reading=True).connect() as connection:  # on SQLite it waits for no writer
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def upgrade(engine: Engine) -> None:
    """Bring the database to :func:`head`, in one transaction that a kill undoes whole.

    Several nodes may call it at once: one works, the others wait and find nothing to do. Raises Misconfigured
    (``database.newer``) where the database was made by a newer release than this.
    """
    if current(engine) == head():
        return
    with engine.begin() as connection:  # on SQLite this takes the write lock
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        found = _revision(connection)
        if found is not None and found not in revisions():
            raise Misconfigured("database.newer", found=found, known=head())
        if found != head():
            from alembic import command

            command.upgrade(configuration(connection), "head")


def configuration(connection: Connection | None = None) -> "Config":
    """Alembic's settings, for this module and for whoever writes the next migration."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config
