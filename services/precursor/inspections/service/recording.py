"""Begin, record, complete, end. Only the officers of an inspection record it; a fine is never computed."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from kit.etags import check_version
from kit.problems import FieldError, Invalid, invalid
from kit.steps.taking import declared, refuse, take
from kit.work import Work
from services.precursor.catalogue.service import called
from services.precursor.events import InspectionCompleted
from services.precursor.firms import service as firms
from services.precursor.inspections import policy, repository, rules
from services.precursor.inspections.checklists import templates
from services.precursor.inspections.errors import ChecklistOpen, InspectionState
from services.precursor.inspections.schemas import Completion, Ending, Outcomes, Start
from services.precursor.inspections.service.reading import checklist_on, early, held_on, items_for, officers_of
from services.precursor.inspections.tables import Inspection, InspectionOutcome, InspectionPresence, InspectionStep
from services.precursor.inspectors import service as inspectors
from services.precursor.rectifications import service as orders


async def start(work: Work, inspection_id: UUID, begin: Start, if_match: str | None) -> Inspection:
    """Begin: at least two drawn officers are there and have shown their certificates (APL art. 42, 55).

    Raises InspectionNotFound, Forbidden, StaleVersion, InspectionState, Invalid.
    """
    inspection, caller = await _own(work, inspection_id, if_match)
    declared(rules.MACHINE, inspection.state, "start", InspectionState)
    drawn = (await officers_of(work, [inspection]))[inspection.id]
    if begin.inspected_on > work.today:
        raise invalid("/inspected_on", "date_future", "日期不能晚于今天", "must not lie in the future")
    refuse(early(work, inspection), InspectionState)
    if begin.inspected_on < inspection.window_from:
        raise invalid("/inspected_on", "before_window", "早于计划的检查期间", "lies before the planned period")
    present = [shown.inspector_id for shown in begin.certificates]
    for position, shown in enumerate(begin.certificates):
        if shown.inspector_id not in drawn:
            raise invalid(
                f"/certificates/{position}/inspector_id", "not_drawn", "不是本次抽取的执法人员", "was not drawn for this inspection"
            )
    found = await inspectors.check_officers(
        work, present, inspection.authority, inspection.firm_id, begin.inspected_on, must_include=caller, pointer="/certificates"
    )
    for position, shown in enumerate(begin.certificates):
        if found[shown.inspector_id].certificate_no != shown.certificate_no:
            raise invalid(
                f"/certificates/{position}/certificate_no", "certificate_differs", "与名录中的执法证号不符", "differs from the directory"
            )
    inspection.template = checklist_on(inspection.object_kind, begin.inspected_on).name
    inspection.inspected_on = begin.inspected_on
    inspection.held = await held_on(work, inspection.firm_id, begin.inspected_on)
    rows = [
        InspectionPresence(
            inspection_id=inspection.id, inspector_id=item.inspector_id, certificate_no=item.certificate_no, recorded_at=work.now
        )
        for item in begin.certificates
    ]
    await repository.add_all(work.session, rows)
    await _take(work, inspection, "start", on=begin.inspected_on)
    return inspection


async def record_outcomes(work: Work, inspection_id: UUID, recorded: Outcomes, if_match: str | None) -> Inspection:
    """Record the outcomes of items; a later record of an item replaces the earlier one, which stays in the file. Raises as `start`."""
    inspection, _ = await _own(work, inspection_id, if_match)
    if inspection.state != "started" or inspection.template is None:
        raise InspectionState
    items = {item.item_no: item.competent for item in await items_for(work, inspection, templates()[inspection.template])}
    faults: list[FieldError] = []
    seen: set[str] = set()
    for position, outcome in enumerate(recorded.outcomes):
        place = f"/outcomes/{position}"
        if outcome.item_no not in items:
            faults.append(FieldError(f"{place}/item_no", "item_unknown", "检查表中没有此项", "the checklist has no such item"))
        if outcome.item_no in seen:
            faults.append(FieldError(f"{place}/item_no", "twice", "同一项目重复", "the item stands twice"))
        seen.add(outcome.item_no)
        faults += [
            FieldError(f"{place}/{field}", "missing", "此结果须填写该项,其他结果不填", "needed with this outcome, or not with this one")
            for field in rules.outcome_faults(outcome.outcome, outcome.note, outcome.passed_to)
        ]
        organs = items.get(outcome.item_no, ())
        if outcome.outcome in rules.NEEDS_ORGAN and outcome.passed_to is not None and outcome.passed_to not in organs:
            zh, en = called(organs)
            faults.append(FieldError(f"{place}/passed_to", "not_competent", f"该项应移送:{zh}", f"such a finding is passed to: {en}"))
    if faults:
        raise Invalid(errors=faults)
    rows = [
        InspectionOutcome(inspection_id=inspection.id, **outcome.model_dump(), recorded_by=work.principal.subject, recorded_at=work.now)
        for outcome in recorded.outcomes
    ]
    await repository.add_all(work.session, rows)
    await _take(work, inspection, "record", details={"items": sorted(seen)})
    return inspection


async def complete(work: Work, inspection_id: UUID, completion: Completion, if_match: str | None) -> Inspection:
    """Close the record: findings, orders to correct and the result's category follow from the items. Raises ChecklistOpen and as `start`."""
    inspection, _ = await _own(work, inspection_id, if_match)
    if inspection.state != "started" or inspection.template is None or inspection.inspected_on is None:
        raise InspectionState
    outcomes = await repository.outcomes_of(work.session, inspection.id)
    template = templates()[inspection.template]
    missing = rules.unanswered((item.item_no for item in template.items), {key: row.outcome for key, row in outcomes.items()})
    if missing:
        raise ChecklistOpen(errors=[FieldError(f"/items/{item}", "missing", "未填写", "has no outcome") for item in missing])
    if (completion.refusal_note is not None) != (completion.party_signature == "refused"):
        raise invalid("/refusal_note", "with_refusal", "拒绝签字的须注明情况,签字的不填", "goes with a refused signature, and only with it")
    needed = {item for item, row in outcomes.items() if row.outcome in rules.NEEDS_DEADLINE}
    for item in sorted(completion.deadlines.keys() - needed):
        raise invalid(f"/deadlines/{item}", "not_ordered", "该项没有责令改正", "nothing was ordered under this item")
    items = {item.item_no: item for item in await items_for(work, inspection, template)}
    found = [
        orders.FoundItem(
            item, items[item].basis, row.outcome, row.note or "", items[item].competent, completion.deadlines.get(item), row.passed_to
        )
        for item, row in outcomes.items()
        if row.outcome not in ("ok", "na", "advice", "not_checked")
    ]
    source = orders.Source(inspection.id, inspection.firm_id, inspection.division_code, inspection.authority, inspection.inspected_on)
    await orders.record_findings(work, source, found)
    inspection.party_statement = completion.party_statement
    inspection.party_signature = completion.party_signature
    inspection.refusal_note = completion.refusal_note
    category = rules.result_category(row.outcome for row in outcomes.values())
    await _finish(work, inspection, "complete", category, inspection.inspected_on, len(found))
    await firms.note_inspection(work, inspection.firm_id, inspection.inspected_on, "rectify" if found else "pass")
    return inspection


async def end(work: Work, inspection_id: UUID, ending: Ending, if_match: str | None) -> Inspection:
    """Record that it could not be carried out, and why. Raises as `start`."""
    inspection, _ = await _own(work, inspection_id, if_match)
    declared(rules.MACHINE, inspection.state, "end", InspectionState)
    refuse(early(work, inspection), InspectionState)
    if inspection.state == "planned" and ending.result_category in rules.FOUND_ON_THE_SPOT:
        zh, en = "须由两名执法人员到场出示证件后(先开始检查)方可记录", "only officers who were there can say so: begin the inspection first"
        raise InspectionState(zh, en)
    if not (inspection.inspected_on or inspection.window_from) <= ending.ended_on <= work.today:
        raise invalid("/ended_on", "span", "应在检查期间内且不晚于今天", "must lie in the period and not in the future")
    inspection.inspected_on = inspection.inspected_on or ending.ended_on
    inspection.end_reason = ending.reason
    await _finish(work, inspection, "end", ending.result_category, ending.ended_on, 0)
    return inspection


async def _finish(work: Work, inspection: Inspection, action: str, category: str, day: date, findings: int) -> None:
    inspection.result_category = category
    inspection.completed_at = work.now
    inspection.publish_by = rules.last_working_day(day, work.house.works)
    await _take(work, inspection, action, on=day, details={"result_category": category, "findings": findings})
    event = InspectionCompleted(
        firm_id=inspection.firm_id,
        object_kind=inspection.object_kind,
        authority=inspection.authority,
        division_code=inspection.division_code,
        inspected_on=day,
        result_category=category,
        findings=findings,
    )
    await work.publish(event, inspection.id, inspection.division_code)


async def _own(work: Work, inspection_id: UUID, if_match: str | None) -> tuple[Inspection, UUID]:
    """The inspection, locked, and the caller's entry in the directory, when the caller is one of its officers."""
    inspection = policy.may_see(work.principal, await repository.inspection(work.session, inspection_id, for_update=True))
    caller = await inspectors.own_entry(work)
    present = await repository.present_at(work.session, inspection.id)
    policy.may_record(caller.id, present or (await officers_of(work, [inspection])).get(inspection.id, ()))
    check_version(if_match, inspection.version)
    return inspection, caller.id


async def _take(work: Work, inspection: Inspection, event: str, *, on: date | None = None, details: dict[str, Any] | None = None) -> None:
    noted = ("inspection", inspection.id, "inspection")
    await take(work, rules.MACHINE, inspection, event, InspectionStep, noted=noted, on=on, problem=InspectionState, details=details)
