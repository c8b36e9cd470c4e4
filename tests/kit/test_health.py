"""One report says what is not as it should be, and what makes an answer worthless is not ready."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from kit.roles import Role
from tests.houses import Template, TestHouse, open_house
from tests.registry.people_data import add_towns, county_officer, registered

pytestmark = pytest.mark.anyio
Usage = namedtuple("Usage", "total used free")


async def ready(house: TestHouse, service: str) -> tuple[int, dict[str, Any]]:
    """What an app says of itself."""
    answer = await house.caller(service, Role.COUNTY_OFFICER)("GET", "/readyz")
    return answer.status, json.loads(answer.body)


async def test_a_house_at_rest_is_ok_and_says_its_revision_pool_and_room(template: Template) -> None:
    async with open_house(template) as house:
        await house.step()
        for service in house.house.apps:
            status, said = await ready(house, service)
            assert (status, said["status"], said["findings"]) == (200, "ok", []), service
            assert said["revision"]
            assert said["pool"]["most"] == 7
            assert said["disk_free_mb"] > 64


async def test_what_lags_waits_or_was_refused_is_a_finding_and_no_reason_to_turn_away(template: Template) -> None:
    async with open_house(template) as house:
        add_towns(house)
        await registered(county_officer(house))
        await house.step()
        with psycopg.connect(house.owner) as owner:
            owner.execute(
                "insert into testing.inbox_parked (event_id, feed, position, envelope, error, parked_at) "
                "values (gen_random_uuid(), 'registry', '1.1', '{}', 'ValueError', now())"
            )
            owner.execute("set search_path = testing")
            owner.execute(
                "select procrastinate_defer_jobs_v1(array[row('other', 'x', 0, null, null, '{}', null)::procrastinate_job_to_defer_v1])"
            )
            owner.execute("update procrastinate_events set at = now() - interval '10 minutes'")
        house.clock.advance(timedelta(seconds=120))
        status, said = await ready(house, "testing")
        assert (status, said["status"]) == (200, "degraded")
        assert set(said["findings"]) == {"feed_stands_still:registry", "events_parked:registry", "jobs_wait"}
        assert said["feeds"]["registry"]["parked"] == 1
        assert said["feeds"]["registry"]["lag_seconds"] >= 120
        assert said["jobs"]["waiting"] == 1
        assert said["jobs"]["oldest_seconds"] >= 600
        _, registry = await ready(house, "registry")
        assert registry["unsealed_rows"] >= 1


async def test_a_full_disk_and_a_leaving_process_are_not_ready(template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_house(template, only="precursor") as house:
        with monkeypatch.context() as patched:
            patched.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 1_000_000))
            status, said = await ready(house, "precursor")
            assert (status, said["status"], said["findings"]) == (503, "no_room", ["no_room"])
        assert (await ready(house, "precursor"))[0] == 200
        house.house.leave()
        status, said = await ready(house, "precursor")
        assert (status, said["status"]) == (503, "leaving")
        officer = house.caller("precursor", Role.COUNTY_OFFICER)
        assert (await officer("GET", "/precursor/v1/firms")).status == 200, "it still serves"


async def test_an_old_transaction_is_a_finding(template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.app.health.SLOW_TRANSACTION", -1.0)
    async with open_house(template, only="precursor") as house:
        assert (await ready(house, "precursor"))[1]["findings"] == ["long_transaction"]
