"""Leaving and falling silent, against one's own habit and what was announced."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from kit.roles import Role
from services.alerts.jobs import detect, review_alerts, sweep
from tests.alerts.neighbours import TOWN, an_id, watch
from tests.alerts.scenes import alerts_of, checkin, observe
from tests.houses import Template, TestHouse, open_house

LI = an_id("李")
HOME, BAODE = (111.07, 39.03), (111.10, 38.99)
SEATS = [
    {"code": "fugu", "kind": "seat", "division_code": "610822000000", "lon": 111.07, "lat": 39.03},
    {"code": "baode", "kind": "seat", "division_code": "140931000000", "lon": 111.10, "lat": 39.00},
]


async def lived(house: TestHouse, away: int, absence: dict[str, Any] | None = None, there: tuple[float, float] = BAODE) -> None:
    """Forty days at home, then `away` days with a trip across the river (or farther) each day, up to yesterday."""
    await watch(house, LI)
    officer = house.caller("alerts", Role.COUNTY_OFFICER)
    assert (await officer("POST", "/alerts/v1/places", {"places": SEATS})).status == 200
    if absence:
        assert (await officer("POST", "/alerts/v1/absences", {"person_id": str(LI), **absence})).status == 201
    first = house.clock() - timedelta(days=40 + away)
    days = [(first + timedelta(days=n), HOME if n < 40 else there) for n in range(40 + away)]
    lines = [checkin(LI, at + timedelta(hours=h), f"{at:%m%d}-{h}", place) for at, place in days for h in (1, 4)]
    headers = {"authorization": f"Bearer {officer.token()}", "content-type": "application/x-ndjson"}
    body = b"\n".join(json.dumps(line).encode() for line in lines)
    answer = await officer.neighbour.request("POST", "/alerts/v1/checkins/import", headers=headers, body=body)
    assert (answer.status, answer.json()["accepted"]) == (200, len(lines))
    await observe(house)


async def test_a_burst_of_trips_against_a_persons_habit_is_one_alert_with_its_numbers(house: TestHouse) -> None:
    await lived(house, away=7)
    (row,) = await alerts_of(house)
    assert (row["kind"], row["persons"], row["division_code"]) == ("flow_frequency", 1, TOWN)
    alert = (await house.caller("alerts", Role.TOWN_OFFICER)("GET", f"/alerts/v1/alerts/{row['id']}")).json()
    codes = [reason["code"] for reason in alert["reasons"]]
    assert {"flow_kind", "out_days", "unannounced"} <= set(codes)
    assert alert["reasons"][0]["zh"] in {"短期内频繁外出", "频繁前往新地点"}
    assert all(reason["zh"] and "{" not in reason["zh"] for reason in alert["reasons"])


async def test_an_announced_absence_counts_against_nobody(house: TestHouse) -> None:
    today = house.clock().date()
    absence = {"first_day": str(today - timedelta(days=9)), "last_day": str(today + timedelta(days=3)), "county_code": "140931"}
    await lived(house, away=7, absence=absence)
    assert await alerts_of(house) == []


async def test_an_absence_announced_to_a_county_that_nobody_could_recognise_explains_wherever_the_person_was(house: TestHouse) -> None:
    today = house.clock().date()
    absence = {"first_day": str(today - timedelta(days=9)), "last_day": str(today + timedelta(days=3)), "county_code": "110101"}
    await lived(house, away=7, absence=absence, there=(116.40, 39.90))
    assert await alerts_of(house) == []


async def test_far_away_is_out_of_the_county_even_where_the_own_seat_is_the_nearest_that_is_known(house: TestHouse) -> None:
    await lived(house, away=7, there=(106.2, 38.5))
    (row,) = await alerts_of(house)
    alert = (await house.caller("alerts", Role.COUNTY_OFFICER)("GET", f"/alerts/v1/alerts/{row['id']}")).json()
    assert row["kind"] == "flow_frequency"
    assert "000000" not in str([reason["zh"] + reason["en"] for reason in alert["reasons"]])
    me = house.caller("alerts", Role.SUBJECT, person_id=str(LI))
    points = (await me("GET", f"/alerts/v1/people/{LI}/trajectory")).json()["items"]
    assert {point["county_code"] for point in points} == {"610822", "000000"}


async def test_a_county_whose_detectors_take_reports_only_sees_no_departures_by_phone(
    template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUIKANG_ALERTS_REPORTS_ONLY_FROM", "2021-07-01")
    async with open_house(template, only="alerts") as narrow:
        await lived(narrow, away=7)
        assert await alerts_of(narrow) == []


async def test_falling_silent_away_from_home_is_seen_without_any_check_in(house: TestHouse) -> None:
    await lived(house, away=1)
    assert await alerts_of(house) == []
    app = house.house.apps["alerts"].state.house
    for _ in range(6):
        house.clock.advance(timedelta(days=1))
        await detect(app)
    (row,) = await alerts_of(house)
    alert = (await house.caller("alerts", Role.COUNTY_OFFICER)("GET", f"/alerts/v1/alerts/{row['id']}")).json()
    assert "silence" in [reason["code"] for reason in alert["reasons"]]


@pytest.mark.parametrize("finding", ["innocent", "confirmed"])
async def test_what_nobody_confirmed_is_forgotten_after_a_season_but_still_counted(house: TestHouse, finding: str) -> None:
    await lived(house, away=7)
    (row,) = await alerts_of(house)
    officer = house.caller("alerts", Role.COUNTY_OFFICER)
    path = f"/alerts/v1/alerts/{row['id']}"
    await officer("POST", path + "/acknowledge", {}, if_match=f'"v{row["version"]}"')
    closing = {"finding": finding, "action_taken": "走访核实"}
    assert (await officer("POST", path + "/close", closing, if_match=f'"v{row["version"] + 1}"')).status == 200
    app = house.house.apps["alerts"].state.house
    house.clock.advance(timedelta(days=91))
    await sweep(app)
    await review_alerts(app)
    (row,) = await alerts_of(house)
    alert = (await officer("GET", path)).json()
    kept = finding == "confirmed"
    assert (row["persons"], row["finding"]) == (1 if kept else 0, finding)
    assert (alert["action_taken"], bool(alert["reasons"])) == ("走访核实" if kept else None, kept)
    score = (await officer("GET", "/alerts/v1/scorecard")).json()["kinds"]
    assert [(s["kind"], s[finding]) for s in score] == [("flow_frequency", 1)]
