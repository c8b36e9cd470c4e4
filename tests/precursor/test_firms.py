"""Firms, venues and the catalogue: taken over from ledgers, kept by the county office, read by role and town."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from kit.call import Reply
from kit.roles import Role
from kit.work import system_work
from services.precursor.firms.service import warn_of_licences
from services.precursor.grants import READ
from tests.houses import TestHouse
from tests.precursor import county
from tests.precursor.county import parsed

TOWN = "610822100000"
USCC = "91990822DEM000014A"


def a_firm(**more: Any) -> dict[str, Any]:
    """A firm to register."""
    return {"kind": "chemical", "uscc": USCC, "name": "府谷县演示化工有限公司", "division_code": TOWN, "chemicals": ["硫酸"], **more}


async def test_the_same_ledger_again_changes_nothing_and_a_newer_one_tells_its_differences(house: TestHouse) -> None:
    await county.load_catalogue(house)
    first = await county.take_over(house, "chemical")
    again = await county.take_over(house, "chemical")
    assert (len(first.created), len(again.created), len(again.changed), len(again.unchanged)) == (81, 0, 0, 81)
    assert [(problem.row, problem.field, problem.code) for problem in again.problems] == [
        (position, "uscc", "uscc_invalid") for position, row in enumerate(county.rows_of("chemical")) if row["uscc"] is None
    ]
    row = {
        **county.rows_of("chemical")[0],
        "inspected_on": "2021-06-30",
        "inspection_result": "rectify",
        "legal_person": "赵新",
        "chemicals": ["氯仿", "未知物"],
    }
    newer = await county.take_over(house, "chemical", [row, row, {**row, "uscc": USCC[:-1] + "B"}])
    assert newer.differences[USCC]["last_result"] == ["pass", "rectify"]
    assert newer.differences[USCC]["legal_person"] == ["李**", "赵*"]
    assert newer.differences[USCC]["chemicals"] == [["三氯甲烷", "甲苯"], ["三氯甲烷", "未知物"]]
    assert {(problem.row, problem.code) for problem in newer.problems} == {
        (0, "chemical_unknown"),
        (1, "duplicate_in_file"),
        (2, "uscc_invalid"),
    }
    older = await county.take_over(house, "chemical", [{**row, "inspected_on": "2019-01-01", "inspection_result": "pass"}])
    assert older.changed == []
    reader = house.caller("precursor", Role.INSPECTOR)
    firm = parsed(await reader("GET", f"/precursor/v1/firms?q={USCC}"))["items"][0]
    assert (firm["last_inspected_on"], firm["last_result"], firm["categories"], firm["activities"]) == (
        "2021-06-30",
        "rectify",
        [2, 3],
        ["use"],
    )


async def test_people_of_firms_are_sealed_and_opened_only_for_a_purpose(house: TestHouse) -> None:
    await county.load_catalogue(house)
    await county.take_over(house, "chemical")
    reader = house.caller("precursor", Role.INSPECTOR)
    firm = parsed(await reader("GET", f"/precursor/v1/firms?q={USCC}"))["items"][0]
    assert (firm["legal_person"], firm["phone"]) == ("李**", "091******01")
    path = f"/precursor/v1/firms/{firm['id']}/contacts"
    opened = parsed(await reader("GET", path, purpose="inspection"))
    assert opened == {"legal_person": "李根小", "phone": "09120000001"}
    assert (await reader("GET", path, purpose="curiosity")).status == 422
    assert (await house.caller("precursor", Role.TOWN_OFFICER)("GET", path)).status == 403
    with psycopg.connect(house.owner) as connection:
        rows = connection.execute(
            "select string_agg(f::text, '') || string_agg(c::text, '') from precursor.firm f, precursor.firm_change c"
        ).fetchone()
        noted = connection.execute(
            "select count(*) from precursor.audit where action = 'firm.open_contacts' and purpose = 'inspection'"
        ).fetchone()
    assert rows is not None
    assert "李根小" not in rows[0]
    assert "09120000001" not in rows[0]
    assert noted == (1,)


async def test_a_firm_is_registered_and_amended_by_version(house: TestHouse) -> None:
    await county.load_catalogue(house)
    officer = county.county_officer(house)
    made = await officer("POST", "/precursor/v1/firms", a_firm(chemicals=["氯仿", "硫酸"], uscc=USCC.lower()))
    firm = parsed(made, 201)
    assert (firm["uscc"], firm["chemicals"], firm["categories"], made.headers["etag"]) == (USCC, ["三氯甲烷", "硫酸"], [2, 3], '"v1"')
    path = f"/precursor/v1/firms/{firm['id']}"
    change = {"risk_class": "C", "phone": "09120000099", "reason": "信用评级更新"}
    assert (await officer("PATCH", path, change)).status == 428
    assert (await officer("PATCH", path, change, if_match='"v9"')).status == 412
    changed = await officer("PATCH", path, change, if_match='"v1"')
    assert (parsed(changed)["risk_class"], changed.headers["etag"]) == ("C", '"v2"')
    history = parsed(await officer("GET", f"{path}/history"))["items"]
    assert history[0]["after"] == {"phone": "091******99", "risk_class": "C"}
    assert (await officer("POST", "/precursor/v1/firms", a_firm())).status == 409
    cleared = parsed(await officer("PATCH", path, {"name": None, "reason": "x"}, if_match='"v2"'), 422)
    assert cleared["errors"][0]["pointer"] == "/name"


@pytest.mark.parametrize(
    ("wrong", "pointer", "code"),
    [
        ({"uscc": "91990822DEM000014B"}, "/uscc", "uscc_invalid"),
        ({"uscc": "91990822"}, "/uscc", "string_too_short"),
        ({"colour": "red"}, "/colour", "extra_forbidden"),
        ({"chemicals": ["硫酸", "水"]}, "/chemicals/1", "chemical_unknown"),
        ({"division_code": "610821100000"}, "/division_code", "town_unknown"),
        ({"phone": "12"}, "/phone", "string_pattern_mismatch"),
        ({"licence_valid_to": "2021-02-30"}, "/licence_valid_to", "date_from_datetime_parsing"),
        ({"risk_class": "E"}, "/risk_class", "literal_error"),
    ],
)
async def test_bad_input_names_the_field(house: TestHouse, wrong: dict[str, Any], pointer: str, code: str) -> None:
    await county.load_catalogue(house)
    officer = house.caller("precursor", Role.COUNTY_OFFICER, scope=("6108",))
    problem = parsed(await officer("POST", "/precursor/v1/firms", a_firm(**wrong)), 422)
    assert (problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == (pointer, code)


async def test_another_town_and_another_role_get_nothing(house: TestHouse) -> None:
    await county.load_catalogue(house)
    await county.take_over(house, "chemical")
    await county.take_over_places(house)
    officer = county.county_officer(house)
    town = house.caller("precursor", Role.TOWN_OFFICER, scope=("610822108",))
    mine = parsed(await town("GET", "/precursor/v1/firms?limit=200"))["items"]
    assert mine
    assert {firm["division_code"] for firm in mine} == {"610822108000"}
    assert parsed(await town("GET", f"/precursor/v1/firms?division_code={TOWN}"), 403)["type"] == "/problems/outside-scope"
    foreign = parsed(await officer("GET", f"/precursor/v1/firms?division_code={TOWN}"))["items"][0]
    assert (await town("GET", f"/precursor/v1/firms/{foreign['id']}")).status == 403
    assert (await town("GET", f"/precursor/v1/firms/{foreign['id']}/history")).status == 403
    venue = parsed(await officer("GET", f"/precursor/v1/venues?division_code={TOWN}"))["items"][0]
    assert (await town("GET", f"/precursor/v1/venues/{venue['id']}")).status == 403
    assert (await officer("GET", "/precursor/v1/firms/018f0000-0000-7000-8000-000000000001")).status == 404
    assert (await town("PATCH", f"/precursor/v1/firms/{mine[0]['id']}", {"reason": "x"}, if_match='"v1"')).status == 403
    assert (await town("POST", "/precursor/v1/firms", a_firm())).status == 403
    for role in (Role.SOCIAL_WORKER, Role.GRID_WORKER, Role.SUBJECT, Role.LAB_TECHNICIAN, Role.LEADER, Role.PARTNER, Role.ADMINISTRATOR):
        assert (await house.caller("precursor", role)("GET", "/precursor/v1/firms")).status == 403
    leader = house.caller("precursor", Role.LEADER)
    assert parsed(await leader("GET", "/precursor/v1/firms/counts"))["by_kind"] == {"chemical": 81}
    assert (await officer("GET", "/precursor/v1/firms?colour=red")).status == 422
    for query in ("q=%00", "chemical=%00", "division_code=%00"):
        assert (await officer("GET", f"/precursor/v1/firms?{query}")).status in (400, 422)


async def test_pages_show_every_firm_once(house: TestHouse) -> None:
    await county.load_catalogue(house)
    await county.take_over(house, "chemical")
    officer = county.county_officer(house)
    seen, cursor = [], ""
    while True:
        page = parsed(await officer("GET", f"/precursor/v1/firms?category=2&limit=20{cursor}"))
        seen += [firm["uscc"] for firm in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) == sum(2 in row["categories"] for row in county.rows_of("chemical") if row["uscc"])
    wrong_filter = await officer("GET", f"/precursor/v1/firms?category=3&limit=20{cursor}")
    assert wrong_filter.status == 422


async def test_venues_are_taken_over_and_counted(house: TestHouse) -> None:
    first, again = await county.take_over_places(house), await county.take_over_places(house)
    assert (first.created, again.created, again.changed, again.unchanged) == (1261, 0, 0, 1261)
    leader = house.caller("precursor", Role.LEADER)
    counts = parsed(await leader("GET", "/precursor/v1/venues/counts"))
    assert counts["by_category"] == {"venue": 1046, "key_unit": 215}
    assert (await leader("GET", "/precursor/v1/venues")).status == 403
    bars = parsed(await county.county_officer(house)("GET", f"/precursor/v1/venues?venue_type={quote('酒吧')}&limit=200"))["items"]
    assert len(bars) == counts["by_type"]["酒吧"] == 169


async def load(house: TestHouse, content: bytes, kind: str = "text/csv", role: Role = Role.COUNTY_OFFICER) -> Reply:
    """Post a catalogue."""
    caller = house.caller("precursor", role)
    headers = {"authorization": f"Bearer {caller.token()}", "content-type": kind}
    return await caller.neighbour.request("POST", "/precursor/v1/catalogue/load", headers=headers, body=content, timeout=30)


async def test_the_catalogue_is_dated_and_found_by_any_name(house: TestHouse) -> None:
    await county.load_catalogue(house)
    again = await county.load_catalogue(house)
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 47)
    reader = house.caller("precursor", Role.AGENCY, grants=(READ,))

    async def found(query: str) -> list[str]:
        return [entry["name_zh"] for entry in parsed(await reader("GET", f"/precursor/v1/catalogue?{quote(query, safe='=&%-')}"))["items"]]

    assert await found("q=硫酸") == ["硫酸"]
    assert await found("q=TOLUENE") == ["甲苯"]
    assert await found("q=108-24-7") == ["醋酸酐"]
    assert await found("q=08-24") == []
    assert await found("q=丁酮") == ["甲基乙基酮"]
    assert await found("q=%25") == []
    assert await found("q=%22") == []
    assert (await reader("GET", "/precursor/v1/catalogue?q=%00")).status == 422
    assert len(await found("on=2006-01-01")) == 23
    assert len(await found("on=2021-07-01")) == 32
    assert len(await found("on=2026-01-01&category=1")) == 19
    fentanyl = parsed(await reader("GET", f"/precursor/v1/catalogue?q={quote('羟亚胺')}"))["items"][0]
    assert (fentanyl["pending_verification"], fentanyl["valid_from"]) == (True, "2008-08-01")
    assert (await load(house, b"x", role=Role.INSPECTOR)).status == 403


async def test_a_bad_catalogue_loads_nothing_and_names_line_and_column(house: TestHouse) -> None:
    good = county.CATALOGUE.read_text(encoding="utf-8")
    bad = parsed(await load(house, good.replace("103-79-7", "103-79-8").replace("2008-08-01", "2008-13-01").encode()), 422)
    assert [(error["pointer"]) for error in bad["errors"]] == ["/2/cas", "/14/valid_from"]
    assert (await load(house, good.replace("category", "colour").encode())).status == 422
    assert (await load(house, b"\xff\xfe")).status == 422
    assert (await load(house, good.encode() + b"\x00")).status == 400
    assert (await load(house, b"seq")).status == 422
    assert (await load(house, b"x" * 1_000_001)).status == 413
    assert (await load(house, good.encode(), "application/octet-stream")).status == 400
    assert parsed(await county.county_officer(house)("GET", "/precursor/v1/catalogue"))["items"] == []


async def test_a_licence_that_ends_is_told_once(house: TestHouse) -> None:
    await county.load_catalogue(house)
    officer = county.county_officer(house)
    firm = parsed(await officer("POST", "/precursor/v1/firms", a_firm(licence_no="备2021-001", licence_valid_to="2021-07-20")), 201)
    assert firm["licence_expires_soon"] is True
    inner = house.house.apps["precursor"].state.house

    async def told() -> list[str]:
        async with inner.database.session() as session:
            await warn_of_licences(system_work(inner, session, "test", "precursor/job"))
            await session.commit()
        feed = parsed(await house.neighbour("alerts", "precursor")("GET", "/internal/events"))["events"]
        return [event["data"]["valid_to"] for event in feed if event["type"] == "licence.expiring"]

    assert await told() == ["2021-07-20"]
    assert await told() == ["2021-07-20"]
    renewed = {"licence_valid_to": "2021-07-25", "reason": "换证"}
    parsed(await officer("PATCH", f"/precursor/v1/firms/{firm['id']}", renewed, if_match='"v1"'))
    assert await told() == ["2021-07-20", "2021-07-25"]


async def test_an_agencys_system_reads_only_what_it_was_granted(house: TestHouse) -> None:
    """An institution that announces releases has no business in the firms' files."""
    institution = house.caller("precursor", Role.AGENCY, grants=("handover:announce",))
    for path in ("/precursor/v1/firms", "/precursor/v1/inspections", "/precursor/v1/draws", "/precursor/v1/venues"):
        assert (await institution("GET", path)).status == 403
    authority = house.caller("precursor", Role.AGENCY, grants=(READ,))
    assert (await authority("GET", "/precursor/v1/firms")).status == 200
