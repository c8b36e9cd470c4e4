"""A small county made through the front door: two towns, a few people, and of each kind of record one that belongs to somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from kit.call import Reply
from kit.roles import Role
from kit.sheets.id_numbers import check_character
from tests.gateway.matrix.front import Front

TOWN = "610822100000"
OTHER_TOWN = "610822105000"
UPLOADER = "018f0000-0000-7000-8000-0000000000aa"
"""The account of the town's officer who uploads a ledger: others see their own uploads alone."""
BARN = (110.9371, 39.2502)
"""A place that explains nothing."""
AT_WORK = "2021-06-01"


@dataclass
class Somebody:
    """A person, and the ids of everything that is kept about them, by the names that paths give them."""

    name: str
    id_number: str
    phone: str
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The person's id."""
        return self.ids["person_id"]

    def shows_in(self, reply: Reply) -> list[str]:
        """What of this person an answer gives away."""
        text = reply.body.decode("utf-8", "replace")
        return [told for told in (self.id, self.name, self.id_number, self.phone, self.ids.get("measure_id", self.id)) if told in text]


@dataclass
class County:
    """Who lives here. `there` has one record of every kind; the house of `elsewhere` is the other town."""

    front: Front
    there: Somebody
    others_there: list[Somebody]
    elsewhere: Somebody


async def sent(front: Front, path: str, body: Any, role: str, *, version: int | None = None, method: str = "POST", **more: Any) -> Any:
    """Send as the role that does it; what was answered."""
    headers = {"purpose": "supervision", **({"if-match": f'"v{version}"'} if version is not None else {})}
    reply = await front.ask(method, path, front.token(role, **more), body, headers)
    assert reply.status < 300, (path, reply.status, reply.body.decode())
    return reply.json()


async def a_county(front: Front) -> County:
    """Make it."""
    towns = [
        {"code": "610822000000", "name": "府谷县", "level": "county"},
        {"code": TOWN, "name": "府谷镇", "level": "town", "parent_code": "610822000000"},
        {"code": OTHER_TOWN, "name": "新民镇", "level": "town", "parent_code": "610822000000"},
    ]
    await sent(front, "/registry/v1/divisions/load", towns, Role.ADMINISTRATOR)
    staff = [
        {"code": code, "name": name, "post": post, "sex": "male", "division_code": town}
        for code, name, post, town in (
            ("P001", "民警甲", "police_officer", TOWN),
            ("P002", "民警乙", "police_officer", TOWN),
            ("S-A", "社工甲", "social_worker", TOWN),
            ("G-A1", "网格甲", "grid_worker", TOWN),
            ("G-A2", "网格乙", "grid_worker", TOWN),
            ("S-B", "社工丙", "social_worker", OTHER_TOWN),
        )
    ]
    await sent(front, "/registry/v1/staff/load", staff, Role.ADMINISTRATOR)
    people = [await _under_treatment(front, n, TOWN) for n in (1, 2, 3)]
    elsewhere = await _under_treatment(front, 4, OTHER_TOWN)
    await front.house.step()
    county = County(front, people[0], people[1:], elsewhere)
    await _cared_for(county)
    await _agreed(county)
    await _tested(county)
    await _gathered(county)
    await _listed(county)
    return county


async def _under_treatment(front: Front, number: int, town: str) -> Somebody:
    first = f"990822{date(1981, 2, 3):%Y%m%d}{699 + 2 * number}"
    who = Somebody(f"折矩阵{'一二三四'[number - 1]}", first + check_character(first), f"1390000000{number}")
    new = {
        "id_number": who.id_number,
        "name": who.name,
        "phone": who.phone,
        "address": f"府谷县矩阵路{number}号",
        "division_code": town,
        "status": "in_society",
        "status_since": "2020-01-02",
    }
    who.ids["person_id"] = (await sent(front, "/registry/v1/people", new, Role.COUNTY_OFFICER))["id"]
    order = {
        "kind": "community_treatment",
        "division_code": town,
        "ordered_on": "2021-05-06",
        "order_no": f"府公禁社戒决字〔2021〕{number:03d}号",
        "order_organ": "府谷县公安局",
        "addiction": "addicted",
    }
    measure = await sent(front, f"/registry/v1/people/{who.id}/measures", order, Role.POLICE_OFFICER)
    for event, day, role in (("serve", "2021-05-07", Role.POLICE_OFFICER), ("report_in", "2021-05-10", Role.TOWN_OFFICER)):
        path = f"/registry/v1/measures/{measure['id']}/transitions"
        measure = await sent(front, path, {"event": event, "on": day}, role, version=measure["version"])
    who.ids["measure_id"] = measure["id"]
    return who


async def _cared_for(county: County) -> None:
    front, there = county.front, county.there
    for who, worker in ((there, "S-A"), (county.elsewhere, "S-B")):
        new = {"staff_code": worker, "since": AT_WORK}
        member = await sent(front, f"/registry/v1/people/{who.id}/care-team", new, Role.COUNTY_OFFICER)
        who.ids["membership_id"] = member["id"]
        evidence = {"inputs": {"acute_crisis": 1}, "assessed_on": AT_WORK, "reason": "近期多次求助"}
        made = await sent(front, f"/registry/v1/people/{who.id}/assessments", evidence, Role.SOCIAL_WORKER, staff_id=worker)
        who.ids["assessment_id"] = made["id"]
    new = {"code": "2021-07", "name": "七月走访", "starts_on": "2021-07-01", "ends_on": "2021-07-31"}
    await sent(front, "/registry/v1/rounds", new, Role.COUNTY_OFFICER)
    listed = await front.ask("GET", "/registry/v1/visits?limit=200", front.token(Role.COUNTY_OFFICER), headers={"purpose": "supervision"})
    visits = {visit["person_id"]: visit for visit in listed.json()["items"]}
    for who, worker in ((there, "G-A1"), (county.others_there[0], "G-A2"), (county.elsewhere, None)):
        visit = visits[who.id]
        who.ids["visit_id"] = visit["id"]
        if worker:
            where = {"staff_code": worker, "meeting_place": "村委会"}
            await sent(
                front, f"/registry/v1/visits/{visit['id']}/assignment", where, Role.TOWN_OFFICER, version=visit["version"], method="PUT"
            )


async def _agreed(county: County) -> None:
    for who, client in ((county.there, "partner-one"), (county.elsewhere, "partner-two")):
        new = {
            "name": f"共管协议 {client}",
            "partner_area": "140931",
            "partner_client": client,
            "fields": ["name", "sex", "measure_state"],
            "valid_from": "2021-01-01",
            "valid_to": "2024-01-01",
            "document_no": f"府共管〔2021〕{client}",
            "person_ids": [who.id],
        }
        made = await sent(county.front, "/registry/v1/co-management/agreements", new, Role.COUNTY_OFFICER)
        path = f"/registry/v1/co-management/agreements/{made['id']}/transitions"
        step = {"event": "accept", "on": "2021-07-01", "document_no": "保禁办函〔2021〕7号"}
        await sent(county.front, path, step, Role.COUNTY_OFFICER, version=made["version"])
        who.ids["agreement_id"] = made["id"]


async def _tested(county: County) -> None:
    front = county.front
    for who in (county.there, county.elsewhere):
        plan = {
            "person_id": who.id,
            "kind": "mandatory",
            "specimen_type": "urine",
            "due_on": front.house.clock().date().isoformat(),
            "grounds": "公安机关通知",
            "document_no": "演示-通-1",
        }
        due = await sent(front, "/testing/v1/plans", plan, Role.POLICE_OFFICER)
        who.ids["plan_id"] = due["id"]
        taking = {
            "plan_id": due["id"],
            "mode": "onsite_test",
            "specimen_type": "urine",
            "collected_at": front.house.clock().isoformat(),
            "identity_checked": True,
            "collectors": [{"staff_code": code, "sex": "male", "organ": "police"} for code in ("P001", "P002")],
            "kit_lot_id": await _a_lot(front, due["id"]),
        }
        who.ids["collection_id"] = (await sent(front, "/testing/v1/collections", taking, Role.POLICE_OFFICER))["id"]


async def _a_lot(front: Front, number: str) -> str:
    new = {
        "maker": "演示试剂厂",
        "name": "单联尿检板",
        "lot_no": number[-12:],
        "approval_no": "演示械注准20200001",
        "specimen_type": "urine",
        "panel": [{"analyte": "morphine", "cutoff_ng_ml": 300}],
        "expires_on": "2022-05-31",
    }
    return str((await sent(front, "/testing/v1/kit-lots", new, Role.POLICE_OFFICER))["id"])


async def _gathered(county: County) -> None:
    """Three who have checked in at their homes for a week meet where nothing explains it."""
    front, people = county.front, [county.there, *county.others_there]
    now = front.house.clock()
    points = [(who, now - timedelta(days=9, minutes=-n), (111.0 + n / 50, 39.1)) for n, who in enumerate(people)]
    points += [(who, now - timedelta(minutes=40 - 10 * n), BARN) for n, who in enumerate(people)]
    for number, (who, at, (lon, lat)) in enumerate(points):
        checkin = {"checkin_id": f"matrix-{number}", "person_id": who.id, "at": at.isoformat(), "lon": lon, "lat": lat, "accuracy_m": 12.0}
        await sent(front, "/alerts/v1/checkins", {"checkins": [checkin]}, Role.SUBJECT, person_id=who.id, scope=())
        await front.house.step()
    device = {"key_digest": "5f" * 32}
    await sent(front, f"/alerts/v1/people/{county.there.id}/device", device, Role.TOWN_OFFICER)
    listed = await front.ask("GET", "/alerts/v1/alerts?kind=gathering", front.token(Role.COUNTY_OFFICER))
    county.there.ids["alert_id"] = listed.json()["items"][0]["id"]


async def _listed(county: County) -> None:
    """The town's own ledger, uploaded by its officer and not yet taken over."""
    front, ledger = county.front, f"姓名,身份证号,现居住地,管控现状\r\n{county.there.name},{county.there.id_number},府谷镇,社区戒毒\r\n"
    head = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n'
    kind = {"content-type": "multipart/form-data; boundary=edge"}
    token = front.token(Role.TOWN_OFFICER, scope=(TOWN,), subject=UPLOADER)
    reply = await front.ask("POST", "/registry/v1/ledger-imports", token, head + ledger.encode() + b"\r\n--edge--\r\n", kind)
    await front.house.step()
    county.there.ids |= {"import_id": reply.json()["items"][0]["id"], "row_id": "1"}


def with_ids(body: Any, ids: Mapping[str, str]) -> Any:
    """A body that speaks of somebody: each field that is named like an id of theirs holds it."""
    if isinstance(body, dict):
        return {
            name: ids.get(name, with_ids(value, ids)) if not isinstance(value, list) else with_ids(value, ids)
            for name, value in body.items()
        }
    return [with_ids(item, ids) for item in body] if isinstance(body, list) else body
