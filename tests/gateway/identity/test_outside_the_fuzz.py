"""What the fuzz cannot call at random is called here with care, well and badly: each answer is one that the published document tells of."""

from __future__ import annotations

import json
from typing import Any

import httpx
import psycopg
import pytest

from kit.auth import SigningKey
from kit.call import Reply
from kit.db import new_id
from services.alerts.events import AlertRaised
from tests.gateway.edge.toys import door
from tests.gateway.identity.conftest import PASSWORD, Door
from tests.gateway.identity.test_machines import register
from tests.gateway.identity.test_sign_in import OFFICER
from tests.gateway.identity.test_two_people import confirmation, jwk_of
from tests.gateway.test_fuzz import LEFT_OUT
from tests.houses import TestHouse
from tests.published import events_of, published

NOBODY = "018f0000-0000-7000-8000-00000000dead"


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], set[int]]:
    """Operation → the statuses of its answers through any door of this test; each was held against the document by the door."""
    found: dict[tuple[str, str], set[int]] = {}
    knock = Door.__call__

    async def noted(self: Door, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        reply = await knock(self, method, path, body, **headers)
        found.setdefault((method, published().template(method, path) or path), set()).add(reply.status)
        return reply

    monkeypatch.setattr(Door, "__call__", noted)
    return found


async def test_each_answers_as_the_document_tells(
    answered: dict[tuple[str, str], set[int]], administrator: Door, stranger: Door, house: TestHouse
) -> None:
    made = await administrator.open(OFFICER)
    account = f"/auth/v1/accounts/{made['id']}"
    await stranger.sign_in("officer", "not the password")
    assert (await stranger.sign_in("officer")).status == 200
    await _sessions(stranger, house)
    await _accounts(administrator, account)
    await _clients(administrator)
    await _stream(answered, house)
    assert {operation: sorted(answered.get(operation, ())) for operation in LEFT_OUT} == {
        ("GET", "/alerts/v1/stream"): [200],
        ("POST", "/auth/v1/login"): [200, 401],
        ("POST", "/auth/v1/password"): [204, 422],
        ("POST", "/auth/v1/logout"): [204],
        ("DELETE", "/auth/v1/sessions/{session_id}"): [204, 404, 422],
        ("PATCH", "/auth/v1/accounts/{account_id}"): [200, 202, 404, 412, 422, 428],
        ("POST", "/auth/v1/approvals/{approval_id}/confirmation"): [200, 403, 404, 409],
        ("PATCH", "/auth/v1/clients/{client_id}"): [200, 202, 404, 412, 422, 428],
        ("DELETE", "/auth/v1/clients/{client_id}"): [204, 404],
        ("DELETE", "/auth/v1/clients/{client_id}/keys/{kid}"): [204, 404],
    }


async def _sessions(officer: Door, house: TestHouse) -> None:
    """Another password, another session ended, and the own one."""
    new = PASSWORD + " 新"
    for change in ({"password": "wrong", "new_password": new}, {"password": PASSWORD}, {"password": PASSWORD, "new_password": new}):
        await officer("POST", "/auth/v1/password", change)
    assert (await Door(house).sign_in("officer", new)).status == 200
    listed = json.loads((await officer("GET", "/auth/v1/sessions")).body)["items"]
    other = next(session["id"] for session in listed if not session["current"])
    for session in (other, NOBODY, "no-id"):
        await officer("DELETE", f"/auth/v1/sessions/{session}")
    await officer("POST", "/auth/v1/logout")


async def _accounts(administrator: Door, path: str) -> None:
    """Less at once, more by two; and what is refused."""
    less, more = {"scope": ["610822100"], "reason": "调整"}, {"scope": ["610822"], "reason": "调整"}
    await administrator("PATCH", path, less)
    await administrator("PATCH", path, {"scope": ["61"], "reason": "调整"}, if_match='"v2"')
    await administrator("PATCH", path, less, if_match='"v2"')
    await administrator("PATCH", path, less, if_match='"v2"')
    await administrator("PATCH", f"/auth/v1/accounts/{NOBODY}", less, if_match='"v2"')
    asked = await administrator("PATCH", path, more, if_match='"v3"')
    await administrator("POST", confirmation(asked))
    assert administrator.second is not None
    for _ in range(2):
        await administrator.second("POST", confirmation(asked))
    await administrator.second("POST", f"/auth/v1/approvals/{NOBODY}/confirmation")


async def _clients(administrator: Door) -> None:
    """The same for a machine, and its key and itself withdrawn."""
    await register(administrator, SigningKey.generate())
    path = "/auth/v1/clients/baode"
    another = await administrator.give("POST", f"{path}/keys", {"jwk": jwk_of(SigningKey.generate())})
    assert another["state"] == "confirmed"
    less, more = {"grants": [], "reason": "收回"}, {"scope": ["610822"], "reason": "扩大"}
    await administrator("PATCH", path, less)
    await administrator("PATCH", path, {"grants": ["no word"], "reason": "授权"}, if_match='"v2"')
    await administrator("PATCH", path, less, if_match='"v2"')
    await administrator("PATCH", path, less, if_match='"v2"')
    await administrator("PATCH", path, more, if_match='"v3"')
    await administrator("PATCH", "/auth/v1/clients/nobody", less, if_match='"v2"')
    kids = json.loads((await administrator("GET", "/auth/v1/clients")).body)["items"][0]["kids"]
    for kid in (kids[0], "no-key"):
        await administrator("DELETE", f"{path}/keys/{kid}")
    for name in ("baode", "nobody"):
        await administrator("DELETE", f"/auth/v1/clients/{name}")


async def _stream(answered: dict[tuple[str, str], set[int]], house: TestHouse) -> None:
    """The stream up to its first event."""
    officer = Door(house)
    assert (await officer.sign_in("officer", PASSWORD + " 新")).status == 200
    async with (
        door(house.house.app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client,
        client.stream("GET", "/alerts/v1/stream", headers={"authorization": f"Bearer {officer.token}"}) as told,
    ):
        lines, said = told.aiter_lines(), ""
        while "retry" not in said:
            said += await anext(lines) + "\n"
        with psycopg.connect(house.owner) as connection:
            connection.execute(
                "insert into alerts.outbox (event_id, type, version, occurred_at, subject_id, division_code, actor, request_id, data)"
                " values (%s, %s, 1, now(), %s, '610822100000', 'x', 'x', %s)",
                (new_id(), AlertRaised.type, new_id(), json.dumps(AlertRaised.sample)),
            )
            connection.execute("notify alerts_outbox")
        while "\ndata:" not in said:
            said += await anext(lines) + "\n"
    assert [event.get("event") for event in events_of(said)] == ["alert.raised"]
    assert published().faults("GET", "/alerts/v1/stream", Reply(told.status_code, dict(told.headers), said.encode())) == []
    answered["GET", "/alerts/v1/stream"] = {told.status_code}
