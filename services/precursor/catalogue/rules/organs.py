"""Who licenses, files and permits what is done with an entry of the list (PCR art. 8, 10, 13, 15-17, 20-22, 26-27), by class and by pharmaceutical or not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol

Authority = Literal[
    "police",
    "emergency_management",
    "drug_administration",
    "market_regulation",
    "postal_administration",
    "commerce",
    "transport",
    "customs",
    "ecology_environment",
    "health",
]
MAKE_SELL, PURCHASE, TRANSPORT, TRADE = "make_sell", "purchase", "transport", "trade"

ACTS: dict[str, str] = {
    "produce": MAKE_SELL,
    "trade": MAKE_SELL,
    "buy": PURCHASE,
    "use": PURCHASE,
    "transport": TRANSPORT,
    "import_export": TRADE,
}
"""What a firm does → the act that needs a licence or a filing."""


class Classed(Protocol):
    """The fields that decide which organ is competent."""

    category: int
    subtype: str


def organ_of(entry: Classed, act: str) -> Authority:
    """The organ that an act with this entry needs: of pharmaceutical precursors the drug administration licenses making, selling (art. 8, 10) and buying
    (art. 15); of all others emergency management (art. 8, 10, 13) and the police (art. 16, 17). Transport is the police's (art. 20), foreign trade is
    commerce's (art. 26).
    """
    if act == TRANSPORT:
        return "police"
    if act == TRADE:
        return "commerce"
    if entry.subtype == "pharmaceutical":
        return "drug_administration"
    return "emergency_management" if act == MAKE_SELL else "police"


def organs_of(entries: Iterable[Classed], activities: Iterable[str]) -> list[Authority]:
    """Every organ that is competent for a firm: for each entry that it holds and each act that it does.

    Of a firm whose activities are not known, who licenses making and selling and who permits buying: no organ is left out because an
    activity is missing.
    """
    acts = {ACTS[activity] for activity in activities if activity in ACTS} or {MAKE_SELL, PURCHASE}
    return sorted({organ_of(entry, act) for entry in entries for act in acts})
