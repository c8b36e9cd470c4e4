"""A list as an xlsx workbook."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from pydantic import BaseModel

from kit.problems import Problem

MAX_ROWS = 100_000


class TooMany(Problem):
    """The list has more rows than one workbook may hold."""

    status = 422
    slug = "too-many-rows"
    title_zh = "行数过多,请缩小范围或改用 NDJSON"
    title_en = "Too many rows for one workbook; narrow the question or take NDJSON"


def workbook_of(item: type[BaseModel], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The items as an xlsx workbook: a column a field, all values as text, so that no value can become a formula. Raises TooMany."""
    if len(rows) > MAX_ROWS:
        raise TooMany
    from xlsxwriter import Workbook  # heavy, and few requests need it

    book = BytesIO()
    with Workbook(
        book, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    ) as workbook:
        sheet, bold = workbook.add_worksheet(), workbook.add_format({"bold": True})
        names = list(item.model_fields)
        for place, name in enumerate(names):
            sheet.write_string(0, place, item.model_fields[name].title or name, bold)
        for line, row in enumerate(rows, start=1):
            for place, name in enumerate(names):
                value = row.get(name)
                if value is not None:
                    sheet.write_string(line, place, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        sheet.freeze_panes(1, 0)
        sheet.autofit()
    return book.getvalue()
