"""Rows of an import: the job, its staged rows, what was corrected by hand, and the headers that the office taught."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from kit.db import Schema, check_words
from kit.intake.rules import STATES
from kit.steps.machine import Machine, Step

DISPOSITIONS = ("accept", "hold", "duplicate", "discard")
PERSONAL = {"personal": True}


class IntakeTables:
    """The tables of one schema, and the machine of its imports."""

    def __init__(self, schema: Schema, machine: Machine[Step]) -> None:
        self.schema, self.machine = schema, machine
        stamp = sa.DateTime(timezone=True)
        self.imports = sa.Table(
            "ledger_import",
            schema.metadata,
            sa.Column("id", sa.Uuid, primary_key=True),
            sa.Column("sha256", sa.LargeBinary, nullable=False, index=True),
            sa.Column("file_name", sa.Text, nullable=False),
            sa.Column("size", sa.BigInteger, nullable=False),
            sa.Column("state", sa.Text, nullable=False),
            sa.Column("error", sa.Text),
            sa.Column("as_of", sa.Date, nullable=False),
            sa.Column("as_of_given", sa.Boolean, nullable=False),
            sa.Column("done", sa.Integer, nullable=False, server_default="0"),
            sa.Column("total", sa.Integer),
            sa.Column("dispositions", JSONB, nullable=False, server_default="{}"),
            sa.Column("codes", JSONB, nullable=False, server_default="{}"),
            # Samples of unknown columns and headers that are not words of ours stand here masked.
            sa.Column("layout", JSONB, nullable=False, server_default="{}", info=PERSONAL),
            # The headers of unread columns as they stand there: in a card a "header" is somebody's name.
            sa.Column("headers_sealed", sa.LargeBinary, info=PERSONAL),
            # What a commit would write, counted by doing it and taking it back; null when rows changed since.
            sa.Column("effects", JSONB(none_as_null=True)),
            sa.Column("confirmed", sa.Text),
            sa.Column("taken", JSONB, nullable=False, server_default="{}"),
            # The reach of who started it: what it may read, match and write.
            sa.Column("scope", JSONB, nullable=False),
            sa.Column("roles", JSONB, nullable=False, server_default="[]"),
            sa.Column("uploaded_by", sa.Text, nullable=False),
            sa.Column("started_at", stamp),
            sa.Column("moved_at", stamp),
            sa.Column("committed_at", stamp),
            sa.Column("committed_by", sa.Text),
            sa.Column("version", sa.Integer, nullable=False, server_default="1"),
            sa.Column("created_at", stamp, nullable=False),
            check_words("state", STATES, "state"),
        )
        self.changes = sa.Table(
            "ledger_import_change",
            schema.metadata,
            sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
            sa.Column("object_id", sa.Uuid, nullable=False, index=True),
            *(sa.Column(name, sa.Text, nullable=False) for name in ("event", "from_state", "to_state")),
            sa.Column("happened_on", sa.Date, nullable=False),
            *(sa.Column(name, sa.Text, nullable=False) for name in ("source", "reason", "recorded_by")),
            sa.Column("recorded_at", stamp, nullable=False),
            info={"append_only": True},
        )
        self.rows = sa.Table(
            "ledger_row",
            schema.metadata,
            sa.Column("import_id", sa.Uuid, sa.ForeignKey(f"{schema.name}.ledger_import.id"), primary_key=True),
            sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("sheet", sa.Text, nullable=False),
            sa.Column("row", sa.Integer, nullable=False),
            sa.Column("kind", sa.Text, nullable=False),
            sa.Column("disposition", sa.Text, nullable=False),
            sa.Column("codes", ARRAY(sa.Text), nullable=False, server_default="{}"),
            sa.Column("problems", JSONB),
            sa.Column("division_code", sa.Text),
            sa.Column("key_index", sa.LargeBinary),
            sa.Column("object_id", sa.Uuid),
            sa.Column("record_sealed", sa.LargeBinary, nullable=False, info=PERSONAL),
            sa.Column("version", sa.Integer, nullable=False, server_default="1"),
            check_words("disposition", DISPOSITIONS, "disposition"),
            # All three in one: without statistics the primary key would look as good, and reads the whole import for each lookup.
            sa.Index("ix_ledger_row_key_index", "key_index", "import_id", "kind"),
            sa.Index("ix_ledger_row_object_id", "object_id", postgresql_where=sa.text("object_id is not null")),
        )
        self.corrections = sa.Table(
            "ledger_correction",
            schema.metadata,
            sa.Column("id", sa.Uuid, primary_key=True),
            sa.Column("import_id", sa.Uuid, sa.ForeignKey(f"{schema.name}.ledger_import.id"), nullable=False, index=True),
            sa.Column("sheet", sa.Text, nullable=False),
            sa.Column("row", sa.Integer, nullable=False),
            sa.Column("action", sa.Text, nullable=False),
            sa.Column("fields", ARRAY(sa.Text), nullable=False),
            sa.Column("values_sealed", sa.LargeBinary, nullable=False, info=PERSONAL),
            sa.Column("reason", sa.Text, nullable=False),
            sa.Column("recorded_by", sa.Text, nullable=False),
            sa.Column("recorded_at", stamp, nullable=False),
            check_words("action", ("correct", "discard"), "action"),
            info={"append_only": True},
        )
        self.mappings = sa.Table(
            "ledger_mapping",
            schema.metadata,
            # Division prefix of who taught it: it holds for ledgers of that division and of what lies below it.
            sa.Column("office", sa.Text, primary_key=True),
            sa.Column("kind", sa.Text, primary_key=True),
            sa.Column("header", sa.Text, primary_key=True),
            sa.Column("field", sa.Text, nullable=False),
            sa.Column("taught_by", sa.Text, nullable=False),
            sa.Column("taught_at", stamp, nullable=False),
        )
