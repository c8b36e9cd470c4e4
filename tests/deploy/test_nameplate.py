"""A start compares what stands on the nameplates with its folder and its code, and refuses what is not its own before it changes anything."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from psycopg.conninfo import make_conninfo

from deploy import database, nameplate
from deploy.folder import DataFolder
from deploy.keys import Keys
from deploy.nameplate import Wanted
from deploy.problems import (
    BadOption,
    CountyForeign,
    DatabaseForeign,
    DatabaseNewer,
    DatabasePutBack,
    KeysForeign,
    KeysMissing,
    KindForeign,
    RevisionEdited,
    SchemasDisagree,
    StartProblem,
    TablesDiffer,
)
from kit import migrate
from tests.houses import Template

COUNTY, NEXT_COUNTY = "330102", "330103"


@dataclass(frozen=True)
class Started:
    """A real county that was started once: its folder and the owner's address of its database."""

    data_dir: Path
    owner: str

    @property
    def folder(self) -> DataFolder:
        """The folder."""
        return DataFolder(self.data_dir)

    def prepare(self, data_dir: Path | None = None, wanted: Wanted = Wanted(COUNTY, False)) -> None:  # noqa: B008 - a frozen value
        """What every start does first."""
        database.prepare(self.owner, data_dir or self.data_dir, lambda *_: None, wanted=wanted)


def empty_database(owner: str) -> str:
    """A new database on the test server."""
    name = f"county_{uuid4().hex[:8]}"
    with psycopg.connect(owner, autocommit=True) as connection:
        database.create_database(connection, name)
    return make_conninfo(owner, dbname=name)


@pytest.fixture(scope="module")
def started(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Started once, with another house already on the server (the template's)."""
    template.name(None)
    one = Started(tmp_path_factory.mktemp("county"), empty_database(template.owner))
    one.prepare()
    yield one


def test_a_second_start_finds_everything_as_it_was(started: Started) -> None:
    with database.connect(started.owner) as connection:
        before = {service: nameplate.read_plate(connection, service) for service in database.PACKAGES}
        started.prepare()
        started.prepare(wanted=Wanted())
        assert {service: nameplate.read_plate(connection, service) for service in database.PACKAGES} == before
    one = before["registry"]
    assert one is not None
    assert (one.county, one.demo) == (COUNTY, False)
    assert set(one.keys) == {"root", "signing registry"}
    assert one.revisions == nameplate.revision_files("services.registry")


def test_two_houses_live_on_one_server_with_logins_of_their_own(started: Started, template: Template) -> None:
    assert database.logins_of(started.folder) != database.logins_of(DataFolder(template.data_dir))
    for dsn, data_dir in (
        (started.owner, started.data_dir),
        (make_conninfo(template.owner, dbname=template.name(None)), template.data_dir),
    ):
        with psycopg.connect(database.app_dsn(dsn, DataFolder(data_dir), "testing")) as connection:
            assert connection.execute("select current_schema()").fetchone() == ("testing",)
    foreign = database.app_dsn(make_conninfo(started.owner), DataFolder(template.data_dir), "testing")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(foreign)


def test_fresh_secrets_over_a_house_are_refused_and_nothing_is_made_or_changed(started: Started, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    with pytest.raises(KeysMissing, match="secrets"):
        started.prepare(fresh)
    assert list(fresh.iterdir()) == []
    with psycopg.connect(database.app_dsn(started.owner, started.folder, "registry")):
        pass  # the logins' passwords are the old ones


def test_a_root_or_a_signing_key_of_another_house_is_refused(started: Started, tmp_path: Path) -> None:
    for name, text in (("alerts.root", "ab" * 32), ("access.pem", "another key")):
        copy = tmp_path / name
        shutil.copytree(started.data_dir, copy)
        (copy / "secrets" / name).write_text(text)
        with pytest.raises(KeysForeign, match=name):
            started.prepare(copy)
        (copy / "secrets" / name).unlink()
        with pytest.raises(KeysMissing, match=name):
            started.prepare(copy)


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [(Wanted(COUNTY, True), KindForeign), (Wanted(NEXT_COUNTY, False), CountyForeign), (Wanted(None, True), KindForeign)],
)
def test_a_demo_never_opens_over_a_real_county_nor_one_county_over_another(
    started: Started, wanted: Wanted, problem: type[StartProblem]
) -> None:
    with pytest.raises(problem) as told:
        started.prepare(wanted=wanted)
    assert told.value.exit_code == 78
    assert told.value.chinese != str(told.value)


def test_a_real_county_never_opens_over_the_demo(template: Template) -> None:
    owner = make_conninfo(template.owner, dbname=template.name(None))
    with pytest.raises(KindForeign, match="leave --no-demo away"):
        database.prepare(owner, template.data_dir, lambda *_: None, wanted=Wanted(None, False))


def test_the_folder_of_another_house_is_refused(started: Started, tmp_path: Path) -> None:
    copy = tmp_path / "other"
    shutil.copytree(started.data_dir, copy)
    other = DataFolder(copy)
    other.write(nameplate.FILE, nameplate.remembered(other) | {"id": str(uuid4())})
    with pytest.raises(DatabaseForeign, match=COUNTY):
        started.prepare(copy)


def test_a_real_county_needs_its_code_at_its_first_start(template: Template, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="six digits"):
        database.prepare(empty_database(template.owner), tmp_path, lambda *_: None, wanted=Wanted(None, False))


def test_a_migration_before_the_first_start_stands_in_nobodys_way(template: Template, tmp_path: Path) -> None:
    one = Started(tmp_path, empty_database(template.owner))
    one.prepare(wanted=Wanted())
    with psycopg.connect(one.owner) as connection:
        assert nameplate.read_plate(connection, "registry") is None
    one.prepare()
    with psycopg.connect(one.owner) as connection:
        plate = nameplate.read_plate(connection, "registry")
    assert plate is not None
    assert plate.county == COUNTY


DAMAGES: dict[str, tuple[str, type[StartProblem]]] = {
    "a newer release migrated it": ("update alerts.alembic_version set version_num = '9999'", DatabaseNewer),
    "another first revision made it": (
        """update precursor.nameplate set revisions = jsonb_set(revisions, '{0001}', '"00"')""",
        RevisionEdited,
    ),
    "a revision that this code lacks made it": (
        """update testing.nameplate set revisions = revisions || '{"0000x": "00"}'""",
        DatabaseNewer,
    ),
    "a column was added by hand": ("alter table registry.person add column nickname text", TablesDiffer),
    "a constraint was dropped by hand": ("alter table testing.due_test drop constraint ck_due_test_state", TablesDiffer),
    "an index was dropped by hand": ("drop index gateway.ix_session_ended_at", TablesDiffer),
    "a default was changed by hand": ("alter table alerts.outbox alter column xid set default '7'", TablesDiffer),
    "one schema came from another backup": ("update testing.nameplate set epoch = 'other'", SchemasDisagree),
    "one schema came from another house": ("update gateway.nameplate set county = '330199'", SchemasDisagree),
    "it was loaded into another cluster": ("update registry.nameplate set life = '7/1'", DatabasePutBack),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_database_that_is_not_what_it_was_is_refused(started: Started, damage: str) -> None:
    statement, problem = DAMAGES[damage]
    with psycopg.connect(started.owner) as connection:  # rolled back at the end
        nameplate.compare(connection, started.folder, database.PACKAGES, Wanted())
        connection.execute(statement.encode())
        with pytest.raises(problem):
            nameplate.compare(connection, started.folder, database.PACKAGES, Wanted())
        connection.rollback()


@pytest.mark.parametrize("what", ["log", "registry"])
def test_older_files_of_the_same_database_are_seen(started: Started, tmp_path: Path, what: str) -> None:
    copy = tmp_path / "data"
    shutil.copytree(started.data_dir, copy)
    folder = DataFolder(copy)
    nameplate.remember_how_far(started.owner, folder, database.PACKAGES)
    started.prepare(copy)
    reached = nameplate.remembered(folder)["reached"]
    folder.write(nameplate.FILE, nameplate.remembered(folder) | {"reached": reached | {what: reached[what] + 10**9}})
    with pytest.raises(DatabasePutBack, match="dev restored"):
        started.prepare(copy)
    nameplate.remember_how_far(started.owner, folder, database.PACKAGES)
    with pytest.raises(DatabasePutBack):
        started.prepare(copy)  # a refusal is not forgotten by being noted


@pytest.fixture
def first_revisions(template: Template, tmp_path: Path) -> Iterator[Callable[[str], Started]]:
    """A county of before nameplates: each schema at its first revision, then changed by a statement."""

    def make(statement: str) -> Started:
        one = Started(tmp_path, empty_database(template.owner))
        keys = Keys(one.folder)
        for service, package in database.PACKAGES.items():
            keys.sealer(service)
            engine = migrate.owner_engine(one.owner)
            with engine.begin() as connection:
                connection.exec_driver_sql("create extension if not exists btree_gist schema public")
                connection.exec_driver_sql("create extension if not exists pg_trgm schema public")
                connection.exec_driver_sql(f"create schema {service}")
                command.upgrade(migrate.config_for(package, connection), "0001")
            engine.dispose()
        with psycopg.connect(one.owner, autocommit=True) as connection:
            connection.execute(statement.encode())
        return one

    yield make


def test_an_earlier_form_of_the_first_revision_is_found_at_the_next_migration(first_revisions: Callable[[str], Started]) -> None:
    """What an edited 0001 leaves behind: the number is right, the tables are not. It is told, and the schema is left as it was."""
    one = first_revisions("alter table registry.person alter column name drop not null")
    with pytest.raises(TablesDiffer, match="registry"):
        one.prepare()
    with psycopg.connect(one.owner) as connection:
        assert nameplate.revision_of(connection, "registry") == "0001"
        assert nameplate.read_plate(connection, "registry") is None


def test_a_county_of_before_nameplates_is_taken_on_with_its_keys_and_not_without(first_revisions: Callable[[str], Started]) -> None:
    one = first_revisions("select 1")
    (one.data_dir / "secrets" / "testing.root").rename(one.data_dir / "testing.root")
    with pytest.raises(KeysMissing, match=r"testing\.root"):
        one.prepare()
    (one.data_dir / "testing.root").rename(one.data_dir / "secrets" / "testing.root")
    one.prepare()
    with psycopg.connect(one.owner) as connection:
        plate = nameplate.read_plate(connection, "testing")
    assert plate is not None
    assert plate.county == COUNTY


def test_a_service_that_is_started_alone_compares_with_its_own_login(started: Started) -> None:
    own = database.app_dsn(started.owner, started.folder, "alerts")
    nameplate.compare_own(own, started.folder, "alerts", database.PACKAGES["alerts"], Wanted(COUNTY, False))
    with pytest.raises(CountyForeign):
        nameplate.compare_own(own, started.folder, "alerts", database.PACKAGES["alerts"], Wanted(NEXT_COUNTY, False))


def test_no_login_can_write_on_its_nameplate(started: Started) -> None:
    with psycopg.connect(database.app_dsn(started.owner, started.folder, "registry"), autocommit=True) as connection:
        assert connection.execute("select county from nameplate").fetchone() == (COUNTY,)
        for statement in ("update nameplate set county = '1'", "delete from nameplate", "truncate nameplate"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
