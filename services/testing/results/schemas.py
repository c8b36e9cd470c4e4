"""Messages of results."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from kit.schemas import Answer, Day, DocumentNo, Instant, LongText, Message, ShortText
from services.testing.collections.schemas import CollectionAnswer, Seals, Staff
from services.testing.kits.rules import Analyte, ResultCode
from services.testing.results.rules import MeasuredCode, Stage, Unit


class OnsiteResult(Message):
    """What the kit showed, and that the person was told on the spot (DTP art. 9).

    `results`: one code per strip of the kit's panel. A positive on-site test also needs the seals of A and B and that the right to object was told.
    """

    results: dict[Analyte, ResultCode]
    tested_at: Instant
    testers: Staff
    told_at: Instant
    right_to_object_told: bool
    signed_by_subject: bool
    signature_note: ShortText | None = None
    """Why the person did not sign."""
    kit_lot_id: UUID | None = None
    """Second kit after an invalid one: another lot."""
    seals: Seals | None = None


class Measured(Message):
    """A laboratory's reading of one analyte; hair in ng/mg is judged by the cut-offs in force, other specimens by the laboratory's own method."""

    analyte: Analyte
    value: Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=12, decimal_places=4)] | None = None
    unit: Unit | None = None
    cutoff: Annotated[Decimal, Field(gt=0, le=1_000_000, max_digits=12, decimal_places=4)] | None = None
    code: MeasuredCode | None = None


class LabResult(Message):
    """A signed and stamped report (DTP art. 12, 15), or that the specimen was unfit (art. 16)."""

    lab_id: UUID
    report_no: DocumentNo
    reported_on: Day
    signed_and_stamped: Literal[True]
    specimen_fit: bool = True
    unfit_reason: ShortText | None = None
    approved_by: ShortText | None = None
    """Staff number of the head of the county police or of the branch who approves a new collection (DTP art. 16); nobody who took part in this one."""
    results: Annotated[list[Measured], Field(max_length=60)] = []
    told_at: Instant | None = None
    """When the police told the person; the time to object runs from here."""


class Telling(Message):
    """The police told the person a laboratory's result, with the right to object (DTP art. 12)."""

    told_at: Instant
    right_to_object_told: Literal[True]


class MedicalReview(Message):
    """A doctor explains the result by treatment: prescription, codeine, maintenance treatment (domain 3.5)."""

    doctor: ShortText
    institution: ShortText
    document_no: DocumentNo
    reviewed_on: Day
    note: LongText


class Withdrawal(Message):
    """A result is withdrawn: nobody may rely on it from now on."""

    reason: LongText
    document_no: DocumentNo


class AnalyteAnswer(Answer):
    """What one stage read for one analyte."""

    stage: Stage
    analyte: Analyte
    code: ResultCode
    value: Decimal | None
    unit: Unit | None
    cutoff: Decimal | None
    kit_lot_id: UUID | None
    lab_id: UUID | None
    reported_on: date


class ResultAnswer(Answer):
    """A test with its analytes; without the right to the chain `analytes` is null."""

    collection: CollectionAnswer
    analytes: list[AnalyteAnswer] | None
