"""Makes `staff.csv`: 34 full-time officers, 58 social workers, 410 grid workers and 25 police officers for the demo county. Everybody is fictitious.

usage: python -m deploy.demo.make_staff       (same divisions = same file)
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

HERE = Path(__file__).parent
SURNAMES = "王李张刘陈杨赵高郝苏折边柴白贺乔郭马韩孙"
GIVEN = "建国军平海龙永志文晓玉秀春红伟强勇明亮飞鹏波磊凯东"
COLUMNS = ("code", "name", "post", "division_code", "station_code", "sex")

WOMEN_FROM = 3
"""Of five consecutive numbers the third and the fourth are women, so that police, officers and workers each have two of either sex."""


def people(count: int, rng: random.Random) -> list[str]:
    """The given number of invented names, marked as a demonstration."""
    return [rng.choice(SURNAMES) + rng.choice(GIVEN) + rng.choice(GIVEN) + "(演示)" for _ in range(count)]


def rows() -> list[tuple[str, str, str, str, str, str]]:
    """The staff: every town has at least one officer, two social workers and a police officer; every grid has its worker."""
    rng = random.Random(610822)  # noqa: S311 - a repeatable demo, not a secret
    with (HERE / "divisions.csv").open(encoding="utf-8") as file:
        divisions = list(csv.DictReader(file))
    with (HERE / "stations.csv").open(encoding="utf-8") as file:
        stations = {row["division_code"]: row["station_code"] for row in reversed(list(csv.DictReader(file)))}
    towns = [row["code"] for row in divisions if row["level"] in ("town", "service_centre")]
    grids = [row for row in divisions if row["level"] == "grid"]
    seat = towns[0]
    found: list[tuple[str, str, str, str, str, str]] = []

    def add(prefix: str, post: str, places: list[str]) -> None:
        for number, (place, name) in enumerate(zip(places, people(len(places), rng), strict=True), 1):
            town = next((code for code in towns if place.startswith(code[:9])), seat)
            sex = "female" if number % 5 >= WOMEN_FROM else "male"
            found.append((f"{prefix}{number:03d}", name, post, place, stations.get(town, ""), sex))

    add("T", "town_officer", towns + [seat] * (34 - len(towns)))
    add("S", "social_worker", towns * 2 + [seat] * (58 - 2 * len(towns)))
    add("P", "police_officer", towns + [seat] * 4)
    add("G", "grid_worker", [row["code"] for row in grids])
    add("C", "county_officer", ["610822000000"] * 3)
    return found


def main() -> None:
    """Write the file."""
    with (HERE / "staff.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows())


if __name__ == "__main__":
    main()
