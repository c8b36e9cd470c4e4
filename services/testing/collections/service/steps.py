"""Moving a chain: load what the caller may move, take one declared step, tell the neighbours. Used by the use cases of collections and results."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from kit.clock import last_day
from kit.etags import check_version
from kit.problems import invalid
from kit.roles import Role
from kit.work import Work
from services.testing.collections import repository, rules
from services.testing.collections.errors import CollectionNotFound, StepNotAllowed
from services.testing.collections.tables import ChainStep, Collection
from services.testing.events import ResultConfirmed, ResultReported, ResultWithdrawn
from services.testing.subjects import policy as subject_policy
from services.testing.subjects import repository as subjects
from services.testing.subjects.errors import SubjectNotFound


async def changeable(work: Work, collection_id: UUID, if_match: str | None, *, own: bool = False) -> Collection:
    """A collection that the caller may move on; `own`: also the person's. Raises CollectionNotFound, StaleVersion, VersionRequired."""
    taken = await repository.collection(work.session, collection_id, for_update=True)
    if taken is None:
        raise CollectionNotFound
    mine = own and work.principal.has(Role.SUBJECT) and work.principal.person_id == str(taken.person_id)
    if not mine:
        try:
            subject_policy.may_act_for(work.principal, await subjects.subject(work.session, taken.person_id))
        except SubjectNotFound as error:
            raise CollectionNotFound from error
    check_version(if_match, taken.version)
    return taken


async def in_order(work: Work, taken: Collection, day: date, pointer: str) -> None:
    """Nothing is decided before it was asked for, nor reported before it was sent. Raises Invalid."""
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
) -> str:
    """Take one declared step of the chain, write it down and set the next deadline; the state before. Raises StepNotAllowed."""
    step = rules.step_from(taken.state, event)
    if step is None:
        raise StepNotAllowed(taken.state, event)
    was = taken.state
    taken.state = step.target
    taken.version += 1
    taken.updated_at = work.now
    owe(work, taken, day)
    made = entry(work, taken, event, was, step.source, day)
    made.reason, made.words, made.document_no, made.details, made.late = reason, words, document_no, details or {}, late
    work.session.add(made)
    await work.session.flush()
    await work.note(f"test.{event}", "person", taken.person_id, details={"collection": str(taken.id)})
    return was


ResultEvent = ResultReported | ResultConfirmed | ResultWithdrawn


async def publish_result(work: Work, taken: Collection, kind: type[ResultEvent], code: str) -> None:
    """Tell the neighbours a stage's code."""
    names = ("division_code", "measure_id", "plan_id", "kind", "specimen_type", "sampled_on", "before_term")
    values = {name: getattr(taken, name) for name in names}
    await work.publish(kind(collection_id=taken.id, on=work.today, code=code, **values), taken.person_id, taken.division_code)


def owe(work: Work, taken: Collection, day: date) -> None:
    """Set what must follow from the state that was entered on a day, counted with the county's working days."""
    deadline = rules.DEADLINES.get(taken.state)
    taken.deadline_kind = deadline.kind if deadline else None
    taken.owed_by = deadline.owed_by if deadline else None
    taken.deadline_on = last_day(day, deadline.days, work.house.works) if deadline else None


def entry(work: Work, taken: Collection, event: str, was: str, source: str, day: date) -> ChainStep:
    return ChainStep(
        collection_id=taken.id,
        event=event,
        from_state=was,
        to_state=taken.state,
        happened_on=day,
        source=source,
        recorded_by=work.principal.subject,
        recorded_at=work.now,
    )
