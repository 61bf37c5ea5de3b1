"""What tests begin with on PostgreSQL: databases that are used again are as new ones."""

import os
from pathlib import Path

import factories
import psycopg
import pytest
from databases import database

from oer.workflow import Role

pytestmark = pytest.mark.skipif("OER_TEST_DATABASE_URL" not in os.environ, reason="about PostgreSQL")


def told(url: str) -> dict[str, object]:
    """All rows of all tables."""
    with psycopg.connect(url) as line:
        names = [name for (name,) in line.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        return {
            name: line.execute(
                psycopg.sql.SQL("SELECT jsonb_agg(to_jsonb(t)) FROM {} AS t").format(psycopg.sql.Identifier(name))
            ).fetchone()
            for name in names
        }


def test_a_database_that_was_used_is_as_new(tmp_path: Path) -> None:
    with database(tmp_path, migrated=True) as first:
        new = told(first)
    numbers = []
    for folder in ("a", "b"):
        with factories.opened(tmp_path / folder) as home:
            assert home.settings.database_url == first
            factories.published(home, actor=factories.member(home, Role.MANAGER))
            with psycopg.connect(first) as line:
                numbers.append(line.execute("SELECT id FROM resource").fetchall())
            used = told(first)
    assert numbers[0] == numbers[1]
    assert used != new
    with database(tmp_path, migrated=True) as again:
        assert (again, told(again)) == (first, new)


def test_a_database_whose_tables_were_changed_is_not_used_again(tmp_path: Path) -> None:
    with database(tmp_path, migrated=True) as first, psycopg.connect(first, autocommit=True) as line:
        line.execute("ALTER TABLE institution ADD COLUMN beside integer")
    with database(tmp_path, migrated=True) as second:
        assert second != first
