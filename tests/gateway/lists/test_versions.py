"""Whatever is changed under If-Match is read with the ETag that the change asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.documents.contract import versioned_paths
from gateway.edge.routes import Route
from kit.call import Reply
from kit.roles import Role
from tests.gateway.lists.rows import ACCOUNT, Rows, told

pytestmark = pytest.mark.anyio

FROM_A_LIST: Mapping[str, str] = {
    "handover_id": "/registry/v1/handovers",
    "lab_id": "/testing/v1/labs",
    "referral_id": "/testing/v1/screening-referrals",
}
ELSEWHERE: Mapping[str, str] = {
    "/precursor/v1/draws/{draw_id}/replacements/{replacement_id}": "tests/precursor/test_law_of_inspections.py carries one through",
}
"""Objects without a row here, and where else they are read."""
READERS = (Role.COUNTY_OFFICER, Role.POLICE_OFFICER, Role.ADMINISTRATOR)


async def _ids(rows: Rows, route: Route) -> dict[str, str]:
    names = set(re.findall(r"{(\w+)}", route.path))
    ids = {**rows.ids, "account_id": ACCOUNT, "client_id": "client-0", "row_id": "1"}
    ids["import_id"] = rows.ids[f"{route.service}.import_id"] if "import_id" in names else ""
    officer = rows.front.token(Role.COUNTY_OFFICER, Role.POLICE_OFFICER)
    lists = {**FROM_A_LIST, "conflict_id": f"/registry/v1/ledger-imports/{ids['import_id']}/conflicts"}
    for name in names & lists.keys():
        ids[name] = (await told(rows, lists[name], officer))["items"][0]["id"]
    return {name: ids[name] for name in names}


async def _read(rows: Rows, route: Route) -> Reply:
    role = next(role for role in READERS if role in route.roles)
    return await rows.ask(rows.front.path(route, **await _ids(rows, route)), rows.front.token(role))


async def test_every_object_with_a_version_is_read_with_it(rows: Rows) -> None:
    wanted = versioned_paths(rows.front.document["paths"])
    routes = [row for row in rows.front.table.routes if row.method == "GET" and row.path in wanted]
    assert {row.path for row in routes} == wanted, "nobody can read the version of it"
    assert len(routes) > 25
    wrong: list[str] = []
    for route in routes:
        if route.path in ELSEWHERE:
            continue
        reply = await _read(rows, route)
        assert reply.status == 200, (route.path, reply.status, reply.body.decode())
        tag, body = reply.headers.get("etag"), reply.json()
        if tag is None or not re.fullmatch(r'"v[0-9]+"', tag) or ("version" in body and tag != f'"v{body["version"]}"'):
            wrong.append(f"{route.path}: {tag}, version {body.get('version')}")
    assert wrong == []


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("/auth/v1/clients/{client_id}", {"reason": "核对", "grants": []}),
        ("/registry/v1/assessments/{assessment_id}", {"reason": "有误"}),
    ],
)
async def test_the_version_that_was_read_is_the_one_that_a_change_takes(rows: Rows, path: str, change: dict[str, Any]) -> None:
    """The objects that could not be read one by one: what was read now changes them, and the same again does not."""
    route = next(row for row in rows.front.table.routes if row.method == "GET" and row.path == path)
    tag = (await _read(rows, route)).headers["etag"]
    where = rows.front.path(route, **await _ids(rows, route))
    method, where = ("PATCH", where) if "clients" in path else ("POST", where + "/withdrawal")
    token = rows.front.token(Role.ADMINISTRATOR, Role.COUNTY_OFFICER, subject=ACCOUNT)
    headers = {"purpose": "supervision", "if-match": tag}
    first = await rows.front.ask(method, where, token, change, headers)
    assert first.status == 200, first.body
    assert (await rows.front.ask(method, where, token, change, headers)).status == 412
