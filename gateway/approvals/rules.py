"""Pure rules of requests that two people decide (GB/T 22239-2019 8.1.4.2: separated rights of administrators)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, get_args

Kind = Literal["account_open", "account_amend", "second_factor_reset", "client_register", "client_amend", "client_key_add"]
KINDS: tuple[Kind, ...] = get_args(Kind)
State = Literal["pending", "confirmed", "refused"]
STATES: tuple[State, ...] = get_args(State)
Shown = Literal["pending", "confirmed", "refused", "lapsed"]


def shown(state: str, expires_at: datetime, now: datetime) -> Shown:
    """The state as people see it: a request that nobody decided in time has lapsed."""
    if state == "pending":
        return "lapsed" if now >= expires_at else "pending"
    return "confirmed" if state == "confirmed" else "refused"
