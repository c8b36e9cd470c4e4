"""Files that want to hurt: each is refused with its typed problem, quickly, and this process stays small.

The 2-KB workbooks of the first group are known to abort calamine's process (allocation of the whole rectangle, or of the
promised strings, in native code without a Python exception).
"""

from __future__ import annotations

import datetime as dt
import io
import os
import resource
import select
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from kit.sheets import FileRefused, Layout, Limits, Vocabulary, read_blocks
from tests.kit.sheets.conftest import ROOT

TODAY = dt.date(2021, 6, 30)
SECONDS = 5.0
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(sheet: str, strings: str | None = None, extra: dict[str, bytes] | None = None) -> bytes:
    """A minimal xlsx around the given sheet XML."""
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kinds}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        + (f'<Relationship Id="rId2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>' if strings else "")
        + "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{sheet}</sheetData></worksheet>',
    }
    if strings:
        parts["xl/sharedStrings.xml"] = strings
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return out.getvalue()


def cell(reference: str) -> str:
    """One numeric cell."""
    return f'<c r="{reference}"><v>1</v></c>'


def ole(streams: dict[str, bytes], *, loop: bool = False, loop_directory: bool = False) -> bytes:
    """A version-3 compound file with the given streams, each in its own chain; optionally with a FAT that bites its tail."""
    size = 512
    bodies = [data.ljust(-(-max(len(data), 4096) // size) * size, b"\0") for data in streams.values()]
    fat = [0xFFFFFFFD, 0xFFFFFFFE]  # sector 0 is the FAT, sector 1 the directory
    starts = []
    for body in bodies:
        start, count = len(fat), len(body) // size
        starts.append(start)
        fat += [*range(start + 1, start + count), 0xFFFFFFFE]
    if loop:
        fat[-1] = starts[-1]
    if loop_directory:
        fat[1] = 1
    fat_bytes = struct.pack(f"<{len(fat)}I", *fat).ljust(size, b"\xff")

    def entry(name: str, kind: int, child: int, start: int, length: int, right: int = 0xFFFFFFFF) -> bytes:
        encoded = name.encode("utf-16-le") + b"\0\0"
        return encoded.ljust(64, b"\0") + struct.pack(
            "<HBBIII16sIQQIQ", len(encoded), kind, 1, 0xFFFFFFFF, right, child, b"", 0, 0, 0, start, length
        )

    entries = [entry("Root Entry", 5, 1, 0xFFFFFFFE, 0)]
    for index, (name, body) in enumerate(zip(streams, bodies, strict=True)):
        entries.append(entry(name, 2, 0xFFFFFFFF, starts[index], len(body), index + 2 if index + 1 < len(bodies) else 0xFFFFFFFF))
    directory = b"".join(entries).ljust(size, b"\0")
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    )
    header += struct.pack("<I", 0) + b"\xff" * (4 * 108)
    return header + fat_bytes + directory + b"".join(bodies)


def biff(*records: tuple[int, bytes]) -> bytes:
    """A BIFF8 stream: BOF, the given records, EOF."""
    all_records = [(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0)), *records, (0x000A, b"")]
    return b"".join(struct.pack("<HH", kind, len(body)) + body for kind, body in all_records)


def bomb() -> bytes:
    """200 MB of zeros in 200 KB."""
    return workbook(cell("A1"), extra={"xl/media/image1.bin": bytes(200 * 2**20)})


def lying_bomb() -> bytes:
    """The same, with a central directory that says one byte: what is unpacked counts, not what is said."""
    data = bytearray(workbook(cell("A1"), extra={"xl/media/image1.bin": bytes(30 * 2**20)}))
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.rfind(signature)
        data[at + offset : at + offset + 4] = struct.pack("<I", 1)
    return bytes(data)


ROW = '<row r="1">{}</row>'
HUGE = f'<sst xmlns="{MAIN}" count="4294967295" uniqueCount="4294967295"><si><t>a</t></si></sst>'
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
CASES: dict[str, tuple[str, bytes, set[str]]] = {
    "a cell at the far corner": ("a.xlsx", workbook(ROW.format(cell("A1")) + '<row r="1048576">' + cell("XFD1048576") + "</row>"), {"SHEET_TOO_LARGE"}),
    "a far cell without its row": ("a.xlsx", workbook(ROW.format(cell("A1") + cell("XFD1048576"))), {"SHEET_TOO_LARGE"}),
    "a far cell in single quotes": ("a.xlsx", workbook(ROW.format(cell("A1") + "<c s='0'\n r = 'XFD1048576'><v>1</v></c>")), {"SHEET_TOO_LARGE"}),
    "a far cell behind a prefix": ("a.xlsx", workbook(f'<x:row xmlns:x="{MAIN}" r="1"><x:c r="A1048576"><x:v>1</x:v></x:c></x:row>'), {"SHEET_TOO_LARGE"}),
    "a row beyond all numbers": ("a.xlsx", workbook(ROW.format(cell("A99999999999"))), {"CELL_REFERENCE"}),
    "a column beyond all letters": ("a.xlsx", workbook(ROW.format(cell("ZZZZZZZZ1"))), {"CELL_REFERENCE"}),
    "a promise of four thousand million strings": ("a.xlsx", workbook(ROW.format('<c r="A1" t="s"><v>0</v></c>'), HUGE), {"STRINGS_COUNT"}),
    "a zip bomb": ("a.xlsx", bomb(), {"ARCHIVE_TOO_LARGE", "ARCHIVE_RATIO"}),
    "a zip bomb with a lying directory": ("a.xlsx", lying_bomb(), {"ARCHIVE_TOO_LARGE", "ARCHIVE_RATIO", "FILE_CORRUPT"}),
    "too many entries": ("a.xlsx", workbook(cell("A1"), extra={f"x/{n}": b"" for n in range(300)}), {"ARCHIVE_ENTRIES"}),
    "a truncated zip": ("a.xlsx", workbook(ROW.format(cell("A1")))[:-300], {"FILE_CORRUPT"}),
    "a zip that is no workbook": ("a.xlsx", b"PK\x03\x04" + bytes(100), {"FILE_CORRUPT"}),
    "an OLE file whose FAT loops": ("a.xls", ole({"Workbook": biff()}, loop=True), {"FILE_CORRUPT"}),
    "an OLE file whose directory loops": ("a.xls", ole({"Workbook": biff()}, loop_directory=True), {"FILE_CORRUPT"}),
    "an encrypted package": ("a.xlsx", ole({"EncryptionInfo": b"x" * 100, "EncryptedPackage": b"y" * 5000}), {"FILE_ENCRYPTED"}),
    "an encrypted xls": ("a.xls", ole({"Workbook": biff((0x002F, bytes(54)))}), {"FILE_ENCRYPTED"}),
    "an xls that promises strings": ("a.xls", ole({"Workbook": biff((0x00FC, struct.pack("<II", 1, 0xFFFFFFFF)))}), {"STRINGS_COUNT"}),
    "an xls with a far cell": ("a.xls", ole({"Workbook": biff((0x0203, struct.pack("<HHHd", 65535, 255, 0, 1.0)))}), {"SHEET_TOO_LARGE"}),
    "a record longer than its stream": ("a.xls", ole({"Workbook": biff() + struct.pack("<HH", 0x0203, 60000)}), {"FILE_CORRUPT"}),
    "a word file named xls": ("a.xls", ole({"WordDocument": b"w" * 5000}), {"FILE_NOT_AS_NAMED"}),
    "an old xls named xlsx": ("a.xlsx", ole({"Workbook": biff()}), {"FILE_NOT_AS_NAMED"}),
    "plain text named xlsx": ("a.xlsx", "姓名,身份证号\n".encode(), {"FILE_NOT_AS_NAMED"}),
    "a picture named xls": ("a.xls", PNG, {"FILE_NOT_AS_NAMED"}),
    "a picture named csv": ("a.csv", PNG, {"FILE_NOT_AS_NAMED"}),
    "a program": ("a.exe", b"MZ", {"FILE_TYPE_UNKNOWN"}),
    "nothing": ("a.csv", b"", {"FILE_EMPTY"}),
    "text with zero bytes": ("a.csv", b"name,id\n\x00\x00\x00zhang,1\n", {"TEXT_BINARY"}),
    "text in no known encoding": ("a.csv", b"name,id\n\xff\xff\xfe,1\n" * 3, {"TEXT_ENCODING"}),
    "one endless line": ("a.csv", b"a" * (20 * 2**20), {"LINE_TOO_LONG"}),
    "one endless quoted field": ("a.csv", b'a,"' + b"b\n" * 100_000, {"LINE_TOO_LONG"}),
    "a million columns": ("a.csv", b",".join([b"x"] * 30_000) + b"\n", {"SHEET_TOO_LARGE"}),
    "too many lines": ("a.csv", b"a,b\n" * 200_001, {"SHEET_TOO_LARGE"}),
    "more bytes than allowed": ("a.csv", b"a,b\n" * (9 * 2**20), {"FILE_TOO_LARGE"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_file_is_refused_with_its_problem_in_time_and_in_bounded_memory(case: str, all_words: Vocabulary) -> None:
    name, data, codes = CASES[case]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    with pytest.raises(FileRefused) as refused:
        list(read_blocks(data, all_words, as_of=TODAY, name=name))
    assert refused.value.code in codes
    assert refused.value.detail_zh and refused.value.detail_en
    assert time.perf_counter() - started < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def unscanned(data: bytes, name: str, all_words: Vocabulary, limits: Limits) -> str:
    """What becomes of a file whose harm the scan does not see: the scan's own limits are lifted."""
    with pytest.raises(FileRefused) as refused:
        list(read_blocks(data, all_words, as_of=TODAY, name=name, limits=limits))
    return refused.value.code


def test_what_the_scan_lets_pass_can_only_end_the_child(all_words: Vocabulary) -> None:
    far = workbook(ROW.format(cell("A1")) + '<row r="1048576">' + cell("XFD1048576") + "</row>")
    blind = Limits(rows=2_000_000, columns=20_000, cells=1 << 40)
    started = time.perf_counter()
    assert unscanned(far, "a.xlsx", all_words, blind) in ("PARSER_STOPPED", "PARSER_MEMORY")
    assert time.perf_counter() - started < SECONDS


def test_a_child_that_spins_is_stopped_by_its_processor_limit(all_words: Vocabulary) -> None:
    slow = b"a,b\n" * 199_000
    assert unscanned(slow, "a.csv", all_words, Limits(cpu_seconds=0)) == "PARSER_TIMEOUT"


def test_a_silent_child_is_stopped_by_the_clock(all_words: Vocabulary) -> None:
    assert unscanned(b"a,b\n" * 199_000, "a.csv", all_words, Limits(wait_seconds=0.02)) == "PARSER_TIMEOUT"


def test_harmless_files_pass_the_scan(all_words: Vocabulary) -> None:
    for name, data in (
        ("a.xlsx", workbook(ROW.format(cell("A1") + cell("BL1")))),
        ("a.csv", b"a,b\n1,2\n"),
        ("b.txt", "姓名\t电话\n".encode("utf-16")),
    ):
        layout = next(read_blocks(data, all_words, as_of=TODAY, name=name))
        assert isinstance(layout, Layout) and not layout.tables


DYING_PARENT = """
import datetime, sys
from pathlib import Path
from kit.sheets import Vocabulary
from kit.sheets.reading import Parser
from kit.sheets.shapes import Limits
parser = Parser(Path(sys.argv[1]), None, Vocabulary(()), datetime.date(2021, 1, 1), False, Limits()).__enter__()
print(parser._process.pid, flush=True)
sys.stdin.readline()
"""


def test_the_child_ends_with_its_parent_even_while_the_kernel_holds_it(tmp_path: Path) -> None:
    never_written = tmp_path / "a.csv"
    os.mkfifo(never_written)  # opening it for reading waits for ever
    with subprocess.Popen(
        [sys.executable, "-c", DYING_PARENT, str(never_written)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
        parent.wait()
        assert select.select([child], [], [], SECONDS)[0], "the child outlived its parent"
        os.close(child)
