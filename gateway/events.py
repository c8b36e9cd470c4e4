"""What the gateway publishes. `subject_id` of the envelope is the account or session."""

from __future__ import annotations

from typing import Any, ClassVar

from kit.outbox import Event


class AccountDisabled(Event):
    """An account may no longer sign in; its sessions ended with it."""

    type: ClassVar[str] = "account.disabled"
    sample: ClassVar[dict[str, Any]] = {"reason": "left the office"}

    reason: str


class SessionEnded(Event):
    """A session ended: sign-out, revocation, or a refresh token used twice."""

    type: ClassVar[str] = "session.ended"
    sample: ClassVar[dict[str, Any]] = {"reason": "signed_out"}

    reason: str


class ClientRevoked(Event):
    """A machine's access ended."""

    type: ClassVar[str] = "client.revoked"
    sample: ClassVar[dict[str, Any]] = {"client_id": "demo-partner"}

    client_id: str


EVENTS: tuple[type[Event], ...] = (AccountDisabled, SessionEnded, ClientRevoked)
