"""Registered devices: the phone by which a person checks in (ADR 0028).

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("key_digest", sa.LargeBinary(), nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("registered_staff", sa.Text(), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawal", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("withdrawal in ('replaced', 'lost', 'shared', 'mistake')", name=op.f("ck_device_withdrawal")),
        sa.CheckConstraint("(withdrawn_at is null) = (withdrawal is null)", name=op.f("ck_device_withdrawn")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        schema="alerts",
    )
    op.create_index("ix_device_person_id", "device", ["person_id"], schema="alerts")
    op.create_index(
        "uq_device_in_use", "device", ["person_id"], unique=True, schema="alerts", postgresql_where=sa.text("withdrawn_at is null")
    )


def downgrade() -> None:
    op.drop_table("device", schema="alerts")
