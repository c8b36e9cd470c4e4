"""Checklist templates as dated data: `<kind>.<first day>.csv` beside this file (domain 7.3 and 8)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a checklist."""

    item_no: str
    item_zh: str
    item_en: str
    basis: str
    typical_outcomes: tuple[str, ...]
    competent: tuple[str, ...]
    """Authorities that may take over such a finding, by article (PCR art. 38-42, domain 7.2; 邮政法, CTL art. 85)."""
    pending_verification: bool
    """The article was not checked against the official text: warn, do not block."""


@dataclass(frozen=True, slots=True)
class Template:
    """A checklist from a day on."""

    kind: str
    valid_from: date
    items: tuple[Item, ...]

    @property
    def name(self) -> str:
        """`chemical.2018-09-18`: what an inspection's record names."""
        return f"{self.kind}.{self.valid_from.isoformat()}"


def _read(path: Path) -> Template:
    kind, _, day = path.stem.partition(".")
    with path.open(encoding="utf-8", newline="") as lines:
        items = tuple(
            Item(
                row["item_no"],
                row["item_zh"],
                row["item_en"],
                row["basis"],
                tuple(row["typical_outcomes"].split("|")),
                tuple(row["competent"].split("|")),
                row["pending_verification"] == "Y",
            )
            for row in csv.DictReader(lines)
        )
    return Template(kind, date.fromisoformat(day), items)


@lru_cache(maxsize=1)
def templates() -> dict[str, Template]:
    """Name → template, of all kinds and days."""
    return {template.name: template for template in map(_read, sorted(FOLDER.glob("*.csv")))}


def template_on(kind: str, day: date) -> Template | None:
    """The checklist in force on a day for a kind of object."""
    fitting = [template for template in templates().values() if template.kind == kind and template.valid_from <= day]
    return max(fitting, key=lambda template: template.valid_from, default=None)
