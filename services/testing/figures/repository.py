"""Questions behind the figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.testing.plans.rules import NOT_OWED


async def completion(session: AsyncSession, scope: Sequence[str], first: date, last: date, cutoff: datetime) -> Sequence[Any]:
    """Town → tests made, tests owed, among mandatory due tests whose window ended in the period, in the state they had at the cut-off.

    The state of then is read from the append-only history, so that a figure can be computed again for its old cut-off.
    """
    statement = text(
        """select t.division_code, count(*) filter (where t.state = 'attended') as done, count(*) as due
             from (select d.division_code, d.window_to,
                          coalesce((select c.to_state from testing.plan_change c where c.due_test_id = d.id and c.recorded_at <= :cutoff
                                     order by c.id desc limit 1), 'scheduled') as state
                     from testing.due_test d
                    where d.kind = 'mandatory' and d.window_to between :first and :last and d.created_at <= :cutoff
                      and d.division_code like any(cast(:scope as text[]))) t
            where t.state <> all(cast(:not_owed as text[]))
              and (t.window_to < (cast(:cutoff as timestamptz) at time zone 'Asia/Shanghai')::date or t.state = 'attended')
            group by t.division_code order by t.division_code"""
    )
    parameters = {"scope": [prefix + "%" for prefix in scope], "first": first, "last": last, "cutoff": cutoff, "not_owed": sorted(NOT_OWED)}
    return (await session.execute(statement, parameters)).all()
