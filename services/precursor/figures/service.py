"""Use case of figures."""

from __future__ import annotations

from datetime import date, timedelta

from kit.clock import day_start
from kit.problems import invalid
from kit.work import Work
from services.precursor.figures.schemas import FiguresAnswer, TownFigures
from services.precursor.inspections.repository import completion_by_town
from services.precursor.rectifications.repository import timeliness_by_town


async def figures(work: Work, first: date, last: date, *, over_by: date | None = None) -> FiguresAnswer:
    """Figures of a period as they were known on its last day, so that a bulletin can be made again. Towns of the caller's scope. Raises Invalid.

    `over_by`: count no inspection whose last day comes later, because a count of planned visits would announce them.
    """
    if last < first:
        raise invalid("/query/to", "span", "结束日期早于开始日期", "ends before it begins")
    inspections = await completion_by_town(work.session, first, min(last, over_by or last), day_start(last + timedelta(days=1)))
    rectifications = await timeliness_by_town(work.session, first, last)
    towns = {
        town: TownFigures(inspection=inspections.get(town, (0, 0)), rectification=rectifications.get(town, (0, 0)))
        for town in sorted({*inspections, *rectifications})
        if work.principal.covers(town)
    }
    return FiguresAnswer(first=first, last=last, towns=towns)
