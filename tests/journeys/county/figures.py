"""Step 7: the county's published figures, and the bulletin of the second half of June."""

from __future__ import annotations

import hashlib
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from pypdf import PdfReader

from tests.journeys.county.office import Office, Official
from tests.registry.ledgers.county import wanted

EXPECTED = json.loads((Path(__file__).parents[2] / "data" / "ledgers" / "_county.expected.json").read_text(encoding="utf-8"))
COUNTY = "610822000000"


async def _figures(who: Official, day: str) -> dict[str, dict[str, dict[str, Any]]]:
    lines = (await who.get(f"/registry/v1/indicators?as_of={day}"))["lines"]
    return {line["division_code"]: line["figures"] for line in lines}


async def the_published_figures_come_out(office: Office) -> None:
    """Before and after, for the county and each of the 21 towns."""
    officer = await office.official("county_officer")
    before, after = await _figures(officer, "2020-12-31"), await _figures(officer, "2021-06-30")
    totals = EXPECTED["totals"]
    assert before[COUNTY]["managed_total"]["numerator"] == totals["before"] == 2168
    assert before[COUNTY]["current_users"]["numerator"] == totals["current_before"] == 1066
    found = [after[COUNTY][code]["numerator"] for code in ("managed_total", "current_users", "three_years_clean")]
    assert found == [totals["after"], totals["current_after"], totals["clean3_after"]] == [2003, 852, 1110]
    shares = [(Decimal(line[COUNTY]["user_share"]["value"]) * 100).quantize(Decimal("0.01")) for line in (before, after)]
    assert shares == [Decimal("0.43"), Decimal("0.34")]
    assert len(after) == 1 + len(EXPECTED["by_town"]) == 22
    counted = ("managed_total", "current_users", "three_years_clean")
    lines = {code: (before[code]["managed_total"]["numerator"], *(after[code][name]["numerator"] for name in counted)) for code in after}
    expected = {town["town_code"]: wanted(town) for town in EXPECTED["by_town"]}
    wrong = {code: (lines[code], line) for code, line in expected.items() if lines[code] != line}
    assert not wrong, f"towns whose figures are (before, after, current, clean) and should be: {wrong}"
    leader = await office.official("leader")
    assert (await _figures(leader, "2021-06-30"))[COUNTY]["managed_total"]["numerator"] == 2003
    await leader.refused("GET", "/registry/v1/indicators/current_users/people", status=403)


async def the_bulletin_is_published(office: Office, folder: Path) -> tuple[str, dict[str, str]]:
    """JSON, PDF and xlsx of 16-30 June, published for the towns and the leaders to see. Its path, and what it looks like by digest."""
    officer, leader = await office.official("county_officer"), await office.official("leader")
    draft = await officer("POST", "/alerts/v1/bulletins", {"rhythm": "half_month", "day": "2021-06-20"}, status=201)
    made = draft.json()
    assert (made["state"], made["number"], made["first_day"], made["last_day"]) == ("draft", "2021年第12期", "2021-06-16", "2021-06-30")
    path = f"/alerts/v1/bulletins/{made['id']}"
    towns = made["bulletin"]["towns"]
    assert len(towns) == 21
    assert {town["colour"] for town in towns} <= {"blue", "green", "yellow", "orange", "red", "not_rated"}
    await leader.refused("GET", path, status=404)
    published = await officer("POST", f"{path}/publish", None, if_match=draft.headers["etag"])
    assert published.json()["state"] == "published"
    await officer.refused("POST", f"{path}/publish", None, status=409, if_match=published.headers["etag"])

    pdf, sheet, data = await officer("GET", f"{path}/pdf"), await officer("GET", f"{path}/xlsx"), await officer("GET", path)
    (folder / "bulletin.pdf").write_bytes(pdf.content)
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.content)).pages)
    assert [town["name"] for town in towns if town["name"] not in text] == []
    assert "2021年第12期" in text
    cells = [cell.value for cell in load_workbook(io.BytesIO(sheet.content))["通报"]["B"]]
    assert {town["name"] for town in towns} <= set(cells)
    wide = await leader.get(path)
    assert (wide["audience"], wide["state"]) == ("units", "published")

    return path, {form: hashlib.sha256(answer.content).hexdigest() for form, answer in (("/pdf", pdf), ("/xlsx", sheet), ("", data))}


async def the_bulletin_is_still_the_same(office: Office, path: str, digests: dict[str, str]) -> None:
    """The same bytes again, as they were published, after people, figures and the calendar have moved on."""
    officer = await office.official("county_officer")
    for form, digest in digests.items():
        again = await officer("GET", path + form)
        assert hashlib.sha256(again.content).hexdigest() == digest, form
