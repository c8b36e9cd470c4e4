"""How fast a ledger is read with every check, against libraries that merely read the same file.

    python -m tests.bench.bench_sheets [rows]

One generated workbook (rows x 20 columns, person ledger), one run, each way in its own process; ratios are what count.
The reader's time covers scan, parse, both passes, all validators, duplicate search, JSON over the pipe and the parent's records.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import xlsxwriter

from kit.sheets import Block, Place, Totals, Vocabulary, read_blocks
from kit.sheets.id_numbers import check_character

ROOT = Path(__file__).resolve().parents[2]
TODAY = dt.date(2024, 12, 31)
HEADERS = ["序号", "姓名", "性别", "公民身份号码", "出生日期", "民族", "联系电话", "所属镇", "所属村", "现住址", "滥用毒品种类", "管控状态", "状态起始时间", "录入时间", "帮教人", "备注", "网格编号", "家庭人口", "低保", "技能"]  # fmt: skip
TOWNS = [Place(f"9908221{n:02d}000", f"演示{n}镇", "town", (), (f"演示{n}",)) for n in range(1, 22)]
VILLAGES = [
    Place(f"9908221{t:02d}2{v:02d}", f"演示{t}之{v}村民委员会", "village", (f"9908221{t:02d}000",), (f"演示{t}之{v}村",))
    for t in range(1, 22)
    for v in range(12)
]


def generate(path: Path, rows: int) -> None:
    """A ledger as towns write it: mixed date forms, a few bad cells, about half a million distinct texts."""
    chance = random.Random(610822)
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("台账")
    sheet.write_string(0, 0, "管控人员台账")
    sheet.write_row(1, 0, HEADERS)
    for number in range(rows):
        day = dt.date(1960, 1, 1) + dt.timedelta(days=chance.randrange(15_000))
        since = dt.date(2015, 1, 1) + dt.timedelta(days=chance.randrange(3_000))
        digits = f"990822{day:%Y%m%d}{chance.randrange(1000):03d}"
        identity = digits + (check_character(digits) if chance.random() > 0.02 else "5")
        town = chance.randrange(1, 22)
        village = chance.randrange(12)
        sheet.write_number(number + 2, 0, number + 1)
        texts = [
            chance.choice("王李张刘陈杨赵高郝苏") + chance.choice("建国军平海龙小永志文") + chance.choice("红伟强勇明亮飞鹏波磊"), "男" if int(digits[16]) % 2 else "女", identity,
            chance.choice((f"{day.year}.{day.month}.{day.day}", f"{day:%Y%m%d}", day.isoformat(), f"{day.year}年{day.month}月{day.day}日")), chance.choice(("汉族", "汉")),
            f"1690{number:07d}", f"演示{town}镇", f"演示{town}之{village}村", f"演示{town}镇演示{town}之{village}村{chance.randrange(300)}号", chance.choice(("冰毒", "海洛因", "海洛因、冰毒")),
            chance.choice(("社区戒毒", "社区康复", "戒断三年未复吸", "强戒")), f"{since.year}/{since.month}/{since.day}", since.isoformat(), f"专干{chance.randrange(40)}", "",
            f"G{chance.randrange(410):04d}", str(chance.randrange(1, 8)), chance.choice("是否"), chance.choice(("电工", "驾驶", "无")),
        ]  # fmt: skip
        for column, text in enumerate(texts, 1):
            if text:
                sheet.write_string(number + 2, column, text)
    book.close()


def ours(path: Path) -> dict[str, object]:
    """Everything: records in this process, checked."""
    vocabulary = Vocabulary.load(ROOT / "services" / "registry" / "ledgers" / "words.toml").knowing(places=(*TOWNS, *VILLAGES))
    rows, first, totals = 0, None, None
    started = time.perf_counter()
    for part in read_blocks(path, vocabulary, as_of=TODAY, demo=True):
        if isinstance(part, Block):
            first = first or time.perf_counter() - started
            rows += len(part.rows)
        elif isinstance(part, Totals):
            totals = part
    spent = time.perf_counter() - started
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert totals is not None
    return {
        "rows": rows,
        "seconds": spent,
        "first_block": first,
        "child_mb": child.ru_maxrss // 1024,
        "child_cpu": child.ru_utime + child.ru_stime,
        "dispositions": totals.dispositions,
    }


def openpyxl_reads(path: Path) -> dict[str, object]:
    """openpyxl, read-only mode, values only, no checks."""
    import openpyxl

    started = time.perf_counter()
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    rows = sum(1 for _ in book.worksheets[0].iter_rows(values_only=True)) - 2
    return {"rows": rows, "seconds": time.perf_counter() - started}


def pandas_reads(path: Path) -> dict[str, object]:
    """pandas.read_excel (through openpyxl), texts, no checks."""
    import pandas as pd

    started = time.perf_counter()
    rows = len(pd.read_excel(path, header=1, dtype=str))
    return {"rows": rows, "seconds": time.perf_counter() - started}


def marks(path: Path) -> dict[str, object]:
    """The marked copy, for its memory."""
    from kit.sheets import mark

    vocabulary = Vocabulary.load(ROOT / "services" / "registry" / "ledgers" / "words.toml").knowing(places=(*TOWNS, *VILLAGES))
    started = time.perf_counter()
    mark(path, path.with_suffix(".marked.xlsx"), vocabulary, as_of=TODAY, demo=True)
    return {"seconds": time.perf_counter() - started, "child_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024}


def peak_mb() -> int:
    """Peak resident memory of this process itself (ru_maxrss would count what the parent held before exec)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


WAYS = {"kit.sheets": ours, "openpyxl": openpyxl_reads, "pandas": pandas_reads, "mark": marks}


def main() -> None:
    """Generate, measure each way in a fresh process, print seconds and ratios."""
    if len(sys.argv) == 3 and sys.argv[1] in WAYS:
        result = WAYS[sys.argv[1]](Path(sys.argv[2]))
        print(json.dumps({**result, "own_mb": peak_mb()}, ensure_ascii=False))
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.xlsx"
        generate(path, rows)
        print(f"{rows:,} rows x {len(HEADERS)} columns, {path.stat().st_size / 1e6:.1f} MB")
        results: dict[str, dict[str, float]] = {}
        for way in WAYS:
            done = subprocess.run(
                [sys.executable, "-m", "tests.bench.bench_sheets", way, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
            )
            results[way] = json.loads(done.stdout)
            print(way, results[way])
    base = results["kit.sheets"]["seconds"]
    print(
        f"kit.sheets: {rows / base:,.0f} rows/s with all checks ({rows / results['kit.sheets']['child_cpu']:,.0f} rows per CPU second of the child)"
    )
    for way in ("openpyxl", "pandas"):
        print(f"{way} merely reading takes {results[way]['seconds'] / base:.1f} x as long")


if __name__ == "__main__":
    main()
