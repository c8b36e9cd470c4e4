"""Messages of laboratories."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from kit.citations import Cited
from kit.schemas import Answer, Day, Message, ShortText
from services.testing.kits.rules import Analyte
from services.testing.labs.rules import Qualification

LabCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{2,40}$")]


class NewLab(Message):
    """A laboratory that the police have designated."""

    code: LabCode
    name: ShortText
    qualification: Qualification
    certificate_no: ShortText
    designated_by: ShortText
    valid_from: Day
    valid_to: Day | None = None


class LabPatch(Message):
    """JSON Merge Patch: what is absent stays."""

    name: ShortText | None = None
    certificate_no: ShortText | None = None
    valid_to: Day | None = None


class LabAnswer(Answer):
    """A laboratory."""

    id: UUID
    code: str
    name: str
    qualification: Qualification
    certificate_no: str
    designated_by: str
    valid_from: date
    valid_to: date | None
    version: int


class HairCutoffAnswer(Answer):
    """A cut-off in force, in ng/mg: positive at or above it (HAIR art. 9)."""

    analyte: Analyte
    ng_per_mg: Decimal
    valid_from: date
    source: Cited
