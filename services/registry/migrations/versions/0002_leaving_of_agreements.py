"""leaving of agreements

Revision: 0002, after 0001.

Keeps the moment at which a person's leaving was recorded, so that a tombstone says when it happened. Those who left before have none: nothing is invented.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agreement_person", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True), schema="registry")


def downgrade() -> None:
    op.drop_column("agreement_person", "left_at", schema="registry")
