"""May this principal do this to this firm. Firms are no persons: what lies outside the caller's towns is 403, not 404."""

from __future__ import annotations

from kit.auth import Principal
from kit.problems import Forbidden
from services.precursor.firms.errors import FirmNotFound
from services.precursor.firms.tables import Firm


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
