"""Pure rules of requests that two people decide (GB/T 22239-2019 8.1.4.2: separated rights of administrators)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, get_args

from kit.steps.machine import START, Machine, step

Kind = Literal["account_open", "account_amend", "second_factor_reset", "client_register", "client_amend", "client_key_add"]
KINDS: tuple[Kind, ...] = get_args(Kind)
State = Literal["pending", "confirmed", "refused"]
STATES: tuple[State, ...] = get_args(State)
_ADMINISTRATOR = ("administrator",)
_TWO = "PIPL art. 51; domain 11"

APPROVAL = Machine(
    "gateway.approval.state",
    STATES,
    (
        step("ask", START, "pending", _TWO, "申请", "ask", roles=_ADMINISTRATOR, deadline="second_administrator"),
        step("confirm", "pending", "confirmed", _TWO, "确认", "confirm", roles=_ADMINISTRATOR, duty=True),
        step("refuse", "pending", "refused", _TWO, "不同意或撤回", "refuse or withdraw", roles=_ADMINISTRATOR, needs="reason"),
    ),
)
"""One asks and another decides; a request that nobody decides in time lapses."""
Shown = Literal["pending", "confirmed", "refused", "lapsed"]


def shown(state: str, expires_at: datetime, now: datetime) -> Shown:
    """The state as people see it: a request that nobody decided in time has lapsed."""
    if state == "pending":
        return "lapsed" if now >= expires_at else "pending"
    return "confirmed" if state == "confirmed" else "refused"
