"""Use cases of rounds and visits (DRR art. 18)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from kit.etags import check_version
from kit.lists import Asked, Found, find_json
from kit.problems import invalid
from kit.roles import Role
from kit.work import Work
from services.registry.events import VisitRecorded
from services.registry.measures.service.standings import monitoring_over
from services.registry.people import policy as people_policy
from services.registry.people import repository as people
from services.registry.people.errors import PersonNotFound
from services.registry.people.rules import ENDS_SUPERVISION, DatedStanding, standing_on
from services.registry.people.service import readable, require_care
from services.registry.staff import repository as staff
from services.registry.visits import policy, repository
from services.registry.visits.errors import RoundCodeTaken, RoundNotFound, SupervisionOver, VisitNotFound
from services.registry.visits.rules import SMALL, reporting_day
from services.registry.visits.schemas import Assignment, NewRound, VisitRecord
from services.registry.visits.tables import Round, Visit


async def make_round(work: Work, new: NewRound) -> tuple[Round, int]:
    """Make a round and freeze its list; the round and the number of targets. Raises Invalid, RoundCodeTaken."""
    if new.ends_on < new.starts_on:
        raise invalid("/ends_on", "before_start", "结束日早于开始日", "lies before the start")
    if await repository.round_by_code(work.session, new.code) is not None:
        raise RoundCodeTaken
    made = Round(
        code=new.code, name=new.name, starts_on=new.starts_on, ends_on=new.ends_on, created_by=work.principal.subject, created_at=work.now
    )
    work.session.add(made)
    await work.session.flush()
    parameters = {
        "round": made.id,
        "due": new.ends_on,
        "now": work.now,
        "day": new.starts_on,
        "statuses": list(new.statuses),
        "area": new.household_area,
        "towns": list(new.division_codes),
    }
    found = await work.session.execute(repository.TARGETS, parameters)
    count: int = found.rowcount  # pyright: ignore[reportAttributeAccessIssue] - the cursor result of an insert has it
    await work.note("round.make", "round", made.id, details={"targets": count})
    return made, count


async def list_rounds(work: Work) -> Sequence[Round]:
    """All rounds, latest first."""
    return await repository.rounds(work.session)


async def coverage_of(work: Work, round_id: UUID) -> list[dict[str, Any]]:
    """Coverage per town as of today; small counts are withheld from `leader`. Raises RoundNotFound."""
    if await repository.round_by_id(work.session, round_id) is None:
        raise RoundNotFound
    day = work.today if work.principal.has(*policy.STAFF) else reporting_day(work.today)
    lines = await repository.coverage(work.session, round_id, day, work.scope.towns)
    if work.principal.has(*policy.STAFF):
        return [dict(line) for line in lines]
    return [_withheld(line) for line in lines]


def _withheld(line: RowMapping) -> dict[str, Any]:
    counts = {str(name): int(value) for name, value in line.items() if isinstance(value, int)}
    excused = counts.pop("excused")
    shown: dict[str, Any] = {"division_code": line["division_code"], "excused": None if 0 < excused < SMALL else excused}
    last: int | None = None
    for name, count in sorted(
        counts.items(), key=lambda item: -item[1]
    ):  # each counts some of those before: a small difference names somebody too
        told = 0 < count < SMALL or (last is not None and 0 < last - count < SMALL)
        shown[name] = None if told else count
        last = last if told else count
    return shown


async def list_visits(work: Work, asked: Asked, filters: dict[str, Any], division_code: str | None) -> Found:
    """Visits to the people of the caller's towns; for a social worker those of their care teams. Raises BadCursor."""
    reach = people_policy.reach(work.principal, division_code)
    return await find_json(work, repository.VISITS, asked, {**reach, **filters, "today": work.today})


async def tasks_of(work: Work) -> Sequence[RowMapping]:
    """The open tasks of a grid worker: name and meeting place."""
    parameters = {"staff": work.principal.staff_id or "-", "day": work.today, "ending": sorted(ENDS_SUPERVISION)}
    found = (await work.session.execute(repository.TASKS, parameters)).mappings().all()
    if found:
        await work.note("visit.tasks", "person", *(row["person_id"] for row in found))
    return found


async def visits_of(work: Work, person_id: UUID) -> Sequence[Visit]:
    """The visits of a person with their days, latest first: for staff of the town, and for the person. Raises PersonNotFound."""
    await readable(work, person_id)
    await work.note("visit.list", "person", person_id)
    return await repository.visits_of(work.session, person_id)


async def read_visit(work: Work, visit_id: UUID) -> Visit:
    """A visit; with the person's record it closes (domain 2.5). Raises VisitNotFound."""
    visit = await repository.visit(work.session, visit_id)
    if visit is None or not work.principal.has(*policy.STAFF):
        raise VisitNotFound
    found = visit
    try:
        await readable(work, found.person_id)
    except PersonNotFound as error:
        raise VisitNotFound from error
    await work.note("visit.read", "person", found.person_id)
    return found


async def assign_visit(work: Work, visit_id: UUID, assignment: Assignment, if_match: str | None) -> Visit:
    """Say who goes and where they meet. Raises VisitNotFound, StaleVersion, Invalid."""
    visit = await _reached(work, visit_id)
    check_version(if_match, visit.version)
    if assignment.staff_code is not None and await staff.staff_member(work.session, assignment.staff_code) is None:
        raise invalid("/staff_code", "staff_unknown", "没有这个人员编号", "no such staff member")
    visit.assigned_to, visit.meeting_place = assignment.staff_code, assignment.meeting_place
    visit.version += 1
    await work.note("visit.assign", "person", visit.person_id, details={"staff": assignment.staff_code})
    await work.session.flush()
    return visit


async def record_visit(work: Work, visit_id: UUID, record: VisitRecord, if_match: str | None) -> Visit:
    """Record what a visit found. Raises VisitNotFound, Forbidden, StaleVersion, Invalid, SupervisionOver.

    Nothing can be recorded for a day on which supervision had ended (DRR art. 7, 23; law 7), whatever the list says.
    """
    visit = await _reached(work, visit_id)
    policy.may_report(work.principal, record.model_fields_set)
    check_version(if_match, visit.version)
    if record.visited_on is None and record.excused is None:
        raise invalid("/visited_on", "missing", "须填写走访日期或免访原因", "needs the day of the visit, or the reason for leaving it out")
    if record.visited_on is not None:
        if record.visited_on > work.today:
            raise invalid("/visited_on", "date_future", "日期不能晚于今天", "must not lie in the future")
        if record.met is None:
            raise invalid("/met", "missing", "须填写是否见面", "needs whether the person was met")
        if record.tested and not record.met:
            raise invalid("/tested", "not_met", "未见面不能登记检测", "nobody is tested without being met")
        history = await people.standings_of(work.session, visit.person_id)
        dated = [DatedStanding(entry.status, entry.since, number) for number, entry in enumerate(history)]
        standing = standing_on(dated, record.visited_on)
        if standing is not None and standing.status in ENDS_SUPERVISION:
            raise SupervisionOver
        if await monitoring_over(work, visit.person_id, record.visited_on):
            raise SupervisionOver
    for field in record.model_fields_set:
        setattr(visit, field, getattr(record, field))
    visit.visited_by = work.principal.staff_id or work.principal.subject
    visit.source = "entry"
    visit.version += 1
    visit.recorded_at = work.now
    await work.session.flush()
    if record.visited_on is not None:
        event = VisitRecorded(division_code=visit.division_code, visited_on=record.visited_on, met=bool(record.met))
        await work.publish(event, visit.person_id, visit.division_code)
    await work.note("visit.record", "person", visit.person_id, details={"visit": str(visit.id)})
    return visit


async def _reached(work: Work, visit_id: UUID) -> Visit:
    """The visit, locked, when it is the caller's by the person's town of today and by care team, or the caller's own task. Raises VisitNotFound."""
    visit = await repository.visit(work.session, visit_id, for_update=True)
    if visit is None:
        raise VisitNotFound
    person = await people.person(work.session, visit.person_id)
    assert person is not None
    if not work.principal.has(*policy.STAFF):
        return policy.may_see(work.principal, visit)
    if not work.scope.reaches(person.division_code):
        raise VisitNotFound
    mine = work.principal.staff_id is not None and visit.assigned_to == work.principal.staff_id
    try:
        if not mine:
            await require_care(work, person, "supervision")
    except PersonNotFound as error:
        raise VisitNotFound from error
    return visit


def sees_detail(work: Work) -> bool:
    """Whether the caller may be answered with the visit itself; a grid worker gets the task back."""
    return work.principal.has(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER)
