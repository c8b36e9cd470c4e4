"""Cuts the demo's check-ins out of the practice set: 8 to 30 June 2021, with the places that belong to them.

usage: python -m deploy.demo.make_checkins_cut FOLDER_OF_THE_PRACTICE_SET
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from pathlib import Path

HERE = Path(__file__).parent
FIRST = "2021-06-08"


def _write(name: str, head: list[str], rows: list[list[str]]) -> None:
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def main(source: Path) -> None:
    """Write checkins.csv.gz, checkin_persons.csv, checkin_places.csv and checkin_occasions.csv."""
    with gzip.open(source / "checkins.csv.gz", "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["ts"] >= FIRST]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["checkin_id", "person_id", "ts", "lon", "lat", "accuracy_m", "source"])
    writer.writerows([row[name] for name in ("checkin_id", "person_id", "ts", "lon", "lat", "accuracy_m", "source")] for row in rows)
    (HERE / "checkins.csv.gz").write_bytes(gzip.compress(out.getvalue().encode(), 9, mtime=0))
    with (source / "persons.csv").open(encoding="utf-8") as file:
        _write(
            "checkin_persons.csv",
            ["person_id", "division", "household", "home_lon", "home_lat", "workplace"],
            [[p[n] for n in ("person_id", "division", "household", "home_lon", "home_lat", "workplace")] for p in csv.DictReader(file)],
        )
    with (source / "pois.csv").open(encoding="utf-8") as file:
        _write("checkin_places.csv", ["poi", "kind", "division", "lon", "lat"], [list(p.values()) for p in csv.DictReader(file)])
    with (source / "schedule.csv").open(encoding="utf-8") as file:
        kept = [list(p.values()) for p in csv.DictReader(file) if p["end"] >= FIRST]
    _write("checkin_occasions.csv", ["activity", "kind", "division", "start", "end", "lon", "lat"], kept)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
