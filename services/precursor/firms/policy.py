"""May this principal do this to this firm. Firms are not persons: a firm outside the caller's towns answers 403, not 404."""

from __future__ import annotations

from kit.auth import Principal
from kit.problems import Forbidden
from kit.roles import Role
from services.precursor.firms.errors import FirmNotFound
from services.precursor.firms.tables import Firm

WRITERS = (Role.COUNTY_OFFICER, Role.SERVICE)
"""Who enters and amends firms, by hand and by list: the office; and the house itself, which brings its own rows."""


def may_see(principal: Principal, firm: Firm | None) -> Firm:
    """The firm. Raises FirmNotFound, Forbidden."""
    if firm is None:
        raise FirmNotFound
    may_reach(principal, firm.division_code)
    return firm


def may_reach(principal: Principal, division_code: str) -> None:
    """Raises Forbidden when a town is not the caller's."""
    if not principal.covers(division_code):
        raise Forbidden("不在您的辖区", "outside your towns")


def may_take_over(principal: Principal, firm: Firm | None, division_code: str) -> bool:
    """Whether a ledger may write a firm (None: a new one) that it names in a town: as who may enter and amend it by hand, and never one that was closed."""
    if not principal.has(*WRITERS):
        return False
    try:
        if firm is not None:
            may_see(principal, firm)
        may_reach(principal, division_code)
    except Forbidden:
        return False
    return firm is None or firm.state != "closed"
