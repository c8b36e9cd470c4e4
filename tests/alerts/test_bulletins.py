"""Bulletins from the neighbours' real figures: collected, published for good, printed, and the same bytes again from what was stored."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from kit.call import Reply
from kit.roles import Role
from services.alerts.bulletins.computed import bulletin_of
from services.alerts.bulletins.figures import canonical
from services.alerts.bulletins.rules import BULLETIN
from tests.alerts.neighbours import an_id, envelope, tell
from tests.houses import Template, TestHouse, open_house
from tests.walks import Shown, Walk

TOWNS = {"610822100000": "府谷镇", "610822105000": "新民镇", "610822106000": "孤山镇"}
JULY = datetime(2021, 7, 2, 1, 0, tzinfo=UTC)


def add_county(house: TestHouse) -> None:
    """Three towns with a dozen persons each under community treatment; in one town three agreements are late."""
    with psycopg.connect(house.owner) as connection:
        insert = "insert into registry.division (code, name, level, parent_code, statutory, aliases, valid_from, note) values (%s, %s, %s, %s, true, '[]', '2000-01-01', '')"
        connection.execute(insert, ("610822000000", "府谷县", "county", "610800000000"))
        for code, name in TOWNS.items():
            connection.execute(insert, (code, name, "town", "610822000000"))


@pytest.fixture
async def county(template: Template) -> AsyncIterator[TestHouse]:
    """The whole house on 2 July 2021, when the second half of June has closed."""
    async with open_house(template, start=JULY) as house:
        add_county(house)
        yield house


async def handled_alerts(house: TestHouse, town: str, done: int, due: int) -> None:
    """Alerts whose review fell due in the second half of June, of which `done` were closed in time."""
    now = house.clock.now
    house.clock.now = datetime(2021, 6, 16, 1, 0, tzinfo=UTC)
    firms = [an_id(f"firm {town} {n}") for n in range(due)]
    events = [envelope("rectification.overdue", firm, {"deadline": "2021-06-10"}, house.clock.now, town) for firm in firms]
    await tell(house, "precursor", events)
    officer = house.caller("alerts", Role.TOWN_OFFICER, scope=(town[:9],))
    items = json.loads((await officer("GET", f"/alerts/v1/alerts?division_code={town}")).body)["items"]
    for item in items[:done]:
        path = f"/alerts/v1/alerts/{item['id']}"
        await officer("POST", path + "/acknowledge", {}, if_match='"v1"')
        closed = await officer("POST", path + "/close", {"finding": "confirmed", "action_taken": "已督促整改"}, if_match='"v2"')
        assert closed.status == 200
    house.clock.now = now


async def collected(house: TestHouse, **more: Any) -> dict[str, Any]:
    """A draft."""
    answer = await house.caller("alerts", Role.COUNTY_OFFICER)("POST", "/alerts/v1/bulletins", more)
    assert answer.status == 201, answer.body
    return answer.json()


async def published(house: TestHouse, draft: dict[str, Any]) -> dict[str, Any]:
    """The draft, published."""
    officer = house.caller("alerts", Role.COUNTY_OFFICER)
    answer = await officer("POST", f"/alerts/v1/bulletins/{draft['id']}/publish", if_match=f'"v{draft["version"]}"')
    assert answer.status == 200, answer.body
    return answer.json()


async def test_a_bulletin_is_collected_published_and_never_changed(county: TestHouse) -> None:
    await handled_alerts(county, "610822100000", 9, 10)
    await handled_alerts(county, "610822105000", 2, 8)
    officer = county.caller("alerts", Role.COUNTY_OFFICER)
    leader = county.caller("alerts", Role.LEADER)
    draft = await collected(county, notes=["各镇七月五日前整改。"])
    path = f"/alerts/v1/bulletins/{draft['id']}"
    assert (draft["state"], draft["number"], draft["first_day"], draft["revision"]) == ("draft", "2021年第12期", "2021-06-16", 1)
    lines = {line["division_code"]: line for line in draft["bulletin"]["towns"]}
    assert (lines["610822100000"]["name"], lines["610822100000"]["colour"], lines["610822100000"]["score"]) == ("府谷镇", "yellow", "90.00")
    assert (lines["610822105000"]["colour"], lines["610822106000"]["colour"]) == ("red", "not_rated")
    assert (await leader("GET", path)).status == 404
    assert (await officer("PATCH", path, {"notes": []})).status == 428
    amended = (await officer("PATCH", path, {"notes": ["请于七月五日前整改。"]}, if_match='"v1"')).json()
    issue = await published(county, amended)
    assert issue["bulletin"]["notes"] == ["请于七月五日前整改。"]
    assert (await officer("PATCH", path, {"notes": []}, if_match='"v3"')).status == 409
    assert (await officer("POST", path + "/publish", if_match='"v3"')).status == 409
    with psycopg.connect(county.owner) as connection:
        row = connection.execute("select inputs, canonical, digest from alerts.bulletin_issue").fetchone()
        assert row is not None
        again = bulletin_of(row[0])
        assert (canonical(again), again.digest) == (bytes(row[1]), row[2])
        assert row[2] == issue["digest"]
        told = connection.execute("select data from alerts.outbox where type = 'bulletin.published'").fetchone()
        assert told is not None
        assert told[0]["digest"] == issue["digest"]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("set role alerts_app")
            connection.execute("update alerts.bulletin_issue set digest = ''")


async def test_the_wider_edition_holds_no_small_count_and_is_what_others_see(county: TestHouse) -> None:
    await handled_alerts(county, "610822100000", 9, 10)
    issue = await published(county, await collected(county))
    officer = county.caller("alerts", Role.COUNTY_OFFICER)
    leader = county.caller("alerts", Role.LEADER)
    path = f"/alerts/v1/bulletins/{issue['id']}"
    whole = (await officer("GET", path)).json()
    wider = (await officer("GET", path + "?audience=units")).json()
    theirs = (await leader("GET", path + "?audience=county_office")).json()
    assert (whole["audience"], wider["audience"], theirs["audience"]) == ("county_office", "units", "units")
    assert wider["digest"] == theirs["digest"] != whole["digest"]
    alert_cell = theirs["bulletin"]["towns"][0]["cells"][4]
    assert (alert_cell["indicator"], alert_cell["done"], alert_cell["withheld"]) == ("alert_handling", None, "counts")
    assert [item["number"] for item in (await leader("GET", "/alerts/v1/bulletins")).json()["items"]] == ["2021年第12期"]


async def test_a_bulletin_is_printed_as_pdf_and_xlsx_the_same_each_time(county: TestHouse) -> None:
    await handled_alerts(county, "610822105000", 2, 8)
    issue = await published(county, await collected(county, notes=["各镇七月五日前整改。"]))
    officer = county.caller("alerts", Role.COUNTY_OFFICER)
    path = f"/alerts/v1/bulletins/{issue['id']}"
    pdf = await officer("GET", path + "/pdf")
    assert (pdf.status, pdf.headers["content-type"]) == (200, "application/pdf")
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.body)).pages)
    assert "新民镇" in text
    assert "2021年第12期" in text
    xlsx = await officer("GET", path + "/xlsx")
    book = load_workbook(io.BytesIO(xlsx.body))
    assert "新民镇" in [cell.value for cell in book["通报"]["B"]]
    assert (await officer("GET", path + "/pdf")).body == pdf.body
    assert (await officer("GET", path + "/xlsx")).body == xlsx.body


async def test_orange_twice_running_is_red_and_a_correction_is_a_new_revision(county: TestHouse) -> None:
    town = "610822105000"
    await handled_alerts(county, town, 8, 10)
    county.clock.now = datetime(2021, 7, 2, 1, 0, tzinfo=UTC)
    first = await published(county, await collected(county))
    assert [line["colour"] for line in first["bulletin"]["towns"] if line["division_code"] == town] == ["orange"]
    corrected = await collected(county, day="2021-06-20")
    assert (corrected["revision"], corrected["number"]) == (2, "2021年第12期")
    await published(county, corrected)
    county.clock.now = datetime(2021, 7, 16, 1, 0, tzinfo=UTC)
    with psycopg.connect(county.owner) as connection:
        connection.execute(
            "update alerts.alert set due_at = '2021-07-10', closed_at = case when closed_at is not null then timestamptz '2021-07-05' end, raised_at = '2021-07-03'"
        )
    second = await collected(county)
    (line,) = [line for line in second["bulletin"]["towns"] if line["division_code"] == town]
    assert (second["number"], line["own_colour"], line["colour"]) == ("2021年第13期", "orange", "red")
    assert "repeated_orange" in line["causes"]
    assert [past["number"] for past in line["past"]] == ["2021年第12期"]


async def test_a_period_must_be_over_and_the_job_drafts_it_once(county: TestHouse) -> None:
    officer = county.caller("alerts", Role.COUNTY_OFFICER)
    early = await officer("POST", "/alerts/v1/bulletins", {"day": "2021-07-02"})
    assert (early.status, early.json()["errors"][0]["code"]) == (422, "period_open")
    assert (await officer("POST", "/alerts/v1/bulletins", {"day": "2020-06-02"})).json()["errors"][0]["code"] == "no_formula"
    hidden = await officer("POST", "/alerts/v1/bulletins", {"notes": ["反\u202e向"]})
    assert (hidden.status, hidden.json()["errors"][0]["code"]) == (422, "unprintable")
    from services.alerts.jobs import draft_bulletin

    app = county.house.apps["alerts"].state.house
    await draft_bulletin(app)
    await draft_bulletin(app)
    items = (await officer("GET", "/alerts/v1/bulletins?state=draft")).json()["items"]
    assert [(item["first_day"], item["revision"]) for item in items] == [("2021-06-16", 1)]
    assert UUID(items[0]["id"])
    assert date.fromisoformat(items[0]["last_day"]) == date(2021, 6, 30)


async def test_a_neighbour_that_is_down_is_said_so_and_leaves_no_draft(template: Template) -> None:
    async with open_house(template, only="alerts", start=JULY + timedelta(hours=1)) as alone:
        officer = alone.caller("alerts", Role.COUNTY_OFFICER)
        assert (await officer("POST", "/alerts/v1/bulletins", {})).status == 503
        assert (await officer("GET", "/alerts/v1/bulletins")).json()["items"] == []


async def test_tests_that_nobody_had_planned_are_no_denominator_and_are_said(county: TestHouse) -> None:
    town = "610822105000"
    with psycopg.connect(county.owner) as connection:
        connection.execute(
            "insert into testing.collection (id, person_id, division_code, tested_in, kind, mode, source, record_no, specimen_type, sampled_on, collectors,"
            " before_term, state, version, created_at, updated_at) select gen_random_uuid(), gen_random_uuid(), %s, %s, 'mandatory', 'onsite_test',"
            " 'ledger', n::text, 'urine', '2021-06-20', '[]', false, 'final_negative', 1, now(), now() from generate_series(1, 7) n",
            (town, town),
        )
        connection.execute("update testing.collection set created_at = '2021-07-01', updated_at = '2021-07-01'")
    draft = await collected(county)
    (line,) = [line for line in draft["bulletin"]["towns"] if line["division_code"] == town]
    cell = next(cell for cell in line["cells"] if cell["indicator"] == "test_completion")
    assert (cell["done"], cell["due"], cell["rate"], cell["base"], cell["outside"]) == (0, 0, None, "unknown", 7)
    assert (line["colour"], line["score"]) == ("not_rated", None)
    theirs = await county.caller("alerts", Role.COUNTY_OFFICER)("GET", f"/alerts/v1/bulletins/{draft['id']}?audience=units")
    assert '"outside":7' not in theirs.body.decode()


async def test_a_revision_after_a_contest_says_what_it_corrects_and_the_first_issue_stands(county: TestHouse) -> None:
    await handled_alerts(county, "610822105000", 8, 10)
    first = await published(county, await collected(county))
    with psycopg.connect(county.owner) as connection:  # two that were closed in time and entered late
        connection.execute(
            "update alerts.alert set closed_at = due_at - interval '1 hour', finding = 'confirmed', state = 'closed' where closed_at is null"
        )
    corrected = await collected(county, day="2021-06-20")
    told = [(change["name"], change["indicator"], change["before"], change["after"]) for change in corrected["bulletin"]["changes"]]
    assert told == [("新民镇", "alert_handling", "8/10", "10/10"), ("新民镇", None, "orange", "green")]
    revised = await published(county, corrected)
    officer = county.caller("alerts", Role.COUNTY_OFFICER)
    pdf = await officer("GET", f"/alerts/v1/bulletins/{revised['id']}/pdf")
    text = "".join("".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf.body)).pages)
    assert "新民镇预警处置率由8/10更正为10/10。新民镇颜色由橙色更正为绿色。" in text
    wide = (await officer("GET", f"/alerts/v1/bulletins/{revised['id']}?audience=units")).json()
    assert [change["before"] for change in wide["bulletin"]["changes"]] == [None, "orange"]
    assert (await officer("GET", f"/alerts/v1/bulletins/{first['id']}")).json() == first
    unchanged = await published(county, await collected(county, day="2021-06-20"))
    pdf = await officer("GET", f"/alerts/v1/bulletins/{unchanged['id']}/pdf")
    assert "各项数据与前一版一致" in "".join("".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf.body)).pages)


async def test_the_steps_of_a_bulletin_keep_their_word(county: TestHouse) -> None:
    officer = county.caller("alerts", Role.COUNTY_OFFICER)

    async def begin() -> Shown:
        """The draft of the last period: collected again while it stands, a new revision once it is published."""
        return await collected(county, day="2021-06-20")

    async def read(shown: Shown) -> Shown:
        return (await officer("GET", f"/alerts/v1/bulletins/{shown['id']}")).json()

    async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
        body = {name: {"rhythm": "half_month", "day": "2021-06-20", "notes": ["核对无误"]}[name] for name in fields}
        if event == "collect":
            return await officer("POST", "/alerts/v1/bulletins", body)
        method, behind = ("PATCH", "") if event == "amend" else ("POST", "/publish")
        return await officer(method, f"/alerts/v1/bulletins/{shown['id']}{behind}", body or None, if_match=f'"v{shown["version"]}"')

    walk = await Walk(BULLETIN, begin, read, send, longest=2).run()
    assert walk.untaken() == set()
    assert walk.states == {"draft", "published"}
    done = await published(county, await begin())
    assert done["next_steps"] == []
    refused = await officer("PATCH", f"/alerts/v1/bulletins/{done['id']}", {"notes": ["改"]}, if_match=f'"v{done["version"]}"')
    assert (refused.status, refused.json()["type"]) == (409, "/problems/bulletin-published")
    with psycopg.connect(county.owner) as connection:
        rows = connection.execute("select event, from_state, to_state from alerts.bulletin_change where object_id = %s", (done["id"],))
        assert set(rows.fetchall()) == {("collect", "none", "draft"), ("publish", "draft", "published")}
