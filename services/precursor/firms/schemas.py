"""Messages of firms."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, StringConstraints
from stdnum.cn import uscc as uscc_rules
from stdnum.exceptions import ValidationError

from kit.codes import Listed
from kit.schemas import Answer, Day, DivisionCode, Message, ShortText, Sparse
from kit.steps.taking import NextStep
from services.precursor.catalogue.rules.organs import Authority
from services.precursor.catalogue.schemas import Class
from services.precursor.firms.rules import Activity, FirmState, Kind, Result, RiskClass, is_organisation_code, tidied_code

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


def _tidied(value: object) -> object:
    return tidied_code(value) if isinstance(value, str) else value


Uscc = Annotated[str, StringConstraints(min_length=18, max_length=18), BeforeValidator(_tidied), AfterValidator(checked_uscc)]
"""Written with blanks or dashes between its groups it is the same code, everywhere (GB 32100-2015)."""
Chemicals = Annotated[list[ShortText], AfterValidator(lambda names: list(dict.fromkeys(names)))]


class NewFirm(Message):
    """A firm to register."""

    kind: Kind
    lines: list[Kind] = []
    """What it is inspected as besides `kind`."""
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
    lines: list[Kind] | None = None
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
    kind: Kind
    lines: list[Kind]
    """Everything that it is inspected as."""
    uscc: str
    name: str
    division_code: str
    chemicals: list[str]
    """Names of the list; words that the list does not know stand as they were written."""
    stated_chemicals: list[str]
    """The words of the form or ledger."""
    categories: list[Class]
    """By the list of today."""
    competent: list[Authority]
    """Every organ that licenses, files or permits what it does with what it holds, by the list of today."""
    unknown_chemicals: list[str]
    """Words that neither today's list nor an earlier or later one knows: somebody has to decide."""
    delisted_chemicals: list[str]
    """What it holds that has left the list."""
    activities: list[Activity]
    open_check: bool | None
    real_name: bool | None
    xray: bool | None
    legal_person: str | None
    phone: str | None
    licence_no: str | None
    licence_valid_to: date | None
    licence_expires_soon: bool
    risk_class: RiskClass
    last_inspected_on: date | None
    last_result: Result | None
    state: FirmState
    version: int
    updated_at: datetime
    next_steps: list[NextStep]


class Contacts(Answer):
    """The sealed values, opened for a purpose and audited."""

    legal_person: str | None
    phone: str | None


class FirmFields(Sparse):
    """What a line of a firm's history is about: the fields that were changed, people masked."""

    name: str | None = None
    kind: Kind | None = None
    lines: list[Kind] | None = None
    division_code: str | None = None
    chemicals: list[str] | None = None
    categories: list[Class] | None = None
    competent: list[Authority] | None = None
    activities: list[Activity] | None = None
    open_check: bool | None = None
    real_name: bool | None = None
    xray: bool | None = None
    licence_no: str | None = None
    licence_valid_to: date | None = None
    risk_class: RiskClass | None = None
    last_inspected_on: date | None = None
    last_result: Result | None = None
    state: FirmState | None = None
    legal_person: str | None = None
    phone: str | None = None


class FirmHistoryEntry(Answer):
    """One line of a firm's history."""

    at: datetime
    by: str
    source: Annotated[str, Listed("firm_change.source")]
    before: FirmFields
    after: FirmFields
    reason: str


class FirmCounts(Answer):
    """How many active firms: in the caller's towns, by kind and town."""

    total: int
    by_kind: dict[str, int]
    by_division: dict[str, int]
