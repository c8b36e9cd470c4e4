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
    about = {"collection": str(taken.id)}
    await take(work, rules.CHAIN, taken, event, ChainStep, noted=noted, on=day, reason=reason, more=more, details=about)
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


def next_steps_of(work: Work, taken: Collection) -> list[NextStep]:
    """What can be done with a specimen now, and what stands in the way."""
    blocked: dict[str, list[Reason]] = {}
    if taken.kind != "basis_unknown":
        known = Reason(code="basis_known", zh="检测依据已明确", en="its basis is known")
        blocked["show_basis"] = [known]
    if taken.told_at is not None:
        blocked["tell"] = [Reason(code="told", zh="已告知本人", en="the person has been told")]
    elif taken.state in ("presumptive_positive", "lab_reported"):
        blocked["close"] = [Reason(code="not_told", zh="尚未告知本人", en="the person has not been told yet")]
    if taken.deadline_kind == "objection" and rules.objection_running(taken.deadline_on, work.today):
        day = taken.deadline_on
        running = Reason(
            code="objection_running", zh=f"异议期至 {day},本人认可除外", en=f"the time to object runs until {day}, unless admitted"
        )
        blocked["close"] = [*blocked.get("close", []), running]
    if taken.state == "final_positive" and taken.retest_lab_id is not None:
        blocked["object"] = [Reason(code="retested", zh="已经复检,不再受理", en="re-tested already")]
    if taken.state == "collected" and taken.specimen_type not in ("hair", "blood"):
        blocked["send"] = [Reason(code="onsite_first", zh="先做现场检测", en="the on-site test comes first")]
    if taken.mode == "screening":
        blocked["onsite_positive"] = [Reason(code="screening", zh="初筛阳性须移交公安机关", en="a strip's positive goes to the police")]
    else:
        blocked["strip_positive"] = [Reason(code="onsite_test", zh="此为公安机关现场检测", en="this is a test of the police")]
    return next_steps(rules.CHAIN, taken.state, work.principal, blocked)


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
