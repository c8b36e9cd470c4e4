"""The only place that knows the real time.

Instants are aware and in UTC; days and statutory deadlines are counted in Asia/Shanghai (one zone, no summer time since 1991).
Which days are working days is data with its source (`working_days.csv`: the yearly notices of the State Council); what counts with them is pure.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

Clock = Callable[[], datetime]
WorkingDay = Callable[[date], bool]


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


def shown(instant: datetime) -> str:
    """A moment as every answer shows it: RFC 3339 in UTC with `Z`, as pydantic writes it too."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def local_day(instant: datetime) -> date:
    """The Shanghai day of an instant: the day that the law counts."""
    return instant.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """00:00 in Shanghai of a day, as an aware UTC instant."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def working_days(rows: Iterable[Mapping[str, str]], area: str) -> WorkingDay:
    """The working days of an area: Monday to Friday but for these rows (area, first, last, works). The longest prefix of the area wins, then the later row."""
    said: dict[date, bool] = {}
    for row in sorted((row for row in rows if area.startswith(row["area"])), key=lambda row: len(row["area"])):
        first, days = date.fromisoformat(row["first"]), date.fromisoformat(row["last"]) - date.fromisoformat(row["first"])
        said |= {first + timedelta(days=n): {"yes": True, "no": False}[row["works"]] for n in range(days.days + 1)}
    return lambda day: said.get(day, day.weekday() < 5)


def load_working_days(area: str, *own: Path) -> WorkingDay:
    """The shipped calendar, then the files of a county's own that exist (same columns). Raises KeyError or ValueError for a row that cannot be read."""
    texts = [path.read_text("utf-8-sig") for path in (Path(__file__).with_name("working_days.csv"), *own) if path.exists()]
    return working_days([row for lines in texts for row in csv.DictReader(lines.splitlines())], area)


def last_day(event: date, days: int, works: WorkingDay) -> date:
    """Last day of a term of calendar days: the event's day is not counted, and a rest day at the end moves it to the next working day."""
    day = event + timedelta(days=days)
    while days and not works(day):
        day += timedelta(days=1)
    return day
