"""Who may know a draw's result before the visits were made."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from kit.auth import Principal
from kit.roles import Role


class Dated(Protocol):
    """What a policy needs to know of a draw."""

    state: str
    inspect_to: date


def knows_result(principal: Principal, draw: Dated, today: date) -> bool:
    """Planners, inspectors and auditors at once; everybody else when the visits are over: the list is published after the visit (domain 9)."""
    if principal.has(Role.COUNTY_OFFICER, Role.INSPECTOR, Role.AUDITOR):
        return True
    return draw.state in ("closed", "set_aside") or today > draw.inspect_to
