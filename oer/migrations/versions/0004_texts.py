"""texts: what files say, for the search, and the number by which it follows"""

import sqlalchemy as sa
from alembic import op

from oer.db import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "file_text",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("found", UtcDateTime(), nullable=False),
        sa.CheckConstraint("state IN ('text', 'nothing', 'failed')", name=op.f("ck_file_text_state_known")),
        sa.ForeignKeyConstraint(["key"], ["blob.key"], name=op.f("fk_file_text_key_blob"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_file_text")),
    )
    op.add_column("oai_record", sa.Column("revision", sa.BigInteger(), nullable=True))
    op.execute("UPDATE oai_record SET revision = change")
    op.execute("UPDATE clock SET revision = change")
    with op.batch_alter_table("oai_record", schema=None) as batch_op:
        batch_op.alter_column("revision", existing_type=sa.BigInteger(), nullable=False)
        batch_op.create_unique_constraint(op.f("uq_oai_record_revision"), ["revision"])


def downgrade() -> None:
    with op.batch_alter_table("oai_record", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("uq_oai_record_revision"), type_="unique")
        batch_op.drop_column("revision")
    op.drop_table("file_text")
