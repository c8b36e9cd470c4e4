"""The proof of a draw: what an outsider needs to recompute it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from kit.schemas import Answer, Sparse
from services.precursor.catalogue.rules.organs import Authority
from services.precursor.draws.rules.steps import Excluded, ObjectGround, SetAsideReason, State, Unable
from services.precursor.draws.schemas import FrozenSource, PassedOver
from services.precursor.firms.rules import Kind, RiskClass
from services.precursor.inspections.rules import Stratum
from services.precursor.inspectors.rules import Unfit


class Attempt(Answer):
    """One attempt in the chain that this draw belongs to."""

    id: UUID
    number: int
    state: State
    set_aside_reason: SetAsideReason | None
    set_aside_document: str | None
    planned_at: datetime
    commitment: str | None
    commitment_number: int | None


class PoolCommitment(Answer):
    """One of all commitments of the pool, by number."""

    number: int
    draw_id: UUID
    commitment: str
    committed_at: datetime
    state: State


class ProofObject(Answer):
    """A firm of the frozen directory."""

    unnamed = frozenset({"division_code"})

    id: UUID
    uscc: str
    name: str
    division_code: str
    risk_class: RiskClass
    stratum: Stratum
    last_officers: list[str]


class ProofExcluded(Answer):
    """A firm outside the pool, and why."""

    id: UUID
    uscc: str
    reason: Excluded


class ProofObjects(Answer):
    """The frozen directory of firms."""

    objects: list[ProofObject]
    excluded: list[ProofExcluded]


class ProofInspector(Sparse):
    """An officer of the frozen directory, by code; draws of earlier versions froze the certificate's number instead of its last day."""

    id: UUID
    certificate_valid_to: date | None = None
    certificate_no: str | None = None


class ProofUnable(Answer):
    """An officer who cannot be drawn, by code, and why."""

    id: UUID
    reason: Unable


class ProofInspectors(Answer):
    """The frozen directory of officers."""

    authority: Authority
    inspectors: list[ProofInspector]
    excluded: list[ProofUnable]
    recusals: list[tuple[str, str]]
    """(firm, officer)."""


class ProofParameters(Answer):
    """Everything that was fixed in advance."""

    algorithm: str
    draw_id: UUID
    title: str
    redraw_of: UUID | None
    object_kind: Kind
    authority: Authority
    inspect_from: date
    inspect_to: date
    ratios: dict[str, int]
    officers_per_object: int
    yearly_cap: int
    public_sources: list[FrozenSource]
    public_values_known_at: str
    frozen_at: str
    """Instants as they were frozen: another spelling would change the digest."""


class Digests(Answer):
    """SHA-256 of the frozen documents, lower-case hex."""

    objects: str
    inspectors: str
    parameters: str
    directory: str


class ProofLine(Answer):
    """One line of the result, in the order drawn."""

    unnamed = frozenset({"officers"})

    object: UUID
    stratum: Stratum
    officers: list[UUID]


class OfficerChange(Answer):
    """An officer who could not go, and who came instead."""

    object: UUID
    leaves: UUID
    enters: UUID
    ground: Unfit
    passed_over: list[PassedOver]
    recorded_at: datetime
    signed_at: datetime | None
    """When a second person signed; null in older draws, which needed one signature."""


class ObjectChange(Answer):
    """A firm that could not be inspected, and which came instead."""

    unnamed = frozenset({"officers"})

    stratum: Stratum
    leaves: UUID
    enters: UUID | None
    officers: list[UUID]
    ground: ObjectGround
    passed_over: list[PassedOver]
    recorded_at: datetime
    signed_at: datetime


class Proof(Answer):
    """Everything that an outsider needs to recompute a draw; `docs/draw/verify_draw.py` does. The frozen documents are unchanged."""

    format: Literal["guikang-draw-proof-2"]
    algorithm: str
    draw_id: UUID
    title: str
    state: State
    pool: str
    attempt: int
    objects: ProofObjects
    inspectors: ProofInspectors
    parameters: ProofParameters
    digests: Digests
    commitment: str | None
    commitment_number: int | None
    committed_at: datetime | None
    secret: str | None
    public_values: list[list[int]] | None
    public_text: str | None
    public_reference: str | None
    seed: str | None
    revealed_at: datetime | None
    result: list[ProofLine] | None
    replacements: list[OfficerChange]
    """Officers who could not go and who came instead, in the order in which it was recorded; shown with the result."""
    object_replacements: list[ObjectChange]
    """Firms that could not be inspected and which came instead, in the order in which it was signed; shown with the result."""
    result_withheld: bool
    """There is a result, but it is withheld: the visits are not over, and this caller neither plans nor makes them."""
    redacted: bool
    """Certificate numbers that an earlier version froze are withheld from readers without an account."""
    attempts: list[Attempt]
    commitments: list[PoolCommitment]
    """Every commitment of the pool: a missing number shows a hidden attempt."""
