"""May this principal take, see or move a specimen's chain: pure functions (DTP art. 4; domain 3.1, 11.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol
from uuid import UUID

from kit.auth import Principal
from kit.problems import Forbidden, invalid
from kit.roles import Role
from services.testing.collections.errors import CollectionNotFound
from services.testing.collections.rules import AT_A_LAB

View = Literal["none", "code", "chain"]


class Specimen(Protocol):
    """What the policy needs to know of a collection."""

    person_id: UUID
    division_code: str
    state: str


def may_collect(principal: Principal, mode: str, organs: Sequence[str]) -> None:
    """Raises Forbidden for a worker's "test", Invalid when nobody of the police took part in one (DTP art. 4)."""
    if mode == "screening":
        return
    if not principal.has(Role.POLICE_OFFICER, Role.TOWN_OFFICER, Role.COUNTY_OFFICER):
        raise Forbidden(
            "社工只能做初筛,阳性须移交公安机关检测", "a worker's strip is a screening; its positive goes to the police (DTP art. 4)"
        )
    if "police" not in organs:
        raise invalid("/collectors", "police_required", "现场检测须由公安机关进行", "an on-site test is the police's (DTP art. 4)")


def view_of(principal: Principal, specimen: Specimen, purpose: str) -> View:
    """How much of a result the caller sees. Police and the person: the chain; workers of the town: the code; the county office: the code, when the
    purpose is testing, audit or an emergency, else only that there was a test (domain 11.1)."""
    if principal.has(Role.POLICE_OFFICER) or (principal.has(Role.SUBJECT) and principal.person_id == str(specimen.person_id)):
        return "chain"
    if principal.has(Role.LAB_TECHNICIAN):
        return "chain"
    if principal.has(Role.TOWN_OFFICER, Role.SOCIAL_WORKER) or purpose in ("testing", "audit", "emergency"):
        return "code"
    return "none"


def may_report_as_lab(principal: Principal, specimen: Specimen | None) -> None:
    """Raises CollectionNotFound unless the specimen lies at a laboratory and the caller may speak for one there."""
    if specimen is None or not principal.has(Role.LAB_TECHNICIAN, Role.POLICE_OFFICER) or not principal.covers(specimen.division_code):
        raise CollectionNotFound
    if principal.has(Role.LAB_TECHNICIAN) and specimen.state not in AT_A_LAB:
        raise CollectionNotFound


def may_open_as_lab(principal: Principal, specimen: Specimen) -> bool:
    """A laboratory sees what lies with it, and nothing before or after."""
    return principal.has(Role.LAB_TECHNICIAN) and principal.covers(specimen.division_code) and specimen.state in AT_A_LAB
