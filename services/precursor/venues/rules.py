"""Which kind of place a word of a ledger means: a table decides, not code."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

Category = Literal["key_unit", "venue"]
CATEGORIES: tuple[Category, ...] = get_args(Category)

Result = Literal["pass", "rectify"]
RESULTS: tuple[Result, ...] = get_args(Result)

TYPES = Path(__file__).with_name("types.csv")


@lru_cache(maxsize=1)
def categories() -> dict[str, str]:
    """Venue type → category, as `types.csv` says."""
    with TYPES.open(encoding="utf-8", newline="") as lines:
        return {row["venue_type"].casefold(): row["category"] for row in csv.DictReader(lines)}


def category_of(venue_type: str) -> str | None:
    """`venue`, `key_unit`, or None for a word that the table does not know."""
    return categories().get(venue_type.strip().casefold())
