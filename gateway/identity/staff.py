"""What the registry knows of the people behind accounts: who exists, in which post, until when (law 9: asked, never read)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

from kit.call import NeighbourDown
from kit.doors import query
from kit.problems import Unavailable
from kit.work import Work


class Member(BaseModel):
    """One member of staff, as the registry reports."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str
    name: str
    post: str
    division_code: str
    valid_from: date
    valid_to: date | None


async def members(work: Work, codes: Iterable[str]) -> dict[str, Member]:
    """Staff number → member, those who left among them. Raises Unavailable."""
    asked = sorted(set(codes))
    found: dict[str, Member] = {}
    for start in range(0, len(asked), 100):
        part = "&".join(query(code=code)[1:] for code in asked[start : start + 100])
        for item in await _ask(work, f"/internal/staff?{part}"):
            found[item["code"]] = Member.model_validate(item)
    return found


async def member(work: Work, code: str) -> Member | None:
    """One member of staff. Raises Unavailable."""
    return (await members(work, [code])).get(code)


async def places(work: Work, codes: Sequence[str]) -> dict[str, str]:
    """Division code → name, of these divisions. Raises Unavailable."""
    wanted = set(codes)
    return {item["code"]: item["name"] for item in await _ask(work, "/internal/divisions") if item["code"] in wanted} if wanted else {}


async def _ask(work: Work, path: str) -> list[dict[str, Any]]:
    door = work.house.neighbours.get("registry")
    if door is None:
        raise Unavailable(headers={"Retry-After": "5"})
    try:
        found: list[dict[str, Any]] = await door.get(path)
    except NeighbourDown as error:
        raise Unavailable(headers={"Retry-After": "5"}) from error
    return found
