"""A list as an xlsx workbook."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from pydantic import BaseModel

from kit.names import named_keys, names_in, parts_of
from kit.problems import Problem
from kit.work import Work

MAX_ROWS = 100_000


class TooMany(Problem):
    """The list has more rows than one workbook may hold."""

    status = 422
    slug = "too-many-rows"
    title_zh = "行数过多,请缩小范围或改用 NDJSON"
    title_en = "Too many rows for one workbook; narrow the question or take NDJSON"


async def workbook_of(work: Work, item: type[BaseModel], lines: Sequence[bytes]) -> bytes:
    """Items as JSON as an xlsx workbook, with the names beside their ids: a column a field, all values as text, so that no value can become a formula.

    Raises TooMany.
    """
    if len(lines) > MAX_ROWS:
        raise TooMany
    naming = names_in(item)
    if naming is not None:
        lines = [line for part in parts_of([line + b"\n" for line in lines]) for line in (await naming.fill(work, part)).splitlines()]
    return _workbook(item, [json.loads(line) for line in lines], work.house.words())


def _workbook(item: type[BaseModel], rows: Sequence[Mapping[str, Any]], words: Mapping[str, tuple[str, str]]) -> bytes:
    """`words`: `Item.field` or `field` → what it is, in Chinese and English. The Chinese stands in the header, the field's name and the English in its note:
    a second row of headers would stand among the rows as soon as somebody sorts them.
    """
    from xlsxwriter import Workbook  # heavy, and few requests need it

    book = BytesIO()
    with Workbook(
        book, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    ) as workbook:
        sheet, bold = workbook.add_worksheet(), workbook.add_format({"bold": True})
        beside = named_keys(item.model_fields, getattr(item, "unnamed", ()))
        names = [name for field in item.model_fields for name in (field, beside.get(field)) if name]
        for place, name in enumerate(names):
            zh, en = words.get(f"{item.__name__}.{name}") or words.get(name) or (name, name)
            sheet.write_string(0, place, zh, bold)
            sheet.write_comment(0, place, f"{name}\n{en}")
        for line, row in enumerate(rows, start=1):
            for place, name in enumerate(names):
                value = row.get(name)
                if value is not None:
                    sheet.write_string(line, place, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        sheet.freeze_panes(1, 0)
        sheet.autofit()
    return book.getvalue()
