"""Many press the button while another ledger is being taken over: nobody waits with a connection, nothing is 500, and it is taken over once."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from kit.intake.service import INLINE_ROWS
from kit.roles import Role
from tests.houses import TestHouse
from tests.registry.ledgers.desk import Desk, ledger

pytestmark = pytest.mark.anyio
TAKING_OVER = "hashtextextended('registry.ledgers.commit', 0)"


async def test_a_commit_that_finds_another_one_running_becomes_a_job(house: TestHouse, desk: Desk) -> None:
    (job,) = await desk.upload(ledger(4))
    now = await desk.get(f"/{job['id']}")
    assert 0 < now["dispositions"]["accept"] <= INLINE_ROWS
    database = house.house.apps["registry"].state.house.database
    commit = f"{desk.path}/{job['id']}/commit"
    with psycopg.connect(house.owner, autocommit=True) as other:
        other.execute(f"select pg_advisory_lock({TAKING_OVER})".encode())
        pressed = [
            asyncio.create_task(desk.caller("POST", commit, {"confirm": now["confirm"]}, if_match=f'"v{now["version"]}"'))
            for _ in range(12)
        ]
        officer = house.caller("registry", Role.COUNTY_OFFICER)
        for _ in range(5):
            assert (await officer("GET", "/registry/v1/people")).status == 200
        answers = await asyncio.gather(*pressed)
        assert {answer.status for answer in answers} <= {202, 409, 412}
        assert [answer.status for answer in answers].count(202) >= 1
        assert database.in_use == 0
        assert (await desk.get(f"/{job['id']}"))["state"] == "committing"
        other.execute(f"select pg_advisory_unlock({TAKING_OVER})".encode())
    await house.step()
    done = await desk.get(f"/{job['id']}")
    assert done["state"] == "committed"
    with psycopg.connect(house.owner) as owner:
        noted = owner.execute("select count(*) from registry.audit where action = 'ledger.commit'").fetchone()
    assert noted == (1,)
    again = await officer("POST", commit, {}, if_match=f'"v{done["version"]}"')
    assert again.status == 202
