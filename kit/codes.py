"""Code lists with labels in two languages, as data: `codes.csv` of a service with the columns list, code, zh, en.

A list is named after its column (`specimen_type`) or, where columns of one name differ, after table and column (`thing.state`).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

Codes = Mapping[str, tuple[str, str]]
"""Code → (Chinese label, English label)."""


def load_codes(folder: Path) -> dict[str, Codes]:
    """The lists of `codes.csv` in a service's folder. Raises ValueError for a label that is missing or given twice."""
    lists: dict[str, dict[str, tuple[str, str]]] = {}
    with (folder / "codes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            entries = lists.setdefault(row["list"], {})
            if row["code"] in entries or not row["zh"] or not row["en"]:
                raise ValueError(f"{folder.name}: {row['list']} {row['code']} is labelled twice or not at all")
            entries[row["code"]] = (row["zh"], row["en"])
    return dict(lists)
