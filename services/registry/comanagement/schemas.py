"""Messages of co-management."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.codes import Listed
from kit.schemas import Answer, Day, Message, ShortText, Sparse
from kit.steps.taking import NextStep
from services.registry.comanagement.rules import AgreementEvent, AgreementState, EntryChange, LeadSide, Removal, SharedField
from services.registry.measures.rules.states import Kind, State

AreaCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class NewAgreement(Message):
    """An agreement that the county office proposes to a partner county."""

    name: ShortText
    partner_area: AreaCode
    partner_client: ShortText
    """Client id of the partner's system; its token needs the grant `agreement:<id>`."""
    lead_side: LeadSide = "residence"
    """Who leads (domain 6: law and guideline differ, so each agreement says it)."""
    fields: Annotated[list[SharedField], Field(min_length=1)]
    valid_from: Day
    valid_to: Day
    document_no: ShortText
    person_ids: Annotated[list[UUID], Field(max_length=5000)] = []


class AgreementStep(Message):
    """Acceptance by the other side, or the end."""

    event: AgreementEvent
    on: Day
    document_no: ShortText | None = None
    """The partner's written reply, when the county office records the acceptance for it."""
    reason: ShortText | None = None


class NamedPersons(Message):
    """Persons to name in the agreement."""

    person_ids: Annotated[list[UUID], Field(min_length=1, max_length=5000)]


class PersonLeaves(Message):
    """A person leaves the agreement: the partner gets a tombstone with this reason."""

    reason: Removal
    on: Day


class AgreementAnswer(Answer):
    """An agreement."""

    id: UUID
    name: str
    partner_area: str
    partner_client: str
    lead_side: LeadSide
    fields: list[SharedField]
    valid_from: date
    valid_to: date
    state: AgreementState
    in_force: bool
    document_no: str
    accepted_on: date | None
    ended_on: date | None
    end_reason: str | None
    version: int
    updated_at: datetime
    next_steps: list[NextStep]


class NamedPersonAnswer(Answer):
    """A person named in an agreement, as the county office sees it."""

    unnamed = frozenset({"person_id"})

    ref: UUID
    """The reference under which the partner knows the person."""
    person_id: UUID
    name: str
    id_number: str
    division_code: str
    measure_kind: Kind | None
    measure_state: State | None
    term_end: date | None
    shared: bool
    left_reason: Removal | None
    told_version: int | None
    told_at: datetime | None


class Receipt(Message):
    """What the partner has applied and deleted."""

    cursor: Annotated[str, StringConstraints(min_length=1, max_length=400)]
    deleted: Annotated[list[UUID], Field(max_length=5000)] = []


class ReceiptAnswer(Answer):
    """How the exchange stands after a receipt."""

    id: UUID
    applied: int
    behind: int
    """Changes told after the cursor."""
    to_delete: list[UUID]
    """Tombstones whose deletion the partner has not reported."""


class ReceiptRow(Answer):
    """A receipt as both sides see it."""

    id: UUID
    applied: int
    """Number of the last change that the partner had applied."""
    told: int
    """Number of the last change told until now."""
    deleted: list[UUID]
    received_from: str
    received_at: datetime


class PublicKey(Answer):
    """The public half of a key (RFC 7517 4, RFC 8037 2)."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    kid: str
    alg: Literal["EdDSA"]
    use: Literal["sig"]


class KeySet(Answer):
    """Public keys of the agreement's signatures (RFC 7517)."""

    keys: list[PublicKey]


class NewTransferOut(Message):
    """A person accepted in writing by another county."""

    person_id: UUID
    receiving_area: AreaCode
    document_no: ShortText
    transferred_on: Day


class TransferOutAnswer(Answer):
    """A transfer out."""

    id: UUID
    person_id: UUID
    from_division: str
    receiving_area: str
    document_no: str
    transferred_on: date
    source: Annotated[str, Listed("record.source")]


class ChangeLine(Sparse):
    """One line of the feed, for the document; lines go out as canonical bytes."""

    unnamed = frozenset({"person"})

    change: EntryChange
    person: UUID
    version: int
    at: datetime
    fields: dict[SharedField, str | int | None] | None = None
    """Only those that the agreement shares; days as YYYY-MM-DD, `birth_year` as a number."""
    reason: Removal | None = None


class FeedPage(Answer):
    """A page of the feed with its proof."""

    items: list[ChangeLine]
    agreement_id: UUID
    after: str | None
    next: str
    count: int
    digest: str
    previous: str | None
    signature: str
