"""Pure rules of co-management: states of an agreement, what may be shared, when a person is on the list (domain 6; DRR art. 22)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Literal, Protocol, get_args
from uuid import UUID

from kit.steps.machine import START, Machine, step

EntryChange = Literal["added", "changed", "removed"]


AgreementEvent = Literal["accept", "end"]


AgreementState = Literal["proposed", "accepted", "ended"]
AGREEMENT_STATES: tuple[AgreementState, ...] = get_args(AgreementState)
LeadSide = Literal["residence", "household"]
LEAD_SIDES: tuple[LeadSide, ...] = get_args(LeadSide)
Removal = Literal["returned", "ended", "disputed", "erased"]
REMOVALS: tuple[Removal, ...] = get_args(Removal)
"""Why a line is a tombstone (API.md 3); each obliges the partner to delete."""

SharedField = Literal[
    "name",
    "id_number",
    "sex",
    "birth_year",
    "division_code",
    "status",
    "status_since",
    "measure_kind",
    "measure_state",
    "term_start",
    "term_end",
    "order_no",
    "lead_side",
    "contact",
]
FIELDS: tuple[SharedField, ...] = get_args(SharedField)
"""Fields an agreement may name. An agreement cannot ask for test values, health, findings, address or location (domain 6, step 1; PIPL art. 23)."""

_OFFICE = ("county_officer",)
_SIDES = ("county_officer", "partner")

AGREEMENT = Machine(
    "registry.agreement.state",
    AGREEMENT_STATES,
    (
        step(
            "propose",
            START,
            "proposed",
            "PIPL art. 23; domain 6",
            "提出共管协议",
            "propose",
            roles=_OFFICE,
            needs="name fields document_no",
        ),
        step("accept", "proposed", "accepted", "DRR art. 22; domain 6", "双方接受", "accept", roles=_SIDES, needs="on document_no"),
        step("name", "proposed", "proposed", "DRR art. 22; domain 6", "列入人员", "name persons", roles=_OFFICE, needs="person_ids"),
        step("name", "accepted", "accepted", "DRR art. 22; domain 6", "列入人员", "name persons", roles=_OFFICE, needs="person_ids"),
        step("end", "proposed accepted", "ended", "domain 6", "终止协议", "end", roles=_OFFICE, needs="on"),
    ),
)
"""The life of an agreement: nothing is shared before both sides accepted, and nothing after its end."""


def removed_at(causes: Iterable[datetime], told_at: datetime, now: datetime) -> datetime:
    """When a person left the list: with the earliest of the causes, neither before the partner was told of the person nor after now.

    In UTC, as the database gives it back: each pull must make the same bytes of it.
    """
    return min(max(min(causes, default=now), told_at), now).astimezone(UTC)


class SentLine(Protocol):
    """A line of the partner's list."""

    ref: UUID
    position: int
    present: bool


def deletions_owed(entries: Iterable[SentLine], deleted: Mapping[UUID, int]) -> list[UUID]:
    """Tombstones whose deletion the partner has not reported. A deletion that was reported before the tombstone was sent does not count for it:
    the person may have come back onto the list since."""
    return [entry.ref for entry in entries if not entry.present and deleted.get(entry.ref, -1) < entry.position]


def holds_on(state: str, valid_from: date, valid_to: date, day: date) -> bool:
    """Whether anything may be shared under an agreement on a day: accepted by both sides and within its dates."""
    return state == "accepted" and valid_from <= day < valid_to
