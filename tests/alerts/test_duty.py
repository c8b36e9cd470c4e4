"""The duty officer's day: two officers at once, the fifth working day, and whose fault it is when nobody looks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from kit.roles import Role
from services.alerts.alerts import repository
from services.alerts.jobs import review_alerts
from tests.alerts.neighbours import TOWN, an_id, envelope, tell, watch
from tests.alerts.scenes import THREE, alerts_of, known_for_a_week, meet
from tests.houses import TestHouse

CLOSING = {"finding": "innocent", "action_taken": "已核实"}


async def raised(house: TestHouse) -> dict[str, Any]:
    """A gathering that nobody has looked at."""
    worker = await known_for_a_week(house)
    await meet(house, worker)
    (row,) = await alerts_of(house)
    return row


async def handled(house: TestHouse) -> dict[str, tuple[int, int]]:
    """Town → (reviewed in time, due for review) of this month."""
    async with house.house.apps["alerts"].state.house.database.session() as session:
        return await repository.handling(session, datetime(2021, 6, 30, 16, tzinfo=UTC), datetime(2021, 7, 31, 16, tzinfo=UTC))


@pytest.mark.parametrize("step", ["acknowledge", "assign", "close"])
async def test_of_two_officers_who_take_the_same_step_at_once_one_does_and_the_other_is_told(county: TestHouse, step: str) -> None:
    house = county
    row = await raised(house)
    path, version = f"/alerts/v1/alerts/{row['id']}", 1
    here = [house.caller("alerts", Role.TOWN_OFFICER, scope=(TOWN[:9],), subject=name) for name in ("a", "b")]
    if step == "close":
        assert (await here[0]("POST", path + "/acknowledge", {}, if_match='"v1"')).status == 200
        version = 2
    bodies = {"acknowledge": {}, "assign": {"assignee": "W1"}, "close": CLOSING}
    answers = await asyncio.gather(*[who("POST", f"{path}/{step}", bodies[step], if_match=f'"v{version}"') for who in here])
    assert sorted(answer.status for answer in answers) == [200, 412]
    with psycopg.connect(house.owner) as connection:
        steps = connection.execute("select count(*) from alerts.alert_change where action = %s", (step,)).fetchone()
    assert steps == (1,)


async def test_a_gathering_that_grew_while_the_officer_read_is_not_closed_unread(house: TestHouse) -> None:
    row = await raised(house)
    path = f"/alerts/v1/alerts/{row['id']}"
    officer = house.caller("alerts", Role.COUNTY_OFFICER)
    seen = await officer("POST", path + "/acknowledge", {}, if_match='"v1"')
    await known_for_a_week_more(house)
    stale = await officer("POST", path + "/close", CLOSING, if_match=seen.headers["etag"])
    assert stale.status == 412
    fresh = await officer("GET", path)
    assert (fresh.json()["persons"], fresh.json()["state"]) == (4, "acknowledged")
    assert (await officer("POST", path + "/close", CLOSING, if_match=fresh.headers["etag"])).status == 200


async def known_for_a_week_more(house: TestHouse) -> None:
    """A fourth person, known for long, joins."""
    worker = await known_for_a_week(house, [*THREE, an_id("丁")])
    await meet(house, worker, [an_id("丁")], at=house.clock() - timedelta(minutes=15))


async def test_an_alert_that_nobody_reviewed_counts_against_the_office_and_one_reviewed_in_time_for_it(house: TestHouse) -> None:
    app = house.house.apps["alerts"].state.house
    row = await raised(house)
    house.clock.now = datetime(2021, 7, 8, 15, 59, tzinfo=UTC)  # a minute before the fifth working day is over in Shanghai
    await review_alerts(app)
    assert (await alerts_of(house))[0]["state"] == "raised"
    assert await handled(house) == {TOWN: (0, 1)}
    house.clock.now = datetime(2021, 7, 8, 16, 0, tzinfo=UTC)
    officer, path = house.caller("alerts", Role.COUNTY_OFFICER), f"/alerts/v1/alerts/{row['id']}"
    late = (await officer("GET", path)).headers["etag"]
    await review_alerts(app)
    (row,) = await alerts_of(house)
    assert (row["state"], row["finding"], row["assigned_to"]) == ("closed", "expired", None)
    assert (await officer("POST", path + "/acknowledge", {}, if_match=late)).status == 412
    assert await handled(house) == {TOWN: (0, 1)}
    score = (await officer("GET", "/alerts/v1/scorecard")).json()["kinds"]
    assert [(s["expired"], s["precision"]) for s in score] == [(1, None)]


async def test_an_alert_that_somebody_took_up_and_left_lying_is_dismissed_all_the_same(county: TestHouse) -> None:
    house = county
    row = await raised(house)
    here, path = house.caller("alerts", Role.TOWN_OFFICER, scope=(TOWN[:9],)), f"/alerts/v1/alerts/{row['id']}"
    await here("POST", path + "/acknowledge", {}, if_match='"v1"')
    await here("POST", path + "/assign", {"assignee": "W1"}, if_match='"v2"')
    house.clock.advance(timedelta(days=8))
    await review_alerts(house.house.apps["alerts"].state.house)
    (row,) = await alerts_of(house)
    assert (row["finding"], row["assigned_to"]) == ("expired", "W1")
    assert await handled(house) == {TOWN: (0, 1)}


async def test_what_ended_with_the_measure_counts_against_nobody(house: TestHouse) -> None:
    await raised(house)
    await watch(house, *THREE, until=datetime(2021, 7, 3, tzinfo=UTC).date())
    house.clock.advance(timedelta(days=8))
    await review_alerts(house.house.apps["alerts"].state.house)
    (row,) = await alerts_of(house)
    assert row["finding"] == "measure_ended"
    assert await handled(house) == {}


async def test_replayed_neighbours_raise_nothing_twice_and_nothing_again(house: TestHouse) -> None:
    await watch(house, THREE[0])
    test = {"division_code": TOWN, "plan_id": str(an_id("plan")), "due_on": "2021-06-25", "window_to": "2021-06-30", "code": "missed"}
    missed = envelope("test.missed", THREE[0], test, house.clock())
    firm = envelope("rectification.overdue", an_id("firm"), {"deadline": "2021-06-20"}, house.clock())
    for _ in range(2):
        await tell(house, "testing", [missed])
        await tell(house, "precursor", [firm])
    rows = await alerts_of(house)
    officer = house.caller("alerts", Role.COUNTY_OFFICER)
    for row in rows:
        path = f"/alerts/v1/alerts/{row['id']}"
        assert (await officer("POST", path + "/acknowledge", {}, if_match='"v1"')).status == 200
        assert (await officer("POST", path + "/close", CLOSING, if_match='"v2"')).status == 200
    await tell(house, "testing", [missed])
    await tell(house, "precursor", [firm])
    assert sorted((a["kind"], a["finding"]) for a in await alerts_of(house)) == [
        ("rectification_overdue", "innocent"),
        ("test_missed", "innocent"),
    ]
    assert len(rows) == 2
