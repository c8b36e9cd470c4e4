"""Use cases of figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from kit.clock import day_start
from kit.problems import invalid
from kit.work import Work
from services.testing.figures import repository
from services.testing.figures.schemas import Figures, TownFigures


async def test_figures(work: Work, scope: Sequence[str], first: date, last: date, as_of: datetime | date | None) -> Figures:
    """Test completion by town, as known at `as_of`: an instant, or the end of a day (now unless said). Raises Invalid."""
    if last < first or last - first > timedelta(days=366):
        raise invalid("/query/to", "range", "日期范围须在一年以内", "the range is at most a year")
    cutoff = _cutoff(as_of) or work.now
    rows = await repository.completion(work.session, scope, first, last, min(cutoff, work.now))
    towns = [TownFigures.model_validate(row) for row in rows]
    return Figures(
        first=first,
        last=last,
        as_of=cutoff.isoformat(),
        towns=towns,
        done=sum(town.done for town in towns),
        due=sum(town.due for town in towns),
    )


def _cutoff(as_of: datetime | date | None) -> datetime | None:
    if as_of is None or isinstance(as_of, datetime):
        return as_of
    return day_start(as_of + timedelta(days=1)) - timedelta(microseconds=1)
