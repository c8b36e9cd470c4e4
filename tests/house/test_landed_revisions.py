"""Landed revisions are frozen, and what they made and filled is carried on whole: a dump of the landed demo county is migrated to the head.

`tests/data/landed/README.md` says how the dump was made. A later revision may add tables, columns and rows; it may not change a figure.
"""

from __future__ import annotations

import csv
import json
import lzma
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from deploy import database
from deploy.compose import HouseSettings, build
from deploy.folder import DataFolder
from deploy.keys import Keys
from deploy.nameplate import Wanted
from deploy.postgres import Postgres, binaries
from kit import migrate
from kit.clock import SteppedClock
from kit.jobs import in_work
from kit.roles import Role
from kit.work import Work
from services.registry.jobs import end_due_measures
from services.registry.measures.service.comparing import Unlike, unlike
from tests.data.landed.make_landed import root_of
from tests.houses import COUNTY, TestHouse, own_logins

PROJECT = Path(__file__).parents[2]
LANDED = PROJECT / "tests/data/landed"
MOVED: dict[str, str] = {}
"""Landed table → the question that counts its rows today, where a later revision has laid them elsewhere."""
CHANGED: dict[str, str] = {}
"""Landed question → why a later version answers otherwise by law; everything else must be answered as it was."""


def frozen() -> list[dict[str, str]]:
    """The list of landed revisions."""
    with (LANDED / "revisions.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def changed_since_landing(project: Path, listed: list[dict[str, str]]) -> list[str]:
    """Which landed files are not what they were."""
    found = []
    for row in listed:
        path = project / row["file"]
        now = sha256(path.read_bytes()).hexdigest() if path.exists() else "gone"
        if now != row["sha256"]:
            found.append(f"{row['file']} has landed and is frozen: write another revision in its place")
    return found


def test_a_landed_revision_is_never_edited() -> None:
    listed = frozen()
    assert {row["service"] for row in listed} == set(database.PACKAGES)
    assert changed_since_landing(PROJECT, listed) == []


def test_the_law_of_frozen_revisions_bites(tmp_path: Path) -> None:
    listed = [row for row in frozen() if row["service"] == "testing"]
    for row in listed:
        target = tmp_path / row["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((PROJECT / row["file"]).read_bytes() + b"\n# a word more\n")
    assert len(changed_since_landing(tmp_path, listed)) == len(listed) > 0


WHEN_ASKED = ("/next", "/computed_at", "/proof/format", "/figures/as_of", "/figures?from=2021-01-01&to=2021-06-30/as_of")
"""What an answer says of the asking and not of the county: cursors, which are signed, the instant, and the format of a proof (docs/draw/README.md)."""


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """What the landed version counted and answered."""
    found: dict[str, Any] = json.loads(lzma.decompress((LANDED / "answers.json.xz").read_bytes()))
    return found


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own: logins belong to a whole server, and this county's folder has other passwords than those of the tests that follow."""
    folder = DataFolder(tmp_path_factory.mktemp("server"))
    folder.take()
    server = Postgres(folder, durable=False)
    server.start()
    try:
        yield server.dsn()
    finally:
        server.stop()
        folder.release()


def restore(owner: str, name: str) -> str:
    """The landed county in a database of its own; the owner's address of it."""
    with psycopg.connect(owner, autocommit=True) as connection:
        database.create_database(connection, name)
    address = make_conninfo(owner, dbname=name)
    said = subprocess.run(
        [str(binaries() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", address],
        input=lzma.decompress((LANDED / "county.sql.xz").read_bytes()), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout.decode()[-2000:]
    return address


@pytest.fixture(scope="module")
def migrated(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The owner's address of the landed county, migrated to the head, and its data folder."""
    data_dir = own_logins(tmp_path_factory.mktemp("landed"))
    (data_dir / "secrets").mkdir(mode=0o700)
    for service in database.PACKAGES:
        (data_dir / "secrets" / f"{service}.root").write_text(root_of(service), encoding="utf-8")
    name = f"landed_{uuid4().hex[:8]}"
    address = restore(postgres, name)
    database.prepare(address, data_dir, lambda *_: None, wanted=Wanted(COUNTY, True))
    try:
        yield address, data_dir
    finally:
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
async def landed(migrated: tuple[str, Path], answers: dict[str, Any]) -> AsyncIterator[TestHouse]:
    """Today's house over it."""
    address, data_dir = migrated
    clock = SteppedClock(datetime.fromisoformat(answers["now"]))
    house = build(HouseSettings(data_dir, address, demo=True, background=False), clock=clock)
    await house.start()
    try:
        yield TestHouse(house, Keys(DataFolder(data_dir)), clock, address)
    finally:
        await house.stop()


def test_no_row_is_lost_on_the_way_to_the_head(migrated: tuple[str, Path], answers: dict[str, Any]) -> None:
    with psycopg.connect(migrated[0]) as connection:

        def count(table: str) -> int:
            row = connection.execute(MOVED.get(table, f"select count(*) from {table}").encode()).fetchone()
            assert row is not None
            return int(row[0])

        lost = {table: (rows, now) for table, rows in answers["rows"].items() if (now := count(table)) < rows}
    assert lost == {}


@pytest.mark.parametrize("service", database.PACKAGES)
def test_the_migrated_tables_are_those_of_the_code(migrated: tuple[str, Path], service: str) -> None:
    assert migrate.differences(migrated[0], database.PACKAGES[service]) == []


def by_id(items: Any) -> Any:
    """Items of a list in the order of their ids: the landed lists in SQL text gave the rows of a page in whatever order the plan came to them."""
    named = isinstance(items, list) and all(isinstance(item, dict) and "id" in item for item in items)
    return sorted(items, key=lambda item: str(item["id"])) if named else items


def differing(was: Any, now: Any, where: str) -> list[str]:
    """Where an answer no longer says what it said; more may stand in it. `where` begins with the question.

    A source of law that stood as text is told in both languages now: its English is the text.
    """
    if isinstance(was, str) and isinstance(now, dict) and now.keys() == {"zh", "en"} and where.endswith("/source"):
        now = now["zh"] and now["en"]
    if isinstance(was, dict):
        if not isinstance(now, dict):
            return [f"{where}: {was!r} is {now!r}"]
        return [line for name, value in was.items() for line in differing(value, now.get(name), f"{where}/{name}")]
    if isinstance(was, list):
        if isinstance(now, dict) and now.keys() >= {"items", "next"}:
            now = now["items"] if now["next"] is None else now  # a bare array has become the one page of a list (ADR 0024)
        was, now = by_id(was), by_id(now)
        if not isinstance(now, list) or len(was) != len(now):
            return [f"{where}: {len(was)} items are {len(now) if isinstance(now, list) else now!r}"]
        return [line for number, (old, new) in enumerate(zip(was, now, strict=True)) for line in differing(old, new, f"{where}/{number}")]
    if isinstance(was, str) and now == was.replace("+00:00", "Z") and was.endswith("+00:00"):
        return []  # the same moment in the form of every other answer (api.md 1)
    if was == now or where.endswith(WHEN_ASKED):
        return []
    return [f"{where}: {was!r} is {now!r}"]


def test_the_comparison_of_answers_bites() -> None:
    was = {"a": [{"n": 1}, {"n": 2}], "next": "x"}
    assert differing(was, {"a": [{"n": 1, "more": 0}, {"n": 2}], "next": "y", "b": 1}, "") == []
    assert differing(was, {"a": [{"n": 1}], "next": "x"}, "") == ["/a: 2 items are 1"]
    assert differing(was, {"a": [{"n": 1}, {"n": 3}], "next": "x"}, "") == ["/a/1/n: 2 is 3"]
    assert differing({"at": "2021-07-01T00:00:00+00:00"}, {"at": "2021-07-01T00:00:00Z"}, "") == []
    assert len(differing({"at": "2021-07-01T00:00:00+00:00"}, {"at": "2021-07-01T00:00:01Z"}, "")) == 1
    cited = {"source": {"zh": "《禁毒法》第三十二条", "en": "NCL art. 32"}}
    assert differing({"source": "NCL art. 32"}, cited, "") == []
    assert len(differing({"source": "NCL art. 33"}, cited, "")) == 1
    assert len(differing({"name": "NCL art. 32"}, {"name": cited["source"]}, "")) == 1
    assert differing([{"n": 1}], {"items": [{"n": 1}], "next": None}, "") == []
    assert differing([{"n": 1}], {"items": [{"n": 2}], "next": None}, "") == ["/0/n: 1 is 2"]
    assert len(differing([{"n": 1}], {"items": [{"n": 1}], "next": "more"}, "")) == 1


async def test_every_answer_says_what_the_landed_version_said(landed: TestHouse, answers: dict[str, Any]) -> None:
    found: list[str] = []
    for path, was in answers["answers"].items():
        service = path.split("/")[1]
        officer = landed.caller(service, Role.COUNTY_OFFICER, scope=(COUNTY,))
        reply = await officer("GET", path)
        if path in CHANGED:
            continue
        if reply.status != 200:
            found.append(f"{path} answers {reply.status}")
            continue
        found += differing(was, json.loads(reply.body), path)
    assert found == [], "\n".join(found[:40])


async def test_every_landed_measure_follows_from_its_history(landed: TestHouse) -> None:
    """The row of a measure repeats what its steps say: in a county whose steps were written before the register computed them, too."""
    found: list[Unlike] = []
    registry = landed.house.apps["registry"].state.house

    async def run(work: Work) -> None:
        found.extend(await unlike(work))

    await end_due_measures(registry)
    await in_work(registry, "compare_measures", run)
    assert found == [], found[:10]


async def test_the_house_goes_on_working_after_the_migration(landed: TestHouse) -> None:
    """Followers and a write: nothing that was done is done again, and the county takes what is new."""
    with psycopg.connect(landed.owner) as connection:
        query = (
            "select (select count(*) from testing.outbox), (select count(*) from alerts.outbox), (select count(*) from testing.due_test)"
        )
        before = connection.execute(query).fetchone()
        for app in landed.house.apps.values():  # jobs go by the clock on the wall
            for follower in getattr(app.state, "followers", ()):
                await follower.drain()
        assert connection.execute(query).fetchone() == before
    landed.clock.advance(timedelta(seconds=1))
    officer = landed.caller("registry", Role.COUNTY_OFFICER)
    body = {"code": "NEW001", "name": "演示新人", "post": "social_worker", "division_code": "610822100000", "valid_from": "2021-07-01"}
    reply = await officer("POST", "/registry/v1/staff/load", [body])
    assert reply.status == 200, reply.body


async def test_grants_keep_their_words_and_scopes_their_places(landed: TestHouse) -> None:
    """Grants became dated rows, and `610822100000` is written `610822100`; nobody reaches more or less than before."""
    with psycopg.connect(landed.owner) as connection:
        words = connection.execute("select id, word from gateway.client, jsonb_array_elements_text(grants) word order by 1, 2").fetchall()
        rows = connection.execute("select client_id, word, valid_to, tokens from gateway.client_grant order by 1, 2").fetchall()
        scopes = connection.execute("select distinct entry from gateway.account, jsonb_array_elements_text(scope) entry").fetchall()
    assert words
    assert [row[:2] for row in rows] == words
    assert {row[2:] for row in rows} == {(None, 0)}
    assert {entry for (entry,) in scopes} == {"610822", "610822100"}
