"""The practice county's figures come out of its ledgers, through the API alone."""

from __future__ import annotations

import json

import psycopg

from tests.registry.ledgers.county import AFTER, BEFORE, figures, take_in, wanted
from tests.registry.ledgers.desk import LEDGERS, Desk


async def test_the_county_figures_come_out_of_thirteen_ledgers(desk: Desk) -> None:
    expected = json.loads((LEDGERS / "_county.expected.json").read_text(encoding="utf-8"))
    for number in range(1, 11):
        done = await take_in(desk, number)
        assert done["state"] == "committed", done
        assert not done["dispositions"].get("hold"), done
    assert figures(desk, BEFORE)["county"][:2] == (2168, 1066)
    handed = await take_in(desk, 11)
    assert handed["taken"]["transfers_out"] == 165
    assert figures(desk, AFTER)["county"][:2] == (2003, 928)
    clean = await take_in(desk, 12)
    assert clean["taken"]["standings"] == 76
    assert figures(desk, AFTER)["county"] == (2003, 852, 1110)
    visits = await take_in(desk, 13)
    assert visits["taken"]["assessments"] == 893
    before, after = figures(desk, BEFORE, by_town=True), figures(desk, AFTER, by_town=True)
    for town in expected["by_town"]:
        code = town["town_code"]
        assert (before[code][0], *after[code]) == wanted(town), code
    with psycopg.connect(desk.house.owner) as connection:
        assert connection.execute("select count(distinct person_id) from registry.visit").fetchone() == (1363,)
        assert connection.execute("select count(distinct person_id) from registry.visit where met and tested").fetchone() == (1308,)


async def test_without_corrections_only_accepted_rows_enter(desk: Desk) -> None:
    for number in range(1, 11):
        await take_in(desk, number, by_hand=False)
    assert figures(desk, BEFORE)["county"][0] == 2055  # without the day of a beginning nobody is entered
    with psycopg.connect(desk.house.owner) as connection:
        assert connection.execute("select count(*) from registry.ledger_row where disposition = 'hold'").fetchone() == (117,)
        assert connection.execute("select count(*) from registry.ledger_conflict where choice is not null").fetchone() == (0,)
