"""`next_steps` of inspectors keep their word, and their history tells who entered and took out whom."""

from __future__ import annotations

from itertools import count

import psycopg

from kit.call import Reply
from kit.roles import Role
from services.precursor.inspectors.rules import MACHINE
from tests.houses import Caller, TestHouse
from tests.precursor.county import an_officer, county_officer
from tests.walks import Shown, Walk

PATH = "/precursor/v1/inspectors"
NUMBERS = count(1)


def of_inspectors(house: TestHouse, caller: Caller) -> Walk:
    """A walk of a caller from an officer that the county entered."""

    async def read(shown: Shown) -> Shown:
        return (await caller("GET", f"{PATH}/{shown['id']}")).json()

    async def begin() -> Shown:
        return await read((await county_officer(house)("POST", PATH, an_officer(next(NUMBERS)))).json())

    async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
        values = {"name": "演示改名", "state": "active" if event == "put_back" else "inactive", "reason": "演示理由"}
        body = {name: values[name] for name in fields}
        return await caller("PATCH", f"{PATH}/{shown['id']}", body, if_match=f'"v{shown["version"]}"')

    return Walk(MACHINE, begin, read, send, longest=3)


async def test_the_steps_of_an_inspector_keep_their_word(house: TestHouse) -> None:
    walk = await of_inspectors(house, county_officer(house)).run()
    assert walk.untaken() == set()
    assert walk.states == {"active", "inactive"}
    with psycopg.connect(house.owner) as connection:
        rows = connection.execute("select distinct event, from_state, to_state, reason from precursor.inspector_step order by 1, 2")
        assert rows.fetchall() == [
            ("amend", "active", "active", "演示理由"),
            ("amend", "inactive", "inactive", "演示理由"),
            ("enter", "none", "active", ""),
            ("put_back", "inactive", "active", "演示理由"),
            ("take_out", "active", "inactive", "演示理由"),
        ]


async def test_an_inspector_is_told_that_the_county_keeps_the_directory(house: TestHouse) -> None:
    walk = await of_inspectors(house, house.caller("precursor", Role.INSPECTOR, organisation="authority:emergency_management")).run()
    assert walk.refused == {("active", "amend", "role"), ("active", "take_out", "role")}
    assert walk.taken == set()
