"""`next_steps` of firms, draws, visits and orders keep their word: the walk takes each open step and tries each blocked one."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from kit.call import Reply
from kit.roles import Role
from services.precursor.draws.rules.steps import MACHINE as DRAW
from services.precursor.draws.rules.steps import REPLACEMENT
from services.precursor.firms.rules import MACHINE as FIRM
from services.precursor.inspections.rules import MACHINE as INSPECTION
from services.precursor.rectifications.rules import MACHINE as RECTIFICATION
from tests.houses import Caller, TestHouse
from tests.precursor import county
from tests.precursor.county import parsed
from tests.walks import Shown, Walk, torn

TODAY = "2021-07-01"
NUMBERS = count(1)


async def prepared(house: TestHouse) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Three officers who inspect precursors, and firms that they have power over."""
    await county.load_catalogue(house)
    await county.take_over(house, "chemical")
    entries = [*(await county.enter_officers(house, 3)).values()]
    firms = parsed(await county.county_officer(house)("GET", "/precursor/v1/firms?kind=chemical&limit=100"))["items"]
    return entries, firms


async def test_the_steps_of_a_firm_keep_their_word(house: TestHouse) -> None:
    _, firms = await prepared(house)
    officer = county.county_officer(house)

    async def read(shown: Shown) -> Shown:
        return parsed(await officer("GET", f"/precursor/v1/firms/{shown['id']}"))

    async def begin() -> Shown:
        return await read(firms[next(NUMBERS)])

    async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
        values = {"state": "closed" if event == "close" else "active", "reason": "演示理由"}
        body = {name: values[name] for name in fields}
        return await officer("PATCH", f"/precursor/v1/firms/{shown['id']}", body, if_match=f'"v{shown["version"]}"')

    walk = await Walk(FIRM, begin, read, send, longest=3).run()
    assert walk.untaken() == set()
    assert torn(house.owner, FIRM, "firm_step", begun=False) == []


class Visits:
    """Visits after a complaint, by two officers of the emergency management."""

    def __init__(self, house: TestHouse, entries: list[dict[str, Any]], firms: list[dict[str, Any]]) -> None:
        self.house, self.entries, self.firms = house, entries, firms
        self.mine = county.inspector(house, entries[0]["staff_code"])
        self.numbers = count()

    async def opened(self, window_from: str = TODAY) -> Shown:
        new = {
            "firm_id": self.firms[next(self.numbers)]["id"],
            "source": "complaint",
            "ground": f"举报{next(NUMBERS)}号",
            "officers": [entry["id"] for entry in self.entries[:2]],
            "window_from": window_from,
            "window_to": "2021-07-31",
        }
        return parsed(await self.mine("POST", "/precursor/v1/inspections", new), 201)

    async def read(self, shown: Shown) -> Shown:
        return parsed(await self.mine("GET", f"/precursor/v1/inspections/{shown['id']}"))

    async def send(self, shown: Shown, event: str, fields: list[str], caller: Caller | None = None) -> Reply:
        path = f"/precursor/v1/inspections/{shown['id']}"
        certificates = [{"inspector_id": one["id"], "certificate_no": one["certificate_no"]} for one in self.entries[:2]]
        items = parsed(await self.mine("GET", f"{path}/checklist"))["items"]
        outcomes: list[dict[str, Any]] = [{"item_no": item["item_no"], "outcome": "ok"} for item in items]
        outcomes = [one for one in outcomes if one["item_no"] != "P12"]
        outcomes.append({"item_no": "P12", "outcome": "correct_by_date", "note": "销售台账缺购买方地址"})
        values: dict[str, Any] = {
            "inspected_on": self.house.clock().date().isoformat(),
            "certificates": certificates,
            "outcomes": outcomes,
            "party_statement": "无异议",
            "party_signature": "signed",
            "deadlines": {"P12": "2021-07-26"},
            "result_category": "ended_without_result",
            "ended_on": self.house.clock().date().isoformat(),
            "reason": "企业停产",
        }
        wanted = [*fields, "deadlines"] if event == "complete" else fields
        route = "outcomes" if event == "record" else event
        return await (caller or self.mine)(
            "POST", f"{path}/{route}", {name: values[name] for name in wanted}, if_match=f'"v{shown["version"]}"'
        )


async def test_the_steps_of_a_visit_keep_their_word(house: TestHouse) -> None:
    visits = Visits(house, *await prepared(house))
    walk = await Walk(INSPECTION, visits.opened, visits.read, visits.send, longest=4).run()
    assert walk.untaken() == set()
    assert ("started", "complete", "checklist-open") in walk.refused
    assert torn(house.owner, INSPECTION, "inspection_step") == []
    late = await visits.opened("2021-07-20")
    await walk.check(await visits.read(late))
    assert {("planned", "start", "before_window"), ("planned", "end", "before_window")} <= walk.refused


async def test_who_does_not_visit_is_told_so_before_and_after(house: TestHouse) -> None:
    entries, firms = await prepared(house)
    visits = Visits(house, entries, firms)
    opened = await visits.opened()
    for caller, code in (
        (county.inspector(house, entries[2]["staff_code"]), "not_its_officer"),
        (county.inspector(house, "E999"), "role"),
        (county.county_officer(house), "role"),
    ):

        async def read(shown: Shown, caller: Caller = caller) -> Shown:
            return parsed(await caller("GET", f"/precursor/v1/inspections/{shown['id']}"))

        async def send(shown: Shown, event: str, fields: list[str], caller: Caller = caller) -> Reply:
            return await visits.send(shown, event, fields, caller)

        walk = Walk(INSPECTION, visits.opened, read, send)
        await walk.check(await read(opened))
        assert walk.refused == {("planned", "start", code), ("planned", "end", code)}
        listed = parsed(await caller("GET", "/precursor/v1/inspections"))["items"]
        assert listed[0]["next_steps"] == (await read(opened))["next_steps"], "a list says what the detail says"


async def test_the_steps_of_an_order_keep_their_word(house: TestHouse) -> None:
    entries, firms = await prepared(house)
    visits = Visits(house, entries, firms)

    async def begin() -> Shown:
        visit = await visits.opened()
        for event, fields in (
            ("start", ["inspected_on", "certificates"]),
            ("record", ["outcomes"]),
            ("complete", ["party_statement", "party_signature"]),
        ):
            visit = parsed(await visits.send(visit, event, fields))
        (order,) = parsed(await visits.mine("GET", f"/precursor/v1/rectifications?inspection_id={visit['id']}"))["items"]
        return await read(order)

    async def read(shown: Shown) -> Shown:
        return parsed(await visits.mine("GET", f"/precursor/v1/rectifications/{shown['id']}"))

    def sending(caller: Caller) -> Any:
        async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
            outcome = {"close": "corrected", "order_again": "not_corrected", "pass_on": "passed_on"}.get(event)
            values: dict[str, Any] = {
                "answered_on": TODAY,
                "statement": "台账已补全",
                "checked_on": TODAY,
                "officers": [entry["id"] for entry in entries[:2]],
                "outcome": outcome,
                "note": "现场复查",
                "new_deadline": "2021-07-30",
                "passed_to": shown["competent"][0],
            }
            path = f"/precursor/v1/rectifications/{shown['id']}/{'answer' if event == 'answer' else 'recheck'}"
            return await caller("POST", path, {name: values[name] for name in fields}, if_match=f'"v{shown["version"]}"')

        return send

    walk = await Walk(RECTIFICATION, begin, read, sending(visits.mine), longest=3).run()
    assert walk.untaken() == set()
    assert torn(house.owner, RECTIFICATION, "rectification_step", "rectification_id", "state", "action") == []
    foreign = county.an_officer(90, "drug_administration")
    parsed(await county.county_officer(house)("POST", "/precursor/v1/inspectors", foreign), 201)
    stranger = county.inspector(house, foreign["staff_code"])

    async def seen(shown: Shown) -> Shown:
        return parsed(await stranger("GET", f"/precursor/v1/rectifications/{shown['id']}"))

    other = Walk(RECTIFICATION, begin, seen, sending(stranger))
    await other.check(await seen(await begin()))
    assert {(event, reason) for _, event, reason in other.refused} == {
        (event, "other_authority") for event in ("close", "order_again", "pass_on")
    }


VALUES = {"public_values": county.BALLS, "public_reference": "中国福利彩票网 2021-07-04 开奖公告"}


class Draws:
    """A draw as one of its planners sees it."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller

    async def read(self, shown: Shown) -> Shown:
        return parsed(await self.caller("GET", f"/precursor/v1/draws/{shown['id']}"))

    async def send(self, shown: Shown, event: str, fields: list[str]) -> Reply:
        values = {
            **VALUES,
            "reason": "technical_failure",
            "note": "演示理由",
            "document_no": "府禁办〔2021〕9号",
            "firm_id": shown.get("firm_id"),
        }
        route = {"enter_values": "public-values", "set_aside": "set-aside", "propose_replacement": "replacements"}.get(event, event)
        body = {name: values[name] for name in fields}
        return await self.caller("POST", f"/precursor/v1/draws/{shown['id']}/{route}", body, if_match=f'"v{shown["version"]}"')

    async def take(self, shown: Shown, event: str) -> Shown:
        """An open step is accepted, and leads where it says."""
        shown = {**shown, **await self.read(shown)}
        (step,) = [one for one in shown["next_steps"] if one["event"] == event]
        assert step["blocked_by"] == []
        reply = await self.send(shown, event, step["fields"])
        assert reply.status in (200, 201), (event, reply.body)
        shown = {**shown, **await self.read(shown)}
        assert shown["state"] == step["to"]
        return shown

    async def check(self, shown: Shown) -> set[tuple[str, str]]:
        """Every blocked step is refused for its reason; (step, reason) of all."""

        async def begin() -> Shown:
            return shown

        walk = Walk(DRAW, begin, self.read, self.send)
        await walk.check(await self.read(shown))
        return {(event, reason) for _, event, reason in walk.refused}


async def test_the_steps_of_a_draw_keep_their_word(house: TestHouse) -> None:
    await prepared(house)
    first, second = Draws(county.county_officer(house)), Draws(county.second_officer(house))
    planned = parsed(await first.caller("POST", "/precursor/v1/draws", county.a_draw()), 201)
    await first.take(planned, "set_aside")
    draw = parsed(await first.caller("POST", "/precursor/v1/draws", county.a_draw(redraw_of=planned["id"])), 201)
    assert await first.check(draw) == set()
    draw = await first.take(draw, "commit")
    assert ("enter_values", "draw-too-early") in await first.check(draw)
    house.clock.advance(timedelta(days=5))
    assert await first.check(draw) == {("reveal", "draw-values-missing")}
    draw = await first.take(draw, "enter_values")
    assert await first.check(draw) == {("reveal", "second-person")}
    draw = await second.take(draw, "reveal")
    assert await first.check(draw) == {("close", "visits_left")}
    leader = Draws(house.caller("precursor", Role.TOWN_OFFICER))
    assert {reason for _, reason in await leader.check(draw)} == {"role"}
    visit = parsed(await first.caller("GET", f"/precursor/v1/inspections?draw_id={draw['id']}"))["items"][0]
    gone = {"state": "closed", "reason": "注销"}
    parsed(await first.caller("PATCH", f"/precursor/v1/firms/{visit['firm_id']}", gone, if_match='"v1"'))
    draw = await first.take({**draw, "firm_id": visit["firm_id"]}, "propose_replacement")
    await _a_replacement(house, draw)
    assert torn(house.owner, DRAW, "draw_step", "draw_id", "state", "action") == []


async def _a_replacement(house: TestHouse, draw: Shown) -> None:
    """The proposer does not sign; another person refuses or signs; what nobody can settle any more is not signed."""
    first, second = county.county_officer(house), county.second_officer(house)
    path = f"/precursor/v1/draws/{draw['id']}/replacements"

    def of(caller: Caller) -> Walk:
        async def read(shown: Shown) -> Shown:
            version = parsed(await caller("GET", f"/precursor/v1/draws/{draw['id']}"))["version"]
            found = parsed(await caller("GET", path))["items"]
            return {**next(one for one in found if one["id"] == shown["id"]), "version": version}

        async def begin() -> Shown:
            (row,) = [one for one in parsed(await caller("GET", path))["items"] if one["state"] == "proposed"]
            return await read(row)

        async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
            body = dict.fromkeys(fields, "先核实")
            return await caller("POST", f"{path}/{shown['id']}/{event}", body, if_match=f'"v{shown["version"]}"')

        return Walk(REPLACEMENT, begin, read, send)

    own = of(first)
    await own.check(await own.begin())
    assert own.refused == {("proposed", "sign", "second-person"), ("proposed", "refuse", "second-person")}
    another = of(second)
    shown = await another.begin()
    parsed(await first("PATCH", f"/precursor/v1/firms/{shown['leaves']}", {"state": "active", "reason": "误登"}, if_match='"v2"'))
    await another.check(await another.begin())
    assert another.refused == {("proposed", "sign", "no_ground")}
    parsed(await first("PATCH", f"/precursor/v1/firms/{shown['leaves']}", {"state": "closed", "reason": "注销"}, if_match='"v3"'))
    for event in ("refuse", "sign"):
        shown = await another.begin()
        (step,) = [one for one in shown["next_steps"] if one["event"] == event]
        assert step["blocked_by"] == []
        reply = await another.send(shown, event, step["fields"])
        assert reply.status == 200, reply.body
        shown = await another.read(shown)
        assert (shown["state"], shown["next_steps"]) == (step["to"], [])
        if event == "refuse":
            proposal = {"firm_id": shown["leaves"], "note": "再次申请"}
            assert (await first("POST", path, proposal, if_match=f'"v{shown["version"]}"')).status == 201
    assert torn(house.owner, REPLACEMENT, "draw_replacement_step") == []
