"""Any messy workbook (xlsx, xls, csv) read into typed records: tables found anywhere, a problem for every doubtful cell.

The reader has no knowledge of a trade: the kinds of table, header words and choices come in as a `Vocabulary` (words.toml of a service),
together with divisions and catalogues. Files are parsed in a child process with limits; the parent never touches them.

    vocabulary = Vocabulary.load(path).knowing(places=places, learned=learned)
    async for part in read(upload, vocabulary, as_of=today, demo=False, name="名册.xlsx"):
        match part:
            case Layout(): ...      # which tables, unknown headers to map, ignored sheets, rows that carry no record
            case Block(): ...       # about 2,000 rows: record {field: value}, problems per cell, disposition
            case Totals(): ...
    mark(upload, target, vocabulary, as_of=today, remarks=[...])   # the same workbook, problems in red, with a list

What is read is personal: `repr` of rows, samples and raw cells shows none of it, and it must never be logged.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

from kit.sheets.messages import cell_message, file_message
from kit.sheets.reading import mark, read_blocks
from kit.sheets.shapes import (
    ACCEPT,
    DUPLICATE,
    HOLD,
    Block,
    CellProblem,
    FileRefused,
    IgnoredSheet,
    Layout,
    Limits,
    NonDataRow,
    Remark,
    Row,
    Table,
    Totals,
    UnknownHeader,
    Unrecognised,
)
from kit.sheets.vocabulary import Field, Kind, Place, Vocabulary

__all__ = [
    "ACCEPT", "DUPLICATE", "HOLD", "Block", "CellProblem", "Field", "FileRefused", "IgnoredSheet", "Kind", "Layout", "Limits", "NonDataRow", "Place",
    "Remark", "Row", "Table", "Totals", "UnknownHeader", "Unrecognised", "Vocabulary", "cell_message", "file_message", "mark", "read", "read_blocks",
]  # fmt: skip


async def read(
    source: Path | bytes,
    vocabulary: Vocabulary,
    *,
    as_of: dt.date,
    demo: bool = False,
    name: str | None = None,
    limits: Limits | None = None,
    own_as_of: bool = False,
) -> AsyncIterator[Layout | Block | Totals]:
    """Yield the `Layout`, then `Block`s of rows, then `Totals`.

    `as_of` is the last day that a date may name (Asia/Shanghai); `demo` admits fictitious ID numbers (area 99xxxx); `name` is
    the uploaded file's own name (extension, and places named in it); `limits` bound file and process; with `own_as_of` an earlier
    day that the workbook itself names (截至…) takes the place of `as_of`.
    Raises FileRefused (422) before the layout for a file that cannot be read, or later when its parser dies or is too slow.
    Each step waits in a thread; leaving the loop early (aclose) ends the child.
    """
    import asyncio

    steps = read_blocks(source, vocabulary, as_of=as_of, demo=demo, name=name, limits=limits, own_as_of=own_as_of)
    try:
        while (part := await asyncio.to_thread(next, steps, None)) is not None:
            yield part
    finally:
        await asyncio.to_thread(steps.close)
