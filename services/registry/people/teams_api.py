"""HTTP of care teams."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.schemas import Day
from kit.work import UnitRoute, Work, allow
from services.registry.people import teams
from services.registry.people.schemas import FillTeams, NewTeamMember, TeamMember, TeamMemberLeaves, TeamsFilled

router = APIRouter(prefix="/registry/v1", tags=["people"], route_class=UnitRoute)
TEAM = Made(
    name="registry.care_team",
    item=TeamMember,
    sorts={"post": (Key("post"), Key("since", "date"), Key("id", "uuid")), "since": (Key("since", "date"), Key("id", "uuid"))},
    default="post",
    counted={"post": "post"},
)

Reader = Annotated[
    Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER, Role.SUBJECT, personal=True)
]
Writer = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER)]


@router.get("/people/{person_id}/care-team", responses=answers(TEAM))
async def team_of(
    work: Reader, asked: Annotated[Asked, ask(TEAM)], person_id: UUID, on: Day | None = None, past: Annotated[bool, Query()] = False
) -> Response:
    """The care team on a day (by default today), or with `past=true` everybody who ever was in it."""
    return answer(
        asked, await find_made(work, TEAM, asked, [TeamMember(**entry) for entry in await teams.team_of(work, person_id, on, past=past)])
    )


@router.post("/people/{person_id}/care-team", status_code=201)
async def join_team(work: Writer, person_id: UUID, new: NewTeamMember, response: Response) -> TeamMember:
    """Put a staff member into the team."""
    response.headers["Location"] = f"/registry/v1/people/{person_id}/care-team"
    return TeamMember(**await teams.join_team(work, person_id, new))


@router.post("/people/{person_id}/care-team/{membership_id}/end")
async def leave_team(work: Writer, person_id: UUID, membership_id: UUID, leaves: TeamMemberLeaves) -> TeamMember:
    """End a membership."""
    return TeamMember(**await teams.leave_team(work, person_id, membership_id, leaves))


@router.post("/care-teams/fill")
async def fill_teams(work: Writer, new: FillTeams) -> TeamsFilled:
    """Give everybody without a full team the missing members from their town."""
    return TeamsFilled(memberships=await teams.fill_teams(work, new))
