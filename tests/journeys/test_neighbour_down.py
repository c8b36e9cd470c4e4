"""A neighbour that is down: 503 for its routes alone, and afterwards its followers know everything once. Real processes, killed while events stream.

Two officers keep registering people and ordering measures, each request with an Idempotency-Key and sent again until it is answered. Whatever is killed
meanwhile, in the end the register, the test plans and the alerts' projection agree: one of each for every person that an officer was told of.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
import pytest

from tests.journeys.street import Caller, Street, load_towns, street
from tests.registry.people_data import an_order, somebody

pytestmark = pytest.mark.slow
SEED = 20210701
KILLS = ("testing",) * 3 + ("registry", "gateway", "alerts") * 2 + ("precursor",)
WITHIN = 180
"""Seconds for all kills of the random schedule and the catching up: about forty on an idle machine."""

PLANS = """
select measure_id::text, count(*), count(distinct number), string_agg(due_on::text, ' ' order by due_on) from testing.due_test
 where specimen_type = 'urine' group by measure_id"""
WATCHED = "select measure_id::text, state from alerts.watched"
SAID = "select data ->> 'measure_id', type, count(*) from registry.outbox where type like 'measure.%%' group by 1, 2"
REFUSED = """
select 'event', error from testing.inbox_parked union all select 'event', error from alerts.inbox_parked
union all select 'job', task_name from testing.procrastinate_jobs where status = 'failed'
union all select 'job', task_name from alerts.procrastinate_jobs where status = 'failed'"""
DUE = "/testing/v1/plans/due?from=2021-07-01&to=2021-07-31"


@dataclass
class Office:
    """Officers at work, and what they were told."""

    run: Street
    officer: Caller
    http: httpx.AsyncClient
    told: dict[str, str] = field(default_factory=dict)
    """Measure → person, of every measure that was answered as running."""
    _next: int = 0
    _grown: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def work(self) -> None:
        """One person after the other, for ever."""
        while True:
            self._next += 1
            person, measure = await self.put_under_treatment(self._next)
            async with self._grown:
                self.told[measure] = person
                self._grown.notify_all()

    async def put_under_treatment(self, sequence: int) -> tuple[str, str]:
        """Register, order, serve, report in; each step sent with its own key until it is answered."""
        made = await self._send("/registry/v1/people", somebody(sequence, status="community_treatment"), 201)
        person = str(made.json()["id"])
        step = await self._send(f"/registry/v1/people/{person}/measures", an_order(ordered_on="2021-06-20"), 201)
        measure = str(step.json()["id"])
        for event, on in (("serve", "2021-06-22"), ("report_in", "2021-06-28")):
            path = f"/registry/v1/measures/{measure}/transitions"
            step = await self._send(path, {"event": event, "on": on}, 200, if_match=step.headers["etag"])
        assert step.json()["state"] == "active"
        return person, measure

    async def _send(self, path: str, body: object, status: int, **headers: str) -> httpx.Response:
        answer = await self.officer.surely("POST", path, body, idempotency_key=str(uuid4()), **headers)
        assert answer.status_code == status, answer.text
        return answer

    async def more(self, count: int) -> None:
        """Wait until that many more people are under treatment."""
        goal = len(self.told) + count
        async with self._grown:
            await self._grown.wait_for(lambda: len(self.told) >= goal)

    async def agree(self) -> None:
        """Register, plans and projection hold the same: nothing lost, nothing twice."""
        await self.run.whole()
        await self.run.heard("registry", "testing", "alerts")
        assert self.run.query(REFUSED) == [], self.run.told()
        register = await self.register()
        assert {measure: person for measure, person in register.items() if measure in self.told} == self.told
        assert max(Counter(register.values()).values()) == 1, "nobody was registered or ordered twice"
        said = {(measure, kind): count for measure, kind, count in self.run.query(SAID)}
        assert {said[measure, "measure.reported_in"] for measure in register} == {1}
        plans = {measure: (tests, numbers, days) for measure, tests, numbers, days in self.run.query(PLANS)}
        assert plans.keys() == register.keys()
        assert len(set(plans.values())) == 1, "all have the same term, so all have the same plan"
        tests, numbers, _ = next(iter(plans.values()))
        assert tests == numbers > 20
        assert dict(self.run.query(WATCHED)).items() >= dict.fromkeys(register, "active").items()

    async def register(self) -> dict[str, str]:
        """Running measures and their persons, as the registry tells."""
        found: dict[str, str] = {}
        path = "/registry/v1/measures?state=active&limit=200"
        after = ""
        while True:
            page = (await self.officer.surely("GET", path + after)).json()
            found |= {item["id"]: item["person_id"] for item in page["items"]}
            if page["next"] is None:
                return found
            after = f"&cursor={page['next']}"


@asynccontextmanager
async def at_work(office: Office) -> AsyncIterator[None]:
    """Two officers work while the block runs; it ends with the first that meets an answer it should not get."""
    async with asyncio.TaskGroup() as group:
        working = [group.create_task(office.work()) for _ in range(2)]
        yield
        for task in working:
            task.cancel()  # wherever they are: an officer may leave the room at any time


@pytest.fixture(scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A street in five processes, and its county office."""
    async with street(tmp_path_factory.mktemp("street") / "data", processes=True) as run, run.knock() as http:
        await run.open_accounts(http)
        officer = await run.sign_in(http, "county_officer")
        await load_towns(officer)
        yield Office(run, officer, http)


async def is_closed(office: Office, path: str) -> None:
    """The route answers 503 as a problem that says when to come again."""
    answer = await office.officer("GET", path)
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) >= 1


async def is_open(office: Office, path: str) -> None:
    """The route answers."""
    answer = await office.officer("GET", path)
    assert answer.status_code == 200, answer.text


async def test_testing_down_closes_its_own_routes_and_then_catches_up(office: Office) -> None:
    async with at_work(office):
        await office.more(2)
        await office.run.kill("testing")
        await is_closed(office, DUE)
        await is_open(office, "/registry/v1/people")
        await office.more(3)
        await office.run.back("testing")
        await is_open(office, DUE)
        await office.more(2)
    await office.agree()


async def test_the_registry_down_leaves_what_testing_knows_readable(office: Office) -> None:
    async with at_work(office):
        await office.more(1)
        await office.run.kill("registry")
        await is_closed(office, "/registry/v1/people")
        await is_open(office, DUE)
        ready = await office.http.get("/readyz")
        await office.run.back("registry")
        await office.more(2)
    assert ready.status_code == 503 or ready.json()["parts"]["registry"] == "ok", "a report is a second old at most"
    await office.agree()


async def test_the_gateway_down_costs_patience_alone(office: Office) -> None:
    async with at_work(office):
        await office.more(1)
        await office.run.kill("gateway")
        with pytest.raises(httpx.TransportError):
            await office.officer("GET", "/registry/v1/people")
        await office.more(2)
    await office.agree()


async def test_ten_kills_at_random_lose_nothing_and_do_nothing_twice(office: Office) -> None:
    chance = random.Random(SEED)
    schedule = chance.sample(KILLS, len(KILLS))
    async with asyncio.timeout(WITHIN):
        async with at_work(office):
            for app in schedule:
                await office.run.back(app)
                await office.more(chance.randint(0, 2))
                await office.run.kill(app)
            await office.more(1)
        await office.agree()
