"""Periods of a bulletin, their cut-offs and numbers. Pure: a day comes in, nothing reads the clock.

Days are days in Asia/Shanghai. A period is the half-open span [start 00:00, day after end 00:00); the closing instant is the cut-off:
what happened or fell due at or after it does not count. What is known of the period when its figures are collected is frozen with the draft, so that the
same bulletin can be computed again at any later time; a correction that comes later, as after a contest, makes a revision.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_ONE_DAY = timedelta(days=1)
_MID_MONTH = 15


class Rhythm(StrEnum):
    """How often a bulletin appears. The county began daily and went over to half-months (DEFAULT)."""

    DAY = "day"
    WEEK = "week"
    HALF_MONTH = "half_month"
    MONTH = "month"


DEFAULT_RHYTHM = Rhythm.HALF_MONTH

_SERIES = {Rhythm.DAY: "日报", Rhythm.WEEK: "周报", Rhythm.HALF_MONTH: "", Rhythm.MONTH: "月报"}


@dataclass(frozen=True, slots=True, order=True)
class BulletinNumber:
    """Year and running issue within the year; `str()` gives the printed form, 2021年第11期."""

    year: int
    issue: int
    rhythm: Rhythm = DEFAULT_RHYTHM

    def __str__(self) -> str:
        """The printed number; other rhythms than the half-month name their series, so that no two bulletins share a number."""
        return f"{self.year}年第{self.issue}期{_SERIES[self.rhythm]}"


@dataclass(frozen=True, slots=True)
class Period:
    """One period, first and last day included."""

    rhythm: Rhythm
    start: date
    end: date

    @property
    def opens_at(self) -> datetime:
        """00:00 of the first day in Asia/Shanghai, aware."""
        return datetime.combine(self.start, time.min, SHANGHAI)

    @property
    def cut_off(self) -> datetime:
        """24:00 of the last day in Asia/Shanghai (00:00 of the next day), aware; this instant itself is already outside."""
        return datetime.combine(self.end + _ONE_DAY, time.min, SHANGHAI)

    @property
    def number(self) -> BulletinNumber:
        """Half-months count 1-24, months 1-12, days 1-366; weeks are ISO 8601 weeks and carry the ISO year."""
        match self.rhythm:
            case Rhythm.DAY:
                return BulletinNumber(self.start.year, self.start.timetuple().tm_yday, self.rhythm)
            case Rhythm.WEEK:
                iso = self.start.isocalendar()
                return BulletinNumber(iso.year, iso.week, self.rhythm)
            case Rhythm.HALF_MONTH:
                half = 1 if self.start.day == 1 else 2
                return BulletinNumber(self.start.year, (self.start.month - 1) * 2 + half, self.rhythm)
            case Rhythm.MONTH:
                return BulletinNumber(self.start.year, self.start.month, self.rhythm)

    @property
    def label(self) -> str:
        """The period in words of an official paper, for example 2021年6月上半月."""
        month = f"{self.start.year}年{self.start.month}月"
        match self.rhythm:
            case Rhythm.DAY:
                return f"{month}{self.start.day}日"
            case Rhythm.WEEK:
                return f"{self.number.year}年第{self.number.issue}周"
            case Rhythm.HALF_MONTH:
                return f"{month}{'上' if self.start.day == 1 else '下'}半月"
            case Rhythm.MONTH:
                return month

    def contains(self, instant: datetime) -> bool:
        """Does the instant (aware) fall into this period? Raises ValueError for a naive one: without a zone the day is unknown."""
        if instant.tzinfo is None:
            raise ValueError("an instant needs an offset")
        return self.opens_at <= instant < self.cut_off


def period_of(day: date, rhythm: Rhythm = DEFAULT_RHYTHM) -> Period:
    """The period that a Shanghai day belongs to: 1st-15th and 16th-end, ISO week from Monday, calendar month, or the day itself."""
    match rhythm:
        case Rhythm.DAY:
            return Period(rhythm, day, day)
        case Rhythm.WEEK:
            monday = day - timedelta(days=day.weekday())
            return Period(rhythm, monday, monday + timedelta(days=6))
        case Rhythm.HALF_MONTH:
            if day.day <= _MID_MONTH:
                return Period(rhythm, day.replace(day=1), day.replace(day=_MID_MONTH))
            return Period(rhythm, day.replace(day=_MID_MONTH + 1), _month_end(day))
        case Rhythm.MONTH:
            return Period(rhythm, day.replace(day=1), _month_end(day))


def period_before(period: Period) -> Period:
    """The period of the same rhythm that ends the day before this one starts."""
    return period_of(period.start - _ONE_DAY, period.rhythm)


def period_after(period: Period) -> Period:
    """The period of the same rhythm that starts the day after this one ends."""
    return period_of(period.end + _ONE_DAY, period.rhythm)


def last_closed_period(now: datetime, rhythm: Rhythm = DEFAULT_RHYTHM) -> Period:
    """The newest period whose cut-off has passed at `now` (aware): the one that may be reported. ValueError for a naive `now`."""
    if now.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return period_before(period_of(now.astimezone(SHANGHAI).date(), rhythm))


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
