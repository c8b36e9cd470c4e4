"""A grid worker's bad phone: what waited in its queue is taken once, put right where that is certain, and refused item by item where it is not."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest

from kit.roles import Role
from tests.alerts.neighbours import OTHER_TOWN, TOWN, an_id, envelope, measure, tell, watch
from tests.alerts.scenes import BARN, THREE, alerts_of, carer, checkin, known_for_a_week, observe, send
from tests.houses import Caller, TestHouse

LI, WANG = an_id("李"), an_id("王")


async def post(caller: Caller, items: list[Any], sent_at: datetime | None = None) -> dict[str, Any]:
    """The answer to a batch of which something was taken."""
    body = {"checkins": items, **({"sent_at": sent_at.isoformat()} if sent_at else {})}
    answer = await caller("POST", "/alerts/v1/checkins", body)
    assert answer.status == 200, answer.body
    return answer.json()


async def track(house: TestHouse, person: UUID) -> list[dict[str, Any]]:
    """Where and when a person checked in, as they see it themselves."""
    me = house.caller("alerts", Role.SUBJECT, person_id=str(person))
    return (await me("GET", f"/alerts/v1/people/{person}/trajectory")).json()["items"]


async def test_one_bad_item_of_two_hundred_holds_up_no_other_and_is_named(house: TestHouse) -> None:
    await watch(house, LI)
    grid, now = carer(house, [LI, WANG], Role.GRID_WORKER), house.clock()
    items: list[Any] = [checkin(LI, now - timedelta(minutes=n), f"k{n}") for n in range(200)]
    items[117] = {**items[117], "lon": 391.0, "colour": "red"}
    answer = await post(grid, items)
    assert (answer["accepted"], answer["duplicates"]) == (199, 0)
    (refused,) = answer["refused"]
    assert (refused["index"], refused["code"]) == (117, "malformed")
    assert "/checkins/117/lon" in refused["message_en"]
    assert "/checkins/117/colour" in refused["message_zh"]
    assert "391" not in str(refused)
    again = await post(grid, items)
    assert (again["accepted"], again["duplicates"], len(again["refused"])) == (0, 199, 1)


@pytest.mark.parametrize("junk", [None, 7, "k", [], {}, {"checkin_id": "x"}, {"checkin_id": "a" * 65, "person_id": "nobody"}])
async def test_whatever_stands_where_a_check_in_should_is_refused_alone(house: TestHouse, junk: Any) -> None:
    await watch(house, LI)
    grid = carer(house, [LI], Role.GRID_WORKER)
    answer = await post(grid, [junk, checkin(LI, house.clock(), "k1")])
    assert (answer["accepted"], [(r["index"], r["code"]) for r in answer["refused"]]) == (1, [(0, "malformed")])
    alone = await grid("POST", "/alerts/v1/checkins", {"checkins": [junk]})
    assert alone.status == 422
    assert all(error["pointer"].startswith("/checkins/0") for error in alone.json()["errors"])


async def test_a_queue_in_halves_out_of_order_and_twice_at_once_counts_each_once(house: TestHouse) -> None:
    await watch(house, LI, WANG)
    grid, now = carer(house, [LI, WANG], Role.GRID_WORKER), house.clock()
    queue = [checkin(person, now - timedelta(minutes=7 * n), f"q{n}") for n in range(60) for person in (LI, WANG)]
    Random(3).shuffle(queue)
    parts = [queue[:60], queue[40:], queue[:120], queue[::2]]
    answers = await asyncio.gather(*[post(grid, part) for part in parts])
    assert sum(answer["accepted"] for answer in answers) == 120
    assert [answer["accepted"] + answer["duplicates"] for answer in answers] == [len(part) for part in parts]
    with psycopg.connect(house.owner) as connection:
        assert connection.execute("select count(*), (select count(*) from alerts.checkin_key) from alerts.checkin_record").fetchone() == (
            120,
            120,
        )
        assert connection.execute("select count(*) from alerts.unobserved").fetchone() == (120,)


async def test_the_same_visit_brought_by_two_workers_is_two_rows_and_one_person(house: TestHouse) -> None:
    worker = await known_for_a_week(house)
    other = carer(house, THREE, Role.GRID_WORKER, "GW-2", subject="another worker")
    begin = house.clock() - timedelta(minutes=40)
    for n, person in enumerate(THREE[:2]):
        for m, bringer in enumerate((worker, other)):
            await post(bringer, [checkin(person, begin + timedelta(minutes=10 * n), f"worker-{m}")])
    await observe(house)
    assert await alerts_of(house) == []  # two people, however often they are told of
    assert len(await track(house, THREE[0])) == 3


async def test_two_phones_that_number_their_check_ins_alike_lose_none_in_silence(house: TestHouse) -> None:
    await watch(house, LI)
    now = house.clock()
    first, second = (carer(house, [LI], Role.GRID_WORKER, code, subject=code) for code in ("GW-1", "GW-2"))
    await post(first, [checkin(LI, now, "1")])
    clash = checkin(LI, now, "1", (111.2, 39.3))
    answer = await post(second, [clash, checkin(LI, now, "2")])
    assert (answer["accepted"], answer["duplicates"], [(r["index"], r["code"]) for r in answer["refused"]]) == (1, 0, [(0, "key_used")])
    inside = await post(second, [checkin(LI, now, "3"), checkin(LI, now, "3", (111.2, 39.3)), checkin(LI, now, "3")])
    assert (inside["accepted"], inside["duplicates"], [(r["index"], r["code"]) for r in inside["refused"]]) == (1, 1, [(1, "key_used")])
    assert (await post(second, [{**clash, "checkin_id": "b-1"}]))["accepted"] == 1


@pytest.mark.parametrize("ahead", [timedelta(minutes=3), timedelta(hours=8), timedelta(days=400), timedelta(days=365 * 60)])
async def test_a_clock_ahead_is_put_right_by_when_it_says_it_sends(house: TestHouse, ahead: timedelta) -> None:
    await watch(house, LI)
    grid, now = carer(house, [LI, WANG], Role.GRID_WORKER), house.clock()
    really = [now - timedelta(hours=3), now - timedelta(minutes=1)]
    answer = await post(grid, [checkin(LI, at + ahead, f"k{n}") for n, at in enumerate(really)], sent_at=now + ahead)
    assert (answer["accepted"], answer["skewed"]) == (2, 2)
    shown = await track(house, LI)
    assert [datetime.fromisoformat(item["at"]) for item in shown] == really
    assert {item["skew_s"] for item in shown} == {round(ahead.total_seconds())}


async def test_a_clock_behind_or_a_message_that_waited_is_noted_and_the_time_left_as_told(house: TestHouse) -> None:
    await watch(house, LI)
    grid, now = carer(house, [LI, WANG], Role.GRID_WORKER), house.clock()
    at = now - timedelta(hours=5)
    answer = await post(grid, [checkin(LI, at, "k")], sent_at=now - timedelta(hours=4))
    assert (answer["accepted"], answer["skewed"]) == (1, 1)
    (shown,) = await track(house, LI)
    assert (datetime.fromisoformat(shown["at"]), shown["skew_s"]) == (at, -4 * 3600)


async def test_the_satellites_time_needs_no_putting_right(house: TestHouse) -> None:
    await watch(house, LI)
    grid, now = carer(house, [LI, WANG], Role.GRID_WORKER), house.clock()
    fix = checkin(LI, now - timedelta(minutes=5), "k", device_at=(now + timedelta(hours=1)).isoformat())
    await post(grid, [fix], sent_at=now + timedelta(hours=1, minutes=5))
    (shown,) = await track(house, LI)
    assert datetime.fromisoformat(shown["at"]) == now - timedelta(minutes=5)
    assert shown["skew_s"] == 65 * 60


async def test_a_clock_that_was_changed_between_is_refused_while_it_lies_in_the_future(house: TestHouse) -> None:
    await watch(house, LI)
    grid, now = carer(house, [LI, WANG], Role.GRID_WORKER), house.clock()
    items = [checkin(LI, now + timedelta(hours=2), "before the change"), checkin(LI, now, "after")]
    items[0]["checkin_id"], items[1]["checkin_id"] = "b", "a"
    answer = await post(grid, items, sent_at=now)
    assert (answer["accepted"], [(r["index"], r["code"]) for r in answer["refused"]]) == (1, [(0, "clock_ahead")])


async def test_a_wrong_time_zone_is_read_as_what_it_says_and_put_right_when_the_sending_has_it_too(house: TestHouse) -> None:
    await watch(house, LI)
    grid, now = carer(house, [LI, WANG], Role.GRID_WORKER), house.clock()
    local = {**checkin(LI, now, "cst"), "at": "2021-07-01T07:30:00+08:00"}
    mislabelled = {**checkin(LI, now, "utc"), "at": "2021-07-01T07:30:00Z"}  # a clock of Shanghai that calls itself UTC: eight hours ahead
    nowhere = {**checkin(LI, now, "none"), "at": "2021-07-01T07:30:00"}
    answer = await post(grid, [local, mislabelled, nowhere])
    assert (answer["accepted"], [(r["index"], r["code"]) for r in answer["refused"]]) == (1, [(1, "clock_ahead"), (2, "malformed")])
    await post(grid, [mislabelled], sent_at=datetime(2021, 7, 1, 8, 0, tzinfo=UTC))
    assert {item["at"] for item in await track(house, LI)} == {"2021-06-30T23:30:00Z"}


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00+14:00"])
@pytest.mark.parametrize("sent_at", [None, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_times_at_the_end_of_the_calendar_are_refused_and_break_nothing(house: TestHouse, at: str, sent_at: str | None) -> None:
    await watch(house, LI)
    body = {"checkins": [{**checkin(LI, house.clock(), "k"), "at": at}], **({"sent_at": sent_at} if sent_at else {})}
    answer = await carer(house, [LI], Role.GRID_WORKER)("POST", "/alerts/v1/checkins", body)
    assert (answer.status, answer.json()["errors"][0]["code"]) in ((422, "clock_ahead"), (422, "clock_unset"))


@pytest.mark.parametrize("accuracy", [{}, {"accuracy_m": None}, {"accuracy_m": 0}])
async def test_a_phone_that_cannot_tell_its_accuracy_is_taken_and_counts_in_no_gathering(
    house: TestHouse, accuracy: dict[str, Any]
) -> None:
    worker = await known_for_a_week(house)
    begin = house.clock() - timedelta(minutes=40)
    for n, person in enumerate(THREE):
        item = checkin(person, begin + timedelta(minutes=10 * n), f"meet-{n}")
        if n == 1:
            item = {name: value for name, value in item.items() if name != "accuracy_m"} | accuracy
        assert (await send(worker, item))["accepted"] == 1
        await observe(house)
    assert await alerts_of(house) == []
    assert (await track(house, THREE[1]))[-1]["accuracy_m"] is None


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.004, -0.004), (111.0, 90.0), (-180.0, -90.0), (180.0, 86.0)])
async def test_where_nobody_can_be_is_no_position(house: TestHouse, place: tuple[float, float]) -> None:
    await watch(house, LI)
    answer = await carer(house, [LI], Role.GRID_WORKER)(
        "POST", "/alerts/v1/checkins", {"checkins": [checkin(LI, house.clock(), "k", place)]}
    )
    assert (answer.status, answer.json()["errors"][0]["code"]) == (422, "no_position")


async def test_both_sides_of_the_date_line_are_one_place(house: TestHouse) -> None:
    worker = await known_for_a_week(house)
    begin = house.clock() - timedelta(minutes=40)
    for n, (person, lon) in enumerate(zip(THREE, (180.0, -180.0, -179.9999), strict=True)):
        await send(worker, checkin(person, begin + timedelta(minutes=10 * n), f"{n}", (lon, -16.8)))
    await observe(house)
    assert [(a["kind"], a["persons"]) for a in await alerts_of(house) if a["kind"] == "gathering"] == [("gathering", 3)]


async def test_phones_with_the_chinese_datum_and_without_meet_at_one_place(house: TestHouse) -> None:
    worker = await known_for_a_week(house)
    begin, gcj = house.clock() - timedelta(minutes=40), (110.94278, 39.25083)  # BARN as a Chinese map shows it
    for n, person in enumerate(THREE):
        shifted = n % 2 == 0
        item = checkin(person, begin + timedelta(minutes=10 * n), f"{n}", gcj if shifted else BARN, datum="gcj02" if shifted else "wgs84")
        await send(worker, item)
    await observe(house)
    assert [a["persons"] for a in await alerts_of(house)] == [3]


async def test_a_measure_that_ended_before_the_upload_is_no_basis_for_what_was_taken_before(house: TestHouse) -> None:
    await watch(house, LI, WANG)
    waiting = [checkin(person, house.clock() - timedelta(hours=20), "yesterday") for person in (LI, WANG)]
    await tell(house, "registry", [measure(LI, house.clock(), kind="measure.ended", state="discharged", on=date(2021, 7, 1))])
    answer = await post(carer(house, [LI, WANG], Role.GRID_WORKER), waiting)
    assert (answer["accepted"], [(r["index"], r["code"]) for r in answer["refused"]]) == (1, [(0, "no_running_measure")])


async def test_a_queue_about_somebody_who_moved_meanwhile_is_for_their_new_town_to_bring(house: TestHouse) -> None:
    await watch(house, LI, WANG)
    old = carer(house, [LI, WANG], Role.GRID_WORKER, "GW-1", scope=(TOWN[:9],))
    new = carer(house, [LI, WANG], Role.GRID_WORKER, "GW-2", scope=(OTHER_TOWN[:9],))
    waiting = [checkin(person, house.clock() - timedelta(hours=20), "yesterday") for person in (LI, WANG)]
    await tell(house, "registry", [envelope("person.moved", LI, {"division_code": OTHER_TOWN}, house.clock())])
    answer = await post(old, waiting)
    assert [(r["index"], r["code"]) for r in answer["refused"]] == [(0, "no_running_measure")]
    assert "不由您负责" in answer["refused"][0]["message_zh"]
    assert (await post(new, waiting))["accepted"] == 1
    me = house.caller("alerts", Role.SUBJECT, person_id=str(LI))
    assert (await post(me, [waiting[0]]))["duplicates"] == 1
