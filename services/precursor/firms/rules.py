"""Rules of firms: pure, standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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

WARN_DAYS = 30
"""Days before a licence ends on which the firm's file says so. DEFAULT: a purchase permit takes up to 10 days, a trade licence 30 (art. 10, 15)."""


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
