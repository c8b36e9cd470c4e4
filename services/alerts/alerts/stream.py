"""Alerts as they happen: Server-Sent Events with resume, a heartbeat and the caller's towns only (API.md 1; WHATWG HTML 9.2).

All streams of a process share one reader of the outbox. It shows a committed event at once, even while an older transaction still runs, and hands out as
event id the last position below the snapshot horizon: a client that comes back sees nothing skipped, at worst the newest events twice (each has its id).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kit import clock, nameplate, outbox
from kit.auth import Principal
from kit.problems import FieldError, Forbidden, Invalid, TooMany, invalid
from kit.waits import woken
from kit.work import House, caller_of
from services.alerts.alerts.policy import READERS
from services.alerts.alerts.schemas import StreamedAlert
from services.alerts.settings import AlertsSettings

log = structlog.get_logger()
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
class StreamEvent:
    """One event as the stream shows it."""

    event_id: str
    division_code: str
    settled: bool
    position: str
    """Where to resume so that nothing is skipped."""
    place: str
    """Where it stands itself: for reading on within one sitting, also above the horizon."""
    frame: ServerSentEvent
    """The encoded event: made once for all listeners."""


def _stream_event(row: Any, epoch: str, position: str, *, settled: bool) -> StreamEvent:
    told = {"event_id": row.event_id, "at": clock.shown(row.occurred_at)}
    shown = {name: told[name] if name in told else row.data.get(name) for name in StreamedAlert.model_fields}
    data = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
    frame = ServerSentEvent(raw_data=data, event=row.type, id=position)
    return StreamEvent(row.event_id, row.division_code, settled, position, outbox.cursor_of(epoch, row.xid_text, row.id), frame)


async def read_after(house: House, position: str, place: str | None = None) -> list[StreamEvent]:
    """A page of alert events after a position, committed ones above the horizon included.

    `place`: where the page before ended, when that lay above the horizon. Then nothing of this page moves the position: what was under way below may have
    been committed since. Raises ValueError for a malformed position.
    """
    start = outbox.parse_cursor(place or position)
    async with house.database.session() as session:
        epoch = await nameplate.epoch(session, house.schema)
        rows = (await session.execute(text(_AFTER), {"xid": str(start.xid), "id": start.id, "size": PAGE})).all()
    found: list[StreamEvent] = []
    for row in rows:
        settled = row.settled and place is None
        if settled:
            position = outbox.cursor_of(epoch, row.xid_text, row.id)
        found.append(_stream_event(row, epoch, position, settled=settled))
    return found


class Broadcast:
    """The one reader of a process. It lives with the app and reads while somebody listens."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._listeners: set[asyncio.Queue[StreamEvent | None]] = set()
        self._wanted = asyncio.Event()
        self._sitting = 0
        """Counts the times that somebody came when nobody listened: what was read for an earlier sitting is not handed out in a later one."""
        self._position = outbox.START
        self._ahead: set[str] = set()

    def __len__(self) -> int:
        return len(self._listeners)

    async def join(self) -> asyncio.Queue[StreamEvent | None]:
        """A queue of everything that is committed from now on; None ends it. Raises TooMany."""
        if len(self._listeners) >= STREAMS:
            raise TooMany(headers={"Retry-After": "30"})
        if not self._listeners:
            async with self._house.database.session() as session:
                epoch = await nameplate.epoch(session, self._house.schema)
                position = outbox.cursor_of(epoch, (await session.execute(text(_HEAD))).scalar_one(), 0)
            if not self._listeners:  # no other listener started the reader meanwhile
                self._position, self._sitting = position, self._sitting + 1
                self._ahead.clear()
        queue: asyncio.Queue[StreamEvent | None] = asyncio.Queue(WAITING)
        self._listeners.add(queue)
        self._wanted.set()
        return queue

    def leave(self, queue: asyncio.Queue[StreamEvent | None]) -> None:
        """Stop listening; without listeners the reader pauses."""
        self._listeners.discard(queue)
        if not self._listeners:
            self._wanted.clear()

    async def run(self, house: House) -> None:
        """Hand out what is committed, until cancelled."""
        wakes = house.wakes
        while True:
            await self._wanted.wait()
            waiter = wakes.waiter()
            try:
                await self._pass_on()
            except (SQLAlchemyError, OSError):
                await asyncio.sleep(1)  # the database is away; positions lose nothing
                continue
            await woken(waiter, FALLBACK_SECONDS)

    async def _pass_on(self) -> None:
        """Hand out what is new, page by page."""
        place: str | None = None
        sitting = self._sitting
        while True:
            found = await read_after(self._house, self._position, place)
            if sitting != self._sitting:
                return
            self._hand_out(found)
            if len(found) < PAGE:
                return
            place = None if found[-1].settled else found[-1].place

    def _hand_out(self, found: Sequence[StreamEvent]) -> None:
        for event in found:
            if event.settled:
                self._position = event.position
            if event.event_id in self._ahead:
                if event.settled:
                    self._ahead.discard(event.event_id)
                continue
            if not event.settled:
                self._ahead.add(event.event_id)
            for queue in list(self._listeners):
                self._put(queue, event)

    def _put(self, queue: asyncio.Queue[StreamEvent | None], event: StreamEvent) -> None:
        try:
            queue.put_nowait(event)
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


async def _resume_after(
    request: Request, last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=60)] = None
) -> str | None:
    """Where the caller's earlier stream ended. Raises Invalid for a malformed position, Gone for a position of another epoch."""
    if not last_event_id:
        return None
    try:
        place = outbox.parse_cursor(last_event_id)
    except ValueError as error:
        raise invalid("/header/Last-Event-ID", "bad_cursor", "续传位置无效", "no position to resume from") from error
    house: House = request.app.state.house
    async with house.database.session() as session:
        await outbox.given_epoch(session, house.schema, place, exactly=False)
    return last_event_id


async def _seat(request: Request) -> AsyncIterator[asyncio.Queue[StreamEvent | None]]:
    """A place among the listeners, for as long as the request lives. Asked for after the guard, before the answer begins. Raises TooMany."""
    broadcast = request.app.state.house.part(Broadcast)
    queue = await broadcast.join()
    try:
        yield queue
    finally:
        broadcast.leave(queue)


def sees(principal: Principal, event: StreamEvent) -> bool:
    """Whether an event lies in the caller's towns."""
    return principal.reach.reaches(event.division_code)


@router.get(
    "/stream", response_class=EventSourceResponse, responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}
)
async def stream(
    request: Request,
    principal: Annotated[Principal, Depends(AllowStream())],
    position: Annotated[str | None, Depends(_resume_after)],
    queue: Annotated[asyncio.Queue[StreamEvent | None], Depends(_seat)],
) -> AsyncIterator[StreamedAlert]:
    """Alerts of the caller's towns as they are raised, grow, are taken up and closed: ids and codes, no person."""
    # What is yielded are whole events, made once for all listeners; the annotation tells the document what stands in their `data`.
    house: House = request.app.state.house
    settings = house.part(AlertsSettings)
    loop = asyncio.get_running_loop()
    ends, shown = loop.time() + settings.stream_seconds, set[str]()
    yield ServerSentEvent(comment="connected", retry=2000)  # pyright: ignore[reportReturnType]
    place: str | None = None
    while position is not None:
        try:
            page = await read_after(house, position, place)
        except (SQLAlchemyError, OSError) as error:
            log.warning("stream_broke_off", kind=type(error).__name__)
            return  # an answer that has begun cannot become an error: it ends, and the client resumes
        for event in page:
            shown.add(event.event_id)
            if sees(principal, event):
                yield event.frame  # pyright: ignore[reportReturnType]
        more = len(page) == PAGE
        position, place = (page[-1].position if more else None), (page[-1].place if more and not page[-1].settled else None)
    while True:
        try:
            async with asyncio.timeout(ends - loop.time()):
                event = await queue.get()
        except TimeoutError:
            return  # the client comes again, with its last event id and a fresh token
        if event is None:
            return
        if event.event_id not in shown and sees(principal, event):
            yield event.frame  # pyright: ignore[reportReturnType]
