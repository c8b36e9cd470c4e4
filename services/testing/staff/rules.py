"""Pure rules of staff: whose staff somebody is, and which posts may take part in a collection (DTP art. 4, 8)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

Organ = Literal["police", "town"]
ORGANS: tuple[Organ, ...] = get_args(Organ)

COLLECTING_POSTS = frozenset({"police_officer", "town_officer", "social_worker", "county_officer", "medic"})
"""Working staff (工作人员, DTP art. 8): not the person's family, no volunteer, and no grid worker, whose task is the visit alone (domain 11.1)."""

TWO = 2
"""At least two members of staff collect, send and test (DTP art. 8)."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff as the registry's list has it."""

    code: str
    name: str
    post: str
    sex: str | None
    valid_from: date
    valid_to: date | None
    """First day out of service."""

    @property
    def organ(self) -> Organ:
        """Whose staff this is: the police's, or the town's and county's."""
        return "police" if self.post == "police_officer" else "town"

    def serves_on(self, day: date) -> bool:
        """Whether this member was in service on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


def member_of(row: Mapping[str, Any]) -> Member:
    """One member from the answer of the registry's internal API. Raises KeyError, ValueError when it is not that."""
    until = row["valid_to"]
    return Member(
        str(row["code"]),
        str(row["name"]),
        str(row["post"]),
        row["sex"],
        date.fromisoformat(row["valid_from"]),
        date.fromisoformat(until) if until else None,
    )


def fault_of(member: Member | None, day: date) -> tuple[str, str, str] | None:
    """Why somebody cannot take part on a day, as (code, zh, en); None when nothing is wrong."""
    if member is None:
        return "staff_unknown", "人员名册中没有此编号", "the register of staff has no such number"
    if not member.serves_on(day):
        return "not_in_service", "此人当日不在岗", "this member of staff was not in service on that day"
    if member.post not in COLLECTING_POSTS:
        return "post_unfit", "此岗位人员不得参与采样、检测或送检", "this post takes no part in collecting, testing or sending"
    return None


def fault_of_head(member: Member | None, day: date, took_part: Collection[str | None]) -> tuple[str, str, str] | None:
    """Why somebody cannot have approved what the head of the police approves (DTP art. 16), as (code, zh, en); None when nothing is wrong.

    `took_part`: the numbers of those who collected, and of who records it: nobody approves the own work.
    """
    if member is None:
        return "staff_unknown", "人员名册中没有此编号", "the register of staff has no such number"
    if not member.serves_on(day):
        return "not_in_service", "此人当日不在岗", "this member of staff was not in service on that day"
    if member.organ != "police":
        return "not_police", "须为公安机关", "must be of the police"
    if member.code in took_part:
        return "another_person", "须由另一人决定或批准", "somebody else must decide or approve it"
    return None


def enough(codes: Sequence[str]) -> bool:
    """Two or more different members of staff (DTP art. 8)."""
    return len(set(codes)) >= TWO


def same_sex(person: str | None, members: Sequence[Member]) -> bool:
    """Whether everybody who collects is of the person's sex. DTP art. 8 says it for women; DEFAULT for everybody. An unknown sex never matches."""
    return person is not None and all(member.sex == person for member in members)
