"""The partner's list: only the agreement's persons and fields, tombstones the same day, proof by an independent script, nothing lost to late writers."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import random
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
import uvicorn

from kit.roles import Role
from tests.houses import Caller, TestHouse
from tests.registry.people_data import OTHER_TOWN, TOWN, add_towns, an_id, county_officer, registered, running

ROOT = Path(__file__).parents[2]
BASE = "/registry/v1/co-management/agreements"
FIELDS = ["name", "measure_state", "term_end", "division_code", "lead_side"]


def independent_script() -> ModuleType:
    """docs/partner/verify.py, which knows nothing of the house."""
    spec = importlib.util.spec_from_file_location("verify", ROOT / "docs/partner/verify.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def an_agreement(officer: Caller, person_ids: list[str], **more: object) -> dict[str, Any]:
    """An agreement in force with Baode (demo area 140931)."""
    new = {
        "name": "府谷—保德共管",
        "partner_area": "140931",
        "partner_client": "client-baode",
        "fields": FIELDS,
        "valid_from": "2021-06-01",
        "valid_to": "2026-06-01",
        "document_no": "府禁协〔2021〕1号",
        "person_ids": person_ids,
        **more,
    }
    made = await officer("POST", BASE, new)
    assert made.status == 201, made.body
    agreement = json.loads(made.body)
    step = {"event": "accept", "on": "2021-06-30", "document_no": "保禁函〔2021〕7号"}
    done = await officer("POST", f"{BASE}/{agreement['id']}/transitions", step, if_match='"v1"')
    assert done.status == 200, done.body
    return json.loads(done.body)


def partner_of(house: TestHouse, agreement: dict[str, Any]) -> Caller:
    """The partner's system."""
    caller = house.caller("registry", Role.PARTNER, scope=(), grants=(f"agreement:{agreement['id']}",), subject="client-baode")
    caller.headers["purpose"] = "exchange"
    return caller


def folded(people: dict[str, Any], lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The list after these lines."""
    for line in lines:
        if line["change"] == "removed":
            people.pop(line["person"], None)
        else:
            people[line["person"]] = (line["version"], line["fields"])
    return people


async def test_the_partner_gets_the_agreements_fields_and_a_tombstone_on_the_last_day(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, measure = await running(officer)
    idle = await registered(officer, 3)
    await running(officer, 5)  # not named: never seen
    agreement = await an_agreement(officer, [person["id"], idle["id"]])
    partner = partner_of(house, agreement)
    base = f"{BASE}/{agreement['id']}"
    snapshot = json.loads((await partner("GET", f"{base}/snapshot")).body)
    assert [line["fields"] for line in snapshot["items"]] == [
        {"division_code": TOWN, "lead_side": "residence", "measure_state": "active", "name": "折建国", "term_end": "2024-05-10"}
    ]
    assert person["id"] not in json.dumps(snapshot)
    path = f"/registry/v1/people/{person['id']}"
    assert (await officer("POST", path + "/move", {"division_code": OTHER_TOWN, "reason": "搬家"}, if_match='"v1"')).status == 200
    changes = json.loads((await partner("GET", f"{base}/changes?after={snapshot['next']}")).body)
    assert [(line["change"], line["version"], line["fields"]["division_code"]) for line in changes["items"]] == [("changed", 2, OTHER_TOWN)]
    assert changes["previous"] == snapshot["digest"]
    house.clock.advance(timedelta(days=3 * 366))  # no job runs
    ended = json.loads((await partner("GET", f"{base}/changes?after={changes['next']}")).body)
    assert [(line["change"], line["reason"]) for line in ended["items"]] == [("removed", "ended")]
    assert "fields" not in ended["items"][0]
    again = json.loads((await partner("GET", f"{base}/changes?after={snapshot['next']}")).body)
    assert [line["change"] for line in again["items"]] == ["removed"], "an old cursor brings nobody back"
    owed = json.loads((await partner("POST", f"{base}/receipts", {"cursor": ended["next"]})).body)
    assert (owed["behind"], owed["to_delete"]) == (0, [ended["items"][0]["person"]])
    done = json.loads((await partner("POST", f"{base}/receipts", {"cursor": ended["next"], "deleted": owed["to_delete"]})).body)
    assert done["to_delete"] == []
    assert ended["items"][0]["at"] == "2024-05-09T16:00:00Z", "the moment at which the term was over, not that of asking"
    with psycopg.connect(house.owner) as connection:
        noted = connection.execute("select action, purpose from registry.audit where action like 'comanagement%' order by id").fetchall()
    assert {purpose for _, purpose in noted} == {"exchange"}
    assert measure["id"] not in json.dumps(ended)


async def test_an_independent_script_proves_the_pages_and_finds_what_was_changed(house: TestHouse, tmp_path: Path) -> None:
    add_towns(house)
    officer = county_officer(house)
    people = [(await running(officer, sequence))[0] for sequence in (1, 3, 5)]
    agreement = await an_agreement(officer, [person["id"] for person in people], fields=["name", "id_number"])
    partner = partner_of(house, agreement)
    base = f"{BASE}/{agreement['id']}"
    (tmp_path / "key.json").write_bytes((await partner("GET", f"{base}/key")).body)
    pages = (await partner("GET", f"{base}/snapshot", accept="application/x-ndjson")).body
    cursor = json.loads(pages.splitlines()[-1])["next"]
    for person in people[:2]:
        body = {"status": "dead", "since": "2021-06-30", "reason": "死亡证明"}
        assert (await officer("POST", f"/registry/v1/people/{person['id']}/standings", body, if_match='"v1"')).status == 201
    for _ in range(3):
        page = (await partner("GET", f"{base}/changes?limit=1&after={cursor}", accept="application/x-ndjson")).body
        cursor = json.loads(page.splitlines()[-1])["next"]
        pages += page
    verify = independent_script()
    keys = verify.read_keys(json.loads((tmp_path / "key.json").read_text()))
    count, left = verify.check_saved(pages, keys)
    assert (count, [entry["fields"]["id_number"] for entry in left.values()]) == (4, [an_id(5)])
    (tmp_path / "pages.ndjson").write_bytes(pages)
    assert verify.main(["--pages", str(tmp_path / "pages.ndjson"), "--key", str(tmp_path / "key.json")]) == 0
    lines = pages.split(b"\n")
    for broken in (
        pages.replace("折建国".encode(), "折建军".encode(), 1),
        b"\n".join(lines[1:]),  # a line is missing
        b"\n".join(lines[:4] + lines[6:]),  # a page is missing
        pages[:-40],
    ):
        (tmp_path / "pages.ndjson").write_bytes(broken)
        assert verify.main(["--pages", str(tmp_path / "pages.ndjson"), "--key", str(tmp_path / "key.json")]) == 1


async def test_only_the_granted_partner_and_the_county_office_see_an_agreement(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, _ = await running(officer)
    agreement = await an_agreement(officer, [person["id"]])
    stranger = house.caller("registry", Role.PARTNER, scope=(), grants=("agreement:018f0000-0000-7000-8000-000000000009",))
    town = house.caller("registry", Role.TOWN_OFFICER)
    base = f"{BASE}/{agreement['id']}"
    for path in ("", "/snapshot", "/changes", "/key"):
        assert (await stranger("GET", base + path)).status == 404
        assert (await town("GET", base + path)).status == 403
    assert json.loads((await stranger("GET", BASE)).body)["items"] == []
    partner = partner_of(house, agreement)
    other = await an_agreement(officer, [person["id"]], name="另一协议")
    cursor = json.loads((await partner("GET", f"{base}/snapshot")).body)["next"]
    assert (await officer("GET", f"{BASE}/{other['id']}/changes?after={cursor}")).status == 422
    assert (await partner("GET", f"{base}/persons")).status == 403
    first = json.loads((await officer("GET", f"{base}/persons")).body)["items"][0]
    second = json.loads((await officer("GET", f"{BASE}/{other['id']}/persons")).body)["items"][0]
    assert (first["person_id"], first["shared"]) == (person["id"], True)
    assert first["ref"] != second["ref"], "the reference is another one in each agreement"


async def test_a_proposed_or_ended_agreement_shares_nothing(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, _ = await running(officer)
    agreement = await an_agreement(officer, [person["id"]])
    partner = partner_of(house, agreement)
    base = f"{BASE}/{agreement['id']}"
    cursor = json.loads((await partner("GET", f"{base}/snapshot")).body)["next"]
    assert (await partner("POST", f"{base}/transitions", {"event": "end", "on": "2021-07-01"}, if_match='"v2"')).status == 403
    assert (await officer("POST", f"{base}/transitions", {"event": "end", "on": "2021-07-01"}, if_match='"v2"')).status == 200
    assert (await partner("GET", f"{base}/snapshot")).status == 409
    gone = json.loads((await partner("GET", f"{base}/changes?after={cursor}")).body)
    assert [(line["change"], line["reason"]) for line in gone["items"]] == [("removed", "ended")]


async def test_a_transfer_out_ends_the_measure_and_takes_the_person_off_the_list(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, _ = await running(officer)
    agreement = await an_agreement(officer, [person["id"]])
    partner = partner_of(house, agreement)
    cursor = json.loads((await partner("GET", f"{BASE}/{agreement['id']}/snapshot")).body)["next"]
    new = {"person_id": person["id"], "receiving_area": "140931", "document_no": "府禁移〔2021〕001号", "transferred_on": "2021-06-30"}
    made = await officer("POST", "/registry/v1/co-management/transfers-out", new)
    assert made.status == 201, made.body
    assert (await officer("POST", "/registry/v1/co-management/transfers-out", new)).status == 409
    assert json.loads((await officer("GET", f"/registry/v1/people/{person['id']}")).body)["status"] == "transferred_out"
    assert [m["state"] for m in json.loads((await officer("GET", f"/registry/v1/people/{person['id']}/measures")).body)["items"]] == [
        "ended"
    ]
    gone = json.loads((await partner("GET", f"{BASE}/{agreement['id']}/changes?after={cursor}")).body)
    assert [line["change"] for line in gone["items"]] == ["removed"]
    listed = json.loads((await officer("GET", "/registry/v1/co-management/transfers-out?receiving_area=140931")).body)
    assert [item["person_id"] for item in listed["items"]] == [person["id"]]


@pytest.mark.parametrize("seed", range(4))
async def test_snapshot_and_changes_give_the_same_list_however_late_a_writer_commits(house: TestHouse, seed: int) -> None:
    add_towns(house)
    officer, chance = county_officer(house), random.Random(seed)
    people = [(await running(officer, sequence))[0]["id"] for sequence in range(1, 13)]
    agreement = await an_agreement(officer, people)
    partner = partner_of(house, agreement)
    base = f"{BASE}/{agreement['id']}"
    first = json.loads((await partner("GET", f"{base}/snapshot")).body)
    held, cursor = folded({}, first["items"]), first["next"]
    writers: dict[str, psycopg.Connection[Any]] = {}
    previous = first["digest"]
    for number in range(60):
        free = [person for person in people if person not in writers]
        draw = chance.random()
        if draw < 0.45 and free and len(writers) < 6:
            person = chance.choice(free)
            connection = writers[person] = psycopg.connect(house.owner)
            if chance.random() < 0.3:
                connection.execute("update registry.measure set state = 'ended', ended_on = '2021-07-01' where person_id = %s", (person,))
            elif chance.random() < 0.3:
                connection.execute("update registry.measure set state = 'active', ended_on = null where person_id = %s", (person,))
            else:
                connection.execute("update registry.person set name = %s where id = %s", (f"折{number}", person))
        elif draw < 0.75 and writers:
            connection = writers.pop(chance.choice(sorted(writers)))
            if chance.random() < 0.85:
                connection.commit()
            connection.close()
        else:
            page = json.loads((await partner("GET", f"{base}/changes?limit={chance.choice((1, 2, 200))}&after={cursor}")).body)
            assert page["previous"] == previous
            held, cursor, previous = folded(held, page["items"]), page["next"], page["digest"]
    for connection in writers.values():
        connection.commit()
        connection.close()
    while True:
        page = json.loads((await partner("GET", f"{base}/changes?limit=3&after={cursor}")).body)
        held, cursor = folded(held, page["items"]), page["next"]
        if not page["items"]:
            break
    full = json.loads((await partner("GET", f"{base}/snapshot")).body)
    assert held == folded({}, full["items"])
    shown = {row["ref"] for row in json.loads((await officer("GET", f"{base}/persons")).body)["items"] if row["shared"]}
    assert set(held) == shown, "the partner's list and the officers' list are one query"


async def test_the_script_pulls_over_http_keeps_its_list_and_reports_deletions(house: TestHouse, tmp_path: Path) -> None:
    add_towns(house)
    officer = county_officer(house)
    people = [(await running(officer, sequence))[0] for sequence in (1, 3)]
    agreement = await an_agreement(officer, [person["id"] for person in people])
    partner = partner_of(house, agreement)
    config = uvicorn.Config(house.house.apps["registry"], host="127.0.0.1", port=0, lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn says so with a flag only
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    words = ["--base-url", f"http://127.0.0.1:{port}", "--agreement", agreement["id"], "--state", str(tmp_path / "list.json"), "--token"]
    verify = independent_script()
    try:
        assert await asyncio.to_thread(verify.main, [*words, partner.token()]) == 0
        assert len(json.loads((tmp_path / "list.json").read_text())["people"]) == 2
        body = {"status": "dead", "since": "2021-06-30", "reason": "死亡证明"}
        assert (await officer("POST", f"/registry/v1/people/{people[0]['id']}/standings", body, if_match='"v1"')).status == 201
        assert await asyncio.to_thread(verify.main, [*words, partner.token()]) == 0
        assert len(json.loads((tmp_path / "list.json").read_text())["people"]) == 1
        assert await asyncio.to_thread(verify.main, [*words, "no-token"]) == 1
    finally:
        server.should_exit = True
        await serving
    with psycopg.connect(house.owner) as connection:
        receipts = connection.execute(
            "select jsonb_array_length(deleted) from registry.partner_receipt order by received_at, id"
        ).fetchall()
    assert [count for (count,) in receipts] == [0, 1]


async def test_a_grant_opens_nothing_to_a_client_that_the_agreement_does_not_name(house: TestHouse) -> None:
    """Who hands out grants could otherwise make a client of their own and read supervised persons with it."""
    add_towns(house)
    officer = county_officer(house)
    person, _ = await running(officer)
    agreement = await an_agreement(officer, [person["id"]])
    base = f"{BASE}/{agreement['id']}"
    other = house.caller("registry", Role.PARTNER, scope=(), grants=(f"agreement:{agreement['id']}",), subject="client-hequ")
    for path in ("", "/snapshot", "/changes", "/key", "/receipts"):
        assert (await other("GET", base + path, purpose="exchange")).status == 404, path
    partner = partner_of(house, agreement)
    cursor = json.loads((await partner("GET", f"{base}/snapshot")).body)["next"]
    assert (await other("POST", f"{base}/receipts", {"cursor": cursor})).status == 404
    assert (await other("POST", f"{base}/transitions", {"event": "accept", "on": "2021-07-01"}, if_match='"v2"')).status == 404
    assert json.loads((await other("GET", BASE)).body)["items"] == []


@pytest.mark.parametrize("scope", [("610821",), (TOWN[:9],), ()])
async def test_an_officer_of_another_county_or_of_one_town_neither_reads_nor_ends_an_agreement(
    house: TestHouse, scope: tuple[str, ...]
) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, _ = await running(officer)
    agreement = await an_agreement(officer, [person["id"]])
    base = f"{BASE}/{agreement['id']}"
    stranger = house.caller("registry", Role.COUNTY_OFFICER, scope=scope)
    for path in ("", "/persons", "/snapshot", "/changes", "/key", "/receipts"):
        assert (await stranger("GET", base + path)).status == 404, path
    assert (await stranger("POST", f"{base}/transitions", {"event": "end", "on": "2021-07-01"}, if_match='"v2"')).status == 404
    assert (await stranger("POST", f"{base}/persons", {"person_ids": [person["id"]]})).status == 404
    leaves = {"reason": "erased", "on": "2021-07-01"}
    assert (await stranger("POST", f"{base}/persons/{person['id']}/removal", leaves)).status == 404
    assert json.loads((await stranger("GET", BASE)).body)["items"] == []
    new = {
        "name": "他县协议",
        "partner_area": "140931",
        "partner_client": "client-baode",
        "fields": FIELDS,
        "valid_from": "2021-06-01",
        "valid_to": "2022-06-01",
        "document_no": "1号",
    }
    assert (await stranger("POST", BASE, new)).status == 403
    assert json.loads((await officer("GET", base)).body)["state"] == "accepted"


async def test_a_partner_pulls_for_the_exchange_only_and_the_office_reads_what_it_reported(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, _ = await running(officer)
    agreement = await an_agreement(officer, [person["id"]])
    partner, base = partner_of(house, agreement), f"{BASE}/{agreement['id']}"
    for path in ("/snapshot", "/changes"):
        for purpose in ("supervision", "audit", 'emergency; reason="abcde"'):
            assert (await partner("GET", base + path, purpose=purpose)).status == 422
    cursor = json.loads((await partner("GET", f"{base}/snapshot")).body)["next"]
    assert (await officer("POST", f"{base}/receipts", {"cursor": cursor})).status == 403, "only the partner knows what it has deleted"
    told = json.loads((await partner("GET", f"{base}/changes")).body)["items"][0]["person"]
    early = await partner("POST", f"{base}/receipts", {"cursor": cursor, "deleted": [told]})
    assert (early.status, json.loads(early.body)["to_delete"]) == (201, [])
    leaves = {"reason": "returned", "on": "2021-07-01"}
    assert (await officer("POST", f"{base}/persons/{person['id']}/removal", leaves)).status == 200
    house.clock.advance(timedelta(hours=7))
    page = json.loads((await partner("GET", f"{base}/changes?after={cursor}")).body)
    assert page["items"][0]["at"] == "2021-07-01T00:00:00Z", "when the leaving was recorded, seven hours ago"
    behind = json.loads((await partner("POST", f"{base}/receipts", {"cursor": page["next"]})).body)
    assert behind["to_delete"] == [told], "what was deleted before the tombstone does not pay for it"
    await partner("POST", f"{base}/receipts", {"cursor": page["next"], "deleted": [told]})
    receipts = json.loads((await officer("GET", f"{base}/receipts")).body)["items"]
    assert [(row["applied"], row["deleted"], row["received_from"]) for row in receipts] == [
        (2, [told], "client-baode"),
        (2, [], "client-baode"),
        (1, [told], "client-baode"),
    ]


async def test_treatment_of_ones_own_will_is_never_shared(house: TestHouse) -> None:
    """Voluntary and maintenance treatment are no basis of co-management, with a last day or without one (NCL art. 36, 51; PIPL art. 28)."""
    add_towns(house)
    officer = county_officer(house)
    person = await registered(officer, 21, status="maintenance_treatment")
    order = {"kind": "maintenance_treatment", "division_code": TOWN, "ordered_on": "2021-05-06"}
    made = await officer("POST", f"/registry/v1/people/{person['id']}/measures", order)
    assert made.status == 201, made.body
    with psycopg.connect(house.owner) as connection:
        connection.execute("update registry.measure set term_end = '2023-01-01'")
    agreement = await an_agreement(officer, [person["id"]], fields=["name", "measure_kind"])
    partner, base = partner_of(house, agreement), f"{BASE}/{agreement['id']}"
    assert json.loads((await partner("GET", f"{base}/snapshot")).body)["items"] == []
    assert [row["shared"] for row in json.loads((await officer("GET", f"{base}/persons")).body)["items"]] == [False]
    asked = house.neighbour("alerts", "registry")
    running_now = json.loads((await asked("GET", f"/internal/people/{person['id']}/running")).body)
    assert (running_now["runs"], running_now["kind"]) == (False, None)
