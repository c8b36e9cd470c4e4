"""Registry and testing side by side over one database: real feeds, real tokens, a stepped clock. The registry speaks through its own outbox."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import psycopg

from deploy.compose import House, HouseSettings, _Neighbours, _service
from deploy.folder import DataFolder
from deploy.keys import Keys
from kit.auth import Organisation
from kit.call import Reply
from kit.clock import SteppedClock
from kit.db import new_id
from kit.outbox import Event, append_all, event_row
from kit.roles import Role
from kit.work import system_work
from services.registry.events import MeasureEvent, MeasureReportedIn, PersonRegistered
from services.testing.staff.teams import CareTeams
from tests.houses import START, Caller, Template, TestHouse, copied

TOWN = "610822100000"
OTHER_TOWN = "610822105000"


@dataclass
class Street(TestHouse):
    """The two houses, with the words that tests need."""

    async def say(self, *news: tuple[Event, UUID]) -> None:
        """The registry publishes events in one transaction, as a ledger intake does."""
        registry = self.house.apps["registry"].state.house
        async with registry.database.session() as session:
            work = system_work(registry, session, "test", "registry/test")
            rows = [event_row(event, person, event.model_dump()["division_code"], work.origin) for event, person in news]
            await append_all(session, registry.schema, rows)
            await session.commit()

    async def hear(self) -> None:
        """Testing follows, and its jobs run."""
        await self.step()

    async def run(self, job: Any) -> None:
        """Run one of testing's periodic jobs now."""
        await job(self.house.apps["testing"].state.house)

    def person(self, *roles: str, **more: Any) -> Caller:
        """Somebody at testing's door."""
        return self.caller("testing", *roles, **more)

    def carer(self, *people: UUID, code: str = "S001", **more: Any) -> Caller:
        """A social worker on the care teams of these people, as the registry told a moment ago."""
        app = self.house.apps["testing"].state.house
        app.part(CareTeams).remember(code, people, self.clock())
        return self.person(Role.SOCIAL_WORKER, staff_id=code, **more)

    def laboratory(self, lab_id: str, **more: Any) -> Caller:
        """Somebody who works for one laboratory."""
        return self.person(Role.LAB_TECHNICIAN, organisation=Organisation("laboratory", lab_id), **more)

    def count(self, query: str, *parameters: Any) -> Any:
        """One value from behind the wall."""
        with psycopg.connect(self.owner) as connection:
            row = connection.execute(query.encode(), parameters).fetchone()
        return None if row is None else row[0]

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The data of testing's published events of one type, oldest first."""
        with psycopg.connect(self.owner) as connection:
            return [row[0] for row in connection.execute("select data from testing.outbox where type = %s order by id", (kind,)).fetchall()]


@contextlib.asynccontextmanager
async def open_street(template: Template) -> AsyncIterator[Street]:
    """Registry and testing over a fresh copy of the template."""
    with copied(template) as owner:
        clock, folder = SteppedClock(START), DataFolder(template.data_dir)
        settings = HouseSettings(template.data_dir, owner, background=False)
        apps: dict[str, Any] = {}
        neighbours = _Neighbours(folder, apps, embedded=True)
        for name in ("registry", "testing"):
            apps[name] = _service(name, settings, folder, Keys(folder), clock, neighbours)
        apps[
            "registry"
        ].state.followers = []  # testing is followed by nobody here; the registry's other neighbours do not live on this street
        house = House(apps["testing"], apps, clock)
        await house.start()
        try:
            street = Street(house, Keys(folder), clock, owner)
            await _take_on_staff(street)
            yield street
        finally:
            await house.stop()


STAFF = (
    *((f"P00{n}", "police_officer", "male" if n < 3 else "female") for n in range(1, 5)),
    ("T001", "town_officer", "male"),
    ("T002", "town_officer", "male"),
    ("S001", "social_worker", "male"),
    ("S002", "social_worker", "male"),
    ("G001", "grid_worker", "male"),
    ("F001", "family", "male"),
)
"""The county's staff, by number, post and sex. P009 left in May; nobody has said the sex of P010."""


async def _take_on_staff(street: Street) -> None:
    rows: list[dict[str, Any]] = [
        {"code": code, "name": f"演示{code}", "post": post, "sex": sex, "division_code": TOWN} for code, post, sex in STAFF
    ]
    rows.append(
        {"code": "P009", "name": "演示P009", "post": "police_officer", "sex": "male", "division_code": TOWN, "valid_to": "2021-06-01"}
    )
    rows.append({"code": "P010", "name": "演示P010", "post": "police_officer", "division_code": TOWN})
    reply = await street.caller("registry", Role.COUNTY_OFFICER)("POST", "/registry/v1/staff/load", rows)
    assert reply.status == 200, reply.body


def registered(town: str = TOWN, sex: str = "male") -> PersonRegistered:
    """A person entered the register."""
    return PersonRegistered(division_code=town, status="community_treatment", status_since=date(2021, 1, 4), sex=sex)


def measure(
    kind: type[MeasureEvent] = MeasureReportedIn,
    measure_id: UUID | None = None,
    *,
    of: str = "community_treatment",
    state: str = "active",
    on: date = date(2021, 7, 1),
    start: date | None = date(2021, 6, 8),
    end: date | None = date(2024, 6, 8),
    town: str = TOWN,
) -> MeasureEvent:
    """What the registry says of a measure."""
    return kind(measure_id=measure_id or new_id(), kind=of, state=state, division_code=town, on=on, term_start=start, term_end=end)


async def someone_under_treatment(street: Street, sex: str = "male", town: str = TOWN) -> tuple[UUID, UUID]:
    """A person whose treatment began on 8 June 2021: the first test is due on 8 July, its window opened on the 1st. Returns (person, measure)."""
    person, order = new_id(), new_id()
    await street.say((registered(town, sex), person), (measure(measure_id=order, town=town), person))
    await street.hear()
    return person, order


def body(reply: Reply) -> Any:
    """The JSON of an answer."""
    return json.loads(reply.body)


async def due_of(street: Street, officer: Caller, day: str = "2021-07-01", until: str = "2021-07-31") -> list[dict[str, Any]]:
    """The due list of the officer's towns."""
    reply = await officer("GET", f"/testing/v1/plans/due?from={day}&to={until}")
    assert reply.status == 200, reply.body
    return body(reply)["items"]


PANEL = ("morphine", "methamphetamine", "ketamine")


async def a_lot(street: Street, lot_no: str = "20210501", *, expires: str = "2022-05-31", panel: Sequence[str] = PANEL) -> str:
    """A kit lot in date; its id."""
    police = street.person(Role.POLICE_OFFICER)
    new = {
        "maker": "演示试剂厂",
        "name": "三联尿检板",
        "lot_no": lot_no,
        "approval_no": "演示械注准20200001",
        "specimen_type": "urine",
        "panel": [{"analyte": analyte, "cutoff_ng_ml": 300 if analyte == "morphine" else 1000} for analyte in panel],
        "expires_on": expires,
    }
    reply = await police("POST", "/testing/v1/kit-lots", new)
    assert reply.status == 201, reply.body
    return str(body(reply)["id"])


async def a_lab(street: Street, code: str, qualification: str = "forensic") -> str:
    """A designated laboratory; its id."""
    police = street.person(Role.POLICE_OFFICER)
    new = {
        "code": code,
        "name": f"演示鉴定中心{code}",
        "qualification": qualification,
        "certificate_no": f"演示-{code}",
        "designated_by": "府谷县公安局",
        "valid_from": "2020-01-01",
    }
    reply = await police("POST", "/testing/v1/labs", new)
    assert reply.status == 201, reply.body
    return str(body(reply)["id"])


def taking(plan_id: str, lot_id: str | None, street: Street, **more: Any) -> dict[str, Any]:
    """A collection of urine by two policemen, now."""
    staff = [{"staff_code": code} for code in ("P001", "P002")]
    return {
        "plan_id": plan_id,
        "mode": "onsite_test",
        "specimen_type": "urine",
        "collected_at": street.clock().isoformat(),
        "identity_checked": True,
        "collectors": staff,
        "kit_lot_id": lot_id,
        **more,
    }


def showing(street: Street, code: str = "negative", **more: Any) -> dict[str, Any]:
    """An on-site result: every strip negative but methamphetamine, which shows `code`."""
    now = street.clock().isoformat()
    return {
        "results": {**dict.fromkeys(PANEL, "negative"), "methamphetamine": code},
        "tested_at": now,
        "testers": ["P001", "P002"],
        "told_at": now,
        "right_to_object_told": True,
        "signed_by_subject": True,
        **more,
    }


SEALS = {"a": "FG-A-0001", "b": "FG-B-0001"}


async def collected(street: Street, officer: Caller, plan_id: str, lot_id: str | None, **more: Any) -> dict[str, Any]:
    """Collect; the answer's body."""
    reply = await officer("POST", "/testing/v1/collections", taking(plan_id, lot_id, street, **more))
    assert reply.status == 201, reply.body
    return body(reply)


async def moved_on(officer: Caller, taken: dict[str, Any], step: str, new: dict[str, Any], status: int = 200) -> dict[str, Any]:
    """Take a step of the chain with the present version; the answer's body."""
    reply = await officer("POST", f"/testing/v1/collections/{taken['id']}/{step}", new, if_match=f'"v{taken["version"]}"')
    assert reply.status == status, reply.body
    return body(reply)


def a_day_later(street: Street, days: int = 1) -> None:
    """Let days pass."""
    street.clock.advance(timedelta(days=days))
