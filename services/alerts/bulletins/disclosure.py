"""Small counts stay inside: the edition of a bulletin for anyone but the county office. Pure.

A count of 1-4 people in a town can name them. Withheld, by cell (k = `small_cell`, DEFAULT 5):

- fewer than k due: everything (counts, rate, points);
- k or more due, but 1 to k-1 done or not done: the counts and points; the rate stays in whole per cent, which fits many counts;
- a line with a withheld cell shows no points, and every score is cut to whole points: formula and score would give the cell back
  (cut, not rounded, and thresholds are whole, so that 84.60 does not read as 85 in orange);
- a line of which everything due is withheld shows no score either, now or for earlier bulletins, only its colour;
- a line with exactly one cell wholly withheld loses a second one, the smallest (complementary suppression);
- the county's cell is withheld where county minus the open towns gives something away: one town alone, fewer than k due in all the
  withheld towns together, or none of them done;
- a revision names the cells that it corrects, not their counts: old and new count together would tell who was added;
- hard fails are named, their number is not; neither is that of what was done outside every denominator.

The colour and its cause stay: they are about a town's work.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

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
    towns = tuple(_town(line, k) for line in bulletin.towns)
    changes = tuple(change if change.indicator is None else replace(change, before=None, after=None) for change in bulletin.changes)
    return replace(bulletin, audience=audience, towns=towns, county=_county(bulletin, towns, k), changes=changes)


def _town(line: TownLine, k: int) -> TownLine:
    cells = _withhold(line.cells, [_level(cell, k) for cell in line.cells])
    score, past = _scores(line, cells)
    return replace(
        line,
        cells=cells,
        score=score,
        hard_fails=tuple(FoundFail(fail.kind, None) for fail in line.hard_fails),
        past=past,
        difference=_difference(score, past),
    )


def _county(full: Bulletin, towns: tuple[TownLine, ...], k: int) -> CountyLine:
    line = full.county
    levels = [_level(cell, k) for cell in line.cells]
    for column in range(len(levels)):
        pairs = zip(full.towns, towns, strict=True)
        rest = [before.cells[column] for before, town in pairs if town.cells[column].withheld is not Withheld.NOTHING]
        due, done = sum(cell.due or 0 for cell in rest), sum(cell.done or 0 for cell in rest)
        if rest and (len(rest) == 1 or due < k or done == 0):
            levels[column] = Withheld.ALL
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
