"""sets: a table of their own, narrow memberships in the order that lists walk them; lists packed in blocks"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "oai_set",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("spec", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oai_set")),
        sa.UniqueConstraint("spec", name=op.f("uq_oai_set_spec")),
    )
    op.execute("INSERT INTO oai_set (spec) SELECT DISTINCT spec FROM set_member")
    _make("narrow_member")
    op.execute(
        "INSERT INTO narrow_member (set_id, change, resource_id, present) "
        "SELECT oai_set.id, change, resource_id, present FROM set_member JOIN oai_set ON oai_set.spec = set_member.spec"
    )
    op.drop_table("set_member")
    _make("set_member")
    op.execute(
        "INSERT INTO set_member (set_id, change, resource_id, present) "
        "SELECT set_id, change, resource_id, present FROM narrow_member"
    )
    op.drop_table("narrow_member")
    with op.batch_alter_table("set_member", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_set_member_resource_id"), ["resource_id"], unique=False)
    op.create_table(
        "oai_block",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("crc", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oai_block")),
        sa.UniqueConstraint("prefix", "last", "first", name=op.f("uq_oai_block_prefix_last_first")),
    )
    # Renderings hold more than they did. They are made anew, and so are memberships: by a job, record by record.
    op.execute("DELETE FROM rendering")
    op.execute("DELETE FROM projection WHERE name LIKE 'renderings-%'")
    op.execute(
        "INSERT INTO job (kind, name, payload, state, attempts, forgiven, done, due, created) "
        "SELECT 'records.show', 'records.show', '{}', 'waiting', 0, 0, 0, stamp, stamp FROM clock "
        "WHERE EXISTS (SELECT 1 FROM oai_record)"
    )


def _make(name: str) -> None:
    op.create_table(
        name,
        sa.Column("set_id", sa.Integer(), nullable=False),
        sa.Column("change", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f(f"fk_{name}_resource_id_resource")),
        sa.ForeignKeyConstraint(["set_id"], ["oai_set.id"], name=op.f(f"fk_{name}_set_id_oai_set")),
        sa.PrimaryKeyConstraint("set_id", "change", name=op.f(f"pk_{name}")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("oai_block")
    op.create_table(
        "wide_member",
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("spec", sa.String(), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_wide_member_resource_id_resource")),
        sa.PrimaryKeyConstraint("resource_id", "spec", name=op.f("pk_wide_member")),
    )
    op.execute(
        "INSERT INTO wide_member (resource_id, spec, change, present) "
        "SELECT resource_id, spec, change, present FROM set_member JOIN oai_set ON oai_set.id = set_id "
        "WHERE spec NOT LIKE '%/%'"
    )
    op.drop_table("set_member")
    op.rename_table("wide_member", "set_member")
    with op.batch_alter_table("set_member", schema=None) as batch_op:
        batch_op.create_index("ix_set_member_walk", ["spec", "change"], unique=False)
    op.drop_table("oai_set")
    op.execute("DELETE FROM rendering")
    op.execute("DELETE FROM projection WHERE name LIKE 'renderings-%'")
    op.execute("DELETE FROM job WHERE kind = 'records.show'")
