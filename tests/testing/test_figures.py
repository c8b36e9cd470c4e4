"""Test completion by town: what counts, what does not, and the same figure again for an old cut-off."""

from __future__ import annotations

from typing import Any

from kit.db import new_id
from kit.roles import Role
from services.testing import jobs
from services.testing.figures.rules import TownCount, total, withheld
from tests.testing.street import OTHER_TOWN, TOWN, Street, a_day_later, a_lot, body, collected, due_of, measure, registered


def said(done: int, due: int, unplanned: int = 0) -> dict[str, Any]:
    """What a neighbour is told of a town."""
    return {"test": [done, due], "outside": {"test": unplanned}}


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
    assert body(await neighbour("GET", path)) == {"towns": {TOWN: said(1, 1)}}, "windows that are still open owe nothing yet"
    a_day_later(street, 15)
    await street.run(jobs.mark_missed)
    closed = street.clock()
    assert body(await neighbour("GET", path)) == {"towns": {OTHER_TOWN: said(0, 1), TOWN: said(1, 4)}}
    a_day_later(street)
    verdict = {"decision": "not_notified", "reason": "通知未送达"}
    assert (await officer("POST", f"/testing/v1/plans/{plans[2]}/decisions", verdict, if_match='"v2"')).status == 200
    assert body(await neighbour("GET", path))["towns"][TOWN] == said(1, 3)
    then = closed.isoformat().replace("+00:00", "Z")
    assert body(await neighbour("GET", f"{path}&as_of={then}"))["towns"][TOWN] == said(1, 4), "as it was known then"
    assert body(await neighbour("GET", f"{path}&as_of=2021-07-16"))["towns"][TOWN] == said(1, 4)
    public = "/testing/v1/figures?from=2021-07-01&to=2021-07-15"
    shown = body(await street.person(Role.COUNTY_OFFICER)("GET", public))
    assert (shown["done"], shown["due"], len(shown["towns"])) == (1, 4, 2)
    theirs = body(await street.person(Role.LEADER)("GET", public))
    assert [(town["done"], town["due"]) for town in theirs["towns"]] == [(None, None)] * 2, (
        "a leader sees no count that could name somebody"
    )
    assert (theirs["done"], theirs["due"]) == (None, None)
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


def test_small_counts_are_withheld_and_cannot_be_subtracted() -> None:
    towns = [TownCount("a", 20, 30, 0), TownCount("b", 8, 9, 3), TownCount("c", 7, 7, 9), TownCount("d", 0, 0, 12)]
    shown = withheld(towns)
    assert [(town.done, town.due, town.unplanned) for town in shown] == [(20, 30, 0), (None, None, None), (None, None, None), (0, 0, 12)]
    assert (total(towns, shown, "done"), total(towns, shown, "due"), total(towns, shown, "unplanned")) == (35, 46, 24)
    alone = [TownCount("a", 1, 9, 2)]
    assert [total(alone, withheld(alone), name) for name in ("done", "due", "unplanned")] == [None, None, None]


async def test_a_window_that_closes_on_the_last_day_is_owed_in_its_period_and_in_no_other(street: Street) -> None:
    person = new_id()
    await street.say((registered(), person), (measure(), person))
    await street.hear()
    window_to = (await due_of(street, street.person(Role.POLICE_OFFICER)))[0]["window_to"]
    a_day_later(street, 40)
    await street.run(jobs.mark_missed)
    neighbour = street.neighbour("alerts", "testing")
    path = f"/internal/figures?from={window_to[:8]}01&to={window_to}"
    assert body(await neighbour("GET", f"{path}&as_of={window_to}"))["towns"][TOWN]["test"] == [0, 1]
    assert body(await neighbour("GET", path))["towns"][TOWN]["test"] == [0, 1]
