"""Databases that tests begin with: files of SQLite, or databases of the server that OER_TEST_DATABASE_URL names."""

import atexit
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import LiteralString, cast

import psycopg
import sqlalchemy as sa
from psycopg import sql

from oer import db, migrations

_SHAPE = """
    SELECT md5(string_agg(said, chr(10) ORDER BY said)) FROM (
        SELECT format('%s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    ) AS shape (said)
"""
_TABLES = "SELECT format('%I', relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
_SEQUENCES = (
    "SELECT format('SELECT setval(%L, %s, %L)', quote_ident(sequencename), coalesce(last_value, start_value), "
    "last_value IS NOT NULL) FROM pg_sequences WHERE schemaname = 'public'"
)
_OTHERS = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


@contextmanager
def database(folder: Path, *, migrated: bool = False) -> Iterator[str]:
    """An empty database: SQLite in the folder, or one on the server that OER_TEST_DATABASE_URL names.

    With ``migrated`` its tables are there, as migrations leave them.
    """
    server = os.environ.get("OER_TEST_DATABASE_URL")
    if not server:
        file = folder / "oer.sqlite3"
        if migrated:
            file.write_bytes(_sqlite_template())
        yield f"sqlite:///{file}"
    elif migrated:
        with _server(server).migrated() as url:
            yield url
    else:
        with _server(server).new() as url:
            yield url


@cache
def _sqlite_template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "template.sqlite3")
        _migrate(f"sqlite:///{file}")
        return file.read_bytes()


def _migrate(url: str) -> None:
    engine = db.connect(url, pool=1)
    migrations.upgrade(engine)
    engine.dispose()


# ── PostgreSQL ───────────────────────────────────────────────────────────────────────────────────


@cache
def _server(url: str) -> "_Server":
    server = _Server(url)
    atexit.register(server.close)
    return server


class _Server:
    """A server whose account may create databases and is a superuser.

    Migrated databases are emptied and used again: to copy one costs a quarter of a second, to empty it a tenth of that.
    """

    def __init__(self, url: str) -> None:
        self._url = sa.make_url(url).set(drivername="postgresql")
        self._free: list[str] = []
        self._template: str | None = None
        self._shape: tuple[str] | None = None
        self._emptying = ""

    def close(self) -> None:
        for name in [*self._free, self._template]:
            if name:
                self._drop(name)

    @contextmanager
    def new(self) -> Iterator[str]:
        name = self._create("template0")
        try:
            yield self._address(name)
        finally:
            self._drop(name)

    @contextmanager
    def migrated(self) -> Iterator[str]:
        template = self._template = self._template or self._made_template()
        name = self._free.pop() if self._free else self._create(template)
        try:
            yield self._address(name)
        finally:
            if self._emptied(name):
                self._free.append(name)
            else:
                self._drop(name)

    def _made_template(self) -> str:
        name = self._create("template0")
        _migrate(self._address(name))
        with psycopg.connect(self._address(name)) as line:
            self._shape = line.execute(_SHAPE).fetchone()
            tables = [table for (table,) in line.execute(_TABLES)]
            steps = ["SET session_replication_role = replica", *(f"DELETE FROM {table}" for table in tables)]
            for table in tables:
                query = sql.SQL("SELECT jsonb_agg(to_jsonb(kept))::text FROM {} AS kept").format(sql.SQL(table))
                (rows,) = line.execute(query).fetchone() or (None,)
                if rows:
                    kept = f"jsonb_populate_recordset(NULL::{table}, {sql.quote(rows)})"
                    steps.append(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM {kept}")
            steps += [step for (step,) in line.execute(_SEQUENCES)]
        self._emptying = ";\n".join(steps)
        return name

    def _emptied(self, name: str) -> bool:
        """As its template is; false where a test has changed more than rows."""
        with psycopg.connect(self._address(name)) as line:
            line.execute(_OTHERS, (name,))
            if line.execute(_SHAPE).fetchone() != self._shape:
                return False
            line.execute(cast(LiteralString, self._emptying))
        return True

    def _create(self, template: str) -> str:
        name = f"oer_test_{secrets.token_hex(8)}"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._ask(create.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def _drop(self, name: str) -> None:
        self._ask(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _ask(self, query: sql.Composed) -> None:
        with psycopg.connect(self._url.render_as_string(hide_password=False), autocommit=True) as line:
            line.execute(query)

    def _address(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)
