"""Step 8: the neighbouring province pulls its list, proves it, and loses sight of a person on the day the measure ends."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from deploy.demo import accounts as demo_accounts
from tests.journeys.county.office import Office
from tests.journeys.county.signing_in import machine, machine_token

SCRIPT = Path(__file__).parents[3] / "docs" / "partner" / "verify.py"
AGREEMENTS = "/registry/v1/co-management/agreements"


async def an_agreement_is_made(office: Office) -> str:
    """Forty persons, eight fields; the other side's written reply; the partner's system may pull it and nothing else. Its id."""
    officer = await office.official("county_officer")
    running = await officer.pages("/registry/v1/measures?state=active")
    later = [m for m in running if m["kind"].startswith("community_") and m["term_end"] and m["term_end"] > "2022-01-01"]
    new = {
        "name": "府谷-保德共管协议",
        "partner_area": "140931",
        "partner_client": "demo-partner",
        "fields": ["name", "sex", "birth_year", "division_code", "measure_kind", "measure_state", "term_end", "lead_side"],
        "valid_from": "2021-01-01",
        "valid_to": "2026-01-01",
        "document_no": "府保共管〔2021〕01号",
        "person_ids": sorted({str(measure["person_id"]) for measure in later})[:40],
    }
    made = await officer("POST", AGREEMENTS, new, status=201)
    step = {"event": "accept", "on": office.today, "document_no": "保禁办函〔2021〕7号"}
    agreement = made.json()["id"]
    await officer.post(f"{AGREEMENTS}/{agreement}/transitions", step, if_match=made.headers["etag"])
    await demo_accounts.grant_agreement(await office.both(), agreement)
    return str(agreement)


async def pulled(office: Office, agreement: str, path: str) -> dict[str, Any]:
    """What the partner's system is given."""
    headers = {"authorization": f"Bearer {await machine_token(office, 'demo-partner')}", "purpose": "exchange"}
    answer = await office.http.get(f"{AGREEMENTS}/{agreement}{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def proven(office: Office, agreement: str, folder: Path) -> dict[str, Any]:
    """The independent script pulls what is new and verifies digest, chain and signature; the list that it holds then."""
    key = folder / "partner.pem"
    key.write_text(machine(office, "demo-partner")["private_key"])
    state = folder / "list.json"
    words = [
        "--base-url",
        office.url,
        "--agreement",
        agreement,
        "--client",
        "demo-partner",
        "--private-key",
        str(key),
        "--state",
        str(state),
    ]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(SCRIPT), *words, "--now", str(int(office.clock().timestamp())),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    told, _ = await process.communicate()
    assert process.returncode == 0, told.decode()
    assert b"proven" in told
    people: dict[str, Any] = json.loads(state.read_text("utf-8"))["people"]
    return people


async def the_list_is_pulled_and_an_end_arrives_the_same_day(office: Office, agreement: str, folder: Path) -> None:
    """Snapshot, changes, a tombstone."""
    snapshot = await pulled(office, agreement, "/snapshot")
    assert snapshot["count"] == len(snapshot["items"]) == 40
    assert len(await proven(office, agreement, folder)) == 40
    officer = await office.official("county_officer")
    named = await officer.pages(f"{AGREEMENTS}/{agreement}/persons")
    gone = next(person for person in named if person["shared"] and person["measure_kind"] == "community_rehabilitation")
    assert gone["person_id"] not in json.dumps(snapshot), "the partner has references of its own"
    person = await officer("GET", f"/registry/v1/people/{gone['person_id']}")
    ended = {"status": "dead", "since": office.today, "reason": "死亡证明"}
    await officer.post(f"/registry/v1/people/{gone['person_id']}/standings", ended, 201, if_match=person.headers["etag"])
    changes = await pulled(office, agreement, f"/changes?after={snapshot['next']}")
    assert [(line["change"], line["person"], line["reason"]) for line in changes["items"]] == [("removed", gone["ref"], "ended")]
    assert changes["items"][0]["at"][:10] in (office.today, office.clock().date().isoformat())
    assert changes["previous"] == snapshot["digest"]
    left = await proven(office, agreement, folder)
    assert len(left) == 39
    assert gone["ref"] not in left
    headers = {"authorization": f"Bearer {await machine_token(office, 'demo-partner')}", "purpose": "exchange"}
    assert (await office.http.get("/registry/v1/people", headers=headers)).status_code == 403
