"""Who is responsible today and who was; seals used once; tests whose basis nobody knows; due tests known by their day.

Revision: 0003, after 0002.

- `division_code` of due tests and collections is the town that is responsible today; what the figures count stays in `owed_in` and `tested_in`.
- Seal numbers stand in a table of their own. Where a number was used twice before, the first collection keeps it; the collections say what they said.
- A ledger's test without a running term was called voluntary, though nobody had seen a consent: its basis is unknown (DTP art. 2).
- A positive of a ledger that nobody was told of is to be told, and a basis to be shown, counted from the day on which the ledger came in.
- A due test of a scheme is known by the day that the scheme gave it. The day of a test that was moved is not written down anywhere: it stays empty.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

S = "testing"
LIST = sa.text("'[]'")


def upgrade() -> None:
    op.add_column("due_test", sa.Column("owed_in", sa.Text(), nullable=True), schema=S)
    op.add_column("due_test", sa.Column("planned_on", sa.Date(), nullable=True), schema=S)
    op.add_column("due_test", sa.Column("instructed_by", sa.Text(), nullable=True), schema=S)
    op.add_column("due_test", sa.Column("instructed_on", sa.Date(), nullable=True), schema=S)
    op.execute("update testing.due_test set owed_in = division_code")
    op.execute(
        """update testing.due_test d set planned_on = d.due_on
             from (select id, row_number() over (partition by measure_id, specimen_type, due_on order by (state = 'cancelled'), created_at, id) as place
                     from testing.due_test where number is not null and not moved) f
            where f.id = d.id and f.place = 1"""
    )
    op.execute(
        """update testing.due_test d set division_code = s.division_code from testing.subject s
            where s.person_id = d.person_id and s.division_code <> d.division_code"""
    )
    op.alter_column("due_test", "owed_in", nullable=False, schema=S)
    op.drop_constraint(op.f("uq_due_test_measure_id_specimen_type_number"), "due_test", schema=S, type_="unique")
    op.create_index(
        "uq_due_test_planned_on",
        "due_test",
        ["measure_id", "specimen_type", "planned_on"],
        unique=True,
        schema=S,
        postgresql_where=sa.text("planned_on is not null and state <> 'cancelled'"),
    )

    op.add_column("collection", sa.Column("tested_in", sa.Text(), nullable=True), schema=S)
    for column in ("witnesses", "disputed", "new_findings"):
        op.add_column("collection", sa.Column(column, postgresql.JSONB(), nullable=False, server_default=LIST), schema=S)
    op.execute("update testing.collection set tested_in = division_code")
    op.execute(
        """update testing.collection c set division_code = s.division_code from testing.subject s
            where s.person_id = c.person_id and s.division_code <> c.division_code"""
    )
    op.alter_column("collection", "tested_in", nullable=False, schema=S)
    op.drop_constraint(op.f("ck_collection_kind"), "collection", schema=S, type_="check")
    op.create_check_constraint(
        op.f("ck_collection_kind"), "collection", "kind in ('mandatory', 'voluntary', 'suspected', 'basis_unknown')", schema=S
    )
    op.execute("update testing.collection set kind = 'basis_unknown' where source = 'ledger' and kind = 'voluntary'")
    op.execute(
        """update testing.collection
              set deadline_kind = 'tell_result', owed_by = 'police', deadline_on = (created_at at time zone 'Asia/Shanghai')::date + 3
            where source = 'ledger' and state = 'presumptive_positive' and told_at is null and deadline_kind is null"""
    )
    op.execute(
        """update testing.collection
              set deadline_kind = 'basis', owed_by = 'county_office', deadline_on = (created_at at time zone 'Asia/Shanghai')::date + 30
            where kind = 'basis_unknown' and deadline_kind is null"""
    )
    op.create_index("ix_collection_tested_in", "collection", ["tested_in", "id"], schema=S)
    op.create_index(
        "ix_collection_basis", "collection", ["division_code", "id"], schema=S, postgresql_where=sa.text("kind = 'basis_unknown'")
    )

    op.create_table(
        "seal",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("container", sa.Text(), nullable=False),
        sa.CheckConstraint("container in ('A', 'B')", name=op.f("ck_seal_container")),
        sa.ForeignKeyConstraint(["collection_id"], ["testing.collection.id"], name=op.f("fk_seal_collection_id_collection")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seal")),
        schema=S,
    )
    op.create_index("ix_seal_collection_id", "seal", ["collection_id"], schema=S)
    op.execute(
        r"""insert into testing.seal (number, collection_id, container)
            select upper(regexp_replace(normalize(number, nfkc), '\s', '', 'g')), id, container
              from (select id, created_at, 'A' as container, seal_a as number from testing.collection where seal_a is not null
                    union all select id, created_at, 'B', seal_b from testing.collection where seal_b is not null) s
             order by created_at, id, container
            on conflict do nothing"""
    )


def downgrade() -> None:
    op.drop_table("seal", schema=S)
    op.drop_index("ix_collection_basis", table_name="collection", schema=S)
    op.drop_index("ix_collection_tested_in", table_name="collection", schema=S)
    op.drop_constraint(op.f("ck_collection_kind"), "collection", schema=S, type_="check")
    op.execute("update testing.collection set kind = 'voluntary' where kind = 'basis_unknown'")
    op.create_check_constraint(op.f("ck_collection_kind"), "collection", "kind in ('mandatory', 'voluntary', 'suspected')", schema=S)
    op.execute("update testing.collection set division_code = tested_in")
    for column in ("tested_in", "witnesses", "disputed", "new_findings"):
        op.drop_column("collection", column, schema=S)
    op.drop_index("uq_due_test_planned_on", table_name="due_test", schema=S)
    op.execute("update testing.due_test set division_code = owed_in")
    for column in ("owed_in", "planned_on", "instructed_by", "instructed_on"):
        op.drop_column("due_test", column, schema=S)
    op.create_unique_constraint(
        "uq_due_test_measure_id_specimen_type_number", "due_test", ["measure_id", "specimen_type", "number"], schema=S
    )
