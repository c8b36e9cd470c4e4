"""Public sources of random numbers that a draw may name in advance: data (`sources.csv`), because a user may not invent one (RFC 3797 section 3).

`outcomes` is a low count of the different values that a source gives. Of a stock index only the digits that move within a day count:
DEFAULT, set low.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("sources.csv")
_WEEK = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


@dataclass(frozen=True, slots=True)
class Source:
    """One public source."""

    source: str
    zh: str
    en: str
    publisher: str
    where: str
    count: int
    low: int
    high: int
    ordered: bool
    """Whether the order of its numbers counts; otherwise they are taken in ascending order."""
    repeats: bool
    """Whether a number may come twice."""
    days: str
    """Weekdays on which it gives a value; `DAILY`; `WORKING` for days of trade."""
    known_at: time
    """When its value of a day can be known, Shanghai time."""
    outcomes: int

    def gives_on(self, day: date, works: Callable[[date], bool]) -> bool:
        """Whether it gives a value on a day. An exchange trades on working days that are not moved to a weekend."""
        if self.days == "WORKING":
            return works(day) and day.weekday() < 5
        return self.days == "DAILY" or _WEEK[day.weekday()] in self.days.split()

    def frozen(self, day: date, issue: str | None) -> dict[str, Any]:
        """The source as the draw's parameters hold it for ever: what the algorithm reads, and where to look the value up."""
        return {
            "name": f"{self.zh} {day.isoformat()}" + (f" 第{issue}期" if issue else ""),
            "source": self.source,
            "day": day.isoformat(),
            "issue": issue,
            "publisher": self.publisher,
            "where": self.where,
            "count": self.count,
            "low": self.low,
            "high": self.high,
            "ordered": self.ordered,
            "repeats": self.repeats,
        }


@lru_cache(maxsize=1)
def sources() -> Mapping[str, Source]:
    """Code → source."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        return {
            row["source"]: Source(
                source=row["source"],
                zh=row["zh"],
                en=row["en"],
                publisher=row["publisher"],
                where=row["where"],
                count=int(row["count"]),
                low=int(row["low"]),
                high=int(row["high"]),
                ordered=row["ordered"] == "Y",
                repeats=row["repeats"] == "Y",
                days=row["days"],
                known_at=time.fromisoformat(row["known_at"]),
                outcomes=int(row["outcomes"]),
            )
            for row in csv.DictReader(lines)
        }


def outcomes_of(named: Iterable[Source]) -> int:
    """How many different values sources give together; the same source on two days counts twice."""
    return prod(source.outcomes for source in named)


def known_at(named: Iterable[tuple[Source, date]], zone: Any) -> datetime:
    """The instant from which all values can be known."""
    return max(datetime.combine(day, source.known_at, zone) for source, day in named)


def repeated(frozen: Sequence[Mapping[str, Any]], values: Sequence[Sequence[int]]) -> list[int]:
    """Positions of sources whose numbers stand twice although the source never gives one twice."""
    return [
        place
        for place, (source, numbers) in enumerate(zip(frozen, values, strict=False))
        if not source.get("repeats", True) and len(set(numbers)) != len(numbers)
    ]
