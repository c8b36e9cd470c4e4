"""Who may see what (domain 11.1): the policies as pure functions, and every route of the registry against every role that it does not name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from deploy.routes import api_routes, guards_of
from kit.auth import Principal
from kit.problems import Forbidden
from kit.roles import Role
from services.registry.comanagement import policy as agreements
from services.registry.comanagement.errors import AgreementNotFound
from services.registry.measures import policy as measures
from services.registry.measures.errors import MeasureNotFound
from services.registry.people import policy as people
from services.registry.people.errors import PersonNotFound
from services.registry.visits import policy as visits
from services.registry.visits.errors import VisitNotFound
from tests.houses import TestHouse

TOWN, OTHER = "610822100000", "610822105000"
FIRST = UUID(int=1)


@dataclass
class Someone:
    """A person, a measure or a visit as a policy sees it."""

    division_code: str = TOWN
    state: str = "open"
    id: UUID = FIRST
    assigned_to: str | None = None
    partner_client: str = "somebody"
    status: str = "in_society"


def who(*roles: Role, scope: tuple[str, ...] = ("610822",), **more: object) -> Principal:
    """A caller."""
    return Principal("somebody", "s", frozenset(roles), scope, **more)  # pyright: ignore[reportArgumentType] - a test's short form


@pytest.mark.parametrize(
    "role",
    [Role.GRID_WORKER, Role.LEADER, Role.AUDITOR, Role.ADMINISTRATOR, Role.INSPECTOR, Role.LAB_TECHNICIAN, Role.PARTNER, Role.AGENCY],
)
def test_these_roles_open_nobody(role: Role) -> None:
    with pytest.raises(PersonNotFound):
        people.may_read(who(role), Someone(), "supervision")
    with pytest.raises(MeasureNotFound):
        measures.may_read(who(role), Someone(), Someone(), "supervision")


def test_a_town_opens_its_own_people_and_an_emergency_opens_another_towns() -> None:
    town = who(Role.TOWN_OFFICER, scope=("610822100",))
    assert people.may_read(town, Someone(), "supervision")
    with pytest.raises(PersonNotFound):
        people.may_read(town, Someone(OTHER), "supervision")
    assert people.may_read(town, Someone(OTHER), "emergency")
    with pytest.raises(PersonNotFound):
        people.may_write(town, Someone(OTHER))


def test_a_list_reaches_the_callers_towns_or_the_subjects_own_record_and_never_everybody() -> None:
    assert people.reach(who(Role.TOWN_OFFICER, scope=(TOWN,))) == {"towns": [TOWN[:9] + "%"], "ours": True}
    assert people.reach(who(Role.COUNTY_OFFICER)) == {"towns": ["610822%"]}
    assert people.reach(who(Role.SOCIAL_WORKER, scope=(TOWN,), staff_id="S1")) == {"towns": [TOWN[:9] + "%"], "team": "S1", "ours": True}
    assert people.reach(who(Role.SOCIAL_WORKER, scope=(TOWN,))).get("team") == "", "a worker whom the register does not know has no team"
    assert people.reach(who(Role.POLICE_OFFICER, scope=())) == {"towns": [], "ours": True}
    assert people.reach(who(Role.SUBJECT, scope=(), person_id=str(FIRST))) == {"person": str(FIRST)}
    assert people.reach(who(Role.SUBJECT, scope=())) == {"person": str(people.NOBODY)}


def test_a_closed_record_is_for_the_subject_and_for_a_logged_purpose_of_the_office() -> None:
    closed = Someone(state="closed")
    with pytest.raises(PersonNotFound):
        people.may_read(who(Role.COUNTY_OFFICER), closed, "supervision")
    assert people.may_read(who(Role.COUNTY_OFFICER), closed, "audit")
    with pytest.raises(PersonNotFound):
        people.may_read(who(Role.TOWN_OFFICER), closed, "audit")
    own = who(Role.SUBJECT, scope=(), person_id=str(closed.id))
    assert people.may_read(own, closed, "supervision")
    assert measures.may_read(own, Someone(), closed, "supervision")
    with pytest.raises(PersonNotFound):
        people.may_read(own, Someone(id=uuid4()), "supervision")


def test_a_measure_is_seen_where_it_is_executed_and_where_the_person_belongs() -> None:
    town = who(Role.TOWN_OFFICER, scope=("610822100",))
    assert measures.may_read(town, Someone(OTHER), Someone(TOWN), "supervision")
    assert measures.may_read(town, Someone(TOWN), Someone(OTHER), "supervision")
    with pytest.raises(MeasureNotFound):
        measures.may_change(town, Someone(OTHER), Someone(OTHER), {"town_officer"})
    with pytest.raises(Forbidden):
        measures.may_change(town, Someone(TOWN), Someone(TOWN), {"police_officer"})
    with pytest.raises(Forbidden):
        measures.may_order(town, TOWN, {"police_officer", "county_officer"})


def test_a_grid_worker_reaches_only_their_own_task_and_only_its_few_fields() -> None:
    grid = who(Role.GRID_WORKER, scope=("610822100",), staff_id="G001")
    with pytest.raises(VisitNotFound):
        visits.may_record(grid, Someone(), {"met"})
    mine = Someone(assigned_to="G001")
    assert visits.may_record(grid, mine, {"met", "visited_on"})
    with pytest.raises(Forbidden):
        visits.may_record(grid, mine, {"met", "tested"})


def test_a_partner_sees_the_agreement_that_names_it_and_was_granted_and_no_other() -> None:
    agreement, county = Someone(), "610822"
    granted = (agreements.grant_of(agreement.id),)
    assert agreements.may_see(who(Role.PARTNER, scope=(), grants=granted), agreement, county)
    for stranger in (
        who(Role.PARTNER, grants=("agreement:x",)),
        who(Role.TOWN_OFFICER, grants=granted),
        who(Role.COUNTY_OFFICER, scope=("610821",), grants=granted),
        who(Role.COUNTY_OFFICER, scope=("610822100",)),
        who(Role.COUNTY_OFFICER, scope=()),
    ):
        with pytest.raises(AgreementNotFound):
            agreements.may_see(stranger, agreement, county)
    with pytest.raises(AgreementNotFound):
        agreements.may_see(who(Role.PARTNER, grants=granted), Someone(partner_client="another"), county)


def test_a_worker_opens_the_persons_of_their_teams_and_nobody_whom_another_county_took_over() -> None:
    worker, town, office = who(Role.SOCIAL_WORKER), who(Role.TOWN_OFFICER), who(Role.COUNTY_OFFICER)
    people.may_care(worker, Someone(), "supervision", in_team=True)
    people.may_care(worker, Someone(), "emergency", in_team=False)
    with pytest.raises(PersonNotFound):
        people.may_care(worker, Someone(), "supervision", in_team=False)
    people.may_care(town, Someone(), "supervision", in_team=False)
    gone = Someone(status="transferred_out")
    people.may_care(office, gone, "supervision", in_team=False)
    people.may_care(who(Role.SUBJECT, scope=(), person_id=str(FIRST)), gone, "supervision", in_team=False)
    for caller in (town, worker, who(Role.POLICE_OFFICER)):
        with pytest.raises(PersonNotFound):
            people.may_care(caller, gone, "supervision", in_team=True)


async def test_every_route_refuses_every_role_that_it_does_not_name(house: TestHouse) -> None:
    app = house.house.apps["registry"]
    callers = {role: house.caller("registry", role) for role in Role if role is not Role.SERVICE}
    nobody = house.caller("registry", Role.COUNTY_OFFICER)
    nobody.token = lambda: "no-token"
    asked = 0
    for route in api_routes(app):
        if route.path in ("/livez", "/readyz", "/metrics"):
            continue
        path = re.sub(r"\{[a-z_]+\}", str(UUID(int=7)), route.path)
        (guard,) = guards_of(route)
        for method in route.methods:
            body = None if method == "GET" else {}
            assert (await nobody(method, path, body)).status == 401, (method, path)
            for role, caller in callers.items():
                if role not in guard.roles:
                    answer = await caller(method, path, body)
                    assert answer.status == (401 if path.startswith("/internal") else 403), (method, path, role)
                    asked += 1
    assert asked > 400
