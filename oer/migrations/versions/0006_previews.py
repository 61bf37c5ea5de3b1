"""previews: pictures, posters and light variants made from files"""

import sqlalchemy as sa
from alembic import op

from oer.db import UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "previewed",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("duration", sa.Float(), nullable=True),
        sa.Column("found", UtcDateTime(), nullable=False),
        sa.CheckConstraint("state IN ('made', 'nothing', 'failed')", name=op.f("ck_previewed_state_known")),
        sa.ForeignKeyConstraint(["key"], ["blob.key"], name=op.f("fk_previewed_key_blob"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_previewed")),
    )
    op.create_table(
        "derivative",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('cover', 'page', 'middle', 'poster', 'light', 'audio', 'listing')",
            name=op.f("ck_derivative_kind_known"),
        ),
        sa.ForeignKeyConstraint(["key"], ["blob.key"], name=op.f("fk_derivative_key_blob")),
        sa.ForeignKeyConstraint(["source"], ["blob.key"], name=op.f("fk_derivative_source_blob"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("source", "kind", "number", name=op.f("pk_derivative")),
    )
    op.create_index(op.f("ix_derivative_key"), "derivative", ["key"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_derivative_key"), table_name="derivative")
    op.drop_table("derivative")
    op.drop_table("previewed")
