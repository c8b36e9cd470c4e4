"""Every question to rounds and visits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Json, Key
from services.registry.divisions.repository import NAME
from services.registry.measures.repository import MONITORING_OVER
from services.registry.staff.repository import CARED_FOR
from services.registry.visits.schemas import VisitRow
from services.registry.visits.tables import Round, Visit

TARGETS = text(
    """
insert into registry.visit (id, round_id, person_id, division_code, due_on, visited_by, source, version, recorded_at)
select gen_random_uuid(), :round, p.id, s.division_code, :due, '', 'entry', 1, :now
  from registry.person p
  join lateral (select s.status, s.division_code from registry.standing s
                 where s.person_id = p.id and s.since <= :day and not exists (select 1 from registry.standing c where c.corrects_id = s.id)
                 order by s.since desc, s.recorded_at desc, s.id desc limit 1) s on true
 where p.state = 'open' and s.status = any(:statuses) and not {over}
   and (cast(:area as text) is null or p.household_area = :area)
   and (cardinality(cast(:towns as text[])) = 0 or p.division_code = any(cast(:towns as text[])))
on conflict (round_id, person_id) do nothing""".replace("{over}", MONITORING_OVER.format(person="p.id"))
)
"""A person whose three clean years are over by the measures' days is not a target, whatever the standing still says (DRR art. 7, 23; law 7)."""

_STATE = "case when v.excused is not null then 'excused' when v.visited_on is null then 'due' else 'done' end"
VISITS = Json(
    name="registry.visits",
    item=VisitRow,
    columns=f"""v.id, v.round_id, v.person_id, p.name, p.division_code, {NAME.format(code="p.division_code")} as division_name, p.village_code,
         {NAME.format(code="p.village_code")} as village_name, v.due_on, v.visited_on, v.met, v.tested, v.excused, v.assigned_to,
         v.meeting_place, v.version""",
    source="registry.visit v join registry.person p on p.id = v.person_id",
    always="p.state = 'open' and not {over}".replace(
        "{over}", MONITORING_OVER.format(person="v.person_id").replace(":day", "%(today)s::date")
    ),
    filters={
        "today": "%(today)s::date is not null",
        "towns": "p.division_code like any(%(towns)s::text[])",
        "team": CARED_FOR.format(person="p.id"),
        "ours": "(%(ours)s and p.status <> all(array['transferred_out', 'erroneous']))",
        "round": "v.round_id = %(round)s::uuid",
        "state": f"{_STATE} = %(state)s",
    },
    sorts={"id": (Key("v.id", "uuid"),), "due_on": (Key("v.due_on", "date"), Key("v.id", "uuid"))},
    default="id",
    counted={"state": _STATE, "division_code": "p.division_code"},
    action="visit.list",
    object_type="person",
    noted="person_id",
)
"""A visit is on the list of the town that is responsible for the person today, as the visit itself is open to that town alone."""

# A target whose supervision ended, or who came into custody, died or went abroad before being visited leaves the denominator by itself.
EXCUSED = """(v.excused is not null or (v.visited_on is null and ({over} or exists (
   select 1 from (select s.status from registry.standing s
                   where s.person_id = v.person_id and s.since <= :day and not exists (select 1 from registry.standing c where c.corrects_id = s.id)
                   order by s.since desc, s.recorded_at desc, s.id desc limit 1) l
    where l.status in ('detained', 'compulsory_isolation_treatment', 'dead', 'abroad', 'three_years_clean', 'transferred_out', 'erroneous')))))""".replace(
    "{over}", MONITORING_OVER.format(person="v.person_id")
)

COVERAGE = text(
    """
select v.division_code, count(*) filter (where not {excused}) as listed, count(*) filter (where {excused}) as excused,
       count(*) filter (where v.visited_on <= :day and not {excused}) as visited,
       count(*) filter (where v.met and v.visited_on <= :day and not {excused}) as met,
       count(*) filter (where v.met and v.tested and v.visited_on <= :day and not {excused}) as met_and_tested,
       count(*) filter (where v.family_met and v.visited_on <= :day and not {excused}) as family_met,
       count(*) filter (where v.employed and v.visited_on <= :day and not {excused}) as employed
  from registry.visit v where v.round_id = :round and v.division_code like any(:towns)
 group by v.division_code order by v.division_code""".replace("{excused}", EXCUSED)
)

TASKS = text(
    """
select v.id, v.person_id, p.name, v.meeting_place, v.due_on, v.version
  from registry.visit v join registry.person p on p.id = v.person_id join registry.round r on r.id = v.round_id
 where v.assigned_to = :staff and v.visited_on is null and v.excused is null and r.ends_on >= :day and p.state = 'open' and not p.status = any(:ending)
   and not {over}
 order by v.due_on, v.id""".replace("{over}", MONITORING_OVER.format(person="v.person_id"))
)


async def rounds(session: AsyncSession) -> Sequence[Round]:
    """All rounds, latest first."""
    return (await session.execute(select(Round).order_by(col(Round.starts_on).desc(), col(Round.code)))).scalars().all()


async def round_by_id(session: AsyncSession, round_id: UUID) -> Round | None:
    """One round."""
    return await session.get(Round, round_id)


async def round_by_code(session: AsyncSession, code: str) -> Round | None:
    """The round with a code."""
    return (await session.execute(select(Round).where(col(Round.code) == code))).scalar_one_or_none()


async def visit(session: AsyncSession, visit_id: UUID, *, for_update: bool = False) -> Visit | None:
    """One visit."""
    query = select(Visit).where(col(Visit.id) == visit_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def visits_of(session: AsyncSession, person_id: UUID) -> Sequence[Visit]:
    """The visits of a person, latest due first."""
    query = select(Visit).where(col(Visit.person_id) == person_id).order_by(col(Visit.due_on).desc(), col(Visit.id).desc())
    return (await session.execute(query)).scalars().all()


async def coverage(session: AsyncSession, round_id: UUID, day: Any, towns: Sequence[str]) -> Sequence[RowMapping]:
    """Coverage of a round per town as of a day."""
    return (await session.execute(COVERAGE, {"round": round_id, "day": day, "towns": list(towns)})).mappings().all()
