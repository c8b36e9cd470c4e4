"""Rows for every list: the county of the matrix, and what it lacks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql

from kit.call import Reply
from kit.roles import Role
from tests.gateway.matrix.county import TOWN, UPLOADER, County, a_county, sent
from tests.gateway.matrix.front import Front
from tests.precursor import county as firms
from tests.precursor.test_whole_path import published_draw

ACCOUNT = "018f0000-0000-7000-8000-0000000000bb"
"""An account with two open sessions."""
OTHER_ACCOUNT = "018f0000-0000-7000-8000-0000000000bd"
PARTNER = "partner-one"
OFFICE = "018f0000-0000-7000-8000-0000000000cc"


@dataclass
class Rows:
    """The front door, and the ids that paths need."""

    front: Front
    county: County
    ids: dict[str, str] = field(default_factory=dict)

    async def ask(self, path: str, token: str, query: str = "", body: Any = None, **headers: str) -> Reply:
        """Read a list, or search with a body."""
        method = "GET" if body is None else "POST"
        return await self.front.ask(method, path + (f"?{query}" if query else ""), token, body, {"purpose": "supervision", **headers})


async def told(rows: Rows, path: str, token: str, query: str = "") -> Any:
    """What a read answers that must succeed."""
    reply = await rows.ask(path, token, query)
    assert reply.status == 200, (path, reply.status, reply.body.decode())
    return reply.json()


def double(owner: str, table: str, **changed: object) -> None:
    """A second row that differs from the first of a table in these columns."""
    name = sql.SQL(".").join(map(sql.Identifier, table.split(".")))
    statement = sql.SQL(
        "insert into {name} select (jsonb_populate_record(null::{name}, to_jsonb(one) || %s::jsonb)).* from (select * from {name} limit 1) one"
    ).format(name=name)
    with psycopg.connect(owner) as connection:
        connection.execute(statement, (json.dumps(changed, default=str),))


async def filled(front: Front) -> Rows:
    """The whole county."""
    county = await a_county(front)
    rows = Rows(front, county, dict(county.there.ids))
    await _registry(rows)
    await _imports(rows)
    await _testing(rows)
    await _precursor(rows)
    await _alerts(rows)
    _accounts(rows)
    for name in ("auditorone", "auditortwo"):
        account = {"username": name, "password": f"{name} 府谷 2021", "roles": ["auditor"], "scope": ["610822"], "holder": "某(演示)"}
        await sent(front, "/auth/v1/accounts", account, Role.ADMINISTRATOR, subject=ACCOUNT)
    return rows


async def _registry(rows: Rows) -> None:
    front, who, owner = rows.front, rows.county.there, rows.front.house.owner
    stations = [{"code": f"ST-{n}", "name": f"演示站{n}", "division_code": TOWN} for n in (1, 2)]
    await sent(front, "/registry/v1/stations/load", stations, Role.ADMINISTRATOR)
    for year in (2019, 2020):
        path = f"/registry/v1/divisions/{TOWN}/population/{year}"
        await sent(front, path, {"persons": 30_000 + year, "source": "年报"}, Role.COUNTY_OFFICER, method="PUT")
    rows.ids["code"] = TOWN
    new = {"code": "2021-08", "name": "八月走访", "starts_on": "2021-08-01", "ends_on": "2021-08-31"}
    await sent(front, "/registry/v1/rounds", new, Role.COUNTY_OFFICER)
    path = f"/registry/v1/people/{who.id}"
    await sent(front, f"{path}/care-team", {"staff_code": "P001", "since": "2021-06-01"}, Role.COUNTY_OFFICER)
    officer = front.token(Role.COUNTY_OFFICER)
    for address in ("府谷县演示路1号", "府谷县演示路2号"):
        version = (await told(rows, path, officer))["version"]
        await sent(front, path, {"address": address, "reason": "核对"}, Role.COUNTY_OFFICER, version=version, method="PATCH")
    rows.ids["round_id"] = (await told(rows, "/registry/v1/rounds", officer, "sort=starts_on"))["items"][0]["id"]
    named = {"person_ids": [other.id for other in rows.county.others_there]}
    await sent(front, f"/registry/v1/co-management/agreements/{who.ids['agreement_id']}/persons", named, Role.COUNTY_OFFICER)
    with psycopg.connect(owner) as connection:
        for n in (1, 2):
            connection.execute(
                "insert into registry.partner_receipt (id, agreement_id, position, deleted, received_from, received_at)"
                " values (gen_random_uuid(), %s, %s, '[]', %s, now() + %s * interval '1 minute')",
                (who.ids["agreement_id"], n, PARTNER, n),
            )
    for n in (1, 2):
        notice = {
            "person_id": rows.county.others_there[n - 1].id,
            "institution": "强制隔离戒毒所",
            "notice_no": f"出{n}号",
            "division_code": TOWN,
            "released_on": "2021-07-10",
            "documents": [],
        }
        await sent(front, "/registry/v1/handovers", notice, Role.COUNTY_OFFICER)
    accepted = {"receiving_area": "140931", "document_no": "府禁移〔2021〕002号", "transferred_on": "2021-06-30"}
    for other in rows.county.others_there:
        await sent(front, "/registry/v1/co-management/transfers-out", {**accepted, "person_id": other.id}, Role.COUNTY_OFFICER)
    paths = ("/registry/v1/people/{}", "/testing/v1/subjects/{}/results", "/alerts/v1/people/{}/trajectory")
    for read in paths:
        for person in (who, rows.county.elsewhere):
            token = front.token(Role.POLICE_OFFICER, scope=("610822199",), staff_id="P002", subject=OFFICE)
            reply = await front.ask(
                "GET",
                read.format(person.id),
                token,
                headers={
                    "purpose": 'emergency; reason="%E5%85%B6%E4%BA%BA%E4%BB%8A%E5%A4%9C%E9%80%81%E5%8C%BB%E6%80%A5%E6%95%91%E4%B8%AD"'
                },
            )
            assert reply.status == 200, reply.body


async def _imports(rows: Rows) -> None:
    """Two ledgers a service: the first has two rows, an unread column, and says of one person what the register does not say."""
    front, who = rows.front, rows.county.there
    kind = {"content-type": "multipart/form-data; boundary=edge"}
    ledgers = {
        "registry": f"姓名,身份证号,现居住地,管控现状,联系电话,甲栏,乙栏\r\n{who.name},{who.id_number},府谷镇,社区康复,13900009999,一,二\r\n"
        f"{rows.county.others_there[0].name},{rows.county.others_there[0].id_number},府谷镇,社区戒毒,,一,二\r\n",
        "testing": f"姓名,身份证号,检测日期,检测结果,甲栏,乙栏\r\n{who.name},{who.id_number},2021-06-20,阴性,一,二\r\n{who.name},{who.id_number},2021-06-25,阴性,一,二\r\n",
        "precursor": "企业名称,统一社会信用代码,地址,甲栏,乙栏\r\n演示一厂,91610822MA0000001X,府谷镇,一,二\r\n演示二厂,91610822MA0000002X,府谷镇,一,二\r\n",
    }
    for service, text in ledgers.items():
        for number, content in enumerate((text, text.replace("一,二", "三,四"))):
            head = f'--edge\r\nContent-Disposition: form-data; name="files"; filename="{number}.csv"\r\nContent-Type: text/csv\r\n\r\n'.encode()
            token = front.token(Role.COUNTY_OFFICER, subject=UPLOADER)
            reply = await front.ask("POST", f"/{service}/v1/ledger-imports", token, head + content.encode() + b"\r\n--edge--\r\n", kind)
            assert reply.status == 202, reply.body
            if number == 0:
                rows.ids[f"{service}.import_id"] = reply.json()["items"][0]["id"]
    await front.house.step()


async def _testing(rows: Rows) -> None:
    front = rows.front
    for n in (1, 2):
        lab = {
            "code": f"LAB-{n}",
            "name": f"演示检测机构{n}",
            "qualification": "forensic",
            "certificate_no": f"演示-{n}",
            "designated_by": "府谷县公安局",
            "valid_from": "2020-01-01",
        }
        await sent(front, "/testing/v1/labs", lab, Role.COUNTY_OFFICER)
        campaign = {
            "name": f"演示筛查{n}",
            "division_code": "610822000000",
            "legal_ground": "本人同意",
            "starts_on": "2021-07-01",
            "ends_on": "2021-07-31",
        }
        await sent(front, "/testing/v1/campaigns", campaign, Role.COUNTY_OFFICER)
        screening = {
            "unit_name": f"演示场所{n}号",
            "division_code": TOWN,
            "screened_on": "2021-06-30",
            "ground": "consent",
            "negative": 12,
            "presumptive": [{"name": "演示某", "id_number": "990822199001010011"}],
        }
        await sent(front, "/testing/v1/screenings", screening, Role.TOWN_OFFICER, scope=(TOWN,))


async def _precursor(rows: Rows) -> None:
    house, front = rows.front.house, rows.front
    await firms.load_catalogue(house)
    await firms.take_over(house, "chemical", firms.rows_of("chemical")[:12])
    await firms.take_over_places(house)
    entries = await firms.enter_officers(house, 6)
    rows.ids["inspector_id"], head = next(iter(entries)), list(entries.values())[1]["staff_code"]
    officer = firms.county_officer(house)
    firm = firms.parsed(await officer("GET", "/precursor/v1/firms?limit=2"))["items"]
    rows.ids["firm_id"] = firm[0]["id"]
    for n in (0, 1):
        leave = {"away_from": f"2021-10-0{n + 1}", "away_to": f"2021-10-0{n + 3}"}
        firms.parsed(await officer("POST", f"/precursor/v1/inspectors/{rows.ids['inspector_id']}/leaves", leave), 201)
        recusal = {"firm_id": firm[n]["id"], "ground": "kinship", "decided_by": head, "since": "2021-06-01"}
        firms.parsed(await officer("POST", f"/precursor/v1/inspectors/{rows.ids['inspector_id']}/recusals", recusal), 201)
    patched = await officer(
        "PATCH", f"/precursor/v1/firms/{firm[0]['id']}", {"phone": "09128700000", "reason": "核对"}, if_match=f'"v{firm[0]["version"]}"'
    )
    assert patched.status == 200, patched.body
    draw = await published_draw(house)
    rows.ids["draw_id"] = draw["id"]
    listed = firms.parsed(await officer("GET", f"/precursor/v1/inspections?draw_id={draw['id']}"))["items"]
    path = f"/precursor/v1/inspections/{listed[0]['id']}"
    rows.ids["inspection_id"] = listed[0]["id"]
    first, second = (entries[officer_id] for officer_id in listed[0]["officers"])
    mine = firms.inspector(house, first["staff_code"])
    shown = [{"inspector_id": entry["id"], "certificate_no": entry["certificate_no"]} for entry in (first, second)]
    firms.parsed(
        await mine("POST", f"{path}/start", {"inspected_on": house.clock().date().isoformat(), "certificates": shown}, if_match='"v1"')
    )
    items = [item["item_no"] for item in firms.parsed(await mine("GET", f"{path}/checklist"))["items"]]
    bad = {"P12", "P11"} & set(items)
    outcomes: list[dict[str, Any]] = [
        {"item_no": item, "outcome": "correct_by_date", "note": "台账不全"} if item in bad else {"item_no": item, "outcome": "ok"}
        for item in items
    ]
    firms.parsed(await mine("POST", f"{path}/outcomes", {"outcomes": outcomes}, if_match='"v2"'))
    closing = {"party_statement": "无异议", "party_signature": "signed", "deadlines": dict.fromkeys(sorted(bad), "2021-07-26")}
    firms.parsed(await mine("POST", f"{path}/complete", closing, if_match='"v3"'))
    orders = firms.parsed(await mine("GET", f"/precursor/v1/rectifications?inspection_id={listed[0]['id']}"))["items"]
    rows.ids["rectification_id"] = orders[0]["id"]
    answer = {"answered_on": front.house.clock().date().isoformat(), "statement": "台账已补全", "evidence": ["照片1"]}
    firms.parsed(await officer("POST", f"/precursor/v1/rectifications/{orders[0]['id']}/answer", answer, if_match='"v1"'))


async def _alerts(rows: Rows) -> None:
    front, owner = rows.front, rows.front.house.owner
    await front.house.step()
    spots = [{"code": f"P{n}", "kind": "market", "division_code": TOWN, "lon": 111.06 + n / 100, "lat": 39.02} for n in (1, 2)]
    await sent(front, "/alerts/v1/places", {"places": spots}, Role.COUNTY_OFFICER)
    events = [
        {
            **spot,
            "code": f"O{n}",
            "kind": "fair",
            "starts_at": f"2021-09-0{n + 1}T08:00:00+08:00",
            "ends_at": f"2021-09-0{n + 1}T18:00:00+08:00",
        }
        for n, spot in enumerate(spots)
    ]
    await sent(front, "/alerts/v1/occasions", {"occasions": events}, Role.COUNTY_OFFICER)
    for day in ("2021-06-10", "2021-06-20"):
        bulletin = await sent(front, "/alerts/v1/bulletins", {"rhythm": "half_month", "day": day}, Role.COUNTY_OFFICER)
    published = await sent(front, f"/alerts/v1/bulletins/{bulletin['id']}/publish", {}, Role.COUNTY_OFFICER, version=bulletin["version"])
    rows.ids["bulletin_id"] = published["id"]
    double(owner, "alerts.alert", id=uuid4(), key="gathering:planted")


def _accounts(rows: Rows) -> None:
    now = rows.front.house.clock()
    with psycopg.connect(rows.front.house.owner) as connection:
        for n, key in enumerate((ACCOUNT, OTHER_ACCOUNT)):
            connection.execute(
                "insert into gateway.account (id, username, password_hash, roles, scope, totp_step, failures, state, version, created_at)"
                " values (%s, %s, 'x', '[\"county_officer\"]', '[\"610822\"]', 0, 0, 'active', 1, %s)",
                (key, f"planted{n}", now),
            )
            connection.execute(
                "insert into gateway.session (id, account_id, began_at, origin, used_at, expires_at) values (%s, %s, %s, '', %s, %s + interval '9 days')",
                (str(uuid4()), ACCOUNT, now, now, now),
            )
            connection.execute(
                "insert into gateway.client (id, name, role, scope, grants, state, version, created_at) values (%s, %s, 'agency', '[\"610822\"]', '[]', 'active', 1, %s)",
                (f"client-{n}", f"系统{n}", now),
            )
