"""`./dev restored`: the house after its database was put back, loaded from a dump, or promoted with transactions lost (ADR 0015).

One transaction: a new epoch in all five schemas, so that no position from before is ever followed. New positions are above every position
that was given before, whatever this cluster counts from. Each reader's cursor is carried over where its feed still holds that event;
otherwise it goes to the start, and the reader skips by id the events that took effect already. The trail records the restore. Everybody
signs in again, because revoked sessions came back. No event takes effect twice. Partners get 410 and begin from a snapshot.
"""

from __future__ import annotations

import subprocess
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from deploy import nameplate
from deploy.database import DATABASE, LOCK, PACKAGES, connect, create_database, login, logins_of, owner_dsn, product_dsn, restore_logins
from deploy.folder import DataFolder, running_pid
from deploy.nameplate import Connection, Plate, Wanted
from deploy.postgres import binaries
from deploy.problems import FolderTaken, GhostsFound, LoadFailed, NeverStarted, SchemasDisagree, TablesDiffer

TABLES = ("outbox", "audit")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result, for the person who asked."""

    epoch: str
    ahead: int
    """The offset of positions above the cluster's own numbers; 0 where these are high enough."""
    carried: list[str]
    """Readers whose cursor is unchanged, as `testing < registry`."""
    begun_again: list[str]
    sessions_ended: int


def restored(data_dir: Path, external: str | None, dump: Path | None = None) -> Outcome:
    """The command. `dump`: a file of pg_dump to load first, into a database that is made for it.

    Raises FolderTaken while the house runs on the folder, LoadFailed, GhostsFound, TablesDiffer, and what `nameplate.compare` raises.
    """
    folder = DataFolder(data_dir)
    pid = running_pid(folder.path)
    if pid is not None:
        raise FolderTaken(path=folder.path, pid=pid)
    with owner_dsn(data_dir, external, fresh=dump is not None) as server:
        if dump is not None:
            load(server, dump)
        return rebase(product_dsn(server), folder)


def load(server: str, dump: Path) -> None:
    """Fill the database from a plain dump, all of it or nothing; it is made where `server` names no database of its own.

    Raises LoadFailed, also where the database is not empty.
    """
    owner = product_dsn(server)
    if owner != server:
        with connect(server) as connection:
            try:
                create_database(connection, DATABASE)
            except psycopg.errors.DuplicateDatabase as error:
                raise LoadFailed(dump=dump, reason=f"there is a database {DATABASE} already") from error
    done = subprocess.run(
        [str(binaries() / "psql"), "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", str(dump), "-d", owner],
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["psql gave no reason"]
        if owner != server:
            with connect(server) as connection:
                connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(DATABASE)))
        raise LoadFailed(dump=dump, reason=said[0][:200].rstrip("."))


def rebase(owner: str, folder: DataFolder) -> Outcome:
    """Do everything above in the database that `owner` names, and in the folder's record of it."""
    with connect(owner) as connection:
        connection.execute("select pg_advisory_lock(%s)", (LOCK,))
        plates = nameplate.compare(connection, folder, PACKAGES, Wanted(), life=False, tables=False)
        if not plates:
            raise NeverStarted(path=folder.path)
        if plates.keys() != PACKAGES.keys():
            raise SchemasDisagree
        _grant(connection, owner, folder)
        with connection.transaction():
            outcome = _rebase(connection, plates)
        folder.write(nameplate.FILE, nameplate.remembered(folder) | nameplate.reached(connection, PACKAGES))
    return outcome


def _grant(connection: Connection, owner: str, folder: DataFolder) -> None:
    """Create the logins and rights again, which are not part of a dump. Raises TablesDiffer."""
    from kit import migrate  # brings SQLAlchemy and Alembic

    restore_logins(connection, folder)
    for service, package in PACKAGES.items():
        engine = migrate.owner_engine(owner)
        with engine.begin() as inside:
            if unlike := migrate.differences_on(inside, migrate.schema_of(package)):
                if nameplate.revision_of(connection, service) == max(nameplate.revision_files(package)):
                    raise TablesDiffer(service=service, what=str(unlike[0])[:200], what_zh=str(unlike[0])[:200])
            else:
                migrate.grant(inside, migrate.schema_of(package), login(service, logins_of(folder)))
        engine.dispose()


def _rebase(connection: Connection, plates: dict[str, Plate]) -> Outcome:
    for service in plates:
        for feed in plates:
            _check_events_exist(connection, service, feed)
    before, epoch = next(iter(plates.values())).epoch, nameplate.new_epoch()
    ahead = _raise_positions(connection, plates)
    carried, begun_again = [], []
    for service in plates:
        for feed, position in _cursors(connection, service):
            moved = _carry_cursor(connection, service, feed, position, epoch) if feed in plates else True
            (carried if moved else begun_again).append(f"{service} < {feed}")
    for service, plate in plates.items():
        renewed = replace(plate, epoch=epoch, life=nameplate.life_of(connection), tables=nameplate.tables_fingerprint(connection, service))
        nameplate.write(connection, service, renewed, restored=True)
        _note(connection, service, {"epoch": epoch, "epoch_before": before, "ahead": ahead} | _last_seal(connection, service))
    ended = connection.execute(
        "update gateway.session set ended_at = %s, end_reason = 'restored' where ended_at is null", (datetime.now(UTC),)
    ).rowcount
    return Outcome(epoch, ahead, carried, begun_again, ended)


def _check_events_exist(connection: Connection, service: str, feed: str) -> None:
    """Raise GhostsFound when a reader has taken events that its feed does not hold: the feed's schema alone was put back."""
    row = connection.execute(
        sql.SQL("select count(*) from {} a where a.feed = %s and not exists (select 1 from {} o where o.event_id = a.event_id)").format(
            sql.Identifier(service, "inbox_applied"), sql.Identifier(feed, "outbox")
        ),
        (feed,),
    ).fetchone()
    assert row is not None
    if row[0]:
        raise GhostsFound(service=service, feed=feed, count=row[0])


def _raise_positions(connection: Connection, services: Collection[str]) -> int:
    """Put new positions above every position ever given; returns their offset above the cluster's own numbers.

    The rows keep their numbers: the audit chain has hashed them, and history is append-only.
    """
    union = sql.SQL(" union all ").join(
        sql.SQL("select max(xid::text::numeric) from {}").format(sql.Identifier(service, table)) for service in services for table in TABLES
    )
    given = connection.execute(sql.SQL("select coalesce(max(x), 0)::bigint from ({}) as given (x)").format(union)).fetchone()
    own = connection.execute("select pg_current_xact_id()::text::bigint").fetchone()
    assert given is not None
    assert own is not None
    ahead = max(0, int(given[0]) + 1 - int(own[0]))
    plus = sql.SQL("({}::text::bigint + {})::text::xid8")
    for service in services:
        for name, kind, number in (
            ("feed_xid", sql.SQL("volatile"), sql.SQL("pg_current_xact_id()")),
            ("feed_horizon", sql.SQL("stable"), sql.SQL("pg_snapshot_xmin(pg_current_snapshot())")),
        ):
            body = plus.format(number, sql.Literal(ahead)) if ahead else number
            connection.execute(
                sql.SQL("create or replace function {}() returns xid8 language sql {} as $$ select {} $$").format(
                    sql.Identifier(service, name), kind, body
                )
            )
    return ahead


def _cursors(connection: Connection, service: str) -> list[tuple[str, str]]:
    rows = connection.execute(sql.SQL("select feed, position from {} order by feed").format(sql.Identifier(service, "inbox_cursor")))
    return [(str(feed), str(position)) for feed, position in rows.fetchall()]


def _carry_cursor(connection: Connection, service: str, feed: str, position: str, epoch: str) -> bool:
    """Write a cursor in the new epoch: unchanged when the feed holds the event there, otherwise at the start. Whether it is unchanged."""
    xid, row_id = position.split(".")[-2:]
    place = {"xid": xid, "id": int(row_id)}
    known = connection.execute(
        sql.SQL("select exists (select 1 from {} where xid = %(xid)s::xid8 and id = %(id)s)").format(sql.Identifier(feed, "outbox")), place
    ).fetchone() == (True,)
    begun = (xid, row_id) == ("0", "0")
    now = f"{epoch}.{xid}.{row_id}" if known and not begun else "0.0"
    connection.execute(
        sql.SQL("update {} set position = %s, moved_at = %s where feed = %s").format(sql.Identifier(service, "inbox_cursor")),
        (now, datetime.now(UTC), feed),
    )
    return known or begun


def _last_seal(connection: Connection, service: str) -> dict[str, object]:
    """The last seal of the trail's chain, to be compared with one noted elsewhere."""
    row = connection.execute(
        sql.SQL("select number, encode(hash, 'hex') from {} order by number desc limit 1").format(sql.Identifier(service, "audit_seal"))
    ).fetchone()
    return {"last_seal": row[0], "last_seal_hash": row[1]} if row else {}


def _note(connection: psycopg.Connection[tuple[object, ...]], service: str, details: dict[str, object]) -> None:
    connection.execute(
        sql.SQL(
            "insert into {} (at, actor, roles, action, purpose, reason, object_type, object_ids, request_id, details)"
            " values (%s, 'deploy/restored', '', 'house.restored', '', '', 'house', '[]', '', %s)"
        ).format(sql.Identifier(service, "audit")),
        (datetime.now(UTC), Jsonb(details)),
    )
