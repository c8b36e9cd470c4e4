"""`next_steps` of alerts keep their word: the walk takes each open step and tries each blocked one."""

from __future__ import annotations

from itertools import count
from typing import Any

from kit.call import Reply
from kit.roles import Role
from services.alerts.alerts.rules import MACHINE
from tests.alerts.neighbours import TOWN, an_id, envelope, tell
from tests.alerts.scenes import alerts_of
from tests.houses import Caller, TestHouse
from tests.walks import Shown, Walk

FIRMS = count(1)
VALUES: dict[str, Any] = {"assignee": "W1", "finding": "innocent", "action_taken": "已上门核实"}


def of_alerts(house: TestHouse, caller: Caller) -> Walk:
    """A walk of a caller from an order to correct whose term has passed."""

    async def begin() -> Shown:
        await tell(
            house, "precursor", [envelope("rectification.overdue", an_id(f"firm {next(FIRMS)}"), {"deadline": "2021-06-20"}, house.clock())]
        )
        return await read((await alerts_of(house))[0])

    async def read(shown: Shown) -> Shown:
        return (await caller("GET", f"/alerts/v1/alerts/{shown['id']}")).json()

    async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
        body = {name: VALUES[name] for name in fields}
        return await caller("POST", f"/alerts/v1/alerts/{shown['id']}/{event}", body, if_match=f'"v{shown["version"]}"')

    return Walk(MACHINE, begin, read, send)


async def test_every_step_of_an_alert_keeps_its_word(county: TestHouse) -> None:
    walk = await of_alerts(county, county.caller("alerts", Role.TOWN_OFFICER, scope=(TOWN[:9],))).run()
    assert walk.untaken() == set()
    assert walk.states == {"raised", "acknowledged", "assigned", "closed"}


async def test_a_worker_is_told_that_others_assign(county: TestHouse) -> None:
    walk = await of_alerts(county, county.caller("alerts", Role.SOCIAL_WORKER, scope=(TOWN[:9],))).run()
    assert {(event, reason) for _, event, reason in walk.refused} == {("assign", "role")}


async def test_a_history_cites_the_law_in_both_languages(county: TestHouse) -> None:
    officer = county.caller("alerts", Role.COUNTY_OFFICER)
    shown = await of_alerts(county, officer).begin()
    (raised,) = (await officer("GET", f"/alerts/v1/alerts/{shown['id']}/history")).json()["items"]
    assert raised["legal_source"] == {"zh": "《个人信息保护法》第二十四条;业务说明11.4节", "en": "PIPL art. 24; domain 11.4"}
