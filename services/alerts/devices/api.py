"""HTTP of registered devices."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from kit.etags import IfMatch, etag
from kit.roles import Role
from kit.work import UnitRoute, Work, allow
from services.alerts.devices import service
from services.alerts.devices.schemas import DeviceAnswer, DeviceWithdrawal, NewDevice

router = APIRouter(prefix="/alerts/v1/people/{person_id}/device", tags=["devices"], route_class=UnitRoute)

Registrar = Annotated[Work, allow(Role.SOCIAL_WORKER, Role.GRID_WORKER, Role.TOWN_OFFICER, Role.POLICE_OFFICER)]
Holder = Annotated[Work, allow(Role.SUBJECT, Role.SOCIAL_WORKER, Role.TOWN_OFFICER, Role.POLICE_OFFICER)]
Reader = Annotated[Work, allow(Role.SUBJECT, Role.SOCIAL_WORKER, Role.TOWN_OFFICER, Role.POLICE_OFFICER, personal=True)]


@router.post("", status_code=201)
async def register_device(work: Registrar, person_id: UUID, new: NewDevice, response: Response) -> DeviceAnswer:
    """Register the phone that the person shows: from now on their own check-ins come from it alone. One in use before is replaced."""
    device = await service.register_device(work, person_id, bytes.fromhex(new.key_digest))
    response.headers.update({"Location": f"/alerts/v1/people/{person_id}/device", "ETag": etag(device.version)})
    return DeviceAnswer.model_validate(device)


@router.get("")
async def read_device(work: Reader, person_id: UUID, response: Response) -> DeviceAnswer:
    """The person's device in use."""
    device = await service.read_device(work, person_id)
    response.headers["ETag"] = etag(device.version)
    return DeviceAnswer.model_validate(device)


@router.post("/withdraw", status_code=204)
async def withdraw_device(work: Holder, person_id: UUID, withdrawal: DeviceWithdrawal, if_match: IfMatch = None) -> None:
    """Let the device in use be it no more, by its person or by staff: it was lost, another hand used it, it was registered by mistake."""
    await service.withdraw_device(work, person_id, withdrawal.reason, if_match)
