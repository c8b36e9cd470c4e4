"""The county's switch: from a day on detectors look only at what staff reported, and at no check-in by phone (domain 11.4; ADR 0005)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from kit.roles import Role
from services.alerts.settings import AlertsSettings
from tests.alerts.scenes import THREE, alerts_of, checkin, crowd, known_for_a_week, meet, observe, send
from tests.houses import Template, TestHouse, open_house

SWITCHED_ON = date(2021, 7, 3)


@pytest.fixture
async def narrow(template: Template, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TestHouse]:
    """Alerts of a county that reads the law narrowly from the third of July on; the house begins on the first."""
    monkeypatch.setenv("GUIKANG_ALERTS_REPORTS_ONLY_FROM", SWITCHED_ON.isoformat())
    async with open_house(template, only="alerts") as opened:
        yield opened


async def together(house: TestHouse, source: str, key: str) -> None:
    """A worker brings check-ins of three people at one place and one moment."""
    worker = crowd(house, THREE)
    at = house.clock() - timedelta(minutes=5)
    told = {} if source == "app" else {"source": source}
    await send(worker, *[checkin(person, at, f"{key}-{n}", **told) for n, person in enumerate(THREE)])
    await observe(house)


def test_the_switch_is_off_until_a_county_gives_it_a_day() -> None:
    assert AlertsSettings().reports_only_from is None


async def test_until_that_day_phones_count_and_from_it_on_they_do_not(narrow: TestHouse) -> None:
    worker = await known_for_a_week(narrow)
    await meet(narrow, worker)
    (row,) = await alerts_of(narrow)
    assert (row["persons"], row["state"]) == (3, "raised")
    narrow.clock.advance(timedelta(days=2, hours=3))
    await meet(narrow, worker, key="after")
    begin = narrow.clock() - timedelta(minutes=30)
    await send(worker, *[checkin(person, begin + timedelta(minutes=n * 10), f"new-{n}") for n, person in enumerate(THREE)])
    assert await observe(narrow) == 3  # they leave the queue and are looked at by nobody
    assert [a["id"] for a in await alerts_of(narrow)] == [row["id"]]


async def test_phones_of_the_days_before_do_not_complete_a_report(narrow: TestHouse) -> None:
    worker = await known_for_a_week(narrow)
    narrow.clock.advance(timedelta(days=1, hours=15, minutes=30))  # 23:30 of the second
    begin = narrow.clock()
    await send(worker, *[checkin(person, begin - timedelta(minutes=n * 10), f"{n}") for n, person in enumerate(THREE[:2])])
    await observe(narrow)
    narrow.clock.advance(timedelta(minutes=45))
    await send(crowd(narrow, THREE), checkin(THREE[2], narrow.clock(), "report", source="worker"))
    await observe(narrow)
    assert await alerts_of(narrow) == []


async def test_what_a_worker_reports_together_is_the_input_then_and_a_station_still_excuses(narrow: TestHouse) -> None:
    await known_for_a_week(narrow)
    await together(narrow, "worker", "before")
    assert await alerts_of(narrow) == []  # before the switch a member of staff present is the excuse
    narrow.clock.advance(timedelta(days=3))
    await together(narrow, "station", "desk")
    assert await alerts_of(narrow) == []
    await together(narrow, "app", "phone")
    assert await alerts_of(narrow) == []
    await together(narrow, "worker", "report")
    (row,) = await alerts_of(narrow)
    alert = (await narrow.caller("alerts", Role.COUNTY_OFFICER)("GET", f"/alerts/v1/alerts/{row['id']}")).json()
    assert (alert["persons"], alert["parameters_from"], alert["human_review_required"]) == (3, "2021-07-03", True)
    assert len(alert["checkin_ids"]) == 3


async def test_a_person_cannot_report_themselves_as_staff_would(narrow: TestHouse) -> None:
    await known_for_a_week(narrow)
    me = narrow.caller("alerts", Role.SUBJECT, person_id=str(THREE[0]))
    refused = await me("POST", "/alerts/v1/checkins", {"checkins": [checkin(THREE[0], narrow.clock(), "k", source="worker")]})
    assert (refused.status, refused.json()["errors"][0]["code"]) == (422, "source_not_yours")
