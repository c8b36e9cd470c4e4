"""Records opened in an emergency, each with its sentence, its end and its review (kit.emergencies).

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "emergency",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("staff", sa.Text(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("sentence", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("reviewed_by", sa.Text(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("remark", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("verdict = 'justified' or verdict = 'unjustified'", name=op.f("ck_emergency_verdict")),
        sa.CheckConstraint(
            "(reviewed_at is null) = (verdict is null) and (reviewed_at is null) = (reviewed_by is null)",
            name=op.f("ck_emergency_reviewed"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency")),
        schema="registry",
    )
    op.create_index("ix_emergency_reader", "emergency", ["reader", "person_id", "until"], schema="registry")


def downgrade() -> None:
    op.drop_table("emergency", schema="registry")
