"""One alert is one occurrence of one duty: what is missed a second time is told a second time, and what is told twice is one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from kit.follow import Envelope
from kit.roles import Role
from services.alerts.jobs import remind_of_endings, seal_landed, sweep
from tests.alerts.neighbours import OTHER_TOWN, TOWN, an_id, envelope, tell, watch
from tests.alerts.scenes import alerts_of
from tests.houses import TestHouse

LI, FIRM = an_id("李"), an_id("firm 7")
CLOSING = {"finding": "innocent", "action_taken": "已电话核实"}


def a_word(house: TestHouse, code: str, plan: str = "plan 7") -> Envelope:
    """What testing says of one due test."""
    data = {"division_code": TOWN, "plan_id": str(an_id(plan)), "due_on": "2021-06-21", "window_to": "2021-06-28", "code": code}
    return envelope("test.missed", LI, data, house.clock())


def overdue(house: TestHouse, deadline: str = "2021-06-20") -> Envelope:
    """A firm's term has passed."""
    return envelope("rectification.overdue", FIRM, {"deadline": deadline}, house.clock())


def closed(house: TestHouse) -> Envelope:
    """The firm has made it good."""
    return envelope("rectification.closed", FIRM, {}, house.clock())


async def life(house: TestHouse) -> list[tuple[int, str, Any]]:
    """Occurrence, state and finding of every alert, oldest first."""
    return [(a["occurrence"], a["state"], a["finding"]) for a in reversed(await alerts_of(house))]


async def close(house: TestHouse) -> None:
    """The county closes the newest alert."""
    officer = house.caller("alerts", Role.COUNTY_OFFICER)
    path = f"/alerts/v1/alerts/{(await alerts_of(house))[0]['id']}"
    assert (await officer("POST", path + "/acknowledge", {}, if_match='"v1"')).status == 200
    assert (await officer("POST", path + "/close", CLOSING, if_match='"v2"')).status == 200


async def test_a_firm_that_is_late_again_is_told_again(house: TestHouse) -> None:
    first, made_good = overdue(house), closed(house)
    await tell(house, "precursor", [first])
    await close(house)
    await tell(house, "precursor", [made_good, again := overdue(house)])
    assert await life(house) == [(1, "closed", "innocent"), (2, "raised", None)]
    await tell(house, "precursor", [first, made_good, again])  # the feed is read from the start
    assert await life(house) == [(1, "closed", "innocent"), (2, "raised", None)]
    house.clock.advance(timedelta(days=9))
    await tell(house, "precursor", [overdue(house, "2021-07-08")])
    assert [a["due_on"] for a in await alerts_of(house, query="?open=true")] == ["2021-07-08", "2021-06-20"]
    await tell(house, "precursor", [closed(house)])
    assert await life(house) == [(1, "closed", "innocent"), (2, "closed", "withdrawn"), (3, "closed", "withdrawn")]


async def test_a_test_excused_and_missed_again_is_told_again(house: TestHouse) -> None:
    await watch(house, LI)
    words = []
    for code in ("missed", "excused", "missed", "attended_in_time", "missed"):
        words.append(a_word(house, code))
        await tell(house, "testing", words[-1:])
        house.clock.advance(timedelta(hours=1))
    expected = [(1, "closed", "withdrawn"), (2, "closed", "withdrawn"), (3, "raised", None)]
    assert await life(house) == expected
    await tell(house, "testing", words)
    assert await life(house) == expected
    assert {a["due_on"] for a in await alerts_of(house)} == {"2021-06-21"}
    officer = house.caller("alerts", Role.COUNTY_OFFICER)
    shown = (await officer("GET", f"/alerts/v1/alerts/{(await alerts_of(house))[0]['id']}")).json()
    assert shown["duty_id"] == str(an_id("plan 7"))


@pytest.mark.parametrize("decisions", [["missed_unexcused"], ["missed_unexcused", "evaded"], ["evaded", "missed_unexcused", "evaded"]])
async def test_a_decision_that_the_test_was_missed_leaves_its_alert_standing(house: TestHouse, decisions: list[str]) -> None:
    await watch(house, LI)
    for code in ["missed", *decisions]:
        await tell(house, "testing", [a_word(house, code)])
    assert await life(house) == [(1, "raised", None)]
    await close(house)
    await tell(house, "testing", [a_word(house, "evaded")])
    assert await life(house) == [(1, "closed", "innocent")]
    await tell(house, "testing", [a_word(house, "excused"), a_word(house, "evaded")])
    assert await life(house) == [(1, "closed", "innocent"), (2, "raised", None)]


async def test_a_term_that_was_moved_is_reminded_of_anew(house: TestHouse) -> None:
    app = house.house.apps["alerts"].state.house
    await watch(house, LI, until=date(2021, 7, 8))
    await remind_of_endings(app)
    await watch(house, LI, until=date(2021, 8, 1))
    await remind_of_endings(app)
    assert await life(house) == [(1, "closed", "withdrawn")]
    house.clock.advance(timedelta(days=25))
    await remind_of_endings(app)
    await remind_of_endings(app)
    assert await life(house) == [(1, "closed", "withdrawn"), (2, "raised", None)]


@pytest.mark.parametrize("assignee", ["ZZZ", "W3", "杨某某 13900001111", "99082219800101123X", ""])
async def test_only_staff_in_service_are_assigned(county: TestHouse, assignee: str) -> None:
    await tell(county, "precursor", [overdue(county)])
    town, path = county.caller("alerts", Role.TOWN_OFFICER), f"/alerts/v1/alerts/{(await alerts_of(county))[0]['id']}/assign"
    refused = await town("POST", path, {"assignee": assignee}, if_match='"v1"')
    assert (refused.status, refused.json()["errors"][0]["pointer"]) == (422, "/assignee")
    given = await town("POST", path, {"assignee": "W2", "note": "问问老白"}, if_match='"v1"')
    assert (given.status, given.json()["assigned_name"]) == (200, "白某某")
    (row,) = await alerts_of(county, query="?assigned_to=W2")
    assert (row["assigned_to"], row["assigned_name"]) == ("W2", "白某某")


async def test_an_alert_is_assigned_to_somebody_who_can_see_it(county: TestHouse) -> None:
    """Staff of another town would never see it; those of the county, the town and its villages do."""
    officer = county.caller("registry", Role.COUNTY_OFFICER)
    places = {"W6": OTHER_TOWN, "W7": "610822000000", "W8": f"{TOWN[:9]}001"}
    rows = [{"code": code, "name": f"演示{code}", "post": "town_officer", "division_code": place} for code, place in places.items()]
    assert (await officer("POST", "/registry/v1/staff/load", [{**row, "valid_from": "2020-01-01"} for row in rows])).status == 200
    await tell(county, "precursor", [overdue(county)])
    town, path = county.caller("alerts", Role.TOWN_OFFICER), f"/alerts/v1/alerts/{(await alerts_of(county))[0]['id']}/assign"
    refused = await town("POST", path, {"assignee": "W6"}, if_match='"v1"')
    assert (refused.status, refused.json()["errors"][0]["code"]) == (422, "staff_elsewhere")
    for n, code in enumerate(("W7", "W8", "W1"), 1):
        assert (await town("POST", path, {"assignee": code}, if_match=f'"v{n}"')).json()["assigned_to"] == code


async def test_nobody_is_assigned_while_nobody_can_say_who_works_here(house: TestHouse) -> None:
    await tell(house, "precursor", [overdue(house)])
    path = f"/alerts/v1/alerts/{(await alerts_of(house))[0]['id']}/assign"
    answer = await house.caller("alerts", Role.TOWN_OFFICER)("POST", path, {"assignee": "W1"}, if_match='"v1"')
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


def everything(house: TestHouse) -> str:
    """All rows of the alerts' own tables as text."""
    with psycopg.connect(house.owner) as connection:
        names = [row[0] for row in connection.execute("select tablename from pg_tables where schemaname = 'alerts'").fetchall()]
        return " ".join(
            str(connection.execute(f'select string_agg(t::text, $$ $$) from alerts."{name}" t'.encode()).fetchone()) for name in names
        )


async def a_words_are_sealed_and_forgotten_with_the_case_also_those_of_the_first_release(house: TestHouse) -> None:
    await tell(house, "precursor", [overdue(house)])
    officer, path = house.caller("alerts", Role.COUNTY_OFFICER), f"/alerts/v1/alerts/{(await alerts_of(house))[0]['id']}"
    assert (await officer("POST", path + "/acknowledge", {"note": "店主姓郝"}, if_match='"v1"')).status == 200
    assert (await officer("POST", path + "/close", {"finding": "innocent", "action_taken": "郝家已改"}, if_match='"v2"')).status == 200
    assert "郝" not in everything(house)
    assert (await officer("GET", path)).json()["action_taken"] == "郝家已改"
    assert (await officer("GET", path + "/history")).json()["items"][1]["details"]["note"] == "店主姓郝"
    with psycopg.connect(house.owner) as connection:
        connection.execute(
            """update alerts.alert set action_sealed = null, action_taken = '郝家旧话',
                 notes = jsonb_build_object((select id::text from alerts.alert_change where action = 'close'), '郝家旧记')"""
        )
    app = house.house.apps["alerts"].state.house
    assert (await officer("GET", path)).json()["action_taken"] == "郝家旧话"
    await seal_landed(app)
    assert "郝" not in everything(house)
    assert (await officer("GET", path)).json()["action_taken"] == "郝家旧话"
    notes = [step["details"].get("note") for step in (await officer("GET", path + "/history")).json()["items"]]
    assert notes == [None, "店主姓郝", "郝家旧记"]
    house.clock.advance(timedelta(days=91))
    await sweep(app)
    assert (await officer("GET", path)).json()["action_taken"] is None
    assert [step["details"].get("note") for step in (await officer("GET", path + "/history")).json()["items"]] == [None, None, None]
