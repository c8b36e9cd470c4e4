"""Step 2: the county's divisions, stations, staff and population, as its office loads them."""

from __future__ import annotations

from deploy.demo import county
from tests.journeys.county.office import TOWN, Office


async def divisions_and_staff_are_loaded(office: Office) -> None:
    """Loaded through the API, and again: nothing changes."""
    officer = await office.official("county_officer")
    await county.load(officer.client)
    again = await officer.post("/registry/v1/divisions/load", county.divisions())
    assert (again["created"], again["changed"], again["unchanged"]) == (0, 0, len(county.divisions()))

    top = (await officer.pages("/registry/v1/divisions?level=county"))[0]
    assert (top["code"], top["name"]) == ("610822000000", "府谷县")
    towns = [
        *await officer.pages("/registry/v1/divisions?level=town"),
        *await officer.pages("/registry/v1/divisions?level=service_centre"),
    ]
    assert len(towns) == 21
    assert {town["parent_code"] for town in towns} == {"610822000000"}
    villages = await officer.pages(f"/registry/v1/divisions?parent={TOWN}")
    assert len(villages) > 20
    assert await officer.pages("/registry/v1/divisions?on=1999-12-31") == [], "codes have their days"
    seat = await officer.get(f"/registry/v1/divisions/{TOWN}")
    assert (seat["name"], seat["valid_from"], seat["valid_to"]) == ("府谷镇", "2000-01-01", None)
    assert (await officer.pages("/registry/v1/divisions/610822000000/population"))[-1]["persons"] == 250_000

    assert len(await officer.pages("/registry/v1/stations")) == 28
    staff = await officer.pages("/registry/v1/staff")
    by_post = {post: sum(member["post"] == post for member in staff) for post in {member["post"] for member in staff}}
    assert by_post == {"county_officer": 3, "town_officer": 34, "social_worker": 58, "grid_worker": 410, "police_officer": 25}
    town = await office.official("town_officer")
    seen = await town.pages("/registry/v1/staff")
    assert 0 < len(seen) < len(staff)
    assert {member["division_code"][:9] for member in seen} == {"610822100"}
    leader = await office.official("leader")
    await leader.refused("POST", "/registry/v1/divisions/load", county.divisions()[:1], status=403)


async def care_teams_are_filled(office: Office, person_id: str) -> None:
    """Everybody who needs one gets a care team of their town (DRR art. 17)."""
    officer = await office.official("county_officer")
    filled = await officer.post("/registry/v1/care-teams/fill", {})
    assert filled["memberships"] > 1000
    assert (await officer.post("/registry/v1/care-teams/fill", {}))["memberships"] == 0
    team = await officer.pages(f"/registry/v1/people/{person_id}/care-team")
    assert {member["post"] for member in team} >= {"town_officer", "social_worker", "police_officer"}
    assert {member["since"] for member in team} == {office.today}
