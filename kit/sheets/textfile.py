"""Delimited text: which encoding, which delimiter, and whether it is text at all.

Encodings as they occur in Chinese offices: UTF-8 with or without a mark, UTF-16 from "Unicode text", else GB18030
(GB 18030-2022, which holds GBK and GB 2312). The whole file is decoded once, strictly, in pieces.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kit.sheets.shapes import Limits

_CHUNK = 1 << 18
_BINARY = re.compile("[\x00-\x08\x0e-\x1f]")
_DELIMITERS = ",\t;|，"


class TextProblem(Exception):
    """The text must not be parsed; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Examined:
    """How to read a delimited text, its widest record, and records that may have swallowed others: number → (first, last line)."""

    encoding: str
    delimiter: str
    columns: int
    swallowed: dict[int, tuple[int, int]]


def examine(data: bytes, limits: Limits) -> Examined:
    """Find encoding and delimiter and check every record against the limits. Raises TextProblem."""
    encoding = _encoding(data, limits)
    with io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="") as text:
        delimiter = _delimiter(text.read(65_536))
    columns = rows = last = 0
    wide: list[tuple[int, int, int, int, int]] = []  # record, first and last line, its width, delimiters inside one cell
    csv.field_size_limit(limits.line_characters)
    with io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="") as text:
        try:
            reader = csv.reader(text, delimiter=delimiter)
            for record in reader:
                rows += 1
                columns = max(columns, len(record))
                first, last = last + 1, reader.line_num
                inside = max((cell.count(delimiter) for cell in record), default=0)
                if inside and (last > first or len(record) > 1):
                    wide.append((rows, first, last, len(record), inside))
                if rows > limits.rows or columns > limits.columns:
                    raise TextProblem("SHEET_TOO_LARGE")
        except csv.Error as error:
            raise TextProblem("LINE_TOO_LONG" if "limit" in str(error) else "FILE_CORRUPT") from None
    return Examined(encoding, delimiter, columns, {record: (first, end) for record, first, end in _swallowed(wide, columns)})


def _swallowed(wide: list[tuple[int, int, int, int, int]], columns: int) -> Iterator[tuple[int, int, int]]:
    """Records that are shorter than others by what stands inside one of their cells, or that run over lines with most of a record inside a cell.

    A quote that nobody closed makes one cell of everything up to the next one (RFC 4180 2.6): persons vanish inside an address.
    """
    for record, first, last, width, inside in wide:
        if (last > first and 2 * inside >= columns - 1) or (width < columns and width + inside >= columns):
            yield record, first, last


def _encoding(data: bytes, limits: Limits) -> str:
    if data.startswith(codecs.BOM_UTF8):
        candidates = ["utf-8-sig"]
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif (unmarked := _utf16_without_mark(data)) is not None:
        candidates = [unmarked]
    elif b"\x00" in data:
        raise TextProblem("TEXT_BINARY")
    else:
        candidates = ["utf-8", "gb18030"]
    problem = TextProblem("TEXT_ENCODING")
    for encoding in candidates:
        try:
            _decode(data, encoding, limits)
        except UnicodeError:
            continue
        return encoding
    raise problem


def _utf16_without_mark(data: bytes) -> str | None:
    """Commas, digits and line ends of UTF-16 have their zero byte on one side; a few Han letters have one on the other."""
    head = data[:4096]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if even + odd < len(head) // 20 or len(data) % 2:
        return None
    if odd > 4 * even:
        return "utf-16-le"
    return "utf-16-be" if even > 4 * odd else None


def _decode(data: bytes, encoding: str, limits: Limits) -> None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    longest, line = limits.line_characters, 0
    for offset in range(0, len(data), _CHUNK):
        text = decoder.decode(data[offset : offset + _CHUNK], final=offset + _CHUNK >= len(data))
        if _BINARY.search(text):
            raise TextProblem("TEXT_BINARY")
        first, *more = text.replace("\r", "\n").split("\n")
        line += len(first)
        if line > longest or any(len(part) > longest for part in more):
            raise TextProblem("LINE_TOO_LONG")
        if more:
            line = len(more[-1])


def _delimiter(head: str) -> str:
    """The sign that cuts the first records into the same number of at least two pieces most often."""
    lines = [line for line in head.splitlines()[:60] if line.strip()]
    best, best_score = ",", 0.0
    for sign in _DELIMITERS:
        counts = [line.count(sign) for line in lines]
        used = [count for count in counts if count]
        if not used:
            continue
        common = max(set(used), key=used.count)
        score = used.count(common) / len(lines) * (1 + min(common, 20) / 20)
        if score > best_score:
            best, best_score = sign, score
    return best
