"""`next_steps` of imports and contradictions keep their word: the walk takes each open step and tries each blocked one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count

from kit.call import Reply
from services.registry.ledgers.rules import CONFLICT, IMPORT
from tests.registry.ledgers.desk import Desk
from tests.registry.ledgers.test_reports import somebody, table
from tests.walks import Shown, Walk, torn

PEOPLE = count(1)


async def test_the_steps_of_an_import_keep_their_word(desk: Desk) -> None:
    files: dict[str, Callable[[int], str]] = {"row": somebody}

    async def begin() -> Shown:
        (job,) = await desk.upload(table(files["row"](next(PEOPLE))))
        return job

    async def read(shown: Shown) -> Shown:
        return await desk.get(f"/{shown['id']}")

    async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
        values = {"confirm": shown["confirm"], "reason": "重复上传"}
        body = {name: values[name] for name in fields}
        return await desk.caller("POST", f"{desk.path}/{shown['id']}/{event}", body, if_match=f'"v{shown["version"]}"')

    walk = await Walk(IMPORT, begin, read, send, longest=3).run()
    assert {("reported", "commit"), ("reported", "reread"), ("reported", "discard"), ("queued", "discard")} <= walk.taken
    files["row"] = partial(somebody, town="没有的镇")
    held = await Walk(IMPORT, begin, read, send, longest=1).run()
    assert held.refused == {("reported", "commit", "nothing-to-take-over")}
    await desk.house.step()
    assert torn(desk.house.owner, IMPORT, "ledger_import_change") == []


async def test_the_steps_of_a_contradiction_keep_their_word(desk: Desk) -> None:
    async def begin() -> Shown:
        number = next(PEOPLE)
        (first,) = await desk.upload(table(somebody(number, status="社会面")))
        await desk.commit(first)
        (second,) = await desk.upload(table(somebody(number, status="社会面", phone="16900000002")))
        (conflict,) = await desk.every(f"/{second['id']}/conflicts")
        return {**conflict, "import": second["id"]}

    async def read(shown: Shown) -> Shown:
        found = await desk.every(f"/{shown['import']}/conflicts")
        return {**next(one for one in found if one["id"] == shown["id"]), "import": shown["import"]}

    async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
        body = {name: {"choice": "keep", "reason": "电话已核实"}[name] for name in fields}
        path = f"{desk.path}/{shown['import']}/conflicts/{shown['id']}/{event}"
        return await desk.caller("POST", path, body, if_match=f'"v{shown["version"]}"')

    walk = await Walk(CONFLICT, begin, read, send, longest=2).run()
    assert walk.untaken() == set()
    assert torn(desk.house.owner, CONFLICT, "ledger_conflict_change") == []
    shown = await begin()
    job = await desk.get(f"/{shown['import']}")
    again = await desk.caller("POST", f"{desk.path}/{job['id']}/reread", {}, if_match=f'"v{job["version"]}"')
    assert again.status == 202, again.body
    await walk.check(await read(shown))
    assert ("open", "decide", "import-not-ready") in walk.refused
