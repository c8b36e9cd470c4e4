"""The formulas that were ever in force, read from `formulas.toml` and from a county's own file of the same form."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from services.alerts.bulletins.rules import ColourRules, Indicator

SHIPPED = Path(__file__).with_name("formulas.toml")


def _formula(row: dict[str, Any]) -> ColourRules:
    return ColourRules(
        version=row["version"],
        valid_from=row["valid_from"],
        valid_to=row.get("valid_to"),
        source=row["source"],
        weights={Indicator(name): Decimal(weight) for name, weight in row["weights"].items()},
        green_from=Decimal(row["green_from"]),
        yellow_from=Decimal(row["yellow_from"]),
        orange_from=Decimal(row["orange_from"]),
        orange_hard_fails=int(row["orange_hard_fails"]),
        red_hard_fails=int(row["red_hard_fails"]),
        small_cell=int(row["small_cell"]),
        is_default=bool(row["is_default"]),
    )


def load_formulas(*own: Path) -> tuple[ColourRules, ...]:
    """The shipped formulas, then those of a county's own files that exist. Raises KeyError or ValueError for one that contradicts itself or names a version twice."""
    texts = [path.read_text("utf-8") for path in (SHIPPED, *own) if path.exists()]
    found = tuple(_formula(row) for text in texts for row in tomllib.loads(text)["formula"])
    if len({rules.version for rules in found}) != len(found):
        raise ValueError("a version of the formula stands twice")
    return found


def named(formulas: Sequence[ColourRules], version: str) -> ColourRules:
    """The formula of a version. Raises LookupError."""
    for rules in formulas:
        if rules.version == version:
            return rules
    raise LookupError(f"no colour rules {version}")


FORMULAS = load_formulas()
DEFAULT_RULES = FORMULAS[0]
