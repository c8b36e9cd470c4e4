"""Two officers do the same thing at the same moment: one of them does it, the others are told, and nobody gets a 500."""

from __future__ import annotations

import asyncio
from typing import Any

from kit.roles import Role
from tests.houses import TestHouse
from tests.precursor import county
from tests.precursor.county import inspections_of, parsed
from tests.precursor.test_draws import COURIERS, REVEAL, prepared
from tests.precursor.test_firms import a_firm
from tests.precursor.test_law_of_inspections import begun

TIMES = 4


async def together(caller: Any, path: str, body: dict[str, Any], **headers: str) -> list[int]:
    """The answers to the same request, sent several times at once."""
    return sorted(reply.status for reply in await asyncio.gather(*(caller("POST", path, body, **headers) for _ in range(TIMES))))


async def test_a_firm_is_registered_once(house: TestHouse) -> None:
    await county.load_catalogue(house)
    assert await together(county.county_officer(house), "/precursor/v1/firms", a_firm()) == [201, 409, 409, 409]


async def test_an_officer_a_recusal_and_a_leave_are_entered_once(house: TestHouse) -> None:
    await county.load_catalogue(house)
    officer = county.county_officer(house)
    assert await together(officer, "/precursor/v1/inspectors", county.an_officer(1)) == [201, 409, 409, 409]
    entry = parsed(await officer("GET", "/precursor/v1/inspectors"))["items"][0]
    head = parsed(await officer("POST", "/precursor/v1/inspectors", county.an_officer(2)), 201)
    firm = parsed(await officer("POST", "/precursor/v1/firms", a_firm()), 201)
    recusal = {"firm_id": firm["id"], "ground": "kinship", "decided_by": head["staff_code"], "since": "2021-06-01"}
    assert await together(officer, f"/precursor/v1/inspectors/{entry['id']}/recusals", recusal) == [201, 409, 409, 409]


async def test_a_recusal_is_decided_by_the_head_of_the_same_authority(house: TestHouse) -> None:
    await county.load_catalogue(house)
    officer = county.county_officer(house)
    mine, head, other, gone = [
        parsed(await officer("POST", "/precursor/v1/inspectors", county.an_officer(number, authority)), 201)
        for number, authority in ((1, "customs"), (2, "customs"), (3, "transport"), (4, "customs"))
    ]
    out = {"state": "inactive", "reason": "调离"}
    parsed(await officer("PATCH", f"/precursor/v1/inspectors/{gone['id']}", out, if_match='"v1"'))
    firm = parsed(await officer("POST", "/precursor/v1/firms", a_firm()), 201)
    path = f"/precursor/v1/inspectors/{mine['id']}/recusals"
    for code, why in (
        ("局长", "staff_unknown"),
        (gone["staff_code"], "staff_unknown"),
        (other["staff_code"], "head_of_another_authority"),
        (mine["staff_code"], "another_person"),
    ):
        recusal = {"firm_id": firm["id"], "ground": "kinship", "decided_by": code, "since": "2021-06-01"}
        refused = parsed(await officer("POST", path, recusal), 422)
        assert [(error["pointer"], error["code"]) for error in refused["errors"]] == [("/decided_by", why)], code
    itself = house.caller("precursor", Role.COUNTY_OFFICER, staff_id=head["staff_code"])
    assert parsed(await itself("POST", path, {**recusal, "decided_by": head["staff_code"]}), 422)["errors"][0]["code"] == "another_person"
    parsed(await officer("POST", path, {**recusal, "decided_by": head["staff_code"]}), 201)


async def test_a_draw_is_revealed_once_and_a_replacement_made_once(house: TestHouse) -> None:
    await prepared(house)
    officer = county.county_officer(house)
    draws = await together(officer, "/precursor/v1/draws", county.a_draw(**COURIERS))
    assert draws == [201, 409, 409, 409]
    draw = parsed(await officer("GET", "/precursor/v1/draws"))["items"][0]
    path = f"/precursor/v1/draws/{draw['id']}"
    parsed(await officer("POST", f"{path}/commit", {}, if_match='"v1"'))
    house.clock.now = house.clock.now.replace(month=7, day=6)
    assert await together(officer, f"{path}/public-values", REVEAL, if_match='"v2"') == [200, 412, 412, 412]
    second = county.second_officer(house)
    assert await together(second, f"{path}/reveal", REVEAL, if_match='"v3"') == [200, 412, 412, 412]
    item = (await inspections_of(house, draw))[0]
    gone = {"state": "inactive", "reason": "调离"}
    parsed(await officer("PATCH", f"/precursor/v1/inspectors/{item['officers'][0]}", gone, if_match='"v1"'))
    change = {"firm_id": item["firm_id"], "leaves": item["officers"][0], "note": "调离"}
    assert await together(officer, f"{path}/replacements", change, if_match='"v4"') == [201, 412, 412, 412]
    proposed = parsed(await officer("GET", f"{path}/replacements"))["items"][0]
    assert await together(second, f"{path}/replacements/{proposed['id']}/sign", {}, if_match='"v5"') == [200, 412, 412, 412]


async def test_an_inspection_is_completed_once(house: TestHouse) -> None:
    item, mine, _ = await begun(house)
    path = f"/precursor/v1/inspections/{item['id']}"
    outcomes = [{"item_no": f"C{number:02d}", "outcome": "ok"} for number in range(1, 29)]
    parsed(await mine("POST", f"{path}/outcomes", {"outcomes": outcomes}, if_match='"v2"'))
    closing = {"party_statement": "无", "party_signature": "signed"}
    assert await together(mine, f"{path}/complete", closing, if_match='"v3"') == [200, 412, 412, 412]
