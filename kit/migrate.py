"""Migrations per schema: one Alembic tree each, under a lock with timeouts, followed by the grants (laws 9 and 11).

The owner migrates; the service's login gets DML only, and on append-only tables INSERT and SELECT only. Everything commits together or not at all.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from alembic import command, context
from alembic.autogenerate import compare_metadata
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql

from kit.db import Schema

LOCK = 0x6775696B616E68
"""The advisory lock of a migration: one at a time on a database."""


_PARTITION = re.compile(r"_p[0-9]{6,8}$")
"""How a partition ends: `<table>_p202107`, `<table>_p20210701`. Its table declares it; it comes and goes without a revision."""


class TablesUnlike(Exception):
    """The tables are not what the migrations of this code make: an earlier revision differed from this code's, or somebody changed the tables."""


def schema_of(package: str) -> Schema:
    """The `SCHEMA` of a service package, with every table of its nouns imported."""
    module = importlib.import_module(f"{package}.schema")
    importlib.import_module(f"{package}.tables")
    found = module.SCHEMA
    assert isinstance(found, Schema)
    return found


def owner_engine(dsn: str) -> sa.Engine:
    """An engine for the owner's conninfo, without a pool."""
    import psycopg

    return sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=sa.NullPool)


def config_for(package: str, connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration of one service."""
    module = importlib.import_module(package)
    assert module.__file__ is not None
    config = Config()
    config.set_main_option("script_location", str(Path(module.__file__).parent / "migrations"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["connection"] = connection
    config.attributes["package"] = package
    return config


def include(schema: str):
    """A filter that sees this schema's tables only, not Alembic's own nor the job queue's."""

    def include_name(name: str | None, kind: str, parents: object) -> bool:
        if kind == "schema":
            return name == schema
        if kind == "table":
            return name != "alembic_version" and not (name or "").startswith("procrastinate_") and not _PARTITION.search(name or "")
        return True

    return include_name


def run_env() -> None:
    """What each `migrations/env.py` calls."""
    config = context.config
    package = config.attributes["package"]
    schema = schema_of(package)
    connection = config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=schema.metadata,
        version_table_schema=schema.name,
        include_schemas=True,
        include_name=include(schema.name),
        compare_type=True,
        compare_server_default=True,
        render_item=_render,
    )
    with context.begin_transaction():
        context.run_migrations()


def _render(kind: str, item: object, autogen: AutogenContext) -> str | Literal[False]:
    name = type(item).__name__
    if kind == "type" and name == "AutoString":
        length = getattr(item, "length", None)
        return f"sa.String(length={length})" if length else "sa.Text()"
    if kind == "type" and name == "Xid8":
        autogen.imports.add("from kit.db import Xid8")
        return "Xid8()"
    return False


def upgrade(owner_dsn: str, schema_name: str, package: str, app_role: str) -> str:
    """Bring one schema to its head and grant its login; returns the revision. Safe when two start at once.

    Raises TablesUnlike, and leaves everything as it was, when what an earlier version made does not come out as this code's tables.
    """
    engine = owner_engine(owner_dsn)
    with engine.begin() as connection:
        connection.execute(sa.text("set local lock_timeout = '10s'"))
        connection.execute(sa.text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
        connection.execute(sa.text(f'create schema if not exists "{schema_name}"'))
        versions = {"name": f"{schema_name}.alembic_version"}
        made_before = connection.execute(sa.text("select to_regclass(:name)"), versions).scalar_one() is not None
        command.upgrade(config_for(package, connection), "head")
        if made_before and (unlike := differences_on(connection, schema_of(package))):
            raise TablesUnlike(unlike[0])
        grant(connection, schema_of(package), app_role)
        head = ScriptDirectory.from_config(config_for(package)).get_current_head()
    engine.dispose()
    return head or ""


def grant(connection: sa.Connection, schema: Schema, app_role: str) -> None:
    """The rights of a service's login on its own schema, as code: nothing on any other schema."""
    raw = connection.connection.cursor()
    role, name = sql.Identifier(app_role), sql.Identifier(schema.name)
    for statement in (
        "revoke all on schema {name} from public",
        "grant usage on schema {name} to {role}",
        "grant select, insert, update, delete on all tables in schema {name} to {role}",
        "grant usage, select on all sequences in schema {name} to {role}",
        "grant execute on all functions in schema {name} to {role}",
        "revoke insert, update, delete on {name}.alembic_version from {role}",
    ):
        raw.execute(sql.SQL(statement).format(name=name, role=role))
    for table in schema.metadata.sorted_tables:
        rights = "insert, update, delete, truncate" if table.info.get("owners_own") else "update, delete, truncate"
        if table.info.get("append_only") or table.info.get("owners_own"):
            target = sql.Identifier(schema.name, table.name)
            raw.execute(sql.SQL(f"revoke {rights} on {{table}} from {{role}}").format(table=target, role=role))


def differences(owner_dsn: str, package: str) -> list[object]:
    """What autogenerate would still change, and CHECK constraints that differ (Alembic does not compare them). Empty when equal."""
    engine = owner_engine(owner_dsn)
    with engine.connect() as connection:
        found = differences_on(connection, schema_of(package))
    engine.dispose()
    return found


def differences_on(connection: sa.Connection, schema: Schema) -> list[object]:
    """`differences` on a connection that is open already."""
    options = {
        "compare_type": True,
        "compare_server_default": True,
        "include_schemas": True,
        "include_name": include(schema.name),
        "version_table_schema": schema.name,
        "target_metadata": schema.metadata,
    }
    found: list[object] = list(compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata))
    return found + _check_differences(connection, schema)


def _check_differences(connection: sa.Connection, schema: Schema) -> list[str]:
    query = sa.text(
        """select c.relname || '.' || k.conname, pg_get_constraintdef(k.oid) from pg_constraint k join pg_class c on c.oid = k.conrelid
            join pg_namespace n on n.oid = c.relnamespace where n.nspname = :schema and k.contype = 'c' and c.relname not like 'procrastinate%' and not c.relispartition"""
    )
    stored = {str(row[0]): _squeeze(str(row[1])) for row in connection.execute(query, {"schema": schema.name})}
    wanted: dict[str, str] = {}
    probe = connection.begin_nested() if connection.in_transaction() else connection.begin()
    for table in schema.metadata.sorted_tables:
        for constraint in table.constraints:
            if isinstance(constraint, sa.CheckConstraint) and constraint.name:
                name = str(constraint.name)
                full = name if name.startswith("ck_") else f"ck_{table.name}_{name}"
                columns = ", ".join(f"{c.name} {c.type.compile(connection.dialect)}" for c in table.columns)
                connection.execute(
                    sa.text(f"create temp table probe_check ({columns}, constraint probe_it check ({constraint.sqltext})) on commit drop")
                )
                shown = connection.execute(
                    sa.text("select pg_get_constraintdef(oid) from pg_constraint where conname = 'probe_it'")
                ).scalar_one()
                connection.execute(sa.text("drop table probe_check"))
                wanted[f"{table.name}.{full}"] = _squeeze(str(shown))
    probe.rollback()
    names = sorted(set(stored) | set(wanted))
    return [
        f"CHECK {name}: stored {stored.get(name)!r}, declared {wanted.get(name)!r}"
        for name in names
        if stored.get(name) != wanted.get(name)
    ]


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def revision(owner_dsn: str, package: str, message: str) -> str:
    """Write a new revision from the difference between tables and database; returns its file name."""
    engine = owner_engine(owner_dsn)
    with engine.begin() as connection:
        schema = schema_of(package)
        connection.execute(sa.text(f'create schema if not exists "{schema.name}"'))
        config = config_for(package, connection)
        scripts = ScriptDirectory.from_config(config)
        command.upgrade(config, "head")
        number = f"{len(list(scripts.walk_revisions())) + 1:04d}"
        made = command.revision(config, message, autogenerate=True, rev_id=number)
    engine.dispose()
    script = made[0] if isinstance(made, list) else made
    assert script is not None
    return str(script.path)
