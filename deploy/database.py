"""What the database server must hold before an app may start: the database, one login and one schema per service, their rights.

Rights are code: a service's login may enter its own schema and nothing else; nobody gets anything through PUBLIC. Everything here may run
again at each start. The owner must be allowed CREATEDB and CREATEROLE; superuser is not needed (pg_trgm and btree_gist are trusted).
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from deploy.folder import DataFolder, running_pid
from deploy.problems import DatabaseUnreachable, FolderUnfit, MigrationFailed, NotRunning, ServerTooOld

PROJECT = Path(__file__).parent.parent
DATABASE = "guikang"
PACKAGES: dict[str, str] = {
    "registry": "services.registry",
    "testing": "services.testing",
    "alerts": "services.alerts",
    "precursor": "services.precursor",
    "gateway": "gateway",
}
"""Schema name and the package whose migrations make it, in the order in which they are made."""

OLDEST = 15
"""The oldest Postgres that the schemas run on; the embedded one is 18."""

CONNECTIONS = 17
"""Connections per login: five logins leave room for the owner within the embedded server's 90."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much (0 when not known)."""


@dataclass(frozen=True)
class Prepared:
    """The database as it stands now."""

    dsn: str
    """The owner's address of the database `guikang`."""
    revisions: dict[str, str]
    """Schema revision per service."""


def login(service: str) -> str:
    """The name of a service's database role."""
    return f"{service}_app"


def address(dsn: str) -> str:
    """The same database without user and password: what may be told to every process."""
    return make_conninfo("", **{k: v for k, v in conninfo_to_dict(dsn).items() if k not in ("user", "password")})


def app_dsn(dsn: str, folder: DataFolder, service: str) -> str:
    """The address with a service's own login and password."""
    return make_conninfo(dsn, user=login(service), password=folder.secret(login(service)))


def connect(dsn: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection that commits each statement. Raises DatabaseUnreachable."""
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=10, application_name="guikang-prepare")
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")  # what failed; libpq's advice stands below it
        raise DatabaseUnreachable(reason=reason) from error


def prepare(dsn: str, data_dir: Path, on_step: Progress, services: Collection[str] = tuple(PACKAGES)) -> Prepared:
    """Create what is missing, migrate every schema (or those of the named services) to its head, set the rights.

    Raises DatabaseUnreachable, LocaleUnfit, MigrationFailed (that schema unchanged, those before it migrated).
    """
    from deploy.postgres import check_locale  # the light commands do not need the supervisor

    folder = DataFolder(data_dir)
    owner = _database(dsn)
    packages = {service: package for service, package in PACKAGES.items() if service in services}
    total = len(packages) + 1
    on_step("roles", 0, total)
    with connect(owner) as connection:
        # Two starts at once on one external server: the second waits here.
        connection.execute("select pg_advisory_lock(610821)")
        check_version(connection.info.server_version)
        check_locale(connection)
        connection.execute("create extension if not exists btree_gist schema public")
        _close_public(connection)
        for service in packages:
            _role(connection, service, folder.secret(login(service)))
            _schema(connection, service)
        revisions = {service: _revision(connection, service) for service in packages}
    for done, (service, package) in enumerate(packages.items(), start=1):
        on_step(service, done, total)
        if revisions[service] == newest_revision(package):
            continue  # rights were set with it; a start that has nothing to migrate does without Alembic
        from kit import migrate  # brings SQLAlchemy and Alembic, a second of imports

        try:
            revisions[service] = migrate.upgrade(owner, service, package, login(service))
        except Exception as error:  # whatever a revision may raise; the trace is for the developer, the sentence for the operator
            log = folder.path / "logs" / "migrate.log"
            log.parent.mkdir(mode=0o700, exist_ok=True)
            log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
            raise MigrationFailed(service=service, reason=_first_line(error), log=log) from error
    on_step("", total, total)
    return Prepared(owner, revisions)


def newest_revision(package: str) -> str:
    """The number of a package's newest revision, by its file (`0001_initial.py`); `./dev revision` counts them up."""
    folder = PROJECT / package.replace(".", "/") / "migrations" / "versions"
    return max((path.name.partition("_")[0] for path in folder.glob("[0-9]*_*.py")), default="")


def _revision(connection: psycopg.Connection[tuple[object, ...]], service: str) -> str:
    """The revision that a schema is at, or nothing."""
    row = connection.execute("select to_regclass(%s) is not null", (f"{service}.alembic_version",)).fetchone()
    if row is None or not row[0]:
        return ""
    found = connection.execute(sql.SQL("select version_num from {}.alembic_version").format(sql.Identifier(service))).fetchone()
    return str(found[0]) if found else ""


def _database(dsn: str) -> str:
    """The owner's address of our database; created when the address names the server only (its database is `postgres`)."""
    named = conninfo_to_dict(dsn).get("dbname") or "postgres"
    if named != "postgres":
        return dsn
    with connect(dsn) as connection:
        found = connection.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone()
        if found is None:
            try:
                create_database(connection, DATABASE)
            except psycopg.errors.DuplicateDatabase:
                pass  # another start was quicker
    return _with_database(dsn, DATABASE)


def check_version(found: int) -> None:
    """See that the server is new enough; `found` as libpq counts, 150018 for 15.18. Raises ServerTooOld."""
    if found < OLDEST * 10_000:
        raise ServerTooOld(found=found // 10_000, needed=OLDEST)


def create_database(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    """An empty database that sorts by code point and knows the letters of every script. Raises psycopg.errors.DuplicateDatabase."""
    # The builtin provider came with Postgres 17; before, libc's C.UTF-8 sorts and classifies the same way.
    locale = "locale_provider builtin builtin_locale 'C.UTF-8' " if connection.info.server_version >= 170000 else ""
    statement = f"create database {{name}} template template0 encoding 'UTF8' {locale}locale 'C.UTF-8'"
    connection.execute(sql.SQL(statement).format(name=sql.Identifier(name)))


def product_dsn(dsn: str) -> str:
    """The owner's address of our database on the server that `dsn` names; nothing is created."""
    named = conninfo_to_dict(dsn).get("dbname") or "postgres"
    return _with_database(dsn, DATABASE) if named == "postgres" else dsn


def _with_database(dsn: str, database: str) -> str:
    if "://" in dsn:
        head, _, query = dsn.partition("?")
        scheme, _, rest = head.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}/{database}" + (f"?{query}" if query else "")
    return make_conninfo(dsn, dbname=database)


def _close_public(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    name = sql.Identifier(connection.info.dbname)
    for statement in ("revoke all on database {name} from public", "revoke all on schema public from public"):
        connection.execute(sql.SQL(statement).format(name=name))


def _role(connection: psycopg.Connection[tuple[object, ...]], service: str, password: str) -> None:
    """One login per service: no inheritance of rights, few connections, own search path, and nothing that idles, works or waits for ever."""
    role, name = login(service), sql.Identifier(login(service))
    # The server gets the verifier only, so that no log or statistics view can hold the password.
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    if connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone() is None:
        try:
            connection.execute(sql.SQL("create role {} login noinherit nocreatedb nocreaterole").format(name))
        except psycopg.errors.DuplicateObject:
            pass  # roles belong to the whole server; another database's start was quicker
    for statement in (
        "alter role {role} password {password} connection limit {limit}",
        "alter role {role} set search_path = {schema}",
        "alter role {role} set timezone = 'UTC'",
        # A last resort (SECURITY 4.7): whatever holds a connection and its locks longer than this has gone wrong. Long work keeps clear of it. The time of a
        # statement counts for each alone: taking 100,000 ledger rows over is many in one transaction, 41 s in all, and reading such a file is one COPY of
        # under 10 s. LISTEN and a worker's session lock are connections that idle outside any transaction: nothing runs, nothing waits.
        "alter role {role} set idle_in_transaction_session_timeout = '5min'",
        "alter role {role} set statement_timeout = '5min'",
        # Waiting for a lock counts, holding one does not; advisory locks are locks. Only a ledger's commit holds any so long, and large commits of a service
        # queue in one lane of the worker. A request that waits behind one is told after this to try again (409), a job comes back by itself.
        # Migrations run as the owner, whom none of this binds.
        "alter role {role} set lock_timeout = '30s'",
        # Temporary tables hold no wall down: bulk loads stage in them.
        "grant connect, temporary on database {database} to {role}",
        # The operators and functions of pg_trgm and btree_gist live there; nothing may be created.
        "grant usage on schema public to {role}",
    ):
        connection.execute(
            sql.SQL(statement).format(
                role=name,
                password=sql.Literal(verifier),
                limit=sql.Literal(CONNECTIONS),
                schema=sql.Identifier(service),
                database=sql.Identifier(connection.info.dbname),
            )
        )


def _schema(connection: psycopg.Connection[tuple[object, ...]], service: str) -> None:
    name, role = sql.Identifier(service), sql.Identifier(login(service))
    for statement in (
        "create schema if not exists {name}",
        "revoke all on schema {name} from public",
        "grant usage on schema {name} to {role}",
    ):
        connection.execute(sql.SQL(statement).format(name=name, role=role))


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200].rstrip(".")


@contextmanager
def owner_dsn(data_dir: Path, external: str | None, *, fresh: bool = False) -> Iterator[str]:
    """The owner's address for a command: the external one, that of the running house, or a server started for the command alone.

    `fresh`: a folder without data gets its cluster now. Raises FolderUnfit for such a folder otherwise, and NotRunning when the house holds the folder
    but its server has not come up yet.
    """
    if external:
        yield external
        return
    from deploy.postgres import OWNER, Postgres  # as above

    folder = DataFolder(data_dir)
    if running_pid(folder.path) is not None:
        port = folder.read("postgres.json").get("port")
        if not isinstance(port, int):
            raise NotRunning(path=folder.path)
        yield f"postgresql://{OWNER}:{folder.secret('postgres')}@127.0.0.1:{port}/postgres"
        return
    if not fresh and not (folder.path / "postgres" / "PG_VERSION").exists():
        raise FolderUnfit(
            path=folder.path, reason="it holds no data, so nothing was started there yet", reason_zh="其中没有数据,系统尚未在此启动过"
        )
    folder.take()
    server = Postgres(folder)
    try:
        server.start()
        yield server.dsn()
    finally:
        server.stop()
        folder.release()
