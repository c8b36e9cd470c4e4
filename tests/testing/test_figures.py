"""Test completion by town: what counts, what does not, and the same figure again for an old cut-off."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.db import new_id
from kit.roles import Role
from services.testing import jobs
from services.testing.figures.rules import TownCount, total, withheld
from services.testing.periods.rules import is_small, settled_period
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
    early = body(await street.person(Role.LEADER)("GET", public))
    assert (early["towns"], early["due"]) == ([], None), "a half month is shown when it is settled, and then for ever the same"
    a_day_later(street, 3)
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
    assert (total(towns, shown, "done"), total(towns, shown, "due"), total(towns, shown, "unplanned")) == (None, None, 24), (
        "b and c together missed one"
    )
    alone = [TownCount("a", 1, 9, 2)]
    assert [total(alone, withheld(alone), name) for name in ("done", "due", "unplanned")] == [None, None, None]


counts = st.builds(lambda made, more: (made, made + more), st.integers(0, 30), st.integers(0, 30))


@given(st.lists(st.lists(counts, min_size=3, max_size=3), min_size=1, max_size=4))
def test_no_two_periods_differ_by_a_count_that_names_somebody(towns: list[list[tuple[int, int]]]) -> None:
    """Each run of half months that a leader may ask for, and each difference of two runs that begin or end together."""

    def rows(first: int, last: int) -> list[TownCount]:
        halves = [(f"t{n}", str(half), *town[half]) for n, town in enumerate(towns) for half in range(first, last + 1)]
        return [TownCount(code, done, due, 0, half) for code, half, done, due in halves]

    for longer, shorter in (((0, 2), (0, 1)), ((0, 2), (1, 2)), ((0, 1), (0, 0)), ((1, 2), (2, 2))):
        more, less = withheld(rows(*longer)), withheld(rows(*shorter))
        for one, other in zip(more, less, strict=True):
            if one.due is not None and other.due is not None and one.done is not None and other.done is not None:
                due, done = one.due - other.due, one.done - other.done
                assert not any(is_small(count) for count in (due, done, due - done))


@pytest.mark.parametrize(
    ("first", "last", "today", "found"),
    [
        (date(2021, 7, 1), date(2021, 7, 15), date(2021, 7, 18), None),
        (date(2021, 7, 1), date(2021, 7, 15), date(2021, 7, 19), (date(2021, 7, 1), date(2021, 7, 15))),
        (date(2021, 7, 2), date(2021, 7, 31), date(2021, 9, 1), (date(2021, 7, 16), date(2021, 7, 31))),
        (date(2021, 7, 1), date(2021, 7, 16), date(2021, 9, 1), (date(2021, 7, 1), date(2021, 7, 15))),
        (date(2020, 2, 16), date(2020, 2, 29), date(2021, 9, 1), (date(2020, 2, 16), date(2020, 2, 29))),
        (date(2021, 7, 3), date(2021, 7, 9), date(2021, 9, 1), None),
    ],
)
def test_a_reader_without_persons_is_shown_whole_half_months(first: date, last: date, today: date, found: tuple[date, date] | None) -> None:
    assert settled_period(first, last, today) == found  # domain 4.3


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
