"""Messages of imports."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.schemas import Answer, Message, ShortText

State = Literal["queued", "reading", "reported", "committing", "committed", "failed", "discarded"]
Disposition = Literal["accept", "hold", "duplicate", "discard"]
ProblemCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{1,60}$")]
CellText = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class CellProblemAnswer(Answer):
    """What is wrong with one cell."""

    code: str
    field: str
    cell: str
    hold: bool
    """A person must look before the row is taken over."""
    message_zh: str
    message_en: str
    args: dict[str, Any]


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
    layout: dict[str, Any]
    taken: dict[str, int]
    """What the commit wrote."""
    uploaded_by: str
    created_at: datetime
    committed_at: datetime | None
    version: int


class ImportsAnswer(Answer):
    """The jobs of one upload, in the order of the files."""

    items: list[ImportAnswer]


class ImportPage(Answer):
    """One page of imports, newest first."""

    items: list[ImportAnswer]
    next: str | None


class RowAnswer(Answer):
    """A staged row: where it stands, what was read, what is wrong. Personal values are masked in lists."""

    row_id: int
    sheet: str
    row: int
    kind: str
    disposition: Disposition
    object_id: UUID | None
    record: dict[str, Any]
    problems: list[CellProblemAnswer]
    version: int


class OpenRowAnswer(RowAnswer):
    """A row with the texts of the cells that could not be read: what a person needs to correct it."""

    raw: dict[str, str]


class RowPage(Answer):
    """One page of rows, in the order of the file."""

    items: list[RowAnswer]
    next: str | None


class RowCorrection(Message):
    """Cells typed by hand, as text in the ledger's own manner; null empties one."""

    values: Annotated[dict[str, CellText | None], Field(min_length=1, max_length=40)]
    reason: ShortText


class Reason(Message):
    """Why."""

    reason: ShortText


class Mapping(Message):
    """What a header means: a field of the kind, or "" to leave the column out. `kind` "*" holds for every kind."""

    kind: Annotated[str, StringConstraints(pattern=r"^(\*|[a-z][a-z0-9_]{0,40})$")] = "*"
    header: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    field: Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,40})?$")]


class Mappings(Message):
    """Headers to remember for the office."""

    mappings: Annotated[list[Mapping], Field(min_length=1, max_length=100)]
