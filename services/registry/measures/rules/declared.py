"""How a step of a measure is declared: its words, and who may record it. Pure data."""

from __future__ import annotations

from dataclasses import dataclass

from services.registry.measures.rules.states import VOLUNTARY

POLICE = frozenset({"police_officer", "county_officer"})
"""Record what the public security organ decided: only that organ decides on measures (DRR art. 4)."""
TOWN = frozenset({"town_officer", "county_officer"})
"""Execute community measures (DRR art. 5, 17)."""
BOTH = POLICE | TOWN
LAW = frozenset({"service"})
"""The law itself: a job records it, and no person decides."""

PREVIOUS = "previous"
"""Back to where the measure stood before: on its way to a new place, `active` after reporting in, else `awaiting_report_in`."""

CT = ("community_treatment",)
CR = ("community_rehabilitation",)
COMMUNITY = CT + CR
ISOLATION = ("compulsory_isolation_treatment",)
ANY = CT + CR + ISOLATION + VOLUNTARY


@dataclass(frozen=True, slots=True)
class Transition:
    """One declared step: from, event, guards, to, what it says to neighbours, document, source, who may record it."""

    row: str
    kinds: tuple[str, ...]
    event: str
    sources: tuple[str, ...]
    target: str
    says: str
    document: str
    legal_source: str
    roles: frozenset[str]
    guards: tuple[str, ...] = ()
