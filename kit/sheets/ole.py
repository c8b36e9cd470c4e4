"""OLE compound files ([MS-CFB]) and the BIFF8 stream inside ([MS-XLS]): enough to know that the file does not crash a parser.

Every chain of sectors is followed with a count, so that a loop ends; every cell record's position is read, so that the used
rectangle is known before anything is allocated for it.
"""

from __future__ import annotations

import struct

from kit.sheets.shapes import Limits

_END, _FREE, _LARGEST = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFA
_CELLS = frozenset((0x0203, 0x027E, 0x00FD, 0x0204, 0x0006, 0x0205, 0x0201, 0x00D6, 0x0406, 0x0206))
_MULTIPLE = frozenset((0x00BD, 0x00BE))
_FILEPASS, _DATEMODE, _SST = 0x002F, 0x0022, 0x00FC
_BOUNDSHEET, _COLINFO = 0x0085, 0x007D


class OleProblem(Exception):
    """The file must not be parsed; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Container:
    def __init__(self, data: bytes) -> None:
        if len(data) < 1536:
            raise OleProblem("FILE_CORRUPT")
        self.data = data
        shift, mini_shift = struct.unpack_from("<HH", data, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise OleProblem("FILE_CORRUPT")
        self.size = 1 << shift
        self.sectors = (len(data) + self.size - 1) // self.size - 1
        fat_count, directory = struct.unpack_from("<II", data, 44)
        self.cutoff, mini_fat, _, difat, _ = struct.unpack_from("<IIIII", data, 56)
        self.fat = self._fat(fat_count, difat)
        self.entries = self._entries(b"".join(self.chain(directory)))
        self._check_streams(mini_fat)

    def sector(self, number: int) -> bytes:
        if number >= self.sectors:
            raise OleProblem("FILE_CORRUPT")
        return self.data[(number + 1) * self.size : (number + 2) * self.size]

    def _fat(self, count: int, difat: int) -> list[int]:
        numbers = [n for n in struct.unpack_from("<109I", self.data, 76) if n != _FREE]
        seen = 0
        while difat < _LARGEST:
            seen += 1
            if seen > self.sectors:
                raise OleProblem("FILE_CORRUPT")
            block = self.sector(difat)
            values = struct.unpack(f"<{len(block) // 4}I", block[: len(block) // 4 * 4])
            numbers += [n for n in values[:-1] if n != _FREE]
            difat = values[-1]
        if count > self.sectors or len(set(numbers)) != len(numbers):
            raise OleProblem("FILE_CORRUPT")
        fat: list[int] = []
        for number in numbers[:count]:
            block = self.sector(number)
            fat += struct.unpack(f"<{len(block) // 4}I", block[: len(block) // 4 * 4])
        return fat

    def chain(self, start: int) -> list[bytes]:
        """The sectors of a chain; a loop or an end outside the file is a problem."""
        found: list[bytes] = []
        while start < _LARGEST:
            found.append(self.sector(start))
            if len(found) > self.sectors or start >= len(self.fat):
                raise OleProblem("FILE_CORRUPT")
            start = self.fat[start]
        if start == _FREE:
            raise OleProblem("FILE_CORRUPT")
        return found

    def _entries(self, directory: bytes) -> dict[str, tuple[int, int, int]]:
        entries: dict[str, tuple[int, int, int]] = {}
        for offset in range(0, len(directory) - 127, 128):
            length, kind = struct.unpack_from("<HB", directory, offset + 64)
            if kind in (1, 2, 5):
                name = directory[offset : offset + max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace")
                start, size = struct.unpack_from("<II", directory, offset + 116)
                entries.setdefault(name, (kind, start, size))
        return entries

    def _check_streams(self, mini_fat: int) -> None:
        root = next((entry for entry in self.entries.values() if entry[0] == 5), None)
        self.mini = b"".join(self.chain(root[1])) if root and root[2] else b""
        table = b"".join(self.chain(mini_fat)) if mini_fat < _LARGEST else b""
        self.mini_fat = struct.unpack(f"<{len(table) // 4}I", table[: len(table) // 4 * 4])
        for kind, start, size in self.entries.values():
            if kind == 2 and size:
                self._read(start, size)

    def _read(self, start: int, size: int) -> bytes:
        if size > len(self.data):
            raise OleProblem("FILE_CORRUPT")
        if size >= self.cutoff:
            return b"".join(self.chain(start))[:size]
        parts: list[bytes] = []
        while start < _LARGEST:
            if start >= len(self.mini_fat) or len(parts) > len(self.mini_fat):
                raise OleProblem("FILE_CORRUPT")
            parts.append(self.mini[start * 64 : start * 64 + 64])
            start = self.mini_fat[start]
        return b"".join(parts)[:size]

    def stream(self, *names: str) -> bytes | None:
        for name in names:
            if name in self.entries and self.entries[name][0] == 2:
                return self._read(*self.entries[name][1:])
        return None


def is_encrypted_package(data: bytes) -> bool:
    """Whether an OLE file is a password-protected OOXML workbook ([MS-OFFCRYPTO] 2.3)."""
    try:
        return any(name in _Container(data).entries for name in ("EncryptedPackage", "EncryptionInfo"))
    except OleProblem:
        return False


def check_workbook(data: bytes, limits: Limits) -> tuple[bool, dict[int, set[int]]]:
    """Check an xls file: whether it uses the 1904 date system, and the hidden columns by the position of their sheet ([MS-XLS] 2.4.53). Raises OleProblem."""
    container = _Container(data)
    if "EncryptedPackage" in container.entries:
        raise OleProblem("FILE_ENCRYPTED")
    book = container.stream("Workbook", "Book", "WORKBOOK", "BOOK")
    if book is None:
        raise OleProblem("FILE_NOT_AS_NAMED")
    date1904, offset, end = False, 0, len(book)
    rows = columns = 0
    sheets: list[int] = []  # where each sheet's records begin
    sheet = -1
    hidden: dict[int, set[int]] = {}
    while offset + 4 <= end:
        kind, length = struct.unpack_from("<HH", book, offset)
        if offset in sheets:
            sheet = sheets.index(offset)
        body = offset + 4
        offset = body + length
        if offset > end:
            raise OleProblem("FILE_CORRUPT")
        if kind in _CELLS and length >= 6:
            row, column = struct.unpack_from("<HH", book, body)
            rows, columns = max(rows, row + 1), max(columns, column + 1)
        elif kind in _MULTIPLE and length >= 6:
            row, _ = struct.unpack_from("<HH", book, body)
            (column,) = struct.unpack_from("<H", book, offset - 2)
            rows, columns = max(rows, row + 1), max(columns, column + 1)
        elif kind == _FILEPASS:
            raise OleProblem("FILE_ENCRYPTED")
        elif kind == _BOUNDSHEET and length >= 6 and len(sheets) < limits.columns:
            sheets.append(struct.unpack_from("<I", book, body)[0])
        elif kind == _COLINFO and length >= 10 and struct.unpack_from("<H", book, body + 8)[0] & 1:
            first, last = struct.unpack_from("<HH", book, body)
            hidden.setdefault(sheet, set()).update(range(first, min(last + 1, limits.columns)))
        elif kind == _DATEMODE and length >= 2:
            date1904 = struct.unpack_from("<H", book, body)[0] == 1
        elif kind == _SST and length >= 8 and struct.unpack_from("<I", book, body + 4)[0] > len(book):
            raise OleProblem("STRINGS_COUNT")
    if rows > limits.rows or columns > limits.columns or rows * columns > limits.cells:
        raise OleProblem("SHEET_TOO_LARGE")
    return date1904, hidden
