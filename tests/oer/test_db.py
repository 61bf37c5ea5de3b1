import os
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pysqlite3.dbapi2
import pytest
import sqlalchemy as sa
from databases import database
from factories import START
from sqlalchemy import event
from sqlmodel import Session, select

from oer import db
from oer.db import transaction
from oer.errors import Conflict, Full, Misconfigured, Unavailable
from oer.models import Job, Person

SQLITE = not os.environ.get("OER_TEST_DATABASE_URL")
sqlite_only = pytest.mark.skipif(not SQLITE, reason="about SQLite; this run is on PostgreSQL")
postgresql_only = pytest.mark.skipif(SQLITE, reason="about PostgreSQL; this run is on SQLite")


@pytest.fixture
def engine(tmp_path):
    with database(tmp_path, migrated=True) as url:
        found = db.connect(url, pool=5)
        yield found
        found.dispose()


def add_job(session: Session, kind: str = "note", due: datetime = START) -> None:
    session.add(Job(kind=kind, due=due, created=START))
    session.flush()


def kinds(session: Session) -> list[str]:
    return list(session.exec(select(Job.kind).order_by(Job.id)).all())


# ── connections ─────────────────────────────────────────────────────────────────────────────────


@sqlite_only
def test_every_connection_of_sqlite_has_the_pragmas_that_keep_commits(engine):
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 20_000, "temp_store": 2}
    connections = [engine.connect() for _ in range(5)]
    try:
        raw = [connection.connection.dbapi_connection for connection in connections]
        assert len({id(one) for one in raw}) == 5
        for one in raw:
            assert {name: one.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted} == wanted
    finally:
        for connection in connections:
            connection.close()


def test_sqlite_is_not_older_than_the_race_that_corrupts():
    assert db.SQLITE_FLOOR == (3, 51, 3)
    assert db.sqlite_version() >= db.SQLITE_FLOOR


@sqlite_only
def test_the_sqlite_in_use_is_the_one_that_came_along(engine):
    assert engine.dialect.dbapi is pysqlite3.dbapi2
    with db.reading(engine) as session:
        version = session.connection().exec_driver_sql("SELECT sqlite_version()").scalar()
    assert tuple(int(part) for part in version.split(".")) == db.sqlite_version()


@pytest.mark.parametrize("url", ["mysql://u:s3cret@h/x", "", "oer.sqlite3", "u:s3cret@h", "foo://u:s3c@ret@h/x:y"])
def test_other_databases_are_refused_without_repeating_the_password(url):
    with pytest.raises(Misconfigured) as caught:
        db.connect(url)
    assert caught.value.code == "settings.database-unknown"
    if "://" in url:
        assert "s3c" not in str(caught.value)
        assert "ret@" not in str(caught.value)


def test_an_engine_shows_no_password():
    engine = db.connect("postgresql://oer:s3cret@127.0.0.1/x")
    assert "s3cret" not in repr(engine)
    engine.dispose()


# ── times ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "moment",
    [
        START,
        START.replace(microsecond=1),
        datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Africa/Cairo")),
        datetime(2026, 7, 1, 0, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
    ],
)
def test_a_moment_comes_back_as_the_same_moment_in_utc(engine, moment):
    with db.transaction(engine) as session:
        add_job(session, due=moment)
    with db.reading(engine) as session:
        found = session.exec(select(Job.due)).one()
    assert found == moment
    assert found.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(engine):
    with pytest.raises((ValueError, sa.exc.StatementError), match="without a zone"), db.transaction(engine) as session:
        add_job(session, due=datetime(2026, 3, 1))  # noqa: DTZ001 - the point


def test_moments_compare_across_zones(engine):
    with db.transaction(engine) as session:
        for hour in (8, 9, 10):
            add_job(session, str(hour), due=START.replace(hour=hour))
    tunis = START.replace(hour=9).astimezone(ZoneInfo("Africa/Tunis"))
    with db.reading(engine) as session:
        assert list(session.exec(select(Job.kind).where(Job.due <= tunis).order_by(Job.id))) == ["8", "9"]
        assert session.exec(select(Job.lease)).first() is None


# ── transactions and snapshots ──────────────────────────────────────────────────────────────────


def test_a_transaction_commits_at_its_end_and_rolls_back_when_it_raises(engine):
    with db.transaction(engine) as session:
        add_job(session, "kept")
    with pytest.raises(LookupError), db.transaction(engine) as session:  # noqa: PT012 - the error comes last
        add_job(session, "lost")
        raise LookupError
    with db.reading(engine) as session:
        assert kinds(session) == ["kept"]


def test_rows_can_be_used_after_the_commit(engine):
    with db.transaction(engine) as session:
        job = Job(kind="note", due=START, created=START)
        session.add(job)
    assert (job.id is not None, job.kind) == (True, "note")


def test_reading_cannot_write(engine):
    with pytest.raises(Unavailable) as caught, db.reading(engine) as session:
        add_job(session)
    assert caught.value.code == "database.read-only"
    for _ in range(6):  # the connections that read before write again
        with db.transaction(engine) as session:
            add_job(session)
    with db.reading(engine) as session:
        assert len(kinds(session)) == 6


def test_reading_shows_one_snapshot_whatever_others_commit(engine):
    with db.transaction(engine) as session:
        add_job(session, "first")
    with db.reading(engine) as reader:
        assert kinds(reader) == ["first"]
        with db.transaction(engine) as writer:
            add_job(writer, "second")
        reader.expire_all()
        assert kinds(reader) == ["first"]
    with db.reading(engine) as reader:
        assert kinds(reader) == ["first", "second"]


@sqlite_only
def test_readers_and_a_writer_do_not_wait_for_each_other(engine):
    with db.transaction(engine) as writer:
        add_job(writer)
        with db.reading(engine) as reader:
            assert kinds(reader) == []


# ── errors ──────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def impatient(engine):
    """Where both engines would wait for a lock, wait 20 ms."""
    if SQLITE:
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=20"))
        engine.dispose()
    else:
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("SET LOCAL lock_timeout = '20ms'"))
    yield


def test_a_locked_database_is_busy(engine):
    with db.transaction(engine) as session:
        add_job(session)
    with impatient(engine), db.transaction(engine) as holder:
        holder.exec(select(Job).with_for_update()).one().kind = "held"
        holder.flush()
        with pytest.raises(Unavailable) as caught, db.transaction(engine) as other:
            other.exec(select(Job).with_for_update()).one()
    assert caught.value.code == "database.busy"
    with db.transaction(engine) as session:
        assert kinds(session) == ["held"]


def test_a_pool_without_a_free_connection_is_busy(tmp_path):
    with database(tmp_path, migrated=True) as url:
        engine = db.connect(url, pool=1)
        engine.pool._timeout = 0.02
        with db.reading(engine) as session:
            kinds(session)
            with pytest.raises(Unavailable) as caught, db.reading(engine) as other:
                kinds(other)
        assert caught.value.code == "database.busy"
        engine.dispose()


@pytest.mark.parametrize("way", [db.transaction, db.reading])
@pytest.mark.parametrize(
    "url", ["postgresql://oer:s3cret@127.0.0.1:1/oer", "sqlite:////nowhere/at/all.sqlite3", "sqlite:////"]
)
def test_a_database_that_is_not_there_is_unreachable(way, url):
    engine = db.connect(url, pool=1)
    with pytest.raises(Unavailable) as caught, way(engine) as session:
        session.connection().exec_driver_sql("SELECT 1")
    assert caught.value.code == "database.unreachable"
    assert "s3cret" not in str(caught.value)
    engine.dispose()


@postgresql_only
def test_a_connection_that_the_server_ends_is_unreachable_and_the_next_one_works(engine):
    with pytest.raises(Unavailable) as caught, db.transaction(engine) as session:  # noqa: PT012 - two statements
        pid = session.connection().exec_driver_sql("SELECT pg_backend_pid()").scalar()
        with db.transaction(engine) as other:
            other.connection().execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        kinds(session)
    assert caught.value.code == "database.unreachable"
    with db.transaction(engine) as session:
        assert kinds(session) == []


@postgresql_only
def test_two_transactions_that_wait_for_each_other_end_as_busy(engine):
    with db.transaction(engine) as session:
        add_job(session, "a")
        add_job(session, "b")

    def held(session: Session, kind: str) -> None:
        session.exec(select(Job).where(Job.kind == kind).with_for_update()).one()

    with impatient(engine), db.transaction(engine) as first, db.transaction(engine) as second:
        held(first, "a")
        held(second, "b")
        with pytest.raises(Unavailable), db.translated():
            held(first, "b")


@sqlite_only
def test_a_full_database_is_full_and_goes_on_reading(engine):
    with db.transaction(engine) as session:
        add_job(session, "kept")
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count=1"))  # what there is, and no more
    engine.dispose()
    with pytest.raises(Full) as caught, db.transaction(engine) as session:
        add_job(session, "x" * 1_000_000)
    assert caught.value.code == "database.full"
    with db.reading(engine) as session:
        assert kinds(session) == ["kept"]


_ON_A_FULL_DISK = """
import sys
from datetime import UTC, datetime
from oer import db, migrations
from oer.errors import Full
from oer.models import Job
from sqlmodel import select

engine = db.connect(f"sqlite:///{sys.argv[1]}/oer.sqlite3", pool=2)
migrations.upgrade(engine)
now = datetime.now(UTC)

def add(kind):
    with db.transaction(engine) as session:
        session.add(Job(kind=kind, due=now, created=now))

add("kept")
try:
    for _ in range(100):
        add("x" * 100_000)
except Full as error:
    print(error.code)
with db.reading(engine) as session:
    print(session.exec(select(Job.kind).order_by(Job.id)).first())
"""


@sqlite_only
def test_a_full_disk_is_full_and_goes_on_reading(tmp_path):
    """In a mount namespace of its own: the small disk is gone with the process."""
    command = f'mount -t tmpfs -o size=3m none {tmp_path} && exec {sys.executable} -c "$0" {tmp_path}'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", command, _ON_A_FULL_DISK], capture_output=True, text=True, check=False
    )
    if done.returncode and ("unshare:" in done.stderr or "mount:" in done.stderr):
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    assert done.stderr == ""
    assert done.stdout.split() == ["database.full", "kept"]


_BESIDE_A_FULL_DISK = """
import os
import sys
from oer import db
from oer.errors import OerError

def write():
    engine = db.connect(f"sqlite:///{sys.argv[1]}/oer.sqlite3", pool=1)
    try:
        with db.transaction(engine) as session:
            session.connection().exec_driver_sql("CREATE TABLE IF NOT EXISTS t AS SELECT zeroblob(500000)")
    except OerError as error:
        print(error.code)
    engine.dispose()

def fill():
    ballast = os.open(f"{sys.argv[1]}/ballast", os.O_CREAT | os.O_WRONLY)
    try:
        while True:
            os.write(ballast, bytes(4096))
    except OSError:
        os.close(ballast)
"""


@sqlite_only
def test_a_disk_that_is_full_before_the_first_look_is_full_too(tmp_path):
    """SQLite then fails with an I/O error, as its shared index finds no room."""
    command = f'mount -t tmpfs -o size=3m none {tmp_path} && exec {sys.executable} -c "$0" {tmp_path}'
    script = f"{_BESIDE_A_FULL_DISK}\nwrite()\nfill()\nwrite()"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", command, script], capture_output=True, text=True, check=False
    )
    if done.returncode and ("unshare:" in done.stderr or "mount:" in done.stderr):
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    assert (done.stdout.split(), done.stderr) == (["database.full"], "")


@sqlite_only
def test_an_io_error_while_there_is_room_is_no_full_disk(tmp_path):
    limited = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\nwrite()"
    script = f"{_BESIDE_A_FULL_DISK}\n{limited}"
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (["database.unreachable"], "")


@sqlite_only
@pytest.mark.parametrize("way", [db.transaction, db.reading])
@pytest.mark.parametrize("start", [0, 4096])
def test_a_damaged_file_is_damaged(tmp_path, way, start):
    with database(tmp_path, migrated=True) as url:
        with (tmp_path / "oer.sqlite3").open("r+b") as file:
            file.seek(start)
            file.write(b"\xaa" * 200_000)
        engine = db.connect(url, pool=1)
        with pytest.raises(Unavailable) as caught, way(engine) as session:
            session.exec(select(Person)).all()
        assert caught.value.code == "database.damaged"
        engine.dispose()


@pytest.mark.parametrize(
    "url",
    [
        *("sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true"),
        *("sqlite:///file:x?mode=memory&uri=true", "sqlite://oer.sqlite3", "sqlite://oer.sqlite3/x"),
    ],
)
def test_a_sqlite_that_is_no_file_is_refused(url):
    with pytest.raises(Misconfigured) as caught:
        db.connect(url)
    assert caught.value.code == "settings.database-unknown"


def test_defects_of_ours_come_through_as_they_are(engine):
    for statement in ("SELECT * FROM no_such_table", "SELECT 1 +"):
        with pytest.raises(sa.exc.DBAPIError) as caught, db.transaction(engine) as session:
            session.connection().exec_driver_sql(statement)
        assert not isinstance(caught.value, Unavailable)
    with pytest.raises(sa.exc.IntegrityError), db.transaction(engine) as session:
        session.add(Job(kind="note", state="unheard of", due=START, created=START))


def test_who_loses_a_race_for_a_unique_name_is_told_so(home):
    def make() -> None:
        with transaction(home.engine) as session:
            session.add(Person(email="a@example.org", name="A", created=START))

    make()
    with pytest.raises(Conflict) as lost:
        make()
    assert lost.value.code == "write.collided"


@sqlite_only
def test_a_commit_by_anybody_is_noticed_and_nothing_else(engine):
    def elsewhere(end: str) -> None:
        code = (
            "import sys, pysqlite3.dbapi2 as sqlite\n"
            "line = sqlite.connect(sys.argv[1], isolation_level=None)\n"
            "line.execute('BEGIN IMMEDIATE'); line.execute('UPDATE job SET attempts = attempts + 1')\n"
            f"line.execute('{end}')"
        )
        subprocess.run([sys.executable, "-c", code, engine.url.database], check=True)

    def note(text: str) -> None:
        with transaction(engine) as session:
            session.add(Job(kind=text, due=START, created=START))

    commits = db.Commits(engine)
    note("before")
    first = commits.version()
    with db.reading(engine) as session:
        session.exec(select(Job)).all()
    elsewhere("ROLLBACK")
    assert first == commits.version() is not None
    note("within this process")
    second = commits.version()
    assert second != first
    elsewhere("COMMIT")
    assert commits.version() not in (first, second)
    commits.close()


@postgresql_only
def test_postgresql_tells_of_no_commits(engine):
    assert db.Commits(engine).version() is None
