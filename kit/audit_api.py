"""The audit trail as an auditor reads it: who did and read what, when and why, and of nobody who they are (DESIGN 6: logs, no persons; SECURITY 4.6).

Ids of things are veiled: each stands there as another id that is the same wherever that thing stands, so that an auditor sees one record opened forty times,
follows it through all rows with `object_id`, and cannot look anybody up. Only the service turns a veiled id back, and only to compare.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import ColumnElement, Table, cast, select, text
from sqlalchemy.dialects.postgresql import JSONB
from typing_extensions import TypeAliasType

from kit.clock import day_start
from kit.codes import Listed
from kit.lists import Asked, Rows, answer, answers, ask, find_rows
from kit.problems import invalid
from kit.roles import Purpose, Role
from kit.schemas import Answer, Day
from kit.sealed import Sealer
from kit.work import UnitRoute, Work, allow

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Auditor = Annotated[Work, allow(Role.AUDITOR)]
Word = Annotated[str | None, Query(max_length=100, pattern=r"^[A-Za-z0-9._:/-]+$")]
Act = Annotated[str, Listed("audit.action")]
Thing = Annotated[str, Listed("audit.object_type")]

Detail = TypeAliasType("Detail", "str | int | float | bool | list[Detail] | dict[str, Detail] | None")
"""What an act says of itself: codes, numbers, days and veiled ids, alone, in lists or by name. Each act has its own, and tells no personal value."""


class AuditEntry(Answer):
    """One act. `object_ids` and ids within `details` are veiled; `reason` is what whoever opened a record in an emergency wrote."""

    id: int
    at: datetime
    actor: str
    roles: list[Annotated[str, Listed("role")]]
    action: Act
    purpose: Purpose | Literal[""]
    reason: str
    object_type: Thing
    object_ids: list[str]
    request_id: str
    details: dict[str, Detail]


TRAIL = Rows(
    name="audit",
    item=AuditEntry,
    sorts={"id": ("id",)},
    default="-id",
    counted={"action": "action"},
    action="audit.read",
    object_type="audit",
)


class Veil:
    """Ids ↔ the ids that stand for them: one block of AES under a key of this schema's, a permutation that nobody else can compute."""

    def __init__(self, sealer: Sealer) -> None:
        self._cipher = Cipher(algorithms.AES(sealer.key("audit-veil")), modes.ECB())  # noqa: S305 - a single block is all there is

    def over(self, said: str) -> str:
        """What is said, with each id in it veiled."""
        return _ID.sub(lambda found: str(UUID(bytes=self._cipher.encryptor().update(UUID(found[0]).bytes))), said)

    def lifted(self, veiled: UUID) -> str:
        """The id behind a veiled one."""
        return str(UUID(bytes=self._cipher.decryptor().update(veiled.bytes)))


def _veiled(value: Any, over: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return over(value)
    if isinstance(value, dict):
        return {key: _veiled(item, over) for key, item in value.items()}
    return [_veiled(item, over) for item in value] if isinstance(value, list) else value


def _wheres(table: Table, given: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    found = [table.c[name] == given[name] for name in ("actor", "action", "purpose", "object_type", "request_id") if given.get(name)]
    if given.get("object_id"):
        found.append(table.c.object_ids.contains(cast([given["object_id"]], JSONB)))
    if given["from"]:
        found.append(table.c.at >= day_start(given["from"]))
    if given["to"]:
        found.append(table.c.at < day_start(given["to"] + timedelta(days=1)))
    return found


def audit_router(prefix: str, *, veiled: bool = True) -> APIRouter:
    """`GET <prefix>/audit` of a service. `veiled=False` where no object is a person under care: the gateway's are accounts and sessions."""
    router = APIRouter(prefix=prefix, tags=["audit"], route_class=UnitRoute)

    @router.get("/audit", responses=answers(TRAIL))
    async def read_audit(
        request: Request,
        work: Auditor,
        asked: Annotated[Asked, ask(TRAIL)],
        actor: Word = None,
        action: Annotated[Act | None, Query(max_length=100)] = None,
        purpose: Annotated[Purpose | None, Query()] = None,
        object_type: Annotated[Thing | None, Query(max_length=100)] = None,
        object_id: UUID | None = None,
        request_id: Word = None,
        first: Annotated[Day | None, Query(alias="from")] = None,
        last: Annotated[Day | None, Query(alias="to")] = None,
    ) -> Response:
        """Who did and read what, latest first. `purpose=emergency`: records opened beyond the own scope; `object_id`: as it stands in a row."""
        if first and last and first > last:
            raise invalid("/query/from", "after_end", "起始日晚于截止日", "lies after the end")
        for name, said in (("action", action), ("object_type", object_type)):
            if said is not None and said not in request.app.state.codes[f"audit.{name}"]:
                raise invalid(f"/query/{name}", "unknown", "不在代码表中", "is not a code of its list")
        veil = Veil(work.sealer) if veiled else None
        thing = (veil.lifted(object_id) if veil else str(object_id)) if object_id else None
        words = {"actor": actor, "action": action, "purpose": purpose, "object_type": object_type, "request_id": request_id}
        given = {**words, "object_id": thing, "from": first, "to": last}
        # A filter that hardly any row fits walks the whole trail: after five seconds it is given up (503) rather than hold a connection that officers need.
        await work.session.execute(text("set local statement_timeout = '5s'"))
        table = work.house.schema.audit
        by = {"by": sorted(name for name, value in given.items() if value)}
        query = select(table).where(*_wheres(table, given))
        return answer(asked, await find_rows(work, TRAIL, asked, query, given, shape=lambda row: _entry(row, veil), noted=by))

    return router


def _entry(row: Mapping[str, Any], veil: Veil | None) -> AuditEntry:
    shown = {name: row[name] for name in AuditEntry.model_fields} | {"roles": row["roles"].split()}
    if veil is not None:
        shown |= {name: _veiled(shown[name], veil.over) for name in ("object_ids", "details")}
    return AuditEntry(**shown)
