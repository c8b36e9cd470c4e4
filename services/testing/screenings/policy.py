"""Who may record and open what: the identity behind a positive strip is the police's alone (domain 10)."""

from __future__ import annotations

from typing import Protocol

from kit.auth import Principal
from kit.problems import Forbidden
from kit.roles import Role
from services.testing.screenings.errors import ReferralNotFound


class Placed(Protocol):
    """What the policy needs to know."""

    division_code: str


def may_record_in(principal: Principal, division_code: str) -> None:
    """Raises Forbidden when the town is not the caller's."""
    if not principal.covers(division_code):
        raise Forbidden("不在您的辖区", "outside your towns")


def may_open(principal: Principal, referral: Placed | None) -> None:
    """Raises ReferralNotFound unless the caller is of the police of the place."""
    if referral is None or not principal.has(Role.POLICE_OFFICER) or not principal.covers(referral.division_code):
        raise ReferralNotFound
