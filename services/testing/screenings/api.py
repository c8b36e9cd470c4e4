"""HTTP of screenings."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from kit.etags import IfMatch, etag
from kit.pages import LIMIT, MAX_LIMIT, Cursors, Page, next_link
from kit.roles import Role
from kit.schemas import Day
from kit.work import UnitRoute, Work, allow
from services.testing.screenings import service
from services.testing.screenings.schemas import (
    CampaignAnswer,
    NewCampaign,
    NewScreening,
    Outcome,
    ReferralAnswer,
    ReferralIdentity,
    ScreeningAnswer,
    ScreeningFigure,
)

router = APIRouter(prefix="/testing/v1", tags=["screenings"], route_class=UnitRoute)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER)]
Writer = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER)]
Counter = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER, Role.LEADER)]
Opener = Annotated[Work, allow(Role.POLICE_OFFICER, personal=True)]
Police = Annotated[Work, allow(Role.POLICE_OFFICER)]
First = Annotated[Day, Query(alias="from")]
Last = Annotated[Day, Query(alias="to")]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=400)]


@router.get("/campaigns")
async def list_campaigns(work: Reader) -> list[CampaignAnswer]:
    """Campaigns with their legal ground and end."""
    return [CampaignAnswer.model_validate(item) for item in await service.list_campaigns(work)]


@router.post("/campaigns", status_code=201)
async def open_campaign(work: Writer, new: NewCampaign) -> CampaignAnswer:
    """Enter a campaign."""
    return CampaignAnswer.model_validate(await service.open_campaign(work, new))


@router.get("/screenings")
async def list_screenings(
    work: Reader,
    request: Request,
    response: Response,
    first: First,
    last: Last,
    division_code: Annotated[str | None, Query(max_length=12)] = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[ScreeningAnswer]:
    """Counts by unit and day."""
    found, following = await service.list_screenings(work, Cursors(work.sealer), first, last, division_code, cursor, limit)
    response.headers.update(next_link(request, following))
    return Page(items=[ScreeningAnswer.model_validate(item) for item in found], next=following)


@router.post("/screenings", status_code=201)
async def record_screening(work: Writer, new: NewScreening) -> ScreeningAnswer:
    """Record one unit's screening of one day."""
    return ScreeningAnswer.model_validate(await service.record_screening(work, new))


@router.get("/screenings/figures")
async def screening_figures(work: Counter, first: First, last: Last) -> list[ScreeningFigure]:
    """Counts by town in a period."""
    return [ScreeningFigure.model_validate(row) for row in await service.figures(work, first, last)]


@router.get("/screening-referrals")
async def list_referrals(
    work: Opener,
    request: Request,
    response: Response,
    state: Literal["referred", "police_negative", "police_case", "erased"] = "referred",
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[ReferralAnswer]:
    """Presumptive positives that wait for the police's own test, without identities."""
    found, following = await service.list_referrals(work, Cursors(work.sealer), state, cursor, limit)
    response.headers.update(next_link(request, following))
    return Page(items=[ReferralAnswer.model_validate(item) for item in found], next=following)


@router.get("/screening-referrals/{referral_id}/identity")
async def open_identity(work: Opener, referral_id: UUID) -> ReferralIdentity:
    """Who it is: for the police, for a purpose, audited."""
    return ReferralIdentity(identity=await service.open_identity(work, referral_id))


@router.post("/screening-referrals/{referral_id}/outcome")
async def record_outcome(work: Police, referral_id: UUID, new: Outcome, response: Response, if_match: IfMatch = None) -> ReferralAnswer:
    """What the police's own test came to."""
    referral = await service.record_outcome(work, referral_id, new, if_match)
    response.headers["ETag"] = etag(referral.version)
    return ReferralAnswer.model_validate(referral)
