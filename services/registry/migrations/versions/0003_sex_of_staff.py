"""The sex of staff: who takes a specimen is of the person's sex (DTP art. 8).

Revision: 0003, after 0002. Nobody's sex is invented: it stays unknown until the county loads its list of staff again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff_member", sa.Column("sex", sa.Text(), nullable=True), schema="registry")
    op.create_check_constraint(op.f("ck_staff_member_sex"), "staff_member", "sex in ('male', 'female')", schema="registry")


def downgrade() -> None:
    op.drop_column("staff_member", "sex", schema="registry")
