import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from databases import database
from sqlalchemy import event
from sqlmodel import SQLModel

from oer import db, migrations
from oer.errors import Misconfigured

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def engine(tmp_path):
    """An empty database."""
    with database(tmp_path) as url:
        found = db.connect(url, pool=5)
        yield found
        found.dispose()


def tables(engine) -> set[str]:
    with engine.connect() as connection:
        return set(sa.inspect(connection).get_table_names())


def shape(engine) -> dict:
    """Everything that the inspector tells about every table, checks and partial indexes included."""
    found = {}
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        for table in inspector.get_table_names():
            if table == "alembic_version":
                continue
            columns = [
                (one["name"], str(one["type"]), one["nullable"], one["default"]) for one in inspector.get_columns(table)
            ]
            found[table] = {
                "columns": sorted(columns),
                "key": inspector.get_pk_constraint(table),
                "foreign": sorted(map(str, inspector.get_foreign_keys(table))),
                "unique": sorted(map(str, inspector.get_unique_constraints(table))),
                "checks": sorted(map(str, inspector.get_check_constraints(table))),
                "indexes": sorted(map(_index, inspector.get_indexes(table))),
            }
    return found


def _index(found: dict) -> str:
    """An index in words, with the condition of a partial one."""
    return str(found | {"dialect_options": {name: str(value) for name, value in found["dialect_options"].items()}})


def test_revisions_named_by_their_files_are_those_that_alembic_knows():
    script = ScriptDirectory.from_config(migrations.configuration())
    assert migrations.revisions() == [one.revision for one in reversed(list(script.walk_revisions()))]
    assert script.get_heads() == [migrations.head()]


def test_an_empty_database_has_no_revision_and_an_upgraded_one_the_newest(engine):
    assert migrations.current(engine) is None
    migrations.upgrade(engine)
    assert migrations.current(engine) == migrations.head()


def test_an_upgraded_database_equals_the_models(engine):
    migrations.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_an_upgraded_database_has_the_checks_and_keys_of_the_models_too(engine, tmp_path):
    """Alembic compares no check constraints and no names of keys."""
    migrations.upgrade(engine)
    (tmp_path / "models").mkdir()
    with database(tmp_path / "models") as url:
        made = db.connect(url, pool=1)
        with made.begin() as connection:
            SQLModel.metadata.create_all(connection)
        expected, found = shape(made), shape(engine)
        made.dispose()
    assert set(found) == set(expected)
    for table in expected:
        assert found[table] == expected[table], table
    assert sum(len(one["checks"]) for one in found.values()) > 5


def test_upgrading_twice_does_nothing(engine):
    migrations.upgrade(engine)
    before = shape(engine)
    statements = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    migrations.upgrade(engine)
    assert [
        one for one in statements if one.split()[0] in {"CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE"}
    ] == []
    assert shape(engine) == before


def test_a_database_from_the_future_is_refused_and_left_alone(engine):
    migrations.upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'f00dfeed'")
    before = shape(engine)
    with pytest.raises(Misconfigured) as caught:
        migrations.upgrade(engine)
    assert caught.value.code == "database.newer"
    assert caught.value.params == {"found": "f00dfeed", "known": migrations.head()}
    assert shape(engine) == before
    assert migrations.current(engine) == "f00dfeed"


def test_an_upgrade_that_breaks_off_leaves_nothing(engine):
    def break_off(_connection, _cursor, statement, *_):
        if "CREATE TABLE version_file" in statement:
            raise KeyboardInterrupt

    event.listen(engine, "before_cursor_execute", break_off)
    with pytest.raises(KeyboardInterrupt):
        migrations.upgrade(engine)
    event.remove(engine, "before_cursor_execute", break_off)
    assert tables(engine) == set()
    migrations.upgrade(engine)
    assert "version_file" in tables(engine)


def test_threads_that_upgrade_at_once_all_come_home(engine):
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(migrations.upgrade, engine) for _ in range(4)]:
            done.result(60)
    assert migrations.current(engine) == migrations.head()


_NODE = """
import sys
from oer import db, migrations
engine = db.connect(sys.argv[1], pool=1)
print("ready", flush=True)
sys.stdin.readline()
migrations.upgrade(engine)
"""


def test_processes_that_upgrade_at_once_all_come_home(engine):
    url = engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    nodes = [
        subprocess.Popen(
            [sys.executable, "-c", _NODE, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=ROOT,
        )
        for _ in range(4)
    ]
    try:
        for node in nodes:
            assert node.stdout.readline() == b"ready\n"
        answers = []
        for node in nodes:
            node.stdin.write(b"go\n")
            node.stdin.flush()
        answers = [node.communicate(timeout=60) for node in nodes]
    finally:
        for node in nodes:
            if node.poll() is None:
                node.kill()
                node.communicate()
    assert [node.returncode for node in nodes] == [0] * 4, answers
    assert migrations.current(engine) == migrations.head()


def test_the_way_back_leaves_no_table(engine):
    migrations.upgrade(engine)
    with engine.begin() as connection:
        command.downgrade(migrations.configuration(connection), "base")
    assert tables(engine) == {"alembic_version"}
