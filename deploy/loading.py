"""`./dev load FILES…`: the divisions, stations and staff of a real county, through the gateway, from csv or JSON.

The name of a file says what it holds: it begins with `divisions`, `stations` or `staff`. JSON is a list of the objects that the route takes
(`POST /registry/v1/divisions/load`, `…/stations/load`, `…/staff/load`; `/docs` shows each field); a csv has the same names as columns, several aliases with
`|` between them, yes or no as Y or N, and leaves unknown values empty. Divisions are loaded first, because stations and staff refer to them.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.folder import read_json
from deploy.imports import Client, enter
from deploy.imports import Options as ImportOptions
from deploy.problems import BadOption, NotRunning

KINDS = ("divisions", "stations", "staff")
"""What can be loaded, in the order in which it must be."""
AT_ONCE = 1000
NUMBERS = ("lon", "lat")
LISTS = ("aliases",)
YES_OR_NO = ("statutory",)


@dataclass(frozen=True)
class Options:
    """The options of the command line."""

    files: list[Path]
    data_dir: Path
    user: str | None = None
    password_file: Path | None = None
    code: str | None = None


def kind_of(path: Path) -> str:
    """The kind of a file, by its name. Raises BadOption."""
    for kind in KINDS:
        if path.name.startswith(kind) and path.suffix in (".csv", ".json"):
            return kind
    raise BadOption(
        option=str(path),
        reason="its name begins with divisions, stations or staff and ends with .csv or .json",
        reason_zh="文件名须以 divisions、stations 或 staff 开头,以 .csv 或 .json 结尾",
    )


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The objects of a file. Raises BadOption."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".json":
            found = json.loads(text)
            if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
                raise ValueError("not a list of objects")
            return found
        return [_plain(row) for row in csv.DictReader(text.splitlines())]
    except (ValueError, csv.Error) as error:
        raise BadOption(option=str(path), reason=f"it cannot be read ({error})", reason_zh=f"无法读取({error})") from error


def _plain(row: dict[str, str | None]) -> dict[str, Any]:
    """A line of a csv as the route takes it: what is empty is left away."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if not value:
            continue
        if name in NUMBERS:
            found[name] = float(value)
        elif name in LISTS:
            found[name] = [part for part in value.split("|") if part]
        elif name in YES_OR_NO:
            found[name] = value.strip().upper() in ("Y", "YES", "TRUE", "1", "是")
        else:
            found[name] = value
    return found


def batches(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """As many at once as one request takes."""
    for start in range(0, len(rows), AT_ONCE):
        yield rows[start : start + AT_ONCE]


def run(options: Options) -> int:
    """Load every file, divisions first; 0. Raises NotRunning, BadOption, Refused."""
    base_url = read_json(options.data_dir / "ready.json").get("base_url")
    if not base_url:
        raise NotRunning(path=options.data_dir)
    ordered = sorted(((kind_of(path), path) for path in options.files), key=lambda found: KINDS.index(found[0]))
    client, console = Client(str(base_url)), Console()
    enter(client, ImportOptions(options.files, options.data_dir, options.user, options.password_file, code=options.code))
    for kind, path in ordered:
        counted = {"created": 0, "changed": 0, "unchanged": 0}
        for batch in batches(rows_of(path)):
            answer = client.call("POST", f"/registry/v1/{kind}/load", json=batch).json()
            counted = {name: number + int(answer[name]) for name, number in counted.items()}
        said = "   ".join(f"{name} {number}" for name, number in counted.items())
        console.print(f"  {path.name}: {said}", highlight=False, markup=False, soft_wrap=True)
    return 0
