"""Pure rules of periods: half months that are over, and counts that could name somebody.

A reader who sees no persons is shown whole half months only, as they were known some days after their end. Otherwise two questions a day apart, or the
same question on two days, would differ by one person's test (domain 4.3: counts below five stay inside).
"""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta

from kit.clock import day_start

SMALL = 5
"""Counts of 1 to 4 people could identify a person. DEFAULT."""
SETTLED_DAYS = 3
"""A half month is settled this many days after its end, when late entries from phones have arrived. DEFAULT."""
MIDDLE = 15


def is_small(count: int) -> bool:
    """Whether a count could identify somebody."""
    return 0 < count < SMALL


def half_month_start(day: date) -> date:
    """The first day of the half month that holds a day: the 1st or the 16th."""
    return day.replace(day=1 if day.day <= MIDDLE else MIDDLE + 1)


def half_month_end(day: date) -> date:
    """The last day of the half month that holds a day."""
    return day.replace(day=MIDDLE if day.day <= MIDDLE else calendar.monthrange(day.year, day.month)[1])


def settled_period(first: date, last: date, today: date) -> tuple[date, date] | None:
    """The whole half months within `first` to `last` that are settled today; None when no half month is."""
    begin = first if first == half_month_start(first) else half_month_end(first) + timedelta(days=1)
    latest = min(last, today - timedelta(days=SETTLED_DAYS + 1))
    end = latest if latest == half_month_end(latest) else half_month_start(latest) - timedelta(days=1)
    return (begin, end) if begin <= end else None


def settled_at(last: date) -> datetime:
    """The instant from which on a half month that ends on `last` does not change any more: the end of the last day of waiting."""
    return day_start(last + timedelta(days=SETTLED_DAYS + 1)) - timedelta(microseconds=1)
