"""The laws that only the database can show: migrations equal tables, walls between schemas, append-only history, one commit before the answer."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa

from deploy.database import PACKAGES, app_dsn
from deploy.folder import DataFolder
from kit import migrate
from kit.migrate import schema_of
from tests.houses import Template, copied


@pytest.fixture(scope="module")
def database(template: Template) -> Iterator[str]:
    """A prepared database with all schemas."""
    with copied(template) as owner:
        yield owner


@pytest.mark.parametrize("service", PACKAGES)
def test_migrations_equal_the_tables(database: str, service: str) -> None:
    assert migrate.differences(database, PACKAGES[service]) == []


def test_the_migration_law_bites(template: Template) -> None:
    with copied(template) as owner:
        with psycopg.connect(owner) as connection:
            connection.execute("alter table registry.measure drop constraint ck_measure_state")
            connection.execute("alter table registry.person add column left_over text")
        found = migrate.differences(owner, PACKAGES["registry"])
        assert len(found) == 2, found


@pytest.mark.parametrize("service", PACKAGES)
def test_a_login_enters_its_own_schema_only(database: str, template: Template, service: str) -> None:
    mine = app_dsn(database, DataFolder(template.data_dir), service)
    with psycopg.connect(mine, autocommit=True) as connection:
        connection.execute(sa.text(f"select count(*) from {service}.audit").text)  # type: ignore[arg-type]
        for other in PACKAGES:
            if other != service:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(f"select 1 from {other}.audit")  # type: ignore[arg-type]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create table public.planted (id int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"create table {service}.planted (id int)")  # type: ignore[arg-type]


@pytest.mark.parametrize("service", PACKAGES)
def test_history_is_append_only(database: str, template: Template, service: str) -> None:
    tables = [table for table in schema_of(PACKAGES[service]).metadata.sorted_tables if table.info.get("append_only")]
    assert {"audit", "outbox", "audit_seal"} <= {table.name for table in tables}
    with psycopg.connect(app_dsn(database, DataFolder(template.data_dir), service), autocommit=True) as connection:
        for table in tables:
            for statement in (f"update {table} set {table.columns.keys()[-1]} = default", f"delete from {table}", f"truncate {table}"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)  # type: ignore[arg-type]
