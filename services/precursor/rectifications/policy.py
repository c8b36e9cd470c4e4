"""May this principal do this to this order."""

from __future__ import annotations

from kit.auth import Principal
from kit.problems import Forbidden
from kit.steps.taking import Reason, refuse
from services.precursor.rectifications.errors import RectificationNotFound
from services.precursor.rectifications.tables import Rectification

OTHER_AUTHORITY = Reason(code="other_authority", zh="由作出责令改正的机关复查", en="the authority that ordered the correction re-checks it")


def may_see(principal: Principal, rectification: Rectification | None) -> Rectification:
    """The order. Raises RectificationNotFound, Forbidden."""
    if rectification is None:
        raise RectificationNotFound
    if not principal.covers(rectification.division_code):
        raise Forbidden("不在您的辖区", "outside your towns")
    return rectification


def may_recheck(authority: str, rectification: Rectification) -> None:
    """Only the authority that ordered it re-checks. Raises Forbidden."""
    refuse([] if authority == rectification.authority else [OTHER_AUTHORITY], Forbidden)
