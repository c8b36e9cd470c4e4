"""Histories of agreements, assessments, contradictions and imports; the law behind the changes of a person.

Rows of the first release get no step that nobody recorded: their history begins with the next one. `updated_at` is the last moment that is known of them; the release
that still runs during the change writes rows without it, and they get the moment of writing.

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

HISTORIES: dict[str, tuple[str, ...]] = {
    "agreement_change": ("document_no",),
    "risk_assessment_change": (),
    "ledger_conflict_change": ("choice",),
    "ledger_import_change": (),
}
UPDATED = {"risk_assessment": "recorded_at", "ledger_conflict": "coalesce(decided_at, created_at)"}


def upgrade() -> None:
    for name, more in HISTORIES.items():
        op.create_table(
            name,
            sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
            sa.Column("object_id", sa.Uuid(), nullable=False),
            sa.Column("event", sa.Text(), nullable=False),
            sa.Column("from_state", sa.Text(), nullable=False),
            sa.Column("to_state", sa.Text(), nullable=False),
            sa.Column("happened_on", sa.Date(), nullable=False),
            sa.Column("source", sa.Text(), nullable=False),
            sa.Column("reason", sa.Text(), nullable=False),
            sa.Column("recorded_by", sa.Text(), nullable=False),
            sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
            *(sa.Column(column, sa.Text(), nullable=True) for column in more),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
            schema="registry",
        )
        op.create_index(op.f(f"ix_{name}_object_id"), name, ["object_id"], schema="registry")
    for name, moment in UPDATED.items():
        op.add_column(name, sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True), schema="registry")
        op.execute(f"update registry.{name} set updated_at = {moment}")
        op.alter_column(name, "updated_at", nullable=False, server_default=sa.text("now()"), schema="registry")
    op.add_column("person_change", sa.Column("legal_source", sa.Text(), nullable=False, server_default=""), schema="registry")


def downgrade() -> None:
    op.drop_column("person_change", "legal_source", schema="registry")
    for name in UPDATED:
        op.drop_column(name, "updated_at", schema="registry")
    for name in HISTORIES:
        op.drop_table(name, schema="registry")
