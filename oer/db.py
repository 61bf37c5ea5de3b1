"""The database: an engine for SQLite or PostgreSQL, and the two ways into it, ``transaction`` and ``reading``."""

import errno
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session as _OrmSession
from sqlmodel import Session

from oer.errors import Conflict, Full, Misconfigured, OerError, Unavailable

# Python 3.11 on Debian 12 brings SQLite 3.40, which can corrupt a WAL that several connections reset.
SQLITE_FLOOR = (3, 51, 3)

_BUSY_SECONDS = 20

_PRAGMAS = (
    f"busy_timeout={_BUSY_SECONDS * 1000}",
    "synchronous=FULL",  # NORMAL lost every acknowledged commit in a power-cut test
    "foreign_keys=ON",
    "temp_store=MEMORY",
)


class UtcDateTime(sa.TypeDecorator[datetime]):
    """Aware UTC datetimes on both engines: SQLite would drop the zone and then compare text with text."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        moved = value.astimezone(UTC)
        return moved.replace(tzinfo=None) if dialect.name == "sqlite" else moved

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the interface
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def connect(url: str, *, pool: int = 10) -> Engine:
    """An engine for ``sqlite:///path`` or ``postgresql://…``. Raises Misconfigured for any other kind.

    A SQLite in memory is refused too: every connection of the pool, and every process, would have its own.

    Nothing is opened yet. On SQLite every connection gets the pragmas that keep acknowledged commits.
    """
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # ValueError: a port that is no number
        raise Misconfigured("settings.database-unknown", url=_without_password(url)) from None
    if parsed.get_backend_name() == "sqlite" and _names_a_file(parsed):
        return _sqlite(parsed, pool)
    if parsed.get_backend_name() == "postgresql":
        return sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=pool,
            max_overflow=0,
            pool_pre_ping=True,
            pool_timeout=20,
            hide_parameters=True,  # an error is logged: what people wrote, and hashes of passwords, must not be in it
            connect_args={"connect_timeout": 5, "options": "-c lock_timeout=60s -c timezone=UTC"},
        )
    raise Misconfigured("settings.database-unknown", url=_without_password(url))


def _names_a_file(url: sa.URL) -> bool:
    # "file:" would hide a memory database, and "sqlite://oer.sqlite3" names a host.
    return bool(url.database) and not url.host and not str(url.database).startswith((":memory:", "file:"))


def _sqlite(url: sa.URL, pool: int) -> Engine:
    engine = sa.create_engine(
        url.set(drivername="sqlite"),
        module=pysqlite3.dbapi2,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=30,
        poolclass=sa.pool.QueuePool,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": _BUSY_SECONDS},
    )

    @event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # the driver must not begin transactions of its own
        for pragma in _PRAGMAS:
            raw.execute(f"PRAGMA {pragma}")
        _write_ahead(raw)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that starts to write after a read fails at once with SQLITE_BUSY, without
        # waiting for busy_timeout; so writers say so at the start.
        reading_only = connection.get_execution_options().get("oer_reading", False)
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading_only else 'OFF'}")
        connection.exec_driver_sql("BEGIN" if reading_only else "BEGIN IMMEDIATE")

    return engine


def _write_ahead(raw: Any) -> None:
    """Turn the file to its write-ahead log, as the first of several processes on a new one.

    SQLite does not wait in this for another that does the same, or has just begun: it fails at once.
    """
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            raw.execute("PRAGMA journal_mode=WAL")
        except pysqlite3.dbapi2.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != pysqlite3.dbapi2.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _without_password(url: str) -> str:
    return re.sub(r"(://[^:/@]*):.*@", r"\1:…@", url)


def reads_at_once(engine: Engine) -> bool:
    """Whether one short read waits for nobody: a file on this machine, and a connection that is free."""
    pool = engine.pool
    return engine.dialect.name == "sqlite" and isinstance(pool, sa.pool.QueuePool) and pool.checkedout() < pool.size()


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """One unit of work: committed when the block ends, rolled back when it raises.

    On SQLite the write lock is taken at the start. Raises Unavailable where the database is busy, gone or
    damaged, Full where no room is left; other errors come through as they are, since they are defects of ours.
    """
    with translated(engine), Session(engine, expire_on_commit=False, autoflush=True) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session over one unchanging snapshot, for doors that only read. Errors as for :func:`transaction`."""
    if engine.dialect.name == "postgresql":
        bound = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    else:
        bound = engine.execution_options(oer_reading=True)
    with translated(engine), Session(bound, expire_on_commit=False, autoflush=False) as session:
        yield session


@contextmanager
def translated(engine: Engine | None = None) -> Iterator[None]:
    """Driver errors as ours, for the few without a session; by the engine a full disk is told from a failing one."""
    try:
        yield
    except sa.exc.TimeoutError as error:
        raise Unavailable("database.busy") from error
    except DBAPIError as error:
        raise _meaning(error, engine) from error


_BUSY_STATES = {"40001", "40P01", "55P03", "57014"}  # serialisation, deadlock, lock timeout, cancelled
_FULL_STATES = {"53100"}
_DAMAGED_STATES = {"XX001", "XX002"}
_DAMAGED_CODES = {pysqlite3.dbapi2.SQLITE_CORRUPT, pysqlite3.dbapi2.SQLITE_NOTADB}


def _meaning(error: DBAPIError, engine: Engine | None) -> OerError | DBAPIError:
    """Which of our errors a driver's error is (PostgreSQL appendix A; SQLite result codes), or the error itself."""
    state = getattr(error.orig, "sqlstate", None)
    sqlite_code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    words = str(error.orig).lower()
    if state in _DAMAGED_STATES or sqlite_code in _DAMAGED_CODES:
        return Unavailable("database.damaged")
    if state in _FULL_STATES or "disk is full" in words:
        return Full("database.full")
    if sqlite_code == pysqlite3.dbapi2.SQLITE_IOERR:
        return Full("database.full") if engine and _no_room(engine) else Unavailable("database.unreachable")
    if state == "23505" or "unique constraint failed" in words:
        return Conflict("write.collided")  # two made the same thing in the same instant; the loser may look again
    if state == "23503" or "foreign key constraint failed" in words:
        return Conflict("write.collided")  # what it was to belong to has just gone
    if state == "25006" or "readonly database" in words:
        return Unavailable("database.read-only")
    if state in _BUSY_STATES or "database is locked" in words or "database table is locked" in words:
        return Unavailable("database.busy")
    gone = error.connection_invalidated or (state or "")[:2] in {"08", "57", "53"}
    if gone or (isinstance(error, OperationalError) and ("connect" in words or "unable to open" in words)):
        return Unavailable("database.unreachable")
    return error


def _no_room(engine: Engine) -> bool:
    """Whether nothing more can be written beside the database file.

    SQLite calls it a disk I/O error when its shared index (32 KiB at a time) finds no room, as it does a failing
    disk, and the driver keeps the extended code to itself. Free space would not tell of a quota; a trial does.
    """
    try:
        with tempfile.TemporaryFile(dir=Path(engine.url.database or "").absolute().parent) as file:
            file.write(bytes(1 << 16))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return False


class Commits:
    """Tells for the price of a look at shared memory whether anybody has committed to an SQLite file.

    On a connection of its own: what it sees are the commits of all others, in any process (SQLite, PRAGMA
    data_version). Not for several threads at once.
    """

    def __init__(self, engine: Engine) -> None:
        self._file = engine.url.database if engine.dialect.name == "sqlite" else None
        self._raw: Any = None

    def version(self) -> int | None:
        """The same number as long as nobody commits; None where the database does not tell."""
        if self._file is None:
            return None
        try:
            if self._raw is None:
                self._raw = pysqlite3.dbapi2.connect(self._file, check_same_thread=False, isolation_level=None)
            [(found,)] = self._raw.execute("PRAGMA data_version")
        except pysqlite3.dbapi2.Error:
            return None
        return int(found)

    def close(self) -> None:
        if self._raw is not None:
            self._raw.close()
            self._raw = None


def is_sqlite(session: _OrmSession) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def is_postgresql(session: _OrmSession) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def sqlite_version() -> tuple[int, ...]:
    """The version of the SQLite library in use, compared by ``oer doctor`` with :data:`SQLITE_FLOOR`."""
    return tuple(int(part) for part in pysqlite3.dbapi2.sqlite_version.split("."))
