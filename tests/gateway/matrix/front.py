"""The front door of a whole composed house, in process: real access tokens, the shipped route table, and a judge over every refusal."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from starlette.types import Message

from gateway.edge.routes import Route, RouteTable, shipped_table
from gateway.identity.rules import ACCESS_LIFE
from gateway.identity.service import AUDIENCE, ISSUER
from kit.auth import ACCESS, Principal, mint, principal_claims
from kit.call import AsgiNeighbour, Reply
from kit.roles import Role
from services.precursor.grants import READ
from services.registry.handover.policy import GRANT
from tests.gateway.matrix.bodies import NOBODY, example, path_of
from tests.houses import COUNTY, TestHouse
from tests.published import Published

ROLES = tuple(role for role in Role if role is not Role.SERVICE)
BETWEEN = timedelta(seconds=1)
"""Time between two requests, so that no limit of rate is met."""


@dataclass
class Front:
    """Whoever knocks, knocks here. `faults` are answers that no client may ever get."""

    house: TestHouse
    table: RouteTable = field(default_factory=shipped_table)
    published: Published | None = None
    slugs: set[str] = field(default_factory=set)
    listed: frozenset[str] = frozenset()
    faults: list[str] = field(default_factory=list)
    checks: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    async def read_document(self) -> None:
        """Ask for the document; from now on every answer is held against it."""
        self.published = Published((await self.ask("GET", "/openapi.json")).json())

    @property
    def document(self) -> dict[str, Any]:
        """What the gateway publishes, once it was read."""
        return self.published.document if self.published else {}

    def token(self, *roles: str, scope: tuple[str, ...] = (COUNTY,), **more: Any) -> str:
        """An access token as the sign-in mints it; an agency's system with every grant that there is, unless said otherwise."""
        if Role.AGENCY in roles:
            more.setdefault("grants", (READ, GRANT))
        principal = Principal(more.pop("subject", str(uuid4())), more.pop("session", str(uuid4())), frozenset(roles), scope, **more)
        claims = {**principal_claims(principal), "jti": uuid4().hex}
        key = self.house.keys.signing("access")
        return mint(key, typ=ACCESS, issuer=ISSUER, audience=AUDIENCE, claims=claims, now=self.house.clock(), life=ACCESS_LIFE)

    async def ask(
        self, method: str, path: str, token: str | None = None, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Ask, and judge what is refused. `body`: bytes as they are, everything else as JSON."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body, ensure_ascii=False).encode()
        fields = {"host": "guikang.test", **({"authorization": f"Bearer {token}"} if token is not None else {})}
        if method == "POST":  # a machine needs one, and nobody sends the same twice here
            fields["idempotency-key"] = uuid4().hex
        if content is not None and not isinstance(body, bytes):
            fields["content-type"] = "application/json"
        self.house.clock.advance(BETWEEN)
        self.requests += 1
        reply = await AsgiNeighbour(self.house.house.app).request(
            method, path, headers={**fields, **(headers or {})}, body=content, timeout=30
        )
        if reply.status >= 400:
            self.judge(f"{method} {path}", reply)
        self.look_up(method, path, reply)
        return reply

    async def begin(self, path: str, token: str) -> int:
        """The status of an answer without end, which is then left."""
        begun: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def receive() -> Message:
            await begun
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.set_result(message["status"])

        headers = [(b"host", b"guikang.test"), (b"authorization", f"Bearer {token}".encode())]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 0),
            "server": ("guikang.test", 80),
        }
        self.house.clock.advance(BETWEEN)
        self.requests += 1
        serving = asyncio.ensure_future(self.house.house.app(scope, receive, send))
        status = await asyncio.wait_for(asyncio.shield(begun), 20)
        await asyncio.wait_for(serving, 20)
        return status

    def judge(self, what: str, reply: Reply) -> None:
        """Every refusal is a problem of a listed type, says its request id, and is nobody's crash."""
        wrong: list[str] = []
        if reply.status >= 500:
            wrong.append(f"is {reply.status}")
        if reply.headers.get("content-type") != "application/problem+json":
            wrong.append(f"is {reply.headers.get('content-type')}")
        else:
            body = json.loads(reply.body)
            self.slugs.add(str(body.get("type", "")).removeprefix("/problems/"))
            if body.get("status") != reply.status or not body.get("title"):
                wrong.append("has no status or title of its own")
            if not body.get("instance") or body.get("instance") != reply.headers.get("x-request-id"):
                wrong.append("does not name its request")
            wrong += [f"has no sentence at {error['pointer']}" for error in body.get("errors", []) if not error["message_zh"]]
        self.faults += [f"{what} {fault}" for fault in wrong]

    def look_up(self, method: str, path: str, reply: Reply) -> None:
        """Every answer is one that the document tells of for this operation: its status, type, headers and body."""
        if self.published is not None:
            self.faults += self.published.faults(method, path, reply)

    def rows(self, *methods: str) -> Iterator[Route]:
        """Rows of the route table that are not public."""
        return (row for row in self.table.routes if not row.public and (not methods or row.method in methods))

    def operation(self, row: Route) -> dict[str, Any]:
        """What the published document says of a row."""
        return self.document["paths"].get(row.path, {}).get(row.method.lower(), {})

    def path(self, row: Route, **given: str) -> str:
        """A path of this row, about something that does not exist, with every query parameter that it needs."""
        operation = self.operation(row)
        needed = [p for p in operation.get("parameters", []) if p["in"] == "query" and p.get("required")]
        query = "&".join(f"{p['name']}={example(p['schema'], self.document)}" for p in needed)
        return path_of(row.path, operation, self.document, given) + (f"?{query}" if query else "")

    def a_body(self, row: Route) -> tuple[Any, dict[str, str]]:
        """A minimal body for a row, and its content type."""
        content = self.operation(row).get("requestBody", {}).get("content", {})
        if "application/json" in content:
            body = example(content["application/json"]["schema"], self.document)
            besides = BESIDES.get(row.path)
            return {**body, **besides} if besides else body, {"content-type": "application/json"}
        for kind in content:
            return OTHER_BODIES[kind][1], {"content-type": OTHER_BODIES[kind][0]}
        return None, {}

    def somebody(self, row: Route, *, role: str = "") -> str:
        """A token of a role in the row, with the whole county in its scope."""
        return self.token(role or sorted(row.roles)[0])


BESIDES: dict[str, dict[str, Any]] = {
    "/registry/v1/ledger-imports/{import_id}/conflicts/decide": {"conflicts": {NOBODY: 1}},
}
"""What a minimal body needs besides, where the document does not say it: here that the names of a map are ids."""
MULTIPART = (
    b'--edge\r\nContent-Disposition: form-data; name="files"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n'
    + "姓名,身份证号\r\n".encode()
    + b"\r\n--edge--\r\n"
)
OTHER_BODIES: dict[str, tuple[str, bytes]] = {
    "application/x-ndjson": ("application/x-ndjson", b"{}\n"),
    "application/x-www-form-urlencoded": ("application/x-www-form-urlencoded", b"grant_type=x&client_assertion_type=y&client_assertion=z"),
    "text/csv": ("text/csv", b"a,b\r\n1,2\r\n"),
    "multipart/form-data": ("multipart/form-data; boundary=edge", MULTIPART),
}


def needed_headers(row: Route) -> dict[str, str]:
    """What a careful client sends with every request of this row."""
    return {"purpose": "supervision", **({"if-match": '"v1"'} if row.method != "GET" else {})}


def asks_for_staff(reply: Reply) -> bool:
    """Whether a step is refused because its members of staff do not exist. They are asked of the registry before a row is locked, so this is the same answer
    for a specimen that exists, that does not, and that is somebody else's."""
    return reply.status == 422 and pointers(reply) <= {"/testers", "/senders", "/collectors", "/witnesses"}


def pointers(reply: Reply) -> set[str]:
    """Which fields a problem names."""
    return {error["pointer"] for error in json.loads(reply.body).get("errors", [])}
