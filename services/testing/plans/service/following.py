"""What testing does with the registry's events: one use case per kind of event (DESIGN 5).

The reader of one event only stores its content and stops what must stop (law 7: on the same day, at once). One job per batch plans the new
due tests of every waiting measure together: a ledger of 500 people takes only a few statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kit.jobs import defer
from kit.outbox import append_all, event_row
from kit.work import Work
from services.testing.events import PlanChanged, TestMissed
from services.testing.plans import repository, rules
from services.testing.plans.repository import many
from services.testing.plans.repository.many import Actor, NewDueTest, due_test_fields
from services.testing.subjects import repository as subjects
from services.testing.subjects.rules import ENDS_SUPERVISION, NOT_BEGUN, RUNNING, Effect, MeasureNews, effect_of, effect_of_change

PLAN_JOB = "plan_tests"
MEASURES_AT_ONCE = 1000


async def follow_person(work: Work, person_id: UUID, heard_at: datetime, values: dict[str, Any]) -> None:
    """A person was registered, moved, or has another standing. A standing that ends supervision ends the due tests (DRR art. 7); when such
    a standing is withdrawn, they are planned again.
    """
    known = await subjects.subject(work.session, person_id)
    await subjects.follow_person(work.session, person_id, heard_at, values)
    if known is None:
        return
    await many.place(work.session, person_id)
    standing = values.get("standing")
    if standing in ENDS_SUPERVISION:
        await _end_person(work, person_id, values["division_code"], values["standing_since"])
    elif standing is not None and known.standing in ENDS_SUPERVISION and await subjects.set_unplanned(work.session, person_id):
        await _wake_planner(work)


async def follow_measure(work: Work, news: MeasureNews, heard_at: datetime) -> None:
    """A measure was ordered, began, was paused, moved or ended."""
    effect = effect_of(news)
    if news.step == "changed":
        known = await subjects.bases_of(work.session, news.person_id)
        effect = effect_of_change(news, next((basis for basis in known if basis.measure_id == news.measure_id), None))
    if not await subjects.follow_measure(
        work.session, news, heard_at, unplanned=effect is Effect.PLAN or (None if effect is Effect.NONE else False)
    ):
        return
    await many.place(work.session, news.person_id)
    if effect is Effect.END:
        await _end_measure(work, news)
    elif effect is Effect.PAUSE:
        paused = await many.change_all_of(work.session, rules.STEPS["pause"], news.measure_id, news.on, _actor(work))
        await _publish_corrections(work, paused, "paused")
        await _publish_change(work, news, "paused", len(paused))
    elif effect is Effect.PLAN:
        if news.step in ("resumed", "changed"):
            await _take_up_again(work, news)
        await _wake_planner(work)


async def plan_waiting(work: Work) -> int:
    """Plan the due tests of all waiting measures together; the number of measures. Only future tests are planned."""
    total = 0
    while waiting := await subjects.unplanned_measures(work.session, MEASURES_AT_ONCE):
        measure_ids = [row.measure_id for row in waiting]
        schemes = await repository.schemes_on(work.session, work.house.county, work.today)
        await many.forget_unopened(work.session, measure_ids, ["scheduled"])
        kept = await many.kept_of(work.session, measure_ids)
        owed: list[NewDueTest] = []
        events: list[dict[str, Any]] = []
        for row in waiting:
            if row.state not in RUNNING or row.standing in ENDS_SUPERVISION or row.term_start is None or row.term_end is None:
                continue
            count = len(owed)
            for (kind, specimen), (scheme, phases) in schemes.items():
                if kind == row.kind:
                    found = rules.slots(phases, row.term_start, row.term_end, scheme.window_days)
                    to_come = rules.to_plan(found, kept.get(row.measure_id, ()), specimen, scheme.code, work.today)
                    owed += [NewDueTest(row.person_id, row.measure_id, row.division_code, scheme.code, specimen, slot) for slot in to_come]
            tests = len(owed) - count
            event = PlanChanged(division_code=row.division_code, measure_id=row.measure_id, on=work.today, code="planned", tests=tests)
            events.append(event_row(event, row.person_id, row.division_code, work.origin))
        await many.insert_owed(work.session, owed, rules.STEPS["plan"], _actor(work))
        await subjects.set_planned(work.session, measure_ids)
        await append_all(work.session, work.house.schema, events)
        await work.note("plan.make", "measure", *measure_ids, details={"measures": len(measure_ids), "tests": len(owed)})
        total += len(waiting)
    return total


async def follow_schemes(work: Work) -> int:
    """A scheme began or ended: plan the future tests again where they came from another scheme; the number of measures."""
    schemes = await repository.schemes_on(work.session, work.house.county, work.today)
    outdated = await many.outdated_measures(work.session, [scheme.code for scheme, _ in schemes.values()], work.today)
    if outdated:
        await work.note("plan.outdated", "measure", details={"measures": outdated})
    return await plan_waiting(work)


async def _take_up_again(work: Work, news: MeasureNews) -> None:
    """After a pause: tests within the pause are not owed, all others are (DRR art. 24 §2)."""
    lapsed = await many.change_before(work.session, rules.STEPS["lapse_paused"], news.measure_id, news.on, _actor(work))
    resumed = await many.change_all_of(work.session, rules.STEPS["resume"], news.measure_id, None, _actor(work))
    if lapsed or resumed:
        await _publish_change(work, news, "resumed", len(resumed))


async def _end_measure(work: Work, news: MeasureNews) -> None:
    """Nothing is owed from the day of the end on.

    After a revocation, or when the report-in did not happen, nothing was ever owed (domain T18; PIPL art. 46).
    """
    deleted = await many.forget_unopened(work.session, [news.measure_id], ["scheduled", "paused"])
    since = None if news.state == "revoked" or news.state in NOT_BEGUN else news.on
    step = rules.STEPS["end"]
    cancelled = await many.change_all_of(work.session, step, news.measure_id, since, _actor(work, news.state))
    await many.change_all_of(work.session, rules.STEPS["lapse_paused"], news.measure_id, None, _actor(work, news.state))
    await _publish_corrections(work, cancelled)
    await _publish_change(work, news, "ended", deleted + len(cancelled))


async def _end_person(work: Work, person_id: UUID, division_code: str, since: date) -> None:
    measures = [basis.measure_id for basis in await subjects.bases_of(work.session, person_id)]
    deleted = await many.forget_unopened(work.session, measures, ["scheduled", "paused"])
    cancelled = await many.change_all_of_person(work.session, rules.STEPS["end"], person_id, since, _actor(work, "standing"))
    await _publish_corrections(work, cancelled)
    if cancelled or deleted:
        event = PlanChanged(division_code=division_code, measure_id=None, on=since, code="ended", tests=deleted + len(cancelled))
        await work.publish(event, person_id, division_code)
    await work.note("plan.end", "person", person_id)


async def _publish_corrections(work: Work, changed: Sequence[Any], code: str = "cancelled") -> None:
    """Readers who received a missed or refused test must learn that nothing was owed, or that nothing is owed any more."""
    events = [
        event_row(TestMissed(**due_test_fields(row), on=work.today, code=code), row.person_id, row.division_code, work.origin)
        for row in changed
        if row.old_state in ("missed", "missed_unexcused", "evaded", "refused")
    ]
    await append_all(work.session, work.house.schema, events)


async def _publish_change(work: Work, news: MeasureNews, code: str, tests: int) -> None:
    event = PlanChanged(division_code=news.division_code, measure_id=news.measure_id, on=news.on, code=code, tests=tests)
    await work.publish(event, news.person_id, news.division_code)
    await work.note(f"plan.{code}", "measure", news.measure_id, details={"tests": tests})


async def _wake_planner(work: Work) -> None:
    """Queue the planning job once per transaction; a savepoint that is rolled back takes its job with it."""
    schema = work.house.schema.name
    known = await work.session.execute(
        text(
            f"""select pg_current_xact_id()::text as xact, exists (select 1 from {schema}.procrastinate_jobs j
                 where j.task_name = :job and j.status = 'todo' and j.args ->> 'xact' = pg_current_xact_id()::text) as queued"""
        ),
        {"job": PLAN_JOB},
    )
    row = known.one()
    if not row.queued:
        await defer(work.session, PLAN_JOB, xact=row.xact)


def _actor(work: Work, reason: str = "") -> Actor:
    return Actor(work.principal.subject, work.now, reason)
