"""The only place that knows the real time.

Instants are aware and in UTC; days and statutory deadlines are counted in Asia/Shanghai (one zone, no summer time since 1991).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

Clock = Callable[[], datetime]


def real_clock() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


def clock_from(start: str | None) -> Clock:
    """The real clock, or one that begins at `start` (RFC 3339, GUIKANG_CLOCK) and runs on at normal speed.

    Raises ValueError when `start` names no offset: a day without a zone would move deadlines.
    """
    if not start:
        return real_clock
    begin = datetime.fromisoformat(start)
    if begin.tzinfo is None:
        raise ValueError("GUIKANG_CLOCK needs an offset, for example 2021-06-01T08:00:00+08:00")
    shift = begin - real_clock()
    return lambda: real_clock() + shift


class SteppedClock:
    """A clock that tests move by hand, so that three years can pass in one."""

    def __init__(self, start: datetime) -> None:
        self.now = start.astimezone(UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, step: timedelta) -> None:
        """Move forward by `step`."""
        self.now += step


def local_day(instant: datetime) -> date:
    """The Shanghai day of an instant: the day that the law counts."""
    return instant.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """00:00 in Shanghai of a day, as an aware UTC instant."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)
