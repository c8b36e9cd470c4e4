"""HTTP of draws: for those who plan, inspect and audit, and for everybody."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.work import AllowPublic, UnitRoute, Work, allow
from services.precursor.draws import service
from services.precursor.draws.repository import DRAWS, PUBLIC_DRAWS
from services.precursor.draws.rules.steps import State
from services.precursor.draws.schemas import (
    DrawAnswer,
    DrawStepAnswer,
    NewDraw,
    NewReplacement,
    PublicSourceAnswer,
    Refusal,
    ReplacementAnswer,
    Reveal,
    SetAside,
)
from services.precursor.draws.schemas.proof import Proof
from services.precursor.draws.tables import Draw
from services.precursor.firms.rules import Kind
from services.precursor.grants import READ

router = APIRouter(prefix="/precursor/v1/draws", tags=["draws"], route_class=UnitRoute)
SOURCES = Made(
    name="precursor.public_sources",
    item=PublicSourceAnswer,
    sorts={"source": (Key("source"),)},
    default="source",
    action="draw.read_sources",
    object_type="public_source",
    noted="source",
)
REPLACEMENTS = Made(
    name="precursor.replacements",
    item=ReplacementAnswer,
    sorts={"proposed_at": (Key("proposed_at", "timestamptz"), Key("id", "uuid"))},
    default="proposed_at",
    counted={"state": "state", "kind": "kind"},
    action="draw.read_replacements",
    object_type="replacement",
)
HISTORY = Made(
    name="precursor.draw_steps",
    item=DrawStepAnswer,
    sorts={"recorded_at": (Key("recorded_at", "timestamptz"),)},
    default="recorded_at",
    action="draw.read_steps",
    object_type="draw",
)
public = APIRouter(prefix="/precursor/v1/public/draws", tags=["draws"], route_class=UnitRoute)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.INSPECTOR, Role.LEADER, Role.AUDITOR, Role.AGENCY, grant=READ)]
Planner = Annotated[Work, allow(Role.COUNTY_OFFICER)]
Knowing = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.INSPECTOR, Role.AUDITOR)]
Signer = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.INSPECTOR)]
Anybody = Annotated[Work, Depends(AllowPublic())]


async def _single(work: Work, draw: Draw, response: Response) -> DrawAnswer:
    response.headers["ETag"] = etag(draw.version)
    return (await service.announcements(work, [draw]))[0]


@router.get("", responses=answers(DRAWS))
async def list_draws(
    work: Reader, asked: Annotated[Asked, ask(DRAWS)], object_kind: Kind | None = None, state: State | None = None
) -> Response:
    """Draws, all attempts, with what is announced of them."""
    return answer(asked, await service.list_draws(work, DRAWS, asked, object_kind, state))


@router.get("/public-sources", responses=answers(SOURCES))
async def public_sources(work: Reader, asked: Annotated[Asked, ask(SOURCES)]) -> Response:
    """Sources of public numbers that a draw may name in advance."""
    return answer(asked, await find_made(work, SOURCES, asked, service.public_sources()))


@router.post("", status_code=201)
async def plan_draw(work: Planner, new: NewDraw, response: Response) -> DrawAnswer:
    """Plan a draw: both directories are frozen now."""
    draw = await service.plan_draw(work, new)
    response.headers["Location"] = f"/precursor/v1/draws/{draw.id}"
    return await _single(work, draw, response)


@router.get("/{draw_id}")
async def read_draw(work: Reader, draw_id: UUID, response: Response) -> DrawAnswer:
    """One draw, with digests, commitment and what comes next."""
    return await _single(work, await service.read_draw(work, draw_id), response)


@router.get("/{draw_id}/proof")
async def prove(work: Reader, draw_id: UUID) -> Proof:
    """Everything that an outsider needs to recompute it."""
    return await service.prove(work, draw_id)


@router.get("/{draw_id}/steps", responses=answers(HISTORY))
async def steps_of(work: Reader, asked: Annotated[Asked, ask(HISTORY)], draw_id: UUID) -> Response:
    """The steps of a draw, with who took each."""
    return answer(
        asked,
        await find_made(
            work, HISTORY, asked, [DrawStepAnswer.model_validate(step) for step in await service.steps_of(work, draw_id)], about=[draw_id]
        ),
    )


@router.post("/{draw_id}/commit")
async def commit_draw(work: Planner, draw_id: UUID, response: Response, if_match: IfMatch = None) -> DrawAnswer:
    """Publish the commitment, before the public value exists."""
    return await _single(work, await service.commit_draw(work, draw_id, if_match), response)


@router.post("/{draw_id}/public-values")
async def enter_values(work: Planner, draw_id: UUID, entry: Reveal, response: Response, if_match: IfMatch = None) -> DrawAnswer:
    """Enter the public value, as the first of two persons."""
    return await _single(work, await service.enter_values(work, draw_id, entry, if_match), response)


@router.post("/{draw_id}/reveal")
async def reveal_draw(work: Planner, draw_id: UUID, reveal: Reveal, response: Response, if_match: IfMatch = None) -> DrawAnswer:
    """Enter the public value as the second person; the result and the inspections follow at once, and once only."""
    return await _single(work, await service.reveal_draw(work, draw_id, reveal, if_match), response)


@router.get("/{draw_id}/replacements", responses=answers(REPLACEMENTS))
async def list_replacements(work: Knowing, asked: Annotated[Asked, ask(REPLACEMENTS)], draw_id: UUID) -> Response:
    """Proposed and signed replacements of single firms and officers."""
    return answer(asked, await find_made(work, REPLACEMENTS, asked, await service.list_replacements(work, draw_id)))


@router.post("/{draw_id}/replacements", status_code=201)
async def propose_replacement(
    work: Planner, draw_id: UUID, new: NewReplacement, response: Response, if_match: IfMatch = None
) -> ReplacementAnswer:
    """Propose to replace an officer or a firm that cannot come; a second person signs."""
    draw, proposed = await service.propose_replacement(work, draw_id, new, if_match)
    response.headers["ETag"] = etag(draw.version)
    return proposed


@router.get("/{draw_id}/replacements/{replacement_id}")
async def read_replacement(work: Knowing, draw_id: UUID, replacement_id: UUID, response: Response) -> ReplacementAnswer:
    """One replacement, with the version of its draw: signing it changes the draw."""
    draw, found = await service.read_replacement(work, draw_id, replacement_id)
    response.headers["ETag"] = etag(draw.version)
    return found


@router.post("/{draw_id}/replacements/{replacement_id}/sign")
async def sign_replacement(
    work: Signer, draw_id: UUID, replacement_id: UUID, response: Response, if_match: IfMatch = None
) -> ReplacementAnswer:
    """Sign as the second person: the next of the drawn order comes."""
    draw, signed = await service.sign_replacement(work, draw_id, replacement_id, if_match)
    response.headers["ETag"] = etag(draw.version)
    return signed


@router.post("/{draw_id}/replacements/{replacement_id}/refuse")
async def refuse_replacement(
    work: Signer, draw_id: UUID, replacement_id: UUID, refusal: Refusal, response: Response, if_match: IfMatch = None
) -> ReplacementAnswer:
    """Refuse to sign: the drawn firm or officer stays."""
    draw, refused = await service.refuse_replacement(work, draw_id, replacement_id, refusal, if_match)
    response.headers["ETag"] = etag(draw.version)
    return refused


@router.post("/{draw_id}/close")
async def close_draw(work: Planner, draw_id: UUID, response: Response, if_match: IfMatch = None) -> DrawAnswer:
    """Close it when every inspection is over."""
    return await _single(work, await service.close_draw(work, draw_id, if_match), response)


@router.post("/{draw_id}/set-aside")
async def set_aside_draw(work: Planner, draw_id: UUID, ground: SetAside, response: Response, if_match: IfMatch = None) -> DrawAnswer:
    """Set the attempt aside before its reveal, on a written decision; it stays on record and is counted."""
    return await _single(work, await service.set_aside_draw(work, draw_id, ground, if_match), response)


@public.get("", responses=answers(PUBLIC_DRAWS))
async def list_public_draws(
    work: Anybody, asked: Annotated[Asked, ask(PUBLIC_DRAWS)], object_kind: Kind | None = None, state: State | None = None
) -> Response:
    """Draws, all attempts, as they are announced to everybody."""
    return answer(asked, await service.list_draws(work, PUBLIC_DRAWS, asked, object_kind, state))


@public.get("/{draw_id}/proof")
async def prove_to_everybody(work: Anybody, draw_id: UUID) -> Proof:
    """Everything that an outsider needs to recompute it, without an account; officers by code. The result comes when the visits are over."""
    return await service.prove(work, draw_id, public=True)
