"""Test completion by town: what counts, what does not, and the same figure again for an old cut-off."""

from __future__ import annotations

from typing import Any

from kit.db import new_id
from kit.roles import Role
from services.testing import jobs
from tests.testing.street import OTHER_TOWN, TOWN, Street, a_day_later, a_lot, body, collected, due_of, measure, registered


async def test_excused_and_not_notified_tests_are_out_of_the_denominator(street: Street) -> None:
    news: list[Any] = []
    for number in range(6):
        person, town = new_id(), OTHER_TOWN if number == 5 else TOWN
        news += [(registered(town), person), (measure(town=town), person)]
    await street.say(*news)
    await street.hear()
    police, officer, lot = street.person(Role.POLICE_OFFICER), street.person(Role.TOWN_OFFICER), await a_lot(street)
    plans = [item["id"] for item in await due_of(street, street.person(Role.POLICE_OFFICER, scope=("610822100",)))]
    await collected(street, police, plans[0], lot)
    await officer("POST", f"/testing/v1/plans/{plans[1]}/decisions", {"decision": "excused", "reason": "住院"}, if_match='"v1"')
    neighbour = street.neighbour("alerts", "testing")
    path = "/internal/figures?from=2021-07-01&to=2021-07-15"
    assert body(await neighbour("GET", path)) == {"towns": {TOWN: {"test": [1, 1]}}}, "windows that are still open owe nothing yet"
    a_day_later(street, 15)
    await street.run(jobs.mark_missed)
    closed = street.clock()
    assert body(await neighbour("GET", path)) == {"towns": {OTHER_TOWN: {"test": [0, 1]}, TOWN: {"test": [1, 4]}}}
    a_day_later(street)
    verdict = {"decision": "not_notified", "reason": "通知未送达"}
    assert (await officer("POST", f"/testing/v1/plans/{plans[2]}/decisions", verdict, if_match='"v2"')).status == 200
    assert body(await neighbour("GET", path))["towns"][TOWN] == {"test": [1, 3]}
    then = closed.isoformat().replace("+00:00", "Z")
    assert body(await neighbour("GET", f"{path}&as_of={then}"))["towns"][TOWN] == {"test": [1, 4]}, "as it was known then"
    assert body(await neighbour("GET", f"{path}&as_of=2021-07-16"))["towns"][TOWN] == {"test": [1, 4]}
    leader = street.person(Role.LEADER)
    shown = body(await leader("GET", "/testing/v1/figures?from=2021-07-01&to=2021-07-15"))
    assert (shown["done"], shown["due"], len(shown["towns"])) == (1, 4, 2)
    one_town = body(
        await street.person(Role.TOWN_OFFICER, scope=("610822105",))("GET", "/testing/v1/figures?from=2021-07-01&to=2021-07-15")
    )
    assert [town["division_code"] for town in one_town["towns"]] == [OTHER_TOWN]


async def test_figures_are_for_the_screen_and_for_neighbours_only(street: Street) -> None:
    path = "from=2021-07-01&to=2021-07-15"
    assert (await street.person(Role.SUBJECT, person_id=str(new_id()))("GET", f"/testing/v1/figures?{path}")).status == 403
    assert (await street.person(Role.COUNTY_OFFICER)("GET", f"/internal/figures?{path}")).status == 401
    assert (await street.neighbour("alerts", "testing")("GET", "/internal/figures?from=2021-07-15&to=2021-07-01")).status == 422
    assert (await street.neighbour("alerts", "testing")("GET", f"/internal/figures?{path}&as_of=gestern")).status == 422
