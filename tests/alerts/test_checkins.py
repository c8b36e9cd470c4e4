"""Check-ins through HTTP: who may be located, and for how long."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from kit.roles import Role
from tests.alerts.neighbours import OTHER_TOWN, TOWN, an_id, measure, tell, watch
from tests.alerts.scenes import carer
from tests.houses import TestHouse

LI, WANG, ZHAO = an_id("李"), an_id("王"), an_id("赵")
HERE = (111.0671, 39.0281)


def checkin(person: UUID, at: datetime, key: str = "k1", place: tuple[float, float] = HERE, **more: Any) -> dict[str, Any]:
    """A check-in of a phone."""
    return {"checkin_id": key, "person_id": str(person), "at": at.isoformat(), "lon": place[0], "lat": place[1], "accuracy_m": 12.0, **more}


async def test_a_phone_sends_its_queue_twice_and_out_of_order_and_each_counts_once(house: TestHouse) -> None:
    await watch(house, LI)
    me = house.caller("alerts", Role.SUBJECT, person_id=str(LI))
    now = house.clock()
    queue = [checkin(LI, now - timedelta(hours=h), f"k{h}") for h in (1, 5, 3)]
    first = await me("POST", "/alerts/v1/checkins", {"checkins": queue})
    again = await me("POST", "/alerts/v1/checkins", {"checkins": [*queue, checkin(LI, now, "k0")]})
    assert (first.status, first.json()) == (200, {"accepted": 3, "duplicates": 0, "skewed": 0, "refused": []})
    assert (again.json()["accepted"], again.json()["duplicates"]) == (1, 3)
    trajectory = (await me("GET", f"/alerts/v1/people/{LI}/trajectory")).json()
    times = [item["at"] for item in trajectory["items"]]
    assert len(times) == 4
    assert times == sorted(times)


async def test_nobody_without_a_running_measure_is_located(house: TestHouse) -> None:
    await watch(house, LI)
    await watch(house, WANG, until=date(2021, 7, 1))  # today is the first day on which nothing is owed
    await watch(house, ZHAO, state="suspended")
    worker = carer(house, [LI, WANG, ZHAO, an_id("nobody")])
    now = house.clock()
    batch = [checkin(person, now, "a") for person in (WANG, LI, ZHAO, an_id("nobody"))]
    answer = (await worker("POST", "/alerts/v1/checkins", {"checkins": batch})).json()
    assert answer["accepted"] == 1
    assert [(r["index"], r["code"]) for r in answer["refused"]] == [
        (0, "no_running_measure"),
        (2, "no_running_measure"),
        (3, "no_running_measure"),
    ]
    alone = await worker("POST", "/alerts/v1/checkins", {"checkins": batch[:1]})
    assert alone.status == 422
    assert alone.json()["type"] == "/problems/no-check-in-accepted"
    assert alone.json()["errors"][0]["pointer"] == "/checkins/0"
    with psycopg.connect(house.owner) as connection:
        assert connection.execute("select count(*) from alerts.checkin_record").fetchone() == (1,)


async def test_a_measure_that_ends_stops_collection_the_same_day(house: TestHouse) -> None:
    await watch(house, LI)
    me = house.caller("alerts", Role.SUBJECT, person_id=str(LI))
    assert (await me("POST", "/alerts/v1/checkins", {"checkins": [checkin(LI, house.clock())]})).status == 200
    await tell(house, "registry", [measure(LI, house.clock(), kind="measure.ended", state="discharged", on=date(2021, 7, 1))])
    refused = await me("POST", "/alerts/v1/checkins", {"checkins": [checkin(LI, house.clock(), "k2")]})
    assert (refused.status, refused.json()["errors"][0]["code"]) == (422, "no_running_measure")


async def test_an_older_event_replayed_later_does_not_bring_a_measure_back(house: TestHouse) -> None:
    now = house.clock()
    ended = measure(LI, now, kind="measure.ended", state="discharged", on=date(2021, 7, 1))
    await tell(house, "registry", [ended, measure(LI, now - timedelta(days=3))])
    worker = carer(house, [LI])
    refused = await worker("POST", "/alerts/v1/checkins", {"checkins": [checkin(LI, now)]})
    assert (refused.status, refused.json()["errors"][0]["code"]) == (422, "no_running_measure")


async def test_a_subject_brings_their_own_and_a_worker_their_towns(house: TestHouse) -> None:
    await watch(house, LI)
    await watch(house, WANG, town=OTHER_TOWN)
    now = house.clock()
    both = {"checkins": [checkin(LI, now), checkin(WANG, now)]}
    me = house.caller("alerts", Role.SUBJECT, person_id=str(LI))
    worker = carer(house, [LI, WANG], Role.GRID_WORKER, scope=("610822105",))
    assert [r["index"] for r in (await me("POST", "/alerts/v1/checkins", both)).json()["refused"]] == [1]
    assert [r["index"] for r in (await worker("POST", "/alerts/v1/checkins", both)).json()["refused"]] == [0]
    pretended = await me("POST", "/alerts/v1/checkins", {"checkins": [checkin(LI, now, "k9", source="station")]})
    assert pretended.json()["errors"][0]["code"] == "source_not_yours"
    leader = house.caller("alerts", Role.LEADER)
    assert (await leader("POST", "/alerts/v1/checkins", both)).status == 403


async def test_the_future_is_refused_and_a_wrong_clock_is_noted(house: TestHouse) -> None:
    await watch(house, LI)
    me = house.caller("alerts", Role.SUBJECT, person_id=str(LI))
    now = house.clock()
    items = [checkin(LI, now + timedelta(minutes=30), "f"), checkin(LI, now - timedelta(days=40), "o"), checkin(LI, now, "n")]
    answer = (await me("POST", "/alerts/v1/checkins", {"checkins": items, "sent_at": (now + timedelta(minutes=3)).isoformat()})).json()
    assert (answer["accepted"], answer["skewed"]) == (1, 1)
    assert [r["code"] for r in answer["refused"]] == ["clock_ahead", "too_old"]
    trajectory = (await me("GET", f"/alerts/v1/people/{LI}/trajectory")).json()
    assert trajectory["items"][0]["skew_s"] == 180


async def test_chinese_map_coordinates_are_stored_as_wgs84(house: TestHouse) -> None:
    await watch(house, LI)
    me = house.caller("alerts", Role.SUBJECT, person_id=str(LI))
    shifted = checkin(LI, house.clock(), "g", (111.0724, 39.0298), datum="gcj02")
    assert (await me("POST", "/alerts/v1/checkins", {"checkins": [shifted]})).status == 200
    point = (await me("GET", f"/alerts/v1/people/{LI}/trajectory")).json()["items"][0]
    assert 0.002 < abs(point["lon"] - 111.0724) < 0.01
    assert point["county_code"] == "610822"


async def test_a_trajectory_is_for_a_purpose_and_for_the_persons_towns(house: TestHouse) -> None:
    await watch(house, LI)
    me = house.caller("alerts", Role.SUBJECT, person_id=str(LI))
    await me("POST", "/alerts/v1/checkins", {"checkins": [checkin(LI, house.clock())]})
    path = f"/alerts/v1/people/{LI}/trajectory"
    other = house.caller("alerts", Role.TOWN_OFFICER, scope=("610822105",))
    grid = house.caller("alerts", Role.GRID_WORKER)
    officer = house.caller("alerts", Role.TOWN_OFFICER, scope=(TOWN[:9],))
    assert (await other("GET", path)).status == 404
    assert (await grid("GET", path)).status == 403
    assert (await officer("GET", path, purpose="curiosity")).status == 422
    assert len((await officer("GET", path)).json()["items"]) == 1
    with psycopg.connect(house.owner) as connection:
        noted = connection.execute("select actor, purpose, object_ids from alerts.audit where action = 'checkin.trajectory'").fetchall()
    assert noted == [("test-town_officer", "supervision", [str(LI)])]


async def test_history_comes_in_as_lines_and_a_second_time_changes_nothing(house: TestHouse) -> None:
    await watch(house, LI, WANG)
    officer = house.caller("alerts", Role.COUNTY_OFFICER)
    start = house.clock() - timedelta(days=80)
    lines = [checkin(person, start + timedelta(hours=n), f"{n}") for n in range(300) for person in (LI, WANG, ZHAO)]
    body = b"\n".join(json.dumps(line).encode() for line in lines) + b"\nnot json\n"

    async def send() -> tuple[int, dict[str, Any]]:
        headers = {"authorization": f"Bearer {officer.token()}", "content-type": "application/x-ndjson"}
        answer = await officer.neighbour.request("POST", "/alerts/v1/checkins/import", headers=headers, body=body, timeout=30)
        return answer.status, answer.json()

    status, first = await send()
    assert (status, first["accepted"], first["duplicates"], first["refused_total"]) == (200, 600, 0, 301)
    _, second = await send()
    assert (second["accepted"], second["duplicates"]) == (0, 600)


async def test_the_sweep_drops_points_after_a_month_and_rows_after_a_season(house: TestHouse) -> None:
    await watch(house, LI)
    me = house.caller("alerts", Role.SUBJECT, person_id=str(LI))
    await me("POST", "/alerts/v1/checkins", {"checkins": [checkin(LI, house.clock())]})
    from services.alerts.jobs import sweep

    app = house.house.apps["alerts"].state.house

    def kept() -> list[tuple[Any, ...]]:
        with psycopg.connect(house.owner) as connection:
            return connection.execute(
                "select p.point_sealed is not null, c.cell is not null from alerts.checkin_record c left join alerts.checkin_point p on p.checkin_id = c.id"
            ).fetchall()

    house.clock.advance(timedelta(days=29))
    await sweep(app)
    assert kept() == [(True, True)]
    house.clock.advance(timedelta(days=2))
    await sweep(app)
    assert kept() == [(False, True)]
    house.clock.advance(timedelta(days=62))
    await sweep(app)
    assert kept() == []


async def test_bad_batches_are_named(house: TestHouse) -> None:
    me = house.caller("alerts", Role.SUBJECT, person_id=str(LI))
    now = house.clock()
    wrong = await me("POST", "/alerts/v1/checkins", {"checkins": [checkin(LI, now, place=(200.0, 39.0), colour="red")]})
    assert wrong.status == 422
    assert {e["pointer"] for e in wrong.json()["errors"]} == {"/checkins/0/lon", "/checkins/0/colour"}
    too_many = {"checkins": [checkin(LI, now, f"k{n}") for n in range(201)]}
    assert (await me("POST", "/alerts/v1/checkins", too_many)).status == 422
    naive = checkin(LI, now)
    naive["at"] = "2021-07-01T08:00:00"
    assert (await me("POST", "/alerts/v1/checkins", {"checkins": [naive]})).json()["errors"][0]["pointer"] == "/checkins/0/at"
