"""May this principal arrange, move or judge a due test: pure functions that raise (domain 3.1, 11.1)."""

from __future__ import annotations

from kit.auth import Principal
from kit.problems import ROLE, Forbidden
from kit.roles import Role

_ARRANGERS = {
    "mandatory": (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER),
    "voluntary": (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER),
    "suspected": (Role.POLICE_OFFICER,),
}
_WORKER_MAY = frozenset({"excused", "unable"})


def may_arrange(principal: Principal, kind: str) -> None:
    """Raises Forbidden: a test on suspicion is the police's alone (NCL art. 32; DTP art. 4)."""
    if not principal.has(*_ARRANGERS[kind]):
        raise Forbidden("嫌疑检测只能由公安机关决定", "only the police may order a test on suspicion")


def may_decide(principal: Principal, decision: str) -> None:
    """Raises Forbidden: a social worker writes down what the person says, but does not judge against them (DRR art. 20)."""
    if decision not in _WORKER_MAY and not principal.has(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER):
        raise Forbidden("社工不得作出对当事人不利的认定", "a social worker does not decide against the person", errors=[ROLE])
