"""occurrences of duties, assignment to staff, notes that are sealed

Revision: 0003, after 0002.

A key named one alert for ever; now it names a duty, and `occurrence` the how-manieth time it gave cause. Columns of the first release stay, so that it can
run on beside this one until it is replaced; what it keeps in clear is sealed by `seal_landed_texts`, which has the key that a migration has not.

Free text given as an assignee stood in the list and in the append-only history. It goes to the notes of its step, which are forgotten with the case.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NUMBER = "{text} ~ '^[A-Z0-9-]{{1,20}}$' and {text} !~ '[0-9]{{11}}'"
"""What may be a staff number, and is no phone and no ID number."""
_ID = "'^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'"

DUTIES = """
update alerts.alert a set key = n.key, occurrence = n.occurrence, due_on = n.due_on,
       cause_ended_at = case when a.finding = 'withdrawn' then a.closed_at end, told_at = case when a.finding = 'withdrawn' then a.closed_at end
  from (select id, key, due_on, row_number() over (partition by key order by id) as occurrence
          from (select id, case kind when 'measure_ending' then regexp_replace(key, ':[0-9]{4}-[0-9]{2}-[0-9]{2}$', '') else key end as key,
                       cast(coalesce(reasons -> 0 -> 'numbers' ->> 'due_on', reasons -> 0 -> 'numbers' ->> 'until') as date) as due_on
                  from alerts.alert where kind in ('test_missed', 'rectification_overdue', 'measure_ending') and key !~ '^(forgotten|merged):') d) n
 where n.id = a.id"""

# The history is append-only for the service's login; the owner mends what should never have been written into it.
FREE_TEXT = f"""
with free as (
  select c.id, c.alert_id, c.details ->> 'assignee' as words from alerts.alert_change c
   where c.action = 'assign' and c.details ->> 'assignee' is not null
     and not ({_NUMBER.format(text="(c.details ->> 'assignee')")}) and c.details ->> 'assignee' !~ {_ID}),
noted as (
  update alerts.alert a set notes = a.notes || f.notes
    from (select alert_id, jsonb_object_agg(free.id::text, trim(coalesce(k.notes ->> free.id::text, '') || ' 指派给: ' || words)) as notes
            from free join alerts.alert k on k.id = free.alert_id where k.forgotten_at is null group by alert_id) f
   where f.alert_id = a.id)
update alerts.alert_change c set details = c.details || '{{"assignee": null}}' from free where free.id = c.id"""

ASSIGNEES = f"""
update alerts.alert set assigned_to = null
 where assigned_to is not null and not ({_NUMBER.format(text="assigned_to")}) and assigned_to !~ {_ID}"""


def upgrade() -> None:
    op.add_column("alert", sa.Column("occurrence", sa.Integer(), server_default="1", nullable=False), schema="alerts")
    op.add_column("alert", sa.Column("due_on", sa.Date(), nullable=True), schema="alerts")
    op.add_column("alert", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True), schema="alerts")
    op.add_column("alert", sa.Column("told_by", sa.Uuid(), nullable=True), schema="alerts")
    op.add_column("alert", sa.Column("cause_ended_at", sa.DateTime(timezone=True), nullable=True), schema="alerts")
    op.add_column("alert", sa.Column("assigned_name", sa.Text(), nullable=True), schema="alerts")
    op.add_column("alert", sa.Column("action_sealed", sa.LargeBinary(), nullable=True), schema="alerts")
    op.drop_constraint("uq_alert_key", "alert", schema="alerts")
    op.execute(DUTIES)
    op.create_unique_constraint("uq_alert_key_occurrence", "alert", ["key", "occurrence"], schema="alerts")
    op.create_table(
        "alert_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.alert.id"], name=op.f("fk_alert_note_alert_id_alert")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_note")),
        schema="alerts",
    )
    op.create_index("ix_alert_note_alert_id", "alert_note", ["alert_id"], unique=False, schema="alerts")
    op.execute(FREE_TEXT)
    op.execute(ASSIGNEES)


def downgrade() -> None:
    op.drop_table("alert_note", schema="alerts")
    op.execute("update alerts.alert set key = key || '#' || occurrence where occurrence > 1")
    op.drop_constraint("uq_alert_key_occurrence", "alert", schema="alerts")
    for column in ("action_sealed", "assigned_name", "cause_ended_at", "told_by", "told_at", "due_on", "occurrence"):
        op.drop_column("alert", column, schema="alerts")
    op.create_unique_constraint("uq_alert_key", "alert", ["key"], schema="alerts")
