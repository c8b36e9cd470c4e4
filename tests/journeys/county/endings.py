"""The last day: supervision ends by itself (law 7). No job runs, nobody does anything, and every door is closed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from kit.clock import SHANGHAI
from tests.journeys.county.gatherings import a_check_in
from tests.journeys.county.office import TOWN, Office
from tests.journeys.county.partner import AGREEMENTS, pulled


async def on_the_day_after_the_term_nothing_is_owed(office: Office, agreement: str) -> None:
    """Reads say discharged; a check-in is refused, no test can be made, the partner's list drops the person."""
    officer, police = [await office.official(role) for role in ("county_officer", "police_officer")]
    named = {person["person_id"]: person for person in await officer.pages(f"{AGREEMENTS}/{agreement}/persons") if person["shared"]}
    running = [
        m for m in await officer.pages("/registry/v1/measures?state=active") if m["person_id"] in named and m["division_code"] == TOWN
    ]
    measure = min(running, key=lambda item: str(item["term_end"]))
    person, reference = measure["person_id"], named[measure["person_id"]]["ref"]
    snapshot = await pulled(office, agreement, "/snapshot")
    assert reference in {line["person"] for line in snapshot["items"]}
    ends = date.fromisoformat(measure["term_end"])
    _at(office, ends - timedelta(days=1))
    assert (await officer.get(f"/registry/v1/measures/{measure['id']}"))["state"] == "active"
    plan = await _due_now(office, person)
    phone = await office.newcomer("lastday", "subject", TOWN[:9], person_id=person)
    last = a_check_in(office, person, "last-day", timedelta(minutes=5))
    assert (await phone.post("/alerts/v1/checkins", {"checkins": [last]}))["accepted"] == 1

    _at(office, ends)  # the first day on which nothing is owed any more
    over = await officer.get(f"/registry/v1/measures/{measure['id']}")
    assert (over["state"], over["ended_on"], over["end_reason"]) == ("discharged", measure["term_end"], "term_end")
    assert measure["id"] not in {item["id"] for item in await officer.pages("/registry/v1/measures?state=active")}
    late = {"checkins": [a_check_in(office, person, "too-late", timedelta(minutes=5))]}
    refused = await phone.refused("POST", "/alerts/v1/checkins", late, status=422)
    assert [error["code"] for error in refused["errors"]] == ["no_running_measure"]
    await officer.refused("GET", f"/alerts/v1/people/{person}/trajectory", status=404)
    new = {
        "person_id": person,
        "kind": "mandatory",
        "specimen_type": "urine",
        "due_on": office.today,
        "grounds": "民警要求",
        "document_no": "演示1号",
    }
    assert (await police("POST", "/testing/v1/plans", new, status=409)).json()["title"]
    if plan is not None:
        taking = {
            "plan_id": plan["id"],
            "mode": "onsite_test",
            "specimen_type": "urine",
            "collected_at": office.clock().isoformat(),
            "identity_checked": True,
            "collectors": [{"staff_code": code} for code in (("P001", "P002") if plan["sex"] == "male" else ("P003", "P004"))],
            "kit_lot_id": (await police.pages("/testing/v1/kit-lots"))[0]["id"],
        }
        await police.refused("POST", "/testing/v1/collections", taking, status=409)
    due = await officer.pages(f"/testing/v1/plans/due?from={office.today}&to={ends + timedelta(days=60)}")
    assert person not in {item["person_id"] for item in due}
    changes = await pulled(office, agreement, f"/changes?after={snapshot['next']}")
    assert (reference, "removed", "ended") in {(line["person"], line["change"], line.get("reason")) for line in changes["items"]}
    assert office.query("select state from registry.measure where id = %s", measure["id"]) == [("active",)], "no job has run: reads say it"


async def _due_now(office: Office, person: str) -> dict[str, Any] | None:
    officer = await office.official("county_officer")
    due = await officer.pages(f"/testing/v1/plans/due?from={office.today}&to={office.today}")
    return next((plan for plan in due if plan["person_id"] == person and plan["specimen_type"] == "urine"), None)


def _at(office: Office, day: date) -> None:
    """Nine in the morning of a later day."""
    office.clock.advance(datetime(day.year, day.month, day.day, 9, tzinfo=SHANGHAI) - office.clock())
