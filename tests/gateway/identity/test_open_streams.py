"""Whoever is put out hears nothing more: an open event stream of the real alerts service ends with the session that opened it (DESIGN 6)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.gateway.edge.toys import door
from tests.gateway.identity.conftest import PASSWORD, Door
from tests.houses import TestHouse

OFFICER = {"username": "officer", "password": PASSWORD, "roles": ["county_officer"], "scope": ["610822"], "staff_code": "C001"}
SOON = 2.0
"""Seconds within which a revocation reaches what is open."""


@pytest.fixture
async def streams(house: TestHouse) -> AsyncIterator[AsyncExitStack]:
    """Whatever was opened is closed before the house is."""
    async with AsyncExitStack() as opened:
        yield opened


async def listen(streams: AsyncExitStack, house: TestHouse, *doors: Door) -> list[AsyncIterator[str]]:
    """An open stream behind each door, greeted."""
    port = await streams.enter_async_context(door(house.house.app))
    opened: list[AsyncIterator[str]] = []
    for one in doors:
        headers = {"authorization": f"Bearer {one.token}"}
        client = await streams.enter_async_context(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False, timeout=30)
        )
        told = await streams.enter_async_context(client.stream("GET", "/alerts/v1/stream"))
        assert told.status_code == 200
        lines = told.aiter_lines()
        assert [await anext(lines) for _ in range(3)] == [": connected", "retry: 2000", ""]
        opened.append(lines)
    return opened


async def rest(lines: AsyncIterator[str]) -> list[str]:
    """All that is still said, to the end."""
    return [line async for line in lines]


async def test_signing_out_ends_the_open_stream_and_leaves_that_of_another_session(
    administrator: Door, house: TestHouse, streams: AsyncExitStack
) -> None:
    await administrator.open(OFFICER)
    first, second = Door(house), Door(house)
    for one in (first, second):
        assert (await one.sign_in("officer")).status == 200
    lines, others = await listen(streams, house, first, second)
    other = asyncio.ensure_future(rest(others))
    async with asyncio.timeout(SOON):
        assert (await first("POST", "/auth/v1/logout")).status == 204
        assert await rest(lines) == []
    await asyncio.wait((other,), timeout=2)
    assert not other.done()
    async with asyncio.timeout(SOON):
        assert (await second("POST", "/auth/v1/logout")).status == 204
        assert await other == []


async def test_disabling_an_account_ends_all_its_streams(
    administrator: Door, stranger: Door, house: TestHouse, streams: AsyncExitStack
) -> None:
    made = await administrator.open(OFFICER)
    again = Door(house)
    for one in (stranger, again):
        assert (await one.sign_in("officer")).status == 200
    opened = await listen(streams, house, stranger, again)
    async with asyncio.timeout(SOON):
        path, change = f"/auth/v1/accounts/{made['id']}", {"state": "disabled", "reason": "调离"}
        assert (await administrator("PATCH", path, change, if_match='"v1"')).status == 200
        assert await asyncio.gather(*(rest(lines) for lines in opened)) == [[], []]
