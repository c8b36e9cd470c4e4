"""Messages of registered devices."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from kit.schemas import Answer, Message
from services.alerts.devices.rules import Withdrawal

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class NewDevice(Message):
    """A phone to register. `key_digest`: SHA-256 (hex) of the key that the phone made for itself and shows nobody, as its screen displays it to be scanned."""

    key_digest: Digest


class DeviceWithdrawal(Message):
    """Why the device is in use no more."""

    reason: Withdrawal


class DeviceAnswer(Answer):
    """The device in use: by which account it was registered, by which member of staff (null: an account without a number), and when."""

    id: UUID
    person_id: UUID
    registered_by: str
    registered_staff: str | None
    registered_at: datetime
    version: int
