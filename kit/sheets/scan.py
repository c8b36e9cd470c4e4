"""Checks a file before any parser reads it, and refuses what could crash the parser.

Five workbooks of 2 KB are known to abort calamine's whole process (a cell XFD1048576, references like A99999999999, a shared
string count of 4294967295, an OLE file whose FAT loops); others unpack to gigabytes. So: size, extension = content, zip
entries, unpacked size and ratio while unpacking (never trusting the directory), every cell reference, the string count,
encryption, OLE chains. The parser still runs in a child with limits, because a scan can only refuse known attacks.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import IO

from kit.sheets import ole, textfile
from kit.sheets.messages import file_message
from kit.sheets.package import MOST_ERRORS, Errors, failed_cells, hidden_columns, parts_by_sheet
from kit.sheets.shapes import FileRefused, Limits

_CHUNK = 1 << 20
_OVERLAP = 512
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# A reference that is plainly within 64 columns and 99,999 rows passes in one C-level search; anything else is looked at.
_WITHIN = rb"""\sr="(?:[A-Z]|A[A-Z]|B[A-L])?[1-9][0-9]{0,4}\""""
_USUAL = re.compile(rb"<(?:c|row)(?!" + _WITHIN + rb")(?![A-Za-z])[^<>]*")
_PREFIX = re.compile(rb":(?:c|row)\b")
_PREFIXED = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?(?:c|row)\b(?![^<>]*?" + _WITHIN + rb")[^<>]*")
_REFERENCE = re.compile(rb"""\sr\s*=\s*(["'])([^"']*)\1""")
_GOOD = re.compile(rb"([A-Za-z]{0,3})([0-9]{1,7})")
_STRINGS = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?sst\b([^<>]*)>")
_COUNT = re.compile(rb"""\b(uniqueCount|count)\s*=\s*["']\s*(\d+)""")
_USE_BYTES = 10
"""The least that a cell with a shared string takes in its sheet's XML."""
_DATE1904 = re.compile(rb"""<(?:[A-Za-z_][\w.-]*:)?workbookPr\b[^<>]*\bdate1904\s*=\s*["'](?:1|true)["']""")


@dataclass(slots=True)
class Scanned:
    """A file that may be parsed: its bytes, format (xlsx, xls, csv) and what the parser needs to know."""

    data: bytes
    format: str
    limits: Limits
    date1904: bool = False
    uncalculated: bool = False
    encoding: str = ""
    delimiter: str = ","
    columns: int = 0
    failed: dict[str, Errors] = field(default_factory=dict)
    """Sheet's name → its failed formulas."""
    hidden: dict[str, set[int]] = field(default_factory=dict)
    """Sheet's name, or its position, → its hidden columns, 0-based."""
    swallowed: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Record of a delimited text → (first, last line), where a stray quote may have made one record of several."""


def refuse(code: str) -> FileRefused:
    """The typed problem of a code in FILE_MESSAGES."""
    return FileRefused(code, *file_message(code))


def scan(data: bytes, name: str, limits: Limits) -> Scanned:
    """Check a file by its name's extension and its content. Raises FileRefused."""
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if not data:
        raise refuse("FILE_EMPTY")
    if len(data) > limits.file_bytes:
        raise refuse("FILE_TOO_LARGE")
    if extension in ("xlsx", "xlsm"):  # macros are bytes that are never run
        if data.startswith(_OLE):
            raise refuse("FILE_ENCRYPTED" if ole.is_encrypted_package(data) else "FILE_NOT_AS_NAMED")
        if not data.startswith(_ZIP):
            raise refuse("FILE_NOT_AS_NAMED")
        return _scan_zip(data, limits)
    if extension == "xls":
        if not data.startswith(_OLE):
            raise refuse("FILE_NOT_AS_NAMED")
        try:
            date1904, hidden = ole.check_workbook(data, limits)
            return Scanned(data, "xls", limits, date1904=date1904, hidden={str(sheet): found for sheet, found in hidden.items()})
        except ole.OleProblem as problem:
            raise refuse(problem.code) from None
    if extension in ("csv", "txt", "tsv"):
        if data.startswith((_ZIP, _OLE, b"\x89PNG", b"%PDF", b"\x1f\x8b", b"GIF8", b"\xff\xd8\xff")):
            raise refuse("FILE_NOT_AS_NAMED")
        try:
            found = textfile.examine(data, limits)
        except textfile.TextProblem as problem:
            raise refuse(problem.code) from None
        return Scanned(
            data, "csv", limits, encoding=found.encoding, delimiter=found.delimiter, columns=found.columns, swallowed=found.swallowed
        )
    raise refuse("FILE_TYPE_UNKNOWN")


def _scan_zip(data: bytes, limits: Limits) -> Scanned:
    """Unpack everything once, in pieces, counting."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > limits.entries:
                raise refuse("ARCHIVE_ENTRIES")
            names = {entry.filename.lower().lstrip("/") for entry in entries}
            if "[content_types].xml" not in names or not any(name.endswith("workbook.xml") for name in names):
                raise refuse("FILE_NOT_AS_NAMED")
            if any(entry.flag_bits & 0x1 for entry in entries):
                raise refuse("FILE_ENCRYPTED")
            if sum(entry.file_size for entry in entries) > limits.unpacked_bytes:
                raise refuse("ARCHIVE_TOO_LARGE")
            total, uses, scanned, failed = 0, 0, Scanned(data, "xlsx", limits), dict[str, Errors]()
            unseen: dict[str, set[int]] = {}
            for entry in entries:
                errors: Errors = {}
                hidden: set[int] = set()
                with archive.open(entry) as stream:
                    unpacked, used, said_1904, no_value = _scan_entry(stream, total, len(data), limits, errors, hidden)
                total, uses = total + unpacked, max(uses, used)
                scanned.date1904, scanned.uncalculated = scanned.date1904 or said_1904, scanned.uncalculated or no_value
                if errors:
                    failed[entry.filename] = errors
                if hidden:
                    unseen[entry.filename] = hidden
            if uses * _USE_BYTES > total:
                raise refuse("STRINGS_COUNT")
            if failed or unseen:
                parts = parts_by_sheet(archive)
                scanned.failed = {sheet: failed[part] for sheet, part in parts.items() if part in failed}
                scanned.hidden = {sheet: unseen[part] for sheet, part in parts.items() if part in unseen}
            return scanned
    except FileRefused:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, UnicodeError, KeyError):
        raise refuse("FILE_CORRUPT") from None


def _scan_entry(
    stream: IO[bytes], before: int, packed: int, limits: Limits, errors: Errors, hidden: set[int]
) -> tuple[int, int, bool, bool]:
    """(bytes, how many uses of shared strings it tells, it uses the 1904 date system, it has formulas without a value). Fills `errors`, `hidden`."""
    size, tail, date1904, uncalculated = 0, b"", False, False
    counted = {b"uniqueCount": 0, b"count": 0}
    columns = rows = 0
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if before + size > limits.unpacked_bytes:
            raise refuse("ARCHIVE_TOO_LARGE")
        if before + size > limits.ratio * max(packed, 10_240):
            raise refuse("ARCHIVE_RATIO")
        if not tail and chunk[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise refuse("FILE_CORRUPT")  # UTF-16 parts would pass the byte patterns below unseen; no spreadsheet writes them
        text = tail + chunk
        for match in (_PREFIXED if _PREFIX.search(text) else _USUAL).finditer(text):
            column, row = _extent(match[0])
            columns, rows = max(columns, column), max(rows, row)
        if columns > limits.columns or rows > limits.rows or columns * rows > limits.cells:
            raise refuse("SHEET_TOO_LARGE")
        if b"sst" in text and (found := _STRINGS.search(text)):
            counted |= {name: max(counted[name], int(number)) for name, number in _COUNT.findall(found[1])}
        date1904 = date1904 or bool(b"date1904" in text and _DATE1904.search(text))
        uncalculated = (
            uncalculated or b"</f></c>" in text or b"</f><v/></c>" in text or b"</f><v></v></c>" in text or b"</f><v /></c>" in text
        )
        if b"hidden" in text or b'width="0' in text:
            hidden |= hidden_columns(text)
        if b't="e"' in text and len(errors) < MOST_ERRORS:
            errors |= failed_cells(text)
        cut = text.rfind(b"<")
        tail = text[cut:] if cut >= 0 and len(text) - cut < _OVERLAP else text[-_OVERLAP:]
    if counted[b"uniqueCount"] > size:  # each of them takes more than one byte
        raise refuse("STRINGS_COUNT")
    return size, counted[b"count"], date1904, uncalculated


def _extent(element: bytes) -> tuple[int, int]:
    """(column, row), 1-based, of a <c> or <row> element that the quick pattern did not know; 0 where it says nothing."""
    found = _REFERENCE.search(element)
    if not found:
        return 0, 0
    good = _GOOD.fullmatch(found[2])
    if not good:
        raise refuse("CELL_REFERENCE")
    column = 0
    for letter in good[1].upper():
        column = column * 26 + letter - 64
    return column, int(good[2])
