"""A registered standing and what it does to measures: it is placed between two nouns, so that people does not depend on measures."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from kit.etags import check_version
from kit.problems import Forbidden, invalid
from kit.work import Work
from services.registry.measures import repository
from services.registry.measures.rules.declared import POLICE
from services.registry.measures.rules.monitoring import Course, Monitoring, monitoring_of
from services.registry.measures.rules.standing import Shown, clean_years_missing, contradicts
from services.registry.measures.rules.states import EXCLUSIVE, OPEN, state_on
from services.registry.measures.service.endings import end_due, end_measures_of
from services.registry.measures.service.restoring import restore_measures
from services.registry.people import policy
from services.registry.people import repository as persons
from services.registry.people import service as people
from services.registry.people.rules import ENDS_SUPERVISION, DatedStanding, standing_on
from services.registry.people.schemas import NewStanding
from services.registry.people.tables import Person


async def record_standing(work: Work, person_id: UUID, new: NewStanding, if_match: str | None) -> Person:
    """Record the standing; when it is now the latest and ends supervision, what is open of the person's own will ends too and the record closes.

    A standing cannot end a measure before its time: three clean years are counted (`rules.standing`); an order is not annulled by calling
    its registration a mistake, unless by those who record what the organ decided (T18); and a person goes to another county with its letter
    (DRR art. 22), not by a word in the register. A correction of a standing that had ended measures gives them back. Raises PersonNotFound,
    StaleVersion, RecordClosed, Forbidden, Invalid.
    """
    known = policy.may_write(
        work.principal, await persons.person(work.session, person_id)
    )  # first, so that a refusal reveals nothing of another town's measures
    check_version(if_match, known.version)
    await _check_standing(work, person_id, new)
    mistaken = await persons.standing(work.session, person_id, new.corrects_id) if new.corrects_id is not None else None
    person = await people.record_standing(work, person_id, new, if_match)
    if mistaken is not None and mistaken.status in ENDS_SUPERVISION and person.status not in ENDS_SUPERVISION:
        await restore_measures(work, person, mistaken, new.reason)
    if person.status in ENDS_SUPERVISION:
        await end_due(work, [person.id])  # a measure that the law has ended already was not ended by this standing
        await end_measures_of(work, [person.id], person.status_since, person.status)
        await work.session.refresh(person)
    return person


async def _check_standing(work: Work, person_id: UUID, new: NewStanding) -> None:
    measures = await repository.measures_of(work.session, person_id)
    running = next(
        (m.kind for m in measures if m.kind in EXCLUSIVE and state_on(m.kind, m.state, m.term_end, work.today) in OPEN),
        None,
    )
    if new.status == "three_years_clean":
        await _three_years_are_over(work, person_id, new)
    elif new.status == "transferred_out":
        raise invalid(
            "/status",
            "transfer_out_required",
            "移交外地须登记接收地和移交函",
            "record the transfer out with the receiving place and its letter (DRR art. 22)",
        )
    elif new.status == "erroneous" and not work.principal.has(*POLICE):
        raise Forbidden(
            "撤销戒毒措施由决定机关决定,登记错误由县禁毒办认定",
            "only the deciding organ annuls an order; the office finds a registration mistaken",
        )
    elif contradicts(new.status, running):
        raise invalid(
            "/status",
            "contradicts_measure",
            "与正在执行的戒毒措施不一致",
            f"says something else than the measure that runs: {running}",
        )


async def monitoring(work: Work, person_id: UUID) -> Monitoring:
    """Since when a person counts as clean. Raises PersonNotFound."""
    await people.readable(work, person_id)
    await work.note("person.monitoring", "person", person_id)
    return await _monitoring(work, person_id)


async def monitoring_over(work: Work, person_id: UUID, day: date) -> bool:
    """Whether nothing is owed by this person any more on a day, by the days of the measures, whatever the registered standing still says (law 7; ADR 0008)."""
    return monitoring_of(await _courses(work, person_id), None, day).over_on(day)


async def _three_years_are_over(work: Work, person_id: UUID, new: NewStanding) -> None:
    history = await persons.standings_of(work.session, person_id)
    dated = [DatedStanding(entry.status, entry.since, number) for number, entry in enumerate(history) if entry.id != new.corrects_id]
    held = standing_on(dated, new.since)
    shown = None if held is None or held.status in ENDS_SUPERVISION else Shown(held.status, held.since)
    courses = await _courses(work, person_id)
    early = clean_years_missing(monitoring_of(courses, None, work.today), courses, shown, new.since, work.today)
    if early is not None:
        raise invalid("/since", early.code, early.zh, early.en)


async def _monitoring(work: Work, person_id: UUID) -> Monitoring:
    return monitoring_of(await _courses(work, person_id), None, work.today)


async def _courses(work: Work, person_id: UUID) -> list[Course]:
    measures = await repository.measures_of(work.session, person_id)
    findings = await repository.findings_of(work.session, [measure.id for measure in measures])
    return [Course(m.kind, m.state, m.term_start, m.term_end, m.ended_on, findings.get(m.id, ())) for m in measures if m.kind in EXCLUSIVE]
