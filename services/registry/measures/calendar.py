"""Which days people work in China, from the published holiday arrangements including working weekends."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def _china() -> Any:
    import holidays  # 40 ms that only the first term needs

    return holidays.country_holidays("CN")


def is_working_day(day: date) -> bool:
    """Neither a weekend nor a public holiday, or a weekend that was declared a working day."""
    return bool(_china().is_working_day(day))
