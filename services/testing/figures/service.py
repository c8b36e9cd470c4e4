"""Use cases of figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from kit.clock import day_start, local_day
from kit.problems import invalid
from kit.roles import Role
from kit.work import Work
from services.testing.figures import repository
from services.testing.figures.rules import TownCount, total, withheld
from services.testing.figures.schemas import Figures, TownFigures

SEES_PERSONS = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER, Role.SERVICE)


async def test_figures(work: Work, scope: Sequence[str], first: date, last: date, as_of: datetime | date | None) -> Figures:
    """Test completion by town, as known at `as_of`: an instant, or the end of a day (now unless said). Raises Invalid."""
    if last < first or last - first > timedelta(days=366):
        raise invalid("/query/to", "range", "日期范围须在一年以内", "the range is at most a year")
    known_at = _instant(as_of) or work.now
    closed_by = local_day(known_at) if not isinstance(as_of, date) or isinstance(as_of, datetime) else as_of + timedelta(days=1)
    rows = await repository.completion(work.session, scope, first, last, min(known_at, work.now), min(closed_by, work.today))
    towns = [TownCount(row.division_code, row.done, row.due, row.unplanned) for row in rows]
    shown = towns if work.principal.has(*SEES_PERSONS) else withheld(towns)
    return Figures(
        first=first,
        last=last,
        as_of=known_at.isoformat(),
        towns=[TownFigures.model_validate(town) for town in shown],
        done=_sum(work, towns, shown, "done"),
        due=_sum(work, towns, shown, "due"),
        unplanned=_sum(work, towns, shown, "unplanned"),
    )


def _sum(work: Work, towns: Sequence[TownCount], shown: Sequence[TownCount], name: str) -> int | None:
    if work.principal.has(*SEES_PERSONS):
        return sum(getattr(town, name) or 0 for town in towns)
    return total(towns, shown, name)


def _instant(as_of: datetime | date | None) -> datetime | None:
    if as_of is None or isinstance(as_of, datetime):
        return as_of
    return day_start(as_of + timedelta(days=1)) - timedelta(microseconds=1)
