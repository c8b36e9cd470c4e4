"""Boards: what a run shows at its end, line by line under a title, whether the tests pass or not. The fixtures `board` and `tally` write on them.

What they write are properties of a test's report, because reports are what comes back from worker processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

Board = Callable[[str, str], None]
"""`board("scorecard of the detectors", "recall 1.0")`"""

Tally = Callable[[str, Mapping[str, int]], None]
"""`tally("matrix of routes and roles", {"tokens refused": 12})`: counts under a title are added up over the run."""

Property = Callable[[str, object], None]


class Told(Protocol):
    """A test's report."""

    user_properties: list[tuple[str, object]]
    when: str | None


def board_of(record_property: Property) -> Board:
    """The boards, for one test."""
    return lambda title, line: record_property("board", [title, line])


def tally_of(record_property: Property) -> Tally:
    """The counts, for one test."""
    return lambda title, counts: record_property("tally", [title, dict(counts)])


def boards(reports: Iterable[Told]) -> dict[str, list[str]]:
    """The lines of all reports by title, in an order that does not depend on who ran first."""
    lines: dict[str, list[str]] = {}
    counts: dict[str, Counter[str]] = {}
    for report in reports:
        if report.when != "teardown":  # the last phase's report holds what the others wrote
            continue
        for name, value in report.user_properties:
            if name not in ("board", "tally"):
                continue
            assert isinstance(value, list)
            title, told = value
            if name == "board":
                lines.setdefault(title, []).append(told)
            else:
                counts.setdefault(title, Counter()).update(told)
    for title, counted in counts.items():
        lines.setdefault(title, []).append("; ".join(f"{count:,} {name}" for name, count in sorted(counted.items())))
    return {title: sorted(told) for title, told in sorted(lines.items())}
