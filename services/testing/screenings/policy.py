"""Who may record and open what: only the police may see the identity behind a positive strip (domain 10)."""

from __future__ import annotations

from typing import Protocol

from kit.auth import Principal
from kit.problems import Forbidden
from kit.roles import Role
from kit.scope import division_code
from services.testing.screenings.errors import ReferralNotFound


class Placed(Protocol):
    """What the policy needs to know."""

    division_code: str


def may_record_in(principal: Principal, division_code: str) -> None:
    """Raises Forbidden when the town is not the caller's."""
    if not principal.covers(division_code):
        raise Forbidden("不在您的辖区", "outside your towns")


def place_of_list(principal: Principal, county: str) -> str | None:
    """Where a list without towns counts: for the county, when the caller is its office, else in the caller's one town; None for somebody with several."""
    whole = division_code(county)
    if principal.covers(whole):
        return whole
    prefixes = principal.reach.prefixes
    return division_code(prefixes[0]) if len(prefixes) == 1 else None


def may_open(principal: Principal, referral: Placed | None) -> None:
    """Raises ReferralNotFound unless the caller is of the police of the place."""
    if referral is None or not principal.has(Role.POLICE_OFFICER) or not principal.covers(referral.division_code):
        raise ReferralNotFound
