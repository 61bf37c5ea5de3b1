"""usage: how often resources are seen and taken, by day"""

import sqlalchemy as sa
from alembic import op

from oer.db import UtcDateTime

revision = "0005"
down_revision = "0004"


def _counts() -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in ("views", "downloads")]


def upgrade() -> None:
    op.create_table(
        "usage_day",
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *_counts(),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_usage_day_resource_id_resource")),
        sa.PrimaryKeyConstraint("resource_id", "day", name=op.f("pk_usage_day")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_usage_day_day"), "usage_day", ["day"])
    op.create_table(
        "usage_institution",
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *_counts(),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_usage_institution_institution_id_institution")
        ),
        sa.PrimaryKeyConstraint("institution_id", "day", name=op.f("pk_usage_institution")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usage_total",
        sa.Column("resource_id", sa.Integer(), nullable=False),
        *_counts(),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("ranked", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_usage_total_resource_id_resource")),
        sa.PrimaryKeyConstraint("resource_id", name=op.f("pk_usage_total")),
    )
    op.create_table(
        "usage_salt",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_usage_salt")),
    )
    op.create_table(
        "usage_mark",
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_usage_mark")),
    )
    op.create_index(op.f("ix_usage_mark_at"), "usage_mark", ["at"])


def downgrade() -> None:
    for table in ("usage_mark", "usage_salt", "usage_total", "usage_institution", "usage_day"):
        op.drop_table(table)
