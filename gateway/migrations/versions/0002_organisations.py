"""Accounts and clients act for a laboratory, an authority or an institution.

Revision: 0002, after 0001. Who is bound to none stays as it is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("account", "client"):
        op.add_column(table, sa.Column("organisation_kind", sa.Text(), nullable=True), schema="gateway")
        op.add_column(table, sa.Column("organisation_id", sa.Text(), nullable=True), schema="gateway")
        op.create_check_constraint(
            op.f(f"ck_{table}_organisation_kind"),
            table,
            "organisation_kind in ('laboratory', 'authority', 'institution')",
            schema="gateway",
        )
        op.create_check_constraint(
            op.f(f"ck_{table}_organisation_whole"),
            table,
            "(organisation_kind is null) = (organisation_id is null)",
            schema="gateway",
        )


def downgrade() -> None:
    for table in ("account", "client"):
        op.drop_column(table, "organisation_id", schema="gateway")
        op.drop_column(table, "organisation_kind", schema="gateway")
