"""Whose records these are: of another town, another person, another agreement nobody gets anything, by any row of the table."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from gateway.edge.routes import Route
from kit.call import Reply
from kit.roles import Role
from tests.gateway.matrix.county import OTHER_TOWN, TOWN, UPLOADER, County, Somebody, with_ids
from tests.gateway.matrix.front import Front, asks_for_staff, needed_headers

pytestmark = pytest.mark.anyio

NOT_PERSONAL = frozenset({"agreement_id"})
"""Ids of things that belong to the county, not to somebody in a town."""
TOWN_ROLES = (Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER)
FIGURES_ONLY = (Role.LEADER, Role.AUDITOR, Role.ADMINISTRATOR)


def names(row: Route) -> set[str]:
    """The names in a path."""
    return set(re.findall(r"\{(\w+)\}", row.path))


def about(front: Front, who: Somebody, role: str, *, personal: bool = True) -> Iterator[Route]:
    """Rows of a role that can be asked about somebody by their ids."""
    for row in front.rows():
        wanted = names(row)
        if "import_id" in wanted and row.service != "registry":
            continue
        if role in row.roles and wanted and wanted <= who.ids.keys() and (not personal or wanted - NOT_PERSONAL):
            yield row


def lists(front: Front, role: str) -> Iterator[Route]:
    """Rows of a role that read without naming anything."""
    return (row for row in front.rows("GET") if role in row.roles and not names(row) and row.rate != "stream")


async def ask(front: Front, row: Route, token: str, who: Somebody, *, query: str = "", purpose: str = "supervision") -> Reply:
    """A careful request about somebody."""
    body, kind = front.a_body(row)
    path = front.path(row, **{name: who.ids[name] for name in names(row) & who.ids.keys()})
    path += ("&" if "?" in path else "?") + query if query else ""
    return await front.ask(row.method, path, token, with_ids(body, who.ids), {**needed_headers(row), **kind, "purpose": purpose})


def filters(front: Front, row: Route, who: Somebody) -> Iterator[str]:
    """No filter, and each filter that could ask for somebody in particular."""
    yield ""
    for parameter in front.operation(row).get("parameters", []):
        if parameter["in"] == "query" and parameter["name"] in ("division_code", "parent"):
            yield f"{parameter['name']}={TOWN}"
            yield f"{parameter['name']}=6"
        elif parameter["in"] == "query" and parameter["name"] in who.ids:
            yield f"{parameter['name']}={who.ids[parameter['name']]}"


@pytest.mark.parametrize("role", TOWN_ROLES)
async def test_the_own_town_sees_what_is_asked_for(county: County, role: str) -> None:
    """The other tests mean something only if these records are there to be seen."""
    front, who = county.front, county.there
    token, unseen = front.token(role, scope=(TOWN,), staff_id="S-A", subject=UPLOADER), []
    for row in about(front, who, role):
        if row.method == "GET":
            reply = await ask(front, row, token, who)
            unseen += [] if reply.status == 200 else [f"{row.path}: {reply.status}"]
            front.checks["records of the own town"] += 1
    assert not unseen, "\n".join(unseen)
    listed = [row.path for row in lists(front, role) if who.id in (await ask(front, row, token, who)).body.decode()]
    assert {"/registry/v1/people", "/registry/v1/measures", "/registry/v1/visits", "/testing/v1/collections"} <= set(listed)


@pytest.mark.parametrize("role", TOWN_ROLES)
async def test_another_town_gets_nothing_by_any_row(county: County, role: str) -> None:
    """404 or 403 for reads and for changes; lists, with and without a filter for the other town, show nobody of it."""
    front, who = county.front, county.there
    token, leaks = front.token(role, scope=(OTHER_TOWN,), staff_id="S-B"), []
    for row in about(front, who, role):
        reply = await ask(front, row, token, who)
        front.checks["records of another town"] += 1
        if (reply.status not in (403, 404) and not asks_for_staff(reply)) or who.shows_in(reply):
            leaks.append(f"{row.method} {row.path}: {reply.status} {reply.body[:150].decode()}")
    for row in lists(front, role):
        for query in filters(front, row, who):
            reply = await ask(front, row, token, who, query=query)
            front.checks["lists of another town"] += 1
            leaks += [f"GET {row.path}?{query} shows {told}" for told in who.shows_in(reply)]
    assert not leaks, "\n".join(leaks)


@pytest.mark.parametrize("worker", ("S-B", "S-C", None))
async def test_a_worker_of_another_caseload_gets_nothing_by_any_row(county: County, worker: str | None) -> None:
    """A social worker of the same town who is not on the care team (domain 11.1: own caseload): the tests, the places and the alerts of somebody are as
    closed as the record."""
    front, who = county.front, county.there
    token, leaks = front.token(Role.SOCIAL_WORKER, scope=(TOWN,), staff_id=worker), []
    for row in about(front, who, Role.SOCIAL_WORKER):
        reply = await ask(front, row, token, who)
        front.checks["records of another caseload"] += 1
        if (reply.status not in (403, 404) and not asks_for_staff(reply)) or who.shows_in(reply):
            leaks.append(f"{row.method} {row.path}: {reply.status} {reply.body[:150].decode()}")
    for row in lists(front, Role.SOCIAL_WORKER):
        for query in filters(front, row, who):
            reply = await ask(front, row, token, who, query=query)
            front.checks["lists of another caseload"] += 1
            leaks += [f"GET {row.path}?{query} shows {told}" for told in who.shows_in(reply)]
    for row in front.rows("POST", "PUT"):
        if Role.SOCIAL_WORKER in row.roles and not names(row):
            body, _ = front.a_body(row)
            if body is not None and not isinstance(body, bytes) and with_ids(body, who.ids) != body:
                reply = await ask(front, row, token, who)
                front.checks["records about another caseload"] += 1
                if reply.status not in (403, 404, 422) or who.shows_in(reply) not in ([], [who.id]):
                    leaks.append(f"{row.method} {row.path}: {reply.status} {reply.body[:150].decode()}")
    assert not leaks, "\n".join(leaks)


@pytest.mark.parametrize("role", TOWN_ROLES)
async def test_another_town_can_record_nothing_of_somebody(county: County, role: str) -> None:
    """Bodies that name a person or a plan of the other town are refused as if there were nobody."""
    front, who = county.front, county.there
    token, taken = front.token(role, scope=(OTHER_TOWN,), staff_id="S-B"), []
    for row in front.rows("POST", "PUT"):
        if role in row.roles and not names(row):
            body, _ = front.a_body(row)
            if body is not None and not isinstance(body, bytes) and with_ids(body, who.ids) != body:
                reply = await ask(front, row, token, who)
                front.checks["records about another town"] += 1
                if reply.status not in (403, 404, 422) or who.shows_in(reply) not in ([], [who.id]):
                    taken.append(f"{row.method} {row.path}: {reply.status} {reply.body[:150].decode()}")
    assert not taken, "\n".join(taken)


@pytest.mark.parametrize("role", TOWN_ROLES)
async def test_a_search_finds_nobody_of_another_town(county: County, role: str) -> None:
    """Neither by the full ID number nor by phone, name or pinyin; the own town finds them."""
    front, who = county.front, county.there
    own = await front.ask(
        "GET", f"/registry/v1/people/{who.id}", front.token(role, scope=(TOWN,), staff_id="S-A"), headers={"purpose": "supervision"}
    )
    by_name = ({"name": who.name}, {"name": who.name, "division_code": TOWN}, {"name": own.json()["name_pinyin"]})
    for wish in ({"id_number": who.id_number}, {"phone": who.phone}, *by_name):
        for scope, found in (((TOWN,), True), ((OTHER_TOWN,), False)):
            token = front.token(role, scope=scope, staff_id="S-A")
            reply = await front.ask("POST", "/registry/v1/people/search", token, wish, {"purpose": "supervision"})
            assert reply.status == 200
            assert (who.id in reply.body.decode()) is found, (role, wish, scope)
            front.checks["searches"] += 1


async def test_a_person_reads_the_own_record_and_no_other(county: County) -> None:
    """Role `subject`: 200 on the own, 404 on anybody else's, and lists hold nobody else."""
    front, who, other = county.front, county.there, county.others_there[0]
    token, wrong = front.token(Role.SUBJECT, person_id=who.id), []
    other.ids = {**county.elsewhere.ids, **other.ids}
    for row in about(front, who, Role.SUBJECT):
        if row.method == "GET":
            own = await ask(front, row, token, who)
            wrong += [] if own.status == 200 else [f"own {row.path}: {own.status}"]
        for stranger in (county.elsewhere, other):
            if names(row) <= stranger.ids.keys():
                reply = await ask(front, row, token, stranger)
                front.checks["records of another person"] += 1
                if reply.status not in (403, 404) or stranger.shows_in(reply):
                    wrong.append(f"{row.method} {row.path} of another: {reply.status}")
    for row in lists(front, Role.SUBJECT):
        for query in filters(front, row, other):
            reply = await ask(front, row, token, other, query=query)
            wrong += [f"GET {row.path}?{query} shows {told}" for who_else in (other, county.elsewhere) for told in who_else.shows_in(reply)]
    found = await front.ask("POST", "/registry/v1/people/search", token, {"id_number": other.id_number}, {"purpose": "supervision"})
    assert found.status in (200, 403)
    assert not other.shows_in(found)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", FIGURES_ONLY)
async def test_who_sees_figures_sees_no_person(county: County, role: str) -> None:
    """Leader, auditor and administrator: no row of theirs answers with anything of anybody."""
    front, everybody = county.front, [county.there, *county.others_there, county.elsewhere]
    token, leaks = front.token(role), []
    rows = [row for row in front.rows() if role in row.roles and row.rate != "stream"]
    for row in rows:
        for who in everybody[:1] if not names(row) else everybody:
            reply = await ask(front, row, token, who, purpose="audit")
            front.checks["answers without persons"] += 1
            leaks += [f"{row.method} {row.path} shows {told}" for person in everybody for told in person.shows_in(reply)]
    assert not leaks, "\n".join(leaks)
    closed = [
        row
        for row in front.rows()
        if names(row) & {"person_id", "measure_id", "plan_id", "collection_id", "alert_id", "visit_id"} and role in row.roles
    ]
    assert closed == []


async def test_a_partner_sees_its_own_agreement_alone(county: County) -> None:
    """404 on another partner's agreement; the own one names who is in it and nobody else."""
    front, mine, other = county.front, county.there, county.elsewhere
    token = front.token(
        Role.PARTNER, subject="partner-one", session="client:partner-one", grants=(f"agreement:{mine.ids['agreement_id']}",)
    )
    wrong: list[str] = []
    for row in about(front, mine, Role.PARTNER, personal=False):
        reply = await ask(front, row, token, other, purpose="exchange")
        front.checks["another partner's agreement"] += 1
        wrong += [] if reply.status == 404 and not other.shows_in(reply) else [f"{row.method} {row.path}: {reply.status}"]
        if row.method == "GET":
            own = await ask(front, row, token, mine, purpose="exchange")
            wrong += [] if own.status == 200 and not other.shows_in(own) else [f"own {row.path}: {own.status}"]
            wrong += [f"{row.path} shows {told}" for told in mine.shows_in(own) if told != mine.name]
    for row in lists(front, Role.PARTNER):
        reply = await ask(front, row, token, mine, purpose="exchange")
        wrong += [f"{row.path} shows another's agreement"] if other.ids["agreement_id"] in reply.body.decode() else []
    assert not wrong, "\n".join(wrong)


async def test_a_grid_worker_has_a_task_and_no_file(county: County) -> None:
    """Of the own task the name and the place to meet; nothing of a colleague's, nothing by any other row."""
    front, mine, other = county.front, county.there, county.others_there[0]
    token = front.token(Role.GRID_WORKER, scope=(TOWN,), staff_id="G-A1")
    leaks: list[str] = []
    tasks = await front.ask("GET", "/registry/v1/visits/tasks", token, headers={"purpose": "supervision"})
    assert mine.shows_in(tasks) == [mine.name]
    assert other.shows_in(tasks) == []
    for row in front.rows():
        if Role.GRID_WORKER in row.roles and row.path != "/registry/v1/visits/tasks" and names(row) <= other.ids.keys():
            reply = await ask(front, row, token, other)
            front.checks["a grid worker's rows"] += 1
            leaks += [f"{row.method} {row.path} shows {told}" for told in other.shows_in(reply)]
            if names(row) and reply.status not in (403, 404) and not asks_for_staff(reply):
                leaks.append(f"{row.method} {row.path} of a colleague: {reply.status}")
    assert not leaks, "\n".join(leaks)


async def test_an_emergency_opens_a_record_with_its_reason_and_changes_nothing(county: County) -> None:
    """Break-glass reads another town's person; it never writes."""
    front, who = county.front, county.there
    token, purpose = front.token(Role.TOWN_OFFICER, scope=(OTHER_TOWN,)), 'emergency; reason="person found unconscious"'
    path = f"/registry/v1/people/{who.id}"
    assert (await front.ask("GET", path, token, headers={"purpose": purpose})).status == 200
    wrong = []
    for row in about(front, who, Role.TOWN_OFFICER):
        if row.method != "GET":
            reply = await ask(front, row, token, who, purpose=purpose)
            front.checks["changes in an emergency"] += 1
            wrong += [] if reply.status in (403, 404) or asks_for_staff(reply) else [f"{row.method} {row.path}: {reply.status}"]
    assert not wrong, "\n".join(wrong)
