"""How inspections are opened: from a draw's result, or directly after a complaint or a transfer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from kit.problems import invalid
from kit.steps.machine import START
from kit.steps.taking import declared, take
from kit.work import Work
from services.precursor.firms import service as firms
from services.precursor.inspections import repository, rules
from services.precursor.inspections.errors import InspectionState
from services.precursor.inspections.schemas import DirectInspection
from services.precursor.inspections.tables import Inspection, InspectionOfficer, InspectionReplacement, InspectionStep
from services.precursor.inspectors import service as inspectors


@dataclass(frozen=True, slots=True)
class Drawn:
    """One line of a draw's result."""

    firm_id: UUID
    division_code: str
    stratum: str
    officers: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Commission:
    """What all inspections of a draw share."""

    draw_id: UUID
    object_kind: str
    authority: str
    window_from: date
    window_to: date


async def open_from_draw(work: Work, commission: Commission, drawn: Sequence[Drawn]) -> Sequence[Inspection]:
    """Plan an inspection for each drawn firm, with the drawn officers."""
    rows = [
        Inspection(
            firm_id=item.firm_id,
            object_kind=commission.object_kind,
            division_code=item.division_code,
            authority=commission.authority,
            source="draw",
            draw_id=commission.draw_id,
            stratum=item.stratum,
            window_from=commission.window_from,
            window_to=commission.window_to,
            created_at=work.now,
            updated_at=work.now,
        )
        for item in drawn
    ]
    await repository.add_all(work.session, rows)
    pairs = [_officers(row, item.officers) for row, item in zip(rows, drawn, strict=True)]
    await repository.add_all(work.session, [officer for pair in pairs for officer in pair])
    await repository.add_all(work.session, _planned(work, rows))
    await work.note("inspection.plan", "inspection", *(row.id for row in rows), details={"draw_id": str(commission.draw_id)})
    return rows


async def planned_of_draw(work: Work, draw_id: UUID, firm_id: UUID, *, for_update: bool = True) -> Inspection:
    """The inspection of a drawn firm while it has not begun, locked unless it is only looked at. Raises Invalid when the firm was not drawn, InspectionState."""
    for row in await repository.inspections_of_draw(work.session, draw_id, for_update=for_update):
        if row.firm_id == firm_id:
            if row.state != "planned":
                raise InspectionState("检查已开始或已结束,不能更换执法人员", "it has begun or is over; its officers stay")
            return row
    raise invalid("/firm_id", "not_drawn", "不是本次抽取的对象", "was not drawn")


@dataclass(frozen=True, slots=True)
class Exchange:
    """An officer who cannot go and the next of the drawn order, with the person who proposed it."""

    leaves: UUID
    enters: UUID
    ground: str
    passed_over: list[dict[str, str]]
    note: str
    proposed_by: str


async def exchange_officer(work: Work, inspection: Inspection, who: Exchange) -> None:
    """Put the next officer of the drawn order in the place of one who cannot go, signed by the caller."""
    position = len((await repository.officers_of(work.session, [inspection.id], ever=True))[inspection.id])
    row = InspectionReplacement(
        inspection_id=inspection.id,
        leaves=who.leaves,
        enters=who.enters,
        ground=who.ground,
        passed_over=who.passed_over,
        note=who.note,
        signed_by=work.principal.subject,
        recorded_by=who.proposed_by,
        recorded_at=work.now,
    )
    await repository.add_all(
        work.session, [row, InspectionOfficer(inspection_id=inspection.id, inspector_id=who.enters, position=position)]
    )
    await _take(work, inspection, "replace_officer", details={"ground": who.ground})


async def exchange_object(work: Work, commission: Commission, leaves: UUID, comes: Drawn | None, note: str) -> None:
    """Cancel the inspection of a drawn firm that cannot be inspected, and plan that of the next in the drawn order, when there is one."""
    inspection = await planned_of_draw(work, commission.draw_id, leaves)
    inspection.end_reason = "object_replaced"
    await _take(work, inspection, "cancel", reason=note)
    if comes is not None:
        await open_from_draw(work, commission, [comes])


async def _take(work: Work, inspection: Inspection, event: str, *, reason: str = "", details: dict[str, Any] | None = None) -> None:
    noted = ("inspection", inspection.id, "inspection")
    await take(work, rules.MACHINE, inspection, event, InspectionStep, noted=noted, reason=reason, problem=InspectionState, details=details)


def _planned(work: Work, rows: Sequence[Inspection]) -> list[InspectionStep]:
    """The first line of each inspection's history."""
    declaration = declared(rules.MACHINE, START, "plan")
    return [
        InspectionStep(
            object_id=row.id,
            event="plan",
            from_state=START,
            to_state=declaration.target,
            happened_on=work.today,
            source=declaration.source if row.source != "draw" else "General Office of the State Council (2015) no. 58",
            recorded_by=work.principal.staff_id or work.principal.subject,
            recorded_at=work.now,
        )
        for row in rows
    ]


async def all_over(work: Work, draw_id: UUID) -> bool:
    """Whether every inspection of a draw has come to its end."""
    return all(row.state in ("completed", "ended", "cancelled") for row in await repository.inspections_of_draw(work.session, draw_id))


async def open_directly(work: Work, new: DirectInspection) -> Inspection:
    """Plan an inspection after a complaint or a transfer. Raises FirmNotFound, Forbidden, Invalid."""
    firm = await firms.read_firm(work, new.firm_id)
    caller = await inspectors.own_entry(work)
    ((_, holding),) = await firms.with_holdings(work, [firm], new.window_from)
    kind = inspectors.line_in_power(caller.authority, firm, holding, new.object_kind, "/firm_id")
    if new.window_to < new.window_from:
        raise invalid("/window_to", "span", "结束日期早于开始日期", "ends before it begins")
    if new.window_from < work.today:
        raise invalid("/window_from", "date_past", "不能早于今天", "must not lie in the past")
    await inspectors.check_officers(work, new.officers, caller.authority, firm.id, new.window_to, must_include=caller.id)
    inspection = Inspection(
        firm_id=firm.id,
        object_kind=kind,
        division_code=firm.division_code,
        authority=caller.authority,
        source=new.source,
        ground=new.ground,
        window_from=new.window_from,
        window_to=new.window_to,
        created_at=work.now,
        updated_at=work.now,
    )
    await repository.add_all(work.session, [inspection])
    await repository.add_all(work.session, [*_officers(inspection, tuple(new.officers)), *_planned(work, [inspection])])
    await work.note("inspection.plan", "inspection", inspection.id, details={"source": new.source})
    return inspection


def _officers(inspection: Inspection, officers: tuple[UUID, ...]) -> list[InspectionOfficer]:
    return [InspectionOfficer(inspection_id=inspection.id, inspector_id=officer, position=place) for place, officer in enumerate(officers)]
