"""Small counts are withheld: the edition of a bulletin for anyone but the county office. Pure.

A count of 1-4 people in a town can name them. Withheld, by cell (k = `small_cell`, DEFAULT 5):

- fewer than k due: everything (counts, rate, points);
- k or more due, but 1 to k-1 done or not done: the counts and points; the rate stays in whole per cent, which fits many counts;
- a line with a withheld cell shows no points, and every score is cut to whole points: formula and score would give the cell back
  (cut, not rounded, and thresholds are whole, so that 84.60 does not read as 85 in orange);
- a line of which everything due is withheld shows no score either, now or for earlier bulletins, only its colour;
- a line with exactly one cell wholly withheld loses a second one, the smallest (complementary suppression);
- the county's cell is withheld where county minus the open towns gives something away: one town alone, fewer than k due in all the
  withheld towns together, or none of them done;
- a revision names the cells that it corrects, not their counts: old and new count together would tell who was added; and where a corrected cell differs by
  fewer than k from what the first issue showed, the cell is withheld wholly, or one would be taken from the other;
- of several rhythms that overlap only the half-month's shows counts: a month less its first half would give the second;
- hard fails are named, their number is not; neither is that of what was done outside every denominator.

The colour and its cause stay: they are about a town's work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from services.alerts.bulletins.figures import (
    Audience,
    Bulletin,
    Cell,
    CountyLine,
    FoundFail,
    PastFigure,
    TownLine,
    Withheld,
)
from services.alerts.bulletins.periods import DEFAULT_RHYTHM

_WHOLE = Decimal(1)
_PERCENT = Decimal("0.01")


def edition_for(bulletin: Bulletin, audience: Audience) -> Bulletin:
    """The copy that `audience` may hold; the county office's own copy comes back unchanged.

    Raises ValueError when a wider edition is asked to become the office's: what was withheld is gone.
    """
    if audience is bulletin.audience:
        return bulletin
    if audience is Audience.COUNTY_OFFICE:
        raise ValueError("withheld figures cannot be put back")
    k = bulletin.rules.small_cell
    least = Withheld.NOTHING if bulletin.rhythm == DEFAULT_RHYTHM.value else Withheld.COUNTS
    moved = _moved_little(bulletin, k)
    towns = tuple(_town(line, k, least, moved) for line in bulletin.towns)
    changes = tuple(change if change.indicator is None else replace(change, before=None, after=None) for change in bulletin.changes)
    return replace(bulletin, audience=audience, towns=towns, county=_county(bulletin, towns, k, least), changes=changes)


def _moved_little(bulletin: Bulletin, k: int) -> set[tuple[str, str]]:
    """(town, indicator) of the cells that a revision corrects by fewer than k: the issue before showed the old count."""
    found: set[tuple[str, str]] = set()
    for change in bulletin.changes:
        if change.indicator is None or not change.before or not change.after:
            continue
        was, now = (tuple(int(part) for part in text.split("/")) for text in (change.before, change.after))
        if any(0 < abs(new - old) < k for old, new in zip(was, now, strict=True)):
            found.add((change.division_code, change.indicator.value))
    return found


def _at_least(level: Withheld, least: Withheld) -> Withheld:
    return max(level, least, key=list(Withheld).index)


def _town(line: TownLine, k: int, least: Withheld, moved: set[tuple[str, str]]) -> TownLine:
    levels = [
        Withheld.ALL
        if (line.division_code, cell.indicator.value) in moved and cell.due
        else _at_least(_level(cell, k), least if cell.due else Withheld.NOTHING)
        for cell in line.cells
    ]
    cells = _withhold(line.cells, levels)
    score, past = _scores(line, cells)
    return replace(
        line,
        cells=cells,
        score=score,
        hard_fails=tuple(FoundFail(fail.kind, None) for fail in line.hard_fails),
        past=past,
        difference=_difference(score, past),
    )


def _county(full: Bulletin, towns: tuple[TownLine, ...], k: int, least: Withheld) -> CountyLine:
    line = full.county
    levels = [_at_least(_level(cell, k), least if cell.due else Withheld.NOTHING) for cell in line.cells]
    for column in range(len(levels)):
        pairs = zip(full.towns, towns, strict=True)
        rest = [before.cells[column] for before, town in pairs if town.cells[column].withheld is not Withheld.NOTHING]
        due, done = sum(cell.due or 0 for cell in rest), sum(cell.done or 0 for cell in rest)
        if rest and (len(rest) == 1 or due < k or done == 0):
            levels[column] = Withheld.ALL
        elif any((town.division_code, line.cells[column].indicator.value) in _moved_little(full, k) for town in towns):
            levels[column] = Withheld.ALL  # the county's count moved by as much
    cells = _withhold(line.cells, levels)
    score, past = _scores(line, cells)
    return replace(line, cells=cells, score=score, past=past, difference=_difference(score, past))


def _level(cell: Cell, k: int) -> Withheld:
    done, due = cell.done or 0, cell.due or 0
    if 0 < due < k:
        return Withheld.ALL
    return Withheld.COUNTS if 0 < done < k or 0 < due - done < k else Withheld.NOTHING


def _withhold(cells: tuple[Cell, ...], levels: list[Withheld]) -> tuple[Cell, ...]:
    if levels.count(Withheld.ALL) == 1:
        others = [n for n, cell in enumerate(cells) if levels[n] is not Withheld.ALL and cell.due]
        if others:
            levels[min(others, key=lambda n: cells[n].due or 0)] = Withheld.ALL
    touched = any(level is not Withheld.NOTHING for level in levels)
    cells = tuple(replace(cell, outside=None) for cell in cells)
    return tuple(_kept(cell, level) for cell, level in zip(cells, levels, strict=True)) if touched else cells


def _kept(cell: Cell, level: Withheld) -> Cell:
    cell = replace(cell, points=None, lost=None, withheld=level)
    match level:
        case Withheld.NOTHING:
            return cell
        case Withheld.COUNTS:
            rate = None if cell.rate is None else cell.rate.quantize(_PERCENT, ROUND_HALF_UP)
            return replace(cell, done=None, due=None, rate=rate)
        case Withheld.ALL:
            return replace(cell, done=None, due=None, rate=None)


def _scores(line: TownLine | CountyLine, cells: tuple[Cell, ...]) -> tuple[Decimal | None, tuple[PastFigure, ...]]:
    withheld = [cell.withheld for cell, before in zip(cells, line.cells, strict=True) if before.due]
    if withheld and all(level is Withheld.ALL for level in withheld):
        return None, tuple(replace(figure, score=None) for figure in line.past)
    return _whole(line.score), tuple(replace(figure, score=_whole(figure.score)) for figure in line.past)


def _whole(score: Decimal | None) -> Decimal | None:
    return None if score is None else score.quantize(_WHOLE, ROUND_FLOOR)


def _difference(score: Decimal | None, past: tuple[PastFigure, ...]) -> Decimal | None:
    last = past[-1].score if past else None
    return None if score is None or last is None else score - last


def with_own_lines(units: Mapping[str, Any], office: Mapping[str, Any], is_own: Callable[[str], bool]) -> dict[str, Any] | None:
    """The wider edition as data, with a reader's own towns' lines whole; None where none is theirs.

    Whoever knows their own line could take it from the county's: so the county's cell goes where what is left of the withheld towns would be small.
    """
    whole = {line["division_code"]: line for line in office["towns"]}
    own = {code for code in whole if is_own(code)}
    if not own:
        return None
    k = int(office["rules"]["small_cell"])
    cells = [dict(cell) for cell in units["county"]["cells"]]
    for column, cell in enumerate(cells):
        withheld = {line["division_code"] for line in units["towns"] if line["cells"][column]["withheld"] != Withheld.NOTHING.value}
        rest = [whole[code]["cells"][column] for code in withheld - own]
        due, done = sum(item["due"] or 0 for item in rest), sum(item["done"] or 0 for item in rest)
        if withheld & own and rest and (len(rest) == 1 or due < k or done < k or due - done < k):
            cell |= dict.fromkeys(("done", "due", "rate", "points", "lost", "outside")) | {"withheld": Withheld.ALL.value}
    towns = [whole[line["division_code"]] if line["division_code"] in own else line for line in units["towns"]]
    return {**units, "county": {**units["county"], "cells": cells}, "towns": towns}
