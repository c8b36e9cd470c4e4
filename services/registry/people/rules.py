"""Pure rules of people: names for searching, the standing of a day, who still counts."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

CURRENT = frozenset(
    {
        "community_treatment",
        "community_rehabilitation",
        "compulsory_isolation_treatment",
        "detained",
        "maintenance_treatment",
        "voluntary_treatment",
        "in_society",
    }
)
"""Standings that count as current users (现有吸毒人员, domain glossary)."""

NOT_MANAGED = frozenset({"transferred_out", "erroneous"})
"""Standings that leave the managed total (管控总数)."""

ENDS_SUPERVISION = frozenset({"three_years_clean", "dead", "transferred_out", "erroneous"})
"""Nothing is owed and nothing is collected any more (DRR art. 7; domain 2.5)."""

DEAD_END = frozenset({"dead", "erroneous"})
"""No standing follows these, except by a correction."""

_DOTS = "•‧・・"


@dataclass(frozen=True, slots=True)
class DatedStanding:
    """A standing with its day and the moment of its recording."""

    status: str
    since: date
    recorded: int


def folded_name(name: str) -> str:
    """A name as it is compared: inner blanks removed, middle dots made one (U+00B7). CJK compatibility ideographs stay as they are."""
    kept = "".join(character for character in name if not character.isspace() and unicodedata.category(character) != "Cf")
    return "".join("·" if character in _DOTS else character for character in kept)


def standing_on(history: Iterable[DatedStanding], day: date) -> DatedStanding | None:
    """The standing that holds on a day: the latest `since` on or before it; for equal days the one recorded last."""
    past = [entry for entry in history if entry.since <= day]
    return max(past, key=lambda entry: (entry.since, entry.recorded), default=None)
