"""Order a measure, take a step of it, read it, list them. One function, one verb, one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from kit.etags import check_version
from kit.lists import Asked, Found, find_json
from kit.problems import invalid
from kit.steps.machine import START
from kit.steps.taking import take
from kit.work import Work
from services.registry import events
from services.registry.divisions.policy import part_of
from services.registry.divisions.service import require_town
from services.registry.measures import policy, repository, rules
from services.registry.measures.errors import MeasureNotFound, MeasureRunning, NotDeclaredStep
from services.registry.measures.events import measure_event
from services.registry.measures.rules.guards import Given, Refused
from services.registry.measures.rules.states import EXCLUSIVE, state_on
from services.registry.measures.rules.transitions import MACHINE, beginning, find, possible
from services.registry.measures.schemas import NewMeasure, Step
from services.registry.measures.service.endings import end_due, end_measures
from services.registry.measures.service.following import show_status
from services.registry.measures.service.openings import age_on, facts_of, recorder_of, step_refused
from services.registry.measures.service.replaced import plain
from services.registry.measures.tables import Measure, MeasureEvent
from services.registry.people import policy as people_policy
from services.registry.people import repository as people
from services.registry.people.errors import PersonNotFound, RecordClosed
from services.registry.people.rules import TREATMENT
from services.registry.people.service import append_standing, place_person, readable, require_care
from services.registry.people.service.standings import FOLLOWS_MEASURE
from services.registry.people.tables import Person
from services.registry.staff import repository as staff
from services.registry.staff.rules import WORKING

EVENTS: dict[str, type[events.MeasureEvent]] = {
    "changed": events.MeasureChanged,
    "reported_in": events.MeasureReportedIn,
    "suspended": events.MeasureSuspended,
    "resumed": events.MeasureResumed,
    "transferred": events.MeasureTransferred,
    "breached": events.MeasureBreached,
    "ended": events.MeasureEnded,
}


async def order_measure(work: Work, person_id: UUID, new: NewMeasure) -> Measure:
    """Record an order of the police or the start of a voluntary measure (NCL art. 33, 36, 38, 48, 51).

    Raises PersonNotFound, RecordClosed, Forbidden, Invalid, StepRefused, MeasureRunning.
    """
    person = await people.person(work.session, person_id, for_update=True)
    people_policy.may_read(work.principal, person, work.purpose or "supervision")
    assert person is not None
    policy.may_order(work.principal, new.division_code, beginning(new.kind).roles)
    await require_town(work, new.division_code, "/division_code")
    if person.state == "closed":
        raise RecordClosed
    await end_due(work, [person_id])
    released_on, organ = await _released(work, new, person_id)
    given = Given(
        on=new.ordered_on,
        reason=new.reason or "",
        order_no=new.order_no,
        order_organ=new.order_organ,
        addiction=new.addiction,
        ground=new.ground,
        bar=new.bar,
        term_months=new.term_months,
        released_on=released_on,
        isolation_organ=organ,
        age=age_on(person.birth_date, new.ordered_on),
    )
    try:
        rules.check_order(new.kind, given, work.today)
    except Refused as error:
        raise step_refused(error) from error
    return await _begin(work, person, new.kind, new.division_code, given)


async def take_step(work: Work, measure_id: UUID, step: Step, if_match: str | None) -> Measure:
    """Record a transition. Raises MeasureNotFound, Forbidden, StaleVersion, VersionRequired, NotDeclaredStep, StepRefused, Invalid."""
    measure = await repository.measure(work.session, measure_id, for_update=True)
    if measure is None:
        raise MeasureNotFound
    state = state_on(measure.kind, measure.state, measure.term_end, work.today)
    declared = find(measure.kind, measure.state if step.event == "expire" else state, step.event)
    person = await people.person(work.session, measure.person_id, for_update=True)
    assert person is not None
    policy.may_change(work.principal, measure, person, declared.roles if declared else work.principal.roles, step.event)
    check_version(if_match, measure.version)
    if declared is not None and state != measure.state and step.event != "expire":  # the term is over and no job has written it down yet
        await end_due(work, [person.id])
        await work.session.refresh(measure)
    if step.division_code is not None:
        await require_town(work, step.division_code, "/division_code")
    words = {**step.model_dump(exclude={"event"}), "reason": step.reason or ""}
    given = Given(age=age_on(person.birth_date, step.on), recorder=recorder_of(work), **words)
    steps = (await repository.steps_of(work.session, [measure.id]))[measure.id]
    facts = facts_of(measure, steps)
    try:
        decision = rules.decide(facts, step.event, given, work.today, work.house.works)
    except rules.NotDeclared as error:
        zh, en = MACHINE.events.get(step.event, (step.event, step.event))
        can = possible(measure.kind, state)
        can_zh, can_en = "、".join(f"“{one.zh}”" for one in can) or "无", ", ".join(f"“{one.en}”" for one in can) or "none"
        raise NotDeclaredStep(f"不能“{zh}”;当前可以:{can_zh}", f"“{en}” is not possible now; possible: {can_en}") from error
    except Refused as error:
        raise step_refused(error) from error
    if step.confirmed_by is not None:
        await _check_second_person(work, step.confirmed_by, step.on)
    replaced = {column: plain(getattr(measure, column)) for column in sorted(decision.changes)}
    for column, value in decision.changes.items():
        if column != "state":
            setattr(measure, column, value)
    await _take(work, measure, step.event, decision.effective_on, given, to=decision.changes["state"], replaced=replaced)
    if step.event == "die":
        await append_standing(work, person, "dead", step.on, given.document_no or "死亡", source=FOLLOWS_MEASURE)
    else:
        await show_status(work, person, measure, step.on, given.order_no or given.document_no)
    await _publish(work, measure, EVENTS[decision.step.says], decision.effective_on, step.event)
    await _follow_up(work, person, measure, step, given)
    return measure


async def _check_second_person(work: Work, code: str, day: date) -> None:
    """Who confirms is working staff in service on that day; that it is not the recorder, the guard says. Raises Invalid."""
    member = await staff.staff_member(work.session, code)
    if member is None or member.valid_from > day or (member.valid_to is not None and member.valid_to <= day):
        raise invalid("/confirmed_by", "staff_unknown", "没有这个人员编号或已离职", "no such staff member, or no longer in service")
    if member.post not in WORKING:
        raise invalid("/confirmed_by", "post_unfit", "此岗位人员不能确认", "this post cannot confirm it")


async def _follow_up(work: Work, person: Person, measure: Measure, step: Step, given: Given) -> None:
    """What one step brings with it in another row: the isolation that was decided, the community order after care, the new responsible town."""
    if step.event == "decide_isolation":
        await _begin(work, person, "compulsory_isolation_treatment", measure.division_code, given)
    elif step.event == "change_to_community":
        assert measure.term_start is not None and step.division_code is not None
        served = (step.on - measure.term_start).days - measure.suspended_days
        await _begin(work, person, "community_treatment", step.division_code, given, credited_days=max(served, 0))
    elif step.event == "report_in_at_new_place" and person.division_code != measure.division_code:
        await place_person(work, person, measure.division_code, None, "变更执行地")
    elif step.event == "die":
        await end_measures(work, {person.id: step.on}, "dead")
        await work.session.refresh(person)


async def _begin(work: Work, person: Person, kind: str, division_code: str, given: Given, credited_days: int = 0) -> Measure:
    running = await repository.open_measures_of(work.session, [person.id])
    if (kind in EXCLUSIVE and any(measure["kind"] in EXCLUSIVE for measure in running)) or any(
        measure["kind"] == kind for measure in running
    ):
        raise MeasureRunning
    measure = Measure(
        person_id=person.id,
        kind=kind,
        division_code=division_code,
        order_no=given.order_no or given.document_no,
        order_organ=given.order_organ,
        ground=given.ground,
        source="order",
        created_at=work.now,
        updated_at=work.now,
        **{**rules.first_changes(kind, given, credited_days), "state": START},
    )
    await _take(work, measure, "order", given.on, given)
    await show_status(work, person, measure, given.on, given.order_no or given.document_no)
    await _publish(work, measure, events.MeasureOrdered, given.on, given.ground)
    if measure.state != "ordered":
        await _publish(work, measure, events.MeasureReportedIn, given.on, None)
    return measure


async def _take(
    work: Work, measure: Measure, event: str, on: date, given: Given, *, to: str | None = None, replaced: dict[str, Any] | None = None
) -> None:
    """Take the step, and keep in the history what the guards were given."""
    numbers = ("contact_attempts", "evaded_tests", "departures", "absence_days")
    words = ("good_reason", "finding_no", "ground", "division_code", "addiction", "order_organ", "confirmed_by")
    details: dict[str, Any] = {name: getattr(given, name) for name in (*numbers, *words) if getattr(given, name)}
    if given.until is not None:
        details["until"] = given.until.isoformat()
    if replaced is not None:
        details["replaced"] = replaced  # what a correction puts back
    await take(
        work,
        MACHINE,
        measure,
        event,
        MeasureEvent,
        noted=("measure", measure.id, "measure"),
        on=on,
        reason=given.reason,
        problem=NotDeclaredStep,
        more={
            "measure_id": measure.id,
            "document_no": given.document_no or given.order_no,
            "details": details,
            "statement": given.statement,
            "recorded_by": work.principal.subject,
        },
        details={"kind": measure.kind},
        kind=measure.kind,
        to=to,
    )


async def _publish(work: Work, measure: Measure, kind: type[events.MeasureEvent], on: date, reason: str | None) -> None:
    await work.publish(measure_event(kind, measure.model_dump(), on, reason), measure.person_id, measure.division_code)


async def read_measure(work: Work, measure_id: UUID) -> Measure:
    """A measure. Audited with its purpose. Raises MeasureNotFound."""
    measure = await _readable(work, measure_id)
    await work.note("measure.read", "measure", measure.id)
    return measure


async def history_of(work: Work, measure_id: UUID) -> Sequence[MeasureEvent]:
    """Its transitions, oldest first. Raises MeasureNotFound."""
    await _readable(work, measure_id)
    await work.note("measure.read_history", "measure", measure_id)
    return await repository.history_of(work.session, measure_id)


async def measures_of(work: Work, person_id: UUID) -> Sequence[Measure]:
    """All measures of a person, newest first. Raises PersonNotFound."""
    await readable(work, person_id)
    found = await repository.measures_of(work.session, person_id)
    await work.note("measure.list", "person", person_id)
    return [measure for measure in found if measure.kind != TREATMENT or people_policy.sees_treatment(work.principal)]


async def list_measures(work: Work, asked: Asked, filters: dict[str, Any], division_code: str | None) -> Found:
    """Measures that run in the caller's towns or of their people; scope and care team are part of the question. Raises BadCursor."""
    reach = people_policy.reach(work.principal)
    if division_code is not None:
        filters = {**filters, "division": part_of(work.scope, division_code).towns}
    untreated = None if people_policy.sees_treatment(work.principal) else True
    return await find_json(work, repository.MEASURES, asked, {**reach, **filters, "untreated": untreated, "today": work.today})


async def _readable(work: Work, measure_id: UUID) -> Measure:
    measure = await repository.measure(work.session, measure_id)
    person = await people.person(work.session, measure.person_id) if measure else None
    found = policy.may_read(work.principal, measure, person, work.purpose)
    assert person is not None
    if not people_policy.sees_treatment(work.principal) and found.kind == TREATMENT:
        raise MeasureNotFound
    try:
        await require_care(work, person, work.purpose)
    except PersonNotFound as error:
        raise MeasureNotFound from error
    await work.open_in_emergency(found.person_id)
    return found


async def _released(work: Work, new: NewMeasure, person_id: UUID) -> tuple[date | None, str | None]:
    """Day of release from isolation and the organ that had decided it. What this register knows goes before what the caller says, so that an isolation that
    was closed without an order (R5), or changed into community treatment (I4), founds no rehabilitation."""
    if new.kind != "community_rehabilitation":
        return None, None
    isolations = [m for m in await repository.measures_of(work.session, person_id) if m.kind == "compulsory_isolation_treatment"]
    if not isolations:
        return new.released_on, None
    latest = max((m for m in isolations if m.state != "revoked"), key=lambda m: m.term_start or date.min, default=None)
    if latest is None or latest.state != "released":
        return None, None
    return latest.ended_on, latest.order_organ
