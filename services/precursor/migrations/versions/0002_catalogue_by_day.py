"""catalogue by day: what a firm is inspected as, the words for its chemicals, classes that its ledger states beyond them

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("lines", "stated_chemicals", "stated_categories"):
        op.add_column("firm", sa.Column(name, postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False), schema="precursor")
    op.add_column("firm", sa.Column("competent", postgresql.JSONB(), nullable=True), schema="precursor")
    # A firm was one kind; its words for chemicals are those that stand. A class that one of its chemicals had on any day is explained by the
    # list and follows it from now on; a class that none explains was the ledger's own word and stays.
    op.execute(
        """update precursor.firm f
              set lines = jsonb_build_array(f.kind),
                  stated_chemicals = f.chemicals,
                  stated_categories = coalesce(
                    (select jsonb_agg(c.category order by c.category)
                       from (select value::int as category from jsonb_array_elements_text(f.categories)) c
                      where not exists (select 1 from precursor.catalogue_entry e
                                         where e.category = c.category and f.chemicals ? e.name_zh)), '[]')"""
    )
    op.create_index("ix_firm_lines", "firm", ["lines"], schema="precursor", postgresql_using="gin")


def downgrade() -> None:
    op.drop_index("ix_firm_lines", table_name="firm", schema="precursor")
    for name in ("competent", "stated_categories", "stated_chemicals", "lines"):
        op.drop_column("firm", name, schema="precursor")
