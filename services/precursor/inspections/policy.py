"""May this principal do this to this inspection. The county office coordinates and reads; only the drawn officers record (国办发〔2024〕54号)."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from kit.auth import Principal
from kit.problems import Forbidden
from kit.roles import Role
from kit.steps.taking import Reason, refuse
from services.precursor.inspections.errors import InspectionNotFound
from services.precursor.inspections.tables import Inspection

NOT_ITS_OFFICER = Reason(
    code="not_its_officer", zh="只有本次检查的执法人员可以记录", en="only the officers of this inspection may record it"
)
BEFORE_WINDOW = Reason(code="before_window", zh="早于计划的检查期间", en="lies before the planned period")


def may_see(principal: Principal, inspection: Inspection | None) -> Inspection:
    """The inspection. Raises InspectionNotFound, Forbidden. Only those who plan and make a planned visit can see it."""
    if inspection is None or (inspection.state == "planned" and not knows_plans(principal)):
        raise InspectionNotFound
    if not principal.covers(inspection.division_code):
        raise Forbidden("不在您的辖区", "outside your towns")
    return inspection


def knows_plans(principal: Principal) -> bool:
    """Whether a caller may know of a visit before it was made: the list is published after the visit (domain 9), so that nobody is warned."""
    return principal.has(Role.COUNTY_OFFICER, Role.INSPECTOR, Role.AUDITOR)


def may_record(caller: UUID, officers: Collection[UUID]) -> None:
    """Only an officer of this inspection records it; once it has begun, one who was there. Raises Forbidden."""
    refuse([] if caller in officers else [NOT_ITS_OFFICER], Forbidden)


def may_publish(authority: str, inspection: Inspection) -> None:
    """The authority that inspected publishes; the county office may record that it did. Raises Forbidden."""
    if authority != inspection.authority:
        raise Forbidden("应由实施检查的机关公示", "the authority that inspected publishes the result")
