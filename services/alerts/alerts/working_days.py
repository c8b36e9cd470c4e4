"""Working days in mainland China: Monday to Friday without the State Council's holidays (国务院关于节假日安排的通知).

Make-up weekends (调休) are counted as days off, which can only lengthen a deadline by a day. The list comes from the `holidays` package, imported when first needed.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache

from kit.clock import day_start, local_day


@lru_cache(maxsize=16)
def _off_days(year: int) -> frozenset[date]:
    from holidays.countries.china import China  # half a second of imports; the package's front door loads more

    return frozenset(China(years=year))


def is_working_day(day: date) -> bool:
    """Whether offices are open."""
    return day.weekday() < 5 and day not in _off_days(day.year)


def working_days_after(day: date, count: int) -> date:
    """The `count`-th working day after a day."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day


def working_days_before(day: date, count: int) -> date:
    """The `count`-th working day before a day."""
    while count > 0:
        day -= timedelta(days=1)
        count -= is_working_day(day)
    return day


def end_of_working_day(now: datetime, count: int) -> datetime:
    """24:00 in Shanghai of the `count`-th working day after the day of `now`."""
    return day_start(working_days_after(local_day(now), count) + timedelta(days=1))
