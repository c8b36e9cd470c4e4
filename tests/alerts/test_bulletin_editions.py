"""What was published is what is served: from the stored bytes, to each reader as much as is theirs."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import psycopg
import pytest

from kit.roles import Role
from services.alerts.bulletins import editions
from services.alerts.bulletins.computed import bulletin_of
from services.alerts.bulletins.disclosure import edition_for
from services.alerts.bulletins.figures import Audience
from services.alerts.bulletins.formulas import DEFAULT_RULES, load_formulas
from services.alerts.bulletins.rules import rules_in_force
from tests.alerts.test_bulletins import JULY, add_county, collected, handled_alerts, published
from tests.houses import Template, TestHouse, open_house

TOWN, OTHER = "610822100000", "610822105000"


@pytest.fixture
async def county(template: Template) -> AsyncIterator[TestHouse]:
    """The whole house on 2 July 2021."""
    async with open_house(template, start=JULY) as house:
        add_county(house)
        yield house


async def test_a_published_bulletin_is_served_as_it_was_whatever_todays_code_would_make_of_it(
    county: TestHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await handled_alerts(county, TOWN, 9, 10)
    issue = await published(county, await collected(county))
    officer, path = county.caller("alerts", Role.COUNTY_OFFICER), f"/alerts/v1/bulletins/{issue['id']}"
    before = [(await officer("GET", path + part)).body for part in ("", "?audience=units", "/pdf", "/xlsx", "/pdf?audience=units")]

    def another_template(*_: Any) -> bytes:
        raise AssertionError("nothing is made again")

    monkeypatch.setattr(editions, "render_pdf", another_template)
    monkeypatch.setattr(editions, "render_xlsx", another_template)
    monkeypatch.setattr(editions, "bulletin_of", another_template)
    after = [(await officer("GET", path + part)).body for part in ("", "?audience=units", "/pdf", "/xlsx", "/pdf?audience=units")]
    assert after == before
    with psycopg.connect(county.owner) as connection:
        rows = connection.execute(
            "select audience, canonical, digest, pdf, pdf_digest, xlsx, xlsx_digest from alerts.bulletin_edition"
        ).fetchall()
        assert sorted(row[0] for row in rows) == ["county_office", "units"]
        for row in rows:
            for content, digest in ((row[1], row[2]), (row[3], row[4]), (row[5], row[6])):
                assert digest == "sha256:" + hashlib.sha256(content).hexdigest()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("set role alerts_app")
            connection.execute("update alerts.bulletin_edition set pdf = ''")


async def test_a_stored_edition_that_was_changed_is_given_to_nobody(county: TestHouse) -> None:
    issue = await published(county, await collected(county))
    with psycopg.connect(county.owner) as connection:
        connection.execute("update alerts.bulletin_edition set canonical = canonical || ' ', pdf = pdf || 'x'")
    officer, path = county.caller("alerts", Role.COUNTY_OFFICER), f"/alerts/v1/bulletins/{issue['id']}"
    for part in ("", "/pdf"):
        answer = await officer("GET", path + part)
        assert (answer.status, answer.json()["type"]) == (500, "/problems/bulletin-damaged")


async def test_a_bulletin_of_the_first_release_is_made_once_and_must_equal_what_was_stored(county: TestHouse) -> None:
    await handled_alerts(county, TOWN, 7, 10)
    issue = await published(county, await collected(county))
    officer, path = county.caller("alerts", Role.COUNTY_OFFICER), f"/alerts/v1/bulletins/{issue['id']}"
    first = (await officer("GET", path)).json()
    with psycopg.connect(county.owner) as connection:
        connection.execute("truncate alerts.bulletin_edition, alerts.bulletin_items")
        connection.execute("update alerts.bulletin_issue set inputs = inputs - 'schema_version'")
    assert (await officer("GET", path)).json() == first
    with psycopg.connect(county.owner) as connection:
        assert connection.execute("select count(*) from alerts.bulletin_edition").fetchone() == (2,)
        connection.execute("truncate alerts.bulletin_edition")
        connection.execute("update alerts.bulletin_issue set canonical = canonical || ' '")
    assert (await officer("GET", path)).status == 500


async def test_a_town_sees_its_own_line_whole_and_no_other(county: TestHouse) -> None:
    await handled_alerts(county, TOWN, 2, 9)
    await handled_alerts(county, OTHER, 7, 8)
    await handled_alerts(county, "610822106000", 3, 9)
    issue = await published(county, await collected(county))
    path = f"/alerts/v1/bulletins/{issue['id']}"

    async def lines(role: Role, *scope: str) -> dict[str, Any]:
        answer = (await county.caller("alerts", role, **({"scope": scope} if scope else {}))("GET", path)).json()
        county_cell = answer["bulletin"]["county"]["cells"][4]
        return {"county": county_cell, **{line["division_code"]: line for line in answer["bulletin"]["towns"]}}

    mine, led, whole = await lines(Role.TOWN_OFFICER, TOWN[:9]), await lines(Role.LEADER), await lines(Role.COUNTY_OFFICER)
    assert mine[TOWN] == whole[TOWN]
    assert (mine[TOWN]["colour"], mine[TOWN]["causes"], mine[TOWN]["cells"][4]["done"]) == ("red", ["score"], 2)
    assert mine[OTHER] == led[OTHER] != whole[OTHER]
    assert (led[TOWN]["cells"][4]["done"], led[OTHER]["cells"][4]["done"]) == (None, None)


async def test_the_items_behind_each_cell_are_those_that_were_counted(county: TestHouse) -> None:
    await handled_alerts(county, TOWN, 4, 6)
    await handled_alerts(county, OTHER, 1, 2)
    issue = await published(county, await collected(county))
    path = f"/alerts/v1/bulletins/{issue['id']}/items"
    town = county.caller("alerts", Role.TOWN_OFFICER, scope=(TOWN[:9],))
    rows = (await town("GET", path)).json()["items"]
    assert {row["division_code"] for row in rows} == {TOWN}
    (cell,) = [row for row in rows if row["indicator"] == "alert_handling"]
    assert (len(cell["done"]), len(cell["open"])) == (4, 2)
    alerts = {item["id"]: item["finding"] for item in (await town("GET", "/alerts/v1/alerts")).json()["items"]}
    assert {alerts[item] for item in cell["done"]} == {"confirmed"}
    assert {alerts[item] for item in cell["open"]} == {None}
    assert (await county.caller("alerts", Role.LEADER)("GET", path)).status == 403
    officer = county.caller("alerts", Role.COUNTY_OFFICER)
    assert {row["division_code"] for row in (await officer("GET", path + "?indicator=alert_handling")).json()["items"]} == {TOWN, OTHER}


async def test_two_issues_taken_from_each_other_tell_a_leader_nothing_small(county: TestHouse) -> None:
    await handled_alerts(county, OTHER, 20, 30)
    first = await published(county, await collected(county))
    with psycopg.connect(county.owner) as connection:  # two that were closed in time and entered late
        connection.execute(
            """update alerts.alert set closed_at = due_at - interval '1 hour', finding = 'confirmed', state = 'closed'
                where id in (select id from alerts.alert where closed_at is null order by id limit 2)"""
        )
    second = await published(county, await collected(county, day="2021-06-20"))
    leader = county.caller("alerts", Role.LEADER)

    async def cells(issue: dict[str, Any]) -> list[dict[str, Any]]:
        told = (await leader("GET", f"/alerts/v1/bulletins/{issue['id']}")).json()["bulletin"]
        line = next(line for line in told["towns"] if line["division_code"] == OTHER)
        return [line["cells"][4], told["county"]["cells"][4]]

    assert (await cells(first))[0]["done"] == 20
    for cell in await cells(second):
        assert (cell["done"], cell["due"], cell["rate"], cell["withheld"]) == (None, None, None, "all")


async def test_only_the_half_month_shows_counts_to_those_who_see_no_persons(county: TestHouse) -> None:
    await handled_alerts(county, OTHER, 20, 30)
    issue = await published(county, await collected(county, rhythm="month", day="2021-06-20"))
    told = (await county.caller("alerts", Role.LEADER)("GET", f"/alerts/v1/bulletins/{issue['id']}")).json()["bulletin"]
    assert {cell["done"] for line in [told["county"], *told["towns"]] for cell in line["cells"] if cell["due"] != 0} == {None}
    assert told["towns"][1]["cells"][4]["rate"] == "0.67"


async def test_inputs_of_a_newer_release_are_not_guessed_at(county: TestHouse) -> None:
    await collected(county)
    with psycopg.connect(county.owner) as connection:
        row = connection.execute("select inputs from alerts.bulletin").fetchone()
    assert row is not None
    assert row[0]["schema_version"] == 2
    edition_for(bulletin_of(row[0]), Audience.UNITS)
    with pytest.raises(ValueError, match="newer release"):
        bulletin_of({**row[0], "schema_version": 3})


def test_formulas_are_dated_data_with_a_source(tmp_path: Any) -> None:
    own = tmp_path / "formulas.toml"
    own.write_text(
        """[[formula]]
version = "2022-1"
valid_from = 2022-01-01
source = "府禁毒办〔2021〕9号"
is_default = false
green_from = "90"
yellow_from = "80"
orange_from = "60"
orange_hard_fails = 1
red_hard_fails = 3
small_cell = 5
[formula.weights]
report_in = "0.25"
execution = "0.25"
test_completion = "0.25"
visit_completion = "0.25"
alert_handling = "0"
handover_acknowledgement = "0"
lawful_closure = "0"
""",
        encoding="utf-8",
    )
    formulas = load_formulas(own)
    assert rules_in_force(formulas, date(2021, 12, 16)).version == "2021-1"
    assert rules_in_force(formulas, date(2022, 1, 1)).source == "府禁毒办〔2021〕9号"
    with pytest.raises(LookupError):
        rules_in_force([replace(DEFAULT_RULES, valid_to=date(2021, 7, 1))], date(2021, 7, 1))
    with pytest.raises(ValueError, match="twice"):
        load_formulas(own, own)
