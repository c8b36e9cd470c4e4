"""A report of absence explains an absence, and switches nothing off for ever (DRR art. 19)."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from kit.roles import Role
from services.alerts.watched.rules import AbsenceLimits, absence_fault
from services.alerts.watched.service import LIMITS
from tests.alerts.neighbours import OTHER_TOWN, TOWN, an_id, watch
from tests.houses import Caller, TestHouse

LI = an_id("李")
TODAY = date(2021, 7, 1)


def phone(house: TestHouse) -> Caller:
    """Li's own account."""
    return house.caller("alerts", Role.SUBJECT, person_id=str(LI), scope=())


async def report(who: Caller, first: date, last: date, **more: Any) -> tuple[int, str]:
    """Status, and the code of what is wrong."""
    answer = await who("POST", "/alerts/v1/absences", {"person_id": str(LI), "first_day": str(first), "last_day": str(last), **more})
    return answer.status, "" if answer.status < 300 else answer.json().get("errors", [{"code": ""}])[0]["code"]


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        (date(1990, 1, 1), date(2999, 12, 31), "too_long"),
        (TODAY, TODAY + timedelta(days=90), "too_long"),
        (date(1990, 1, 1), date(1990, 1, 9), "too_late"),
        (TODAY - timedelta(days=8), TODAY, "too_late"),
        (TODAY + timedelta(days=91), TODAY + timedelta(days=92), "too_early"),
        (date(2999, 1, 1), date(2999, 1, 2), "too_early"),
        (TODAY, TODAY - timedelta(days=1), "order"),
    ],
)
async def test_a_report_reaches_no_further_than_it_may(house: TestHouse, first: date, last: date, code: str) -> None:
    await watch(house, LI)
    assert await report(phone(house), first, last) == (422, code)


async def test_what_overlaps_counts_once_and_the_same_again_is_the_same(house: TestHouse) -> None:
    await watch(house, LI)
    me = phone(house)
    assert await report(me, TODAY, TODAY + timedelta(days=20)) == (201, "")
    assert await report(me, TODAY + timedelta(days=10), TODAY + timedelta(days=30), county_code="140931") == (201, "")
    both = [report(me, TODAY, TODAY + timedelta(days=20)) for _ in range(4)]
    assert await asyncio.gather(*both) == [(201, "")] * 4
    with psycopg.connect(house.owner) as connection:
        assert connection.execute("select count(*) from alerts.announced_absence").fetchone() == (2,)


async def test_a_chain_of_short_reports_is_no_longer_than_one_long_one(house: TestHouse) -> None:
    await watch(house, LI)
    officer, answers = house.caller("alerts", Role.TOWN_OFFICER, scope=(TOWN[:9],)), []
    for _ in range(5):
        today = house.clock().date()
        answers.append(await report(officer, today, today + timedelta(days=59)))
        house.clock.advance(timedelta(days=61))
    assert answers == [(201, ""), (201, ""), (201, ""), (422, "too_much_in_a_year"), (422, "too_much_in_a_year")]


async def test_staff_may_enter_a_paper_a_month_late_and_only_for_their_own(house: TestHouse) -> None:
    await watch(house, LI)
    here, there = (house.caller("alerts", Role.TOWN_OFFICER, scope=(town[:9],)) for town in (TOWN, OTHER_TOWN))
    first = TODAY - timedelta(days=30)
    assert await report(there, first, TODAY) == (404, "")
    assert await report(here, first, TODAY) == (201, "")
    assert await report(here, first - timedelta(days=2), TODAY) == (422, "too_late")


def test_the_limits_are_dated_data_with_a_source() -> None:
    assert {limit.by for limit in LIMITS} == {"subject", "staff"}
    assert all("DRR art. 19" in limit.source or limit.source.startswith("as for") for limit in LIMITS)
    few = AbsenceLimits(TODAY, "staff", 10, 20, 5, 5, "")
    known = [(TODAY - timedelta(days=300), TODAY - timedelta(days=289))]
    assert absence_fault(TODAY, TODAY + timedelta(days=8), known, TODAY, few) == "too_much_in_a_year"
    assert absence_fault(TODAY, TODAY + timedelta(days=7), known, TODAY, few) is None
    assert absence_fault(TODAY, TODAY + timedelta(days=8), [(date(1990, 1, 1), date(1999, 1, 1))], TODAY, few) is None
