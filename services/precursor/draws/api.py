"""HTTP of draws."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from kit.etags import IfMatch, etag
from kit.pages import Page, next_link
from kit.roles import Role
from kit.work import UnitRoute, Work, allow
from services.precursor.draws import proof, replacing, service
from services.precursor.draws.schemas import (
    DrawAnswer,
    DrawStates,
    DrawStepAnswer,
    NewDraw,
    NewReplacement,
    Proof,
    ReplacementAnswer,
    Reveal,
    SetAside,
)
from services.precursor.draws.tables import Draw
from services.precursor.firms.rules import Kind
from services.precursor.grants import READ
from services.precursor.lists import DEFAULT_LIMIT, Cursor, Limit

router = APIRouter(prefix="/precursor/v1/draws", tags=["draws"], route_class=UnitRoute)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.INSPECTOR, Role.LEADER, Role.AUDITOR, Role.AGENCY, grant=READ)]
Planner = Annotated[Work, allow(Role.COUNTY_OFFICER)]


async def _single(work: Work, draw: Draw, response: Response) -> DrawAnswer:
    response.headers["ETag"] = etag(draw.version)
    return (await proof.announcements(work, [draw]))[0]


@router.get("")
async def list_draws(
    work: Reader,
    request: Request,
    response: Response,
    object_kind: Kind | None = None,
    state: DrawStates | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[DrawAnswer]:
    """Draws, all attempts, with what is announced of them."""
    rows, following = await service.list_draws(work, object_kind, state, cursor, limit)
    response.headers.update(next_link(request, following))
    return Page[DrawAnswer](items=await proof.announcements(work, rows), next=following)


@router.post("", status_code=201)
async def plan_draw(work: Planner, new: NewDraw, response: Response) -> DrawAnswer:
    """Plan a draw: both directories are frozen now."""
    draw = await service.plan_draw(work, new)
    response.headers["Location"] = f"/precursor/v1/draws/{draw.id}"
    return await _single(work, draw, response)


@router.get("/{draw_id}")
async def read_draw(work: Reader, draw_id: UUID, response: Response) -> DrawAnswer:
    """One draw, with digests and commitment."""
    return await _single(work, await service.read_draw(work, draw_id), response)


@router.get("/{draw_id}/proof")
async def prove(work: Reader, draw_id: UUID) -> Proof:
    """Everything that an outsider needs to recompute it."""
    return await proof.prove(work, draw_id)


@router.get("/{draw_id}/steps", response_model=list[DrawStepAnswer])
async def steps_of(work: Reader, draw_id: UUID) -> object:
    """What was done with it, by whom."""
    return await service.steps_of(work, draw_id)


@router.post("/{draw_id}/commit")
async def commit_draw(work: Planner, draw_id: UUID, response: Response, if_match: IfMatch = None) -> DrawAnswer:
    """Publish the commitment, before the public value exists."""
    return await _single(work, await service.commit_draw(work, draw_id, if_match), response)


@router.post("/{draw_id}/reveal")
async def reveal_draw(work: Planner, draw_id: UUID, reveal: Reveal, response: Response, if_match: IfMatch = None) -> DrawAnswer:
    """Enter the public value; the result and the inspections follow at once, and once only."""
    return await _single(work, await service.reveal_draw(work, draw_id, reveal, if_match), response)


@router.post("/{draw_id}/replacements", status_code=201)
async def replace_officer(
    work: Planner, draw_id: UUID, new: NewReplacement, response: Response, if_match: IfMatch = None
) -> ReplacementAnswer:
    """Send the next officer of the drawn order instead of one who cannot go."""
    draw, answer = await replacing.replace_officer(work, draw_id, new, if_match)
    response.headers["ETag"] = etag(draw.version)
    return answer


@router.post("/{draw_id}/close")
async def close_draw(work: Planner, draw_id: UUID, response: Response, if_match: IfMatch = None) -> DrawAnswer:
    """Close it when every inspection is over."""
    return await _single(work, await service.close_draw(work, draw_id, if_match), response)


@router.post("/{draw_id}/set-aside")
async def set_aside_draw(work: Planner, draw_id: UUID, ground: SetAside, response: Response, if_match: IfMatch = None) -> DrawAnswer:
    """Give the attempt up, with a ground; it stays on record."""
    return await _single(work, await service.set_aside_draw(work, draw_id, ground, if_match), response)
