"""May this principal take, see or move a specimen's chain: pure functions (DTP art. 4; domain 3.1, 11.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from kit.auth import Principal
from kit.problems import Forbidden, invalid
from kit.roles import Role
from services.testing.collections.errors import CollectionNotFound
from services.testing.collections.rules import OPEN
from services.testing.collections.rules.words import View
from services.testing.staff.rules import Member
from services.testing.subjects.policy import CLOSED_FOR, STAFF
from services.testing.subjects.rules import ENDS_SUPERVISION

DECIDERS = (Role.POLICE_OFFICER, Role.COUNTY_OFFICER)
"""Who must bring an open chain to its end, whatever became of the person's record (DTP art. 10-15)."""


class Specimen(Protocol):
    """What the policy needs to know of a collection."""

    person_id: UUID
    division_code: str
    tested_in: str
    state: str
    first_lab_id: UUID | None
    retest_lab_id: UUID | None


class Standing(Protocol):
    """What the policy needs to know of the person."""

    standing: str | None


def may_collect(principal: Principal, mode: str, collectors: Sequence[Member]) -> None:
    """Raises Forbidden unless the police record an on-site test, Invalid when nobody of the police took part in it (DTP art. 4)."""
    if mode == "screening":
        return
    may_report_onsite(principal, mode)
    if not any(member.organ == "police" for member in collectors):
        raise invalid("/collectors", "police_required", "现场检测须由公安机关进行", "an on-site test is the police's (DTP art. 4)")


def may_report_onsite(principal: Principal, mode: str) -> None:
    """Raises Forbidden: an on-site test is made and recorded by the police; everybody else screens (DTP art. 4; domain 3.1)."""
    if mode == "onsite_test" and not principal.has(Role.POLICE_OFFICER):
        raise Forbidden(
            "现场检测由公安机关实施并登记;乡镇和社工只能做初筛,阳性须移交公安机关(《吸毒检测程序规定》第四条)",
            "an on-site test is made and recorded by the police; others screen, and a positive goes to the police (DTP art. 4)",
        )


def may_see(principal: Principal, specimen: Specimen, subject: Standing | None, purpose: str) -> None:
    """Raises CollectionNotFound unless it is the caller's own test or laboratory, or the caller is responsible on this day.

    Responsible are the staff of the person's town of today, of them a social worker for the own caseload only. The police of the place of the test, and the county office, keep an open chain until it ends,
    also when the person has moved or the record has closed: an objection must be decided by the organ that made the test (DTP art. 13).
    `repository.in_sight` says the same in SQL.
    """
    if principal.has(Role.SUBJECT) and principal.person_id == str(specimen.person_id):
        return
    if holds(principal, specimen):
        return
    if not principal.has(*STAFF):
        raise CollectionNotFound
    if decides(principal, specimen):
        return
    closed = subject is not None and subject.standing in ENDS_SUPERVISION
    reached = principal.covers(specimen.division_code, specimen.person_id) or purpose == "emergency"
    if not reached or (closed and not (principal.has(Role.COUNTY_OFFICER) and purpose in CLOSED_FOR)):
        raise CollectionNotFound


def may_move(principal: Principal, specimen: Specimen, subject: Standing | None, *, own: bool = False) -> None:
    """Raises CollectionNotFound unless the caller may take a step with this chain; `own`: the person too.

    On a closed record only two may start something new: those who decide, and the person, who may object late (domain 3.1).
    """
    if own and principal.has(Role.SUBJECT) and principal.person_id == str(specimen.person_id):
        return
    if decides(principal, specimen):
        return
    closed = subject is not None and subject.standing in ENDS_SUPERVISION
    deciding = principal.has(*DECIDERS) and principal.covers(specimen.division_code)
    if not principal.has(*STAFF) or not principal.covers(specimen.division_code, specimen.person_id) or (closed and not deciding):
        raise CollectionNotFound


def decides(principal: Principal, specimen: Specimen) -> bool:
    """Whether the caller must bring this open chain to its end: police and county office of the town of today, or of the place of the test."""
    here = principal.covers(specimen.division_code) or principal.covers(specimen.tested_in)
    return principal.has(*DECIDERS) and specimen.state in OPEN and here


def holds(principal: Principal, specimen: Specimen) -> bool:
    """Whether the specimen lies at the caller's own laboratory now. A laboratory sees a chain only while it holds the specimen."""
    lab = {"at_lab": specimen.first_lab_id, "at_retest_lab": specimen.retest_lab_id}.get(specimen.state)
    own = lab is not None and principal.laboratory_id == str(lab)
    return own and principal.has(Role.LAB_TECHNICIAN) and principal.covers(specimen.tested_in)


def view_of(principal: Principal, specimen: Specimen, purpose: str) -> View:
    """How much of a result the caller sees. Police, the person and the laboratory that holds it: the chain; workers of the town: the code; the county
    office: the code, when the purpose is testing, audit or an emergency, else only that there was a test (domain 11.1)."""
    if principal.has(Role.POLICE_OFFICER) or (principal.has(Role.SUBJECT) and principal.person_id == str(specimen.person_id)):
        return "chain"
    if principal.has(Role.LAB_TECHNICIAN) and principal.laboratory_id in (str(specimen.first_lab_id), str(specimen.retest_lab_id)):
        return "chain"  # what `may_see` opens while the specimen lies there, and the answer to the laboratory's own report
    if principal.has(Role.TOWN_OFFICER, Role.SOCIAL_WORKER) or purpose in ("testing", "audit", "emergency"):
        return "code"
    return "none"


def may_ask_by_state(principal: Principal, purpose: str, state: str | None) -> None:
    """Raises Forbidden. A caller who may not see results must not learn them by filtering the list by state."""
    sees = principal.has(Role.POLICE_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.LAB_TECHNICIAN)
    if state is not None and not sees and purpose not in ("testing", "audit", "emergency"):
        raise Forbidden("须以检测用途(Purpose: testing)查询结果状态", "asking by state needs Purpose: testing")


def may_report_as_lab(principal: Principal, specimen: Specimen | None) -> None:
    """Raises CollectionNotFound unless the caller works for the laboratory at which the specimen lies, or is of the police that sent it."""
    if specimen is None or not (holds(principal, specimen) or principal.has(Role.POLICE_OFFICER)):
        raise CollectionNotFound


def may_show_basis(principal: Principal, kind: str) -> None:
    """Raises Forbidden. Only the police can show an instruction or a suspicion; the keeper of the ledger can also show a consent (DTP art. 2, 4)."""
    if kind != "voluntary" and not principal.has(Role.POLICE_OFFICER):
        raise Forbidden(
            "强制检测或嫌疑检测的依据须由公安机关确认", "that a test was mandatory or on suspicion is confirmed by the police (DTP art. 4)"
        )
