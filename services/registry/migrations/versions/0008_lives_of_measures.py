"""Times in one state, as they follow from the steps of each measure, and the town that an order named.

What nobody wrote down stays unknown: the first town of a measure that was transferred before its history kept it is null. The stretches of landed rows are read
off their steps, each on its day; a term that runs ends on its last day, as the law has it (DRR art. 23, 40; NCL art. 47).

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ORDERED_IN = """
update registry.measure m set ordered_in = case when moved.id is null then m.division_code else moved.details->'replaced'->>'division_code' end
  from registry.measure one
  left join lateral (select e.id, e.details from registry.measure_event e
                      where e.measure_id = one.id and e.event = 'report_in_at_new_place' and not exists (select 1 from registry.measure_event c where c.corrects_id = e.id)
                      order by e.happened_on, e.id limit 1) moved on true
 where one.id = m.id"""

STRETCHES = """
with step as (
  select e.measure_id, e.happened_on, e.to_state, e.id from registry.measure_event e
   where e.event <> 'correct' and e.from_state <> e.to_state and not exists (select 1 from registry.measure_event c where c.corrects_id = e.id)),
ahead as (
  select m.id as measure_id, m.term_end as happened_on, case when m.kind = 'compulsory_isolation_treatment' then 'released' else 'discharged' end as to_state,
         null::uuid as id
    from registry.measure m
   where m.term_end is not null
     and m.state in ('active', 'isolation_active', 'reported_serious_breach', 'reported_reuse', 'transfer_pending', 'breach_reported')),
day as (
  select distinct on (measure_id, happened_on) measure_id, happened_on, to_state from (select * from step union all select * from ahead) both_of_them
   order by measure_id, happened_on, id desc nulls first)
insert into registry.measure_stretch (measure_id, since, until, held)
select measure_id, happened_on, lead(happened_on) over (partition by measure_id order by happened_on), to_state from day"""


def upgrade() -> None:
    op.add_column("measure", sa.Column("ordered_in", sa.Text(), nullable=True), schema="registry")
    op.execute(ORDERED_IN)
    op.create_table(
        "measure_stretch",
        sa.Column("measure_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("held", sa.Text(), nullable=False),
        sa.CheckConstraint("until > since", name=op.f("ck_measure_stretch_not_empty")),
        sa.ForeignKeyConstraint(["measure_id"], ["registry.measure.id"], name=op.f("fk_measure_stretch_measure_id_measure")),
        sa.PrimaryKeyConstraint("measure_id", "since", name=op.f("pk_measure_stretch")),
        schema="registry",
    )
    op.execute(STRETCHES)


def downgrade() -> None:
    op.drop_table("measure_stretch", schema="registry")
    op.drop_column("measure", "ordered_in", schema="registry")
