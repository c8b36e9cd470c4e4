"""How a service becomes an ASGI app: problems, request id, health, metrics, the feed (API.md section 1)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from prometheus_client import generate_latest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from starlette.exceptions import HTTPException

from kit import audit, idempotency, outbox
from kit.audit_api import audit_router
from kit.auth import TokenVerifier
from kit.clock import Clock
from kit.codes import Codes
from kit.db import Database, Schema
from kit.doors import Door
from kit.follow import Follower, Reader
from kit.jobs import Job, Jobs
from kit.metrics import Metrics, route_template
from kit.problems import (
    Conflict,
    FieldError,
    Invalid,
    Malformed,
    MethodNotAllowed,
    NotFound,
    Problem,
    TooLarge,
    Unauthenticated,
    Unavailable,
    every_problem,
    language_of,
)
from kit.sealed import Sealer
from kit.wake import Wakes
from kit.work import AllowNeighbour, House, UnitRoute, Work

log = structlog.get_logger()

MESSAGES: dict[str, tuple[str, str]] = {
    "missing": ("必填", "required"),
    "extra_forbidden": ("不认识的字段", "unknown field"),
    "string_too_short": ("内容过短", "too short"),
    "string_too_long": ("内容过长", "too long"),
    "string_pattern_mismatch": ("格式不符", "does not have the required form"),
    "date_from_datetime_parsing": ("日期格式应为 YYYY-MM-DD", "a day is YYYY-MM-DD"),
    "date_parsing": ("日期格式应为 YYYY-MM-DD", "a day is YYYY-MM-DD"),
    "date_from_datetime_inexact": ("日期格式应为 YYYY-MM-DD", "a day is YYYY-MM-DD"),
    "datetime_parsing": ("时间格式应为 RFC 3339", "an instant is RFC 3339 with offset"),
    "datetime_from_date_parsing": ("时间格式应为 RFC 3339", "an instant is RFC 3339 with offset"),
    "timezone_aware": ("时间须带时区", "an instant needs an offset"),
    "uuid_parsing": ("编号格式不符", "not an id"),
    "enum": ("不在可选项内", "not one of the allowed words"),
    "literal_error": ("不在可选项内", "not one of the allowed words"),
    "int_parsing": ("应为整数", "must be an integer"),
    "int_type": ("应为整数", "must be an integer"),
    "json_invalid": ("不是有效的 JSON", "no valid JSON"),
}
OUT_OF_RANGE = "日期或数值超出范围"


def problem_response(problem: Problem, request_id: str, language: str) -> JSONResponse:
    """The answer for a problem."""
    return JSONResponse(problem.body(language, request_id), problem.status, problem.headers, "application/problem+json")


def _pointer(location: Sequence[Any]) -> str:
    parts = list(location)
    if parts and parts[0] == "body":
        parts = [part for part in parts[1:] if part != "[key]"]
    elif parts and parts[0] in ("query", "path", "header", "cookie"):
        parts = parts[:2]  # what follows names a branch of a choice, not a place
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1")[:80] for part in parts)


def validation_problem(error: RequestValidationError) -> Problem:
    """FastAPI's findings as our shape, without the refused input (it may hold what cannot be sent back)."""
    found: list[FieldError] = []
    for item in error.errors()[:50]:
        code = str(item["type"])
        zh, en = MESSAGES.get(code, ("不符合要求", str(item.get("msg", "not valid"))[:200]))
        context = item.get("ctx", {})
        if code == "value_error" and isinstance(context.get("error"), ValueError) and len(context["error"].args) == 3:
            code, zh, en = context["error"].args
        found.append(FieldError(_pointer(item["loc"]), code, zh, en))
    return Invalid(errors=found)


def _database_problem(error: DBAPIError) -> Problem:
    state = getattr(error.orig, "sqlstate", None) or ""
    if state in ("40001", "40P01", "55P03"):
        return Conflict("其他人正在修改同一记录,请重试", "someone is changing the same record; try again")
    if state.startswith("23"):
        return Conflict("与已有记录冲突", "conflicts with an existing record")
    if state in ("22003", "22008", "22021", "22P05"):  # a number, a date or a sign that no column holds
        return Invalid(OUT_OF_RANGE, "a value is out of range")
    if isinstance(error, OperationalError) or state.startswith(("08", "57")):
        return Unavailable(headers={"Retry-After": "2"})
    return Problem()


def install_problems(app: FastAPI) -> None:
    """Give an app the one shape of errors."""

    def answer(request: Request, problem: Problem) -> JSONResponse:
        return problem_response(problem, request.headers.get("x-request-id", ""), language_of(request.headers.get("accept-language")))

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return answer(request, error)

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer(request, validation_problem(error))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kinds: dict[int, type[Problem]] = {401: Unauthenticated, 404: NotFound, 413: TooLarge, 422: Invalid}
        if error.status_code == 405:
            return answer(request, MethodNotAllowed(headers=dict(error.headers or {})))
        if error.status_code == 401:
            return answer(request, Unauthenticated())
        return answer(request, kinds.get(error.status_code, Malformed)())

    async def on_database(request: Request, error: Exception) -> Response:
        assert isinstance(error, DBAPIError)
        problem = _database_problem(error)
        if problem.status == 500:
            log.error(
                "database_error",
                sqlstate=getattr(error.orig, "sqlstate", ""),
                kind=type(error.orig).__name__,
                route=route_template(request.scope),
                request_id=request.headers.get("x-request-id", ""),
            )
        return answer(request, problem)

    async def on_anything(request: Request, error: Exception) -> Response:
        log.error(
            "unexpected_error",
            kind=type(error).__name__,
            route=route_template(request.scope),
            request_id=request.headers.get("x-request-id", ""),
            exc_info=error,
        )
        return answer(request, Problem())

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(DBAPIError, on_database)
    app.add_exception_handler(TimeoutError, lambda request, _: answer(request, Unavailable(headers={"Retry-After": "2"})))
    app.add_exception_handler(OverflowError, lambda request, _: answer(request, Invalid(OUT_OF_RANGE, "a value is out of range")))
    app.add_exception_handler(Exception, on_anything)


Background = Callable[[], Awaitable[None]]
SWEEP_EVERY = timedelta(hours=1)
"""How often answers of old Idempotency-Keys are forgotten."""


def internal_router(house: House, wakes: Wakes, followed_by: Sequence[str] = ()) -> APIRouter:
    """The feed that neighbours follow (DESIGN 5). Long poll: wakes by NOTIFY, falls back to the given wait."""
    router = APIRouter(prefix="/internal", route_class=UnitRoute, include_in_schema=False)
    follower = Depends(AllowNeighbour(*followed_by))

    @router.get("/events")
    async def events(
        after: Annotated[str, Query(max_length=40)] = outbox.START,
        wait: Annotated[float, Query(ge=0, le=30)] = 0,
        size: Annotated[int, Query(ge=1, le=1000)] = 500,
        work: Work = follower,
    ) -> dict[str, Any]:
        """Events after a cursor, oldest first."""
        try:
            outbox.parse_cursor(after)
        except ValueError as error:
            raise Invalid("游标无效", "bad cursor") from error
        waiter = wakes.waiter() if wait and not wakes.leaving else None
        found = await outbox.read_feed(work.session, house.schema, after, size)
        if not found and waiter is not None:
            await work.session.rollback()  # hold no snapshot while waiting
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(waiter.wait(), wait)
            found = await outbox.read_feed(work.session, house.schema, after, size)
        return {"events": found, "next": found[-1]["position"] if found else after}

    return router


def health_router(house: House, ready: Callable[[], dict[str, Any]], metrics: Metrics) -> APIRouter:
    """`/livez`, `/readyz`, `/metrics`. The gateway routes only its own."""
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        """The database answers, the schema is migrated, the followers move."""
        report: dict[str, Any] = {"status": "ok", "service": house.schema.name, **ready()}
        try:
            async with house.database.session() as session:
                found = await session.execute(text(f"select version_num from {house.schema.name}.alembic_version"))
                report["revision"] = found.scalar_one_or_none()
        except (DBAPIError, TimeoutError, OSError):
            report["status"] = "no database"
            return JSONResponse(report, 503)
        return JSONResponse(report)

    @router.get("/metrics")
    async def prometheus() -> Response:
        """Prometheus text; reached on loopback only."""
        return Response(generate_latest(metrics.registry), media_type="text/plain; version=0.0.4")

    return router


@dataclass(frozen=True, slots=True)
class Parts:
    """What `create_app` of a service is given: everything that differs between a laptop, a test and a cluster."""

    database: Database
    clock: Clock
    sealer: Sealer
    verifier: TokenVerifier
    neighbour_verifier: TokenVerifier
    neighbours: Mapping[str, Door]
    demo: bool = False
    county: str = "610822"
    background: bool = True
    """Run followers, jobs and the audit sealer by themselves; tests step them by hand instead."""
    extras: Mapping[str, Any] = field(default_factory=dict)


PeriodicJob = tuple[str, Job, str | None]


def _language_router(app: FastAPI, codes: Mapping[str, Codes]) -> APIRouter:
    """What the gateway merges for clients: this service's OpenAPI document, code lists and problem types."""
    router = APIRouter(prefix="/internal", route_class=UnitRoute, include_in_schema=False)

    @router.get("/language")
    async def language(_: Annotated[Work, Depends(AllowNeighbour())]) -> dict[str, Any]:
        """OpenAPI, codes, problems."""
        return language_of_app(app, codes)

    return router


def language_of_app(app: FastAPI, codes: Mapping[str, Codes]) -> dict[str, Any]:
    """An app's published language: `openapi`, `codes`, `problems`."""
    listed = {name: {code: {"zh": zh, "en": en} for code, (zh, en) in entries.items()} for name, entries in codes.items()}
    problems = {
        kind.slug: {"status": kind.status, "zh": kind.title_zh, "en": kind.title_en, "about": kind.__doc__ or ""}
        for kind in every_problem()
    }
    return {"openapi": app.openapi(), "codes": listed, "problems": problems}


def assemble(
    parts: Parts,
    schema: Schema,
    *,
    title: str,
    routers: Sequence[APIRouter],
    readers: Mapping[str, Mapping[str, Reader]] | None = None,
    work_jobs: Sequence[PeriodicJob] = (),
    background: Sequence[Callable[[House], Awaitable[None]]] = (),
    vital: Sequence[Callable[[House], Awaitable[None]]] = (),
    codes: Mapping[str, Codes] | None = None,
    audit_at: APIRouter | None = None,
    followed_by: Sequence[str] = (),
) -> FastAPI:
    """The app of a service.

    `readers`: neighbour → event type → reader; `work_jobs`: (name, run, cron or None); `background`: its own endless tasks, which tests step by hand;
    `vital`: tasks that always run, because requests depend on them; `codes`: its code lists with labels, for /meta/v1/codes;
    `audit_at`: how auditors read this trail when it is not as in every service; `followed_by`: who may read the feed, when not every neighbour.
    """
    extras: dict[str, Any] = {**parts.extras, "neighbours": dict(parts.neighbours), "county": parts.county}
    house = House(schema, parts.database, parts.clock, parts.sealer, parts.verifier, parts.neighbour_verifier, parts.demo, extras)
    wakes = Wakes(parts.database.conninfo, f"{schema.name}_outbox")
    followers = [Follower(house, feed, parts.neighbours[feed], known) for feed, known in (readers or {}).items()]
    jobs = Jobs(parts.database.conninfo, schema.name) if work_jobs else None
    if jobs is not None:
        jobs.bind(house)
        for name, run, cron in work_jobs:
            jobs.job(name, run, periodic=cron)

    def ready() -> dict[str, Any]:
        now = parts.clock()
        lags = {
            follower.feed: round((now - follower.last_step).total_seconds(), 1) if follower.last_step else None for follower in followers
        }
        return {"followers_lag_seconds": lags}

    tasks: list[Background] = [wakes.run, *(partial(run, house) for run in vital)]
    if parts.background:
        tasks += [follower.run for follower in followers]
        tasks.append(lambda: _seal_for_ever(house))
        if jobs is not None:
            tasks.append(jobs.run)
        tasks += [partial(run, house) for run in background]

    @contextlib.asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        running = [asyncio.create_task(_forever(run)) for run in tasks]
        try:
            yield
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await house.database.close()

    def operation_id(route: APIRoute) -> str:
        """What a generated client calls it, e.g. `registry_people_list_people`; it does not change with the path."""
        return "_".join((schema.name, *map(str, route.tags[:1]), route.name)).replace("-", "_")

    app = FastAPI(
        title=title, version="1", lifespan=life, openapi_url=None, redirect_slashes=False, generate_unique_id_function=operation_id
    )
    app.state.house = house
    app.state.metrics = Metrics(schema.name)
    app.state.wakes = wakes
    app.state.followers = followers
    app.state.jobs = jobs
    extras["wakes"] = wakes
    install_problems(app)
    app.include_router(internal_router(house, wakes, followed_by))
    app.include_router(_language_router(app, codes or {}))
    app.include_router(health_router(house, ready, app.state.metrics))
    for router in (*routers, audit_at or audit_router(f"/{schema.name}/v1")):
        app.include_router(router)
    app.middleware_stack = app.state.metrics.wrap(app.build_middleware_stack(), time.monotonic)
    return app


async def _forever(run: Background) -> None:
    while True:
        try:
            await run()
            return
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.error("background_failed", kind=type(error).__name__, exc_info=error)
            await asyncio.sleep(1)


async def _seal_for_ever(house: House) -> None:
    """Chain committed audit rows; the pause is the longest unsealed window."""
    swept = None
    while True:
        async with house.database.session() as session:
            now = house.clock()
            sealed = await audit.seal(session, house.schema, now)
            if swept is None or now - swept > SWEEP_EVERY:
                await idempotency.forget_old(session, house.schema, now)
                swept = now
            await session.commit()
        await asyncio.sleep(0.2 if sealed == audit.SEAL_BATCH else 2)
