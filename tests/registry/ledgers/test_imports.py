"""An import from upload to commit."""

from __future__ import annotations

import psycopg

from tests.registry.ledgers.desk import Desk, ledger


async def test_a_ledger_travels_from_upload_to_commit(desk: Desk) -> None:
    (job,) = await desk.upload(ledger(4), as_of="2020-12-31")
    assert job["state"] == "reported", job
    assert job["dispositions"] == {"accept": 85, "duplicate": 1, "hold": 6}
    assert job["recognised"] is True and job["problems"] == 6
    held = await desk.rows(job, "&disposition=hold")
    assert len(held) == 6
    assert all(any(problem["hold"] for problem in row["problems"]) for row in held)
    done = await desk.commit(job)
    assert done["state"] == "committed", done
    assert done["taken"]["persons"] == 85
    with psycopg.connect(desk.house.owner) as connection:
        count = connection.execute("select count(*), count(distinct id_number_index) from registry.person").fetchone()
        assert count == (85, 85)
        assert connection.execute("select count(*) from registry.standing").fetchone() == (85,)
        assert connection.execute("select count(*) from registry.outbox where type = 'person.registered'").fetchone() == (85,)
