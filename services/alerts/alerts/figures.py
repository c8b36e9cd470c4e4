"""Counts for those who lead and the scorecard of the detectors: without persons, and without a count that could identify one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from kit.auth import Principal
from kit.work import Work
from services.alerts.alerts.policy import READERS
from services.alerts.alerts.rules import DETECTED, KINDS, Kind, precision
from services.alerts.alerts.schemas import FiguresAnswer, KindScore, ScoreAnswer, TownFigure
from services.alerts.watched import repository as watched

SMALL = 5
"""Counts of 1 to 4 are withheld from whoever may not see persons (domain 4.3). DEFAULT."""
_REVIEWS = ("raised", "confirmed", "innocent", "data_error", "expired")
_FIELDS = ("watched", "open", "overdue", "raised_30_days", "closed_30_days")

_COUNTS = text("""
select division_code, kind, count(*) filter (where state <> 'closed') as open, count(*) filter (where state <> 'closed' and due_at <= :now) as overdue,
       count(*) filter (where raised_at >= :since) as raised_30_days, count(*) filter (where closed_at >= :since) as closed_30_days
  from alerts.alert where division_code like any(:towns) group by 1, 2""")

_SCORES = text("""
select kind, parameters_from, count(*) as raised, count(*) filter (where finding = 'confirmed') as confirmed,
       count(*) filter (where finding = 'innocent') as innocent, count(*) filter (where finding = 'data_error') as data_error,
       count(*) filter (where finding = 'expired') as expired
  from alerts.alert where division_code like any(:towns) and kind = any(:kinds) and finding is distinct from 'merged'
 group by 1, 2 order by 1, 2""")


def withhold(values: Sequence[int]) -> list[int | None]:
    """A column without its small counts; when exactly one is withheld, the next smallest is withheld too; otherwise the sum would reveal it. Pure."""
    shown: list[int | None] = [None if 0 < value < SMALL else value for value in values]
    if shown.count(None) == 1:
        others = [n for n, value in enumerate(shown) if value]
        if others:
            shown[min(others, key=lambda n: values[n])] = None
    return shown


def withheld_total(values: Sequence[int], shown: Sequence[int | None]) -> int | None:
    """The sum of a column; None when it is small itself, or when the shown cells taken from it leave a small number for those that are not. Pure."""
    rest = sum(value for value, cell in zip(values, shown, strict=True) if cell is None)
    total = sum(values)
    return None if 0 < total < SMALL or 0 < rest < SMALL or list(shown).count(None) == 1 else total


def in_steps(value: int | None) -> int | None:
    """A count to the nearest step of five: figures of two days, or of two overlapping spans, taken from each other leave nothing small. Pure."""
    return value if value is None or value < SMALL else (value + SMALL // 2) // SMALL * SMALL


def for_those_without_persons(columns: Mapping[str, Sequence[int]]) -> tuple[dict[str, list[int | None]], dict[str, int | None]]:
    """Columns and their sums for a caller who may not see persons. Pure."""
    shown = {name: withhold(values) for name, values in columns.items()}
    totals = {name: in_steps(withheld_total(columns[name], shown[name])) for name in columns}
    return {name: [in_steps(value) for value in values] for name, values in shown.items()}, totals


def sees_persons(principal: Principal) -> bool:
    """Whether somebody may open the records behind the counts of their own towns: then no count of theirs is withheld (domain 11.1)."""
    return principal.has(*READERS)


async def figures_of(work: Work) -> FiguresAnswer:
    """Counts per town of the caller's scope as of now."""
    towns = work.scope.towns
    parameters = {"now": work.now, "since": work.now - timedelta(days=30), "towns": towns}
    rows = (await work.session.execute(_COUNTS, parameters)).mappings().all()
    people = {code: n for code, n in (await watched.counts(work.session, work.today)).items() if work.scope.reaches(code)}
    codes = sorted({row["division_code"] for row in rows} | set(people))
    counted: dict[str, Counter[str]] = {code: Counter(watched=people.get(code, 0)) for code in codes}
    kinds: Counter[str] = Counter()
    for row in rows:
        kinds[row["kind"]] += row["open"]
        for name in _FIELDS[1:]:
            counted[row["division_code"]][name] += row[name]
    columns = {name: [counted[code][name] for code in codes] for name in _FIELDS}
    shown: dict[str, list[int | None]] = {name: list(values) for name, values in columns.items()}
    total: dict[str, int | None] = {name: sum(values) for name, values in columns.items()}
    by_kind: dict[Kind, int | None] = {kind: kinds[kind] for kind in KINDS if kind in kinds}
    if not sees_persons(work.principal):
        shown, total = for_those_without_persons(columns)
        by_kind = dict(zip(by_kind, map(in_steps, withhold([kinds[kind] for kind in by_kind])), strict=True))
    return FiguresAnswer(
        as_of=work.now,
        small_cell=SMALL,
        towns=[TownFigure(division_code=code, **{name: shown[name][n] for name in _FIELDS}) for n, code in enumerate(codes)],
        county=TownFigure(division_code=work.house.county, **total),
        by_kind=by_kind,
    )


async def scorecard_of(work: Work) -> ScoreAnswer:
    """Precision of reviewed alerts per kind and parameter set."""
    parameters = {"towns": work.scope.towns, "kinds": list(DETECTED)}
    rows = (await work.session.execute(_SCORES, parameters)).mappings()
    whole = sees_persons(work.principal)
    return ScoreAnswer(
        kinds=[_score(dict(row), precision(row["confirmed"], row["innocent"], row["data_error"]), whole=whole) for row in rows]
    )


def _score(row: Mapping[str, Any], share: float | None, *, whole: bool) -> KindScore:
    """One line of the scorecard; for those who see no persons in steps of five, and without a share that few reviews would give away."""
    if whole:
        return KindScore(**row, precision=share)
    counts = withhold([row[name] for name in _REVIEWS])
    few = row["confirmed"] + row["innocent"] + row["data_error"] < SMALL
    shown = dict(zip(_REVIEWS, map(in_steps, counts), strict=True))
    return KindScore(
        kind=row["kind"], parameters_from=row["parameters_from"], precision=None if few or share is None else round(share, 1), **shown
    )
