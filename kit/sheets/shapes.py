"""What comes out of a workbook: plain, immutable shapes that cross the process border as JSON.

FileRefused (422)         the file itself cannot be read; `code` says why
Layout                    which tables stand where, before any row
Block → Row → CellProblem the rows, about 2,000 at a time
Totals                    how many, at the end
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, NamedTuple

from kit.problems import FieldError, Invalid

ACCEPT, HOLD, DUPLICATE = "accept", "hold", "duplicate"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for a file and for the process that parses it.

    Bytes, entries, rows, columns, cells (rows x columns of one sheet's used rectangle), characters, seconds.
    The memory bound is address space (RLIMIT_AS); 100,000 rows x 20 columns need less than 384 MiB of it. The same rows with
    inline strings, as exporting systems write them, unpack to about 150 MB.
    """

    file_bytes: int = 32 * 2**20
    entries: int = 200
    unpacked_bytes: int = 160 * 2**20
    ratio: int = 100
    rows: int = 200_000
    columns: int = 256
    cells: int = 6_400_000
    line_characters: int = 64 * 1024
    memory_bytes: int = 512 * 2**20
    cpu_seconds: int = 20
    wait_seconds: float = 60.0
    block_rows: int = 2_000


class FileRefused(Invalid):
    """The uploaded file cannot be read. `code` is one of `messages.FILE_MESSAGES`."""

    slug = "unreadable-file"
    title_zh = "文件无法读取"
    title_en = "The file cannot be read"

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(zh, en, [FieldError("/file", code, zh, en)])
        self.code = code


@dataclass(frozen=True, slots=True)
class UnknownHeader:
    """An unknown column: offered to a person for mapping. `samples` are personal data."""

    column: str
    header: str
    samples: tuple[str, ...] = dataclasses.field(repr=False)
    suggestions: tuple[str, ...]
    word: bool = False
    """Whether the header is a word of ours. One that is not may be somebody's cell."""
    claims: str | None = None
    """The field that it names too, for which another column is read."""


@dataclass(frozen=True, slots=True)
class Table:
    """One recognised table. Rows are 1-based (in csv: record numbers); `columns` maps letter to field."""

    index: int
    sheet: str
    kind: str
    header_rows: tuple[int, ...]
    first_data_row: int
    last_data_row: int
    columns: dict[str, str]
    context: dict[str, str]
    unknown_headers: tuple[UnknownHeader, ...]
    derived: tuple[str, ...] = ()
    """Fields without a column, whose value is chosen from other columns (an option `by` of the field)."""


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """Rows under a header that fits no kind of table; `summary` when they are a list of places with figures."""

    sheet: str
    header_rows: tuple[int, ...]
    first_row: int
    last_row: int
    summary: bool
    headers: tuple[UnknownHeader, ...]


@dataclass(frozen=True, slots=True)
class NonDataRow:
    """A row that carries no record: title, note, section, repeated_header, blank, total, footer, summary."""

    sheet: str
    row: int
    why: str


@dataclass(frozen=True, slots=True)
class IgnoredSheet:
    """A sheet that was not read: hidden, empty, no_table, not_a_worksheet."""

    sheet: str
    why: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The first thing read: everything but the rows. `as_of` is a date found in the sheets (ISO), or None.

    `warnings` are codes about the whole file: FORMULA_WITHOUT_VALUE = cells whose formula was never calculated read as empty.
    """

    tables: tuple[Table, ...]
    unrecognised: tuple[Unrecognised, ...]
    non_data_rows: tuple[NonDataRow, ...]
    ignored_sheets: tuple[IgnoredSheet, ...]
    as_of: str | None
    encoding: str | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CellProblem:
    """What is wrong with one cell. `raw` is the text that stood there (personal: never log it)."""

    code: str
    cell: str
    field: str
    args: dict[str, Any]
    raw: str = dataclasses.field(repr=False)


class Row(NamedTuple):
    """One record. A field that could not be read is None. (A tuple: 100,000 are made for one ledger.)"""

    sheet: str
    row: int
    table: int
    kind: str
    disposition: str
    record: dict[str, Any]
    problems: tuple[CellProblem, ...]

    def __repr__(self) -> str:
        """Without the record: it is personal."""
        return f"Row({self.sheet!r}, {self.row}, {self.kind!r}, {self.disposition!r}, {self.problems!r})"


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive rows of one table."""

    table: Table
    rows: list[Row] = dataclasses.field(repr=False)


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts by disposition and by problem code; `rows` of each table in order."""

    dispositions: dict[str, int]
    problems: dict[str, int]
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """A problem that the caller adds to the marked workbook (for example: known in another town)."""

    sheet: str
    cell: str
    zh: str
    code: str = ""


def column_letter(index: int) -> str:
    """0 -> A, 25 -> Z, 26 -> AA (ECMA-376 18.3.1.4)."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
