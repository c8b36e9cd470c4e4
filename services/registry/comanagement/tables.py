"""Rows of transfers out, agreements, and what was sent to the partner."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from kit.db import check_words, new_id
from kit.steps.taking import History
from services.registry.comanagement.rules import AGREEMENT_STATES, LEAD_SIDES, REMOVALS
from services.registry.schema import SCHEMA


class TransferOut(SCHEMA.base, table=True):
    """A person accepted in writing by another county (移交): only this moves the count (domain 6)."""

    __tablename__ = "transfer_out"
    __table_args__ = (sa.UniqueConstraint("person_id", "transferred_on"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="registry.person.id")
    from_division: str = Field(sa_type=sa.Text)
    receiving_area: str = Field(sa_type=sa.Text, index=True)
    document_no: str = Field(sa_type=sa.Text)
    transferred_on: date
    source: str = Field(sa_type=sa.Text)
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class Agreement(SCHEMA.base, table=True):
    """A co-management agreement with one partner county: whom, which fields, until when, who leads (domain 6)."""

    __tablename__ = "agreement"
    __table_args__ = (check_words("state", AGREEMENT_STATES, "state"), check_words("lead_side", LEAD_SIDES, "lead_side"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(sa_type=sa.Text)
    partner_area: str = Field(sa_type=sa.Text, index=True)
    """Area code (6) of the partner county."""
    partner_client: str = Field(sa_type=sa.Text)
    """Client id of the partner's system."""
    lead_side: str = Field(sa_type=sa.Text)
    fields: list[str] = Field(sa_type=JSONB)
    valid_from: date
    valid_to: date
    """First day on which the agreement no longer holds."""
    state: str = Field(sa_type=sa.Text)
    document_no: str = Field(sa_type=sa.Text)
    proposed_by: str = Field(sa_type=sa.Text)
    accepted_by: str | None = Field(default=None, sa_type=sa.Text)
    accepted_on: date | None = None
    ended_on: date | None = None
    end_reason: str | None = Field(default=None, sa_type=sa.Text)
    version: int = 1
    position: int = Field(default=0, sa_type=sa.BigInteger)
    """Number of the last change told under this agreement; grows only under the row's lock."""
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class AgreementChange(History, SCHEMA.base, table=True):
    """One step of an agreement. Agreements of the first release began without one."""

    __tablename__ = "agreement_change"

    document_no: str | None = Field(default=None, sa_type=sa.Text)


class AgreementPerson(SCHEMA.base, table=True):
    """A person named in an agreement. `id` is the reference under which the partner knows the person, and no other agreement does."""

    __tablename__ = "agreement_person"
    __table_args__ = (
        sa.UniqueConstraint("agreement_id", "person_id"),
        sa.Index("ix_agreement_person_person_id", "person_id"),
        check_words("left_reason", REMOVALS, "left_reason"),
    )

    id: UUID = Field(sa_type=sa.Uuid, primary_key=True)
    agreement_id: UUID = Field(foreign_key="registry.agreement.id")
    person_id: UUID = Field(foreign_key="registry.person.id")
    named_on: date
    left_on: date | None = None
    left_reason: str | None = Field(default=None, sa_type=sa.Text)
    left_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    """When the leaving was recorded; null for those who left before this was kept."""


class SharedEntry(SCHEMA.base, table=True):
    """What was last sent to the partner about one person: the compacted feed of an agreement. The payload is deleted when the person leaves."""

    __tablename__ = "shared_entry"
    __table_args__ = (
        sa.Index("uq_shared_entry_agreement_id_position", "agreement_id", "position", unique=True),
        check_words("reason", REMOVALS, "reason"),
    )

    ref: UUID = Field(foreign_key="registry.agreement_person.id", primary_key=True)
    agreement_id: UUID = Field(foreign_key="registry.agreement.id")
    position: int = Field(sa_type=sa.BigInteger)
    added_position: int = Field(sa_type=sa.BigInteger)
    """Where the present stay on the list began: decides between `added` and `changed` for a reader's cursor."""
    version: int
    present: bool
    reason: str | None = Field(default=None, sa_type=sa.Text)
    fingerprint: bytes = Field(sa_type=sa.LargeBinary)
    payload_sealed: bytes | None = Field(default=None, sa_column=sa.Column(sa.LargeBinary, info={"personal": True}))
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class ComanagementChange(SCHEMA.base, table=True):
    """Every change that was told, without its content: proof of what the list was when. Append-only."""

    __tablename__ = "comanagement_change"
    __table_args__ = ({"info": {"append_only": True}},)

    agreement_id: UUID = Field(foreign_key="registry.agreement.id", primary_key=True)
    position: int = Field(sa_type=sa.BigInteger, primary_key=True)
    ref: UUID = Field(foreign_key="registry.agreement_person.id")
    change: str = Field(sa_type=sa.Text)
    version: int
    reason: str | None = Field(default=None, sa_type=sa.Text)
    fingerprint: bytes = Field(sa_type=sa.LargeBinary)
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class PartnerReceipt(SCHEMA.base, table=True):
    """The partner's report: the position that it applied, and the persons that it deleted. Append-only."""

    __tablename__ = "partner_receipt"
    __table_args__ = (sa.Index("ix_partner_receipt_agreement_id", "agreement_id"), {"info": {"append_only": True}})

    id: UUID = Field(default_factory=new_id, primary_key=True)
    agreement_id: UUID = Field(foreign_key="registry.agreement.id")
    position: int = Field(sa_type=sa.BigInteger)
    deleted: list[str] = Field(sa_type=JSONB)
    received_from: str = Field(sa_type=sa.Text)
    received_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
