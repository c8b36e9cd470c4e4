"""The audit trail: sealed in order, and a changed, removed or inserted row is found."""

from __future__ import annotations

import psycopg
import pytest

from kit import audit
from kit.jobs import in_work
from kit.work import Work
from services.registry.schema import SCHEMA
from tests.houses import TestHouse


async def fill(house: TestHouse, rows: int) -> None:
    """Write rows and seal them."""
    app_house = house.house.apps["registry"].state.house

    async def write(work: Work) -> None:
        for number in range(rows):
            await work.note("planted", "planted", str(number))

    await in_work(app_house, "planted", write)

    async def close(work: Work) -> None:
        await audit.seal(work.session, SCHEMA, work.now)

    await in_work(app_house, "seal", close)


async def verdict(house: TestHouse) -> audit.Verdict:
    """Verify the chain."""
    async with house.house.apps["registry"].state.house.database.session() as session:
        return await audit.verify(session, SCHEMA)


async def test_an_untouched_trail_verifies(house: TestHouse) -> None:
    for _ in range(3):
        await fill(house, 5)
    assert await verdict(house) == audit.Verdict(15, 3, None)


@pytest.mark.parametrize(
    "crime",
    [
        "update registry.audit set action = 'nothing' where object_ids @> '[\"2\"]' and id between 6 and 10",
        "delete from registry.audit where id = 7",
        "update registry.audit set at = at + interval '1 second' where id = 8",
        "insert into registry.audit (xid, at, actor, roles, action, purpose, reason, object_type, object_ids, request_id, details) "
        "select xid, at, actor, roles, action, purpose, reason, object_type, object_ids, request_id, details from registry.audit where id = 7",
    ],
)
async def test_a_touched_trail_is_found(house: TestHouse, crime: str) -> None:
    for _ in range(3):
        await fill(house, 5)
    with psycopg.connect(house.owner) as connection:
        connection.execute(crime)  # type: ignore[arg-type]
    broken = (await verdict(house)).broken_batch
    assert broken is not None
    assert broken >= 2
