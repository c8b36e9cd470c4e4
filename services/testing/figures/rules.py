"""Small counts are withheld: which test figures a reader sees who may not see persons (domain 4.3). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from services.testing.periods.rules import is_small


@dataclass(frozen=True, slots=True)
class TownCount:
    """Tests of a town, in one half month or in a whole period: made in their window, owed, and taken without a plan.

    None stands for a withheld count.
    """

    division_code: str
    done: int | None
    due: int | None
    unplanned: int | None
    half_month: str = ""
    """Which half month it is of; empty for a whole period."""


def added(half_months: Iterable[TownCount]) -> list[TownCount]:
    """The counts of each town over all its half months."""
    towns: dict[str, list[TownCount]] = {}
    for row in half_months:
        towns.setdefault(row.division_code, []).append(row)
    return [
        TownCount(
            town,
            done=sum(row.done or 0 for row in rows),
            due=sum(row.due or 0 for row in rows),
            unplanned=sum(row.unplanned or 0 for row in rows),
        )
        for town, rows in sorted(towns.items())
    ]


def withheld(half_months: Sequence[TownCount]) -> list[TownCount]:
    """The towns, without the counts that could identify somebody.

    A town's count is shown only when none of its half months is small: then no two periods that may be asked for differ by a small number.
    When exactly one town is withheld, the next smallest is withheld too; otherwise the sum would reveal it.
    """
    towns = added(half_months)
    small_owed = {row.division_code for row in half_months if _has_small_count(row)}
    small_taken = {row.division_code for row in half_months if is_small(row.unplanned or 0)}
    owed = _without_small([(town.due or 0, town.division_code in small_owed) for town in towns])
    taken = _without_small([(town.unplanned or 0, town.division_code in small_taken) for town in towns])
    return [
        replace(
            town,
            done=town.done if open_owed else None,
            due=town.due if open_owed else None,
            unplanned=town.unplanned if open_taken else None,
        )
        for town, open_owed, open_taken in zip(towns, owed, taken, strict=True)
    ]


def _has_small_count(count: TownCount) -> bool:
    done, due = count.done or 0, count.due or 0
    return is_small(due) or is_small(done) or is_small(due - done)


def _without_small(cells: Sequence[tuple[int, bool]]) -> list[bool]:
    """Which cells are shown; a cell is (size, whether it could identify somebody)."""
    shown = [not small for _, small in cells]
    if shown.count(False) == 1:
        others = [n for n, (size, _) in enumerate(cells) if shown[n] and size]
        if others:
            shown[min(others, key=lambda n: cells[n][0])] = False
    return shown


def total(half_months: Sequence[TownCount], shown: Sequence[TownCount], name: str) -> int | None:
    """The sum over all towns; None when, in any half month, it would reveal the withheld count of one town, or a small sum of several."""
    kept = {town.division_code for town in shown if getattr(town, name) is None}
    values = [(row.half_month, row) for row in half_months if row.division_code in kept]
    hidden = [added(replace(row, division_code="") for half, row in values if half == wanted)[0] for wanted in {half for half, _ in values}]
    small = any(is_small(row.unplanned or 0) if name == "unplanned" else _has_small_count(row) for row in hidden)
    if len(kept) == 1 or small:
        return None
    return sum(int(getattr(row, name) or 0) for row in half_months)
