"""Small counts stay inside: what a reader who sees no persons may be shown of test figures (domain 4.3). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

SMALL = 5
"""Counts of 1 to 4 people could name one. DEFAULT."""


@dataclass(frozen=True, slots=True)
class TownCount:
    """Tests of a town: made in their window, owed, and taken without a plan. None is withheld."""

    division_code: str
    done: int | None
    due: int | None
    unplanned: int | None


def is_small(count: int) -> bool:
    """Whether a count could name somebody."""
    return 0 < count < SMALL


def withheld(towns: Sequence[TownCount]) -> list[TownCount]:
    """The towns without counts that name somebody; when exactly one is kept back the next smallest goes too, or the sum would give it back."""
    owed = _without_small([(town.due or 0, _tells(town)) for town in towns])
    taken = _without_small([(town.unplanned or 0, is_small(town.unplanned or 0)) for town in towns])
    return [
        replace(
            town,
            done=town.done if open_owed else None,
            due=town.due if open_owed else None,
            unplanned=town.unplanned if open_taken else None,
        )
        for town, open_owed, open_taken in zip(towns, owed, taken, strict=True)
    ]


def _tells(town: TownCount) -> bool:
    done, due = town.done or 0, town.due or 0
    return is_small(due) or is_small(done) or is_small(due - done)


def _without_small(cells: Sequence[tuple[int, bool]]) -> list[bool]:
    """Which cells stay open, from (size, tells somebody)."""
    shown = [not tells for _, tells in cells]
    if shown.count(False) == 1:
        others = [n for n, (size, _) in enumerate(cells) if shown[n] and size]
        if others:
            shown[min(others, key=lambda n: cells[n][0])] = False
    return shown


def total(towns: Sequence[TownCount], shown: Sequence[TownCount], name: str) -> int | None:
    """The sum over the towns; None when it would give back what one town keeps, or is small itself."""
    values = [int(getattr(town, name) or 0) for town in towns]
    kept_back = [value for value, town in zip(values, shown, strict=True) if getattr(town, name) is None]
    return None if is_small(sum(values)) or len(kept_back) == 1 or is_small(sum(kept_back)) else sum(values)
