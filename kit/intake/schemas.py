"""Messages of imports."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.codes import Listed
from kit.intake.rules import State
from kit.schemas import Answer, LongText, Message, ShortText
from kit.steps.taking import NextStep

Disposition = Literal["accept", "hold", "duplicate", "discard"]
ProblemCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,60}$")]
LedgerKind = Annotated[str, Listed("ledger.kind")]
LedgerField = Annotated[str, Listed("ledger.field")]
"""What the service's `words.toml` declares."""
CellText = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class CellProblemAnswer(Answer):
    """What is wrong with one cell."""

    code: Annotated[str, Listed("ledger.problem")]
    field: LedgerField | Literal[""]
    """Empty for what concerns the whole row or file."""
    cell: str
    hold: bool
    """A person must look before the row is taken over."""
    message_zh: str
    message_en: str
    args: dict[str, str | int]


class UnreadHeader(Answer):
    """A column that is not read. Its header is masked unless it is one of our own words; in clear it stands under `/headers`."""

    column: str
    header: str
    samples: list[str]
    """Masked."""
    suggestions: list[LedgerField]
    """Fields that it may be."""
    claims: LedgerField | None = None
    """The field that it names as well: another column was read for it."""


class TableAnswer(Answer):
    """A table that was read. Rows count from 1."""

    sheet: str
    kind: LedgerKind
    kind_zh: str = ""
    """What kind of list it was taken for, in words."""
    kind_en: str = ""
    header_rows: list[int]
    first_data_row: int
    last_data_row: int
    columns: dict[str, LedgerField]
    """Column letter → field."""
    context: dict[str, str]
    """Fields that titles, the sheet's name or the file's name gave."""
    unknown_headers: list[UnreadHeader]


class UnreadTable(Answer):
    """Rows that do not belong to a list of this service."""

    sheet: str
    header_rows: list[int]
    first_row: int
    last_row: int
    summary: bool
    """Only figures."""
    headers: list[UnreadHeader]


class UnreadSheet(Answer):
    """A sheet that was not read, and why."""

    sheet: str
    why: Annotated[str, Listed("ledger.unread")]


class FileWarning(Answer):
    """What was noticed about the file as a whole."""

    code: Annotated[str, Listed("ledger.problem")]
    message_zh: str
    message_en: str


class LayoutAnswer(Answer):
    """What was found in a workbook."""

    tables: list[TableAnswer] = []
    unrecognised: list[UnreadTable] = []
    ignored_sheets: list[UnreadSheet] = []
    non_data_rows: int = 0
    as_of: str | None = None
    """A day that the workbook itself names (截至…); may be a month."""
    encoding: str | None = None
    warnings: list[FileWarning] = []


class HeaderAnswer(Answer):
    """The header of an unread column as it stands in the workbook."""

    sheet: str
    column: str
    header: str


class EffectsAnswer(Answer):
    """What a commit would write now, by the same names as `taken`."""

    effects: dict[str, int]
    confirm: str | None
    """What a commit must send back, because it would close, end, start or move something; null when nothing asks for it."""


class Measured(Answer):
    """A measured result: the word, and quantities by analyte."""

    result: Annotated[str, Listed("analyte_result.code")]
    items: dict[str, float]
    unit: Annotated[str, Listed("unit")]


RecordValue = bool | int | float | str | list[str | int] | Measured | None
"""A value of a row as it was read."""


class ImportAnswer(Answer):
    """An import as a job and, once read, as a report."""

    id: UUID
    file_name: str
    sha256: str
    size: int
    state: State
    error: CellProblemAnswer | None
    """Why the file could not be read or taken over."""
    as_of: date
    """Last day that a date in the file may name."""
    done: int
    total: int | None
    problems: int
    """Rows that a person must look at."""
    eta: int | None
    """Seconds left, by the pace so far; null when nothing runs."""
    recognised: bool | None
    """Whether a table of this service was found; null before the file was read. When not, another service may know it, or its headers must be mapped."""
    dispositions: dict[str, int]
    codes: dict[str, int]
    layout: LayoutAnswer
    effects: dict[str, int] | None
    """What a commit would write, counted when the file was read; null when rows changed since: ask `/effects`."""
    confirm: str | None
    """What a commit with these effects must send as `confirm`."""
    taken: dict[str, int]
    """What the commit wrote."""
    uploaded_by: str
    created_at: datetime
    committed_at: datetime | None
    version: int
    next_steps: list[NextStep]


class ImportsAnswer(Answer):
    """The jobs of one upload, in the order of the files."""

    items: list[ImportAnswer]


class RowAnswer(Answer):
    """A staged row: where it stands, what was read, what is wrong. Personal values are masked in lists."""

    row_id: int
    sheet: str
    row: int
    kind: LedgerKind
    disposition: Disposition
    object_id: UUID | None
    record: dict[str, RecordValue]
    problems: list[CellProblemAnswer]
    version: int


class OpenRowAnswer(RowAnswer):
    """A row with the texts of the cells that could not be read: what a person needs to correct it."""

    raw: dict[str, str]


class RowCorrection(Message):
    """Cells typed by hand, as text in the ledger's own manner; null empties one."""

    values: Annotated[dict[str, CellText | None], Field(min_length=1, max_length=40)]
    reason: ShortText


class Commit(Message):
    """A commit. `confirm`: the word that `/effects` or the refused commit gave for the counts that were shown."""

    confirm: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] | None = None


class Reason(Message):
    """Why."""

    reason: ShortText


class Mapping(Message):
    """What a header means: a field of the kind, or "" to leave the column out. `kind` "*" holds for every kind."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$"), Listed("ledger.kind")] | Literal["*"] = "*"
    header: Annotated[LongText, StringConstraints(max_length=100)]
    field: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$"), Listed("ledger.field")] | Literal[""]


class Mappings(Message):
    """Headers to remember for the caller's divisions."""

    mappings: Annotated[list[Mapping], Field(min_length=1, max_length=100)]
