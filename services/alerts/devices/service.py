"""Use cases of registered devices: register, show, withdraw, and whether a batch comes from the person's own."""

from __future__ import annotations

from uuid import UUID

from kit.etags import check_version
from kit.work import Work
from services.alerts.devices import repository
from services.alerts.devices.errors import DeviceNotFound, DeviceTaken
from services.alerts.devices.rules import Withdrawal, is_the_device
from services.alerts.devices.tables import Device
from services.alerts.settings import AlertsSettings
from services.alerts.watched import policy
from services.alerts.watched import repository as watched


async def _in_reach(work: Work, person_id: UUID) -> None:
    """Oneself; an officer of the town; a worker on the care team (DRR art. 17). Raises PersonNotWatched."""
    policy.may_record_for(work.principal, await watched.division_of(work.session, person_id, work.today), person_id)


async def register_device(work: Work, person_id: UUID, digest: bytes) -> Device:
    """Register the phone that the person shows; one in use before is replaced. The same phone again is the one that stands.

    Raises PersonNotWatched, DeviceTaken.
    """
    await _in_reach(work, person_id)
    await watched.hold_person(work.session, person_id)
    if (await repository.holds_key(work.session, digest)) not in (None, person_id):
        raise DeviceTaken
    before = await repository.in_use(work.session, person_id, hold=True)
    if before is not None and before.key_digest == digest:
        return before
    if before is not None:
        await _withdraw(work, before, "replaced")
    device = Device(
        person_id=person_id,
        key_digest=digest,
        registered_by=work.principal.subject,
        registered_staff=work.principal.staff_id,
        registered_at=work.now,
    )
    work.session.add(device)
    await work.session.flush()
    await work.note("device.register", "person", person_id, details={"device_id": str(device.id)})
    return device


async def read_device(work: Work, person_id: UUID) -> Device:
    """The device in use. Raises PersonNotWatched, DeviceNotFound."""
    await _in_reach(work, person_id)
    found = await repository.in_use(work.session, person_id)
    if found is None:
        raise DeviceNotFound
    await work.note("device.read", "person", person_id)
    return found


async def withdraw_device(work: Work, person_id: UUID, reason: Withdrawal, if_match: str | None) -> Device:
    """Let the device in use be it no more; the person may do so too, whose phone was lost. Raises PersonNotWatched, DeviceNotFound, StaleVersion."""
    await _in_reach(work, person_id)
    found = await repository.in_use(work.session, person_id, hold=True)
    if found is None:
        raise DeviceNotFound
    check_version(if_match, found.version)
    await _withdraw(work, found, reason)
    return found


async def _withdraw(work: Work, device: Device, reason: Withdrawal) -> None:
    device.withdrawn_at, device.withdrawn_by, device.withdrawal = work.now, work.principal.subject, reason
    device.version += 1
    await work.session.flush()
    await work.note("device.withdraw", "person", device.person_id, details={"device_id": str(device.id), "reason": reason})


async def comes_from_own_device(work: Work, key: str | None) -> bool:
    """Whether a batch of the caller's own check-ins comes from the phone that was registered for them (DRR art. 19: the duty is their own)."""
    own = work.principal.person_id
    registered = await repository.digest_in_use(work.session, UUID(own)) if own else None
    return is_the_device(registered, key, work.today, work.house.part(AlertsSettings).device_required_from)
