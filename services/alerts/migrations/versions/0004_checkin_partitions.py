"""check-ins by month, points sealed by day, names apart

Revision: 0004, after 0003.

The service's login may not make or drop tables. Three functions of the owner do exactly that for the two partitioned tables and nothing else; they run with
the owner's rights and a fixed search path.

Nothing is taken out of `checkin` here: its points must be sealed, and a migration has no key. The records are copied, so that no question misses a row
meanwhile; `take_over` seals the points and empties the table. A release that still runs beside this one goes on writing into it, and is taken over too.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# A partition is made apart and then attached: that lets everybody else go on reading and writing, where `create table … partition of` would not.
MAKE = """
create function alerts.make_checkin_{unit}s(first date, last date) returns int language plpgsql security definer
   set search_path = pg_catalog, pg_temp set lock_timeout = '5s' as $$
declare
  start date := date_trunc('{unit}', first::timestamp)::date;
  following date;
  name text;
  made int := 0;
begin
  if last < first or last - first > 400 then
    raise exception 'between 1 and 400 days at once';
  end if;
  while start <= last loop
    following := (start + interval '1 {unit}')::date;
    name := '{parent}_p' || to_char(start, '{form}');
    if to_regclass('alerts.' || name) is null then
      perform pg_advisory_xact_lock(hashtext('alerts.' || name));
      begin  -- whoever waited for the lock may still remember that there was no such table
        execute format('create table alerts.%I (like alerts.{parent} including defaults including constraints)', name);
        execute format('alter table alerts.{parent} attach partition alerts.%I for values from (%L) to (%L)', name,
                       start::timestamp at time zone 'Asia/Shanghai', following::timestamp at time zone 'Asia/Shanghai');
        made := made + 1;
      exception when duplicate_table then
        null;
      end;
    end if;
    start := following;
  end loop;
  return made;
end $$"""

# A lock that is not to be had within three seconds is asked for again an hour later: nobody waits behind a sweep.
DROP = """
create function alerts.drop_checkin_partitions(points_before date, records_before date) returns int language plpgsql security definer
   set search_path = pg_catalog, pg_temp set lock_timeout = '3s' as $$
declare
  name text;
  dropped int := 0;
begin
  for name in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where (i.inhparent = 'alerts.checkin_point'::regclass and c.relname < 'checkin_point_p' || to_char(points_before, 'YYYYMMDD'))
        or (i.inhparent = 'alerts.checkin_record'::regclass and c.relname < 'checkin_record_p' || to_char(records_before, 'YYYYMM'))
     order by 1
  loop
    begin
      execute format('drop table alerts.%I', name);
      dropped := dropped + 1;
    exception when lock_not_available then
      raise notice 'checkin partition % is in use', name;
    end;
  end loop;
  return dropped;
end $$"""

MONTHS = """select alerts.make_checkin_months(d, d) from (select distinct date_trunc('month', at at time zone 'Asia/Shanghai')::date as d from alerts.checkin) m"""
DAYS = """select alerts.make_checkin_days(d, d) from (select distinct (at at time zone 'Asia/Shanghai')::date as d from alerts.checkin where lon is not null) m"""

# The parent cell of resolution 5: its resolution in bits 52 to 55, and every digit below it set to 7.
COARSE = "(({cell} & ~(15::bigint << 52)) | (5::bigint << 52) | ((1::bigint << 30) - 1))"

RECORDS = f"""
insert into alerts.checkin_record (id, at, person_id, division_code, county_code, cell, accuracy_m, source, skew_s, recorded_by, received_at)
select id, at, person_id, division_code, county_code, {COARSE.format(cell="cell")}, accuracy_m, source, skew_s, recorded_by, received_at from alerts.checkin"""

KEYS = """
insert into alerts.checkin_key (key, at)
select encode(substr(sha256(convert_to(person_id || '|' || client_key, 'UTF8')), 1, 16), 'hex')::uuid, at from alerts.checkin"""


def upgrade() -> None:
    op.create_table(
        "checkin_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("division_code", sa.Text(), nullable=False),
        sa.Column("county_code", sa.Text(), nullable=False),
        sa.Column("cell", sa.BigInteger(), nullable=False),
        sa.Column("accuracy_m", sa.REAL(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("skew_s", sa.Integer(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("recorded_staff", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("source in ('app', 'worker', 'station', 'partner')", name=op.f("ck_checkin_record_source")),
        sa.PrimaryKeyConstraint("id", "at", name=op.f("pk_checkin_record")),
        schema="alerts",
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_checkin_record_person_id_at", "checkin_record", ["person_id", "at"], schema="alerts")
    op.create_index("ix_checkin_record_division_code_at", "checkin_record", ["division_code", "at"], schema="alerts")
    op.create_index("ix_checkin_record_at", "checkin_record", ["at"], schema="alerts", postgresql_using="brin")
    op.create_table(
        "checkin_point",
        sa.Column("checkin_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("point_sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("checkin_id", "at", name=op.f("pk_checkin_point")),
        schema="alerts",
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("ix_checkin_point_person_id", "checkin_point", ["person_id"], schema="alerts")
    op.create_table(
        "checkin_key",
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_checkin_key")),
        schema="alerts",
    )
    op.execute(MAKE.format(unit="month", parent="checkin_record", form="YYYYMM"))
    op.execute(MAKE.format(unit="day", parent="checkin_point", form="YYYYMMDD"))
    op.execute(DROP)
    for function in ("make_checkin_months(date, date)", "make_checkin_days(date, date)", "drop_checkin_partitions(date, date)"):
        op.execute(f"revoke all on function alerts.{function} from public")
    op.execute(MONTHS)
    op.execute(DAYS)
    op.execute(RECORDS)
    op.execute(KEYS)
    op.create_index("ix_checkin_key_at", "checkin_key", ["at"], schema="alerts")


def downgrade() -> None:
    for function in ("make_checkin_months(date, date)", "make_checkin_days(date, date)", "drop_checkin_partitions(date, date)"):
        op.execute(f"drop function alerts.{function}")
    for table in ("checkin_key", "checkin_point", "checkin_record"):
        op.drop_table(table, schema="alerts")
