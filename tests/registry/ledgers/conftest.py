"""A registry that knows the county, and an officer's desk in it."""

from __future__ import annotations

import pytest

from kit.roles import Role
from tests.houses import TestHouse
from tests.registry.ledgers.desk import Desk, add_county
from tests.registry.ledgers.test_reports import somebody, table


@pytest.fixture
def desk(house: TestHouse) -> Desk:
    """The county office's desk."""
    add_county(house)
    return Desk(house, house.caller("registry", Role.COUNTY_OFFICER))


@pytest.fixture
async def town(desk: Desk) -> Desk:
    """The desk of 府谷镇's officer, in a county where 1 is of 新民镇, 2 and 5 are of 府谷镇, 4 has died in 府谷镇."""
    rows = (
        somebody(1, town="新民镇", phone="", since="2020-02-01"),
        somebody(2, status="社会面"),
        somebody(4, status="死亡"),
        somebody(5, status="社会面", since="2018-03-01"),
    )
    (job,) = await desk.upload(("县.csv", table(*rows)[1]))
    assert job["dispositions"] == {"accept": 4}
    await desk.commit(job)
    return Desk(desk.house, desk.house.caller("registry", Role.TOWN_OFFICER, scope=("610822100",)))
