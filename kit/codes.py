"""Code lists with labels in two languages, as data: `codes.csv` of a service with the columns list, code, zh, en; and the events of its machines.

A list is named after its column (`specimen_type`) or, where columns of one name differ, after table and column (`thing.state`).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kit.steps.machine import Machine

Codes = Mapping[str, tuple[str, str]]
"""Code → (Chinese label, English label)."""
Words = Callable[[], Mapping[str, tuple[str, str]]]
"""Property → what it is, in Chinese and English: headers of workbooks. Read when the first workbook is asked for."""
LISTED = "x-list"


class Listed:
    """Marks a text of an answer as a word of one of the service's lists: `event: Annotated[str, Listed("draw.event")]`.

    The gateway spells the list out in the published document. The text itself is not checked: a history keeps what earlier versions wrote, and such words stand
    in the list as well. A text of a request is a Literal, which is checked.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {**handler(schema), LISTED: self.name}


def load_codes(folder: Path, *machines: Machine[Any]) -> dict[str, Codes]:
    """The lists of `codes.csv` in a service's folder, and the events of its machines as `<table>.event`, to which the file adds what earlier versions wrote.
    `next_step.event` and `next_step.to` are those of all machines: a word with more than one meaning has all its labels.

    Raises ValueError for a label that is missing or given twice.
    """
    lists: dict[str, dict[str, tuple[str, str]]] = {machine.table + ".event": dict(machine.events) for machine in machines}
    with (folder / "codes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            entries = lists.setdefault(row["list"], {})
            if row["code"] in entries or not row["zh"] or not row["en"]:
                raise ValueError(f"{folder.name}: {row['list']} {row['code']} is labelled twice or not at all")
            entries[row["code"]] = (row["zh"], row["en"])
    for name, column in (("next_step.event", ".event"), ("next_step.to", ".state")) if machines else ():
        lists[name] = {}
        for machine in machines:
            for code, labels in lists[machine.table + column].items():
                known = lists[name].get(code, labels)
                lists[name][code] = known if known == labels else (_both(known[0], labels[0]), _both(known[1], labels[1]))
    return dict(lists)


def _both(one: str, other: str) -> str:
    return one if other in one.split(" / ") else f"{one} / {other}"
