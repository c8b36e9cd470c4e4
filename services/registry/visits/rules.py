"""What of counts may be shown to whom: small numbers, and figures of neighbouring days, could name a person. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal, get_args

VisitState = Literal["due", "done", "excused"]
VISIT_STATES: tuple[VisitState, ...] = get_args(VisitState)


Excuse = Literal["custody", "hospital", "abroad", "dead", "three_years_clean", "supervision_ended"]
EXCUSES: tuple[Excuse, ...] = get_args(Excuse)


TargetStatus = Literal["community_treatment", "community_rehabilitation", "maintenance_treatment", "voluntary_treatment", "in_society"]


SMALL = 5
"""Counts below this could name a person: withheld from `leader` and from anything wider than the office (domain 4.3, DEFAULT)."""


def reporting_day(day: date) -> date:
    """The last day of a half month that is over by that day: the 15th, or the last of a month. Who may not see small counts gets figures of these days alone,
    so that two figures a day apart do not tell of one person."""
    if (day + timedelta(days=1)).day == 1:
        return day
    return day.replace(day=15) if day.day >= 15 else day.replace(day=1) - timedelta(days=1)
