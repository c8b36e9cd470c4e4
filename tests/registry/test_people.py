"""People through HTTP, on the real database."""

from __future__ import annotations

import json
from datetime import timedelta

import psycopg
from sqlalchemy import select

from kit import idempotency
from kit.roles import Role
from tests.houses import TestHouse
from tests.registry.people_data import add_towns, an_id, county_officer, registered, somebody


async def test_a_person_is_registered_found_and_sealed(house: TestHouse) -> None:
    add_towns(house)
    officer = house.caller("registry", Role.COUNTY_OFFICER)
    made = await officer("POST", "/registry/v1/people", somebody(phone="16900000001"))
    assert made.status == 201, made.body
    person = json.loads(made.body)
    assert person["id_number"].startswith("990822*")
    found = await officer("POST", "/registry/v1/people/search", {"name": "sjg"})
    assert [item["id"] for item in json.loads(found.body)["items"]] == [person["id"]]
    opened = await officer("GET", f"/registry/v1/people/{person['id']}/identity")
    assert json.loads(opened.body)["id_number"] == an_id(1)
    with psycopg.connect(house.owner) as connection:
        row = connection.execute(
            "select person::text, (select count(*) from registry.audit), (select count(*) from registry.outbox) from registry.person"
        ).fetchone()
    assert row is not None
    assert an_id(1) not in row[0]
    assert row[1] == 3
    assert row[2] == 1


async def test_a_person_is_found_by_phone_and_by_pinyin_however_it_is_typed(house: TestHouse) -> None:
    add_towns(house)
    officer = house.caller("registry", Role.COUNTY_OFFICER)
    wanted = json.loads((await officer("POST", "/registry/v1/people", somebody(1, name="单建国", phone="16900000001"))).body)
    other = json.loads((await officer("POST", "/registry/v1/people", somebody(2, name="王芳", phone="16900000002"))).body)

    async def found(**search: str) -> list[str]:
        answer = await officer("POST", "/registry/v1/people/search", search)
        assert answer.status == 200, answer.body
        return [item["id"] for item in json.loads(answer.body)["items"]]

    assert await found(phone="16900000001") == [wanted["id"]]
    assert await found(phone="16900000003") == []
    assert await found(phone="16900000001", name="王芳") == []
    for typed in ("shan jian guo", "shanjianguo", "Shan Jianguo", "shan j", "sjg", "单", "建国"):
        assert await found(name=typed) == [wanted["id"]], typed
    assert await found(name="wf") == [other["id"]]

    patched = {"phone": None, "reason": "停机"}
    assert (await officer("PATCH", f"/registry/v1/people/{wanted['id']}", patched, if_match='"v1"')).status == 200
    assert await found(phone="16900000001") == []


async def test_nothing_follows_a_death_except_its_correction(house: TestHouse) -> None:
    add_towns(house)
    officer = house.caller("registry", Role.COUNTY_OFFICER)
    person = json.loads((await officer("POST", "/registry/v1/people", somebody())).body)
    path = f"/registry/v1/people/{person['id']}/standings"
    dead = {"status": "dead", "since": "2021-03-01", "reason": "死亡证明"}
    told = await officer("POST", path, dead, if_match='"v1"')
    assert told.status == 201
    alive = {"status": "in_society", "since": "2021-04-01", "reason": "走访见到本人"}
    refused = await officer("POST", path, alive, if_match=told.headers["etag"])
    assert (refused.status, json.loads(refused.body)["errors"][0]["code"]) == (422, "dead_end")
    with psycopg.connect(house.owner) as connection:
        row = connection.execute("select id from registry.standing where status = 'dead'").fetchone()
    assert row is not None
    corrected = await officer("POST", path, {**alive, "corrects_id": str(row[0])}, if_match=told.headers["etag"])
    assert (corrected.status, json.loads(corrected.body)["status"]) == (201, "in_society")


async def test_bad_input_names_the_field(house: TestHouse) -> None:
    add_towns(house)
    officer = house.caller("registry", Role.COUNTY_OFFICER)
    wrong = await officer("POST", "/registry/v1/people", somebody(id_number="990822198005060011", colour="red"))
    assert wrong.status == 422
    assert json.loads(wrong.body)["errors"][0]["pointer"] == "/colour"
    checksum = await officer("POST", "/registry/v1/people", somebody(id_number=an_id(1)[:17] + ("1" if an_id(1)[17] != "1" else "2")))
    assert json.loads(checksum.body)["errors"][0]["code"] == "id_checksum"
    unknown = await officer("GET", "/registry/v1/people?colour=red")
    assert (unknown.status, json.loads(unknown.body)["errors"][0]["pointer"]) == (422, "/query/colour")


async def test_another_town_sees_nobody_and_a_stale_version_changes_nothing(house: TestHouse) -> None:
    add_towns(house)
    officer = house.caller("registry", Role.TOWN_OFFICER, scope=("610822100",))
    other = house.caller("registry", Role.TOWN_OFFICER, scope=("610822105",))
    person = json.loads((await officer("POST", "/registry/v1/people", somebody())).body)
    path = f"/registry/v1/people/{person['id']}"
    assert json.loads((await other("GET", "/registry/v1/people")).body)["items"] == []
    assert (await other("GET", path)).status == 404
    assert (await officer("PATCH", path, {"phone": "16900000002", "reason": "换号"})).status == 428
    assert (await officer("PATCH", path, {"phone": "16900000002", "reason": "换号"}, if_match='"v7"')).status == 412
    changed = await officer("PATCH", path, {"phone": "16900000002", "reason": "换号"}, if_match='"v1"')
    assert (changed.status, changed.headers["etag"]) == (200, '"v2"')
    history = json.loads((await officer("GET", path + "/history")).body)["items"]
    assert [entry["action"] for entry in history] == ["amended", "registered"]


async def test_the_same_key_gets_the_first_answer_and_another_body_is_refused(house: TestHouse) -> None:
    add_towns(house)
    officer = house.caller("registry", Role.COUNTY_OFFICER)
    first = await officer("POST", "/registry/v1/people", somebody(), idempotency_key="phone-0001")
    again = await officer("POST", "/registry/v1/people", somebody(), idempotency_key="phone-0001")
    other = await officer("POST", "/registry/v1/people", somebody(3), idempotency_key="phone-0001")
    assert (first.status, again.status, other.status) == (201, 201, 422)
    assert first.body == again.body


async def test_a_kept_answer_is_sealed_and_forgotten_after_seven_days(house: TestHouse) -> None:
    add_towns(house)
    officer = house.caller("registry", Role.COUNTY_OFFICER)
    assert (await officer("POST", "/registry/v1/people", somebody(), idempotency_key="phone-0001")).status == 201
    inside = house.house.apps["registry"].state.house

    async def kept(after: timedelta) -> list[bytes]:
        async with inside.database.session() as session:
            await idempotency.forget_old(session, inside.schema, house.clock() + after)
            found = (await session.execute(select(inside.schema.answers.c.body))).scalars().all()
        return [bytes(body) for body in found]

    (body,) = await kept(timedelta(days=6))
    assert "折建国".encode() not in body
    assert await kept(timedelta(days=8)) == []


async def test_drugs_are_words_of_the_list_and_old_texts_are_kept_apart(house: TestHouse) -> None:
    """Earlier versions took any text by hand: it is shown as it was written, beside the words that a client can put back."""
    add_towns(house)
    officer = county_officer(house)
    person = await registered(officer, drugs=["heroin", "meth"])
    assert (person["drugs"], person["drugs_other"]) == (["heroin", "meth"], [])
    refused = await officer("POST", "/registry/v1/people", somebody(5, drugs=["海洛因片"]))
    assert (refused.status, json.loads(refused.body)["errors"][0]["pointer"]) == (422, "/drugs/0")
    with psycopg.connect(house.owner) as connection:
        connection.execute('update registry.person set drugs = \'["heroin", "一种药水"]\' where id = %s', (person["id"],))
    shown = json.loads((await officer("GET", f"/registry/v1/people/{person['id']}")).body)
    assert (shown["drugs"], shown["drugs_other"]) == (["heroin"], ["一种药水"])
