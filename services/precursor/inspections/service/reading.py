"""What is read of inspections: lists, checklists, findings, history, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from kit.lists import Asked, Found, find_rows
from kit.problems import invalid
from kit.roles import Role
from kit.steps.taking import NOT_YOURS, NextStep, Reason, next_steps
from kit.work import Work
from services.precursor.firms import service as firms
from services.precursor.inspections import policy, repository, rules
from services.precursor.inspections.checklists import Item, Template, template_on, templates
from services.precursor.inspections.errors import ChecklistOpen
from services.precursor.inspections.schemas import InspectionAnswer
from services.precursor.inspections.tables import Inspection, InspectionOutcome, InspectionStep
from services.precursor.inspectors import service as inspectors
from services.precursor.inspectors.rules import may_take_over
from services.precursor.inspectors.tables import Inspector
from services.precursor.rectifications import repository as rectifications
from services.precursor.rectifications.tables import Finding


async def list_inspections(work: Work, asked: Asked, filters: dict[str, Any], mine: bool, unpublished: bool) -> Found:
    """A page of inspections in the caller's towns; `mine`: those that the caller was drawn for. Raises Forbidden."""
    officer = (await inspectors.own_entry(work)).id if mine else None
    hidden = not policy.knows_plans(work.principal)
    scope = work.scope.within(filters["division_code"])
    wanted = repository.Wanted(scope, officer=officer, hide_planned=hidden, unpublished_on=work.today if unpublished else None, **filters)
    bound = {**filters, "mine": mine or None, "unpublished": unpublished or None}
    own = await inspectors.entry_of(work)
    return await find_rows(
        work, repository.INSPECTIONS, asked, repository.narrowed(wanted), bound, shape=lambda row: _answer(work, row, own)
    )


async def read_inspection(work: Work, inspection_id: UUID) -> Inspection:
    """One inspection. Raises InspectionNotFound, Forbidden."""
    return policy.may_see(work.principal, await repository.inspection(work.session, inspection_id))


async def officers_of(work: Work, inspections: Sequence[Inspection]) -> dict[UUID, list[UUID]]:
    """Inspection → its officers."""
    return await repository.officers_of(work.session, [item.id for item in inspections])


async def items_for(work: Work, inspection: Inspection, template: Template) -> tuple[Item, ...]:
    """The items with the authorities that may take a finding over from this firm, by what it held on the day."""
    held = inspection.held or await held_on(work, inspection.firm_id, inspection.inspected_on or work.today)
    pharmaceutical, other = bool(held["pharmaceutical"]), bool(held["other"])
    return tuple(
        replace(item, competent=tuple(may_take_over(item.competent, inspection.object_kind, pharmaceutical=pharmaceutical, other=other)))
        for item in template.items
    )


async def checklist_of(work: Work, inspection_id: UUID) -> tuple[Template, dict[str, InspectionOutcome]]:
    """The checklist of an inspection and what was recorded. Raises InspectionNotFound, Forbidden, Invalid."""
    inspection = await read_inspection(work, inspection_id)
    template = templates().get(inspection.template or "") or checklist_on(inspection.object_kind, work.today)
    fitting = replace(template, items=await items_for(work, inspection, template))
    return fitting, await repository.outcomes_of(work.session, inspection.id)


def checklist_on(kind: str, day: date) -> Template:
    """The checklist of a kind of object on a day. Raises Invalid when none is in force."""
    template = template_on(kind, day)
    if template is None:
        raise invalid("/query/on", "no_checklist", "该日期没有适用的检查表", "no checklist is in force on that day")
    return template


async def findings_of(work: Work, inspection_id: UUID) -> Sequence[Finding]:
    """What an inspection found. Raises InspectionNotFound, Forbidden."""
    await read_inspection(work, inspection_id)
    return await rectifications.findings_of(work.session, inspection_id)


def decide_by(work: Work, finding: Finding) -> date | None:
    """The last day on which held evidence must be decided upon; None for other findings."""
    if finding.disposition != "evidence_held":
        return None
    return rules.last_working_day(finding.found_on, work.house.works, rules.EVIDENCE_WORKING_DAYS)


async def held_on(work: Work, firm_id: UUID, day: date) -> dict[str, Any]:
    """What a firm holds by the list of a day, as an inspection keeps it."""
    firm = await firms.read_firm(work, firm_id)
    ((_, holding),) = await firms.with_holdings(work, [firm], day)
    return {
        "chemicals": list(firm.chemicals),
        "categories": list(holding.categories),
        "competent": list(holding.competent),
        "pharmaceutical": holding.pharmaceutical,
        "other": holding.other,
    }


def _next_steps(work: Work, inspection: Inspection, own: Inspector | None, recording: list[str], answered: list[str]) -> list[NextStep]:
    """What the caller can do with an inspection; `recording`: who may record it."""
    blocked: dict[str, list[Reason]] = {"start": early(work, inspection), "end": early(work, inspection)}
    template = templates().get(inspection.template or "")
    if template is not None and rules.unanswered((item.item_no for item in template.items), dict.fromkeys(answered, "")):
        blocked["complete"] = [Reason(code=ChecklistOpen.slug, zh=ChecklistOpen.title_zh, en=ChecklistOpen.title_en)]
    if work.principal.has(Role.INSPECTOR):
        stranger = [NOT_YOURS] if own is None else [] if str(own.id) in recording else [policy.NOT_ITS_OFFICER]
        blocked = {event: [*blocked.get(event, ()), *stranger] for event in ("start", "record", "complete", "end")}
    return next_steps(rules.MACHINE, inspection.state, work.principal, blocked)


def early(work: Work, inspection: Inspection) -> list[Reason]:
    """Why nobody begins or ends a visit before its period."""
    return [policy.BEFORE_WINDOW] if inspection.state == "planned" and work.today < inspection.window_from else []


async def steps_of(work: Work, inspection_id: UUID) -> Sequence[InspectionStep]:
    """What was done with an inspection, oldest first. Raises InspectionNotFound, Forbidden."""
    await read_inspection(work, inspection_id)
    return await repository.steps_of(work.session, inspection_id)


async def answer(work: Work, inspection: Inspection) -> InspectionAnswer:
    """An inspection with the names of firm and officers, and what comes next for this caller."""
    return _answer(work, await repository.one_shown(work.session, inspection.id), await inspectors.entry_of(work))


def _answer(work: Work, row: Any, own: Inspector | None) -> InspectionAnswer:
    inspection, firm_name, officers, present, answered = row
    values: dict[str, Any] = {name: getattr(inspection, name) for name in InspectionAnswer.model_fields if hasattr(inspection, name)}
    more = {
        "officers": [officer["id"] for officer in officers or []],
        "firm_name": firm_name,
        "officers_named": officers or [],
        "next_steps": _next_steps(work, inspection, own, present or [officer["id"] for officer in officers or []], answered or []),
    }
    return InspectionAnswer.model_validate({**values, **more})
