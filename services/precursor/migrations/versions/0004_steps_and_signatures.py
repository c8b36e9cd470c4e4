"""steps and signatures: histories with legal sources, numbered commitments, values entered by two persons, replacements signed by a second

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

HISTORIES = ("firm_step", "inspection_step", "draw_replacement_step")


def _text(name: str, **more: object) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, **more)  # type: ignore[arg-type]


def _stamp(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    for name in HISTORIES:
        op.create_table(
            name,
            sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
            sa.Column("object_id", sa.Uuid(), nullable=False),
            _text("event"),
            _text("from_state"),
            _text("to_state"),
            sa.Column("happened_on", sa.Date(), nullable=False),
            _text("source"),
            _text("reason"),
            _text("recorded_by"),
            _stamp("recorded_at"),
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
            schema="precursor",
        )
        op.create_index(op.f(f"ix_{name}_object_id"), name, ["object_id"], schema="precursor")
    _draws()
    _rectifications()
    op.add_column("inspection", sa.Column("held", postgresql.JSONB(), nullable=True), schema="precursor")
    op.add_column("inspection_replacement", sa.Column("signed_by", sa.Text(), nullable=True), schema="precursor")


def _draws() -> None:
    op.create_table(
        "draw_value",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("draw_id", sa.Uuid(), nullable=False),
        sa.Column("public_values", postgresql.JSONB(), nullable=False),
        _text("public_reference"),
        _text("recorded_by"),
        sa.Column("staff_code", sa.Text(), nullable=True),
        _stamp("recorded_at"),
        sa.ForeignKeyConstraint(["draw_id"], ["precursor.draw.id"], name=op.f("fk_draw_value_draw_id_draw")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw_value")),
        schema="precursor",
    )
    op.create_index("ix_draw_value_draw_id", "draw_value", ["draw_id", "id"], schema="precursor")
    op.create_table(
        "draw_replacement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("draw_id", sa.Uuid(), nullable=False),
        _text("kind"),
        sa.Column("firm_id", sa.Uuid(), nullable=False),
        sa.Column("leaves", sa.Uuid(), nullable=False),
        _text("state"),
        _text("ground"),
        _text("note"),
        sa.Column("enters", sa.Uuid(), nullable=True),
        sa.Column("passed_over", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("officers", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        _text("proposed_by"),
        sa.Column("proposed_staff", sa.Text(), nullable=True),
        _stamp("proposed_at"),
        sa.Column("signed_by", sa.Text(), nullable=True),
        _stamp("signed_at", nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _stamp("updated_at"),
        sa.CheckConstraint("kind in ('officer', 'object')", name=op.f("ck_draw_replacement_kind")),
        sa.CheckConstraint("state in ('proposed', 'signed', 'refused')", name=op.f("ck_draw_replacement_state")),
        sa.ForeignKeyConstraint(["draw_id"], ["precursor.draw.id"], name=op.f("fk_draw_replacement_draw_id_draw")),
        sa.ForeignKeyConstraint(["firm_id"], ["precursor.firm.id"], name=op.f("fk_draw_replacement_firm_id_firm")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draw_replacement")),
        schema="precursor",
    )
    op.create_index("ix_draw_replacement_draw_id", "draw_replacement", ["draw_id", "id"], schema="precursor")
    op.create_index(
        "uq_draw_replacement_open",
        "draw_replacement",
        ["draw_id", "leaves", "firm_id"],
        unique=True,
        schema="precursor",
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.add_column("draw", sa.Column("set_aside_document", sa.Text(), nullable=True), schema="precursor")
    op.add_column("draw", sa.Column("attempt", sa.Integer(), server_default=sa.text("1"), nullable=False), schema="precursor")
    # An attempt's number is its place in the chain of those it repeats.
    op.execute(
        """with recursive chain as (
             select id, 1 as attempt from precursor.draw where redraw_of is null
             union all select d.id, c.attempt + 1 from precursor.draw d join chain c on d.redraw_of = c.id)
           update precursor.draw d set attempt = c.attempt from chain c where c.id = d.id and c.attempt > 1"""
    )
    op.add_column("draw_reveal", sa.Column("entered_by", sa.Text(), nullable=True), schema="precursor")
    op.add_column("draw_commitment", sa.Column("pool", sa.Text(), nullable=True), schema="precursor")
    op.add_column("draw_commitment", sa.Column("number", sa.Integer(), nullable=True), schema="precursor")
    # Commitments that were given are numbered in the order in which they were given.
    op.execute(
        """update precursor.draw_commitment c set pool = n.pool, number = n.number from (
             select c.draw_id, p.pool, row_number() over (partition by p.pool order by c.committed_at, c.draw_id) as number
               from precursor.draw_commitment c join precursor.draw d on d.id = c.draw_id
               cross join lateral (select d.object_kind || '/' || d.authority || '/' || extract(year from d.inspect_from)::text as pool) p) n
            where n.draw_id = c.draw_id"""
    )
    op.alter_column("draw_commitment", "pool", nullable=False, schema="precursor")
    op.alter_column("draw_commitment", "number", nullable=False, schema="precursor")
    op.create_unique_constraint(op.f("uq_draw_commitment_pool_number"), "draw_commitment", ["pool", "number"], schema="precursor")
    # The record of a draw gains what follows from it: the state before is that after the step before.
    op.add_column("draw_step", sa.Column("from_state", sa.Text(), nullable=True), schema="precursor")
    op.add_column("draw_step", sa.Column("happened_on", sa.Date(), nullable=True), schema="precursor")
    op.add_column("draw_step", sa.Column("source", sa.Text(), nullable=True), schema="precursor")
    op.add_column("draw_step", _text("reason", server_default=""), schema="precursor")
    op.execute(
        """update precursor.draw_step s set from_state = n.before, happened_on = (s.recorded_at at time zone 'Asia/Shanghai')::date,
                  source = case when s.action = 'replace_officer' then '行政处罚法 art. 43' else '国办发〔2015〕58号' end
             from (select id, coalesce(lag(state) over (partition by draw_id order by id), 'none') as before from precursor.draw_step) n
            where n.id = s.id"""
    )
    for name in ("from_state", "happened_on", "source"):
        op.alter_column("draw_step", name, nullable=False, schema="precursor")


def _rectifications() -> None:
    op.add_column("rectification_step", sa.Column("from_state", sa.Text(), nullable=True), schema="precursor")
    op.add_column("rectification_step", sa.Column("source", sa.Text(), nullable=True), schema="precursor")
    op.execute(
        """update precursor.rectification_step s set from_state = n.before,
                  source = case s.action when 'close' then '行政处罚法 art. 33, 42'
                                         when 'pass_on' then '国办发〔2015〕58号; 行政处罚法 art. 27' else '行政处罚法 art. 28' end
             from (select id, coalesce(lag(state) over (partition by rectification_id order by id), 'none') as before
                     from precursor.rectification_step) n
            where n.id = s.id"""
    )
    for name in ("from_state", "source"):
        op.alter_column("rectification_step", name, nullable=False, schema="precursor")


def downgrade() -> None:
    op.drop_column("inspection_replacement", "signed_by", schema="precursor")
    op.drop_column("inspection", "held", schema="precursor")
    for name in ("source", "from_state"):
        op.drop_column("rectification_step", name, schema="precursor")
    for name in ("reason", "source", "happened_on", "from_state"):
        op.drop_column("draw_step", name, schema="precursor")
    op.drop_constraint(op.f("uq_draw_commitment_pool_number"), "draw_commitment", schema="precursor")
    for table, name in (
        ("draw_commitment", "number"),
        ("draw_commitment", "pool"),
        ("draw_reveal", "entered_by"),
        ("draw", "attempt"),
        ("draw", "set_aside_document"),
    ):
        op.drop_column(table, name, schema="precursor")
    for table in ("draw_replacement", "draw_value", *HISTORIES):
        op.drop_table(table, schema="precursor")
