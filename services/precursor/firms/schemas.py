"""Messages of firms."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, StringConstraints
from stdnum.cn import uscc as uscc_rules
from stdnum.exceptions import ValidationError

from kit.schemas import Answer, Day, DivisionCode, Message, ShortText
from services.precursor.firms.rules import is_organisation_code

Kind = Literal["chemical", "courier"]
Activity = Literal["produce", "trade", "buy", "use", "transport", "import_export"]
RiskClass = Literal["A", "B", "C", "D"]
FirmState = Literal["active", "closed"]
Phone = Annotated[str, StringConstraints(pattern=r"^(1[0-9]{10}|0[0-9]{9,11})$")]


def checked_uscc(text: str) -> str:
    """The code in capitals. Raises ValueError (code, zh, en) when length, alphabet or one of its two check characters is wrong.

    The last is over the whole code (GB 32100-2015), the one before it over the organisation code inside (GB 11714-1997).
    """
    wrong = ValueError("uscc_invalid", "统一社会信用代码校验不通过", "the unified social credit code is not valid")
    try:
        code: str = uscc_rules.validate(text)
    except ValidationError as error:
        raise wrong from error
    if not is_organisation_code(code[8:17]):
        raise wrong
    return code


Uscc = Annotated[str, StringConstraints(min_length=18, max_length=18), AfterValidator(checked_uscc)]
Chemicals = Annotated[list[ShortText], AfterValidator(lambda names: list(dict.fromkeys(names)))]


class NewFirm(Message):
    """A firm to register."""

    kind: Kind
    uscc: Uscc
    name: ShortText
    division_code: DivisionCode
    chemicals: Chemicals = []
    activities: list[Activity] = []
    open_check: bool | None = None
    real_name: bool | None = None
    xray: bool | None = None
    legal_person: ShortText | None = None
    phone: Phone | None = None
    licence_no: ShortText | None = None
    licence_valid_to: Day | None = None
    risk_class: RiskClass = "B"


class FirmPatch(Message):
    """JSON Merge Patch (RFC 7396): what is absent stays, null clears what may be empty."""

    name: ShortText | None = None
    division_code: DivisionCode | None = None
    chemicals: Chemicals | None = None
    activities: list[Activity] | None = None
    open_check: bool | None = None
    real_name: bool | None = None
    xray: bool | None = None
    legal_person: ShortText | None = None
    phone: Phone | None = None
    licence_no: ShortText | None = None
    licence_valid_to: Day | None = None
    risk_class: RiskClass | None = None
    state: FirmState | None = None
    reason: ShortText


class FirmAnswer(Answer):
    """A firm; its people masked, `…/contacts` opens them."""

    id: UUID
    kind: str
    uscc: str
    name: str
    division_code: str
    chemicals: list[str]
    categories: list[int]
    activities: list[str]
    open_check: bool | None
    real_name: bool | None
    xray: bool | None
    legal_person: str | None
    phone: str | None
    licence_no: str | None
    licence_valid_to: date | None
    licence_expires_soon: bool
    risk_class: str
    last_inspected_on: date | None
    last_result: str | None
    state: str
    version: int
    updated_at: datetime


class Contacts(Answer):
    """The sealed values, opened for a purpose and audited."""

    legal_person: str | None
    phone: str | None


class FirmHistoryEntry(Answer):
    """One line of a firm's history."""

    at: datetime
    by: str
    source: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str


class FirmCounts(Answer):
    """How many active firms: in the caller's towns, by kind and town."""

    total: int
    by_kind: dict[str, int]
    by_division: dict[str, int]
