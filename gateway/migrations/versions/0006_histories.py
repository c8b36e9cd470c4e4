"""Histories of accounts, clients and requests.

Rows of the first release get no step that nobody recorded: their history begins with the next one. `updated_at` is the last moment that is known of them; the release
that still runs during the change writes rows without it, and they get the moment of writing.

Revision: 0006, after 0005.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

HISTORIES: dict[str, Any] = {"account_change": sa.Uuid(), "client_change": sa.Text(), "approval_change": sa.Uuid()}
UPDATED = {"account": "created_at", "client": "coalesce(changed_at, created_at)", "approval": "coalesce(decided_at, requested_at)"}


def upgrade() -> None:
    for name, kind in HISTORIES.items():
        op.create_table(
            name,
            sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
            sa.Column("object_id", kind, nullable=False),
            sa.Column("event", sa.Text(), nullable=False),
            sa.Column("from_state", sa.Text(), nullable=False),
            sa.Column("to_state", sa.Text(), nullable=False),
            sa.Column("happened_on", sa.Date(), nullable=False),
            sa.Column("source", sa.Text(), nullable=False),
            sa.Column("reason", sa.Text(), nullable=False),
            sa.Column("recorded_by", sa.Text(), nullable=False),
            sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
            schema="gateway",
        )
        op.create_index(op.f(f"ix_{name}_object_id"), name, ["object_id"], schema="gateway")
    for name, moment in UPDATED.items():
        op.add_column(name, sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True), schema="gateway")
        op.execute(f"update gateway.{name} set updated_at = {moment}")
        op.alter_column(name, "updated_at", nullable=False, server_default=sa.text("now()"), schema="gateway")
    op.add_column("approval", sa.Column("version", sa.Integer(), nullable=False, server_default="1"), schema="gateway")


def downgrade() -> None:
    op.drop_column("approval", "version", schema="gateway")
    for name in UPDATED:
        op.drop_column(name, "updated_at", schema="gateway")
    for name in HISTORIES:
        op.drop_table(name, schema="gateway")
