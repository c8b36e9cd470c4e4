"""A registered standing and what it does to measures: it stands between two nouns, so that people need not know measures."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from kit.problems import Forbidden, invalid
from kit.work import Work
from services.registry.measures import repository
from services.registry.measures.rules.declared import POLICE
from services.registry.measures.rules.monitoring import Course, Monitoring, monitoring_of
from services.registry.measures.rules.states import EXCLUSIVE
from services.registry.measures.service.endings import end_measures_of
from services.registry.people import policy
from services.registry.people import repository as persons
from services.registry.people import service as people
from services.registry.people.rules import ENDS_SUPERVISION
from services.registry.people.schemas import NewStanding
from services.registry.people.tables import Person


async def record_standing(work: Work, person_id: UUID, new: NewStanding, if_match: str | None) -> Person:
    """Record the standing; when it is now the latest and ends supervision, every open measure ends and the record closes (DRR art. 7; domain 2.5).

    Three clean years cannot be written down before they are over, else a standing would be the early discharge that the law does not know (NCL art. 33); an
    order is not annulled by calling its registration a mistake, unless by those who record what the organ decided (T18); and a measure goes to another county
    with its letter (DRR art. 22), not by a word in the register.
    Raises PersonNotFound, StaleVersion, RecordClosed, Forbidden, Invalid.
    """
    policy.may_write(
        work.principal, await persons.person(work.session, person_id)
    )  # first: nobody learns of another town's measures from a refusal
    if new.status == "three_years_clean":
        await _three_years_are_over(work, person_id, new)
    elif new.status in ("erroneous", "transferred_out"):
        running = await repository.open_measures_of(work.session, [person_id])
        if any(measure["kind"] in EXCLUSIVE for measure in running):
            _not_by_a_standing(work, new.status)
    person = await people.record_standing(work, person_id, new, if_match)
    if person.status in ENDS_SUPERVISION:
        await end_measures_of(work, [person.id], person.status_since, person.status)
        await work.session.refresh(person)
    return person


def _not_by_a_standing(work: Work, status: str) -> None:
    if status == "transferred_out":
        raise invalid(
            "/status",
            "transfer_out_required",
            "有正在执行的措施,须登记接收地和移交函(transfers-out)",
            "a measure is open: record the transfer out with the receiving place and its letter (DRR art. 22)",
        )
    if not work.principal.has(*POLICE):
        raise Forbidden("撤销戒毒措施由决定机关决定", "only the deciding organ annuls an order")


async def monitoring(work: Work, person_id: UUID) -> Monitoring:
    """Since when a person counts as clean. Raises PersonNotFound."""
    policy.may_read(work.principal, await persons.person(work.session, person_id), work.purpose)
    await work.note("person.monitoring", "person", person_id)
    return await _monitoring(work, person_id)


async def monitoring_over(work: Work, person_id: UUID, day: date) -> bool:
    """Whether nothing is owed by this person any more on a day, by the days of the measures, whatever the registered standing still says (law 7; ADR 0008)."""
    return monitoring_of(await _courses(work, person_id), None, day).over_on(day)


async def _three_years_are_over(work: Work, person_id: UUID, new: NewStanding) -> None:
    found = await _monitoring(work, person_id)
    if found.ground == "in_isolation":
        raise invalid("/since", "in_isolation", "强制隔离戒毒期间不计算戒断期限", "in isolation nothing is counted (DRR art. 7)")
    if found.ends_on is not None and new.since < found.ends_on:
        raise invalid(
            "/since",
            "three_years_not_over",
            f"戒断未满三年:自{found.clean_since}起,至{found.ends_on}满",
            f"three years are over on {found.ends_on}: clean since {found.clean_since} (DRR art. 7)",
        )


async def _monitoring(work: Work, person_id: UUID) -> Monitoring:
    return monitoring_of(await _courses(work, person_id), None, work.today)


async def _courses(work: Work, person_id: UUID) -> list[Course]:
    measures = await repository.measures_of(work.session, person_id)
    findings = await repository.findings_of(work.session, [measure.id for measure in measures])
    return [Course(m.kind, m.state, m.term_start, m.term_end, m.ended_on, findings.get(m.id, ())) for m in measures if m.kind in EXCLUSIVE]
