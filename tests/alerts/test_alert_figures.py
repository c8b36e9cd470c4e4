"""Who may see persons sees the counts of their own towns; who may not can neither read a small count nor work one out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import psycopg
import pytest

from kit.roles import Role
from services.alerts.alerts.figures import SMALL, for_those_without_persons
from tests.alerts.neighbours import OTHER_TOWN, TOWN, an_id, watch
from tests.houses import TestHouse

FIELDS = ("watched", "open", "overdue", "raised_30_days", "closed_30_days")


async def figures(house: TestHouse, role: Role, *scope: str) -> dict[str, Any]:
    """The figures as somebody of this role sees them."""
    answer = await house.caller("alerts", role, **({"scope": scope} if scope else {}))("GET", "/alerts/v1/figures")
    assert answer.status == 200, answer.body
    return answer.json()


@pytest.mark.parametrize("role", [Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER])
async def test_a_town_sees_its_own_counts_however_small(house: TestHouse, role: Role) -> None:
    await watch(house, *[an_id(f"own {n}") for n in range(3)])
    await watch(house, *[an_id(f"other {n}") for n in range(2)], town=OTHER_TOWN)
    seen = await figures(house, role, TOWN[:9])
    assert [(line["division_code"], line["watched"], line["open"]) for line in seen["towns"]] == [(TOWN, 3, 0)]
    assert seen["county"]["watched"] == 3
    assert [line["watched"] for line in (await figures(house, Role.LEADER))["towns"]] == [None, None]


async def test_a_leader_learns_nothing_from_one_day_to_the_next(house: TestHouse) -> None:
    shown: list[dict[str, Any]] = []
    for n in range(14):
        await watch(house, an_id(f"one more {n}"), an_id(f"there {n}"), *([an_id(f"and {n}")] if n % 3 else []))
        await watch(house, an_id(f"elsewhere {n}"), an_id(f"far {n}"), town=OTHER_TOWN)
        shown.append(await figures(house, Role.LEADER))
    lines = [[figure["county"], *figure["towns"]] for figure in shown]
    for before, after in pairwise(lines):
        for old, new in zip(before, after, strict=True):
            for field in FIELDS:
                if old[field] is not None and new[field] is not None:
                    assert abs(new[field] - old[field]) not in range(1, SMALL), (field, old, new)
    assert shown[-1]["county"]["watched"] >= 50


def test_a_table_shown_without_persons_holds_steps_of_five_alone() -> None:
    columns = {"watched": [3, 12, 0, 41, 9], "open": [0, 7, 6, 8, 23]}
    shown, totals = for_those_without_persons(columns)
    assert shown == {"watched": [None, 10, 0, 40, None], "open": [0, 5, 5, 10, 25]}
    assert totals == {"watched": 65, "open": 45}


async def test_the_scorecard_counts_in_steps_for_those_who_see_no_persons(house: TestHouse) -> None:
    with psycopg.connect(house.owner) as connection:
        connection.execute(
            """insert into alerts.alert (id, key, kind, severity, state, division_code, first_at, last_at, reasons, person_ids, checkin_ids,
                 parameters_from, raised_at, due_at, finding, closed_at, notes, version, updated_at)
               select gen_random_uuid(), n::text, 'gathering', 'low', 'closed', %s, now(), now(), '[]', '{}', '{}', '2021-04-01', now(), now(),
                      case when n <= 17 then 'confirmed' when n <= 19 then 'innocent' else 'data_error' end, now(), '{}', 1, now()
                 from generate_series(1, 26) n""",
            (TOWN,),
        )

    async def score(role: Role) -> dict[str, Any]:
        (line,) = (await house.caller("alerts", role)("GET", "/alerts/v1/scorecard")).json()["kinds"]
        return line

    own, led = await score(Role.TOWN_OFFICER), await score(Role.LEADER)
    assert (own["raised"], own["confirmed"], own["innocent"], own["precision"]) == (26, 17, 2, 0.6538)
    assert (led["raised"], led["confirmed"], led["innocent"], led["precision"]) == (25, 15, None, 0.7)
