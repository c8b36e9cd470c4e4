"""Every question to agreements and transfers out. The partner's feed and the list that officers see are one query (`SHARED`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Rows
from kit.scope import Scope
from services.registry.comanagement.schemas import TransferOutAnswer
from services.registry.comanagement.tables import Agreement, AgreementPerson, PartnerReceipt, SharedEntry, TransferOut
from services.registry.measures.rules.states import EXCLUSIVE, EXPIRING, OPEN
from services.registry.people.rules import ENDS_SUPERVISION

# Only measures that an organ ordered are shared: voluntary and maintenance treatment are the person's own and health data (NCL art. 36; PIPL art. 28).
SHARED = """
select n.id as ref, n.person_id, n.left_on, n.left_reason, n.left_at, p.status,
       (select max(s.recorded_at) from registry.standing s where s.person_id = p.id and s.status = p.status and s.since = p.status_since) as standing_at,
       l.ended_on as last_ended_on, l.end_reason as last_end_reason, l.term_end as last_term_end, l.recorded_at as last_recorded_at,
       p.name, p.id_number_sealed, p.id_number_masked, p.sex, extract(year from p.birth_date)::int as birth_year, p.division_code, p.status_since,
       m.kind as measure_kind, m.state as measure_state, m.term_start, m.term_end, m.order_no, c.name as contact,
       (n.left_on is null or n.left_on > :today) and m.id is not null and not p.status = any(:ending) as shared
  from registry.agreement_person n
  join registry.person p on p.id = n.person_id
  left join lateral (
       select m.* from registry.measure m
        where m.person_id = p.id and m.kind = any(:shared) and m.state = any(:open)
          and not (m.state = any(:expiring) and coalesce(m.term_end <= :today, false))
        order by m.id desc limit 1) m on true
  left join lateral (
       select m.ended_on, m.end_reason, m.term_end, (select max(e.recorded_at) from registry.measure_event e where e.measure_id = m.id) as recorded_at
         from registry.measure m where m.person_id = p.id and m.kind = any(:shared)
        order by coalesce(m.ended_on, m.term_end) desc nulls last, m.id desc limit 1) l on true
  left join lateral (
       select s.name from registry.care_team_member t join registry.staff_member s on s.id = t.staff_id
        where t.person_id = p.id and t.since <= :today and (t.until is null or t.until > :today) and t.post in ('town_officer', 'social_worker')
        order by (t.post = 'town_officer') desc, t.since, t.id limit 1) c on true
 where n.agreement_id = :agreement and (cast(:person as uuid) is null or n.person_id = :person)
 order by n.id"""


async def shared_list(session: AsyncSession, agreement_id: UUID, today: date, person_id: UUID | None = None) -> Sequence[RowMapping]:
    """Everybody named in an agreement; `shared` says whether the partner may see them today, by dates and not by what a job has written."""
    parameters = {
        "agreement": agreement_id,
        "today": today,
        "person": person_id,
        "open": list(OPEN),
        "expiring": list(EXPIRING),
        "shared": list(EXCLUSIVE),
        "ending": sorted(ENDS_SUPERVISION),
    }
    return (await session.execute(text(SHARED), parameters)).mappings().all()


async def agreement(session: AsyncSession, agreement_id: UUID, *, for_update: bool = False) -> Agreement | None:
    """One agreement. `for_update` makes this transaction the only one that sends anything to its partner."""
    query = select(Agreement).where(col(Agreement.id) == agreement_id)
    query = query.execution_options(populate_existing=True)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def agreements(session: AsyncSession, ids: Sequence[UUID] | None) -> Sequence[Agreement]:
    """All agreements, or these, newest first."""
    query = select(Agreement).order_by(col(Agreement.id).desc())
    return (await session.execute(query if ids is None else query.where(col(Agreement.id).in_(ids)))).scalars().all()


async def named_in(session: AsyncSession, agreement_id: UUID, person_ids: Sequence[UUID]) -> Sequence[AgreementPerson]:
    """The memberships of these persons in an agreement."""
    query = select(AgreementPerson).where(col(AgreementPerson.agreement_id) == agreement_id, col(AgreementPerson.person_id).in_(person_ids))
    return (await session.execute(query)).scalars().all()


async def entries(session: AsyncSession, agreement_id: UUID) -> dict[UUID, SharedEntry]:
    """What was last sent to the partner, by reference."""
    rows = (await session.execute(select(SharedEntry).where(col(SharedEntry.agreement_id) == agreement_id))).scalars()
    return {row.ref: row for row in rows}


async def entries_after(session: AsyncSession, agreement_id: UUID, position: int, size: int) -> Sequence[SharedEntry]:
    """The entries sent after a position, oldest first."""
    query = select(SharedEntry).where(col(SharedEntry.agreement_id) == agreement_id, col(SharedEntry.position) > position)
    return (await session.execute(query.order_by(col(SharedEntry.position)).limit(size))).scalars().all()


async def deletions(session: AsyncSession, agreement_id: UUID) -> dict[UUID, int]:
    """Reference → the last position that the partner had applied when it said that it had deleted the person."""
    query = select(col(PartnerReceipt.deleted), col(PartnerReceipt.position)).where(col(PartnerReceipt.agreement_id) == agreement_id)
    found: dict[UUID, int] = {}
    for refs, position in await session.execute(query):
        for ref in refs:
            found[UUID(ref)] = max(position, found.get(UUID(ref), position))
    return found


async def receipts(session: AsyncSession, agreement_id: UUID) -> Sequence[PartnerReceipt]:
    """The last thousand receipts of an agreement, latest first."""
    query = select(PartnerReceipt).where(col(PartnerReceipt.agreement_id) == agreement_id)
    return (await session.execute(query.order_by(col(PartnerReceipt.id).desc()).limit(1000))).scalars().all()


TRANSFERS_OUT = Rows(
    name="registry.transfers_out",
    item=TransferOutAnswer,
    sorts={
        "id": (col(TransferOut.id),),
        "transferred_on": (col(TransferOut.transferred_on), col(TransferOut.id)),
    },
    default="id",
    noted="person_id",
    counted={"receiving_area": col(TransferOut.receiving_area), "division_code": col(TransferOut.from_division)},
    action="transfer_out.list",
    object_type="person",
)


def transfers_out(scope: Scope, receiving_area: str | None) -> Select[Any]:
    """Transfers out from these towns."""
    query = select(TransferOut).where(scope.where(col(TransferOut.from_division)))
    return query.where(col(TransferOut.receiving_area) == receiving_area) if receiving_area else query


async def transfer_out(session: AsyncSession, person_id: UUID, day: date) -> TransferOut:
    """The transfer out of a person on a day."""
    return (
        await session.execute(select(TransferOut).where(col(TransferOut.person_id) == person_id, col(TransferOut.transferred_on) == day))
    ).scalar_one()
