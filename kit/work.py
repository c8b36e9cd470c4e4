"""The unit of work: what one request (or one job, or one event) may use, and the only place that commits (law 1).

`UnitRoute` opens a session, lets FastAPI parse, run the endpoint and render the answer, stores the answer for an Idempotency-Key, commits, and only then
lets the answer go. An exception anywhere rolls everything back. This is one step later than a function-scoped dependency would commit, because the
rendered answer must be in the same transaction as its effect (ADR 0002).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote
from uuid import UUID

import structlog
from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncSession

from kit import audit, emergencies, idempotency, names, outbox, strict_json
from kit.auth import InvalidToken, Principal, SigningKey, TokenVerifier
from kit.clock import Clock, WorkingDay, local_day
from kit.codes import Words
from kit.db import Database, Schema
from kit.direct import Direct
from kit.doors import Door
from kit.outbox import Event, Origin
from kit.problems import ROLE, FieldError, Forbidden, Invalid, Unauthenticated, invalid
from kit.roles import EMERGENCY, PURPOSES, Role
from kit.scope import Scope
from kit.sealed import Sealer
from kit.turns import Turns
from kit.wake import Wakes

log = structlog.get_logger()
PartT = TypeVar("PartT")
READS = frozenset({"GET", "HEAD", "OPTIONS"})
LOCK_SECONDS = 2.0
"""How long a request may wait for a lock that another process or another object's write holds; then it is told to come again."""


@dataclass(frozen=True, slots=True)
class House:
    """What an app holds for its whole life; `create_app` puts it on `app.state.house`."""

    schema: Schema
    database: Database
    clock: Clock
    sealer: Sealer
    verifier: TokenVerifier
    """Verifies inner tokens for this service."""
    neighbour_verifier: TokenVerifier
    """Verifies service tokens of neighbours that read this service's feed."""
    signing_key: SigningKey
    """Signs what this service alone may sign: its tokens for neighbours, a partner's pages."""
    neighbours: Mapping[str, Door]
    """The services that this one may call, by name."""
    county: str
    """The six digits of the county that this house serves (GB/T 2260)."""
    works: WorkingDay
    """Tells the county's working days."""
    files: Path
    """The folder of files that this service keeps beside its schema."""
    wakes: Wakes
    """Wakes whoever waits for new events."""
    words: Words
    demo: bool = False
    narrow: Callable[[House, Principal], Awaitable[Principal]] | None = None  # binds a worker to the own caseload (ADR 0029)
    held: list[object] = field(default_factory=list)
    """What only this one service holds for its whole life (settings, keys, detectors); read with `part`."""

    def part(self, kind: type[PartT]) -> PartT:
        """The first held object of this class. Raises LookupError when `create_app` gave none."""
        for found in self.held:
            if isinstance(found, kind):
                return found
        raise LookupError(f"{self.schema.name} holds no {kind.__name__}")


@dataclass(slots=True)
class Work:
    """One unit of work. Use cases take it as their first argument; they never commit and never see the request."""

    house: House
    session: AsyncSession
    principal: Principal
    now: datetime
    request_id: str
    purpose: str = ""
    reason: str = ""
    emergencies: set[UUID] = field(default_factory=set)
    """Persons whose records this unit opened in an emergency."""

    @property
    def today(self) -> date:
        """The Shanghai day of `now`."""
        return local_day(self.now)

    @property
    def scope(self) -> Scope:
        """Whom the caller reaches."""
        return self.principal.reach

    @property
    def sealer(self) -> Sealer:
        """Seals and opens this schema's personal values."""
        return self.house.sealer

    @property
    def origin(self) -> Origin:
        """Where this work's writes come from."""
        return Origin(self.principal.subject, self.request_id, self.now)

    async def publish(self, event: Event, subject_id: UUID, division_code: str) -> None:
        """Append an event to the outbox, in this transaction."""
        await outbox.append(self.session, self.house.schema, event, subject_id, division_code, self.origin)

    async def note(self, action: str, object_type: str, *object_ids: UUID | str, details: dict[str, Any] | None = None) -> None:
        """Record an audit row, in this transaction: for writes and for reads of persons. In an emergency it must be of one person, whose record it opens."""
        if self.purpose == EMERGENCY:
            if object_type == "person" and len(object_ids) == 1:
                await self.open_in_emergency(UUID(str(object_ids[0])))
            elif not self.emergencies:
                raise emergencies.EmergencyOfOne
            log.warning("opened_in_emergency", code=action, request_id=self.request_id)
        await audit.record(
            self.session,
            self.house.schema,
            at=self.now,
            actor=self.principal.subject,
            roles=sorted(self.principal.roles),
            request_id=self.request_id,
            action=action,
            object_type=object_type,
            object_ids=[str(item) for item in object_ids],
            purpose=self.purpose,
            reason=self.reason,
            details=details,
        )

    async def open_in_emergency(self, person_id: UUID) -> None:
        """Open a person's record beyond the own reach, when this is an emergency: where a note does not name the person. Raises EmergencyUnreviewed."""
        if self.purpose == EMERGENCY and person_id not in self.emergencies:
            await emergencies.open_for(self, person_id)
            self.emergencies.add(person_id)

    async def note_refused(self, action: str, object_type: str, *object_ids: UUID | str, details: dict[str, Any] | None = None) -> None:
        """Give this unit up and record an audit row in one of its own: for a refusal that tells something, and would otherwise leave no trace."""
        await self.session.rollback()
        async with self.house.database.session() as session:
            await replace(self, session=session).note(action, object_type, *object_ids, details=details)
            await session.commit()


def system_work(house: House, session: AsyncSession, request_id: str, actor: str) -> Work:
    """Work that no request started: a job, a follower. The actor is `<service>/<job>`."""
    principal = Principal(actor, "", frozenset({Role.SERVICE}), ("",))
    return Work(house, session, principal, house.clock(), request_id)


class UnitRoute(APIRoute):
    """One request, one transaction, one commit."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler: strict body, unknown parameters, session, idempotency, commit."""
        inner: Callable[[Request], Awaitable[Response]] = super().get_route_handler()
        naming = names.names_in(self.response_model, *(answer.get("model") for answer in self.responses.values()))
        listed = {one.alias: "list" in str(one.field_info.annotation) for part in _with_all(self.dependant) for one in part.query_params}
        ids = _ids(self.dependant)
        guard = _guard_of(self.dependant)
        direct = Direct.of(self.dependant) if self.methods == {"GET"} else None
        asks = self.path.endswith("/search")  # a POST that changes nothing (API.md 1) has no effect to repeat
        parts = self.path.split("/")
        place = next((number for number, part in enumerate(parts, 1) if part.startswith("{")), 0)

        async def handle(request: Request) -> Response:
            unknown = [name for name in request.query_params if name not in listed]
            twice = [name for name, several in listed.items() if not several and len(request.query_params.getlist(name)) > 1]
            broken = [name for name, value in request.query_params.multi_items() if "\x00" in value]
            faults = (
                [FieldError(f"/query/{name[:60]}", "unknown_parameter", "不认识的查询参数", "unknown query parameter") for name in unknown]
                or [FieldError(f"/query/{name}", "repeated_parameter", "查询参数重复", "given twice") for name in twice]
                or [FieldError(f"/query/{name}", "nul", "文本含有空字符", "the text holds NUL") for name in broken]
                or [
                    FieldError(f"/{place}/{name}", "uuid_parsing", "编号格式不符", "not an id")
                    for place, name in ids
                    for value in (request.query_params.getlist(name) if place == "query" else [request.path_params.get(name, "")])
                    if value and not _CANONICAL_ID.fullmatch(str(value)) and _reads_as_id(str(value))
                ]
            )
            if faults:
                raise Invalid(errors=faults)
            body = await _strict_body(request)
            house: House = request.app.state.house
            writes = request.method not in READS and not asks
            async with _turns_of(request, place) if writes else contextlib.nullcontext():
                answer = await unit(request, house, body, house.database.session(lock_seconds=LOCK_SECONDS if writes else None))
            return answer if naming is None else await naming.name(request, answer)

        async def unit(request: Request, house: House, body: bytes, session: AsyncSession) -> Response:
            request.state.session = session
            try:
                kept = None
                if request.method == "POST" and guard is not None and not asks and idempotency.is_due(request, caller_of(request)):
                    work = await guard(request)  # before anything is given out again: who asks must still be let in
                    kept = await idempotency.begin(request, session, house.schema, house.sealer, house.clock(), body, work.principal)
                    if kept.answer is not None:
                        await work.note("answer.repeated", "answer", details={"route": f"POST {self.path}"})
                        await session.commit()
                        return kept.answer
                response = (await direct.answer(request) if direct is not None else None) or await inner(request)
                if kept is not None and response.status_code < 400:
                    await kept.store(session, response, house.clock())
                if session.in_transaction() and response.status_code < 400:
                    await session.commit()
                return response
            finally:
                if session.in_transaction():  # an unused session costs nothing, a failed one rolls back here
                    await session.close()

        return handle


@contextlib.asynccontextmanager
async def _turns_of(request: Request, place: int) -> AsyncIterator[None]:
    """Wait for those who write on the same object, and for the twin with the same Idempotency-Key: here, where nobody holds a connection yet."""
    turns: Turns = request.app.state.turns
    async with contextlib.AsyncExitStack() as stack:
        if key := request.headers.get(idempotency.HEADER):
            caller = sha256(request.headers.get("authorization", "").encode()).hexdigest()
            await stack.enter_async_context(turns.of(f"{caller} {request.url.path} {key[:200]}"))
        if place:
            await stack.enter_async_context(turns.of("/".join(request.url.path.split("/")[:place])))
        yield


def _with_all(dependant: Any) -> Iterator[Any]:
    """A dependant and everything that it depends on."""
    yield dependant
    for child in dependant.dependencies:
        yield from _with_all(child)


def _guard_of(dependant: Any) -> Allow | None:
    """The guard among a route's dependencies; None where nobody is asked who they are, or a neighbour calls."""
    return next((part.call for part in _with_all(dependant) if isinstance(part.call, Allow)), None)


_CANONICAL_ID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


def _ids(dependant: Any) -> list[tuple[str, str]]:
    """Where a request carries ids: (`query` or `path`, name)."""
    places = [(place, field) for part in _with_all(dependant) for place in ("query", "path") for field in getattr(part, f"{place}_params")]
    return [(place, field.alias) for place, field in places if "UUID" in str(field.field_info.annotation)]


def _reads_as_id(value: str) -> bool:
    """Whether the library would take this for an id. It takes `urn:uuid:…`, braces and no dashes too; one id must have one spelling (RFC 9562 4)."""
    try:
        UUID(value)
    except ValueError:
        return False
    return True


async def _strict_body(request: Request) -> bytes:
    if request.method not in ("POST", "PUT", "PATCH", "DELETE"):
        return b""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        body = await request.body()
        if body:
            request._json = strict_json.loads(body)  # Starlette's own cache slot for request.json()
        return body
    return b""


def bearer(request: Request) -> str:
    """The bearer token. Raises Unauthenticated."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    return token.strip()


def caller_of(request: Request) -> Principal:
    """The principal of the inner token on a request, verified again by this service (law 3). Raises Unauthenticated."""
    known = getattr(request.state, "principal", None)
    if isinstance(known, Principal):
        return known
    house: House = request.app.state.house
    try:
        principal = house.verifier.principal(bearer(request), house.clock())
    except InvalidToken as error:
        raise Unauthenticated from error
    request.state.principal = principal
    return principal


def read_purpose(header: str | None) -> tuple[str, str]:
    """`Purpose: supervision` or `Purpose: emergency; reason="…"` as (purpose, reason). Raises Invalid."""
    word, _, rest = (header or "").partition(";")
    word = word.strip()
    if word not in PURPOSES:
        raise invalid(
            "/header/Purpose", "purpose_required", "查看个人信息须注明用途(Purpose)", "reading personal data needs a Purpose header"
        )
    reason = rest.strip().removeprefix("reason=").strip().strip('"')
    if "%" in reason and reason.isascii():
        reason = unquote(reason)
    elif not reason.isascii():  # header bytes arrive as Latin-1; people type Chinese
        reason = reason.encode("latin-1", "ignore").decode("utf-8", "replace")
    reason = " ".join("".join(sign if sign.isprintable() else " " for sign in reason).split())
    if word == EMERGENCY and not emergencies.is_sentence(reason):  # in any script; neither blanks nor one key held down
        raise invalid("/header/Purpose", "reason_required", "紧急查看须用一句话写明理由", "an emergency read needs a reason in a sentence")
    return word, reason[:500]


class Allow:
    """The guard of a route and its unit of work in one dependency: `work: Annotated[Work, Allow("county_officer", personal=True)]`.

    The roles stand in the signature, where the house's tests and the route table read them. `grant`: what an agency's system needs besides its role;
    without one no agency gets in, unless it is None: what everybody signed in may read.
    """

    def __init__(self, *roles: str, personal: bool = False, grant: str | None = "") -> None:
        self.roles = frozenset(roles)
        self.personal = personal
        self.grant = grant

    async def __call__(self, request: Request) -> Work:
        """Verify, check the role, read the purpose; raises Unauthenticated, Forbidden, Invalid."""
        principal = caller_of(request)
        if not principal.has(*self.roles):
            raise Forbidden(errors=[ROLE])
        if self.grant is not None and principal.has(Role.AGENCY) and self.grant not in principal.grants:
            raise Forbidden("此系统未获准调用此接口", "this client was not granted this")
        purpose, reason = read_purpose(request.headers.get("purpose")) if self.personal else ("", "")
        house: House = request.app.state.house
        principal = await house.narrow(house, principal) if house.narrow else principal
        request_id = request.headers.get("x-request-id", "")[:64]
        request.state.work = Work(house, request.state.session, principal, house.clock(), request_id, purpose, reason)
        return request.state.work


def allow(*roles: str, personal: bool = False, grant: str | None = "") -> Any:
    """`Depends(Allow(...))`, for use inside Annotated."""
    return Depends(Allow(*roles, personal=personal, grant=grant))


ANYONE = Principal("anyone", "", frozenset(), ())
"""Whoever calls a public route: no roles, no places."""


class AllowPublic:
    """The guard of a door that is open to everybody: it says so, gives a unit of work without rights, and the route table shows it as `public`."""

    roles = frozenset({"public"})
    personal = False

    async def __call__(self, request: Request) -> Work:
        """A unit of work for nobody in particular."""
        house: House = request.app.state.house
        request.state.work = Work(house, request.state.session, ANYONE, house.clock(), request.headers.get("x-request-id", "")[:64])
        return request.state.work


class AllowNeighbour:
    """The guard of `/internal/…`: a neighbour's service token, never routed by the gateway.

    With names only these neighbours come in: who inspects firms must not be able to learn who is under supervision, not even from the cellar (domain 11.1).
    """

    roles = frozenset({Role.SERVICE})
    personal = False

    def __init__(self, *callers: str) -> None:
        self.callers = frozenset(callers)

    async def __call__(self, request: Request) -> Work:
        """Verify the service token. Raises Unauthenticated, Forbidden."""
        house: House = request.app.state.house
        try:
            claims = house.neighbour_verifier.verify(bearer(request), house.clock())
        except InvalidToken as error:
            raise Unauthenticated from error
        caller = str(claims["iss"])  # whose key it is, whatever `sub` says
        if self.callers and caller not in self.callers:
            raise Forbidden
        principal = Principal(caller, "", frozenset({Role.SERVICE}), ("",))
        return Work(house, request.state.session, principal, house.clock(), request.headers.get("x-request-id", "")[:64])
