"""Counts for those who lead and the scorecard of the detectors: no persons, and no count that could name one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text

from kit.roles import Role
from kit.work import Work
from services.alerts.alerts.rules import DETECTED, precision
from services.alerts.alerts.schemas import FiguresAnswer, KindScore, ScoreAnswer, TownFigure
from services.alerts.watched import repository as watched

SMALL = 5
"""Counts of 1 to 4 are withheld from whoever may not see persons (domain 4.3). DEFAULT."""
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


def withhold(values: list[int]) -> list[int | None]:
    """A column without its small counts; when exactly one is withheld the next smallest goes too, or the sum would give it back. Pure."""
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


async def figures_of(work: Work) -> FiguresAnswer:
    """Counts per town of the caller's scope as of now."""
    towns = [prefix + "%" for prefix in work.principal.scope]
    parameters = {"now": work.now, "since": work.now - timedelta(days=30), "towns": towns}
    rows = (await work.session.execute(_COUNTS, parameters)).mappings().all()
    people = {code: n for code, n in (await watched.counts(work.session, work.today)).items() if work.principal.covers(code)}
    codes = sorted({row["division_code"] for row in rows} | set(people))
    counted: dict[str, Counter[str]] = {code: Counter(watched=people.get(code, 0)) for code in codes}
    kinds: Counter[str] = Counter()
    for row in rows:
        kinds[row["kind"]] += row["open"]
        for name in _FIELDS[1:]:
            counted[row["division_code"]][name] += row[name]
    small = not work.principal.has(Role.COUNTY_OFFICER)
    columns = {name: [counted[code][name] for code in codes] for name in _FIELDS}
    shown = {name: withhold(values) if small else list(values) for name, values in columns.items()}
    total: dict[str, int | None] = {name: sum(values) for name, values in columns.items()}
    by_kind: dict[str, int | None] = dict(kinds)
    if small:
        total = {name: withheld_total(columns[name], shown[name]) for name in _FIELDS}
        by_kind = dict(zip(kinds, withhold(list(kinds.values())), strict=True))
    return FiguresAnswer(
        as_of=work.now,
        small_cell=SMALL,
        towns=[TownFigure(division_code=code, **{name: shown[name][n] for name in _FIELDS}) for n, code in enumerate(codes)],
        county=TownFigure(division_code=work.house.county, **total),
        by_kind=by_kind,
    )


async def scorecard_of(work: Work) -> ScoreAnswer:
    """Precision of reviewed alerts per kind and parameter set."""
    parameters = {"towns": [prefix + "%" for prefix in work.principal.scope], "kinds": list(DETECTED)}
    rows = (await work.session.execute(_SCORES, parameters)).mappings()
    return ScoreAnswer(kinds=[KindScore(**row, precision=precision(row["confirmed"], row["innocent"], row["data_error"])) for row in rows])
