"""Roles and walls in the database: each login enters its own schema and nothing else."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from deploy import database
from deploy.folder import DataFolder
from deploy.postgres import SETTINGS
from deploy.problems import DatabaseUnreachable, ServerTooOld, StartProblem
from tests.houses import Template, copied


@pytest.fixture(scope="module")
def prepared(template: Template) -> str:
    """The owner's address of the database `guikang`, made on the test server as a first start makes it."""
    return database.prepare(template.owner, template.data_dir, lambda *_: None).dsn


def test_a_first_start_makes_the_database_with_a_locale_that_knows_chinese(prepared: str) -> None:
    with psycopg.connect(prepared) as connection:
        found = connection.execute(
            "select datname, datlocale, pg_encoding_to_char(encoding) from pg_database where datname = current_database()"
        ).fetchone()
        assert found == ("guikang", "C.UTF-8", "UTF8")
        assert connection.execute("select array_length(public.show_trgm('张三'), 1) > 0").fetchone() == (True,)


@pytest.mark.parametrize("service", database.PACKAGES)
def test_a_login_enters_its_own_schema_and_none_of_its_neighbours(template: Template, prepared: str, service: str) -> None:
    with psycopg.connect(database.app_dsn(prepared, DataFolder(template.data_dir), service), autocommit=True) as connection:
        assert connection.execute("select current_schema()").fetchone() == (service,)
        connection.execute("select count(*) from outbox")
        for neighbour in database.PACKAGES.keys() - {service}:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select 1 from {neighbour}.outbox")
        for forbidden in (
            "create table public.mine (n int)",
            f"create table {service}.mine (n int)",
            "create schema mine",
            "create role mine",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)


def test_nobody_else_may_connect(template: Template, prepared: str) -> None:
    with psycopg.connect(prepared, autocommit=True) as connection:
        connection.execute("create role stranger login password 'stranger'")
    try:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(make_conninfo(prepared, user="stranger", password="stranger"))
    finally:
        with psycopg.connect(prepared, autocommit=True) as connection:
            connection.execute("drop role stranger")


def test_no_role_may_use_up_the_servers_connections(template: Template) -> None:
    with psycopg.connect(template.owner) as connection:
        limits = connection.execute(
            "select rolname, rolconnlimit, rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname like '%%_app'"
        ).fetchall()
    logins = database.logins_of(DataFolder(template.data_dir))
    assert {row[0] for row in limits} >= {database.login(service, logins) for service in database.PACKAGES}, "and other houses'"
    assert all(row[1:] == (database.CONNECTIONS, False, False, False) for row in limits)
    assert database.CONNECTIONS * len(database.PACKAGES) <= int(SETTINGS["max_connections"]) - 3, "three are kept for the owner"


@pytest.mark.parametrize("service", database.PACKAGES)
def test_no_login_works_waits_or_idles_for_ever(template: Template, prepared: str, service: str) -> None:
    with psycopg.connect(database.app_dsn(prepared, DataFolder(template.data_dir), service)) as connection:
        found = connection.execute("select name, setting::int / 1000 from pg_settings where source = 'user' and unit = 'ms'").fetchall()
    assert dict(found) == {"statement_timeout": 300, "lock_timeout": 30, "idle_in_transaction_session_timeout": 300}


def test_the_owner_who_migrates_is_bound_by_no_time(prepared: str) -> None:
    with psycopg.connect(prepared) as connection:
        assert connection.execute("select current_setting('statement_timeout'), current_setting('lock_timeout')").fetchone() == ("0", "0")


def test_a_lock_that_is_held_by_a_session_may_be_held_as_long_as_it_lives(template: Template, prepared: str) -> None:
    """What a worker's life hangs on: holding an advisory lock and listening are no statement, so no time runs."""
    mine = database.app_dsn(prepared, DataFolder(template.data_dir), "registry")
    with psycopg.connect(mine, autocommit=True) as worker, psycopg.connect(mine, autocommit=True) as other:
        for connection in (worker, other):
            connection.execute("set statement_timeout = '100ms'; set lock_timeout = '50ms'")
        worker.execute("select pg_advisory_lock(1)")
        worker.execute("listen registry_outbox")
        assert list(worker.notifies(timeout=0.2)) == []
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("select pg_advisory_lock(1)")
        other.execute("select pg_notify('registry_outbox', '')")
        assert len(list(worker.notifies(timeout=5, stop_after=1))) == 1
        assert worker.execute("select pg_advisory_unlock(1)").fetchone() == (True,)


def test_preparing_twice_changes_nothing(template: Template) -> None:
    with copied(template) as owner:
        first = database.prepare(owner, template.data_dir, lambda *_: None)
        second = database.prepare(owner, template.data_dir, lambda *_: None)
    assert first == second
    assert set(first.revisions) == set(database.PACKAGES)


def test_the_address_for_all_names_no_login() -> None:
    assert database.address("postgresql://guikang:secret@127.0.0.1:5433/guikang") == "dbname=guikang host=127.0.0.1 port=5433"


def test_an_external_database_that_does_not_answer_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreachable) as told:
        database.prepare("postgresql://x:y@127.0.0.1:1/guikang", tmp_path, lambda *_: None)
    assert "GUIKANG_DSN" in str(told.value)
    assert isinstance(told.value, StartProblem)


def test_a_server_that_is_too_old_is_refused_with_a_sentence() -> None:
    database.check_version(150018)
    database.check_version(180004)
    with pytest.raises(ServerTooOld, match=r"Postgres 14.*15 or newer"):
        database.check_version(140012)
