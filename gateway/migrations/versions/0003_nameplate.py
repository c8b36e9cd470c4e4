"""The house knows itself: nameplate, applied events, and positions that live on in another cluster.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "nameplate",
        sa.Column("single", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("house_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("keys", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revisions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tables", sa.Text(), nullable=False),
        sa.Column("life", sa.Text(), nullable=False),
        sa.Column("restored", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("single", name=op.f("ck_nameplate_single")),
        sa.PrimaryKeyConstraint("single", name=op.f("pk_nameplate")),
        schema="gateway",
    )
    op.create_table(
        "inbox_applied",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_inbox_applied")),
        schema="gateway",
    )
    # Plain expressions, so that Postgres inlines them: `./dev restored` writes them anew with a sum when the cluster counts from another number.
    op.execute("create function gateway.feed_xid() returns xid8 language sql volatile as $$ select pg_current_xact_id() $$")
    op.execute(
        "create function gateway.feed_horizon() returns xid8 language sql stable as $$ select pg_snapshot_xmin(pg_current_snapshot()) $$"
    )
    for table in ("outbox", "audit"):
        op.alter_column(table, "xid", server_default=sa.text("gateway.feed_xid()"), schema="gateway")


def downgrade() -> None:
    raise NotImplementedError("a house is brought back from its backup, not by stepping down")
