"""Use cases of staff: the registry is asked each time, because a copy would be wrong as soon as somebody leaves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

from kit.call import NeighbourDown
from kit.problems import FieldError, Invalid, Unavailable, invalid
from kit.work import Work
from services.testing.staff import rules
from services.testing.staff.rules import Member

RETRY_SECONDS = 5


async def known(work: Work, codes: Sequence[str]) -> dict[str, Member]:
    """Number → member, of those numbers that exist. Raises Unavailable while the registry does not answer."""
    if not codes:
        return {}
    asked = "&".join(f"code={quote(code)}" for code in sorted(set(codes)))
    try:
        rows = await work.house.neighbours["registry"].get(f"/internal/staff?{asked}")
        return {member.code: member for member in map(rules.member_of, rows)}
    except (NeighbourDown, KeyError, ValueError, TypeError) as error:
        raise Unavailable(
            "人员名册(registry)暂时无法查询,未作任何登记,请稍后重试",
            "the register of staff (registry) cannot be asked just now; nothing was recorded, try again",
            headers={"Retry-After": str(RETRY_SECONDS)},
        ) from error


async def check_head(work: Work, code: str, day: date, pointer: str, took_part: Collection[str | None]) -> None:
    """Whether this member of the police can have approved it on that day. Raises Invalid, Unavailable."""
    fault = rules.fault_of_head((await known(work, [code])).get(code), day, took_part)
    if fault is not None:
        raise invalid(pointer, *fault)


async def taking_part(work: Work, codes: Sequence[str], day: date, pointer: str, *, field: str = "", two: bool = True) -> list[Member]:
    """The members behind these numbers, each in service on that day in a fitting post; at least `two` different ones. Raises Invalid, Unavailable."""
    if two and not rules.enough(codes):
        raise invalid(pointer, "two_staff", "须有两名以上工作人员", "at least two different members of staff are needed (DTP art. 8)")
    found = await known(work, codes)
    faults = [(place, rules.fault_of(found.get(code), day)) for place, code in enumerate(codes)]
    errors = [FieldError(f"{pointer}/{place}{field}", *fault) for place, fault in faults if fault is not None]
    if errors:
        raise Invalid(errors=errors)
    return [found[code] for code in codes]


def named(members: Sequence[Member]) -> list[dict[str, Any]]:
    """Number and name, as a chain keeps them."""
    return [{"staff_code": member.code, "name": member.name} for member in members]
