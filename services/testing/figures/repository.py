"""Questions behind the figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.testing.plans.rules import NOT_OWED


async def completion(
    session: AsyncSession, scope: Sequence[str], first: date, last: date, known_at: datetime, closed_by: date
) -> Sequence[Any]:
    """Town → tests made, tests owed, among mandatory due tests whose window ended in the period, in the state that was known at an instant.

    The state of then is read from the append-only history, so that a figure can be computed again for its old cut-off. A window is closed when its last
    day lies before `closed_by`. `unplanned`: mandatory tests taken in the period to which no due test belongs, mostly a ledger's.
    """
    statement = text(
        """with owed as (
           select t.division_code, count(*) filter (where t.state = 'attended') as done, count(*) as due
             from (select d.division_code, d.window_to,
                          coalesce((select c.to_state from testing.plan_change c where c.due_test_id = d.id and c.recorded_at <= :known_at
                                     order by c.id desc limit 1), 'scheduled') as state
                     from testing.due_test d
                    where d.kind = 'mandatory' and d.window_to between :first and :last and d.created_at <= :known_at
                      and d.division_code like any(cast(:scope as text[]))) t
            where t.state <> all(cast(:not_owed as text[]))
              and (t.window_to < :closed_by or t.state = 'attended')
            group by t.division_code),
           taken as (
           select c.division_code, count(*) as unplanned from testing.collection c
            where c.kind = 'mandatory' and c.mode = 'onsite_test' and c.plan_id is null and c.sampled_on between :first and :last
              and c.created_at <= :known_at and c.division_code like any(cast(:scope as text[])) group by c.division_code)
           select division_code, coalesce(done, 0) as done, coalesce(due, 0) as due, coalesce(unplanned, 0) as unplanned
             from owed full join taken using (division_code) order by division_code"""
    )
    parameters = {
        "scope": [prefix + "%" for prefix in scope],
        "first": first,
        "last": last,
        "known_at": known_at,
        "closed_by": closed_by,
        "not_owed": sorted(NOT_OWED),
    }
    return (await session.execute(statement, parameters)).all()
