"""Whose account it is and until when, failures by origin, dated grants, requests that two people decide.

Revision: 0004, after 0003. Scopes are written in one form. Grants of clients become dated rows, from the day of the client's registration, with no end.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ONE_FORM = """
update gateway.{table} set scope = (
    select coalesce(jsonb_agg(distinct
        case when entry ~ '^[0-9]{{6}}000(000)?$' then left(entry, 6)
             when entry ~ '^[0-9]{{9}}000$' then left(entry, 9)
             else entry end), '[]'::jsonb)
    from jsonb_array_elements_text(scope) entry)
"""


def upgrade() -> None:
    op.add_column("account", sa.Column("totp_pending", sa.LargeBinary(), nullable=True), schema="gateway")
    op.add_column("account", sa.Column("holder", sa.Text(), nullable=True, info={"personal": True}), schema="gateway")
    op.add_column("account", sa.Column("staff_from", sa.Date(), nullable=True), schema="gateway")
    op.add_column("account", sa.Column("staff_until", sa.Date(), nullable=True), schema="gateway")
    op.add_column("account", sa.Column("staff_division", sa.Text(), nullable=True), schema="gateway")
    op.add_column("session", sa.Column("origin", sa.Text(), nullable=False, server_default=""), schema="gateway")
    op.alter_column("session", "origin", server_default=None, schema="gateway")
    op.create_table(
        "sign_in_trial",
        sa.Column("tried_mark", sa.LargeBinary(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waits_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tried_mark", "origin", name=op.f("pk_sign_in_trial")),
        schema="gateway",
    )
    op.create_index(op.f("ix_sign_in_trial_last_at"), "sign_in_trial", ["last_at"], schema="gateway")
    op.create_table(
        "client_grant",
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["gateway.client.id"], name=op.f("fk_client_grant_client_id_client")),
        sa.PrimaryKeyConstraint("client_id", "word", name=op.f("pk_client_grant")),
        schema="gateway",
    )
    op.create_table(
        "approval",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("result_id", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind in ('account_open', 'account_amend', 'second_factor_reset', 'client_register', 'client_amend', 'client_key_add')",
            name=op.f("ck_approval_kind"),
        ),
        sa.CheckConstraint("state in ('pending', 'confirmed', 'refused')", name=op.f("ck_approval_state")),
        sa.ForeignKeyConstraint(["requested_by"], ["gateway.account.id"], name=op.f("fk_approval_requested_by_account")),
        sa.ForeignKeyConstraint(["decided_by"], ["gateway.account.id"], name=op.f("fk_approval_decided_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        schema="gateway",
    )
    op.create_index("ix_approval_state", "approval", ["state", "requested_at"], schema="gateway")
    op.execute(
        """insert into gateway.client_grant (client_id, word, valid_from, tokens)
           select distinct c.id, word, (c.created_at at time zone 'Asia/Shanghai')::date, 0
             from gateway.client c, jsonb_array_elements_text(c.grants) word"""
    )
    for table in ("account", "client"):
        op.execute(ONE_FORM.format(table=table))


def downgrade() -> None:
    op.drop_table("approval", schema="gateway")
    op.drop_table("client_grant", schema="gateway")
    op.drop_table("sign_in_trial", schema="gateway")
    op.drop_column("session", "origin", schema="gateway")
    for column in ("staff_division", "staff_until", "staff_from", "holder", "totp_pending"):
        op.drop_column("account", column, schema="gateway")
