"""Ledgers taken over: many rows at once, twice without effect, nothing more believed than a ledger proves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import event as listen

from kit.db import new_id
from kit.roles import Role
from kit.work import Work, system_work
from services.testing.results.intake import TakenOver, take_over_tests
from services.testing.results.rules import LedgerTest
from services.testing.screenings.intake import take_over_screenings
from services.testing.screenings.rules import ScreeningRow
from tests.testing.street import TOWN, Street, body, measure, registered, someone_under_treatment

T = TypeVar("T")
STRIPS = {"morphine": "negative", "methamphetamine": "negative", "ketamine": "negative", "thc": "negative"}


async def within(street: Street, run: Callable[[Work], Awaitable[T]]) -> T:
    """One unit of testing's work, committed."""
    house = street.house.apps["testing"].state.house
    async with house.database.session() as session:
        found = await run(system_work(house, session, "test", "testing/intake"))
        await session.commit()
    return found


def urine(person: UUID, record_no: str, day: date = date(2021, 7, 5), **results: str) -> LedgerTest:
    """A row of a urine ledger."""
    return LedgerTest(person, TOWN, record_no, "urine", day, {**STRIPS, **results})


async def test_a_urine_ledger_comes_in_once(street: Street) -> None:
    person, order = await someone_under_treatment(street)
    stranger = new_id()
    rows = [
        urine(person, "FG21N00001"),
        urine(person, "FG21N00002", date(2021, 6, 1)),
        urine(stranger, "FG21N00003", ketamine="positive"),
        urine(stranger, "FG21N00004", morphine="invalid"),
    ]
    street.clock.advance(date(2021, 7, 10) - date(2021, 7, 1))
    assert await within(street, lambda work: take_over_tests(work, rows)) == TakenOver(4, 0, 1, 1)
    assert await within(street, lambda work: take_over_tests(work, rows)) == TakenOver(0, 4, 0, 0)
    assert street.count("select state from testing.due_test where number = 1") == "attended"
    assert street.count("select measure_id from testing.collection where record_no = 'FG21N00001'") == order
    assert street.count("select kind from testing.collection where record_no = 'FG21N00002'") == "basis_unknown", "before the term began"
    assert street.count("select state from testing.collection where record_no = 'FG21N00003'") == "presumptive_positive"
    assert street.count("select count(*) from testing.analyte_result") == 16
    assert sorted(event["code"] for event in street.events("result.reported")) == ["negative", "negative", "presumptive_positive"]
    assert street.events("result.confirmed") == []


async def test_two_people_may_share_a_record_number(street: Street) -> None:
    rows = [urine(new_id(), "1"), urine(new_id(), "1")]
    assert (await within(street, lambda work: take_over_tests(work, rows))).taken == 2


async def test_a_hair_ledger_is_judged_by_the_cut_offs(street: Street) -> None:
    person, _ = await someone_under_treatment(street)
    hair = LedgerTest(
        person, TOWN, "FG21H1", "hair", date(2021, 6, 29), {}, date(2021, 7, 1), 2.5, {"methamphetamine": Decimal("0.35")}, "positive"
    )
    plain = LedgerTest(person, TOWN, "FG21H2", "hair", date(2021, 6, 20), {}, hair_cm=2.0, hair_result="negative")
    assert (await within(street, lambda work: take_over_tests(work, [hair, plain]))).positive == 1
    stored = street.count("select jsonb_build_array(value, unit, cutoff, code) from testing.analyte_result")
    assert stored == [0.35, "ng/mg", 0.2, "positive"]
    assert street.count("select before_term from testing.collection where record_no = 'FG21H1'") is True
    assert street.count("select state from testing.collection where record_no = 'FG21H2'") == "final_negative"


async def test_an_unknown_word_takes_nothing_over(street: Street) -> None:
    rows = [urine(new_id(), "1"), urine(new_id(), "2", morphine="阴")]
    with pytest.raises(ValueError, match="unknown result words"):
        await within(street, lambda work: take_over_tests(work, rows))
    assert street.count("select count(*) from testing.collection") == 0


async def test_a_half_years_ledger_needs_a_handful_of_statements(street: Street) -> None:
    news: list[Any] = []
    people = [new_id() for _ in range(200)]
    for person in people:
        news += [(registered(), person), (measure(start=date(2020, 5, 1), end=date(2023, 5, 1)), person)]
    await street.say(*news)
    await street.hear()
    rows = [urine(person, f"FG21N{number:05}", date(2021, 1, 4 + number % 20)) for number, person in enumerate(people * 7)]
    statements: list[str] = []
    engine = street.house.apps["testing"].state.house.database.engine.sync_engine

    def heard(_: object, __: object, statement: str, *rest: object) -> None:
        statements.append(statement)

    listen.listen(engine, "before_cursor_execute", heard)
    taken = await within(street, lambda work: take_over_tests(work, rows))
    listen.remove(engine, "before_cursor_execute", heard)
    assert (taken.taken, taken.closed_due_tests) == (1400, 0)
    assert len(statements) <= 12, statements


async def test_a_practitioner_table_leaves_counts_and_a_sealed_name(street: Street) -> None:
    day = date(2021, 1, 9)
    rows = [
        ScreeningRow("演示场所880号网吧", day, "negative"),
        ScreeningRow("演示场所880号网吧", day, "negative"),
        ScreeningRow("演示场所451号宾馆", day, "positive", "欧阳演示 990822199001010011", TOWN, "宾馆"),
    ]
    first = await within(street, lambda work: take_over_screenings(work, "sha256:1", rows))
    again = await within(street, lambda work: take_over_screenings(work, "sha256:1", rows))
    assert (first.screenings, first.tested, first.presumptive_positive) == (2, 3, 1)
    assert (again.screenings, again.tested) == (0, 0)
    assert street.count("select division_code from testing.venue_screening where tested = 2") == "610822000000", "no town is named"
    everything = street.count("select string_agg(t::text, '') from testing.venue_screening t") + street.count(
        "select string_agg(t::text, '') from testing.screening_referral t"
    )
    assert "欧阳" not in everything
    assert [event["code"] for event in street.events("screening.positive")] == ["practitioner"]
    police, officer = street.person(Role.POLICE_OFFICER), street.person(Role.COUNTY_OFFICER)
    referral = body(await police("GET", "/testing/v1/screening-referrals"))["items"][0]
    path = f"/testing/v1/screening-referrals/{referral['id']}"
    assert (await officer("GET", f"{path}/identity")).status == 403
    assert "欧阳演示" in body(await police("GET", f"{path}/identity"))["identity"]
    assert street.count("select count(*) from testing.audit where action = 'referral.open_identity'") == 1
    outcome = {"outcome": "police_negative", "outcome_on": "2021-07-01"}
    assert (await police("POST", f"{path}/outcome", outcome)).status == 428
    assert body(await police("POST", f"{path}/outcome", outcome, if_match='"v1"'))["state"] == "erased"
    assert (await police("GET", f"{path}/identity")).status == 409, "nothing is kept of somebody whom the police cleared"
    assert (await police("POST", f"{path}/outcome", outcome, if_match='"v2"')).status == 409


async def test_a_days_screening_is_entered_with_its_ground(street: Street) -> None:
    officer = street.person(Role.TOWN_OFFICER, scope=("610822100",))
    new = {
        "unit_name": "演示场所1号宾馆",
        "division_code": TOWN,
        "screened_on": "2021-06-30",
        "ground": "consent",
        "negative": 12,
        "presumptive": [{"name": "演示某", "id_number": "990822199001010011"}],
    }
    made = await officer("POST", "/testing/v1/screenings", new)
    assert (made.status, body(made)["tested"], body(made)["presumptive_positive"]) == (201, 13, 1)
    assert "演示某" not in made.body.decode()
    assert (await officer("POST", "/testing/v1/screenings", {**new, "division_code": "610822105000"})).status == 403
    assert (await officer("POST", "/testing/v1/screenings", {**new, "negatives": ["张三"]})).status == 422
    assert (await officer("POST", "/testing/v1/screenings", {**new, "negative": 0, "presumptive": []})).status == 422
    assert (await street.person(Role.SOCIAL_WORKER)("POST", "/testing/v1/screenings", new)).status == 403
    campaign = {"name": "六月大扫除", "division_code": TOWN, "legal_ground": "演示方案", "starts_on": "2021-06-01", "ends_on": "2021-06-15"}
    opened = body(await officer("POST", "/testing/v1/campaigns", campaign))
    outside = await officer("POST", "/testing/v1/screenings", {**new, "campaign_id": opened["id"]})
    assert body(outside)["errors"][0]["code"] == "outside_campaign"
    leader = street.person(Role.LEADER)
    path = "/testing/v1/screenings/figures?from=2021-06-01&to=2021-06-30"
    whole = [
        {"division_code": TOWN, "division_name": None, "units": 1, "tested": 13, "negative": 12, "presumptive_positive": 1, "invalid": 0}
    ]
    assert body(await officer("GET", path))["items"] == whole, "a town always sees its own counts"
    assert body(await street.person(Role.COUNTY_OFFICER)("GET", path))["items"] == whole
    assert body(await leader("GET", path))["items"] == [], "not settled yet"
    street.clock.advance(timedelta(days=3))
    parts = {"negative": None, "presumptive_positive": None, "invalid": None}
    assert body(await leader("GET", path))["items"] == [
        {"division_code": TOWN, "division_name": None, "units": 1, "tested": 13, **parts}
    ], "one of thirteen names somebody"
    assert body(await leader("GET", "/testing/v1/screenings/figures?from=2021-06-30&to=2021-06-30"))["items"] == []
    assert (await leader("GET", "/testing/v1/screenings?from=2021-06-01&to=2021-06-30")).status == 403
