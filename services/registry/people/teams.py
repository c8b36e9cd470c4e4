"""Care teams (工作小组, DRR art. 17): dated memberships of a person's team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from kit.problems import Conflict, invalid
from kit.work import Work
from services.registry.people import policy, repository
from services.registry.people.errors import PersonNotFound, RecordClosed
from services.registry.people.rules import ENDS_SUPERVISION
from services.registry.people.schemas import FillTeams, NewTeamMember, TeamMemberLeaves
from services.registry.people.service import readable
from services.registry.staff import repository as staff
from services.registry.staff.tables import CareTeamMember

FILLED = ("town_officer", "social_worker", "police_officer", "grid_worker")
"""The posts of a complete team: full-time officer, social worker, police, grid worker (DRR art. 17)."""


class AlreadyInTeam(Conflict):
    """The staff member is in this team already."""

    slug = "already-in-team"
    title_zh = "此人员已在帮教小组中"
    title_en = "In this care team already"


async def team_of(work: Work, person_id: UUID, on: date | None, *, past: bool) -> Sequence[Any]:
    """The care team of a person on a day. Raises PersonNotFound."""
    await readable(work, person_id)
    await work.note("care_team.read", "person", person_id)
    return await staff.team_of(work.session, person_id, on or work.today, past=past)


async def join_team(work: Work, person_id: UUID, new: NewTeamMember) -> Mapping[str, Any]:
    """Put a staff member into a person's team. Raises PersonNotFound, RecordClosed, Invalid, AlreadyInTeam."""
    person = policy.may_write(work.principal, await repository.person(work.session, person_id, for_update=True))
    if person.state == "closed":
        raise RecordClosed
    member = await staff.staff_member(work.session, new.staff_code)
    if member is None or (member.valid_to is not None and member.valid_to <= new.since):
        raise invalid("/staff_code", "staff_unknown", "没有这个人员编号或已离职", "no such staff member, or no longer in service")
    running = await staff.team_of(work.session, person_id, new.since, past=True)
    if any(entry["staff_code"] == member.code and entry["until"] is None for entry in running):
        raise AlreadyInTeam
    joined = CareTeamMember(person_id=person_id, staff_id=member.id, post=member.post, since=new.since)
    work.session.add(joined)
    await work.session.flush()
    await work.note("care_team.join", "person", person_id, details={"staff": member.code})
    return await _membership(work, person_id, joined.id)


async def leave_team(work: Work, person_id: UUID, membership_id: UUID, leaves: TeamMemberLeaves) -> Mapping[str, Any]:
    """End a membership. Raises PersonNotFound, RecordClosed, Invalid."""
    person = policy.may_write(work.principal, await repository.person(work.session, person_id))
    if person.state == "closed":
        raise RecordClosed  # the answer names the person, whom the record shows to nobody any more
    found = await staff.membership(work.session, membership_id)
    if found is None or found.person_id != person_id:
        raise PersonNotFound
    if leaves.until < found.since:
        raise invalid("/until", "before_start", "早于加入日期", "lies before the start")
    found.until = leaves.until
    await work.session.flush()
    await work.note("care_team.leave", "person", person_id, details={"membership": str(membership_id)})
    return await _membership(work, person_id, membership_id)


async def _membership(work: Work, person_id: UUID, membership_id: UUID) -> Mapping[str, Any]:
    """One membership with the member's name, whichever day it runs on: one that begins next week is in nobody's team of today."""
    return next(entry for entry in await staff.team_of(work.session, person_id, work.today, past=True) if entry["id"] == membership_id)


async def fill_teams(work: Work, new: FillTeams) -> int:
    """Give everybody without a full team the missing members from their town, dealt round; the number of memberships. Raises Forbidden."""
    towns = work.scope.within(new.division_code).towns
    total = 0
    for post in FILLED:
        total += await staff.fill_teams(work.session, post, towns, new.since or work.today, sorted(ENDS_SUPERVISION))
    await work.note("care_team.fill", "care_team", details={"memberships": total})
    return total
