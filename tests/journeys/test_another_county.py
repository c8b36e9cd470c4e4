"""Any county can be served: everything that knows its own county takes it from the start, and nothing names the demo's."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from deploy import administrator, database
from deploy.compose import HouseSettings, build
from deploy.folder import DataFolder
from deploy.keys import Keys
from deploy.loading import kind_of, rows_of
from deploy.nameplate import Wanted
from deploy.problems import BadOption, CountyUnknown
from kit.call import Reply
from kit.clock import SteppedClock
from kit.roles import Role
from tests.houses import Caller, Template, TestHouse, own_logins
from tests.precursor import county as precursor
from tests.registry.people_data import ordered, registered, step

PROJECT = Path(__file__).parents[2]
COUNTY, NAME = "330203", "演示湖县"
TOWN, OTHER_TOWN, FOREIGN = f"{COUNTY}100000", f"{COUNTY}101000", "610822100000"
DIVISIONS = f"""code,name,level,parent_code,statutory,lon,lat,aliases,note
{COUNTY}000000,{NAME},county,330200000000,Y,121.5,29.9,湖县,
{TOWN},湖东镇,town,{COUNTY}000000,Y,121.52,29.91,湖东|城区,
{OTHER_TOWN},湖西镇,town,{COUNTY}000000,Y,121.40,29.88,,
"""
STAFF = f"code,name,post,division_code,station_code\nT001,演示甲,town_officer,{TOWN},ST01\nS001,演示乙,social_worker,{TOWN},\n"
STATIONS = f'[{{"code": "ST01", "name": "湖东镇工作站", "division_code": "{TOWN}"}}]'


@pytest.fixture
async def house(template: Template, tmp_path: Path) -> AsyncIterator[TestHouse]:
    """A house that was started for this county, on the server where the demo's house lives."""
    name = f"another_{uuid4().hex[:8]}"
    with psycopg.connect(template.owner, autocommit=True) as connection:
        database.create_database(connection, name)
    owner = make_conninfo(template.owner, dbname=name)
    database.prepare(owner, own_logins(tmp_path), lambda *_: None, wanted=Wanted(COUNTY, True))
    clock = SteppedClock(datetime(2021, 7, 1, tzinfo=UTC))
    composed = build(HouseSettings(tmp_path, owner, demo=True, background=False), clock=clock)
    await composed.start()
    try:
        yield TestHouse(composed, Keys(DataFolder(tmp_path)), clock, owner)
    finally:
        await composed.stop()


def officer_of(house: TestHouse, service: str) -> Caller:
    """The county officer."""
    return house.caller(service, Role.COUNTY_OFFICER, scope=(COUNTY,))


def told(reply: Reply, status: int = 200) -> Any:
    """The JSON of an answer with this status."""
    assert reply.status == status, reply.body
    return json.loads(reply.body)


async def load_county(house: TestHouse, folder: Path) -> None:
    """Divisions, stations and staff as `./dev load` reads and sends them."""
    for file, text in (("divisions.csv", DIVISIONS), ("stations.json", STATIONS), ("staff.csv", STAFF)):
        path = folder / file
        path.write_text(text, encoding="utf-8")
        officer = officer_of(house, "registry")
        loaded = told(await officer("POST", f"/registry/v1/{kind_of(path)}/load", rows_of(path)))
        again = told(await officer("POST", f"/registry/v1/{kind_of(path)}/load", rows_of(path)))
        assert loaded["created"] == again["unchanged"] > 0


async def test_another_county_is_served_whole(house: TestHouse, tmp_path: Path) -> None:
    await load_county(house, tmp_path)
    registry, testing = officer_of(house, "registry"), officer_of(house, "testing")

    person = await registered(registry, 1, division_code=TOWN)
    measure = await ordered(registry, person["id"], division_code=TOWN)
    await step(registry, await step(registry, measure, "serve", "2021-05-07"), "report_in", "2021-05-10")
    await house.step()
    due = told(await testing("GET", "/testing/v1/plans/due?from=2021-07-01&to=2021-12-31"))["items"]
    assert {item["division_code"] for item in due} == {TOWN}, "the test schemes hold here too"

    figures = {line["division_code"]: line["figures"] for line in told(await registry("GET", "/registry/v1/indicators"))["lines"]}
    assert figures.keys() == {f"{COUNTY}000000", TOWN, OTHER_TOWN}
    assert figures[f"{COUNTY}000000"]["managed_total"]["numerator"] == 1

    out = {"person_id": person["id"], "receiving_area": COUNTY, "document_no": "湖禁移〔2021〕1号", "transferred_on": "2021-06-30"}
    refused = told(await registry("POST", "/registry/v1/co-management/transfers-out", out), 422)
    assert [error["code"] for error in refused["errors"]] == ["own_county"]

    precursors = officer_of(house, "precursor")
    headers = {"authorization": f"Bearer {precursors.token()}", "content-type": "text/csv"}
    loaded = await precursors.neighbour.request(
        "POST", "/precursor/v1/catalogue/load", headers=headers, body=precursor.CATALOGUE.read_bytes(), timeout=30
    )
    assert loaded.status == 200, loaded.body
    firm = {"kind": "chemical", "uscc": "91990822DEM000014A", "name": "演示化工有限公司", "division_code": TOWN, "chemicals": ["硫酸"]}
    made = await precursors("POST", "/precursor/v1/firms", firm)
    assert told(made, 201)["division_code"] == TOWN
    foreign = await precursors("POST", "/precursor/v1/firms", firm | {"division_code": FOREIGN})
    assert foreign.status in (403, 404, 409, 422), "the demo's county is a foreign one here"
    for number in (1, 2):
        told(await precursors("POST", "/precursor/v1/inspectors", precursor.an_officer(number)), 201)
    draw = await precursors("POST", "/precursor/v1/draws", precursor.a_draw())
    planned = told(draw, 201)
    committed = await precursors("POST", f"/precursor/v1/draws/{planned['id']}/commit", if_match=draw.headers["etag"])
    assert told(committed)["state"] == "committed"

    alerts = officer_of(house, "alerts")
    bulletin = told(await alerts("POST", "/alerts/v1/bulletins", {"rhythm": "half_month", "day": "2021-06-20"}), 201)["bulletin"]
    shown = json.dumps(bulletin, ensure_ascii=False)
    assert NAME in shown
    assert f"{NAME}禁毒委员会办公室(演示)" in shown
    assert "府谷" not in shown


async def test_the_first_administrator_serves_the_county_that_was_started(house: TestHouse) -> None:
    folder = Path(house.house.apps["registry"].state.house.files).parents[1]
    await administrator.open_by_operator(
        HouseSettings(folder, house.owner, background=False), "first.admin", "behind seven locks, 7", "演示甲"
    )
    with psycopg.connect(house.owner) as connection:
        assert connection.execute("select scope from gateway.account").fetchall() == [([COUNTY],)]


async def test_nothing_opens_without_a_county(tmp_path: Path) -> None:
    house = build(HouseSettings(tmp_path, "host=127.0.0.1 port=1 dbname=none", background=False))
    with pytest.raises(CountyUnknown):
        await house.start()


def test_what_is_no_list_of_a_county_is_refused(tmp_path: Path) -> None:
    for name, text in (("people.csv", "a\n1\n"), ("staff.xlsx", ""), ("staff.json", "{}"), ("divisions.json", "[1]")):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        with pytest.raises(BadOption):
            kind_of(path)
            rows_of(path)


def naming_the_demo(root: Path, files: list[str]) -> list[str]:
    """Files of the product that name the demo's county, by number or by name."""
    own = re.compile(r"610822|府谷|[Ff]ugu")
    free = ("deploy/demo/", "docs/", "tests/", "README.md")
    return [
        file
        for file in files
        if not file.startswith(free) and (root / file).is_file() and own.search((root / file).read_text(encoding="utf-8", errors="replace"))
    ]


def test_nothing_names_the_demos_county_outside_the_demo(tmp_path: Path) -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=False).stdout.split("\n")
    files = [file for file in tracked if file] or [
        path.relative_to(PROJECT).as_posix()
        for folder in ("kit", "services", "gateway", "deploy")
        for path in (PROJECT / folder).rglob("*.*")
    ]
    assert len(files) > 300
    assert naming_the_demo(PROJECT, files) == []
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit" / "planted.py").write_text('COUNTY = "610822"\n')
    assert naming_the_demo(tmp_path, ["kit/planted.py"]) == ["kit/planted.py"]
