"""Times for review, counted in the county's working days (kit.clock: the yearly notices of the State Council, make-up weekends included). Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from kit.clock import WorkingDay, day_start, local_day


def working_days_after(day: date, count: int, works: WorkingDay) -> date:
    """The `count`-th working day after a day."""
    while count > 0:
        day += timedelta(days=1)
        count -= works(day)
    return day


def working_days_before(day: date, count: int, works: WorkingDay) -> date:
    """The `count`-th working day before a day."""
    while count > 0:
        day -= timedelta(days=1)
        count -= works(day)
    return day


def end_of_working_day(now: datetime, count: int, works: WorkingDay) -> datetime:
    """24:00 in Shanghai of the `count`-th working day after the day of `now`."""
    return day_start(working_days_after(local_day(now), count, works) + timedelta(days=1))
