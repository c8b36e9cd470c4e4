"""Alerts as they happen: Server-Sent Events with resume, a heartbeat and the caller's towns only (API.md 1; WHATWG HTML 9.2).

All streams of a process share one reader of the outbox. It shows a committed event at once, even while an older transaction still runs, and hands out as
event id the last position below the snapshot horizon: a client that comes back sees nothing skipped, at worst the newest events twice (each has its id).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kit import nameplate, outbox
from kit.auth import Principal
from kit.problems import FieldError, Forbidden, Invalid, TooMany, invalid
from kit.wake import Wakes
from kit.work import House, caller_of
from services.alerts.alerts.policy import READERS
from services.alerts.settings import AlertsSettings

HEARTBEAT_SECONDS = 15.0
FALLBACK_SECONDS = 5.0
WAITING = 1000
"""Events that wait for a slow client; then its stream is closed, and it resumes by its last event id."""
STREAMS = 5000
"""Open streams of one process."""
PAGE = 500

_AFTER = """
select o.xid::text as xid_text, o.id, o.event_id::text as event_id, o.type, o.occurred_at, o.division_code, o.data,
       o.xid < alerts.feed_horizon() as settled
  from alerts.outbox o
 where (o.xid, o.id) > (cast(:xid as text)::xid8, :id) and o.type like 'alert.%'
 order by o.xid, o.id limit :size"""

_HEAD = "select alerts.feed_horizon()::text"


@dataclass(frozen=True, slots=True)
class Told:
    """One event as the stream shows it."""

    event_id: str
    type: str
    division_code: str
    settled: bool
    position: str
    """Where to resume so that nothing is skipped."""
    place: str
    """Where it stands itself: for reading on within one sitting, also above the horizon."""
    data: str

    def frame(self) -> bytes:
        """The bytes of one event."""
        return f"id: {self.position}\nevent: {self.type}\ndata: {self.data}\n\n".encode()


def _told(row: Any, epoch: str, position: str, *, settled: bool) -> Told:
    shown = {name: row.data.get(name) for name in ("alert_id", "kind", "severity", "state", "division_code", "persons", "finding")}
    data = json.dumps({"event_id": row.event_id, "at": row.occurred_at.isoformat(), **shown}, ensure_ascii=False, separators=(",", ":"))
    return Told(row.event_id, row.type, row.division_code, settled, position, outbox.cursor_of(epoch, row.xid_text, row.id), data)


async def read_after(house: House, position: str, place: str | None = None) -> list[Told]:
    """A page of alert events after a position, committed ones above the horizon included.

    `place`: where the page before ended, when that lay above the horizon. Then nothing of this page moves the position: what was under way below may have
    been committed since. Raises ValueError for what is no position.
    """
    start = outbox.parse_cursor(place or position)
    async with house.database.session() as session:
        epoch = await nameplate.epoch(session, house.schema)
        rows = (await session.execute(text(_AFTER), {"xid": str(start.xid), "id": start.id, "size": PAGE})).all()
    found: list[Told] = []
    for row in rows:
        settled = row.settled and place is None
        if settled:
            position = outbox.cursor_of(epoch, row.xid_text, row.id)
        found.append(_told(row, epoch, position, settled=settled))
    return found


class Broadcast:
    """The one reader of a process, running while somebody listens."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._listeners: set[asyncio.Queue[Told | None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._position = outbox.START
        self._ahead: set[str] = set()

    def __len__(self) -> int:
        return len(self._listeners)

    async def join(self) -> asyncio.Queue[Told | None]:
        """A queue of everything that is committed from now on; None ends it. Raises TooMany."""
        if len(self._listeners) >= STREAMS:
            raise TooMany(headers={"Retry-After": "30"})
        if self._task is None:
            async with self._house.database.session() as session:
                epoch = await nameplate.epoch(session, self._house.schema)
                self._position = outbox.cursor_of(epoch, (await session.execute(text(_HEAD))).scalar_one(), 0)
            if self._task is None:  # nobody was quicker meanwhile
                self._ahead.clear()
                self._task = asyncio.create_task(self._read())
        queue: asyncio.Queue[Told | None] = asyncio.Queue(WAITING)
        self._listeners.add(queue)
        return queue

    async def leave(self, queue: asyncio.Queue[Told | None]) -> None:
        """Stop listening; the last one out stops the reader."""
        self._listeners.discard(queue)
        if not self._listeners and self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _read(self) -> None:
        wakes = self._house.wakes
        assert isinstance(wakes, Wakes)
        while True:
            waiter = wakes.waiter()
            try:
                await self._pass_on()
            except (DBAPIError, TimeoutError, OSError):
                await asyncio.sleep(1)  # the database is away; positions lose nothing
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(waiter.wait(), FALLBACK_SECONDS)

    async def _pass_on(self) -> None:
        """Hand out what is new, page by page."""
        place: str | None = None
        while True:
            found = await read_after(self._house, self._position, place)
            self._hand_out(found)
            if len(found) < PAGE:
                return
            place = None if found[-1].settled else found[-1].place

    def _hand_out(self, found: Sequence[Told]) -> None:
        for told in found:
            if told.settled:
                self._position = told.position
            if told.event_id in self._ahead:
                if told.settled:
                    self._ahead.discard(told.event_id)
                continue
            if not told.settled:
                self._ahead.add(told.event_id)
            for queue in list(self._listeners):
                self._put(queue, told)

    def _put(self, queue: asyncio.Queue[Told | None], told: Told) -> None:
        try:
            queue.put_nowait(told)
        except asyncio.QueueFull:
            self._listeners.discard(queue)
            queue.get_nowait()
            queue.put_nowait(None)


class AllowStream:
    """The guard of the stream: it holds no transaction, so it is not a unit of work."""

    roles = frozenset(READERS)
    personal = False

    async def __call__(self, request: Request) -> Principal:
        """Verify and check the role. Raises Unauthenticated, Forbidden, Invalid."""
        principal = caller_of(request)
        if not principal.has(*self.roles):
            raise Forbidden
        unknown = list(request.query_params)
        if unknown:
            raise Invalid(
                errors=[
                    FieldError(f"/query/{name[:60]}", "unknown_parameter", "不认识的查询参数", "unknown query parameter")
                    for name in unknown
                ]
            )
        return principal


router = APIRouter(prefix="/alerts/v1", tags=["alerts"])


@router.get(
    "/stream", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}
)
async def stream(
    request: Request,
    principal: Annotated[Principal, Depends(AllowStream())],
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=60)] = None,
) -> StreamingResponse:
    """Alerts of the caller's towns as they are raised, grow, are taken up and closed: ids and codes, no person."""
    house: House = request.app.state.house
    broadcast = house.part(Broadcast)
    if last_event_id:
        try:
            place = outbox.parse_cursor(last_event_id)
        except ValueError as error:
            raise invalid("/header/Last-Event-ID", "bad_cursor", "续传位置无效", "no position to resume from") from error
        async with house.database.session() as session:
            await outbox.given_epoch(session, house.schema, place, exactly=False)
    queue = await broadcast.join()
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _events(house, broadcast, queue, principal, last_event_id or None), media_type="text/event-stream", headers=headers
    )


def sees(principal: Principal, told: Told) -> bool:
    """Whether an event lies in the caller's towns."""
    return principal.covers(told.division_code)


async def _events(
    house: House, broadcast: Broadcast, queue: asyncio.Queue[Told | None], principal: Principal, position: str | None
) -> AsyncIterator[bytes]:
    settings = house.part(AlertsSettings)
    loop = asyncio.get_running_loop()
    ends, shown = loop.time() + settings.stream_seconds, set[str]()
    try:
        yield b": connected\nretry: 2000\n\n"
        place: str | None = None
        while position is not None:
            page = await read_after(house, position, place)
            for told in page:
                shown.add(told.event_id)
                if sees(principal, told):
                    yield told.frame()
            more = len(page) == PAGE
            position, place = (page[-1].position if more else None), (page[-1].place if more and not page[-1].settled else None)
        while (left := ends - loop.time()) > 0:
            try:
                told = await asyncio.wait_for(queue.get(), min(HEARTBEAT_SECONDS, left))
            except TimeoutError:
                yield b": alive\n\n"
                continue
            if told is None:
                return
            if told.event_id not in shown and sees(principal, told):
                yield told.frame()
    finally:
        await broadcast.leave(queue)
