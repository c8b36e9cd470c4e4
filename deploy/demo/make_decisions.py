"""Writes decisions.csv: what the demo county's officer found in the original files, for each held row and each contradiction.

    python -m deploy.demo.make_decisions EXPECTED_FOLDER

EXPECTED_FOLDER holds `NN_*.expected.json.gz` (which row is whom) and `_persons_truth.csv` (who the persons are). The result is data: hand work of an office,
kept beside the ledgers. A line with `value` corrects a cell, one with `decision` decides a conflict of that row's field (take: this row is right).
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("decisions.csv")
COLUMNS = ("file", "sheet", "row", "field", "value", "decision")
FIELD_OF = {"ID": "id_no", "STATUS": "status", "NAME": "name", "TOWN": "town_code"}
COMPARED = ("name", "town_code", "village_code", "phone", "address", "drugs", "status", "status_date")
LEDGERS_OF_PERSONS = range(1, 11)


def main(folder: Path) -> None:
    """Write the file."""
    with (folder / "_persons_truth.csv").open(encoding="utf-8") as file:
        truth = {line["truth"]: line for line in csv.DictReader(file)}
    rows: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    lines: list[tuple[str, str, int, str, str, str]] = []
    for number in LEDGERS_OF_PERSONS:
        path = next(folder.glob(f"{number:02d}_*.expected.json.gz"))
        workbook = next(other.name for other in sorted(folder.glob(f"{number:02d}_*")) if not other.name.endswith(".gz"))
        for row in json.loads(gzip.decompress(path.read_bytes()))["rows"]:
            person = truth[row["truth"]]
            rows[row["truth"]].append((workbook, row))
            if row["disposition"] == "hold":
                fields = sorted({FIELD_OF[p["code"].partition("_")[0]] for p in row["problems"] if p["code"].partition("_")[0] in FIELD_OF})
                lines += [
                    (workbook, row["sheet"], row["row"], field, _right(person, field), "") for field in fields if not row["record"][field]
                ]
    for key, found in rows.items():
        for workbook, row in found if len(found) > 1 else ():
            for field in COMPARED:
                value = row["record"].get(field)
                if value and any(other["record"].get(field) not in (None, [], value) for _, other in found):
                    place = truth[key]["town_code"] == row["record"]["town_code"]
                    right = place if field == "address" else _as_text(value) == _right(truth[key], field)
                    lines.append((workbook, row["sheet"], row["row"], field, "", "take" if right else "keep"))
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(sorted(lines))


def _as_text(value: Any) -> str:
    return "|".join(value) if isinstance(value, list) else str(value)


def _right(person: dict[str, str], field: str) -> str:
    return person["status_2020_12_31" if field == "status" else field]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
