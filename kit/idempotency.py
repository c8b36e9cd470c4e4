"""Idempotency-Key (IETF httpapi draft): the same key and body get the first answer again, the same key with another body is refused.

The answer is stored in the transaction of its effect, so a client that lost the answer can ask again, and a rolled-back write leaves no answer.
Keys belong to the caller and the route. A concurrent twin waits on the key's advisory lock and then finds the answer. Answers are sealed: they may show what
the tables hold sealed, or a secret that is shown once. A request without a caller (a sign-in) keeps no answer, because keys belong to
callers. A search keeps none either: it has no effect to repeat, and is noted each time. Before an answer is repeated the caller is
authorised again, and the repetition is noted. The key is bound to the roles and the scope with which the answer was given: whoever was
moved to another town cannot have an old town's answer once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from fastapi import Request, Response
from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.auth import Principal
from kit.db import Schema
from kit.problems import Problem, invalid
from kit.roles import Role
from kit.sealed import Sealer

HEADER = "idempotency-key"
KEEP = timedelta(days=7)
SHORTEST, LONGEST = 8, 200
MACHINES = (Role.AGENCY, Role.PARTNER)
"""Who must send a key: another house's system asks again when an answer was lost, and nobody there sees that something was done twice."""


class KeyReused(Problem):
    """The Idempotency-Key was used before with another body, or by the same caller with another reach."""

    status = 422
    slug = "idempotency-key-reused"
    title_zh = "此幂等键已用于另一请求"
    title_en = "This Idempotency-Key was used for another request"


class KeyRequired(Problem):
    """The systems of agencies and partners send an Idempotency-Key with every POST that has an effect (the draft's 2.7 answers 400)."""

    status = 400
    slug = "idempotency-key-required"
    title_zh = "系统对接的新建请求须带幂等键(Idempotency-Key)"
    title_en = "Another system's POST needs an Idempotency-Key"


@dataclass(slots=True)
class Kept:
    """One key on one request: an earlier answer, or the place to store this one."""

    schema: Schema
    sealer: Sealer
    caller: str
    route: str
    key: str
    body_hash: bytes
    answer: Response | None = None

    @property
    def place(self) -> tuple[str, str, str]:
        """Where the answer lies: what its seal is bound to."""
        return "idempotent_answer", "body", f"{self.caller}|{self.route}|{self.key}"

    async def store(self, session: AsyncSession, response: Response, now: datetime) -> None:
        """Keep the rendered answer in this transaction."""
        kept_headers = {name: value for name, value in response.headers.items() if name in ("content-type", "etag", "location")}
        values: dict[str, Any] = {
            "caller": self.caller,
            "route": self.route,
            "key": self.key,
            "body_hash": self.body_hash,
            "status": response.status_code,
            "headers": kept_headers,
            "body": self.sealer.seal_bytes(bytes(response.body), *self.place),
            "stored_at": now,
        }
        await session.execute(insert(self.schema.answers), values)


def _reach(principal: Principal) -> bytes:
    """What the caller may do now: an answer that was given to somebody with another reach is not given again, and its effect not repeated."""
    parts = (
        sorted(principal.roles),
        sorted(principal.reach.prefixes),
        sorted(principal.grants),
        principal.person_id,
        str(principal.organisation),
    )
    return sha256(repr(parts).encode()).digest()


def is_due(request: Request, principal: Principal) -> bool:
    """Whether a request sends a key, or its caller has to."""
    return HEADER in request.headers or principal.has(*MACHINES)


async def begin(
    request: Request, session: AsyncSession, schema: Schema, sealer: Sealer, now: datetime, body: bytes, principal: Principal
) -> Kept:
    """Look the key of a request up before the endpoint runs; whoever calls this has let the caller in. Raises KeyRequired, Invalid, KeyReused."""
    key = request.headers.get(HEADER)
    if key is None:
        raise KeyRequired
    if not SHORTEST <= len(key) <= LONGEST or not key.isascii() or not key.isprintable():
        raise invalid(
            "/header/Idempotency-Key", "length", "幂等键须为 8 到 200 个 ASCII 字符", "an Idempotency-Key has 8 to 200 ASCII characters"
        )
    content = sha256(body or await request.body()).digest()
    route = f"{request.method} {request.url.path}"
    kept = Kept(schema, sealer, principal.subject, route, key, sha256(_reach(principal) + content).digest())
    lock = sha256(f"{kept.caller}|{kept.route}|{key}".encode()).digest()[:8]
    await session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": int.from_bytes(lock, "big", signed=True)})
    table = schema.answers
    where = (table.c.caller == kept.caller, table.c.route == kept.route, table.c.key == key)
    row = (await session.execute(select(table).where(*where))).mappings().first()
    if row is None:
        return kept
    if row["stored_at"] < now - KEEP:
        await session.execute(delete(table).where(*where))
        return kept
    if bytes(row["body_hash"]) != kept.body_hash:
        raise KeyReused
    answer = sealer.open_bytes(bytes(row["body"]), *kept.place)
    kept.answer = Response(answer, row["status"], {**row["headers"], "Idempotent-Replayed": "true"})
    return kept


async def forget_old(session: AsyncSession, schema: Schema, now: datetime) -> None:
    """Delete answers that nobody can ask for any more."""
    await session.execute(delete(schema.answers).where(schema.answers.c.stored_at < now - KEEP))
