"""Questions behind the figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.scope import Scope
from services.testing.figures.rules import TownCount
from services.testing.plans.rules import NOT_OWED

_OWED = """
          select t.id, t.owed_in, t.half, t.state
             from (select d.id, d.owed_in, d.window_to, to_char(d.window_to, 'YYYYMM') || (extract(day from d.window_to) > 15) as half,
                          coalesce((select c.to_state from testing.plan_change c where c.due_test_id = d.id and c.recorded_at <= :known_at
                                     order by c.id desc limit 1), 'scheduled') as state
                     from testing.due_test d
                    where d.kind = 'mandatory' and d.window_to between :first and :last and d.created_at <= :known_at
                      and d.owed_in like any(cast(:scope as text[]))) t
            where t.state <> all(cast(:not_owed as text[]))
              and (t.window_to < :closed_by or t.state = 'attended')"""


async def owed_items(session: AsyncSession, first: date, last: date, known_at: datetime, closed_by: date) -> Sequence[Any]:
    """(town, ids of due tests made, ids of those not made): the due tests that `completion` counts."""
    statement = text(
        f"""select owed_in, coalesce(array_agg(id order by id) filter (where state = 'attended'), '{{}}') as done,
                   coalesce(array_agg(id order by id) filter (where state <> 'attended'), '{{}}') as open
              from ({_OWED}) t group by 1"""
    )
    parameters = {"scope": ["%"], "first": first, "last": last, "known_at": known_at, "closed_by": closed_by, "not_owed": sorted(NOT_OWED)}
    return (await session.execute(statement, parameters)).all()


async def completion(session: AsyncSession, scope: Scope, first: date, last: date, known_at: datetime, closed_by: date) -> list[TownCount]:
    """By town and half month: tests made, tests owed, among mandatory due tests whose window ended in the period, in the state that was known at an
    instant.

    The state of then is read from the append-only history, so that a figure can be computed again for its old cut-off. A window is closed when its last
    day lies before `closed_by`. A test counts in the town that owed it, wherever the person lives now. `unplanned`: mandatory tests taken in the period
    to which no due test belongs, mostly a ledger's.
    """
    statement = text(
        f"""with owed as (
           select t.owed_in as town, t.half, count(*) filter (where t.state = 'attended') as done, count(*) as due from ({_OWED}) t group by 1, 2),
           taken as (
           select c.tested_in as town, to_char(c.sampled_on, 'YYYYMM') || (extract(day from c.sampled_on) > 15) as half, count(*) as unplanned
             from testing.collection c
            where c.kind = 'mandatory' and c.mode = 'onsite_test' and c.plan_id is null and c.sampled_on between :first and :last
              and c.created_at <= :known_at and c.tested_in like any(cast(:scope as text[])) group by 1, 2)
           select town, half, coalesce(done, 0) as done, coalesce(due, 0) as due, coalesce(unplanned, 0) as unplanned
             from owed full join taken using (town, half) order by town, half"""
    )
    parameters = {
        "scope": scope.towns,
        "first": first,
        "last": last,
        "known_at": known_at,
        "closed_by": closed_by,
        "not_owed": sorted(NOT_OWED),
    }
    rows = await session.execute(statement, parameters)
    return [TownCount(row.town, row.done, row.due, row.unplanned, row.half) for row in rows]
