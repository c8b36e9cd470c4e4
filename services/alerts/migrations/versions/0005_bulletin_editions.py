"""bulletins as they were published

Revision: 0005, after 0004.

A bulletin that the first release published has no edition yet: it is made once, when it is first asked for, from the inputs that were stored with it; its
canonical JSON must equal the one that was stored then.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_INDICATORS = (
    "'report_in', 'execution', 'test_completion', 'visit_completion', 'alert_handling', 'handover_acknowledgement', 'lawful_closure'"
)


def upgrade() -> None:
    op.create_table(
        "bulletin_edition",
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("canonical", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.Column("pdf_digest", sa.Text(), nullable=False),
        sa.Column("xlsx", sa.LargeBinary(), nullable=False),
        sa.Column("xlsx_digest", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("audience in ('county_office', 'units')", name=op.f("ck_bulletin_edition_audience")),
        sa.ForeignKeyConstraint(["issue_id"], ["alerts.bulletin_issue.id"], name=op.f("fk_bulletin_edition_issue_id_bulletin_issue")),
        sa.PrimaryKeyConstraint("issue_id", "audience", name=op.f("pk_bulletin_edition")),
        schema="alerts",
        info={"append_only": True},
    )
    op.create_table(
        "bulletin_items",
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("division_code", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("done", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("open", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.CheckConstraint(f"indicator in ({_INDICATORS})", name=op.f("ck_bulletin_items_indicator")),
        sa.ForeignKeyConstraint(["issue_id"], ["alerts.bulletin_issue.id"], name=op.f("fk_bulletin_items_issue_id_bulletin_issue")),
        sa.PrimaryKeyConstraint("issue_id", "division_code", "indicator", name=op.f("pk_bulletin_items")),
        schema="alerts",
        info={"append_only": True},
    )


def downgrade() -> None:
    op.drop_table("bulletin_items", schema="alerts")
    op.drop_table("bulletin_edition", schema="alerts")
