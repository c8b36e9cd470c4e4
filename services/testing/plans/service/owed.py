"""Use cases of plans: read due tests, arrange, move and judge one, and mark those whose window opened or passed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from kit.etags import check_version
from kit.lists import Asked, Found, find_json
from kit.outbox import append_all, event_row
from kit.problems import invalid
from kit.roles import Role
from kit.steps.machine import START
from kit.steps.taking import NextStep, Reason, StepNotAllowed, next_steps, take
from kit.work import Work
from services.testing.events import PlanChanged, TestDue, TestMissed, TestRefused
from services.testing.plans import policy, repository, rules
from services.testing.plans.errors import PlanNotFound
from services.testing.plans.repository import many
from services.testing.plans.repository.many import Actor, due_test_fields
from services.testing.plans.schemas import NewDecision, NewPlan, Reschedule
from services.testing.plans.tables import DueTest, PlanChange, Scheme
from services.testing.subjects.errors import SubjectNotFound
from services.testing.subjects.service import require_legal_basis, subject_to_see, subject_to_test

WINDOW_DAYS = 7
_TELLING = {"refused": TestRefused, "not_notified": TestMissed, "missed_unexcused": TestMissed, "evaded": TestMissed}


async def list_due(work: Work, asked: Asked, division: str | None, first: date, last: date, state: str | None) -> Found:
    """Due tests whose window touches the days `first` to `last`, in the caller's towns or caseload: owed and missed ones, unless a state is given.

    Raises Invalid, OutsideScope, BadCursor.
    """
    if last < first or last - first > timedelta(days=366):
        raise invalid("/query/to", "range", "日期范围须在一年以内", "the range is at most a year")
    states = [state] if state is not None else list(rules.AWAITED)
    scope = work.scope.within(division)
    cared = None if scope.people is None else sorted(map(str, scope.people))
    filters = {"towns": scope.towns, "cared": cared, "first": first, "last": last, "states": states}
    return await find_json(work, repository.DUE, asked, filters)


async def read_plan(work: Work, plan_id: UUID) -> DueTest:
    """One due test. Raises PlanNotFound."""
    due = await repository.plan(work.session, plan_id)
    if due is None:
        raise PlanNotFound
    try:
        await subject_to_see(work, due.person_id)
    except SubjectNotFound as error:
        raise PlanNotFound from error
    await work.note("plan.read", "person", due.person_id, details={"plan": str(due.id)})
    return due


async def history_of(work: Work, plan_id: UUID) -> Sequence[PlanChange]:
    """The steps of a due test. Raises PlanNotFound."""
    due = await read_plan(work, plan_id)
    return await repository.history_of(work.session, due.id)


async def plans_of(work: Work, person_id: UUID) -> Sequence[DueTest]:
    """What a person owes and owed, the latest first. Raises SubjectNotFound."""
    await subject_to_see(work, person_id)
    await work.note("plan.read_all", "person", person_id)
    return await repository.plans_of(work.session, person_id)


async def schemes(work: Work) -> dict[tuple[str, str], tuple[Scheme, list[rules.Phase]]]:
    """The schemes in force today."""
    return await repository.schemes_on(work.session, work.house.county, work.today)


async def arrange(work: Work, new: NewPlan) -> DueTest:
    """Arrange a test by hand. Raises SubjectNotFound, Forbidden, NoLegalBasis, Invalid."""
    subject = await subject_to_test(work, new.person_id)
    policy.may_arrange(work.principal, new.kind)
    _check_instruction(work, new)
    if new.due_on < work.today:
        raise invalid("/due_on", "date_past", "日期不能早于今天", "must not lie in the past")
    last = new.due_on + timedelta(days=new.window_days)
    measure_id, division_code = None, subject.division_code
    if new.kind == "mandatory":
        basis = await require_legal_basis(work, subject, new.due_on)
        measure_id, division_code = basis.measure_id, basis.division_code
        if basis.term_end is not None:
            last = min(last, basis.term_end - timedelta(days=1))
    due = DueTest(
        person_id=new.person_id,
        measure_id=measure_id,
        kind=new.kind,
        specimen_type=new.specimen_type,
        division_code=subject.division_code,
        owed_in=division_code,
        due_on=new.due_on,
        window_from=new.due_on,
        window_to=last,
        state=START,
        moved=True,
        grounds=new.grounds,
        document_no=new.document_no,
        instructed_by=new.instructed_by,
        instructed_on=new.instructed_on,
        created_at=work.now,
        updated_at=work.now,
    )
    await take_step(work, due, "arrange")
    await _publish_change(work, due, "planned")
    return due


async def reschedule(work: Work, plan_id: UUID, new: Reschedule, if_match: str | None) -> DueTest:
    """Move a due test to another day inside the term. Raises PlanNotFound, StaleVersion, StepNotAllowed, NoLegalBasis, Invalid."""
    due = await _changeable(work, plan_id, if_match)
    if new.due_on < work.today:
        raise invalid("/due_on", "date_past", "日期不能早于今天", "must not lie in the past")
    term: tuple[date | None, date | None] = (None, None)
    if due.kind == "mandatory":
        basis = await require_legal_basis(work, await subject_to_test(work, due.person_id), new.due_on)
        term = (basis.term_start, basis.term_end)
    neighbours = await repository.neighbours_of(work.session, due, new.due_on)
    try:
        window = rules.moved_window(new.due_on, WINDOW_DAYS, term, neighbours)
    except ValueError as error:
        raise invalid("/due_on", str(error), "该日期与期限或另一次检测冲突", "conflicts with the term or another due test") from error
    due.due_on, (due.window_from, due.window_to) = new.due_on, window
    due.moved, due.opened_at = True, None
    await take_step(work, due, "reschedule", new.reason, new.words or "")
    await _publish_change(work, due, "rescheduled")
    return due


async def decide(work: Work, plan_id: UUID, new: NewDecision, if_match: str | None) -> DueTest:
    """A person judges a due test (domain 3.5). Raises PlanNotFound, StaleVersion, Forbidden, StepNotAllowed, Invalid."""
    due = await _changeable(work, plan_id, if_match)
    policy.may_decide(work.principal, new.decision)
    if new.decision in ("refused", "evaded") and not new.words:
        raise invalid("/words", "missing", "认定拒绝或逃避检测须记录本人陈述", "a refusal or an evasion needs the person's statement")
    if new.decision == "refused" and not due.window_from <= work.today <= due.window_to:
        raise invalid("/decision", "outside_window", "不在检测时段内,不构成拒绝", "outside the window nobody can refuse")
    if due.kind not in rules.JUDGED.get(new.decision, (due.kind,)):
        raise invalid(
            "/decision",
            "not_owed",
            "自愿检测或嫌疑检测不适用此项认定",
            "nothing follows from a test that this person did not owe (DTP art. 2)",
        )
    if due.state == "attended":  # only a step of the chain may decide that nothing could be tested
        raise StepNotAllowed("已到检,不得再作此认定", "attended: only the chain itself may say that nothing could be tested")
    was = due.state
    await take_step(work, due, rules.DECISIONS[new.decision], new.reason, new.words or "")
    if new.decision in _TELLING or was in ("missed", "missed_unexcused", "evaded"):
        await work.publish(
            _TELLING.get(new.decision, TestMissed)(**due_test_fields(due), on=work.today, code=new.decision),
            due.person_id,
            due.division_code,
        )
    else:
        await _publish_change(work, due, new.decision)
    return due


def next_steps_of(work: Work, due: DueTest) -> list[NextStep]:
    """What can be done with a due test now, and what stands in the way."""
    blocked: dict[str, list[Reason]] = {}
    if not due.window_from <= work.today <= due.window_to:
        outside = Reason(
            code="outside_window",
            zh=f"检测时段为 {due.window_from} 至 {due.window_to}",
            en=f"the window is {due.window_from} to {due.window_to}",
        )
        blocked["refuse"] = [outside]
        if work.today < due.window_from:
            blocked["attend"] = [outside]
    for decision, kinds in rules.JUDGED.items():
        if due.kind not in kinds:
            event = rules.DECISIONS[decision]
            blocked[event] = [*blocked.get(event, []), Reason(code="not_owed", zh="此类检测不适用", en="nothing follows from such a test")]
    return next_steps(rules.DUE_TEST, due.state, work.principal, blocked)


async def take_step(work: Work, due: DueTest, event: str, reason: str = "", words: str = "") -> None:
    """Take one declared step with one due test and write it into its history. Raises StepNotAllowed."""
    await take(
        work,
        rules.DUE_TEST,
        due,
        event,
        PlanChange,
        noted=("person", due.person_id, "plan"),
        reason=reason,
        more={"due_test_id": due.id, "due_on": due.due_on, "words": words},
        details={"plan": str(due.id), "kind": due.kind},
    )


async def open_due(work: Work) -> int:
    """Publish every due test whose window has opened; the number published."""
    opened = await many.open_windows(work.session, work.today, work.now)
    rows = [_event(work, row, TestDue(**due_test_fields(row), on=work.today, code="due")) for row in opened]
    await append_all(work.session, work.house.schema, rows)
    if rows:
        await work.note("plan.open", "due_test", *(row.id for row in opened))
    return len(rows)


async def mark_missed(work: Work) -> int:
    """Mark every due test whose window passed without a collection; the number marked. Nothing follows from it until a person has judged (DRR art. 20)."""
    by = Actor(work.principal.subject, work.now)
    lapsed = await many.change_passed(work.session, rules.STEPS["lapse_voluntary"], work.today, by, voluntary=True)
    missed = await many.change_passed(work.session, rules.STEPS["miss"], work.today, by, voluntary=False)
    rows = [_event(work, row, TestMissed(**due_test_fields(row), on=work.today, code="missed")) for row in missed]
    await append_all(work.session, work.house.schema, rows)
    if missed or lapsed:
        await work.note("plan.miss", "due_test", *(row.id for row in [*missed, *lapsed]))
    return len(rows)


def _event(work: Work, row: Any, event: TestDue | TestMissed) -> dict[str, Any]:
    return event_row(event, row.person_id, row.division_code, work.origin)


def _check_instruction(work: Work, new: NewPlan) -> None:
    """Only the police may ask for a mandatory test outside the scheme (DRR art. 19(2)). Raises Invalid."""
    if new.kind != "mandatory" or (work.principal.has(Role.POLICE_OFFICER) and not (new.instructed_by or new.instructed_on)):
        return
    if new.instructed_by is None or new.instructed_on is None:
        pointer = "/instructed_by" if new.instructed_by is None else "/instructed_on"
        message = "a mandatory test needs the instruction of the police: organ, day and number of the paper (DRR art. 19(2))"
        raise invalid(pointer, "instruction_required", "强制性检测须有公安机关的要求:机关、日期和文书编号", message)
    if not rules.is_police_organ(new.instructed_by):
        raise invalid("/instructed_by", "not_police", "须为公安机关", "only an organ of the police may ask for it (DRR art. 19(2))")
    if new.instructed_on > work.today:
        raise invalid("/instructed_on", "date_future", "日期不能晚于今天", "must not lie in the future")


async def _publish_change(work: Work, due: DueTest, code: str) -> None:
    event = PlanChanged(division_code=due.division_code, measure_id=due.measure_id, on=work.today, code=code, tests=1)
    await work.publish(event, due.person_id, due.division_code)


async def _changeable(work: Work, plan_id: UUID, if_match: str | None) -> DueTest:
    due = await repository.plan(work.session, plan_id, for_update=True)
    if due is None:
        raise PlanNotFound
    try:
        await subject_to_test(work, due.person_id)
    except SubjectNotFound as error:
        raise PlanNotFound from error
    check_version(if_match, due.version)
    return due
