"""HTTP of screenings."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.problems import may_answer
from kit.roles import Role
from kit.schemas import Day, DivisionCode
from kit.steps.taking import next_steps
from kit.work import UnitRoute, Work, allow
from services.testing.screenings import service
from services.testing.screenings.errors import ReferralClosed
from services.testing.screenings.repository import CAMPAIGNS, REFERRALS, SCREENINGS
from services.testing.screenings.rules import REFERRAL, ReferralState
from services.testing.screenings.schemas import (
    CampaignAnswer,
    NewCampaign,
    NewScreening,
    OpenReferral,
    Outcome,
    ReferralAnswer,
    ReferralIdentity,
    ScreeningAnswer,
    ScreeningFigure,
)
from services.testing.screenings.tables import ScreeningReferral

router = APIRouter(prefix="/testing/v1", tags=["screenings"], route_class=UnitRoute)
FIGURES = Made(
    name="testing.screening_figures",
    item=ScreeningFigure,
    sorts={"division_code": (Key("division_code"),)},
    default="division_code",
    action="screening.figures",
    object_type="division",
    noted="division_code",
)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER)]
Writer = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER)]
Counter = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER, Role.LEADER)]
Opener = Annotated[Work, allow(Role.POLICE_OFFICER, personal=True)]
Police = Annotated[Work, allow(Role.POLICE_OFFICER)]
First = Annotated[Day, Query(alias="from")]
Last = Annotated[Day, Query(alias="to")]


def _answer(work: Work, referral: ScreeningReferral, response: Response) -> OpenReferral:
    """A referral with what can be done; a negative is erased by the same act (PIPL art. 47)."""
    response.headers["ETag"] = etag(referral.version)
    following = next_steps(REFERRAL, referral.state, work.principal, to={"police_negative": "erased"})
    return OpenReferral(**ReferralAnswer.model_validate(referral).model_dump(), next_steps=following)


@router.get("/campaigns", responses=answers(CAMPAIGNS))
async def list_campaigns(work: Reader, asked: Annotated[Asked, ask(CAMPAIGNS)]) -> Response:
    """Campaigns with their legal ground and end."""
    return answer(asked, await service.list_campaigns(work, asked))


@router.post("/campaigns", status_code=201)
async def open_campaign(work: Writer, new: NewCampaign) -> CampaignAnswer:
    """Enter a campaign."""
    return CampaignAnswer.model_validate(await service.open_campaign(work, new))


@router.get("/screenings", responses=answers(SCREENINGS))
async def list_screenings(
    work: Reader,
    asked: Annotated[Asked, ask(SCREENINGS)],
    first: First,
    last: Last,
    division_code: Annotated[DivisionCode | None, Query()] = None,
) -> Response:
    """Counts by unit and day."""
    return answer(asked, await service.list_screenings(work, asked, first, last, division_code))


@router.post("/screenings", status_code=201)
async def record_screening(work: Writer, new: NewScreening) -> ScreeningAnswer:
    """Record one unit's screening of one day."""
    return ScreeningAnswer.model_validate(await service.record_screening(work, new))


@router.get("/screenings/figures", responses=answers(FIGURES))
async def screening_figures(work: Counter, asked: Annotated[Asked, ask(FIGURES)], first: First, last: Last) -> Response:
    """Counts by town in a period."""
    return answer(
        asked,
        await find_made(work, FIGURES, asked, [ScreeningFigure.model_validate(row) for row in await service.figures(work, first, last)]),
    )


@router.get("/screening-referrals", responses=answers(REFERRALS))
async def list_referrals(work: Opener, asked: Annotated[Asked, ask(REFERRALS)], state: ReferralState = "referred") -> Response:
    """Presumptive positives that wait for the police's own test, without identities."""
    return answer(asked, await service.list_referrals(work, asked, state))


@router.get("/screening-referrals/{referral_id}")
async def read_referral(work: Opener, referral_id: UUID, response: Response) -> OpenReferral:
    """One referral, without the identity, and what can be done."""
    return _answer(work, await service.read_referral(work, referral_id), response)


@router.get("/screening-referrals/{referral_id}/identity", responses=may_answer(ReferralClosed))
async def open_identity(work: Opener, referral_id: UUID) -> ReferralIdentity:
    """The identity, for the police only: needs a purpose and is audited."""
    return ReferralIdentity(identity=await service.open_identity(work, referral_id))


@router.post("/screening-referrals/{referral_id}/outcome")
async def record_outcome(work: Police, referral_id: UUID, new: Outcome, response: Response, if_match: IfMatch = None) -> OpenReferral:
    """The outcome of the police's own test."""
    return _answer(work, await service.record_outcome(work, referral_id, new, if_match), response)
