"""Rules of firms: pure, standard library only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

LEDGER_ACTIVITIES: Mapping[str, str] = {
    "MAKE": "produce",
    "SELL": "trade",
    "BUY": "buy",
    "USE": "use",
    "CARRY": "transport",
    "TRADE_ABROAD": "import_export",
}
"""A ledger's word for what a firm does → ours (易制毒化学品管理条例 art. 2)."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What decides who has power over a firm: classes, pharmaceutical or not, and what it does (易制毒化学品管理条例 art. 7-27)."""

    class_1: bool
    pharmaceutical: bool
    """It holds a pharmaceutical precursor (药品类)."""
    other: bool
    """It holds something else, or nothing is known of what it holds."""
    activities: frozenset[str] = frozenset()


def holding_of(names: Iterable[str], categories: Iterable[int], activities: Iterable[str], pharmaceuticals: Collection[str]) -> Holding:
    """What a firm holds, by the names of its chemicals, its classes and the names that are pharmaceutical. Those all stand in class 1 (annex)."""
    held, classes = set(names), set(categories)
    return Holding(
        class_1=1 in classes,
        pharmaceutical=bool(held & set(pharmaceuticals)),
        other=not held or bool(held - set(pharmaceuticals)) or bool(classes - {1}),
        activities=frozenset(activities),
    )


WARN_DAYS = 30
"""Days before a licence ends on which the firm's file says so. DEFAULT: a purchase permit takes up to 10 days, a trade licence 30 (art. 10, 15)."""


_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def is_organisation_code(code: str) -> bool:
    """Whether nine characters are an organisation code with its check character (GB 11714-1997): eight weighted, 11 minus the remainder of 11; 10 is X."""
    total = sum(int(character, 36) * weight for character, weight in zip(code, _WEIGHTS, strict=False))
    return len(code) == 9 and code[8] == "0123456789X0"[11 - total % 11]


def activity_of(word: str) -> str | None:
    """Our word for a ledger's; our own words are taken as they are; None when unknown."""
    ours = LEDGER_ACTIVITIES.get(word.upper(), word.lower())
    return ours if ours in LEDGER_ACTIVITIES.values() else None


def categories_of(classes: Iterable[int], stated: Iterable[int]) -> list[int]:
    """Classes of the catalogue and those that the ledger states, sorted. The stricter reading wins: neither strikes out the other."""
    return sorted(set(classes) | {category for category in stated if category in (1, 2, 3)})


def expires_soon(valid_to: date | None, today: date) -> bool:
    """Whether a licence ends within WARN_DAYS, or has ended."""
    return valid_to is not None and valid_to <= today + timedelta(days=WARN_DAYS)


def masked_name(name: str) -> str:
    """`李*`: the surname stays."""
    return name[:1] + "*" * (len(name) - 1)
