"""The figures in one statement: who belongs to each indicator's denominator, and who to its numerator. The list behind a figure is the same query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import WorkingDay
from services.registry.indicators.rules import WORKING_AGE, terms_noticed
from services.registry.measures.rules.states import EXPIRING
from services.registry.people.rules import CURRENT, NOT_MANAGED

# execution_rate: also those who were served and never came stand in its denominator (domain 5 row 2); who was reported to the police waits for them.
# town: where a person belonged on the day, or on the day the record was made when that is later, so that taking over an old ledger and putting right
# what it says on the same day does not count as a move. standing: the latest `since` on or before the day, recorded last; corrected ones are out.
MEMBERS = """
with town as (
  select p.id, p.name, p.birth_date, p.registered_on, coalesce((
         select c.before->>'division_code' from registry.person_change c
          where c.person_id = p.id and c.action = 'moved'
            and (c.recorded_at at time zone 'Asia/Shanghai')::date > greatest(:as_of, (p.created_at at time zone 'Asia/Shanghai')::date)
          order by c.recorded_at, c.id limit 1), p.division_code) as code
    from registry.person p),
standing as (
  select distinct on (s.person_id) s.person_id, s.status, s.since, t.code as town, t.name, t.birth_date, t.registered_on
    from registry.standing s join town t on t.id = s.person_id
   where s.since <= :as_of and not exists (select 1 from registry.standing c where c.corrects_id = s.id)
   order by s.person_id, s.since desc, s.recorded_at desc, s.id desc),
stage as (
  select m.*, t.held as was
    from registry.measure m join registry.measure_stretch t on t.measure_id = m.id and t.since <= :as_of and (t.until is null or t.until > :as_of)),
active as (
  select s.* from stage s where s.was = 'active' and s.kind in ('community_treatment', 'community_rehabilitation')
     and s.term_start <= :as_of and (s.term_end is null or s.term_end > :as_of or s.ended_on > :as_of)),
listed as (
  select v.person_id, v.division_code as town, bool_or(coalesce(v.met, false)) as met, bool_or(coalesce(v.met and v.tested, false)) as tested,
         bool_or(coalesce(v.family_met, false)) as family_met, bool_or(coalesce(v.employed, false)) as employed
    from registry.visit v join registry.round r on r.id = v.round_id
    left join standing l on l.person_id = v.person_id
   where r.starts_on <= :until and r.ends_on >= :since and v.excused is null and (v.visited_on is null or v.visited_on <= :as_of)
     and not (v.visited_on is null and l.status in ('detained', 'compulsory_isolation_treatment', 'dead', 'abroad', 'three_years_clean', 'transferred_out', 'erroneous'))
   group by v.person_id, v.division_code),
-- A term ends by law on its day (law 7; DRR art. 23, 40), whether or not our sweep was there to write it down: what the house itself wrote late, or has not
-- written yet, is nobody's failing. An end that a person entered late is.
ends as (
  select m.*, e.recorded_at, e.recorded_by, (m.created_at at time zone 'Asia/Shanghai')::date <= m.term_end as ours from registry.measure m
    left join registry.measure_event e on e.measure_id = m.id and e.event = 'expire'
   where m.term_end between :since and :until and m.term_end <= :as_of and (e.id is not null or (m.state = any(:expiring)))),
-- A community measure is closed in time when the notice of discharge is served within its seven days (DRR art. 23, 40): `noticed` are the terms whose
-- notice falls due in the period. The end of the term itself does not count: it ends by law.
closing as (
  select m.person_id, m.division_code, n.due, (m.created_at at time zone 'Asia/Shanghai')::date <= m.term_end as ours,
         (select min(e.happened_on) from registry.measure_event e where e.measure_id = m.id and e.event = 'serve_discharge_notice'
             and not exists (select 1 from registry.measure_event c where c.corrects_id = e.id)) as served_on
    from unnest(cast(:ended as date[]), cast(:noticed as date[])) as n(term_end, due)
    join registry.measure m on m.term_end = n.term_end
   where n.due <= :as_of and m.kind in ('community_treatment', 'community_rehabilitation')
     and (m.state = any(:expiring) or exists (select 1 from registry.measure_event e where e.measure_id = m.id and e.event = 'expire'))),
-- A ledger's visit has the day it was made, not the day it was due: it was due by the end of its round, or every visit would be on time.
duty as (
  select v.*, case when v.source = 'ledger' then coalesce(r.ends_on, v.due_on) else v.due_on end as due
    from registry.visit v left join registry.round r on r.id = v.round_id where v.excused is null),
-- An unregistered person has no id yet: the handover stands for them. A release that the institution and the office both announced is one.
handover as (
  select distinct on (coalesce(h.person_id, h.id), h.division_code, h.released_on) coalesce(h.person_id, h.id) as person_id, h.division_code, h.acknowledged_on,
         case when h.acknowledged_on <= :as_of then h.acknowledge_due else h.latest_due end as due
    from registry.release_handover h where h.announced_on <= :as_of and (h.withdrawn_on is null or h.withdrawn_on > :as_of)
   order by coalesce(h.person_id, h.id), h.division_code, h.released_on, h.acknowledged_on, h.id),
member as (
  select 'managed_total' as code, person_id, town, true as counted from standing where not status = any(:not_managed)
  union all select 'current_users', person_id, town, true from standing where status = any(:current)
  union all select 'three_years_clean', person_id, town, true from standing where status = 'three_years_clean'
  union all select 'transferred_out', person_id, town, true from standing where status = 'transferred_out'
  union all select 'registration_rate', person_id, town, registered_on is null or registered_on <= :as_of from standing where status <> 'erroneous'
  union all select 'report_in_rate', person_id, division_code, (reported_in_on <= report_in_due or (late_report_accepted and reported_in_on <= :as_of)) is true
    from stage where served_on is not null and report_in_due between :since and :until and report_in_due < :as_of + 1
     and was not in ('suspended', 'revoked', 'closed_death') and not (reported_in_on is null and coalesce(end_reason, '') in ('transferred_out', 'erroneous'))
  union all select 'execution_rate', a.person_id, a.division_code,
         (a.agreement_on <= :as_of or a.source = 'ledger') is true and not exists (
           select 1 from duty v where v.person_id = a.person_id and v.due between :since and :until and v.due <= :as_of
              and (v.visited_on is null or v.visited_on > :as_of))
    from active a
  union all select 'execution_rate', person_id, division_code, false from stage
     where was in ('awaiting_report_in', 'refused') and kind in ('community_treatment', 'community_rehabilitation')
       and served_on <= :as_of and report_in_due <= :as_of and end_reason is distinct from 'erroneous'
  union all select 'meet_rate', person_id, town, met from listed
  union all select 'meet_and_test_rate', person_id, town, tested from listed
  union all select 'family_contact_rate', person_id, town, family_met from listed
  union all select 'employment_rate', l.person_id, l.town, l.employed from listed l join registry.person p on p.id = l.person_id
     where extract(year from age(:as_of, p.birth_date)) between :from_age and :to_age
  union all select 'risk_assessments', person_id, division_code, true from registry.risk_assessment
     where state = 'signed' and coalesce(signed_on, assessed_on) between :since and :until and coalesce(signed_on, assessed_on) <= :as_of
  union all select 'visit_completion', person_id, division_code, (visited_on <= :as_of) is true from duty
     where due between :since and :until and due <= :as_of
  union all select 'handover_acknowledgement', person_id, division_code, (acknowledged_on <= due and acknowledged_on <= :as_of) is true from handover
     where due between :since and :until and due <= :as_of
  union all select 'lawful_end_punctuality', person_id, division_code, (served_on <= due and served_on <= :as_of) is true from closing where ours
  union all select 'ended_late', person_id, division_code, true from ends
     where ours and term_end + 7 < :as_of and recorded_by not like 'registry/%' and (recorded_at at time zone 'Asia/Shanghai')::date > term_end + 7
  union all select 'unsigned_over_30', person_id, division_code, true from active
     where source = 'order' and (agreement_on is null or agreement_on > :as_of)
       and greatest(reported_in_on, (select max(e.happened_on) from registry.measure_event e where e.measure_id = active.id
                                        and e.event = 'report_in_at_new_place' and e.happened_on <= :as_of)) < :as_of - 30
  union all select 'reported_in_unserved', person_id, division_code, true from stage
     where served_on is null and kind in ('community_treatment', 'community_rehabilitation') and reported_in_on between :since and :until
  union all select 'ended_before_taken_over', person_id, division_code, true from closing where not ours)
"""

COUNTS = text(MEMBERS + "select code, town, count(*) as due, count(*) filter (where counted) as done from member group by code, town")

ITEMS = text(
    MEMBERS
    + """select code, town, coalesce(array_agg(person_id order by person_id) filter (where counted), '{}') as done,
       coalesce(array_agg(person_id order by person_id) filter (where not counted), '{}') as open
  from member where code = any(:codes) group by code, town"""
)

PEOPLE = text(
    MEMBERS
    + """select m.person_id, p.name, p.state, m.town as division_code, s.status, s.since as status_since, bool_or(m.counted) as counted
  from member m join registry.person p on p.id = m.person_id left join standing s on s.person_id = m.person_id
 where m.code = :code and m.town like any(:towns)
 group by m.person_id, p.name, p.state, m.town, s.status, s.since
having cast(:counted as boolean) is null or bool_or(m.counted) = :counted
 order by m.person_id, m.town"""
)

POPULATION = text(
    """select distinct on (division_code) division_code, persons, year from registry.resident_population
        where year <= extract(year from cast(:as_of as date)) order by division_code, year desc"""
)

STAFFING = text(
    MEMBERS
    + """, community as (select person_id, town from standing where status = any(:community)),
worker as (select s.id, s.division_code, s.station_id from registry.staff_member s
            where s.post in ('town_officer', 'social_worker') and s.valid_from <= :as_of and (s.valid_to is null or s.valid_to > :as_of))
select 'town' as kind, d.code, d.name, d.code as division_code, (select count(*) from community c where c.town = d.code) as users,
       (select count(*) from worker w where w.division_code = d.code) as workers
  from registry.division d where d.level in ('town', 'service_centre') and d.valid_from <= :as_of and (d.valid_to is null or d.valid_to > :as_of)
union all
select 'station', st.code, st.name, st.division_code, (select count(distinct c.person_id) from community c join registry.care_team_member t on t.person_id = c.person_id
          join worker w on w.id = t.staff_id where w.station_id = st.id and t.since <= :as_of and (t.until is null or t.until > :as_of)),
       (select count(*) from worker w where w.station_id = st.id)
  from registry.station st where st.valid_from <= :as_of and (st.valid_to is null or st.valid_to > :as_of)
 order by kind desc, code"""
)

COMMUNITY = sorted(CURRENT - {"compulsory_isolation_treatment", "detained"})
"""Current users in the community (社会面): whom full-time workers look after."""


def _parameters(as_of: date, since: date, until: date, works: WorkingDay) -> dict[str, Any]:
    ended, noticed = terms_noticed(since, until, works)
    return {
        "ended": ended,
        "noticed": noticed,
        "as_of": as_of,
        "since": since,
        "until": until,
        "expiring": list(EXPIRING),
        "not_managed": sorted(NOT_MANAGED),
        "current": sorted(CURRENT),
        "from_age": WORKING_AGE[0],
        "to_age": WORKING_AGE[1],
    }


async def counts(session: AsyncSession, as_of: date, since: date, until: date, works: WorkingDay) -> Sequence[RowMapping]:
    """(code, town, due, done) of every indicator and town, in one pass."""
    return (await session.execute(COUNTS, _parameters(as_of, since, until, works))).mappings().all()


async def items(
    session: AsyncSession, codes: Sequence[str], as_of: date, since: date, until: date, works: WorkingDay
) -> Sequence[RowMapping]:
    """(code, town, ids of those counted, ids of the others) behind some indicators: the same question as `counts`, so the same numbers."""
    return (await session.execute(ITEMS, {**_parameters(as_of, since, until, works), "codes": list(codes)})).mappings().all()


async def populations(session: AsyncSession, as_of: date) -> dict[str, int]:
    """Division → resident population of the latest year that had begun."""
    return {row.division_code: row.persons for row in await session.execute(POPULATION, {"as_of": as_of})}


async def staffing(session: AsyncSession, on: date, works: WorkingDay) -> Sequence[RowMapping]:
    """(kind, code, name, users, workers) of towns and stations on a day."""
    return (await session.execute(STAFFING, {**_parameters(on, on, on, works), "community": COMMUNITY})).mappings().all()


async def people_behind(
    session: AsyncSession,
    code: str,
    as_of: date,
    since: date,
    until: date,
    works: WorkingDay,
    towns: Sequence[str],
    counted: bool | None,
) -> Sequence[RowMapping]:
    """The persons of an indicator: all of its denominator, or those counted or not."""
    parameters = {"code": code, "towns": list(towns), "counted": counted}
    return (await session.execute(PEOPLE, {**_parameters(as_of, since, until, works), **parameters})).mappings().all()
