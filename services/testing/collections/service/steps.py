"""Moving a chain: load what the caller may move, take one declared step, tell the neighbours. Used by the use cases of collections and results."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from kit.clock import last_day
from kit.etags import check_version
from kit.problems import invalid
from kit.steps.machine import START
from kit.steps.taking import NextStep, Reason, next_steps, take
from kit.work import Work
from services.testing.collections import policy, repository, rules
from services.testing.collections.errors import CollectionNotFound
from services.testing.collections.tables import ChainStep, Collection
from services.testing.events import ResultConfirmed, ResultReported, ResultWithdrawn
from services.testing.subjects import repository as subjects


async def changeable(work: Work, collection_id: UUID, if_match: str | None, *, own: bool = False) -> Collection:
    """A collection that the caller may move on; `own`: also the person's. Raises CollectionNotFound, StaleVersion, VersionRequired."""
    taken = await repository.collection(work.session, collection_id, for_update=True)
    if taken is None:
        raise CollectionNotFound
    policy.may_move(work.principal, taken, await subjects.subject(work.session, taken.person_id), own=own)
    check_version(if_match, taken.version)
    return taken


async def in_order(work: Work, taken: Collection, day: date, pointer: str) -> None:
    """A decision cannot be earlier than the objection, nor a report earlier than the sending. Raises Invalid."""
    last = await repository.last_day_of(work.session, taken.id)
    if last is not None and day < last:
        raise invalid(pointer, "date_before_last_step", "日期早于上一环节", "lies before the last step of the chain")


async def take_step(
    work: Work,
    taken: Collection,
    event: str,
    day: date,
    *,
    reason: str = "",
    words: str = "",
    document_no: str | None = None,
    details: dict[str, Any] | None = None,
    late: bool = False,
    deadline: rules.Deadline | None = None,
) -> None:
    """Take one declared step of the chain, write it down and set what is owed next; `deadline`: other than the state's own. Raises StepNotAllowed."""
    more = {"collection_id": taken.id, "words": words, "document_no": document_no, "details": details or {}, "late": late}
    noted = ("person", taken.person_id, "test")
    about, kind = {"collection": str(taken.id)}, rules.kind_of(taken.mode, taken.specimen_type)
    await take(work, rules.CHAIN, taken, event, ChainStep, noted=noted, on=day, reason=reason, more=more, details=about, kind=kind)
    owe(work, taken, day, deadline)
    await work.session.flush()


def first_step(work: Work, taken: Collection, event: str, day: date) -> ChainStep:
    """The first step of a new chain."""
    made = rules.CHAIN.step(START, event)
    return ChainStep(
        collection_id=taken.id,
        event=event,
        from_state=START,
        to_state=made.target,
        happened_on=day,
        source=made.source,
        recorded_by=work.principal.staff_id or work.principal.subject,
        recorded_at=work.now,
    )


BASIS_KNOWN = Reason(code="basis_known", zh="检测依据已明确", en="its basis is known")
TOLD = Reason(code="told", zh="已告知本人", en="the person has been told")
NOT_TOLD = Reason(code="not_told", zh="尚未告知本人", en="the person has not been told yet")
RETESTED = Reason(code="retested", zh="已经复检,不再受理", en="re-tested already")


def blocked(taken: Collection) -> dict[str, list[Reason]]:
    """What stands in the way of each step, by what the specimen has been through; `next_steps` shows it, and the step is refused for it."""
    told = taken.told_at is not None
    found = {
        "show_basis": [BASIS_KNOWN] if taken.kind != "basis_unknown" else [],
        "tell": [TOLD] if told else [],
        "close": [] if told else [NOT_TOLD],
        "object": [RETESTED] if taken.state == "final_positive" and taken.retest_lab_id is not None else [],
    }
    return {event: reasons for event, reasons in found.items() if reasons}


def next_steps_of(work: Work, taken: Collection) -> list[NextStep]:
    """What can be done with a specimen now, with which fields, and what stands in the way.

    While the time to object runs, only an admission in the person's own words closes a stage (DTP art. 10, 13).
    """
    kind = rules.kind_of(taken.mode, taken.specimen_type)
    needs = {step.event: step.needs for step in rules.CHAIN.open_from(taken.state, kind)}
    if "onsite_positive" in needs and taken.seal_a is not None:
        needs["onsite_positive"] = tuple(name for name in needs["onsite_positive"] if name != "seals")
    if "close" in needs and taken.deadline_kind == "objection" and rules.objection_running(taken.deadline_on, work.today):
        needs["close"] = (*needs["close"], "words")
    return next_steps(rules.CHAIN, taken.state, work.principal, blocked(taken), kind=kind, fields=needs)


ResultEvent = ResultReported | ResultConfirmed | ResultWithdrawn


async def publish_result(work: Work, taken: Collection, kind: type[ResultEvent], code: str) -> None:
    """Tell the neighbours a stage's code."""
    names = ("division_code", "measure_id", "plan_id", "kind", "specimen_type", "sampled_on", "before_term")
    values = {name: getattr(taken, name) for name in names}
    await work.publish(kind(collection_id=taken.id, on=work.today, code=code, **values), taken.person_id, taken.division_code)


def owe(work: Work, taken: Collection, day: date, deadline: rules.Deadline | None = None) -> None:
    """Set what must follow from the state that was entered on a day, counted with the county's working days; `deadline`: other than the state's own."""
    if deadline is None:
        deadline = rules.DEADLINES.get(taken.state) or (rules.SHOW_BASIS if taken.kind == "basis_unknown" else None)
    taken.deadline_kind = deadline.kind if deadline else None
    taken.owed_by = deadline.owed_by if deadline else None
    taken.deadline_on = last_day(day, deadline.days, work.house.works) if deadline else None
