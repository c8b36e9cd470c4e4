"""Use cases of figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from kit.clock import day_start, local_day
from kit.problems import invalid
from kit.roles import Role
from kit.scope import Scope
from kit.work import Work
from services.testing.figures import repository, rules
from services.testing.figures.schemas import Figures, TownFigures
from services.testing.periods.rules import settled_at, settled_period

SEES_PERSONS = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER, Role.SERVICE)


async def test_figures(work: Work, scope: Scope, first: date, last: date, as_of: datetime | date | None) -> Figures:
    """Test completion by town, as known at `as_of`: an instant, or the end of a day (now unless said).

    A caller who may not see persons gets only the settled half months within the period, as they were known when they settled, whatever `as_of` says.
    Raises Invalid.
    """
    if last < first or last - first > timedelta(days=366):
        raise invalid("/query/to", "range", "日期范围须在一年以内", "the range is at most a year")
    if not work.principal.has(*SEES_PERSONS):
        return await _settled(work, scope, first, last)
    known_at = _instant(as_of) or work.now
    closed_by = local_day(known_at) if not isinstance(as_of, date) or isinstance(as_of, datetime) else as_of + timedelta(days=1)
    rows = await repository.completion(work.session, scope, first, last, min(known_at, work.now), min(closed_by, work.today))
    towns = rules.added(rows)
    sums = {name: sum(getattr(town, name) or 0 for town in towns) for name in ("done", "due", "unplanned")}
    return _answer(first, last, known_at, towns, sums)


async def _settled(work: Work, scope: Scope, first: date, last: date) -> Figures:
    period = settled_period(first, last, work.today)
    if period is None:
        return _answer(first, last, work.now, [], dict.fromkeys(("done", "due", "unplanned")))
    known_at = settled_at(period[1])
    rows = await repository.completion(work.session, scope, *period, known_at, local_day(known_at))
    shown = rules.withheld(rows)
    return _answer(*period, known_at, shown, {name: rules.total(rows, shown, name) for name in ("done", "due", "unplanned")})


def _answer(first: date, last: date, known_at: datetime, towns: Sequence[rules.TownCount], sums: Mapping[str, int | None]) -> Figures:
    shown = [TownFigures.model_validate(town) for town in towns]
    return Figures(first=first, last=last, as_of=known_at, towns=shown, **sums)


def _instant(as_of: datetime | date | None) -> datetime | None:
    if as_of is None or isinstance(as_of, datetime):
        return as_of
    return day_start(as_of + timedelta(days=1)) - timedelta(microseconds=1)


async def items_for_bulletin(work: Work, first: date, last: date) -> dict[str, dict[str, dict[str, list[str]]]]:
    """Town → `test` → ids of the due tests behind the count, done and open, as known now."""
    rows = await repository.owed_items(work.session, first, last, work.now, work.today)
    return {row.owed_in: {"test": {"done": [str(i) for i in row.done], "open": [str(i) for i in row.open]}} for row in rows}
