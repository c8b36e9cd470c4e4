"""HTTP of bulletins."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Response

from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.schemas import DivisionCode
from kit.steps.taking import next_steps
from kit.work import UnitRoute, Work, allow
from services.alerts.bulletins import service
from services.alerts.bulletins.editions import digest_of
from services.alerts.bulletins.figures import Audience
from services.alerts.bulletins.periods import Rhythm
from services.alerts.bulletins.printing import MEDIA
from services.alerts.bulletins.repository import BULLETINS
from services.alerts.bulletins.rules import BULLETIN, Indicator, PrintedForm
from services.alerts.bulletins.schemas import (
    BulletinAnswer,
    BulletinFigures,
    BulletinPatch,
    BulletinRow,
    BulletinState,
    ItemsAnswer,
    NewBulletin,
)

BYTES = {"type": "string", "format": "binary"}
router = APIRouter(prefix="/alerts/v1/bulletins", tags=["bulletins"], route_class=UnitRoute)
ITEMS = Made(
    name="alerts.bulletin_items",
    item=ItemsAnswer,
    sorts={"division_code": (Key("division_code"), Key("indicator"))},
    default="division_code",
    counted={"indicator": "indicator"},
)

Office = Annotated[Work, allow(Role.COUNTY_OFFICER)]
Owner = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER, personal=True)]
Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.LEADER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER)]


def _answer(work: Work, copy: service.Copy, response: Response) -> BulletinAnswer:
    response.headers["ETag"] = etag(copy.draft.version)
    row = BulletinRow.model_validate(copy.draft)
    return BulletinAnswer(
        **row.model_dump(),
        audience=copy.audience,
        digest=copy.digest,
        bulletin=BulletinFigures.model_validate(dict(copy.body)),
        next_steps=next_steps(BULLETIN, copy.draft.state, work.principal),
    )


@router.post("", status_code=201)
async def collect(work: Office, new: NewBulletin, response: Response) -> BulletinAnswer:
    """Collect the figures of a closed period as a draft; again for the same period: the draft anew, or the next revision of a published one."""
    draft = await service.collect(work, new.rhythm, new.day, new.notes)
    response.headers["Location"] = f"/alerts/v1/bulletins/{draft.id}"
    return _answer(work, await service.read(work, draft.id, None), response)


@router.get("", responses=answers(BULLETINS))
async def list_bulletins(
    work: Reader, asked: Annotated[Asked, ask(BULLETINS)], rhythm: Rhythm | None = None, state: BulletinState | None = None
) -> Response:
    """Bulletins, newest period first; drafts are for the county office."""
    return answer(asked, await service.list_bulletins(work, asked, rhythm, state))


@router.get("/{bulletin_id}")
async def read(work: Reader, bulletin_id: UUID, response: Response, audience: Audience | None = None) -> BulletinAnswer:
    """A bulletin with every number behind each colour, in the edition that the caller may hold."""
    return _answer(work, await service.read(work, bulletin_id, audience), response)


@router.patch("/{bulletin_id}")
async def amend(work: Office, bulletin_id: UUID, patch: BulletinPatch, response: Response, if_match: IfMatch = None) -> BulletinAnswer:
    """Change the notes of a draft."""
    await service.amend(work, bulletin_id, patch.notes, if_match)
    return _answer(work, await service.read(work, bulletin_id, None), response)


@router.post("/{bulletin_id}/publish")
async def publish(work: Office, bulletin_id: UUID, response: Response, if_match: IfMatch = None) -> BulletinAnswer:
    """Publish for good."""
    await service.publish(work, bulletin_id, if_match)
    return _answer(work, await service.read(work, bulletin_id, None), response)


@router.get("/{bulletin_id}/pdf", response_class=Response, responses={200: {"content": {"application/pdf": {"schema": BYTES}}}})
async def as_pdf(work: Reader, bulletin_id: UUID, audience: Audience | None = None) -> Response:
    """The bulletin as an official paper (PDF/A)."""
    return await _printed(work, bulletin_id, audience, "pdf")


@router.get("/{bulletin_id}/xlsx", response_class=Response, responses={200: {"content": {MEDIA["xlsx"]: {"schema": BYTES}}}})
async def as_xlsx(work: Reader, bulletin_id: UUID, audience: Audience | None = None) -> Response:
    """The bulletin as a workbook."""
    return await _printed(work, bulletin_id, audience, "xlsx")


async def _printed(work: Work, bulletin_id: UUID, audience: Audience | None, form: PrintedForm) -> Response:
    draft, body = await service.printed(work, bulletin_id, audience, form)
    await work.note(f"bulletin.{form}", "bulletin", draft.id)
    name = quote(f"四色警示通报{draft.number}.{form}")
    headers = {
        "Content-Disposition": f"attachment; filename=\"bulletin.{form}\"; filename*=UTF-8''{name}",
        "ETag": f'"{digest_of(body)}-{form}"',
    }
    return Response(body, media_type=MEDIA[form], headers=headers)


@router.get("/{bulletin_id}/items", responses=answers(ITEMS))
async def items_of(
    work: Owner,
    asked: Annotated[Asked, ask(ITEMS)],
    bulletin_id: UUID,
    division_code: Annotated[DivisionCode | None, Query()] = None,
    indicator: Indicator | None = None,
) -> Response:
    """The ids behind the cells of a published bulletin, of the caller's towns: what to open in order to mend a colour."""
    return answer(
        asked,
        await find_made(
            work,
            ITEMS,
            asked,
            [ItemsAnswer.model_validate(row) for row in await service.items_of(work, bulletin_id, division_code, indicator)],
        ),
    )
