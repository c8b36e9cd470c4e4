"""May this principal do this to this handover: pure functions that raise (domain 11.1)."""

from __future__ import annotations

from typing import Protocol, TypeVar

from kit.auth import Principal
from kit.problems import Forbidden
from kit.roles import Role
from services.registry.handover.errors import HandoverNotFound

GRANT = "handover:announce"
"""What an institution's client needs besides its role."""


class Placed(Protocol):
    """What a policy needs to know of a handover."""

    division_code: str
    announced_by: str


H = TypeVar("H", bound=Placed)


def may_announce(principal: Principal, division_code: str) -> None:
    """Raises Forbidden for a town outside the caller's county."""
    if not principal.covers(division_code):
        raise Forbidden("不在您的辖区", "outside your towns")


def may_see(principal: Principal, handover: H | None) -> H:
    """The handover: for the office and the receiving town, and for the institution that announced it. Raises HandoverNotFound."""
    if handover is None or not principal.covers(handover.division_code):
        raise HandoverNotFound
    if principal.has(Role.AGENCY) and handover.announced_by != principal.subject:
        raise HandoverNotFound
    return handover
