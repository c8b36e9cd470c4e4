"""What an xlsx holds besides the cells that its parser gives: which part is which sheet, old macro sheets, the cells of failed formulas.

Macro sheets (Excel 4.0, [MS-XLSX] 2.1.27) are taken out before parsing: the parser knows no such sheet and would refuse the whole book. Nothing of them
is read or run. A formula that failed (#REF!) reaches the parser as an empty cell; its text is found here, so that it can be reported.
"""

from __future__ import annotations

import html
import io
import re
import zipfile

Errors = dict[tuple[int, int], str]
"""(row, column), 1-based → what the failed formula shows."""

MOST_ERRORS = 20_000
_SHEET = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?sheet\b[^<>]*>")
_RELATION = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?Relationship\b[^<>]*>")
_ID, _TARGET = re.compile(rb"""\sId\s*=\s*["']([^"']*)["']"""), re.compile(rb"""\sTarget\s*=\s*["']([^"']*)["']""")
_NAME, _USES = re.compile(rb"""\sname\s*=\s*["']([^"']*)["']"""), re.compile(rb"""\s[A-Za-z_][\w.-]*:id\s*=\s*["']([^"']*)["']""")
_FAILED = re.compile(rb"""<c\b[^<>]*\st="e"[^<>]*>(?:<f\b[^<>]*/>|<f\b[^<>]*>[^<]*</f>)?<v>(#[^<]{1,20})</v>""")
_PLACE = re.compile(rb"""\sr="([A-Z]{1,3})([0-9]{1,7})\"""")
_COLUMN = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?col\b[^<>]*>")
_SPAN = re.compile(rb"""\s(min|max)\s*=\s*["'](\d{1,5})["']""")
_UNSEEN = re.compile(rb"""\s(?:hidden\s*=\s*["'](?:1|true)["']|width\s*=\s*["']0(?:\.0+)?["'])""")
MOST_COLUMNS = 16_384
_MACROS = "macrosheets/"


def failed_cells(text: bytes) -> Errors:
    """The failed formulas in a piece of a sheet's XML."""
    found: Errors = {}
    for match in _FAILED.finditer(text):
        place = _PLACE.search(match[0])
        if place:
            column = 0
            for letter in place[1]:
                column = column * 26 + letter - 64
            found[int(place[2]), column] = match[1].decode("ascii", "replace")
    return found


def hidden_columns(text: bytes) -> set[int]:
    """0-based columns that a piece of a sheet's XML hides (ECMA-376 18.3.1.13)."""
    found: set[int] = set()
    for match in _COLUMN.finditer(text):
        span = {name: int(number) for name, number in _SPAN.findall(match[0])}
        if _UNSEEN.search(match[0]) and b"min" in span and b"max" in span:
            found |= set(range(span[b"min"] - 1, min(span[b"max"], MOST_COLUMNS)))
    return found


def parts_by_sheet(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet's name → name of its part, as the workbook lists them."""
    book, relations = _books(archive)
    if book is None or relations is None:
        return {}
    targets = {
        uses[1]: target[1] for one in _RELATION.findall(relations[1]) if (uses := _ID.search(one)) and (target := _TARGET.search(one))
    }
    found: dict[str, str] = {}
    for sheet in _SHEET.findall(book[1]):
        name, uses = _NAME.search(sheet), _USES.search(sheet)
        if name and uses and uses[1] in targets:
            target = targets[uses[1]].decode("utf-8", "replace").lstrip("/")
            found[html.unescape(name[1].decode("utf-8", "replace"))] = target if target.startswith("xl/") else f"xl/{target}"
    return found


def without_macro_sheets(data: bytes) -> bytes:
    """The same workbook without its macro sheets; the very same bytes when it has none."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        names = old.namelist()
        book, relations = _books(old) if any(_MACROS in name.lower() for name in names) else (None, None)
        if book is None or relations is None:
            return data
        gone = {uses[1] for one in _RELATION.findall(relations[1]) if _MACROS.encode() in one.lower() and (uses := _ID.search(one))}

        def kept(sheet: re.Match[bytes]) -> bytes:
            uses = _USES.search(sheet[0])
            return b"" if uses and uses[1] in gone else sheet[0]

        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            for name in dict.fromkeys(names):
                if _MACROS not in name.lower():
                    new.writestr(name, _SHEET.sub(kept, book[1]) if name == book[0] else old.read(name))
        return out.getvalue()


def _books(archive: zipfile.ZipFile) -> tuple[tuple[str, bytes] | None, tuple[str, bytes] | None]:
    """(name, content) of the workbook's part and of its relationships."""
    names = archive.namelist()
    found = [next((name for name in names if name.lower().endswith(ending)), None) for ending in ("xl/workbook.xml", "workbook.xml.rels")]
    book, relations = ((name, archive.read(name)) if name else None for name in found)
    return book, relations
