"""Registered devices: a person's own check-ins come from the phone that staff saw in their hand."""

from __future__ import annotations

from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg
import pytest

from kit.call import Reply
from kit.roles import Role
from services.alerts.devices.rules import is_the_device, key_digest
from services.alerts.jobs import sweep
from tests.alerts.neighbours import OTHER_TOWN, TOWN, an_id, measure, tell, watch
from tests.alerts.scenes import carer, checkin
from tests.houses import Caller, TestHouse

LI, WANG = an_id("李"), an_id("王")
KEY, OTHER_KEY = "k" * 43, "another-phone-" + "x" * 30
ANY = date(2021, 7, 1)


def path(person: UUID) -> str:
    """Where the device of a person stands."""
    return f"/alerts/v1/people/{person}/device"


async def register(who: Caller, person: UUID, key: str = KEY) -> Reply:
    """Staff scan what the phone's screen shows."""
    return await who("POST", path(person), {"key_digest": sha256(key.encode()).hexdigest()})


async def from_phone(house: TestHouse, name: str, key: str | None, person: UUID = LI) -> Any:
    """One check-in by the person's own account, from a phone with this key: what was answered."""
    me = house.caller("alerts", Role.SUBJECT, person_id=str(person), scope=())
    body: dict[str, Any] = {"checkins": [checkin(person, house.clock(), name)], **({"device_key": key} if key else {})}
    return (await me("POST", "/alerts/v1/checkins", body)).json()


async def test_once_a_phone_is_registered_only_that_one_checks_in(house: TestHouse) -> None:
    await watch(house, LI)
    assert (await from_phone(house, "before", None))["accepted"] == 1, "nobody has registered a phone yet"
    made = await register(carer(house, [LI]), LI)
    assert (made.status, made.headers["etag"], made.headers["location"]) == (201, '"v1"', path(LI))
    assert "key" not in made.body.decode()
    shown = (await carer(house, [LI])("GET", path(LI))).json()
    assert (shown["registered_staff"], shown["id"]) == ("SW-1", made.json()["id"])
    assert "registered_staff_name" in shown, "the register has nobody of that number: the name is null"
    for key in (None, OTHER_KEY):
        refused = await from_phone(house, f"by-{key}", key)
        assert [error["code"] for error in refused["errors"]] == ["not_the_device"]
    assert (await from_phone(house, "own", KEY))["accepted"] == 1
    worker = carer(house, [LI])
    by_worker = await worker("POST", "/alerts/v1/checkins", {"checkins": [checkin(LI, house.clock(), "w")], "device_key": KEY})
    assert by_worker.json()["accepted"] == 1, "staff check in as staff, whatever phone they hold"
    with psycopg.connect(house.owner) as connection:
        sources = connection.execute("select source, count(*) from alerts.checkin_record group by 1 order by 1").fetchall()
    assert sources == [("app", 2), ("worker", 1)]


async def test_a_phone_keeps_what_waits_for_its_registration(house: TestHouse) -> None:
    await watch(house, LI)
    await register(carer(house, [LI]), LI)
    me = house.caller("alerts", Role.SUBJECT, person_id=str(LI), scope=())
    both = [checkin(LI, house.clock(), "mine"), checkin(WANG, house.clock(), "not-mine")]
    refused = await me("POST", "/alerts/v1/checkins", {"checkins": both, "device_key": OTHER_KEY})
    assert refused.status == 422
    await register(carer(house, [LI]), LI, OTHER_KEY)
    taken = (await me("POST", "/alerts/v1/checkins", {"checkins": both, "device_key": OTHER_KEY})).json()
    assert (taken["accepted"], [item["code"] for item in taken["refused"]]) == (1, ["no_running_measure"])
    assert (await from_phone(house, "old", KEY))["errors"][0]["code"] == "not_the_device", "the phone before was replaced"


async def test_only_who_cares_for_a_person_registers_their_phone(house: TestHouse) -> None:
    await watch(house, LI)
    tower = house.caller("alerts", Role.TOWN_OFFICER, scope=(TOWN[:9],))
    assert (await register(carer(house, [WANG], code="SW-9"), LI)).status == 404, "no care team"
    assert (await register(house.caller("alerts", Role.SOCIAL_WORKER), LI)).status == 404, "not a member of staff"
    assert (await register(house.caller("alerts", Role.TOWN_OFFICER, scope=(OTHER_TOWN[:9],)), LI)).status == 404
    assert (await register(tower, an_id("nobody"))).status == 404
    assert (await register(house.caller("alerts", Role.SUBJECT, person_id=str(LI), scope=()), LI)).status == 403, "not by oneself"
    assert (await register(house.caller("alerts", Role.COUNTY_OFFICER), LI)).status == 403
    assert (await tower("POST", path(LI), {"key_digest": "kkkk"})).status == 422
    assert (await register(tower, LI)).status == 201
    assert (await register(tower, LI)).json()["version"] == 1, "the same phone again is the one that stands"
    with psycopg.connect(house.owner) as connection:
        assert connection.execute("select count(*) from alerts.device").fetchone() == (1,)


async def test_one_phone_is_one_persons(house: TestHouse) -> None:
    await watch(house, LI, WANG)
    worker = carer(house, [LI, WANG])
    assert (await register(worker, LI)).status == 201
    taken = await register(worker, WANG)
    assert (taken.status, taken.json()["type"]) == (409, "/problems/device-taken")
    version = (await worker("GET", path(LI))).headers["etag"]
    assert (await worker("POST", path(LI) + "/withdraw", {"reason": "mistake"}, if_match=version)).status == 204
    assert (await register(worker, WANG)).status == 201


async def test_the_person_withdraws_a_lost_phone(house: TestHouse) -> None:
    await watch(house, LI)
    me, worker = house.caller("alerts", Role.SUBJECT, person_id=str(LI), scope=()), carer(house, [LI])
    assert (await me("GET", path(LI))).status == 404
    await register(worker, LI)
    shown = await me("GET", path(LI))
    assert (shown.status, shown.json()["person_id"]) == (200, str(LI))
    withdraw = path(LI) + "/withdraw"
    assert (await me("POST", withdraw, {"reason": "lost"})).status == 428
    assert (await me("POST", withdraw, {"reason": "lost"}, if_match='"v7"')).status == 412
    assert (await me("POST", withdraw, {"reason": "stolen by 张三"}, if_match='"v1"')).status == 422
    assert (await me("POST", withdraw, {"reason": "lost"}, if_match='"v1"')).status == 204
    assert (await me("POST", withdraw, {"reason": "lost"}, if_match='"v2"')).status == 404
    other = house.caller("alerts", Role.SUBJECT, person_id=str(WANG), scope=())
    assert (await other("GET", path(LI))).status == 404
    with psycopg.connect(house.owner) as connection:
        actions = connection.execute("select action from alerts.audit where action like 'device.%' order by at, id").fetchall()
    assert [action for (action,) in actions] == ["device.register", "device.read", "device.withdraw"]


async def test_devices_end_with_the_measure(house: TestHouse) -> None:
    await watch(house, LI, WANG)
    worker = carer(house, [LI, WANG])
    await register(worker, LI)
    await register(worker, WANG, OTHER_KEY)
    await tell(house, "registry", [measure(LI, house.clock(), until=house.clock().date())])
    assert (await from_phone(house, "over", KEY))["errors"][0]["code"] == "no_running_measure"
    assert (await worker("GET", path(LI))).status == 404
    house.clock.advance(timedelta(days=1))
    await sweep(house.house.apps["alerts"].state.house)
    with psycopg.connect(house.owner) as connection:
        assert connection.execute("select person_id from alerts.device").fetchall() == [(WANG,)]


@pytest.mark.parametrize(
    ("registered", "shown", "required_from", "is_it"),
    [
        (None, None, None, True),
        (None, None, ANY + timedelta(days=1), True),
        (None, None, ANY, False),
        (None, KEY, ANY, False),
        (key_digest(KEY), KEY, ANY, True),
        (key_digest(KEY), None, None, False),
        (key_digest(KEY), KEY + "x", None, False),
        (key_digest("short"), "short", None, False),
    ],
)
def test_the_rule(registered: bytes | None, shown: str | None, required_from: date | None, is_it: bool) -> None:
    assert is_the_device(registered, shown, ANY, required_from) is is_it
