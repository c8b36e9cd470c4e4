"""Use cases of divisions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from kit.problems import invalid
from kit.work import Work
from services.registry.divisions import repository
from services.registry.divisions.tables import Division


async def list_divisions(work: Work, day: date | None, level: str | None, parent: str | None) -> Sequence[Division]:
    """Divisions valid on a day (today unless said)."""
    return await repository.divisions_on(work.session, day or work.today, level, parent)


async def require_town(work: Work, code: str, pointer: str) -> Division:
    """The town or service centre with this code. Raises Invalid naming the field."""
    found = await repository.division(work.session, code)
    if found is None or found.level not in repository.TOWN_LEVELS:
        raise invalid(pointer, "town_unknown", "没有这个镇(便民服务中心)", "no such town or service centre")
    return found
