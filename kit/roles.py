"""Names of roles and of purposes, once (DESIGN section 6). Labels are what people read on the screen."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, get_args


class Role(StrEnum):
    """The roles of callers. The gateway's route table and each noun's policy say what each may do."""

    COUNTY_OFFICER = "county_officer"
    TOWN_OFFICER = "town_officer"
    SOCIAL_WORKER = "social_worker"
    GRID_WORKER = "grid_worker"
    POLICE_OFFICER = "police_officer"
    LAB_TECHNICIAN = "lab_technician"
    INSPECTOR = "inspector"
    LEADER = "leader"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    SUBJECT = "subject"
    AGENCY = "agency"
    PARTNER = "partner"
    SERVICE = "service"


LABELS: dict[Role, tuple[str, str]] = {
    Role.COUNTY_OFFICER: ("县禁毒办工作人员", "county office"),
    Role.TOWN_OFFICER: ("禁毒专干", "full-time narcotics officer of a town"),
    Role.SOCIAL_WORKER: ("禁毒社工", "narcotics social worker"),
    Role.GRID_WORKER: ("网格员", "grid worker"),
    Role.POLICE_OFFICER: ("社区民警", "community police officer"),
    Role.LAB_TECHNICIAN: ("检测实验室人员", "laboratory technician"),
    Role.INSPECTOR: ("执法人员", "inspector with a law-enforcement certificate"),
    Role.LEADER: ("领导(只看数字)", "leader: figures, no persons"),
    Role.AUDITOR: ("审计人员", "auditor: logs, no persons"),
    Role.ADMINISTRATOR: ("系统管理员", "administrator: accounts, no persons"),
    Role.SUBJECT: ("本人", "the person, own record only"),
    Role.AGENCY: ("对接单位系统", "another agency's system"),
    Role.PARTNER: ("共管省份系统", "a partner province's system"),
    Role.SERVICE: ("内部服务", "a neighbouring service"),
}

BOUND_TO_CASELOAD = frozenset({Role.SOCIAL_WORKER, Role.GRID_WORKER})
"""See the persons for whom they care themselves and nobody else of their town (domain 11.1: own caseload)."""
WIDER_THAN_CASELOAD = frozenset({Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER})

EMERGENCY = "emergency"
Purpose = Literal["supervision", "assistance", "testing", "inspection", "audit", "exchange", "emergency"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
"""Why a person is looked at: the header `Purpose`."""
