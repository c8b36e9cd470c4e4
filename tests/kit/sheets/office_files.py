"""A made workbook as a file: xlsx, xlsm with a macro sheet, xls (BIFF8 written here), or delimited text."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import struct
import zipfile
from typing import Any

import xlsxwriter

from tests.kit.sheets.office_cells import Failed, Formula, Rich, Serial
from tests.kit.sheets.offices import Page, Workbook
from tests.kit.sheets.test_hostile import ole

TEXTS = {
    "csv utf-8": (",", "utf-8"), "csv utf-8 mark": (",", "utf-8-sig"), "csv gb18030": (",", "gb18030"), "csv semicolons": (";", "gb18030"), "csv tabs": ("\t", "utf-8"),
    "txt utf-16": ("\t", "utf-16"), "csv utf-16-le": (",", "utf-16-le"), "csv bars": ("|", "utf-8"), "csv wide commas": ("，", "utf-8"),
}  # fmt: skip
FORMATS = ("xlsx", "xlsx", "xlsx", "xlsm", "xls", "xls", *TEXTS)


def _epoch(book: Workbook) -> dt.date:
    return dt.date(1904, 1, 1) if book.date1904 else dt.date(1899, 12, 30)


def xlsx(book: Workbook) -> bytes:
    """By the office program that most use."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "date_1904": book.date1904, "strings_to_numbers": False}) as made:
        day, bold = made.add_format({"num_format": "yyyy/m/d"}), made.add_format({"bold": True})
        for page in book.pages:
            sheet = made.add_worksheet(page.name)
            if page.hidden:
                sheet.hide()
            for area in page.merges:
                if area[:2] != area[2:]:
                    sheet.merge_range(*area, "")
            for (row, column), value in page.cells.items():
                if isinstance(value, Failed):
                    sheet.write_formula(row, column, "=VLOOKUP(A1,Z:Z,1,0)", None, value.text)  # pyright: ignore[reportArgumentType] - it takes any value
                elif isinstance(value, Formula):
                    sheet.write_formula(row, column, "=OFFSET(A1,0,0)", None, value.value)
                elif isinstance(value, Rich) and len(value.text) > 1:
                    sheet.write_rich_string(row, column, value.text[:1], bold, value.text[1:])
                elif isinstance(value, Serial):
                    sheet.write_number(row, column, (value.day - _epoch(book)).days)
                elif isinstance(value, dt.date):
                    sheet.write_datetime(row, column, dt.datetime.combine(value, dt.time()), day)
                elif isinstance(value, int | float):
                    sheet.write_number(row, column, value)
                else:
                    sheet.write_string(row, column, value.text if isinstance(value, Rich) else str(value))
            for row in page.hidden_rows:
                sheet.set_row(row, None, None, {"hidden": True})
            for column in page.hidden_columns:
                sheet.set_column(column, column, None, None, {"hidden": True})
    return out.getvalue()


def with_macros(data: bytes) -> bytes:
    """The same book with a program and a sheet of old macros, as a form that somebody programmed comes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "[Content_Types].xml":
                text = text.replace(b"spreadsheetml.sheet.main+xml", b"x").replace(b"application/vnd.openxmlformats-officedocument.x", b"application/vnd.ms-excel.sheet.macroEnabled.main+xml")  # fmt: skip
            elif name == "xl/workbook.xml":
                text = text.replace(b"</sheets>", b'<sheet name="Macro1" sheetId="99" state="hidden" r:id="rId99"/></sheets>')
            elif name == "xl/_rels/workbook.xml.rels":
                kind = b"http://schemas.microsoft.com/office/2006/relationships"
                more = (
                    b'<Relationship Id="rId99" Type="%b/xlMacrosheet" Target="macrosheets/sheet1.xml"/><Relationship Id="rId98" Type="%b/vbaProject" Target="vbaProject.bin"/>'
                    % (kind, kind)
                )
                text = text.replace(b"</Relationships>", more + b"</Relationships>")
            new.writestr(name, text)
        new.writestr("xl/macrosheets/sheet1.xml", '<xm:macrosheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:xm="http://schemas.microsoft.com/office/excel/2006/main"><sheetData/></xm:macrosheet>')  # fmt: skip
        new.writestr("xl/vbaProject.bin", bytes(range(256)) * 8)
    return out.getvalue()


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _text(value: str, size: str) -> bytes:
    return struct.pack(f"<{size}B", len(value.encode("utf-16-le")) // 2, 1) + value.encode("utf-16-le")


def xls(book: Workbook) -> bytes:
    """A minimal BIFF8 workbook ([MS-XLS] 2.4): texts as LABEL, numbers, dates by a cell format, merges."""
    begin = _record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0x0DBB, 0x07CC, 0, 6))
    formats = _record(0x0022, struct.pack("<H", book.date1904)) + _record(
        0x0031, struct.pack("<HHHHHBBBB", 220, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + b"\1\0A"
    )
    formats += b"".join(_record(0x00E0, struct.pack("<HHH14x", 0, number, 0)) for number in (0, 14))
    sheets = [_sheet(page, book) for page in book.pages]
    names = [struct.pack("<IBB", 0, page.hidden, 0) + _text(page.name, "B") for page in book.pages]
    offset = len(begin) + len(formats) + sum(len(name) + 4 for name in names) + 4
    bounds = b""
    for name, sheet in zip(names, sheets, strict=True):
        bounds += _record(0x0085, struct.pack("<I", offset) + name[4:])
        offset += len(sheet)
    return ole({"Workbook": begin + formats + bounds + _record(0x000A, b"") + b"".join(sheets)})


def _sheet(page: Page, book: Workbook) -> bytes:
    parts = [_record(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0x0DBB, 0x07CC, 0, 6))]
    rows, columns = page.height, max((column for _, column in page.cells), default=0) + 1
    parts.append(_record(0x0200, struct.pack("<IIHHH", 0, rows, 0, columns, 0)))
    for (row, column), raw in sorted(page.cells.items()):
        value: Any = raw.value if isinstance(raw, Formula) else raw.text if isinstance(raw, Rich | Failed) else raw
        style = int(isinstance(value, dt.date))
        if isinstance(value, Serial):
            value = (value.day - _epoch(book)).days
        if isinstance(value, dt.date):
            value = (value - _epoch(book)).days
        place = struct.pack("<HHH", row, column, style)
        parts.append(
            _record(0x0203, place + struct.pack("<d", value))
            if isinstance(value, int | float)
            else _record(0x0204, place + _text(str(value), "H"))
        )
    if page.merges:
        areas = b"".join(struct.pack("<HHHH", r1, r2, c1, c2) for r1, c1, r2, c2 in page.merges)
        parts.append(_record(0x00E5, struct.pack("<H", len(page.merges)) + areas))
    return b"".join([*parts, _record(0x000A, b"")])


def text(page: Page, delimiter: str, encoding: str) -> bytes:
    """A sheet saved as delimited text; empty rows stay as rows of delimiters."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    width = max(column for _, column in page.cells) + 1
    for row in range(page.height):
        cells = []
        for column in range(width):
            raw = page.cells.get((row, column), "")
            value = raw.value if isinstance(raw, Formula) else raw.text if isinstance(raw, Rich | Failed) else raw
            if isinstance(value, Serial):
                value = (value.day - dt.date(1899, 12, 30)).days
            cells.append(f"{value.year}/{value.month}/{value.day}" if isinstance(value, dt.date) else value)
        writer.writerow(cells)
    return out.getvalue().encode(encoding)


def written(book: Workbook, chance: random.Random) -> tuple[str, bytes, str]:
    """(file name, bytes, format) in a format by chance. Delimited text holds one sheet: the one with rows."""
    kind = chance.choice(FORMATS)
    if kind in TEXTS:
        (page,) = [one for one in book.pages if one.wanted]
        page.name = "csv"
        return f"{book.stem}.{kind[:3]}", text(page, *TEXTS[kind]), kind
    data = xls(book) if kind == "xls" else xlsx(book)
    return f"{book.stem}.{kind}", with_macros(data) if kind == "xlsm" else data, kind
