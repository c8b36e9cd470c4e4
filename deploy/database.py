"""What the database server must hold before an app may start: the database, one login and one schema per service, their rights.

Rights are code: a service's login may enter its own schema and nothing else; PUBLIC has no rights. Everything here may run
again at each start. The owner must be allowed CREATEDB and CREATEROLE; superuser is not needed (pg_trgm and btree_gist are trusted).
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from deploy import nameplate
from deploy.folder import DataFolder, running_pid
from deploy.nameplate import Wanted
from deploy.problems import DatabaseUnreachable, FolderUnfit, MigrationFailed, NotRunning, ServerTooOld, TablesDiffer

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

LOCK = 0x6775696B616E67
"""The advisory lock of a start: the letters of the product's name."""

OLDEST = 15
"""The oldest Postgres that the schemas run on; the embedded one is 18."""

COMMENT = "guikang house "
"""The beginning of a role's comment; the id of its house follows."""

CONNECTIONS = 17
"""Connections per login: five logins leave room for the owner within the embedded server's 90."""

ANY = Wanted()
"""Accepts any house."""

Progress = Callable[[str, int, int], None]
"""Called with the present step, how much of it is done, and of how much (0 when not known)."""


@dataclass(frozen=True)
class Prepared:
    """The database as it stands now."""

    dsn: str
    """The owner's address of the database `guikang`."""
    revisions: dict[str, str]
    """Schema revision per service."""


def login(service: str, logins: str = "") -> str:
    """The name of a service's database role.

    `logins`: the part of the name that distinguishes the logins of one house from those of another on the same server.
    """
    return f"{service}{logins}_app"


def logins_of(folder: DataFolder) -> str:
    """The part of the name that distinguishes this house's logins; empty when it is alone on its server."""
    return str(nameplate.remembered(folder).get("logins", ""))


def address(dsn: str) -> str:
    """The same database without user and password: every process may know this."""
    return make_conninfo("", **{k: v for k, v in conninfo_to_dict(dsn).items() if k not in ("user", "password")})


def app_dsn(dsn: str, folder: DataFolder, service: str) -> str:
    """The address with a service's own login and password."""
    role = login(service, logins_of(folder))
    return make_conninfo(dsn, user=role, password=folder.secret(role))


def connect(dsn: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection that commits each statement. Raises DatabaseUnreachable."""
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=10, application_name="guikang-prepare")
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")  # the error; libpq's advice is on the lines below
        raise DatabaseUnreachable(reason=reason) from error


def prepare(dsn: str, data_dir: Path, on_step: Progress, services: Collection[str] = tuple(PACKAGES), wanted: Wanted = ANY) -> Prepared:
    """Compare the nameplates, create what is missing, migrate every schema (or those of the named services) to its head, set the rights.

    Raises DatabaseUnreachable, LocaleUnfit, what `nameplate.compare` raises (nothing changed), TablesDiffer and MigrationFailed (that schema unchanged,
    those before it migrated).
    """
    from deploy.postgres import check_locale  # the light commands do not need the supervisor

    folder = DataFolder(data_dir)
    owner = _database(dsn)
    packages = {service: package for service, package in PACKAGES.items() if service in services}
    total = len(packages) + 1
    on_step("roles", 0, total)
    with connect(owner) as connection:
        # Two starts at once on one external server: the second waits here.
        connection.execute("select pg_advisory_lock(%s)", (LOCK,))
        check_version(connection.info.server_version)
        check_locale(connection)
        plates = nameplate.compare(connection, folder, packages, wanted)
        logins = choose_logins(connection, folder, packages, str(next(iter(plates.values())).house_id) if plates else None)
        connection.execute("create extension if not exists btree_gist schema public")
        _close_public(connection)
        _logins(connection, folder, packages, logins)
        revisions = {service: nameplate.revision_of(connection, service) for service in packages}
    migrated: list[str] = []
    for done, (service, package) in enumerate(packages.items(), start=1):
        on_step(service, done, total)
        if revisions[service] == newest_revision(package):
            continue  # the migration also set the rights; a start without migrations does not load Alembic
        from kit import migrate  # brings SQLAlchemy and Alembic, a second of imports

        try:
            revisions[service] = migrate.upgrade(owner, service, package, login(service, logins))
            migrated.append(service)
        except migrate.TablesUnlike as error:
            raise TablesDiffer(service=service, what=_first_line(error), what_zh=_first_line(error)) from error
        except Exception as error:  # a revision may raise anything; the trace is for the developer, the sentence for the operator
            log = folder.path / "logs" / "migrate.log"
            log.parent.mkdir(mode=0o700, exist_ok=True)
            log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
            raise MigrationFailed(service=service, reason=_first_line(error), log=log) from error
    with connect(owner) as connection:
        connection.execute("select pg_advisory_lock(%s)", (LOCK,))
        nameplate.claim(connection, folder, packages, plates, wanted, migrated=migrated)
    on_step("", total, total)
    return Prepared(owner, revisions)


def _logins(connection: psycopg.Connection[tuple[object, ...]], folder: DataFolder, services: Collection[str], logins: str) -> None:
    for service in services:
        role = login(service, logins)
        _role(connection, service, role, folder)
        _schema(connection, service, role)


def restore_logins(connection: psycopg.Connection[tuple[object, ...]], folder: DataFolder) -> None:
    """The logins of a house over a database that was loaded: they are not part of a dump, and the server may be another."""
    _close_public(connection)
    _logins(connection, folder, PACKAGES, choose_logins(connection, folder, PACKAGES, None))


def newest_revision(package: str) -> str:
    """The number of a package's newest revision, by its file (`0001_initial.py`); `./dev revision` numbers them."""
    folder = PROJECT / package.replace(".", "/") / "migrations" / "versions"
    return max((path.name.partition("_")[0] for path in folder.glob("[0-9]*_*.py")), default="")


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
                pass  # another start created it first
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


def choose_logins(
    connection: psycopg.Connection[tuple[object, ...]], folder: DataFolder, services: Collection[str], known_id: str | None
) -> str:
    """The part of the name that distinguishes the logins of this house, chosen once and remembered: roles belong to the whole server, which
    another house may use. The comment of a role names its house. A role without a comment comes from an older release: it is ours when it
    may use this database's schema.
    """
    kept = nameplate.remembered(folder)
    house_id = known_id or str(kept.get("id") or uuid4())
    if "logins" not in kept:
        foreign = False
        for service in services:
            row = connection.execute(
                "select shobj_description(oid, 'pg_authid'), to_regnamespace(%s) is not null and has_schema_privilege(oid, to_regnamespace(%s), 'usage')"
                " from pg_roles where rolname = %s",
                (service, service, login(service)),
            ).fetchone()
            if row is not None:
                foreign = foreign or (row[0] != f"{COMMENT}{house_id}" if row[0] else not row[1])
        kept["logins"] = f"_{house_id[:8]}" if foreign else ""
    folder.write(nameplate.FILE, kept | {"id": house_id})
    return str(kept["logins"])


def _role(connection: psycopg.Connection[tuple[object, ...]], service: str, role: str, folder: DataFolder) -> None:
    """One login per service: no inheritance of rights, few connections, own search path, and limits for idling, running and waiting."""
    name, password = sql.Identifier(role), folder.secret(role)
    # The server gets the verifier only, so that logs and statistics views cannot hold the password.
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    if connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone() is None:
        try:
            connection.execute(sql.SQL("create role {} login noinherit nocreatedb nocreaterole").format(name))
        except psycopg.errors.DuplicateObject:
            pass  # roles belong to the whole server; another database's start was quicker
    comment = sql.Literal(f"{COMMENT}{nameplate.remembered(folder)['id']}")
    connection.execute(sql.SQL("comment on role {} is {}").format(name, comment))
    for statement in (
        "alter role {role} password {password} connection limit {limit}",
        "alter role {role} set search_path = {schema}",
        "alter role {role} set timezone = 'UTC'",
        # A last resort (SECURITY 4.7): work that holds a connection and its locks longer than this has failed. Long work stays below it.
        # The time of a
        # statement counts for each alone: taking 100,000 ledger rows over is many in one transaction, 41 s in all, and reading such a file is one COPY of
        # under 10 s. LISTEN and a worker's session lock keep connections that idle outside a transaction: nothing runs, nothing waits.
        "alter role {role} set idle_in_transaction_session_timeout = '5min'",
        "alter role {role} set statement_timeout = '5min'",
        # Waiting for a lock counts, holding one does not; advisory locks are locks. Only a ledger's commit holds any so long, and large commits of a service
        # queue in one lane of the worker. A request that waits behind one is told after this to try again (409), a job comes back by itself.
        # Migrations run as the owner, whom none of this binds.
        "alter role {role} set lock_timeout = '30s'",
        # Temporary tables do not weaken the separation: bulk loads stage in them.
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


def _schema(connection: psycopg.Connection[tuple[object, ...]], service: str, login_name: str) -> None:
    name, role = sql.Identifier(service), sql.Identifier(login_name)
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
