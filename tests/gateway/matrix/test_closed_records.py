"""The day after: supervision has ended, and the record is the person's and of whoever is named for it, by any row of the table (domain 2.5, 11.1)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.edge.routes import Route
from kit.roles import Role
from tests.gateway.matrix.county import TOWN, UPLOADER, County, a_county, sent
from tests.gateway.matrix.front import Front
from tests.gateway.matrix.test_scopes import about, ask, filters, lists
from tests.houses import Template, open_house

pytestmark = pytest.mark.anyio

ONCE_CARED = (Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER, Role.GRID_WORKER)


def about_a_file(row: Route) -> bool:
    """Rows of an uploaded file show what stands in the file."""
    return "{import_id}" in row.path


def of_another_matter(row: Route) -> bool:
    """Alerts and agreements go on without the person."""
    return about_a_file(row) or "{alert_id}" in row.path or "{agreement_id}" in row.path


def an_open_chain(row: Route, role: str) -> bool:
    """A specimen whose chain is not at its end, its objection with it, goes on before the police and the county (DTP art. 10-15)."""
    return (
        role in (Role.POLICE_OFFICER, Role.COUNTY_OFFICER)
        and "/testing/v1/" in row.path
        and ("collections" in row.path or "results" in row.path)
    )


@pytest.fixture(scope="module")
async def ended(template: Template, front: Front) -> AsyncIterator[County]:
    """A county in which one person's supervision ended, with a visit and a test behind them."""
    async with open_house(template) as opened:
        own = Front(opened, published=front.published, listed=front.listed)
        county = await a_county(own)
        there = county.there
        record = {"visited_on": "2021-07-01", "met": True}
        path = f"/registry/v1/visits/{there.ids['visit_id']}/outcome"
        await sent(own, path, record, Role.TOWN_OFFICER, version=2, method="PUT")
        person = (
            await own.ask("GET", f"/registry/v1/people/{there.id}", own.token(Role.COUNTY_OFFICER), headers={"purpose": "audit"})
        ).json()
        standing = {"status": "dead", "since": "2021-07-01", "reason": "病故"}
        await sent(own, f"/registry/v1/people/{there.id}/standings", standing, Role.COUNTY_OFFICER, version=person["version"])
        await own.house.step()
        yield county


@pytest.mark.parametrize("role", ONCE_CARED)
async def test_who_once_cared_finds_nobody_any_more(ended: County, role: str) -> None:
    """404 or 403 for each read; no list, filtered or not, and no search names the person."""
    front, who = ended.front, ended.there
    token, leaks = front.token(role, scope=(TOWN,), staff_id="G-A1" if role == Role.GRID_WORKER else "S-A", subject=UPLOADER), []
    for row in (row for row in about(front, who, role) if not an_open_chain(row, role)):
        reply = await ask(front, row, token, who)
        if row.method == "GET" and not of_another_matter(row) and reply.status not in (403, 404):
            leaks.append(f"GET {row.path}: {reply.status}")
        if not about_a_file(row):
            leaks += [f"{row.method} {row.path} shows {told}" for told in who.shows_in(reply)]
        front.checks["a closed record and who once cared"] += 1
    for row in (row for row in lists(front, role) if not an_open_chain(row, role)):
        for query in filters(front, row, who):
            reply = await ask(front, row, token, who, query=query)
            front.checks["lists without a closed record"] += 1
            leaks += [f"GET {row.path}?{query} shows {told}" for told in who.shows_in(reply)]
    found = await front.ask("POST", "/registry/v1/people/search", token, {"id_number": who.id_number}, {"purpose": "supervision"})
    leaks += [f"a search shows {told}" for told in who.shows_in(found)]
    assert not leaks, "\n".join(leaks)


@pytest.mark.parametrize("purpose", ["supervision", "assistance", "testing", "inspection", "exchange"])
async def test_the_county_office_opens_it_for_no_everyday_purpose(ended: County, purpose: str) -> None:
    """Reads answer 404; only an audit or an emergency, both of which are told to the auditor, open the record."""
    front, who = ended.front, ended.there
    token, leaks = front.token(Role.COUNTY_OFFICER), []
    for row in about(front, who, Role.COUNTY_OFFICER):
        if row.method == "GET" and not about_a_file(row) and not an_open_chain(row, Role.COUNTY_OFFICER):
            reply = await ask(front, row, token, who, purpose=purpose)
            front.checks["a closed record and everyday purposes"] += 1
            leaks += [f"GET {row.path} shows {told}" for told in who.shows_in(reply)]
            if not of_another_matter(row) and reply.status not in (403, 404):
                leaks.append(f"GET {row.path}: {reply.status}")
    for row in (row for row in lists(front, Role.COUNTY_OFFICER) if not an_open_chain(row, Role.COUNTY_OFFICER)):
        reply = await ask(front, row, token, who, purpose=purpose)
        leaks += [f"GET {row.path} shows {told}" for told in who.shows_in(reply)]
    assert not leaks, "\n".join(leaks)
