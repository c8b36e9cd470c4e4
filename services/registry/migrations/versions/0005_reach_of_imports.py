"""imports keep the reach of who started them, taught headers bind their own divisions, unread headers are sealed

Revision: 0005, after 0004.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SCHEMA = "registry"


def upgrade() -> None:
    op.add_column("ledger_import", sa.Column("headers_sealed", sa.LargeBinary(), nullable=True), schema=SCHEMA)
    op.add_column("ledger_import", sa.Column("effects", JSONB(), nullable=True), schema=SCHEMA)
    op.add_column("ledger_import", sa.Column("confirmed", sa.Text(), nullable=True), schema=SCHEMA)
    op.add_column("ledger_import", sa.Column("roles", JSONB(), server_default="[]", nullable=False), schema=SCHEMA)
    # Who uploaded stands in the audit trail with the roles of that day. Where it does not, nobody is made up: such an import may read and write
    # nothing until somebody reads its file again.
    op.execute(
        f"""update {SCHEMA}.ledger_import i set roles = to_jsonb(regexp_split_to_array(trim(a.roles), '[ ,]+'))
              from {SCHEMA}.audit a
             where a.action = 'ledger.upload' and a.object_type = 'ledger_import' and a.object_ids ? i.id::text and trim(a.roles) <> ''"""
    )
    _mask_headers()
    op.add_column("ledger_mapping", sa.Column("office", sa.Text(), nullable=True), schema=SCHEMA)
    # A header was taught for everybody; it holds now where its teacher keeps ledgers, and nowhere when that is not known.
    op.execute(
        f"""update {SCHEMA}.ledger_mapping m set office = coalesce(
              (select i.scope ->> 0 from {SCHEMA}.ledger_import i where i.uploaded_by = m.taught_by and jsonb_array_length(i.scope) > 0
                order by i.created_at desc, i.id desc limit 1), '-')"""
    )
    op.alter_column("ledger_mapping", "office", nullable=False, schema=SCHEMA)
    op.drop_constraint("pk_ledger_mapping", "ledger_mapping", schema=SCHEMA)
    op.create_primary_key("pk_ledger_mapping", "ledger_mapping", ["office", "kind", "header"], schema=SCHEMA)


def _mask_headers() -> None:
    """Headers of unread columns stood in clear, and in a card they are names. The file still has them: it can be read again."""
    connection = op.get_bind()
    found = connection.execute(sa.text(f"select id, layout from {SCHEMA}.ledger_import where layout <> '{{}}'"))
    for import_id, layout in found.all():
        parts: list[list[dict[str, Any]]] = [table.get("unknown_headers", []) for table in layout.get("tables", [])]
        parts += [part.get("headers", []) for part in layout.get("unrecognised", [])]
        for header in (one for part in parts for one in part):
            text = str(header["header"])
            header["header"] = text[:1] + "*" * min(max(len(text) - 1, 0), 17)
        connection.execute(
            sa.text(f"update {SCHEMA}.ledger_import set layout = cast(:layout as jsonb) where id = :id"),
            {"layout": json.dumps(layout, ensure_ascii=False), "id": import_id},
        )


def downgrade() -> None:
    op.drop_constraint("pk_ledger_mapping", "ledger_mapping", schema=SCHEMA)
    op.execute(
        f"""delete from {SCHEMA}.ledger_mapping m using {SCHEMA}.ledger_mapping n
             where (m.kind, m.header) = (n.kind, n.header) and (m.taught_at, m.office) < (n.taught_at, n.office)"""
    )
    op.create_primary_key("pk_ledger_mapping", "ledger_mapping", ["kind", "header"], schema=SCHEMA)
    op.drop_column("ledger_mapping", "office", schema=SCHEMA)
    for name in ("roles", "confirmed", "effects", "headers_sealed"):
        op.drop_column("ledger_import", name, schema=SCHEMA)
