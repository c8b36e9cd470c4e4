"""Order a measure, take a step of it, read it, list them. One function, one verb, one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, cast
from uuid import UUID

from kit.db import new_id
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
from services.registry.measures.errors import LaterStepStands, MeasureNotFound, MeasureRunning, NotDeclaredStep
from services.registry.measures.events import measure_event
from services.registry.measures.rules.declared import STEP_LABELS, MeasureStep, StepEventCode
from services.registry.measures.rules.guards import Given, Refused
from services.registry.measures.rules.life import Entry, Life, Placed, life_of, taken_away
from services.registry.measures.rules.states import EXPIRING
from services.registry.measures.rules.transitions import MACHINE, find, possible
from services.registry.measures.schemas import NewMeasure, Step
from services.registry.measures.service import lives
from services.registry.measures.service.endings import end_due, end_measures
from services.registry.measures.service.following import show_status
from services.registry.measures.service.openings import recorder_of, sentences, step_refused
from services.registry.measures.service.settling import event_for, must_be_free, settle
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
    event, on = ("order", new.ordered_on) if new.reported_in_on is None else ("transfer_in", new.reported_in_on)
    step = MACHINE.find(START, event, new.kind)
    if step is None:
        raise invalid(
            "/reported_in_on",
            "not_transferable",
            "仅社区戒毒、社区康复可移入接续执行",
            "only community measures go on elsewhere (DRR art. 22)",
        )
    policy.may_order(work.principal, new.division_code, step.roles)
    await require_town(work, new.division_code, "/division_code")
    if person.state == "closed":
        raise RecordClosed
    await end_due(work, [person_id])
    released_on, organ = await _released(work, new, person_id)
    given = Given(
        on=on,
        reason=new.reason or "",
        order_no=new.order_no,
        order_organ=new.order_organ,
        addiction=new.addiction,
        ground=new.ground,
        bar=new.bar,
        term_months=new.term_months,
        released_on=released_on,
        isolation_organ=organ,
        age=lives.age_on(person.birth_date, on),
        ordered_on=new.ordered_on if event == "transfer_in" else None,
        served_since=new.served_since,
        uncounted_days=new.uncounted_days,
        document_no=new.document_no,
    )
    try:
        rules.check_order(new.kind, given, work.today, event)
    except Refused as error:
        raise step_refused(error) from error
    return await _begin(work, person, new.kind, new.division_code, given, event=event)


async def take_step(work: Work, measure_id: UUID, step: Step, if_match: str | None) -> Measure:
    """Record one step. Raises as `take_steps`."""
    return await take_steps(work, measure_id, [step], if_match, "")


async def take_steps(work: Work, measure_id: UUID, steps: Sequence[Step], if_match: str | None, pointer: str = "/steps/{}") -> Measure:
    """Record steps on the days on which they happened, however long ago: each stands in its place, and what follows is computed anew (`rules.life`).

    They are judged together: a suspension of 2019 needs its resumption beside it when the measure is known to have gone on. `pointer`: where a step stands
    in the request. Raises MeasureNotFound, Forbidden, StaleVersion, VersionRequired, NotDeclaredStep, StepRefused, LaterStepStands, MeasureRunning, Invalid.
    """
    measure = await repository.measure(work.session, measure_id, for_update=True)
    if measure is None:
        raise MeasureNotFound
    person = await people.person(work.session, measure.person_id, for_update=True)
    assert person is not None
    told = await _told(work, measure, person)
    entries = _entries(work, person, told, steps)
    after = life_of(told.founded, (*told.entries, *entries), work.today, work.house.works)
    places = {place.entry.id: place for place in after.placed}
    met = {entry.id: state for entry, state in after.fallen}
    declared = [_declared(measure, entry, places.get(entry.id), met.get(entry.id, told.life.facts.state)) for entry in entries]
    for entry, step in zip(entries, declared, strict=True):
        known = step or _possible_now(measure, told, entry)
        policy.may_change(work.principal, measure, person, known.roles if known else work.principal.roles, entry.event)
    check_version(if_match, measure.version)
    for index, (entry, step) in enumerate(zip(entries, declared, strict=True)):
        at = pointer.format(index)
        if entry.given.division_code is not None:
            await require_town(work, entry.given.division_code, f"{at}/division_code")
        if step is None and entry.on < work.today and _possible_now(measure, told, entry):
            raise step_refused(Refused("date_before_last_step", "日期早于上一步", "lies before the last step", "", "/on"), at)
        if step is None or (entry.event == "expire" and len(entries) > 1):  # the law's own end is noted alone
            raise _not_declared(measure.kind, met.get(entry.id, told.life.facts.state), entry)
        if entry.on > work.today:
            raise step_refused(Refused("date_future", "日期不能晚于今天", "must not lie in the future", "", "/on"), at)
        if entry.event == "expire":
            return await _expire(work, measure, told, entry.given)
        refused = places[entry.id].refused
        if refused is not None:
            raise step_refused(refused, at)
        if entry.given.confirmed_by is not None:
            await _check_second_person(work, entry.given.confirmed_by, entry.on, at)
    keep_later(told, after)
    await must_be_free(work, measure, told.founded, (*told.entries, *entries), MeasureRunning)
    if told.life.expired_on is not None and measure.state in EXPIRING and all(entry.on >= told.life.expired_on for entry in entries):
        await end_due(work, [person.id])  # the term is over and no job has written it down yet
        await work.session.refresh(measure)
        told = await _told(work, measure, person)
    was, last = measure.state, after.placed[-1].entry.id
    rows = [(places[entry.id], _columns(work, measure, entry)) for entry in entries]
    await settle(work, measure, told, (*told.entries, *entries), after, rows)
    for entry in entries:
        await _bring_about(work, person, measure, entry)
    says = EVENTS[places[last].step.says] if len(entries) == 1 and entries[0].id == last else event_for(was, measure.state)
    await _publish(work, measure, says, entries[-1].on, entries[-1].event)
    for entry in entries:
        await _follow_up(work, person, measure, entry)
    return measure


async def _told(work: Work, measure: Measure, person: Person) -> lives.Told:
    return (await lives.told(work, [measure], {person.id: person.birth_date}))[measure.id]


def _entries(work: Work, person: Person, told: lives.Told, steps: Sequence[Step]) -> list[Entry]:
    """The rows that the steps would be, each behind those that are known of its day."""
    entries: list[Entry] = []
    for step in steps:
        words = {**step.model_dump(exclude={"event"}), "reason": step.reason or ""}
        given = Given(age=lives.age_on(person.birth_date, step.on), recorder=recorder_of(work), **words)
        place = told.place_on(step.on) + sum(entry.on == step.on for entry in entries)
        entries.append(Entry(new_id(), step.event, step.on, given, place=place))
    return entries


def _declared(measure: Measure, entry: Entry, place: Placed | None, state: str) -> MeasureStep | None:
    """The step as somebody may record it by hand on its day."""
    step = place.step if place else find(measure.kind, measure.state if entry.event == "expire" else state, entry.event)
    return step if step is not None and step.roles else None


def _possible_now(measure: Measure, told: lives.Told, entry: Entry) -> MeasureStep | None:
    """The step as it could be taken today: then its day is what is wrong with it."""
    return _declared(measure, entry, None, told.life.facts.state)


def _not_declared(kind: str, state: str, entry: Entry) -> NotDeclaredStep:
    """The problem that tells what was possible on that day."""
    zh, en = MACHINE.events.get(entry.event, (entry.event, entry.event))
    can = possible(kind, state)
    can_zh, can_en = "、".join(f"“{one.zh}”" for one in can) or "无", ", ".join(f"“{one.en}”" for one in can) or "none"
    return NotDeclaredStep(f"{entry.on}不能“{zh}”;当日可以:{can_zh}", f"“{en}” is not possible on {entry.on}; possible: {can_en}")


async def _expire(work: Work, measure: Measure, told: lives.Told, given: Given) -> Measure:
    """Note that the law has ended the measure. Raises StepRefused while the term is not over."""
    facts = replace(told.life.facts, state=measure.state)
    try:
        rules.check(MACHINE.step(measure.state, "expire", measure.kind), facts, given)
    except Refused as error:
        raise step_refused(error) from error
    await end_due(work, [measure.person_id])
    await work.session.refresh(measure)
    return measure


async def _bring_about(work: Work, person: Person, measure: Measure, entry: Entry) -> None:
    """Let the registered standing follow."""
    given = entry.given
    if entry.event == "die":
        await append_standing(work, person, "dead", entry.on, given.document_no or "死亡", source=FOLLOWS_MEASURE)
    else:
        await show_status(work, person, measure, entry.on, given.order_no or given.document_no)


async def _check_second_person(work: Work, code: str, day: date, at: str) -> None:
    """Who confirms is working staff in service on that day; that it is not the recorder, the guard says. Raises Invalid."""
    member = await staff.staff_member(work.session, code)
    if member is None or member.valid_from > day or (member.valid_to is not None and member.valid_to <= day):
        raise invalid(f"{at}/confirmed_by", "staff_unknown", "没有这个人员编号或已离职", "no such staff member, or no longer in service")
    if member.post not in WORKING:
        raise invalid(f"{at}/confirmed_by", "post_unfit", "此岗位人员不能确认", "this post cannot confirm it")


def keep_later(told: lives.Told, after: Life) -> None:
    """Refuse what would take the ground from a step that was taken later. Raises LaterStepStands."""
    lost = taken_away(told.life, after)
    if lost is None:
        return
    if isinstance(lost, Placed):
        assert lost.refused is not None
        zh, en = sentences(lost.refused)
        entry = lost.entry
    else:
        entry = lost[0]
        zh, en = "当日状态下不能成立", "is not possible as the measure then stood"
    label_zh, label_en = STEP_LABELS[cast(StepEventCode, entry.event)]
    raise LaterStepStands(f"{entry.on}“{label_zh}”:{zh}", f"“{label_en}” of {entry.on}: {en}")


async def _follow_up(work: Work, person: Person, measure: Measure, entry: Entry) -> None:
    """What one step brings with it in another row: the isolation that was decided, the community order after care, the new responsible town."""
    given = entry.given
    if entry.event == "decide_isolation":
        await _begin(work, person, "compulsory_isolation_treatment", measure.division_code, given)
    elif entry.event == "change_to_community":
        assert measure.term_start is not None and given.division_code is not None
        served = (entry.on - measure.term_start).days - measure.suspended_days
        await _begin(work, person, "community_treatment", given.division_code, given, credited_days=max(served, 0))
    elif entry.event == "report_in_at_new_place" and person.division_code != measure.division_code:
        await place_person(work, person, measure.division_code, None, "变更执行地")
    elif entry.event == "die":
        await end_measures(work, {person.id: entry.on}, "dead")
        await work.session.refresh(person)


async def _begin(
    work: Work, person: Person, kind: str, division_code: str, given: Given, credited_days: int = 0, event: str = "order"
) -> Measure:
    measure = Measure(
        id=new_id(),
        person_id=person.id,
        kind=kind,
        division_code=division_code,
        ordered_in=division_code,
        order_no=given.order_no or given.document_no,
        order_organ=given.order_organ,
        ground=given.ground,
        source="order",
        created_at=work.now,
        updated_at=work.now,
        **{**rules.first_changes(kind, given, credited_days), "state": START},
    )
    entry = Entry(new_id(), event, given.on, given)
    founded = lives.founded_of(measure)
    await must_be_free(work, measure, founded, [entry], MeasureRunning)
    lives.project(measure, life_of(founded, [entry], given.on, work.house.works))
    await take(
        work,
        MACHINE,
        measure,
        event,
        MeasureEvent,
        noted=("measure", measure.id, "measure"),
        on=given.on,
        reason=given.reason,
        problem=NotDeclaredStep,
        more=_columns(work, measure, entry),
        details={"kind": kind},
        kind=kind,
    )
    await lives.keep_stretches(work, {measure.id: (founded, [entry])})
    await show_status(work, person, measure, given.on, given.order_no or given.document_no)
    await _publish(work, measure, events.MeasureOrdered, given.on, given.ground)
    if measure.state != "ordered":
        await _publish(work, measure, events.MeasureReportedIn, given.on, None)
    await end_due(work, [person.id])  # the term of an order of years ago is over already
    await work.session.refresh(measure)
    return measure


def _columns(work: Work, measure: Measure, entry: Entry) -> dict[str, Any]:
    """The columns of a row of the history beside those that every step has: what the guards were given."""
    given = entry.given
    return {
        "measure_id": measure.id,
        "document_no": given.document_no or given.order_no,
        "details": lives.details_of(given, entry.place),
        "statement": given.statement,
        "recorded_by": work.principal.subject,
    }


async def _publish(work: Work, measure: Measure, kind: type[events.MeasureEvent], on: date, reason: str | None) -> None:
    await work.publish(measure_event(kind, measure.model_dump(), on, reason), measure.person_id, measure.division_code)


async def read_measure(work: Work, measure_id: UUID) -> Measure:
    """A measure. Audited with its purpose. Raises MeasureNotFound."""
    measure = await _readable(work, measure_id)
    await work.note("measure.read", "measure", measure.id)
    return measure


async def history_of(work: Work, measure_id: UUID) -> tuple[Measure, Sequence[MeasureEvent]]:
    """The measure and its steps in the order of their recording. Raises MeasureNotFound."""
    measure = await _readable(work, measure_id)
    await work.note("measure.read_history", "measure", measure_id)
    return measure, await repository.history_of(work.session, measure_id)


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
