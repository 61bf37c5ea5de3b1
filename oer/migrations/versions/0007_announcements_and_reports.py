"""announcements and reports: what institutions announce, and what visitors report"""

import sqlalchemy as sa
from alembic import op

from oer.db import UtcDateTime

revision = "0007"
down_revision = "0006"

_REASONS = "'copyright', 'privacy', 'harmful', 'error', 'broken-file', 'accessibility', 'other'"
_OUTCOMES = "'kept', 'mended', 'withdrawn'"


def upgrade() -> None:
    op.create_table(
        "announcement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("titles", sa.JSON(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("published", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("lock", sa.Integer(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("changed", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_announcement_institution_id_institution")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcement")),
        sa.UniqueConstraint("public_id", name=op.f("uq_announcement_public_id")),
    )
    op.create_index("ix_announcement_listing", "announcement", ["institution_id", "pinned", "published", "id"])
    op.create_table(
        "report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("hid", UtcDateTime(), nullable=True),
        sa.Column("lock", sa.Integer(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("changed", UtcDateTime(), nullable=False),
        sa.Column("answered", UtcDateTime(), nullable=True),
        sa.CheckConstraint(f"reason IN ({_REASONS})", name=op.f("ck_report_reason_known")),
        sa.CheckConstraint("state IN ('open', 'examining', 'answered')", name=op.f("ck_report_state_known")),
        sa.CheckConstraint(f"outcome IS NULL OR outcome IN ({_OUTCOMES})", name=op.f("ck_report_outcome_known")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_report_resource_id_resource")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report")),
        sa.UniqueConstraint("reference", name=op.f("uq_report_reference")),
    )
    op.create_index("ix_report_queue", "report", ["state", "id"])
    op.create_index(op.f("ix_report_resource_id"), "report", ["resource_id"])
    op.create_index(op.f("ix_report_email"), "report", ["email"])


def downgrade() -> None:
    op.drop_table("report")
    op.drop_table("announcement")
