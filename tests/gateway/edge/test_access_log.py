"""Who knocked at which door, with what outcome: a line per request, without an address and without a personal value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gateway.edge.edge import Edge
from gateway.edge.limits import Limiter
from gateway.edge.routes import parse_table
from gateway.edge.upstream import AsgiUpstream
from kit.call import AsgiNeighbour
from kit.clock import SteppedClock
from kit.logs import AccessLog
from tests.gateway.edge.toys import START, TABLE, Keys


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


async def test_a_line_per_request_names_door_outcome_and_account_and_nothing_of_the_address(tmp_path: Path) -> None:
    """Allowed, refused, unknown and unclean requests alike; a made-up method, id or request id leaves nothing behind."""
    keys, path = Keys(), tmp_path / "access.log"
    app = AsgiUpstream(_nothing)
    upstreams = {"registry": app, "alerts": app}
    clock, access = SteppedClock(START), AccessLog(path)
    edge = Edge(_nothing, upstreams, parse_table(TABLE), keys.outer_verifier(), keys.inner, set(), clock, Limiter(), access=access)
    client = AsgiNeighbour(edge)
    token = {"authorization": f"Bearer {keys.token('county_officer')}", "x-request-id": "chosen-outside", "purpose": "supervision"}
    secret = "0192f0c1-1111-7000-8000-123456789abc"
    for method, target, headers in (
        ("GET", f"/registry/v1/people/{secret}?name=secret", token),
        ("GET", f"/registry/v1/people/{secret}", {}),
        ("GET", "/auth/v1/me", {"authorization": "Bearer secret"}),
        ("POST", "/alerts/v1/alerts", token),
        ("GET", f"/secret/{secret}", token),
        ("SECRET", "/auth/v1/me", token),
        ("GET", "/%73ecret", token),
    ):
        await client.request(method, target, headers=headers)
    await edge.close()
    text = path.read_text()
    assert "secret" not in text.lower()
    assert secret not in text
    assert "chosen-outside" not in text
    assert [(line["method"], line["route"], line["status"], line["account"]) for line in map(json.loads, text.splitlines())] == [
        ("GET", "/registry/v1/people/{id}", 200, "a-1"),
        ("GET", "/registry/v1/people/{id}", 401, None),
        ("GET", "/auth/v1/me", 401, None),
        ("POST", "unrouted", 405, None),
        ("GET", "unrouted", 404, None),
        ("other", "unrouted", 405, None),
        ("GET", "unrouted", 400, None),
    ]
