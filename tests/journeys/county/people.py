"""Step 4: persons and their lawful measures, as the town that is responsible for them works with them."""

from __future__ import annotations

from typing import Any

from tests.journeys.county.office import OTHER_TOWN, TOWN, Office
from tests.registry.people_data import an_id


async def a_town_finds_its_people(office: Office) -> str:
    """List, filter, search; the id of one person under community treatment."""
    town, officer = await office.official("town_officer"), await office.official("county_officer")
    everybody = await officer.pages("/registry/v1/people")
    assert len(everybody) == 852 + 3, "current users and who is abroad; who was handed over or stayed clean for three years is on no list"
    own = await town.pages("/registry/v1/people")
    assert 275 <= len(own) < len(everybody)
    assert {person["division_code"] for person in own} == {TOWN}
    assert await town.pages(f"/registry/v1/people?division_code={OTHER_TOWN}") == []
    treated = await town.pages("/registry/v1/people?status=community_treatment")
    assert treated
    person = treated[0]
    assert "*" in person["id_number"]

    detail = await town("GET", f"/registry/v1/people/{person['id']}")
    initials = "".join(word[0] for word in detail.json()["name_pinyin"].split())
    for name in (person["name"], detail.json()["name_pinyin"], initials):
        found = (await town.post("/registry/v1/people/search?limit=200", {"name": name}))["items"]
        assert person["id"] in {item["id"] for item in found}, name
    number = (await town.get(f"/registry/v1/people/{person['id']}/identity"))["id_number"]
    found = (await town.post("/registry/v1/people/search", {"id_number": number}))["items"]
    assert [item["id"] for item in found] == [person["id"]]
    return str(person["id"])


async def reads_are_audited_with_their_purpose(office: Office, person_id: str) -> None:
    """Who looked, when, why; and the number stands nowhere in clear."""
    rows = office.query(
        "select action, actor, purpose from registry.audit where object_type = 'person' and object_ids @> to_jsonb(%s::text) order by id",
        person_id,
    )
    assert {"person.read", "person.open_identity"} <= {row[0] for row in rows}, rows
    assert {row[2] for row in rows if row[0] == "person.read"} == {"supervision"}
    town = await office.official("town_officer")
    number = (await town.get(f"/registry/v1/people/{person_id}/identity"))["id_number"]
    assert number.startswith("99")
    for table in ("person", "audit", "outbox"):
        assert office.query(f"select count(*) from registry.{table} t where t::text like %s", f"%{number}%") == [(0,)]


async def a_measure_moves_by_its_states(office: Office) -> dict[str, Any]:
    """A new order: served, reported in, with the version that was seen; the stale and the blind are refused. The running measure."""
    police, town = await office.official("police_officer"), await office.official("town_officer")
    free = await town.pages("/registry/v1/people?status=in_society")
    person, other = free[0], free[1]
    order = {
        "kind": "community_treatment",
        "division_code": TOWN,
        "ordered_on": "2021-06-20",
        "order_no": "府公禁社戒决字〔2021〕101号",
        "order_organ": "府谷县公安局",
        "addiction": "addicted",
    }
    made = await police("POST", f"/registry/v1/people/{person['id']}/measures", order, status=201)
    path = f"/registry/v1/measures/{made.json()['id']}"
    assert [step["event"] for step in made.json()["next_steps"]]
    serve, report_in = {"event": "serve", "on": "2021-06-22"}, {"event": "report_in", "on": "2021-06-28"}
    await police.refused("POST", f"{path}/transitions", serve, status=428)
    served = await police("POST", f"{path}/transitions", serve, if_match=made.headers["etag"])
    assert served.json()["report_in_due"] == "2021-07-07"
    stale = await town.refused("POST", f"{path}/transitions", report_in, status=412, if_match=made.headers["etag"])
    assert stale["status"] == 412
    active = await town("POST", f"{path}/transitions", report_in, if_match=served.headers["etag"])
    assert (active.json()["state"], active.json()["term_start"], active.json()["term_end"]) == ("active", "2021-06-28", "2024-06-28")
    impossible = await police.refused("POST", f"{path}/transitions", serve, status=409, if_match=active.headers["etag"])
    assert impossible["title"]
    history = await town.pages(f"{path}/history")
    assert [(step["event"], step["to_state"]) for step in history][-2:] == [("serve", "awaiting_report_in"), ("report_in", "active")]
    assert all(step["legal_source"] for step in history)
    assert await town.pages(f"/registry/v1/people/{other['id']}/measures") == []
    measure: dict[str, Any] = active.json()
    return measure


async def another_town_sees_nothing(office: Office, person_id: str) -> None:
    """Existence itself is personal: not found."""
    stranger = await office.newcomer("neighbour", "town_officer", OTHER_TOWN[:9], staff_code="T005")
    await stranger.refused("GET", f"/registry/v1/people/{person_id}", status=404)
    await stranger.refused("GET", f"/registry/v1/people/{person_id}/measures", status=404)
    bad = {
        "id_number": "990822199001011234",
        "name": "某",
        "division_code": OTHER_TOWN,
        "status": "in_society",
        "status_since": "2021-01-01",
    }
    wrong = await stranger.refused("POST", "/registry/v1/people", bad, status=422)
    assert wrong["errors"][0]["pointer"] == "/id_number"
    elsewhere = {**bad, "id_number": an_id(7), "division_code": TOWN}
    await stranger.refused("POST", "/registry/v1/people", elsewhere, status=403)
