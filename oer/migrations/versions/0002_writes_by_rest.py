"""writes by REST: sessions, invitations, collections, uploads, kept answers, jobs that people watch"""

import sqlalchemy as sa
from alembic import op

from oer.db import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("began", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_attempt")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempt_began"), ["began"], unique=False)

    op.create_table(
        "kept_answer",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_kept_answer")),
    )
    with op.batch_alter_table("kept_answer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_kept_answer_created"), ["created"], unique=False)

    op.create_table(
        "browser_session",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("seen", UtcDateTime(), nullable=False),
        sa.Column("expires", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_browser_session_person_id_person")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_browser_session")),
    )
    with op.batch_alter_table("browser_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_browser_session_expires"), ["expires"], unique=False)
        batch_op.create_index(batch_op.f("ix_browser_session_person_id"), ["person_id"], unique=False)

    op.create_table(
        "collection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("titles", sa.JSON(), nullable=False),
        sa.Column("descriptions", sa.JSON(), nullable=False),
        sa.Column("membership", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("lock", sa.Integer(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("changed", UtcDateTime(), nullable=False),
        sa.CheckConstraint("membership IN ('open', 'closed')", name=op.f("ck_collection_membership_known")),
        sa.CheckConstraint("state IN ('draft', 'published')", name=op.f("ck_collection_state_known")),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_collection_author_id_person")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_collection_institution_id_institution")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
        sa.UniqueConstraint("public_id", name=op.f("uq_collection_public_id")),
    )
    with op.batch_alter_table("collection", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_collection_institution_id"), ["institution_id"], unique=False)

    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("invited_by", sa.Integer(), nullable=True),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("expires", UtcDateTime(), nullable=False),
        sa.Column("accepted", UtcDateTime(), nullable=True),
        sa.Column("revoked", UtcDateTime(), nullable=True),
        sa.CheckConstraint("role IN ('depositor', 'reviewer', 'manager')", name=op.f("ck_invitation_role_known")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_invitation_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(["invited_by"], ["person.id"], name=op.f("fk_invitation_invited_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("digest", name=op.f("uq_invitation_digest")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitation_email"), ["email"], unique=False)
        batch_op.create_index(batch_op.f("ix_invitation_institution_id"), ["institution_id"], unique=False)

    op.create_table(
        "collection_unit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("collection_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("titles", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collection.id"], name=op.f("fk_collection_unit_collection_id_collection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_unit")),
        sa.UniqueConstraint("public_id", name=op.f("uq_collection_unit_public_id")),
    )
    with op.batch_alter_table("collection_unit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_collection_unit_collection_id"), ["collection_id"], unique=False)

    op.create_table(
        "upload",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("replaces", sa.String(), nullable=True),
        sa.Column("checksum", sa.String(), nullable=True),
        sa.Column("told", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("expires", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_upload_draft_id_draft")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_upload_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_upload_draft_id"), ["draft_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_upload_expires"), ["expires"], unique=False)
        batch_op.create_index(batch_op.f("ix_upload_person_id"), ["person_id"], unique=False)

    op.create_table(
        "collection_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("collection_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("added_by", sa.Integer(), nullable=True),
        sa.Column("added", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["added_by"], ["person.id"], name=op.f("fk_collection_item_added_by_person")),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collection.id"], name=op.f("fk_collection_item_collection_id_collection")
        ),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_collection_item_resource_id_resource")),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["collection_unit.id"], name=op.f("fk_collection_item_unit_id_collection_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_item")),
        sa.UniqueConstraint("collection_id", "resource_id", name=op.f("uq_collection_item_collection_id_resource_id")),
    )
    with op.batch_alter_table("collection_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_collection_item_collection_id"), ["collection_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_collection_item_resource_id"), ["resource_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_collection_item_unit_id"), ["unit_id"], unique=False)

    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.add_column(sa.Column("forgiven", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("fault", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("person_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("institution_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("done", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("total", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("input", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("report", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("result", sa.JSON(none_as_null=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_job_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_institution_id"), ["institution_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_input"), ["input"], unique=False)
        batch_op.create_index(batch_op.f("ix_job_report"), ["report"], unique=False)
        batch_op.create_foreign_key(batch_op.f("fk_job_person_id_person"), "person", ["person_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_job_input_blob"), "blob", ["input"], ["key"])
        batch_op.create_foreign_key(batch_op.f("fk_job_report_blob"), "blob", ["report"], ["key"])
        batch_op.drop_constraint(batch_op.f("ck_job_state_known"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_job_state_known"), "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')"
        )

    op.create_table(
        "job_row",
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_job_row")),
    )

    op.create_index("ix_audit_entry_object", "audit_entry", ["object_kind", "object_id", "id"], unique=False)

    # Not in a batch: on SQLite that makes the table anew, and what refers to people would hold on to the old one.
    op.add_column("person", sa.Column("lock", sa.Integer(), server_default="1", nullable=False))
    op.add_column("person", sa.Column("erased", UtcDateTime(), nullable=True))
    op.add_column("membership", sa.Column("lock", sa.Integer(), server_default="1", nullable=False))
    op.add_column("institution", sa.Column("logo_type", sa.String(), nullable=True))
    op.add_column("institution", sa.Column("logo_changed", UtcDateTime(), nullable=True))

    op.create_index("ix_draft_listing", "draft", ["changed", "id"])


def downgrade() -> None:
    op.drop_index("ix_draft_listing", table_name="draft")
    op.drop_column("institution", "logo_changed")
    op.drop_column("institution", "logo_type")
    op.drop_column("membership", "lock")
    op.drop_column("person", "erased")
    op.drop_column("person", "lock")

    op.drop_index("ix_audit_entry_object", table_name="audit_entry")

    op.drop_table("job_row")
    op.execute("DELETE FROM job WHERE state = 'cancelled'")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_job_state_known"), type_="check")
        batch_op.create_check_constraint(
            batch_op.f("ck_job_state_known"), "state IN ('waiting', 'running', 'done', 'failed')"
        )
        batch_op.drop_constraint(batch_op.f("fk_job_report_blob"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_job_input_blob"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_job_person_id_person"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_job_report"))
        batch_op.drop_index(batch_op.f("ix_job_input"))
        batch_op.drop_index(batch_op.f("ix_job_institution_id"))
        batch_op.drop_index(batch_op.f("ix_job_person_id"))
        batch_op.drop_column("result")
        batch_op.drop_column("report")
        batch_op.drop_column("input")
        batch_op.drop_column("total")
        batch_op.drop_column("done")
        batch_op.drop_column("institution_id")
        batch_op.drop_column("person_id")
        batch_op.drop_column("fault")
        batch_op.drop_column("forgiven")

    with op.batch_alter_table("collection_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_collection_item_unit_id"))
        batch_op.drop_index(batch_op.f("ix_collection_item_resource_id"))
        batch_op.drop_index(batch_op.f("ix_collection_item_collection_id"))

    op.drop_table("collection_item")
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_upload_person_id"))
        batch_op.drop_index(batch_op.f("ix_upload_expires"))
        batch_op.drop_index(batch_op.f("ix_upload_draft_id"))

    op.drop_table("upload")
    with op.batch_alter_table("collection_unit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_collection_unit_collection_id"))

    op.drop_table("collection_unit")
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invitation_institution_id"))
        batch_op.drop_index(batch_op.f("ix_invitation_email"))

    op.drop_table("invitation")
    with op.batch_alter_table("collection", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_collection_institution_id"))

    op.drop_table("collection")
    with op.batch_alter_table("browser_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_browser_session_person_id"))
        batch_op.drop_index(batch_op.f("ix_browser_session_expires"))

    op.drop_table("browser_session")
    with op.batch_alter_table("kept_answer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_kept_answer_created"))

    op.drop_table("kept_answer")
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attempt_began"))

    op.drop_table("attempt")
